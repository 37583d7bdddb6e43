"""Thousands of drawn calls, right, odd and wrong: no crash, and all tables agree."""

import re
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest

PROGRAM = Path(__file__).with_name("fuzz.py")
EXAMPLES = 3 * hypothesis.settings().max_examples // 4  # of each kernel


@pytest.mark.slow
def test_drawn_calls_agree_and_kill_nothing(table):
    command = [sys.executable, PROGRAM, str(EXAMPLES), table]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, f"died in {run.stdout.splitlines()[-1:]}: {run.stderr[-3000:]}"
    assert int(re.search(r"(\d+) calls agree", run.stdout)[1]) >= 20 * EXAMPLES
