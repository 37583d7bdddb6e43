"""`scratchnoise train --mine`: the student's functions really run, and whatever they do is said on one line."""

import re

import numpy as np
import profiles
import pytest
from solutions.base import BASE

from scratchnoise import kernels
from scratchnoise.backend import backend, own_table
from scratchnoise.cli import main
from scratchnoise.course import EXERCISES
from scratchnoise.course.milestones import models, training
from scratchnoise.course.milestones.models import EXERCISE_OF, MILESTONES
from scratchnoise.course.milestones.own_functions import OwnFunctions
from scratchnoise.course.milestones.own_table import OwnTable
from scratchnoise.course.path import UNLOCKS
from scratchnoise.course.workspace import progress
from scratchnoise.kernels import numpy_table

HEAD = "import numpy as np\n\n"
LOOPS = """
def conv2d_forward(x, w, b, stride=1, pad=0):
    N, H, W, K = x.shape
    R, S, _, F = w.shape
    Ho, Wo = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
    x, w, y = x.tolist(), w.tolist(), np.zeros((N, Ho, Wo, F))
    for n in range(N):
        for i in range(Ho):
            for j in range(Wo):
                for f in range(F):
                    total = b[f]
                    for r in range(R):
                        for s in range(S):
                            h, v = i * stride + r - pad, j * stride + s - pad
                            if 0 <= h < H and 0 <= v < W:
                                for k in range(K):
                                    total += x[n][h][v][k] * w[r][s][k][f]
                    y[n, i, j, f] = total
    return y
"""


@pytest.fixture
def small(monkeypatch):
    """Few images and one thread: drawn garments, so that every machine has them."""
    monkeypatch.setattr(models, "N_TRAIN", 300)
    monkeypatch.setattr(models, "N_TEST", 200)
    monkeypatch.setattr(training, "SIZES", (100, 50))
    monkeypatch.setattr(models.data, "status", lambda: [{"name": "fashion-mnist", "found": "not found"}])


def write(folder, *numbers, **texts):
    """Files of right solutions, but for the functions whose text is given."""
    for number in numbers:
        exercise = EXERCISES[number]
        parts = [texts.get(spec.name, BASE[spec.name]) for spec in exercise.functions]
        (folder / exercise.filename).write_text(HEAD + "\n\n".join(parts))


def train(folder, capsys):
    """(exit status, the lines that were printed) of `scratchnoise train --mine folder`."""
    status = main(["train", "--mine", str(folder)])
    return status, capsys.readouterr().out


def part(shown, title):
    """What was printed of one model."""
    return next(text for text in shown.split("\n\n") if text.startswith(title))


def accuracies(text):
    """The student's accuracy and the library's, as they were printed; [] if no model was trained."""
    return re.findall(r"(?:clean test images|settings and seed) +(0\.\d+)", text)


@pytest.mark.slow
def test_right_functions_train_all_three_models(small, tmp_path, capsys):
    write(tmp_path, "01", "02", "03", "04", "08", "09", "11", "12")
    status, shown = train(tmp_path, capsys)
    assert status == 0 and "Your corrupt flipped" in shown
    assert "the library's:" not in shown
    for milestone in MILESTONES:
        own, library = accuracies(part(shown, milestone.title))
        assert own == library and float(own) > 0.4
        assert float(own) == progress(tmp_path)[milestone.number]["accuracy"]
    main(["course", "--folder", str(tmp_path)])
    assert "scratchnoise train --mine" in capsys.readouterr().out


def test_a_milestone_is_what_the_course_says():
    assert [milestone.number for milestone in MILESTONES] == list(UNLOCKS)
    for milestone in MILESTONES:
        assert milestone.title in UNLOCKS[milestone.number] and milestone.number in milestone.own
        assert {EXERCISE_OF[name] for name in milestone.functions} >= set(milestone.own) - {"02"}
    for name, number in EXERCISE_OF.items():
        assert name in [spec.name for spec in EXERCISES[number].functions]


@pytest.mark.slow
def test_what_is_missing_is_the_library_s_and_says_what_to_type(small, tmp_path, capsys):
    write(tmp_path, "03", "08")
    status, shown = train(tmp_path, capsys)
    assert status == 0 and "The library's corrupt flipped" in shown
    first = part(shown, "softmax regression")
    assert len(accuracies(first)) == 2
    first = " ".join(first.split())
    assert "yours: linear_sgd_epoch the library's: softmax" in first
    assert f"(01 is not there: scratchnoise start 01 {tmp_path})" in first
    robust = " ".join(part(shown, "robust").split())
    assert "yours: forward_cross_entropy, forward_cross_entropy_grad" in robust
    assert "scratchnoise start 09" in robust
    assert "opens with exercise 11" in part(shown, "convolutional") and not accuracies(part(shown, "convolutional"))


def test_a_wrong_function_is_refused_before_it_is_used(small, tmp_path, capsys):
    wrong = BASE["softmax"].replace("axis=1", "axis=0")
    write(tmp_path, "01", "03", softmax=wrong)
    status, shown = train(tmp_path, capsys)
    first = " ".join(part(shown, "softmax regression").split())
    assert status == 0 and "yours: linear_sgd_epoch" in first
    assert "the library's: softmax" in first and "01_softmax.py did not pass: scratchnoise check" in first
    own, library = accuracies(part(shown, "softmax regression"))
    assert own == library


