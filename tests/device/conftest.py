"""What the tests of devices share: devices that are not there, and a small problem."""

import counted_device
import numpy as np
import pytest


@pytest.fixture
def device(monkeypatch):
    return counted_device.install(monkeypatch)


@pytest.fixture
def images():
    """x (60, 6, 6, 2) float32, y (60,): learnable."""
    rng = np.random.default_rng(3)
    y = rng.integers(3, size=60)
    return rng.normal(size=(60, 6, 6, 2)).astype(np.float32) + 0.3 * y[:, None, None, None].astype(np.float32), y


@pytest.fixture
def cuda(monkeypatch, needs_compiler):
    """A counted device whose kernels are launches of the CUDA source."""
    return counted_device.install(monkeypatch, cuda_source=True)
