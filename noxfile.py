#!/usr/bin/env -S uv run
# /// script
# dependencies = ["nox>=2025.2.9"]
# ///
"""The checks by name, each in an environment of its own: `nox --list`. CI runs all of them: .ci/run."""

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"


@nox.session
def lint(session):
    """The linter and the formatter."""
    session.install("ruff")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session):
    """The type checker."""
    session.install("-e", ".[test,docs]")
    session.run("mypy")


@nox.session
def tests(session):
    """The quick suite, or what is named: nox -s tests -- tests/test_losses.py, or -- --hypothesis-profile complete"""
    session.install("-e", ".[test,docs]")
    session.run("pytest", *(session.posargs or ("-n", "auto", "--dist", "loadfile")))


@nox.session
def site(session):
    """The site, in the folder site."""
    session.install("-e", ".[docs]")
    session.run("scratchnoise", "notebooks", "--out", "site", "--jobs", "2")


@nox.session
def versions(session):
    """The quick suite with the lowest versions that pyproject.toml allows, and without numba."""
    session.run(".ci/oldest", external=True)
    session.run(".ci/without-numba", external=True)


@nox.session
def packages(session):
    """The wheel and the light installation, outside the clone."""
    session.run(".ci/wheel", external=True)
    session.run(".ci/light", external=True)


if __name__ == "__main__":
    nox.main()
