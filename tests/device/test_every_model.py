"""Inside a block of a device every public model learns what it learns on the host."""

import inspect

import numpy as np
import pytest
from every_model import EVERY_MODEL, noisy_images, told

from scratchnoise import models
from scratchnoise.backend import backend


def test_no_model_is_forgotten():
    public = {name for name in models.__all__ if inspect.isclass(getattr(models, name))}
    assert public == {type(model).__name__ for model in EVERY_MODEL.values()}


@pytest.mark.parametrize("name", EVERY_MODEL)
@pytest.mark.filterwarnings("ignore::scratchnoise.models.conventions.ConvergenceWarning")
def test_every_model_learns_the_same_on_a_device(device, name):
    found = {}
    for table in ("cupy", "numpy"):
        with backend(table):
            found[table] = told(name, *noisy_images())
    assert type(found["cupy"]) is np.ndarray
    np.testing.assert_array_equal(found["cupy"], found["numpy"])
