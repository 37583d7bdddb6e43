"""Every tutorial runs as a plain script, and its last cell asserts its own claim."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIALS = sorted((Path(__file__).parent.parent / "tutorials").glob("[0-9]*.py"))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_it_runs(path):
    environment = os.environ | {"MPLBACKEND": "agg", "SCRATCHNOISE_FAST": "1"}
    run = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_it_asserts_its_claim(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# %% [markdown]\n# # ")
    assert "assert " in text.split("# %%")[-1]
