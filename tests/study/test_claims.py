"""What pages, tutorials and docstrings say is what the committed rows give, and nothing is said without a row."""

import copy
import re
from pathlib import Path

import pytest

from scratchnoise.study import claims, evidence, pages

TEXTS = ["README.md", *(f"tutorials/{path.name}" for path in sorted((claims.ROOT / "tutorials").glob("[0-9]*.py")))]
MODULES = sorted(str(path.relative_to(claims.ROOT)) for path in (claims.ROOT / "scratchnoise").rglob("*.py"))


@pytest.fixture(scope="module")
def made():
    return pages.pages()


@pytest.mark.parametrize("name", ["RESULTS.md", "SPEED.md", "PRACTICE.md", "CLAIMS.md"])
def test_a_page_is_what_the_rows_give(made, name):
    path = evidence.FOLDER / name
    assert path.read_text(encoding="utf-8") == made[path].decode(), "run python -m scratchnoise.study.pages"


def test_the_pictures_are_there(made):
    """Their pixels depend on the version of matplotlib, so they are not compared."""
    for path in made:
        if path.suffix == ".png":
            assert path.read_bytes().startswith(made[path][:8]), f"{path}: run python -m scratchnoise.study.pages"
    texts = [content.decode() for path, content in made.items() if path.suffix == ".md"]
    shown = {name for text in texts for name in re.findall(r"!\[.*?\]\((.*?)\)", text)}
    assert {"methods.png", "depth.png", "width.png", "batch.png", "size.png"} <= shown
    assert [name for name in shown if not (evidence.FOLDER / name).is_file()] == []


def test_texts_say_what_the_rows_give():
    for path, text in claims.rewritten().items():
        assert path.read_text(encoding="utf-8") == text, f"{path}: run python -m scratchnoise.study.pages"


@pytest.mark.parametrize("path", TEXTS)
def test_no_number_is_without_a_row(path):
    assert claims.uncovered(path) == []


def test_no_docstring_has_a_number_without_a_row():
    """Stubs are left out: their numbers are examples, which the tests of the exercises run."""
    found = {path: claims.uncovered(path) for path in MODULES if "/stubs/" not in path}
    assert {path: lines for path, lines in found.items() if lines} == {}


# --- and the checks would notice --------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path):
    """A copy of the texts, to spoil."""
    for path in {claim.path for claim in claims.CLAIMS}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text((claims.ROOT / path).read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def test_a_number_that_was_changed_by_hand_is_put_right(root):
    path = root / claims.T04
    right = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"\d+ of \d+ raw runs", "1 of 2 raw runs", right), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != right
    assert claims.rewritten(root=root)[path] == right


def test_a_number_follows_its_rows(root):
    rows = claims.Rows()
    rows.results = copy.deepcopy(rows.results)
    dead = next(row for row in rows.results if row["method"] == "NN backward (raw)" and row.get("stopped"))
    died = [claims.computed(claim, rows) for claim in claims.CLAIMS if "raw runs ended" in claim.text]
    ((before, runs),) = died
    dead["stopped"] = None
    assert f"{int(before) - 1} of {runs} raw runs" in claims.rewritten(rows, root)[root / claims.T04]


def test_a_verdict_that_the_rows_do_not_bear_is_refused(root):
    rows = claims.Rows()
    rows.results = copy.deepcopy(rows.results)
    dead = next(r for r in rows.results if r["method"] == "NN backward (raw)" and r.get("stopped") and r["epoch"] > 1)
    dead["history"]["corrected_risk"][0] = -1.0
    with pytest.raises(claims.Unsupported, match="the rows do not bear 'no epoch before had a risk below zero'"):
        claims.rewritten(rows, root)


def test_a_claim_that_left_its_text_is_missed(root):
    path = root / claims.T02
    path.write_text("nothing", encoding="utf-8")
    with pytest.raises(claims.Unsupported, match="has no text 'The report scores"):
        claims.rewritten(root=root)


@pytest.mark.parametrize(
    "text", ["an accuracy of 0.943 (0.004)", "8 of 9 runs died", "at 0.82.", "loses 12 %", "3.5 times slower"]
)
def test_a_number_without_a_row_would_be_found(tmp_path, text):
    (tmp_path / "README.md").write_text(f"Ours has {text}, which no row says.", encoding="utf-8")
    assert claims.uncovered("README.md", Path(tmp_path)) != []


@pytest.mark.parametrize("text", ['"""Gains 0.05 on digits."""', "x = 1\n\n\n# it gains 0.05 on digits\ny = 2\n"])
def test_a_number_in_a_module_would_be_found(tmp_path, text):
    (tmp_path / "scratchnoise").mkdir()
    (tmp_path / "scratchnoise" / "module.py").write_text(text, encoding="utf-8")
    assert claims.uncovered("scratchnoise/module.py", tmp_path) != []


def test_sums_by_hand_and_questions_are_no_claims(tmp_path):
    (tmp_path / "tutorials").mkdir()
    path, text = "tutorials/01.py", "# By hand: 0.25 of 3 is\n# 0.75.\n#\n# > Is it 0.91 or\n# > 0.93?\n#\n# {}\n"
    (tmp_path / path).write_text(text.format("It is what it is."), encoding="utf-8")
    assert claims.uncovered(path, tmp_path) == []
    (tmp_path / path).write_text(text.format("It is 0.92."), encoding="utf-8")
    assert claims.uncovered(path, tmp_path) == ["It is 0.92."]


def test_code_and_formulas_are_no_claims(tmp_path):
    (tmp_path / "README.md").write_text("Try `l2=0.003`, $x = 0.25$.\n```\nplain 0.805\n```\n", encoding="utf-8")
    assert claims.uncovered("README.md", tmp_path) == []
