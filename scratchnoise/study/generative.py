"""EM with latent true labels, and its models without noise: python -m scratchnoise.study.generative --out FILE.

Section 2.2 of the report calls (4)-(6) the base of many Bayesian methods and does not run it. Here are its Gaussian
form and its kernel form, each with rates learnt, known, and with T = I for control. The form with a linear kernel has
as many components as the other and no bending: a control of what the kernel is worth. Fashion-MNIST, 4,000 training
images of means of 2 x 2 pixels. Rows are appended as they come; the same command goes on where it stopped.
"""

import time
import warnings
from typing import Any

import numpy as np

from .. import noise
from ..models import KernelFisherEM, LabelNoiseEM
from .experiment import command, recorded
from .protocol import PRESETS, load_data
from .sparse import blocks

N_TRAIN, SEED, COMPONENTS = 4000, 0, 30
UNEVEN = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
NOISES = {"0.5": noise.MNIST05.array, "0.6": noise.MNIST06.array, "uneven": UNEVEN}
ROUNDS: dict[str, Any] = {"tol": 1e-5, "max_iter": 300}
FISHER: dict[str, Any] = {"n_components": COMPONENTS, "ridge": 0.01, "random_state": 0, **ROUNDS}
LINEAR = "Kernel Fisher EM, linear kernel"
MODELS = {
    "Gaussian EM": lambda T: LabelNoiseEM(T, covariance="shared", ridge=0.01, **ROUNDS),
    "Kernel Fisher EM": lambda T: KernelFisherEM(T, **FISHER),
    LINEAR: lambda T: KernelFisherEM(T, kernel="linear", **FISHER),
}
TOLD = ("learnt", "known", "identity")


def measure(out, draws=5):
    """Append a row for every noise, draw, model and kind of T that `out` does not hold yet."""
    results = recorded(out, "noise", "draw", "model", "T")
    data = load_data("fashion-mnist", PRESETS["paper"], SEED)
    x, y, x_test, y_test = blocks(data.x_train), data.y_train, blocks(data.x_test), data.y_test
    for name, T in NOISES.items():
        for draw in range(draws):
            rng = np.random.default_rng([SEED, draw])
            part = rng.permutation(len(y))[:N_TRAIN]
            y_noisy = noise.corrupt(y[part], T, rng)
            for model, make in MODELS.items():
                for told in TOLD:
                    row = {"noise": name, "draw": draw, "model": model, "T": told}
                    if tuple(row.values()) not in results:
                        given = {"learnt": None, "known": T, "identity": np.eye(3)}[told]
                        fitted, seconds = _fitted(make(given), x[part], y_noisy)
                        error = float(np.abs(fitted.T_.array - T).mean())
                        found = {"accuracy": fitted.score(x_test, y_test), "error": error, "cpu_seconds": seconds}
                        results.append(row | found)


def _fitted(model, x, y):
    """The fitted model, and the seconds that processors worked on it, which do not depend on what else they do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that 300 rounds were too few
        started = time.process_time()
        model.fit(x, y)
        return model, time.process_time() - started


if __name__ == "__main__":
    command(measure, __doc__, draws=5)
