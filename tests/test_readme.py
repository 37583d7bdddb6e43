"""What the README promises: its example prints what it says, its files and commands exist."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from scratchnoise.cli import parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", README, re.S))
def test_an_example_prints_what_it_says(example):
    code, printed = example
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == printed, run.stderr


def test_the_files_of_the_reading_order_exist():
    for path in re.findall(r"`((?:kernels|study|models)?/?[a-z_]+\.py)`", README):
        found = [ROOT / "scratchnoise" / path, ROOT / "scratchnoise" / "kernels" / path]
        assert any(place.exists() for place in found), path


def test_the_commands_parse():
    for line in re.findall(r"^scratchnoise (.*)$", README, re.M):
        parser().parse_args(line.split())


def test_the_table_of_results_has_every_file_of_rows_and_their_commands_are_there():
    folder = ROOT / "tutorials" / "results"
    table = [line for line in (folder / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = [name for line in table for name in re.findall(r"`([^` ]+\.jsonl?)`", line)]
    assert sorted(named) == sorted(path.name for path in folder.glob("[!.]*.json*"))
    for module in re.findall(r"python -m (scratchnoise[.a-z_]+)", "\n".join(table)):
        assert find_spec(module), module
