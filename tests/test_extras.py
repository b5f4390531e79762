"""What the package says about how to install optional packages, and what `setup.cfg` says."""

from __future__ import annotations

import re
import shlex
from configparser import ConfigParser

import pytest

from homotopy_lcn.extras import PACKAGES, install_command
from tests import ROOT

#: Extras for those who work on the package itself, with its sources at hand: ``pip install '.[docs]'``.
FROM_SOURCES = {"browser", "dev", "docs", "notebooks", "test"}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "homotopy_lcn").rglob("*.py"))]


def test_the_packages_are_those_of_the_extras():
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    extras = {
        name: {re.split(r"\s*[<>=]", line)[0] for line in lines.splitlines() if line}
        for name, lines in settings["options.extras_require"].items()
        if name not in FROM_SOURCES
    }
    assert {name: set(packages) for name, packages in PACKAGES.items()} == extras


@pytest.mark.parametrize("extra", PACKAGES)
def test_a_shell_passes_the_names_on_as_they_are(extra):
    command = install_command(extra)
    assert shlex.split(command) == ["pip", "install", *PACKAGES[extra]]
    bare = re.sub(r"'[^']*'", "", command)
    assert not set("[]*?;<>$") & set(bare)  # zsh takes brackets outside quotes for patterns


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_and_no_message_advises_another_installation(page):
    text = page.read_text(encoding="utf-8")
    if page.name == "releasing.md":
        return  # about the time when the name is taken
    assert "homotopy-lcn[" not in text
    commands = {install_command(extra) for extra in PACKAGES}
    for advice in re.findall(r"`(pip install [^`\n]*)`", text):
        from_sources = re.match(r"pip install (-e )?(\.|'\.\[[\w,]+\]'|\"\.\[[\w,]+\]\")(?= |$)", advice)
        assert from_sources or advice in commands, advice
