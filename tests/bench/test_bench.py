"""The benchmark: rungs that compute the right thing, a wrong one that is refused, rows and pictures of them."""

import json

import numpy as np
import pytest

from scratchnoise.bench import growth, runner, session, workloads
from scratchnoise.bench.ladder import chart, print_ladder
from scratchnoise.bench.workloads import RUNGS, WORKLOADS, inputs
from scratchnoise.cli import main


@pytest.mark.parametrize("name", [name for name, w in WORKLOADS.items() if not w.threads])
@pytest.mark.parametrize("rung", ["NumPy (im2col, BLAS)", "numba (vectors)", "C (vectors)", "cuda_on_cpu (tiles)"])
@pytest.mark.usefixtures("needs_compiler")
def test_rungs_agree_with_float64(name, rung):
    if rung.startswith("numba"):
        pytest.importorskip("numba")
    workload = WORKLOADS[name]
    call = RUNGS[rung](workload, inputs(workload, 2))
    if call is None:
        pytest.skip(f"{rung} does not run here")
    found = call()
    right = RUNGS["NumPy (im2col, BLAS)"](workload, inputs(workload, 2, np.float64))()
    scale = max(np.abs(want).max() for want in right)
    for got, want in zip(found, right, strict=True):
        assert np.abs(got - want).max() < 1e-4 * scale


def test_flop_of_the_annex():
    """5.9 GFLOP a forward pass of 252 images, three times that a step, less the gradient of the data."""
    assert WORKLOADS["annex step"].flop * 252 == pytest.approx(16.7e9, rel=0.01)


@pytest.mark.slow
def test_measure_takes_turns_and_reports_ratios(needs_compiled_numba):
    rows = runner.measure("MLR pass", threads=1, rounds=2, calls=1, rungs=("NumPy (im2col, BLAS)", "numba (vectors)"))
    assert [row["rung"] for row in rows] == ["NumPy (im2col, BLAS)", "numba (vectors)"]
    assert all(row["seconds"] > 0 and row["ratio"] is None and row["peak_memory"] > 2**20 for row in rows)
    assert all(row["threads"] == 1 and row["processor_share"] > 0 for row in rows)


def test_convolutions_have_a_workload_of_one_thread(monkeypatch):
    """Whatever the benchmark is told, and without the rungs that never use more than one."""
    started = []
    monkeypatch.setattr(runner, "Worker", lambda *arguments: started.append(arguments))
    for name in ("conv2 backward", "conv2 backward, one thread"):
        with pytest.raises(AttributeError):  # the stand-in is no process
            runner.measure(name, 4)
    threads = {name: {number for _, workload, number, _ in started if workload == name} for _, name, _, _ in started}
    assert threads == {"conv2 backward": {4}, "conv2 backward, one thread": {1}}
    rungs = {rung for rung, workload, _, _ in started if workload.endswith("one thread")}
    assert {"numba (vectors)", "C (vectors)"} <= rungs and not rungs & set(workloads.SLOW)


def test_a_wrong_result_is_never_timed(monkeypatch):
    wrong = workloads.ours("numpy")
    monkeypatch.setattr(runner, "ours", lambda table: lambda w, a: lambda: [2 * r for r in wrong(w, a)()])
    with pytest.raises(runner.WrongResult, match="relative error"):
        runner.measure("MLR pass", threads=1, rounds=1, calls=1, rungs=("NumPy (im2col, BLAS)",))


COMMON = {"workload": "MLR pass", "samples": 100, "seconds": 0.01, "peak_memory": 2**27, "processor_share": 1.9}
ROWS = [
    COMMON | {"rung": "NumPy (im2col, BLAS)", "gflops": 1, "ratio": None},
    COMMON | {"rung": "numba (vectors)", "gflops": 2, "ratio": 0.5},
    COMMON | {"rung": "PyTorch", "gflops": 4, "ratio": 1.0},
]
MACHINE = {"processor": "AMD EPYC", "processors": 2, "numba_target": "haswell: AVX2 and FMA"}


