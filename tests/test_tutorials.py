"""Every tutorial runs, asserts its own claim, and becomes a page that shows everything without the network.

Where the extra `docs` is installed the notebooks' build runs all of them, once; elsewhere each runs as a script.
"""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

from scratchnoise.course.workspace import STUBS
from scratchnoise.notebooks import LIBRARIES, build

FOLDER = Path(__file__).parent.parent / "tutorials"
TUTORIALS = sorted(FOLDER.glob("[0-9]*.py"))
NAMES = [path.stem for path in TUTORIALS]
DOCS = all(map(find_spec, LIBRARIES))
QUICKEST = FOLDER / "09_errata.py"
needs_docs = pytest.mark.skipif(not DOCS, reason='the extra "docs" is not installed')


class Resources(HTMLParser):
    """What a page loads (`loaded`) and what it links to (`linked`)."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.linked = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster") or (name == "href" and tag not in ("a", "area")):
                self.loaded.append(value)
            elif name == "href":
                self.linked.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of all pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCRATCHNOISE_FAST", "1")
        return build(tmp_path_factory.mktemp("site"), FOLDER, jobs=2).parent


@pytest.mark.parametrize("path", [QUICKEST] if DOCS else TUTORIALS, ids=lambda path: path.stem)
def test_it_runs_as_a_script(path):
    environment = os.environ | {"MPLBACKEND": "agg", "SCRATCHNOISE_FAST": "1"}
    run = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_it_asserts_its_claim(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# %% [markdown]\n# # ")
    assert "assert " in text.split("# %%")[-1]


@needs_docs
@pytest.mark.parametrize("name", NAMES)
def test_its_notebook_was_run_to_the_end(site, name):
    cells = json.loads((site / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    codes = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in codes] == list(range(1, len(codes) + 1))


@needs_docs
@pytest.mark.parametrize("name", NAMES)
def test_its_page_warns_of_nothing(site, name):
    assert '<pre class="stderr">' not in (site / f"{name}.html").read_text(encoding="utf-8")


@needs_docs
@pytest.mark.parametrize("name", [*NAMES, "index"])
def test_its_page_needs_nothing_but_itself(site, name):
    page = (site / f"{name}.html").read_text(encoding="utf-8")
    found = Resources(page)
    own = [value for value in found.loaded if not value.startswith("data:")]
    assert all(value.startswith("steps/") and (site / value).is_file() for value in own)
    assert "<script" not in page and "@import" not in page and "url(" not in page
    for link in found.linked:
        assert link.startswith("#") or (site / link).is_file(), link


@needs_docs
@pytest.mark.parametrize("name", NAMES)
def test_its_formulas_are_set(site, name):
    page = (site / f"{name}.html").read_text(encoding="utf-8")
    text = re.sub(r"<(style|pre|code)\b.*?</\1>", "", page, flags=re.S)
    assert "$" not in text
    formulas = re.findall(r"(?m)^# [^`\n]*\$", (FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    assert bool(formulas) == ("<math" in page)


@needs_docs
def test_every_exercise_is_a_notebook(site):
    exercises = {path.stem for path in STUBS.glob("[0-9][0-9]_*.py")}
    assert {path.stem for path in site.glob("exercises/*.ipynb")} == exercises
