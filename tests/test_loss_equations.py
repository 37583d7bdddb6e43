"""Every loss is its equation, written once more on probabilities: plain NumPy, no kernel, no logits."""

import numpy as np
import pytest

from scratchnoise import losses
from scratchnoise import robust_losses as robust
from scratchnoise.backend import backend

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
T_BINARY = np.array([[0.9, 0.3], [0.1, 0.7]])


def of_label(p, y):
    return p[np.arange(len(y)), y]


def cross_entropy(p, y):
    return -np.log(of_label(p, y))


def mean_absolute_error(p, y):
    return 1 - of_label(p, y)


def hard_bootstrapping(p, y):
    return 0.6 * cross_entropy(p, y) + 0.4 * cross_entropy(p, p.argmax(axis=1))


def soft_bootstrapping(p, y):
    return 0.6 * cross_entropy(p, y) - 0.4 * (p * np.log(p)).sum(axis=1)


# name -> (loss, its value at probabilities p (N, C) and labels y (N,))
EQUATIONS = {
    "CrossEntropy": (losses.CrossEntropy(), cross_entropy),
    "ForwardCorrected": (losses.ForwardCorrected(T), lambda p, y: cross_entropy(p @ T.T, y)),
    "BackwardCorrected": (losses.BackwardCorrected(T), lambda p, y: of_label(-np.log(p) @ np.linalg.inv(T), y)),
    "NatarajanCorrected": (
        losses.NatarajanCorrected(0.3, 0.1),
        lambda p, y: of_label(-np.log(p) @ np.linalg.inv(T_BINARY), y),
    ),
    "GeneralizedCrossEntropy": (robust.GeneralizedCrossEntropy(0.4), lambda p, y: (1 - of_label(p, y) ** 0.4) / 0.4),
    "MeanAbsoluteError": (robust.MeanAbsoluteError(), mean_absolute_error),
    "ReverseCrossEntropy": (robust.ReverseCrossEntropy(-3), lambda p, y: 3 * mean_absolute_error(p, y)),
    "SymmetricCrossEntropy": (
        robust.SymmetricCrossEntropy(0.3, 0.8, -2),
        lambda p, y: 0.3 * cross_entropy(p, y) + 0.8 * 2 * mean_absolute_error(p, y),
    ),
    "NormalizedCrossEntropy": (
        robust.NormalizedCrossEntropy(),
        lambda p, y: cross_entropy(p, y) / -np.log(p).sum(axis=1),
    ),
    "ActivePassive": (
        robust.ActivePassive(losses.CrossEntropy(), alpha=2, beta=0.3),
        lambda p, y: 2 * cross_entropy(p, y) + 0.3 * mean_absolute_error(p, y),
    ),
    "LabelSmoothing": (
        robust.LabelSmoothing(0.3),
        lambda p, y: 0.7 * cross_entropy(p, y) - 0.3 * np.log(p).mean(axis=1),
    ),
    "LabelSmoothing, negative": (
        robust.LabelSmoothing(-0.5),
        lambda p, y: 1.5 * cross_entropy(p, y) + 0.5 * np.log(p).mean(axis=1),
    ),
    "HardBootstrapping": (robust.HardBootstrapping(0.6), hard_bootstrapping),
    "SoftBootstrapping": (robust.SoftBootstrapping(0.6), soft_bootstrapping),
    "EarlyLearning": (robust.EarlyLearning(), cross_entropy),  # the regulariser belongs to training
    "Flooded": (robust.Flooded(level=9), cross_entropy),  # the flood is about the mean of a batch
    "ImportanceReweighted": (
        robust.ImportanceReweighted(T),
        lambda p, y: of_label(p, y) / of_label(p @ T.T, y) * cross_entropy(p, y),
    ),
}


