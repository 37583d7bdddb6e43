"""Models: fit, predict_proba, predict, score."""

from .co_teaching import CoTeaching
from .flip_corrected import FlipCorrected
from .label_noise_em import LabelNoiseEM
from .neural_network import NeuralNetwork
from .robust_softmax_regression import RobustSoftmaxRegression
from .saving import load, save
from .scoring import noisy_scorer
from .softmax_regression import SoftmaxRegression

__all__ = [
    "CoTeaching",
    "FlipCorrected",
    "LabelNoiseEM",
    "NeuralNetwork",
    "RobustSoftmaxRegression",
    "SoftmaxRegression",
    "load",
    "noisy_scorer",
    "save",
]
