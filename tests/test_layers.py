"""The packages stand in one order, and a module imports only from packages before its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path

import pytest

import homotopy_lcn
from homotopy_lcn.display.notebook import html
from homotopy_lcn.doors import DOORS, ShownInNotebooks, door
from tests import ROOT as TOP

ROOT = Path(homotopy_lcn.__file__).parent
NAME = "homotopy_lcn"
#: Packages and single modules from the ground up. Those in one line do not import each other, save on the ground.
ORDER = (
    ("errors", "arrays", "version", "doors", "extras", "files", "processes", "rationals", "_data"),
    ("networks",),
    ("progress",),
    ("geometry", "losses"),
    ("equations",),
    ("tracking", "results"),
    ("classification",),
    ("counting",),
    ("certification",),
    ("solving",),
    ("discriminants",),
    ("interchange", "surveys"),
    ("training", "tables"),
    ("display",),
    ("pictures",),
    ("cli",),
    ("__init__", "__main__"),
)
LEVEL = {package: level for level, packages in enumerate(ORDER) for package in packages}
#: The compiled kernel is known by its stub.
MODULES = {
    path.relative_to(ROOT).with_suffix("").parts: path for path in sorted([*ROOT.rglob("*.py"), *ROOT.rglob("*.pyi")])
}


def package_of(parts: tuple[str, ...]) -> str:
    return parts[0]


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


def test_the_order_names_every_package_and_no_other():
    assert {package_of(parts) for parts in MODULES} == set(LEVEL)


def test_every_package_is_installed():
    settings = ConfigParser()
    settings.read(TOP / "setup.cfg")
    packages = {f"{NAME}.{path.parent.name}" for path in ROOT.glob("*/__init__.py")}
    assert set(settings["options"]["packages"].split()) == {NAME, f"{NAME}.data", *packages}


def test_few_files_lie_on_the_top_level_and_none_is_long():
    assert len([parts for parts in MODULES if len(parts) == 1]) <= 12
    assert {path: lines for path in MODULES.values() if (lines := len(path.read_text().splitlines())) > 600} == {}


@pytest.mark.parametrize("parts", [parts for parts in MODULES if parts[-1] == "__init__"], ids="/".join)
def test_every_package_says_in_one_line_what_it_is_for(parts):
    text = ast.get_docstring(ast.parse(MODULES[parts].read_text(encoding="utf-8")))
    assert text is not None
    assert text.splitlines()[0].endswith((".", "?"))


@pytest.mark.parametrize("parts", [parts for parts in MODULES if parts[-1] == "__init__"], ids="/".join)
def test_public_names_are_those_listed_and_no_module_hides_one(parts):
    package = import_module(".".join((NAME, *parts[:-1])))
    names = getattr(package, "__all__", [])
    modules = {other[-1] for other in MODULES if other[:-1] == parts[:-1]}
    assert not modules & set(names)
    assert all(getattr(package, name) is not None for name in names)
    if names:
        assert dir(package) == sorted(names)


def test_every_class_that_notebooks_show_has_its_html():
    for parts in MODULES:
        if parts[-1] != "__main__":
            import_module(".".join((NAME, *parts)).removesuffix(".__init__"))
    classes = set(ShownInNotebooks.__subclasses__())
    classes |= {below for one in classes for below in one.__subclasses__()}
    assert set(html.registry) - {object} == classes


def test_every_door_leads_to_a_function():
    assert all(callable(door(name)) for name in DOORS)


def numbers(parts: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """The constants that a module assigns, computed ones too, whose values are numbers."""
    module = import_module(".".join((NAME, *parts)).removesuffix(".__init__"))
    for node in ast.parse(MODULES[parts].read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            for name in target.elts if isinstance(target, ast.Tuple) else [target]:
                value = getattr(module, name.id) if isinstance(name, ast.Name) and name.id.isupper() else None
                if isinstance(value, int | float) and not isinstance(value, bool):
                    yield name.id, value


def test_no_two_constants_of_one_name_have_different_values():
    values: dict[str, set[float]] = {}
    for parts in MODULES:
        if parts[-1] not in ("__main__", "_native"):
            for name, value in numbers(parts):
                if name != "VERSION":  # of different files
                    values.setdefault(name, set()).add(value)
    assert len(values) > 30
    assert {name: found for name, found in values.items() if len(found) > 1} == {}


#: Functions whose many parameters are the user's options, which are independent of each other.
OPTIONS_OF_USERS = {
    ("results", "result"): "build",
    ("solving", "many"): "critical_points_of_many",
    ("solving", "solve"): "critical_points",
    ("surveys", "surveys"): "survey",
    ("tables", "tabulation"): "tabulate",
    ("training", "descent"): "descend",
}


@pytest.mark.parametrize("parts", MODULES, ids="/".join)
def test_functions_have_few_parameters_or_say_why(parts):
    """Left out are commands, whose parameters are the options of the command line, and the stub of the kernel."""
    if parts[0] == "cli" or parts[-1] == "_native":
        return
    for node in ast.walk(ast.parse(MODULES[parts].read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            names = [argument.arg for argument in arguments if argument.arg not in ("self", "cls")]
            if OPTIONS_OF_USERS.get(parts) == node.name:
                assert re.search("[Tt]here are .* parameters|[Tt]he parameters are", ast.get_docstring(node)), node.name
            else:
                assert len(names) <= 7, f"{node.name}: {names}"