def agree(loss, equation):
    """Raise AssertionError unless the loss has the value of the equation."""
    rng = np.random.default_rng(3)
    C = 2 if isinstance(loss, losses.NatarajanCorrected) else 3
    p, y = rng.dirichlet(np.ones(C), 12), rng.integers(C, size=12)
    with backend("numpy"):
        np.testing.assert_allclose(loss.value(np.log(p) + rng.normal(size=(12, 1)), y), equation(p, y), rtol=1e-10)


@pytest.mark.parametrize("name", EQUATIONS)
def test_a_loss_is_its_equation(name):
    agree(*EQUATIONS[name])


@pytest.mark.parametrize("name", EQUATIONS)
def test_the_equation_of_another_loss_is_noticed(name):
    """Half of the mean absolute error is the equation of none of them."""
    with pytest.raises(AssertionError):
        agree(EQUATIONS[name][0], lambda p, y: mean_absolute_error(p, y) / 2)


# what is wrong -> (name in EQUATIONS, the wrong equation with the same settings)
WRONG = {
    "power not divided": ("GeneralizedCrossEntropy", lambda p, y: 1 - of_label(p, y) ** 0.4),
    "the whole absolute distance": ("MeanAbsoluteError", lambda p, y: abs(p - np.eye(3)[y]).sum(axis=1)),
    "log 0 left out": ("ReverseCrossEntropy", lambda p, y: mean_absolute_error(p, y)),
    "label and belief not exchanged": ("ReverseCrossEntropy", cross_entropy),
    "factors exchanged": (
        "SymmetricCrossEntropy",
        lambda p, y: 0.8 * cross_entropy(p, y) + 0.3 * 2 * mean_absolute_error(p, y),
    ),
    "reverse without log 0": (
        "SymmetricCrossEntropy",
        lambda p, y: 0.3 * cross_entropy(p, y) + 0.8 * mean_absolute_error(p, y),
    ),
    "divided by the entropy": (
        "NormalizedCrossEntropy",
        lambda p, y: cross_entropy(p, y) / -(p * np.log(p)).sum(axis=1),
    ),
    "divided by the loss of the other labels": (
        "NormalizedCrossEntropy",
        lambda p, y: cross_entropy(p, y) / (-np.log(p).sum(axis=1) - cross_entropy(p, y)),
    ),
    "passive part is reverse cross-entropy": (
        "ActivePassive",
        lambda p, y: 2 * cross_entropy(p, y) + 0.3 * 4 * mean_absolute_error(p, y),
    ),
    "active and passive exchanged": (
        "ActivePassive",
        lambda p, y: 0.3 * cross_entropy(p, y) + 2 * mean_absolute_error(p, y),
    ),
    "smoothed over the other labels alone": (
        "LabelSmoothing",
        lambda p, y: 0.7 * cross_entropy(p, y) + 0.15 * (-np.log(p).sum(axis=1) - cross_entropy(p, y)),
    ),
    "smoothed where it should be sharpened": (
        "LabelSmoothing, negative",
        lambda p, y: 0.5 * cross_entropy(p, y) - 0.5 * np.log(p).mean(axis=1),
    ),
    "negative rate cut off at 0": ("LabelSmoothing, negative", cross_entropy),
    "belief for its most probable class": ("SoftBootstrapping", hard_bootstrapping),
    "most probable class for the belief": ("HardBootstrapping", soft_bootstrapping),
    "beta for the belief": (
        "HardBootstrapping",
        lambda p, y: 0.4 * cross_entropy(p, y) + 0.6 * cross_entropy(p, p.argmax(axis=1)),
    ),
    "entropy with the other sign": (
        "SoftBootstrapping",
        lambda p, y: 0.6 * cross_entropy(p, y) + 0.4 * (p * np.log(p)).sum(axis=1),
    ),
    "transposed T": (
        "ImportanceReweighted",
        lambda p, y: of_label(p, y) / of_label(p @ T, y) * cross_entropy(p, y),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_equation_is_rejected(what):
    name, equation = WRONG[what]
    with pytest.raises(AssertionError):
        agree(EQUATIONS[name][0], equation)
