"""`scratchnoise estimate`: every estimator, the errors and the verdict are printed; the figure is written."""

import re

import numpy as np
import pytest

from scratchnoise.cli import main
from scratchnoise.estimate import ESTIMATORS
from scratchnoise.noise import corrupt

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=900)
    X = rng.normal(size=(900, 2)) + 5 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    names = np.array(["ant", "bee", "cat"])
    path = tmp_path / "noisy.npz"
    labels = corrupt(y[:700], T, rng)
    np.savez(path, x_train=X[:700], y_train=labels, x_test=X[700:], y_test=y[700:], class_names=names)
    return path


def test_the_estimators_the_errors_and_the_verdict_are_printed(file, tmp_path, capsys):
    assert main(["estimate", str(file), "--figure", str(tmp_path / "T.png")]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("combined", "confident_joint", "top_k", "hoc", "ant", "bee", "cat"))
    assert all(name in printed for name in ESTIMATORS) and "all estimators" in printed
    assert "±" in printed and "No reason to doubt T was found." in printed
    assert (tmp_path / "T.png").read_bytes().startswith(b"\x89PNG")


def test_labels_that_say_nothing_are_doubted(tmp_path, capsys):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 2)), rng.integers(2, size=400)
    np.savez(tmp_path / "noise.npz", x_train=X[:300], y_train=y[:300], x_test=X[300:], y_test=y[300:])
    main(["estimate", str(tmp_path / "noise.npz")])
    assert "Doubt: the data cannot tell classes 0 and 1 apart." in capsys.readouterr().out


def test_a_missing_file_is_an_error_of_one_line(tmp_path, capsys):
    assert main(["estimate", str(tmp_path / "none.npz")]) == 2
    assert "there is no file" in capsys.readouterr().err


@pytest.mark.parametrize("names", [("zebra", "ant", "mouse"), ("1", "01", "2"), ("9" * 20, "10", "2")])
@pytest.mark.parametrize("in_labels", [False, True])
def test_the_verdict_names_the_labels_of_the_file(names, in_labels, tmp_path, capsys):
    """The last two are alike; the verdict numbered classes from 0, and so named the first two. T keeps their order."""
    rng, y = np.random.default_rng(0), np.repeat([0, 1, 2], 200)
    X = rng.normal(size=(600, 2))
    X[y == 0] += 8
    labels, told = (np.array(names)[y], {}) if in_labels else (y, {"class_names": np.array(names)})
    np.savez(tmp_path / "n.npz", x_train=X, y_train=labels, x_test=X[::3], y_test=labels[::3], **told)
    assert main(["estimate", str(tmp_path / "n.npz")]) == 0
    out = capsys.readouterr().out
    (doubt,) = re.findall(r"cannot tell classes (.*) and (.*) apart", " ".join(out.split()))
    assert set(doubt) == set(names[1:])
    rows = [line.split()[1] for line in out.splitlines() if "±" in line]
    assert rows == (sorted(names) if in_labels else list(names)), "texts have no order but their own"
