"""The gate: every kernel, found by name, with every kind of wrong argument and every odd form of right ones."""

import json
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import gate_cases
import numpy as np
import profiles
import pytest

from scratchnoise import kernels
from scratchnoise.backend import backend
from scratchnoise.kernels import checks

PROGRAM = Path(gate_cases.__file__)


@lru_cache
def raised_by(table):
    """What every wrong call raised: a process of its own, since a wrong index may kill it."""
    run = subprocess.run([sys.executable, PROGRAM, table], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, f"the process ended with {run.returncode}: {run.stderr[-2000:]}"
    return json.loads(run.stdout)


def test_every_wrong_argument_is_refused_by_name(table):
    calls = raised_by(table)
    assert len(calls) > 800
    for name, key, what, kind, message in calls:
        call = f"{name} with {key}: {what}"
        assert kind in ("ValueError", "TypeError"), f"{call}: {kind} {message}"
        assert re.search(rf"\b{key}\b", message), f"{call}: the message does not name it: {message}"
        assert re.search("should|use|cannot be read|fill", message), f"{call}: what would be right? {message}"
        assert "\n" not in message, f"{call}: more than one line"


def test_all_tables_refuse_alike(table):
    assert raised_by(table) == raised_by("numpy")


@pytest.mark.parametrize("name", gate_cases.NAMES)
def test_odd_forms_of_right_arguments_give_the_same_numbers(table, name):
    arguments = gate_cases.example(name)
    expected = as_list(getattr(kernels, name)(**arguments))
    for key, value in arguments.items():
        if not isinstance(value, np.ndarray):
            continue
        for form, odd in gate_cases.odd_forms(value):
            if form == "float16" and not np.array_equal(odd.astype(float), value):
                continue
            found = as_list(getattr(kernels, name)(**{**arguments, key: odd}))
            for mine, right in zip(found, expected, strict=True):
                np.testing.assert_array_equal(mine, right, err_msg=f"{key} as {form}")
                assert type(mine) in (np.ndarray, float), f"{key} as {form} gives {type(mine)}"


def as_list(found):
    return list(found) if isinstance(found, tuple) else [found]


@pytest.mark.parametrize("kind", [int, bool])
def test_integers_and_bool_are_numbers(table, kind):
    """uint8 sums overflow, integer softmax is zero: unless they are converted before."""
    x = np.array([[1, 0], [1, 1], [0, 1]], kind)
    as_float = kernels.linear_forward(x.astype(float), x[:2].astype(float), [0.5, 0.25])
    np.testing.assert_array_equal(kernels.linear_forward(x, x[:2], [0.5, 0.25]), as_float)
    np.testing.assert_array_equal(kernels.softmax(x), kernels.softmax(x.astype(float)))
    bytes_ = np.full((1, 2), 200, np.uint8)
    assert kernels.linear_forward(bytes_, bytes_.T, [0]).item() == 80000


def test_the_dtype_of_the_float_arrays_wins(table):
    """A list or an integer beside float32 makes no float64 of the result."""
    z = np.ones((2, 3), np.float32)
    assert kernels.signed_cross_entropy(z, [[1, 0, 0], [0, 1, 0]]).dtype == np.float32
    assert kernels.softmax([[1, 2]]).dtype == np.float64


BY_SAMPLES = [name for name in gate_cases.NAMES if not name.startswith(("relu", "dropout", "sgd"))]


@pytest.mark.parametrize("name", BY_SAMPLES)
def test_no_samples_are_no_error(table, name):
    """Every kernel takes an empty batch: shapes stay, sums are 0."""
    arguments = gate_cases.example(name)
    with backend("numpy"):
        expected = as_list(getattr(kernels, name)(**emptied(arguments)))
    found = as_list(getattr(kernels, name)(**emptied(arguments)))
    for mine, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine, right)
        assert np.shape(mine) == np.shape(right)


def emptied(arguments):
    """The same call without samples."""
    samples = ("x", "dy", "y", "z", "a", "p", "argmax", "sample_weight", "order")
    empty = {key: value[:0] if key in samples else value for key, value in arguments.items()}
    return empty | ({"x_shape": (0, *arguments["x_shape"][1:])} if "x_shape" in arguments else {})


GATE_MUTANTS = {
    "_points_outside": lambda array, below: bool(array.max() >= below),  # negative indices pass
    "check_probabilities": lambda name, matrix: None,
    "check_same_shape": lambda **named: None,
}


@pytest.mark.parametrize("mutant", profiles.thinned([*GATE_MUTANTS, "no layout", "no dtype", "bool scalars"]))
def test_a_gate_with_a_hole_is_noticed(monkeypatch, mutant):
    if mutant in GATE_MUTANTS:
        for module in (checks, kernels):
            monkeypatch.setattr(module, mutant, GATE_MUTANTS[mutant], raising=False)
    if mutant == "no layout":
        monkeypatch.setattr(checks, "_ready", lambda name, array, dtype, kinds, what: np.asarray(array, dtype))
    if mutant == "no dtype":
        monkeypatch.setattr(checks, "_own_float", lambda name, array: None)
    if mutant == "bool scalars":
        monkeypatch.setattr(checks, "at_least", lambda least, **named: next(iter(named.values())))
        monkeypatch.setattr(kernels, "at_least", checks.at_least)
    assert holes(), f"{mutant}: every wrong call is refused all the same"


def holes():
    """Wrong calls that reach a table, and odd forms that reach it as they are."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "table", Table)
        for name, _, _, arguments in gate_cases.wrong_calls():
            try:
                found += getattr(kernels, name)(**arguments)
                found.append(name)
            except (ValueError, TypeError):
                pass
            except Exception:
                found.append(name)
        for name in gate_cases.NAMES:
            arguments = gate_cases.example(name)
            for key, value in arguments.items():
                for _, odd in gate_cases.odd_forms(value) if isinstance(value, np.ndarray) else ():
                    found += getattr(kernels, name)(**{**arguments, key: odd})
    return found


class Table:
    """A table whose kernels list what a compiled one could not read."""

    def __getattr__(self, name):
        def kernel(*args):
            arrays = [a for a in args if hasattr(a, "dtype")]
            return [a for a in arrays if type(a) is not np.ndarray or not a.flags.carray]

        return kernel


def test_the_gate_as_it_is_has_no_hole():
    assert not holes()
