"""What every recording has to satisfy, as functions of the recorder, so that wrong recorders can be tried as well."""

import numpy as np

from scratchnoise.stepping.memory import cells_of
from scratchnoise.stepping.own_file import load
from scratchnoise.stepping.recorder import record
from scratchnoise.stepping.recording import State
from scratchnoise.stepping.watched import functions_of

SCRIPT = """import numpy as np


def f(x):
    y = np.empty(3)
    y[0] = 0.0
    y[1] = x[0, 2]
    y[2] = x[1, 0] * x[-1, 1]
    y[0] = 0.0
    row = x[1]
    row[1:] = 7.0
    y[1] += y[2]
    y += x.T[0, 0]
    np.add.at(y, [2], 5.0)
    total = g(row) + y[:2][x[:, 0] > 2].sum()
    return y, total


def g(row):
    total = 0.0
    for j in range(row.size):
        total += row[j]
    return total
"""
# line: {"reads" or "writes": {variable: indices}}; nothing else may be touched. Lines that are not here touch nothing.
EXPECTED = {
    6: {"writes": {"y": [0]}},
    7: {"reads": {"x": [(0, 2)]}, "writes": {"y": [1]}},
    8: {"reads": {"x": [(1, 0), (1, 1)]}, "writes": {"y": [2]}},
    9: {"writes": {"y": [0]}},  # the number stays, and yet it is written
    10: {"reads": {"x": [(1, 0), (1, 1), (1, 2)]}},
    11: {"writes": {"x": [(1, 1), (1, 2)]}},  # row is a view of x
    12: {"reads": {"y": [1, 2]}, "writes": {"y": [1]}},
    13: {"reads": {"x": [(0, 0)]}, "writes": {"y": [0, 1, 2]}},
    14: {"reads": {"y": [0, 1, 2]}, "writes": {"y": [2]}},
}


def f_of(tmp_path):
    """The functions of SCRIPT, and an x whose cells are all different."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return load(path), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def check_cells(tmp_path):
    """Every line reads and writes what its source says, and the state after the last step is the true one."""
    module, x = f_of(tmp_path)
    recording = record(functions_of(module), lambda: module.f(x), (module.f,))
    state = State(recording)
    for place, step in enumerate(recording.steps):
        state.go(place)
        if recording.functions[recording.frames[step.frame][0]].name != "f" or step.line > 14:
            continue
        expected = EXPECTED.get(step.line, {})
        for kind in ("reads", "writes"):
            found = {(memory, cell) for memory, cells in getattr(step, kind).items() for cell in cells}
            right = _cells(recording, state, step.frame, expected.get(kind, {}))
            assert found == right, f"line {step.line} {kind} {found}, it should be {right}"
    for name, array in (("x", x), ("y", recording.result[0])):
        view = recording.views[state.variables[0][name][1]]
        shown = [state.memories[view[0]][cell] for cell in cells_of(view[:4])]
        assert shown == array.ravel().tolist(), name


def _cells(recording, state, frame, touched):
    found = set()
    for name, indices in touched.items():
        view = recording.views[state.variables[frame][name][1]]
        for index in indices:
            found |= {(view[0], int(cell)) for cell in cells_of(view[:4], index)}
    return found


def check_result(tmp_path):
    """Recording changes neither the result, bit by bit, nor what happens to the argument."""
    module, x = f_of(tmp_path)
    other = x.copy()
    recording = record(functions_of(module), lambda: module.f(x), (module.f,))
    assert same(recording.result, module.f(other)), recording.stopped
    assert same(x, other)


def same(a, b):
    """Whether two results have the same types, dtypes and bits."""
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray):
        return type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and np.asarray(a).tobytes() == np.asarray(b).tobytes()
