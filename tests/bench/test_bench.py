"""The benchmark: rungs that compute the right thing, a wrong one that is refused, rows and pictures of them."""

import json

import numpy as np
import pytest

from scratchnoise.bench import growth, runner, workloads
from scratchnoise.bench.ladder import chart, print_ladder
from scratchnoise.bench.workloads import RUNGS, WORKLOADS, inputs
from scratchnoise.cli import main


@pytest.mark.parametrize("name", [name for name, w in WORKLOADS.items() if w.kind in ("forward", "backward", "pass")])
@pytest.mark.parametrize("rung", ["NumPy (im2col, BLAS)", "numba (vectors)", "CUDA source (tiles)", "C (vectors)"])
@pytest.mark.usefixtures("needs_compiler")
def test_rungs_agree_with_float64(name, rung):
    if rung.startswith("numba"):
        pytest.importorskip("numba")
    workload = WORKLOADS[name]
    found = RUNGS[rung](workload, inputs(workload, 2))()
    right = RUNGS["NumPy (im2col, BLAS)"](workload, inputs(workload, 2, np.float64))()
    scale = max(np.abs(want).max() for want in right)
    for got, want in zip(found, right, strict=True):
        assert np.abs(got - want).max() < 1e-4 * scale


def test_flop_of_the_annex():
    """5.9 GFLOP a forward pass of 252 images, three times that a step, less the gradient of the data."""
    assert WORKLOADS["annex step"].flop * 252 == pytest.approx(16.7e9, rel=0.01)


def test_measure_takes_turns_and_reports_ratios(needs_compiled_numba):
    rows = runner.measure("MLR pass", threads=1, rounds=2, calls=1, rungs=("NumPy (im2col, BLAS)", "numba (vectors)"))
    assert [row["rung"] for row in rows] == ["NumPy (im2col, BLAS)", "numba (vectors)"]
    assert all(row["seconds"] > 0 and row["ratio"] is None and row["peak_memory"] > 2**20 for row in rows)


def test_a_wrong_result_is_never_timed(monkeypatch):
    wrong = workloads.ours("numpy")
    monkeypatch.setattr(runner, "ours", lambda table: lambda w, a: lambda: [2 * r for r in wrong(w, a)()])
    with pytest.raises(runner.WrongResult, match="relative error"):
        runner.measure("MLR pass", threads=1, rounds=1, calls=1, rungs=("NumPy (im2col, BLAS)",))


COMMON = {"workload": "MLR pass", "samples": 100, "seconds": 0.01, "peak_memory": 2**27}
ROWS = [
    COMMON | {"rung": "NumPy (im2col, BLAS)", "gflops": 1, "ratio": None},
    COMMON | {"rung": "numba (vectors)", "gflops": 2, "ratio": 0.5},
    COMMON | {"rung": "PyTorch", "gflops": 3, "ratio": 1.0},
]


def test_table_and_chart(capsys):
    print_ladder(ROWS, 100.0)
    shown = capsys.readouterr().out
    assert "numba (vectors)" in shown and "0.50" in shown and "2%" in shown
    texts = {text.get_text() for text in chart(ROWS, 100.0).axes[0].texts}
    assert {"MLR pass", "peak 100", "3"} <= texts


def test_the_command_speaks_json(capsys, monkeypatch):
    monkeypatch.setattr(runner, "measure", lambda *arguments: ROWS)
    monkeypatch.setattr(runner, "measured_peak", lambda threads: 100.0)
    assert main(["bench", "MLR pass", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == ROWS
    assert main(["bench", "MLR pas"]) == 2
    assert "did you mean 'MLR pass'" in capsys.readouterr().err


def test_growth_is_measured_at_every_size(monkeypatch):
    """How much one size may differ from another is for a quiet machine to say: the README has the figures."""
    monkeypatch.setenv("SCRATCHNOISE_BACKEND", "numpy")  # nothing to compile in each process
    rows = growth.measure((60, 120), rounds=1)
    assert [row["images"] for row in rows] == [60, 120]
    assert all(row["ms_per_image"] > 0 and 10 < row["megabytes"] < 2000 for row in rows)
