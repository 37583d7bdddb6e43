"""A recording shows what really happened, and changes nothing."""

import sys
import time

import numpy as np
import profiles
import pytest
from mutants.stepping import WRONG_CELLS, WRONG_RESULTS
from stepping.recorded import check_cells, check_result, f_of, same

from scratchnoise import backend, kernels
from scratchnoise.kernels import loops_table
from scratchnoise.losses import Loss
from scratchnoise.stepping.page import html
from scratchnoise.stepping.recorder import record
from scratchnoise.stepping.recording import State
from scratchnoise.stepping.source import key_of, source_of
from scratchnoise.stepping.subjects import find, names
from scratchnoise.stepping.watched import functions_of

EVERY = [name for group in names().values() for name in group]


def test_nothing_is_forgotten():
    def below(cls):
        return {cls} | {found for sub in cls.__subclasses__() for found in below(sub)}

    known = names()
    assert set(known["kernels"]) == set(loops_table.__all__)
    public = [cls for cls in below(Loss) - {Loss} if cls.__module__.startswith("scratchnoise")]
    assert set(known["losses"]) == {cls.__name__ for cls in public if "study" not in cls.__module__}
    assert {"SoftmaxRegression", "RobustSoftmaxRegression"} <= set(known["models"])


@pytest.mark.parametrize("name", profiles.thinned(EVERY))
def test_a_page_is_made_quickly_and_the_result_is_that_of_a_run_without_recording(name):
    subject = find(name)
    plain = [run.call() for run in subject.runs]
    started = time.process_time()
    recordings = {run.label: run.record() for run in subject.runs}
    page = html(subject, recordings)
    assert time.process_time() - started < 5
    assert len(page.encode()) < 3_000_000
    for run, right in zip(subject.runs, plain, strict=True):
        recording = recordings[run.label]
        assert recording.stopped == "" and recording.steps
        assert same(recording.result, right)
        assert same(run.call(), right)  # nothing of the recording is left behind


@pytest.mark.parametrize("name", names()["kernels"])
def test_the_forms_of_a_kernel_agree_and_the_last_state_is_the_result(name):
    loops, vectorised = (run.record() for run in find(name).runs)
    for a, b in zip(_parts(loops.result), _parts(vectorised.result), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    state = State(loops)
    last = state.go(len(loops.steps) - 1)
    shown = [_numbers(loops, state, view) for view in state.variables[last.frame].values() if isinstance(view, tuple)]
    for part in _parts(loops.result):
        if np.ndim(part) and not name.startswith(("relu", "dropout", "sgd", "adam", "conv2d_relu_maxpool2d_forward")):
            assert any(same(np.asarray(part), np.array(s, part.dtype)) for s in shown if np.shape(s) == part.shape), (
                name
            )


def _parts(result):
    return result if isinstance(result, tuple) else (result,)


def _numbers(recording, state, variable):
    from scratchnoise.stepping.memory import cells_of

    view = recording.views[variable[1]]
    return np.array([state.memories[view[0]][cell] for cell in cells_of(view[:4])], object).reshape(view[2])


def test_every_executed_line_is_a_step_in_order():
    """Compared with a trace that knows nothing of the recorder."""
    run = find("conv2d_forward").runs[0]
    right, function = [], loops_table.conv2d_forward

    def trace(frame, event, argument):
        if frame.f_code is function.__code__:
            if event == "line":
                right.append(frame.f_lineno)
            return trace
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run.call()
    finally:
        sys.settrace(before)
    recording = run.record()
    found = [step.line for step in recording.steps if step.frame == 0 and step.kind == "line"]
    assert found == right and len(found) > 100


def test_cells_and_numbers_are_those_of_the_source(tmp_path):
    check_cells(tmp_path)
    check_result(tmp_path)


@pytest.mark.parametrize("name", WRONG_CELLS)
def test_a_recorder_that_shows_wrong_cells_is_found(name, tmp_path, monkeypatch):
    monkeypatch.setattr(*WRONG_CELLS[name])
    with pytest.raises(AssertionError):
        check_cells(tmp_path)


@pytest.mark.parametrize("name", WRONG_RESULTS)
def test_a_recorder_that_changes_the_result_is_found(name, tmp_path, monkeypatch):
    monkeypatch.setattr(*WRONG_RESULTS[name])
    with pytest.raises(AssertionError):
        check_result(tmp_path)


def test_numbers_stand_below_the_names_of_a_line():
    recording = find("linear_forward").runs[0].record()
    shown = recording.functions[0]
    steps = [step for step in recording.steps if "total +=" in shown.lines[step.line - shown.first]]
    spans = shown.spans[steps[0].line]
    text = shown.lines[steps[0].line - shown.first]
    assert [text[start:end] for start, end in spans] == ["total", "x[n, d]", "w[d, f]"]
    x, w, b = (find("linear_forward").arguments[name] for name in ("x", "w", "b"))
    total = b[0] + x[0, 0] * w[0, 0]
    assert steps[0].numbers == [f"{b[0]:.4g} → {total:.4g}", f"{x[0, 0]:.4g}", f"{w[0, 0]:.4g}"]
    equation = {
        shown.equation[start:end]: value for (start, end), value in zip(shown.tokens, steps[1].equation, strict=True)
    }
    assert (equation["x[n, d]"], equation["w[d, f]"], equation["b[f]"]) == (f"{x[0, 1]:.4g}", f"{w[1, 0]:.4g}", "0")
    assert equation["y[n, f]"] is None  # not written yet


def test_a_sentence_is_no_equation():
    shown = {name: find(name).runs[0].record().functions[0].equation for name in ("maxpool2d_backward", "sgd_momentum")}
    assert shown["maxpool2d_backward"] == "" and "w' = w - learning_rate v'" in shown["sgd_momentum"]


def test_loops_conditions_calls_and_returns_are_told():
    notes = [step.note for step in find("signed_cross_entropy").runs[0].record().steps]
    assert {"calls largest_logit", "returns 2", "the loop ends", "true"} <= set(notes)


WRONG = """def f(z):
    while True:
        try:
            z = z + 1
        except Exception:
            pass


def g(z):
    return z[5]
"""


def test_an_error_and_an_endless_loop_end_the_recording(tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text(WRONG, encoding="utf-8")
    endless = find(f"{path}:f").runs[0].record()
    assert endless.stopped.startswith("after 5,000 lines") and len(endless.steps) == 5000
    broken = find(f"{path}:g").runs[0].record()
    assert broken.stopped.startswith("IndexError") and broken.steps[-1].line == 10


def test_the_functions_are_theirs_again_after_an_interrupt(tmp_path):
    module, x = f_of(tmp_path)
    before, spaces = module.f.__code__, set(vars(module))

    def interrupted():
        module.f(x)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(functions_of(module), interrupted)
    assert module.f.__code__ is before and set(vars(module)) == spaces
    assert sys.gettrace() is None or "stepping" not in str(sys.gettrace())


def test_a_changed_file_is_refused(tmp_path):
    module, x = f_of(tmp_path)
    (tmp_path / "script.py").write_text("\n\ndef other():\n    pass\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has changed"):
        record(functions_of(module), lambda: module.f(x))


def test_what_runs_in_a_debugger_first_is_the_kernel():
    run = find("softmax").runs[0]
    assert run.start is loops_table.softmax and key_of(run.start) in source_of(run.start).nodes
    with backend("loops"):
        assert same(run.call(), kernels.softmax(find("softmax").arguments["z"]))