def test_one_right_function_of_a_file_is_used(small, tmp_path, capsys):
    stub = "def forward_cross_entropy_grad(z, y, T):\n    raise NotImplementedError\n"
    write(tmp_path, "08", forward_cross_entropy_grad=stub)
    _, shown = train(tmp_path, capsys)
    robust = " ".join(part(shown, "robust").split())
    assert "yours: forward_cross_entropy the library's: softmax" in robust


BAD = {  # what is done with more samples than the check has: words of the line
    "raise KeyError('seventeen')": "softmax raised KeyError: 'seventeen', line ",
    "return np.ones((3, 3))": "softmax returned an array (3, 3), where (300, 3) is right",
    "return z * np.nan": "softmax returned NaN or inf",
    "return z, z": "softmax returned an array (2, 300, 3), where (300, 3) is right",
    "import os; os._exit(3)": "The process ended in the middle of the call",
    "while True: pass": "softmax did not come to an end within 1 s, line ",
}


@pytest.mark.parametrize("action", profiles.thinned(BAD))
def test_code_that_fails_on_the_way_is_one_line(small, tmp_path, capsys, action, monkeypatch):
    monkeypatch.setattr("scratchnoise.course.milestones.own_functions.SECONDS", 1)
    text = BASE["softmax"].replace("    m =", f"    if len(z) > 150:\n        {action}\n    m =")
    write(tmp_path, "01", softmax=text)
    status, shown = train(tmp_path, capsys)
    said = part(shown, "softmax regression").splitlines()
    assert status == 1 and len(said) == 2
    assert "01_softmax.py: " in said[1] and BAD[action] in said[1]


@pytest.mark.slow
def test_after_a_failure_the_library_takes_over(small, tmp_path, capsys):
    text = BASE["softmax"].replace("    m =", "    if len(z) > 150:\n        raise KeyError\n    m =")
    write(tmp_path, "01", "09", softmax=text)
    status, shown = train(tmp_path, capsys)
    assert status == 1
    assert "01 stopped in the training above" in " ".join(part(shown, "robust").split())
    assert len(accuracies(part(shown, "robust"))) == 2


def test_without_any_function_it_says_where_to_begin(small, tmp_path, capsys):
    status, shown = train(tmp_path, capsys)
    assert status == 0 and f"scratchnoise start 01 {tmp_path}" in shown
    write(tmp_path, "01", softmax="def softmax(z):\n    return z\n")
    status, shown = train(tmp_path, capsys)
    assert "01_softmax.py did not pass: scratchnoise check" in shown


def test_a_slow_convolution_gets_fewer_images(small):
    """With 5 passes over 100 images, and a third of the work for 100 + 200 predictions, an image counts 600 times."""
    assert training.affordable(0.099, 200) == (100, pytest.approx(59.4))
    assert training.affordable(0.101, 200) == (50, pytest.approx(33.7, rel=0.01))
    assert training.affordable(9.0, 200)[0] == 50


@pytest.mark.slow
def test_a_convolution_of_loops_gets_fewer_images(small, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(training, "SECONDS", 0)  # what is left of a minute is the machine's affair
    write(tmp_path, "11", conv2d_forward=LOOPS)
    status, shown = train(tmp_path, capsys)
    network = part(shown, "convolutional")
    assert status == 0 and "5 passes over 50 images" in network
    own, library = accuracies(network)
    assert own == library


# --- the table -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_function_of_a_milestone_is_called(small, tmp_path):
    """What is printed as yours did run."""
    write(tmp_path, "01", "02", "03", "08", "09", "11", "12")
    with OwnFunctions() as own:
        for number in sorted(set(EXERCISE_OF.values())):
            own.add(number, tmp_path)
        images = training.load_images_with(own)
        for milestone in MILESTONES:
            table = OwnTable(own.found)
            training.fit_and_score(milestone, table, images, 50)
            assert table.used == set(milestone.functions)


class Mutant(OwnTable):
    """A table whose softmax is another one: it has to show."""

    def softmax(self, z):
        return np.full_like(z, 1 / z.shape[1])


def test_a_table_of_ones_own_holds_inside_and_a_backend_takes_its_place():
    z = np.array([[0.0, 1.0]])
    with own_table(Mutant({})):
        assert kernels.softmax(z).tolist() == [[0.5, 0.5]]
        with backend("numpy"):
            assert kernels.softmax(z)[0, 1] > 0.7
        with backend(None):
            assert kernels.softmax(z).tolist() == [[0.5, 0.5]]
    assert kernels.softmax(z)[0, 1] > 0.7
    with pytest.raises(TypeError, match="kernels="), own_table({}):
        pass


def test_the_robust_epoch_is_the_library_s():
    rng = np.random.default_rng(0)
    x, y, w, b = rng.normal(size=(23, 4)), rng.integers(0, 3, 23), rng.normal(size=(4, 3)), rng.normal(size=3)
    rest = (x, y, models.T, np.ones(23), rng.permutation(23), 5, 0.3, 0.1)
    with own_table(OwnTable({})):
        found = kernels.linear_sgd_epoch(w, b, *rest)
    for one, other in zip(found, numpy_table.linear_sgd_epoch(w, b, *rest), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
