"""Models that are trained here and there, and the comparison of what they learnt."""

import numpy as np
import pytest

from scratchnoise.losses import RISKS, BackwardCorrected, CrossEntropy, ForwardCorrected
from scratchnoise.models import NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression
from scratchnoise.network import Network
from scratchnoise.network.layers import AvgPool2d, BatchNorm, Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
LOSSES = [CrossEntropy(), ForwardCorrected(T), *(BackwardCorrected(T, risk, 0.1) for risk in RISKS)]
LINEAR = [
    SoftmaxRegression(solver="sgd", l2=0, max_iter=4, averaging=True),
    RobustSoftmaxRegression(T, solver="sgd", l2=0, max_iter=4),
    RobustSoftmaxRegression(solver="sgd", l2=0, max_iter=4),
]
LAYERS = [Conv2d(3, 3, pad=1), MaxPool2d(2), ReLU(), Flatten(), Linear(8), ReLU(), Dropout(0.5), Linear(3)]


NORMALISED = [  # no bias before a BatchNorm: its gradient would be rounding, which Adam makes steps of
    *(BatchNorm(), Conv2d(3, (2, 3), pad="same"), ReLU(), AvgPool2d(2), Flatten()),
    *(BatchNorm(), Linear(8), ReLU(), Linear(3)),
]


def network(backend, **settings):
    settings = {"network": Network(LAYERS), "epochs": 3, "batch_size": 13, "learning_rate": 0.05, **settings}
    return NeuralNetwork(**{"scaling": None, **settings}, random_state=0, backend=backend)


def learnt(model):
    """Everything that a fit left and that another fit should leave too."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in model.history_]
    if isinstance(model, NeuralNetwork):
        return rows, [array for layer in model.network_.layers for array in layer.learnt().values()]
    return rows, [model.coef_, model.intercept_, *([np.asarray(model.T_)] if hasattr(model, "T_") else [])]


def assert_same(model, other):
    (rows, arrays), (other_rows, other_arrays) = learnt(model), learnt(other)
    assert rows == other_rows
    for array, other_array in zip(arrays, other_arrays, strict=True):
        assert type(array) is np.ndarray
        np.testing.assert_array_equal(array, other_array)


def assert_close(model, other):
    (rows, arrays), (other_rows, other_arrays) = learnt(model), learnt(other)
    assert [row["loss"] for row in rows] == pytest.approx([row["loss"] for row in other_rows], rel=1e-5)
    for array, other_array in zip(arrays, other_arrays, strict=True):
        np.testing.assert_allclose(array, other_array, atol=2e-5)
