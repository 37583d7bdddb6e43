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

from scratchnoise import estimate, models, robust_losses
from scratchnoise.course import EXERCISES
from scratchnoise.course.path import TAUGHT_BY
from scratchnoise.course.workspace import STUBS
from scratchnoise.notebooks import LIBRARIES, build

FOLDER = Path(__file__).parent.parent / "tutorials"
TUTORIALS = sorted(FOLDER.glob("[0-9]*.py"))
NAMES = [path.stem for path in TUTORIALS]
DOCS = all(map(find_spec, LIBRARIES))
QUICKEST = FOLDER / "09_errata.py"


def needs_docs(test):
    """A test of all pages: to build them takes minutes."""
    return pytest.mark.slow(pytest.mark.skipif(not DOCS, reason='the extra "docs" is not installed')(test))


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
    """The folder of all pages, made as a reader makes it: at the sizes that the texts speak of."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SCRATCHNOISE_FAST", raising=False)
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
@pytest.mark.parametrize("name", [*NAMES, "index", "equations"])
def test_its_page_needs_nothing_but_itself(site, name):
    page = (site / f"{name}.html").read_text(encoding="utf-8")
    found = Resources(page)
    own = [value for value in found.loaded if not value.startswith("data:")]
    assert all(value.startswith("steps/") and (site / value).is_file() for value in own)
    assert "<script" not in page and "@import" not in page and "url(" not in page
    for link in found.linked:
        assert link.startswith("#") or (site / link.partition("#")[0]).is_file(), link


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


# --- what a page asks, and when ----------------------------------------------------------------------------

# A line that is an answer, or most of one. Exercises that are not here are answered nowhere, or by the library.
ANSWERS = {
    "01": "np.exp(z - z.max(axis=1, keepdims=True))",
    "02": "return softmax(z) - np.eye(z.shape[1])[y]",
    "03": "def sgd(",
    "08": "r = gamma[:, k] * p / (gamma[:, k] @ p)",
    "10": "q_exact.argmax(axis=0)",
    "11": "def conv(",
    "12": "def pool(",
}


def cells_of(path):
    """(whether it is Markdown, text) of each cell of a tutorial."""
    cells = re.split(r"(?m)^# %%", path.read_text(encoding="utf-8"))[1:]
    return [(cell.startswith(" [markdown]"), cell) for cell in cells]


def test_exercises_come_in_the_order_of_the_tutorials():
    assert list(TAUGHT_BY) == sorted(EXERCISES)
    assert list(TAUGHT_BY.values()) == sorted(TAUGHT_BY.values())


@pytest.mark.parametrize("number", TAUGHT_BY)
def test_its_tutorial_asks_an_exercise_once_with_the_command_that_starts_it(number):
    text = (FOLDER / f"{TAUGHT_BY[number]}.py").read_text(encoding="utf-8")
    assert text.count(f"**Exercise {number}**") == 1
    assert f"`scratchnoise start {number}`" in re.sub(r"\n# (> )?", " ", text)
    others = [path.name for path in TUTORIALS if path.stem != TAUGHT_BY[number]]
    assert not [name for name in others if f"**Exercise {number}**" in (FOLDER / name).read_text(encoding="utf-8")]


@pytest.mark.parametrize("number", ANSWERS)
def test_no_answer_stands_before_its_question(number):
    asked = FOLDER / f"{TAUGHT_BY[number]}.py"
    text = asked.read_text(encoding="utf-8")
    assert 0 < text.index(f"**Exercise {number}**") < text.index(ANSWERS[number])
    for earlier in (path for path in TUTORIALS if path.stem < asked.stem):
        assert ANSWERS[number] not in earlier.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", TUTORIALS[:7], ids=lambda path: path.stem)
def test_a_prediction_is_asked_before_each_table(path):
    """A table is what has a line of headings; the question belongs to the cell's own text, or to one after the last."""
    asked, tables = False, 0
    for is_text, cell in cells_of(path):
        if is_text:
            asked = asked or "> **Predict.**" in cell
        elif re.search(r"(?m)^print\((HEAD|f\"\{'')", cell):
            assert asked, cell
            asked, tables = False, tables + 1
    assert tables or "**Predict.**" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", ["02", "03", "04", "05", "06", "07"])
def test_a_derivation_has_an_example_by_hand(number):
    (path,) = FOLDER.glob(f"{number}_*.py")
    assert re.search(r"[Bb]y hand[,:]|done by hand|By hand again|By hand once more", path.read_text(encoding="utf-8"))


# --- every method has a place ------------------------------------------------------------------------------

TOOLS = {"NAMED", "UntrustworthyTransitionWarning", "check_estimator", "clone", "estimate_from_posteriors", "load"}
TOOLS |= {"noisy_scorer", "out_of_fold_posteriors", "save", "stratified_folds", "trusted_transition"}
OF_MODULES = {*models.__all__, *robust_losses.__all__, *(n for n in estimate.__all__ if callable(getattr(estimate, n)))}
OTHERS = {"part_dependent", "margin_diminishing", "find_label_errors", "load_cifar10_human", "l1", "mixup", "averaging"}
METHODS = sorted(OF_MODULES - TOOLS | OTHERS)


def placed(name):
    """The tutorials that have the name."""
    return [path.name for path in TUTORIALS if re.search(rf"\b{name}\b", path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_a_place(name):
    assert placed(name), f"no tutorial has {name}: give it a place, or call it a tool here"


def test_a_method_without_a_place_would_be_found():
    assert placed("SmoothBoosting") == []
