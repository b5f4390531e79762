"""The documentation: every shell block of it runs, as it stands, and the site's own parts are complete."""

from __future__ import annotations

import fnmatch
import re
import shlex
import shutil
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import docs_hooks
import make_gallery
import numpy as np
import pytest
import typer

import homotopy_lcn
from homotopy_lcn.cli.program import application, main
from homotopy_lcn.equations.msolve_program import find_msolve
from tests import ROOT
from tests.test_layers import ORDER

DOCS = sorted((ROOT / "docs").glob("*.md"))


def commands(page):
    """The lines of the shell blocks of a page, continued lines joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.mark.parametrize(
    "page",
    [  # the gallery draws all pictures, half a minute of work
        pytest.param(page, marks=pytest.mark.slow) if page.stem == "gallery" else page
        for page in DOCS
        if commands(page)
    ],
    ids=lambda page: page.stem,
)
def test_the_commands_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("__pycache__"))
    rng = np.random.default_rng(0)  # what a page makes in Python
    np.savez("mine.npz", X=rng.normal(size=(40, 5)), Y=rng.normal(size=(40, 1)))
    Path("mine.txt").write_text("3,2 2,1\n2,2,2 1,2,1\n", encoding="utf-8")
    for line in commands(page):
        program, *arguments = shlex.split(line, comments=True)
        assert program == "homotopy-lcn", line
        if "phcpack" in arguments and shutil.which("phc") is None:
            continue
        if "msolve" in arguments and "--cross-check" in arguments and find_msolve() is None:
            continue
        assert main(arguments) == 0, line + capsys.readouterr().err


def test_no_code_of_the_pages_is_left_out():
    """Indented code is not seen above; what is fenced as text needs machines of one's own."""
    for page in DOCS:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        assert not re.search(r"\n\n {4}\S", text), page.name
        fences = set(re.findall(r"^```(\w+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert fences <= {"python", "sh"} | ({"text"} if page.stem in ("surveys", "how-to") else set()), page.name


def test_the_reference_of_the_command_line_has_every_command():
    text = "\n".join(docs_hooks.command_line_help())
    for name in typer.main.get_command(application()).commands:
        assert f"## `homotopy-lcn {name}`" in text


def test_the_reference_of_the_python_interface_names_the_modules_where_names_are_defined():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for target in re.findall(r"^::: (\S+)$", text, re.MULTILINE):
        module, _, name = target.rpartition(".")
        assert getattr(import_module(module), name).__module__ == module, target


def test_the_reference_of_the_python_interface_has_every_name():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name in homotopy_lcn.__all__:
        assert name == "__version__" or re.search(rf"^::: homotopy_lcn\.[\w.]*\b{name}$", text, re.MULTILINE), name


def cells_of_table(page, heading):
    """The cells of the table below a heading of a page, row by row, without the two lines of the head."""
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def first_line(module):
    return (import_module(module).__doc__ or "").splitlines()[0]


def test_the_page_on_the_layout_has_the_order_of_the_packages_and_their_lines():
    page = (ROOT / "docs" / "layout.md").read_text(encoding="utf-8")
    rows = cells_of_table(page, "The order of the packages")
    assert tuple(tuple(re.findall(r"`(\w+)`", names)) for names, _ in rows) == ORDER
    for names, said in rows[1:-1]:
        assert said == " · ".join(first_line(f"homotopy_lcn.{name}") for name in re.findall(r"`(\w+)`", names))


def test_every_module_on_the_page_on_the_layout_exists():
    page = (ROOT / "docs" / "layout.md").read_text(encoding="utf-8")
    rows = cells_of_table(page, "Where each rule of the theory is")
    assert len(rows) > 20
    for _, module in rows:
        assert re.fullmatch(r"`homotopy_lcn(\.\w+)+`", module), module
    for module in re.findall(r"`(homotopy_lcn(?:\.\w+)+)`", page):
        assert import_module(module).__doc__
    for file in re.findall(r"`(tests/[\w/]+\.py)`", page):
        assert (ROOT / file).is_file()


def test_the_page_on_the_layout_names_every_file_of_the_kernel():
    page = (ROOT / "docs" / "layout.md").read_text(encoding="utf-8")
    rows = cells_of_table(page, "The compiled kernel")
    patterns = [pattern for names, _ in rows for pattern in re.findall(r"`([\w*.]+)`", names)]
    files = {path.name for path in (ROOT / "native").iterdir()}
    named = {name for pattern in patterns for name in fnmatch.filter(files, pattern)}
    # A source is named without the header of the same name.
    assert files == named | {name for name in files if name.replace(".hpp", ".cpp") in named}
    assert all(fnmatch.filter(files, pattern) for pattern in patterns)


def test_every_file_of_the_tests_that_a_page_names_exists():
    for page in [*DOCS, ROOT / "README.md"]:
        for file in re.findall(r"`((?:tests|scripts)/[\w/]+\.py)", page.read_text(encoding="utf-8")):
            assert (ROOT / file).is_file(), f"{page.name}: {file}"


def test_formulas_become_mathml_and_code_stays():
    pytest.importorskip("latex2mathml")
    page = docs_hooks.on_page_markdown("`$a$` and $b$\n```sh\necho $c $d\n```\n$$x^2$$")
    assert "`$a$`" in page
    assert "echo $c $d" in page
    assert page.count("<math") == 2


def test_the_gallery_shows_every_picture_that_a_command_makes():
    page = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"^!\[[^\]]+\]\(([\w./-]+)\)$", page, re.MULTILINE)
    assert all((ROOT / "docs" / name).is_file() for name in shown)
    folder = {f"gallery/{path.name}" for path in (ROOT / "docs" / "gallery").iterdir()}
    assert folder == {name for name in shown if name.startswith("gallery/")}
    assert [name.removeprefix("gallery/") for name in shown if name in folder] == make_gallery.pictures()
    made = {tuple(command[:2]) for command in make_gallery.commands()}
    root = typer.main.get_command(application())
    assert {("plot", name) for name in root.commands["plot"].commands} <= made
    assert {name for name, *_ in made} >= {"solve", "report", "survey", "paper"}
    for name in folder:  # each is written by a command of the page
        file = name.removeprefix("gallery/")
        assert any(
            file in command or ("paper" in command and file == "figure1.png") for command in make_gallery.commands()
        )


def test_formulas_of_notebooks_become_mathml_and_nothing_is_loaded():
    pytest.importorskip("latex2mathml")
    page = SimpleNamespace(file=SimpleNamespace(src_uri="notebooks/a.ipynb"))
    html = (
        "<p>if $a &lt; b$ and</p><pre>$c$ costs $d$</pre>"
        "<script>load('mathjax.js')</script><script>keep($e$)</script><script type=module>import mermaid</script>"
    )
    shown = docs_hooks.on_page_content(html, page=page)
    assert shown.count("<math") == 1
    assert "&#x0003C;" in shown  # the sign within the formula, which was escaped
    assert "<pre>$c$ costs $d$</pre><script>keep($e$)</script>" in shown
    assert "mermaid" not in shown
    assert "mathjax" not in shown
    assert docs_hooks.on_page_content(html, page=SimpleNamespace(file=SimpleNamespace(src_uri="a.md"))) == html


def test_every_notebook_is_a_page():
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for path in (ROOT / "docs" / "notebooks").glob("*.ipynb"):
        assert f"- notebooks/{path.name}\n" in settings


def test_every_page_is_in_the_navigation():
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in DOCS:
        assert re.search(rf"^ +- (\w+: )?{re.escape(page.name)}$", settings, re.MULTILINE), page.name
