"""CITATION.cff and CHANGELOG.md speak of the version that the package has."""

import re
from pathlib import Path

import scratchnoise

ROOT = Path(__file__).parents[1]


def test_the_citation_has_the_version():
    assert f"\nversion: {scratchnoise.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_the_version_is_in_the_list_of_changes():
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert headings[0] in ("Unreleased", scratchnoise.__version__) and scratchnoise.__version__ in headings
