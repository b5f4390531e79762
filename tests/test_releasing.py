"""What publishes the package and checks changes: settings that can be read, and that agree with each other."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from configparser import ConfigParser
from types import SimpleNamespace

import pytest

from homotopy_lcn.cli.program import main
from homotopy_lcn.version import __version__
from tests import ROOT

yaml = pytest.importorskip("yaml")

SETTINGS = ConfigParser()
SETTINGS.read(ROOT / "setup.cfg")
PYTHONS = re.findall(r"Python :: (3\.\d+)", SETTINGS["metadata"]["classifiers"])
FILES = sorted(
    path
    for pattern in ("*.yml", "*.yaml", ".github/**/*.yml", "conda-forge/*.yaml")
    for path in ROOT.glob(pattern)
    if path.name != "mkdocs.yml"
)


def pyproject():
    if sys.version_info < (3, 11):
        pytest.skip("tomllib came with Python 3.11")
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def load(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def uploaded(path):
    """The lines of a list in `setup.cfg`, with one kind of space."""
    return {re.sub(r"\s*(>=)\s*", r" \1", line) for line in path.splitlines() if line}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_of_settings_is_yaml_without_keys_given_twice(path):
    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader, node):
        keys = [loader.construct_object(key) for key, _ in node.value]
        assert len(keys) == len(set(keys)), keys
        return dict(zip(keys, (loader.construct_object(value, deep=True) for _, value in node.value), strict=True))

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    assert yaml.load(path.read_text(encoding="utf-8"), Strict)


def test_there_are_such_files():
    names = {str(path.relative_to(ROOT)) for path in FILES}
    assert names >= {".pre-commit-config.yaml", ".github/workflows/release.yml", "conda-forge/recipe.yaml"}


def test_wheels_are_built_for_every_python_and_machine():
    settings = pyproject()["tool"]["cibuildwheel"]
    assert settings["build"].split() == [f"cp{version.replace('.', '')}-*" for version in PYTHONS]
    assert PYTHONS == ["3.10", "3.11", "3.12", "3.13", "3.14"]
    matrix = load(".github/workflows/release.yml")["jobs"]["wheels"]["strategy"]["matrix"]["include"]
    assert {line["platform"] for line in matrix} == {
        f"{system} {machine}"
        for system, machine in (
            ("Linux", "x86-64"), ("Linux", "arm64"), ("macOS", "x86-64"), ("macOS", "arm64"), ("Windows", "x86-64"),
        )
    }  # fmt: skip
    assert len({line["runner"] for line in matrix}) == len(matrix)


@pytest.mark.parametrize("system", [None, "windows"])
def test_the_commands_that_test_a_wheel_do(system, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HOMOTOPY_LCN_CACHE", str(tmp_path))
    settings = pyproject()["tool"]["cibuildwheel"]
    for command in (settings if system is None else settings[system])["test-command"]:
        program, *arguments = shlex.split(command)
        if program == "python":
            assert arguments[0] == "-c"
            compile(arguments[1], "test", "exec")
        else:
            assert program == "homotopy-lcn"
            assert main(arguments) == 0, capsys.readouterr().err


def test_the_workflow_uploads_nothing_that_was_not_checked_and_only_for_tags():
    jobs = load(".github/workflows/release.yml")["jobs"]
    assert set(jobs["publish"]["needs"]) == {"sdist", "wheels"}
    assert jobs["publish"]["if"] == "startsWith(github.ref, 'refs/tags/v')"
    for name in jobs["publish"]["needs"]:
        assert any("twine check --strict" in step.get("run", "") for step in jobs[name]["steps"])


def test_the_recipe_for_conda_forge_is_that_of_this_version():
    recipe = load("conda-forge/recipe.yaml")
    assert recipe["context"]["version"] == __version__
    assert re.fullmatch("[0-9a-f]{64}", recipe["context"]["sha256"])
    assert set(recipe["requirements"]["run"]) == {"python"} | uploaded(SETTINGS["options"]["install_requires"])
    assert f"setuptools >={'64'}" in recipe["requirements"]["host"]
    entries = SETTINGS["options.entry_points"]["console_scripts"].strip().splitlines()
    assert recipe["build"]["python"]["entry_points"] == entries
    assert recipe["about"]["summary"] == SETTINGS["metadata"]["description"]


def test_the_versions_of_all_files_are_one():
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_addresses_are_those_of_one_repository():
    address = SETTINGS["metadata"]["url"]
    urls = dict(line.split(" = ") for line in SETTINGS["metadata"]["project_urls"].strip().splitlines())
    assert set(urls) == {"Documentation", "Source", "Issues", "Changelog"}
    for name in ("Source", "Issues", "Changelog"):
        assert urls[name].startswith(address)
    recipe = load("conda-forge/recipe.yaml")["about"]
    assert (recipe["homepage"], recipe["documentation"]) == (address, urls["Documentation"])
    assert f"site_url: {urls['Documentation']}\n" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


def test_nox_runs_the_tests_on_every_python(monkeypatch):
    sessions = {}

    def session(function=None, python=None):
        if function is None:
            return lambda function: session(function, python)
        sessions[function.__name__] = (function, python)
        return function

    monkeypatch.setitem(sys.modules, "nox", SimpleNamespace(session=session, options=SimpleNamespace(), Session=object))
    spec = importlib.util.spec_from_file_location("noxfile", ROOT / "noxfile.py")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert sessions["tests"][1] == PYTHONS
    ran = []
    recorder = SimpleNamespace(
        posargs=["tests/cli"], install=lambda *_: None, run=lambda *command, **_: ran.append(command)
    )
    for function, _ in sessions.values():
        function(recorder)
        assert function.__doc__
    assert ("python", "-m", "pytest", "tests/cli") in ran
    assert ("mypy", "homotopy_lcn") in ran


def test_hooks_before_a_commit_run_what_is_there():
    (repository,) = load(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    assert {hook["id"] for hook in repository["hooks"]} == {"ruff-check", "ruff-format", "glossary"}
    for hook in repository["hooks"]:
        program, *arguments = hook["entry"].split()
        assert program in ("ruff", "python")
        if program == "python":
            assert (ROOT / f"{arguments[1].replace('.', '/')}.py").is_file()


def test_forms_for_issues_have_what_github_wants():
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.name == "config.yml":
            continue
        assert {"name", "description", "body"} <= set(form)
        for field in form["body"]:
            assert field["type"] in ("textarea", "checkboxes", "input", "dropdown", "markdown")
            assert field["attributes"].get("label") or field["type"] == "markdown"
        names = [field["id"] for field in form["body"]]
        assert len(names) == len(set(names))
