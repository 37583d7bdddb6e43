"""What the installed wheel can do in an empty folder: its data files and public names are there, a fit, two tables."""

from importlib.resources import files

import numpy as np

import scratchnoise
from scratchnoise import RobustSoftmaxRegression, check, kernels
from scratchnoise.backend import backend, c_compiler
from scratchnoise.course import EXERCISES
from scratchnoise.kernels.c.library import read as read_c
from scratchnoise.kernels.cuda.source import kernels_of
from scratchnoise.kernels.cuda.source import read as read_cuda

assert "site-packages" in scratchnoise.__file__, "the clone was imported, not the installed wheel"
DATA = ["py.typed", "stepping/page.css", "stepping/page.js", "kernels/cuda/on_cpu.h", "kernels/c/vector.h"]
assert all(files("scratchnoise").joinpath(name).is_file() for name in DATA), DATA
assert all(exercise.stub for exercise in EXERCISES.values())
assert "losses.c" in read_c() and "softmax" in kernels_of(read_cuda())
assert all(hasattr(scratchnoise, name) for name in scratchnoise.__all__)

rng, T = np.random.default_rng(0), np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
y = rng.integers(0, 3, 900)
X = 3 * np.eye(3)[y] + rng.normal(size=(900, 3))
y_noisy = scratchnoise.noise.corrupt(y, T, rng)
assert RobustSoftmaxRegression(T, l2=0.01, random_state=0, backend="numpy").fit(X, y_noisy).score(X, y) > 0.9

z = rng.normal(size=(4, 3))
with backend("numpy"):
    p = kernels.softmax(z)
    assert check.verify(lambda x: np.maximum(x, 0), lambda dy, x: dy * (x > 0), (z,))
if c_compiler():
    with backend("c"):
        np.testing.assert_allclose(kernels.softmax(z), p)
print("the wheel has its data, and fits")
