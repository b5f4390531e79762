"""The packages stand in one order, and a module imports only from packages before its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import homotopy_lcn

ROOT = Path(homotopy_lcn.__file__).parent
NAME = "homotopy_lcn"
#: Packages and single modules from the ground up. Those in one line do not import each other, save on the ground.
ORDER = (
    ("errors", "arrays", "version", "doors", "extras", "files", "_data"),
    ("networks",),
    ("progress",),
    ("geometry", "losses"),
    ("equations",),
    ("tracking", "results"),
    ("classification",),
    ("certification",),
    ("solving",),
    ("interchange", "surveys"),
    ("training", "tables"),
    ("display",),
    ("pictures",),
    ("cli",),
    ("__init__", "__main__"),
)
LEVEL = {package: level for level, packages in enumerate(ORDER) for package in packages}
#: Modules that still lie on the top level, by the package that they go to.
ROOMS = {
    "certification": (
        "_flint approximations balls certificate_file certification claims disc_proofs discs packing proofs statements"
    ),
    "classification": ("batch_classification classification special_points"),
    "cli": (
        "cli cli_certify cli_common cli_count cli_data cli_descend cli_doctor "
        "cli_export cli_geometry cli_paper cli_plot cli_report cli_solve cli_survey cli_tables"
    ),
    "display": ("basins_display display geometry_display html_representation survey_display wording"),
    "equations": ("distinct equations polynomial_systems"),
    "geometry": (
        "criticality factorizations fibres filter_entries function_space hyperroots real_structure "
        "root_classes root_patterns slices vanishing_forms"
    ),
    "interchange": ("diagnosis export_formats exports pytorch witness"),
    "losses": ("data_models exact_data inputs loss zero_residual"),
    "networks": ("architecture architecture_lists counts distributions forms parameters pattern_text strata"),
    "pictures": ("figures plots report_page report_pictures survey_plots"),
    "results": ("point_lists result_points results results_file"),
    "solving": ("families low_rank monodromy paths solve start_systems"),
    "surveys": ("distributed draw_counts draws runs surveys tallies"),
    "tables": ("atlas_table comparison fully_connected paper_tables tabulation text_tables"),
    "tracking": ("endgame many_digits phcpack precise_paths refinement"),
    "training": ("basins landscape training training_methods"),
}
PACKAGE = {module: package for package, modules in ROOMS.items() for module in modules.split()}

#: The compiled kernel is known by its stub.
MODULES = {
    path.relative_to(ROOT).with_suffix("").parts: path for path in sorted([*ROOT.rglob("*.py"), *ROOT.rglob("*.pyi")])
}


def package_of(parts: tuple[str, ...]) -> str:
    return PACKAGE.get(parts[0], parts[0]) if len(parts) == 1 else parts[0]


def module_named(dotted: tuple[str, ...]) -> tuple[str, ...] | None:
    """The module of the package with these parts, if there is one."""
    return next((parts for parts in (dotted, (*dotted, "__init__")) if parts in MODULES), None)


def imports(parts: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line and module of every import of the package's own modules, inside functions and for type checking, too."""
    for node in ast.walk(ast.parse(MODULES[parts].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            dotted = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = (NAME, *parts[: len(parts) - node.level]) if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            dotted = [(*base, alias.name) for alias in node.names]
        else:
            continue
        for name in dotted:
            if name[0] == NAME:
                found = module_named(name[1:]) or module_named(name[1:-1])
                assert found is not None, f"{'/'.join(parts)}.py, line {node.lineno}: {'.'.join(name)} is not there"
                yield node.lineno, found


@pytest.mark.parametrize("parts", MODULES, ids="/".join)
def test_a_module_imports_only_from_packages_before_its_own(parts):
    own = package_of(parts)
    for line, other in imports(parts):
        package = package_of(other)
        below = LEVEL[package] < LEVEL[own] or (LEVEL[package] == LEVEL[own] == 0)
        assert package == own or below, f"{'/'.join(parts)}.py, line {line}: imports {'/'.join(other)} of {package}"


def test_no_modules_import_each_other_in_a_circle():
    state: dict[tuple[str, ...], bool] = {}

    def visit(parts: tuple[str, ...], way: list[str]) -> None:
        assert state.get(parts) is not False, f"circle: {' → '.join([*way, '/'.join(parts)])}"
        if parts not in state:
            state[parts] = False
            for _, other in imports(parts):
                if other != parts:
                    visit(other, [*way, "/".join(parts)])
            state[parts] = True

    for parts in MODULES:
        visit(parts, [])


def test_every_package_has_its_place():
    assert {package_of(parts) for parts in MODULES} == set(LEVEL) & {package_of(parts) for parts in MODULES}
