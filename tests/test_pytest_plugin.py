"""The pytest plugin in runs of its own: what is collected, what a failure says, what a user has to define."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIVE = (Path(__file__).parent / "light" / "five_pairs.py").read_text(encoding="utf-8")
ROOT = Path(__file__).parents[1]


def run(folder, *arguments, **files):
    """(exit status, output) of pytest with the plugin in a folder with these files."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-p", "scratchnoise.check.pytest_plugin", "--rootdir", ".", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_five_pairs_are_found_by_name(tmp_path):
    status, output = run(tmp_path, "--gradients", "-v", mine=FIVE)
    assert status == 0 and "5 passed" in output, output
    assert "mine.py::cross_entropy_grad PASSED" in output


def test_nothing_is_collected_unasked_for(tmp_path):
    status, output = run(tmp_path, mine=FIVE, other="raise RuntimeError('imported')")
    assert status == pytest.ExitCode.NO_TESTS_COLLECTED, output
    status, output = run(tmp_path, "--gradients")
    assert status == 0 and "imported" not in output, output  # a module without a pair is not imported


def test_a_module_can_be_named_on_the_command_line_or_in_the_ini_file(tmp_path):
    status, output = run(tmp_path, "mine.py", mine=FIVE)
    assert status == 0 and "5 passed" in output, output
    (tmp_path / "pytest.ini").write_text("[pytest]\ngradients = mine.py\n", encoding="utf-8")
    assert "5 passed" in run(tmp_path)[1]


def test_a_wrong_pair_fails_with_the_report_alone(tmp_path):
    status, output = run(tmp_path, "mine.py", mine=FIVE.replace("dy.sum(axis=0)", "dy.mean(axis=0)"))
    assert status == 1 and "1 failed, 4 passed" in output, output
    assert "linear_backward(dy, x, w), float64" in output and "db: entry [0] should be" in output
    assert "Traceback" not in output and "def runtest" not in output


def test_a_pair_without_arguments_says_what_to_define(tmp_path):
    mine = "def odd_forward(wave):\n    return wave.crest\n\n\ndef odd_backward(dy, wave):\n    return dy\n"
    status, output = run(tmp_path, "mine.py", mine=mine)
    assert status == 1 and "define odd_args = (...) in the module" in output, output


USES = """
import numpy as np
import pytest

def square(x):
    return x**2

@pytest.mark.gradient_check("nightly")
def test_right(gradient_check):
    report = gradient_check(square, lambda dy, x: 2 * x * dy, (np.arange(1.0, 60.0),))
    assert report["finite differences"].detail.startswith("40 entries")

def test_wrong(gradient_check):
    gradient_check(square, lambda dy, x: x * dy, (np.arange(1.0, 4.0),))
"""


def test_the_fixture_and_its_profiles(tmp_path):
    status, output = run(tmp_path, "--strict-markers", test_mine=USES)
    assert status == 1 and "1 failed, 1 passed" in output and "dx: entry [0] should be" in output, output


def test_the_plugin_loads_nothing_heavy():
    code = "import sys, scratchnoise.check.pytest_plugin; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"numpy", "hypothesis", "numba"} & set(loaded.stdout.split())
