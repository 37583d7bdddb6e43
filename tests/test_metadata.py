"""What pyproject.toml says twice is said alike."""

from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib")

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_groups_are_the_extras():
    """An old pip knows extras alone; tools that read groups should install the same."""
    groups, extras = PROJECT["dependency-groups"], PROJECT["project"]["optional-dependencies"]
    assert {name: groups[name] for name in ("test", "docs")} == {name: extras[name] for name in ("test", "docs")}
    assert [entry["include-group"] for entry in groups["dev"]] == ["test", "docs"]


def test_the_package_says_that_it_is_typed():
    assert "py.typed" in PROJECT["tool"]["setuptools"]["package-data"]["scratchnoise"]
    assert "Typing :: Typed" in PROJECT["project"]["classifiers"]
