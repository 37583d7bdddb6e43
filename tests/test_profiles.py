"""The quick suite leaves out what is slow, the complete one does not, and a long test that is not marked is named."""

import os
import subprocess
import sys
from pathlib import Path

import profiles
import pytest

HERE = Path(__file__).parent
TESTS = """
import time

import hypothesis
import profiles
import pytest

@pytest.mark.slow
def test_marked():
    pass

@pytest.mark.parametrize("k", profiles.thinned(range(8)))
def test_thinned(k):
    pass

def test_long():
    end = time.process_time() + 0.5
    while time.process_time() < end:
        pass

def test_examples():
    print(hypothesis.settings().max_examples, "examples")
"""
BAR = "import conftest\nconftest.SLOW = 0.3\n"


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A function that gives what pytest prints of TESTS with these arguments."""
    folder = tmp_path_factory.mktemp("tests")
    (folder / "test_some.py").write_text(TESTS)
    (folder / "bar.py").write_text(BAR)
    path = os.pathsep.join([str(HERE), str(HERE.parent), str(folder)])

    def run(*arguments):
        command = [sys.executable, "-m", "pytest", "-q", "-rP", "-p", "conftest", "-p", "bar", "-p", "no:cacheprovider"]
        command += ["--rootdir", str(folder), *arguments]
        return subprocess.run(
            command, cwd=folder, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
        ).stdout

    return run


def test_the_quick_suite_leaves_out_what_is_slow_and_names_what_should_be(shown):
    text = shown()
    assert "4 passed, 7 deselected" in text and "10 examples" in text
    _, named = text.split("more than 0.3 s of the processor, and not marked slow")
    assert "test_some.py::test_long" in named and "::test_thinned" not in named


def test_the_complete_suite_runs_all(shown):
    text = shown("--hypothesis-profile", "complete")
    assert "11 passed" in text and "40 examples" in text and "deselected" not in text


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        (["test_some.py::test_marked"], "1 test collected"),
        (["-k", "marked"], "1/11 tests collected (10 deselected)"),
        (["-m", "slow"], "7/11 tests collected (4 deselected)"),
    ],
)
def test_whoever_names_a_test_gets_it(shown, arguments, outcome):
    assert outcome in shown("--collect-only", *arguments)


def test_ci_runs_every_test_command_of_the_readme():
    """The first one installs as well; the other one is complete, or tests would run nowhere."""
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    commands = [line for line in readme.splitlines() if "pytest -n auto" in line]
    assert len(commands) == 2 and commands[1].endswith("--hypothesis-profile complete")
    assert commands[0].partition("&& ")[2] + " --hypothesis-profile complete" == commands[1]
    assert "complete" in profiles.EXAMPLES
    script = (HERE.parent / ".ci" / "run").read_text(encoding="utf-8")
    assert 'eval "${tests#*&&}"' in script and 'eval "$complete"' in script
