"""Programs in place of others, for tests of what is done with strange answers."""

from __future__ import annotations

import os

SAID = """#variables                       {unknowns}
#equations                       {equations}
#invalid equations               {invalid}
field characteristic             {prime}
"""


def fake_msolve(folder, monkeypatch, commands="", answer=None, **said):
    """A program msolve, the only one on the path, that runs shell commands, announces numbers, and writes an answer.

    It does not tell its version.
    """
    numbers = {"unknowns": 4, "equations": 4, "invalid": 0, "prime": 0} | said
    write = "" if answer is None else f"/bin/cat >answer <<'END'\n{answer}\nEND\n"
    program = folder / "msolve"
    program.write_text(
        f"#!/bin/sh\n[ $1 = -V ] && exit\n{commands}\n/bin/cat >&2 <<'END'\n{SAID.format(**numbers)}END\n{write}"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.fspath(folder))
