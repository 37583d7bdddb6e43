"""What the light installation can do: both plain tables, and `check`, without numba, matplotlib and the rest."""

from importlib.util import find_spec

import numpy as np

import scratchnoise
from scratchnoise import check, kernels, noise
from scratchnoise.backend import backend

assert not any(map(find_spec, ("numba", "matplotlib", "pooch", "joblib", "tqdm", "rich"))), "not a light installation"
assert "site-packages" in scratchnoise.__file__, "the clone was imported, not the installed package"

z, y = np.random.default_rng(0).normal(size=(6, 3)), np.arange(6) % 3
for table in ("numpy", "loops"):
    with backend(table):
        p = kernels.softmax(z)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        x, w, b = np.ones((2, 5, 5, 1)), np.ones((3, 3, 1, 2)), np.zeros(2)
        report = check.verify(
            lambda x, w, b: kernels.conv2d_forward(x, w, b, 1, 1),
            lambda dy, x, w: kernels.conv2d_backward(dy, x, w, 1, 1),
            (x, w, b),
            entries=3,
        )
        assert report, report
assert check.label_noise.verify_noise(noise.corrupt, examples=5)
check.check_property(check.properties.kernels.softmax_rows_are_distributions, kernels.softmax)
print("the light installation works")