@pytest.fixture
def measured(monkeypatch):
    """A session in which nothing is measured: 100 GFLOP/s at most on two threads, 40 on one."""

    def rows(name, threads, rounds, instructions):
        return [row | {"workload": name, "threads": WORKLOADS[name].threads or threads} for row in ROWS]

    monkeypatch.setattr(session, "measure", rows)
    monkeypatch.setattr(session, "measured_peak", lambda threads, instructions: {2: 100.0, 1: 40.0}[threads])
    monkeypatch.setattr(session, "call_alone", lambda *arguments: dict(MACHINE))
    monkeypatch.setattr(session.os, "getloadavg", lambda: (6.0, 6.0, 6.0))


def test_every_row_names_the_processor_its_restriction_and_its_share_of_the_peak(measured):
    machine, rows = session.run(["conv1 forward", "conv1 forward, one thread"], 2)
    assert machine["load"] == {"before": 6.0, "after": 6.0} and machine["disturbed"].startswith("Disturbed")
    assert machine["threads"] == 2 and machine["instructions"] == "all" and machine["peak_gflops"] == 100
    for row in rows:
        assert (row["processor"], row["instructions"]) == ("AMD EPYC", "all")
        assert row["numba_target"] == "haswell: AVX2 and FMA"
    assert [row["of_peak"] for row in rows] == [0.01, 0.02, 0.04, 0.025, 0.05, 0.1]  # the peak of as many threads


def test_the_load_is_compared_with_the_threads_that_were_timed(measured, monkeypatch):
    monkeypatch.setattr(session.os, "getloadavg", lambda: (1.2, 1.0, 1.0))
    assert session.run(["conv1 forward, one thread"], 2)[0]["disturbed"] == ""
    assert session.run(["conv1 forward"], 2)[0]["disturbed"] != ""


def test_a_peak_that_was_disturbed_counts_only_if_both_were(measured, monkeypatch):
    found = iter([11.0, 91.0])
    monkeypatch.setattr(session, "measured_peak", lambda threads, instructions: next(found))
    assert session.run(["MLR pass"], 2)[0]["peak_gflops"] == 91
    monkeypatch.setattr(session, "measured_peak", lambda threads, instructions: None)  # no numba
    machine, rows = session.run(["MLR pass"], 2)
    assert machine["peak_gflops"] is None and all(row["of_peak"] is None for row in rows)
    print_ladder(rows)


def test_table_and_chart(capsys, measured):
    _, rows = session.run(["conv1 forward", "conv1 forward, one thread"], 2)
    print_ladder(rows)
    shown = capsys.readouterr().out
    assert "numba (vectors)" in shown and "0.50" in shown and "2%" in shown and "10%" in shown
    assert "100 GFLOP/s (threads: 2), 40 GFLOP/s (threads: 1)" in " ".join(shown.split())
    texts = {text.get_text() for text in chart(ROWS, 100.0).axes[0].texts}
    assert {"MLR pass", "peak 100", "4"} <= texts
    assert not any(text.get_text().startswith("peak") for text in chart(ROWS, None).axes[0].texts)


def test_the_command_speaks_json(capsys, measured):
    assert main(["bench", "MLR pass", "--threads", "2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["machine"]["processor"] == "AMD EPYC" and answer["peak_gflops"] == 100
    assert [row["rung"] for row in answer["rows"]] == [row["rung"] for row in ROWS]
    assert main(["bench", "MLR pas"]) == 2
    assert "did you mean 'MLR pass'" in capsys.readouterr().err
    assert main(["bench", "MLR pass", "--instructions", "avx3"]) == 2
    assert "instructions='avx3' is unknown; did you mean 'avx2'" in capsys.readouterr().err


@pytest.mark.slow
def test_growth_is_measured_at_every_size(monkeypatch):
    """How much one size may differ from another is for a quiet machine to say: the README has the figures."""
    monkeypatch.setenv("SCRATCHNOISE_BACKEND", "numpy")  # nothing to compile in each process
    rows = growth.measure((60, 120), rounds=1)
    assert [row["images"] for row in rows] == [60, 120]
    assert all(row["ms_per_image"] > 0 and 10 < row["megabytes"] < 2000 for row in rows)
