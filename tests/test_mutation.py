"""The command that mutates the library: it kills what a test sees, and says what none does."""

import ast
import subprocess
import sys
from pathlib import Path

import profiles
import pytest

ROOT = Path(__file__).parents[1]
HERE = ROOT / "tests" / "mutation"
RUN = """
import sys
from argparse import Namespace
from pathlib import Path
from command import report, run
from targets import Target

target = Target(("sums.py",), (("test_sums.py",),))
folder = Path(sys.argv[1])
sys.exit(report(run(target, folder, folder / "build", Namespace(sample=0, seed=0, workers=1))))
"""
SOURCE = "def added(a: int | None, b):\n    return a + b\n"
SEES = "import sums\n\n\ndef test_added():\n    assert sums.added(2, 3) == 5\n"
SEES_NOTHING = "import sums\n\n\ndef test_added():\n    sums.added(2, 3)\n"


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))


def mutated(folder):
    """Exit status and output of the command on a module of one line."""
    command = [sys.executable, "-c", RUN, str(folder)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def test_a_mutant_is_killed_by_a_test_and_survives_without_one(tmp_path):
    """a - b, a * b, a / b, a // b, a % b and a ** b in place of a + b; the annotation is left alone."""
    pytest.importorskip("cosmic_ray")
    (tmp_path / "sums.py").write_text(SOURCE)
    (tmp_path / "test_sums.py").write_text(SEES_NOTHING)
    status, output = mutated(tmp_path)
    assert status == 1 and "killed 0 of 6, 0 by running out of time: 0.0 %" in output
    assert (
        "sums.py:2 added ReplaceBinaryOperator_Add_Sub\n    - return a + b\n    + return a - b\n    SURVIVED" in output
    )
    (tmp_path / "test_sums.py").write_text(SEES)
    status, output = mutated(tmp_path)  # the same session, whose survivors are tried again
    assert status == 0 and "6/6 killed" in output and "100.0 % (95 % interval 61.0 to 100.0)" in output
    status, output = mutated(tmp_path)
    assert status == 0 and "1/" not in output and "killed 6 of 6" in output  # nothing is left to try
    assert (tmp_path / "sums.py").read_text() == SOURCE


def test_a_decorator_that_nobody_needs_survives(tmp_path):
    pytest.importorskip("cosmic_ray")
    (tmp_path / "sums.py").write_text("import functools\n\n\n@functools.cache\ndef one():\n    return True\n")
    (tmp_path / "test_sums.py").write_text("import sums\n\n\ndef test_one():\n    assert sums.one()\n")
    status, output = mutated(tmp_path)
    assert status == 1 and "killed 1 of 2" in output and "- @functools.cache\n    + def one():\n    SURVIVED" in output


def test_tests_that_fail_without_a_mutant_prove_nothing(tmp_path):
    pytest.importorskip("cosmic_ray")
    (tmp_path / "sums.py").write_text(SOURCE)
    (tmp_path / "test_sums.py").write_text(SEES.replace("5", "6"))
    status, output = mutated(tmp_path)
    assert status == 1 and "the tests fail without any mutant" in output and "assert 5 == 6" in output


def test_the_targets_and_their_tests_exist():
    from targets import TARGETS
    from trial import EXAMPLES

    for target in TARGETS.values():
        assert target.modules(ROOT) and all((ROOT / path).is_file() for path in target.modules(ROOT))
        files = [word.partition("::")[0] for stage in target.stages for word in stage if word.startswith("tests/")]
        assert files and all((ROOT / file).exists() for file in files)
        assert {stage[-1] for stage in target.stages} <= {*EXAMPLES}
    assert EXAMPLES["many"] >= profiles.EXAMPLES["complete"]  # so tests that are marked slow run as well


def test_what_is_explained_is_in_the_sources():
    """An explanation of a line that has changed since explains nothing."""
    from explained import EXPLAINED

    for (file, function, before, after), reason in EXPLAINED.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        bodies = [
            [line.strip() for line in ast.get_source_segment(text, node).splitlines()]
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef) and node.name == function
        ]
        bodies += [] if function else [text.splitlines()]  # a constant of the module
        assert any(before in body for body in bodies), f"{file}: {function} has no line {before!r}"
        assert before != after and reason


def test_what_decides_nothing_is_not_mutated():
    from changes import makes_sense, silent_places

    source = (
        "def f(a: int | None = 1) -> int | str:\n    raise ValueError(\n        f'{a + 1}'\n    ) if a > 2 else a\n"
        "    zip(a, strict=True), zip(a, strict=False)\n"
    )
    silent = silent_places(source)
    lines = source.splitlines()
    places = {
        text: (row, lines[row - 1].index(text))
        for row, text in [(1, "| N"), (1, "| s"), (3, "+"), (4, ">"), (5, "True"), (5, "False")]
    }
    assert [text for text, place in places.items() if not silent(place)] == [">", "False"]
    assert not silent((1, lines[0].index("1")))  # a default decides
    assert makes_sense("core/ReplaceBinaryOperator_Add_Sub") and makes_sense("core/ReplaceBinaryOperator_BitAnd_BitOr")
    assert not makes_sense("core/ReplaceBinaryOperator_Mul_LShift")
    assert not makes_sense("core/ReplaceComparisonOperator_Eq_Is") and makes_sense("core/AddNot")


def test_the_interval_is_wilsons():
    """Newcombe 1998, Table I: 81 of 263 and 0 of 20, by the score method without continuity correction."""
    from command import score

    assert score(81, 263) == "30.8 % (95 % interval 25.5 to 36.6)"
    assert score(0, 20) == "0.0 % (95 % interval 0.0 to 16.1)"
