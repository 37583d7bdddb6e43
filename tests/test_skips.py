"""A skipped test of the real data fails where the data is: otherwise nobody would notice that it never runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SKIPPED = """
import pytest

@pytest.mark.realdata
def test_marked():
    pytest.skip("no file")

def test_not_marked():
    pytest.skip("no file")
"""


@pytest.mark.parametrize(("folder", "outcome"), [(".", "1 failed, 1 skipped"), ("nowhere", "2 skipped")])
def test_skipping_the_real_data(tmp_path, folder, outcome):
    (tmp_path / "test_skipped.py").write_text(SKIPPED)
    environment = {
        **os.environ,
        "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parent}",
        "SCRATCHNOISE_DATA": str(tmp_path / folder),
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "conftest",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
    ]
    done = subprocess.run([*command, str(tmp_path)], env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert outcome in done.stdout, done.stdout
