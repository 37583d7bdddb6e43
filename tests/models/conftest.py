"""What the tests of the models share: an easy problem, and noise whose matrix is neither symmetric nor bistochastic."""

import numpy as np
import profiles
import pytest

from scratchnoise.backend import backend, host_table
from scratchnoise.noise import corrupt


@pytest.fixture(params=profiles.thinned(dict.fromkeys([host_table(), "numpy"])))
def reference_and_default_table(request):
    """The kernels that run for whoever chooses none, and NumPy's, in turn; the quick suite takes the first."""
    with backend(request.param):
        yield request.param


@pytest.fixture
def T():
    return np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


@pytest.fixture
def rng():
    return np.random.default_rng(4)


@pytest.fixture
def gaussians(rng):
    """X (600, 4), y (600,): three Gaussians in the first two of four features, nearly separable."""
    y = rng.integers(3, size=600)
    X = rng.normal(size=(600, 4))
    X[:, :2] += 4 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    return X, y


@pytest.fixture
def noisy_gaussians(rng, T):
    """X (3000, 2), y_noisy, y: overlapping Gaussians of unequal size, labels corrupted by T."""
    y = rng.choice(3, 3000, p=[0.5, 0.2, 0.3])
    X = rng.normal(size=(3000, 2)) + 3 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    return X, corrupt(y, T, rng), y
