"""The checks of `.ci/run`, one by one: ``pip install nox && nox``, and ``nox --list`` for the list.

`.ci/run` is what decides. It runs the same checks, and some that need programs of the system.
"""

from __future__ import annotations

import nox

#: The versions of the classifiers in `setup.cfg`.
PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]

nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False


@nox.session
def lint(session: nox.Session) -> None:
    """Style and formatting."""
    session.install("ruff>=0.9")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types, strictly."""
    session.install("-e", ".[dev]")
    session.run("mypy", "homotopy_lcn")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Tests and doctests; what follows ``--`` goes to pytest, as in ``nox -s tests-3.13 -- tests/cli``."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The site, warnings as errors: into ``build/site``, or where ``--`` says."""
    session.install("-e", ".[docs]")
    session.run("mkdocs", "build", "--strict", *session.posargs, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def dist(session: nox.Session) -> None:
    """The source distribution and a wheel, as PyPI would take them: into ``dist``, or where ``--`` says."""
    session.install("build", "twine")
    folder = session.posargs[0] if session.posargs else "dist"
    session.run("python", "-m", "build", "--outdir", folder)
    session.run("python", "-m", "twine", "check", "--strict", f"{folder}/*")
