"""The worked examples of CONTRIBUTING.md, carried out in a copy of the sources by the text alone.

With all steps the tests of completeness pass; without any one of them a test fails and names its file.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import profiles
import pytest

ROOT = Path(__file__).parents[1]
NIGHTLY = profiles.runs("nightly")
CHECKS = ("tests/test_additions.py", "tests/test_annotations.py")
SECTIONS = re.split(r"^## ", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
STEP = re.compile(
    r"^(?P<number>\d+)\. `(?P<file>[^`]+)`, "
    r"(?:(?P<where>at the end|a new file|below `(?P<anchor>[^`]+)`):\n\n```\w*\n(?P<code>.*?)^```$"
    r"|where (?P<changes>`[^`]+`\s+becomes\s+`[^`]+`(?:, and `[^`]+`\s+becomes\s+`[^`]+`)?))",
    re.MULTILINE | re.DOTALL,
)


def steps_of(section):
    found = list(STEP.finditer(section))
    assert [int(step["number"]) for step in found] == list(range(1, len(found) + 1)), "a step that cannot be read"
    return found


EXAMPLES = {section.partition("\n")[0]: steps_of(section) for section in SECTIONS}


def carry_out(step, folder):
    """Do in `folder` what a step says."""
    path = folder / step["file"]
    if step["where"] == "a new file":
        assert not path.exists()
        path.write_text(step["code"], encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    if step["changes"]:
        for old, new in re.findall(r"`([^`]+)`\s+becomes\s+`([^`]+)`", step["changes"]):
            assert text.count(old) >= 1, f"{step['file']} has no {old!r}"
            text = text.replace(old, new, 1)
    elif step["where"] == "at the end":
        text += step["code"]
    else:
        lines = text.splitlines(keepends=True)
        at = next(i for i, line in enumerate(lines) if line.strip().startswith(step["anchor"].strip()))
        text = "".join([*lines[: at + 1], step["code"], *lines[at + 1 :]])
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def copy(tmp_path):
    """The sources, without what is large or made by running them."""
    left_out = shutil.ignore_patterns("__pycache__", "results", ".*", "*.egg-info")
    for name in ("scratchnoise", "tests", "tutorials"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=left_out)
    for path in [*ROOT.glob("*.md"), ROOT / "pyproject.toml"]:
        shutil.copy(path, tmp_path)
    return tmp_path


def pytest_in(folder, *arguments):
    """The output of pytest there, and whether all passed."""
    environment = os.environ | {"PYTHONPATH": str(folder), "SCRATCHNOISE_BACKEND": "numpy"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *arguments]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return run.stdout + run.stderr, run.returncode == 0


def test_there_are_four_examples():
    assert list(EXAMPLES) == ["A loss", "A kernel", "An exercise", "A known mistake"]
    assert all(EXAMPLES.values())


@pytest.mark.slow
def test_all_examples_together_are_complete(copy):
    for step in [step for steps in EXAMPLES.values() for step in steps]:
        carry_out(step, copy)
    shown, passed = pytest_in(copy, *CHECKS)
    assert passed, shown


# What is said of a forgotten step, where that is not the path of its file.
SAID = {
    "scratchnoise/robust_losses/taylor.py": "No module named 'scratchnoise.robust_losses.taylor'",
    "scratchnoise/kernels/loops/losses.py": "cannot import name 'squared_error'",
    "scratchnoise/kernels/loops_table.py": "module 'scratchnoise.kernels.loops_table' has no attribute 'squared_error'",
    "scratchnoise/kernels/c/losses.c": "scratchnoise/kernels/c/*.c lacks squared_error",
    "scratchnoise/kernels/cuda/losses.cu": "scratchnoise/kernels/cuda/*.cu lacks squared_error",
    "scratchnoise/course/stubs/15_mean_absolute_error.py": "scratchnoise/course/stubs/ lacks 15_mean_absolute_error.py",
    "scratchnoise/course/exercises/robust.py": "cannot import name 'robust'",
    "scratchnoise/course/mistakes/robust.py": "cannot import name 'robust'",
}
ALL = [(name, int(step["number"])) for name, steps in EXAMPLES.items() for step in steps if name != "A known mistake"]
QUICK = [("A loss", 4), ("A kernel", 9), ("An exercise", 8)]  # one of each; all of them with the profile "nightly"


@pytest.mark.parametrize(("example", "number"), ALL if NIGHTLY else profiles.thinned(QUICK))
def test_a_forgotten_step_is_named(copy, example, number):
    for step in EXAMPLES[example]:
        if int(step["number"]) != number:
            carry_out(step, copy)
    shown, passed = pytest_in(copy, *CHECKS)
    assert not passed, "nothing missed it"
    file = EXAMPLES[example][number - 1]["file"]
    assert file in shown or SAID.get(file, file) in shown, shown[-3000:]


@pytest.mark.slow
def test_a_mistake_without_a_hint_is_named(copy):
    step = EXAMPLES["A known mistake"][0]
    carry_out(step, copy)
    path = copy / step["file"]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('    """You take powers of 2', '    # """'), encoding="utf-8")
    shown, passed = pytest_in(copy, *CHECKS)
    assert not passed and "powers_of_two of softmax in scratchnoise/course/mistakes/ has no docstring" in shown
