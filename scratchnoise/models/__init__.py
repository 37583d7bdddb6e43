"""Models: fit, predict_proba, predict, score; and what learns features for them: fit, transform."""

from .co_teaching import CoTeaching
from .ensembles import AdaBoost, Bagging, DecisionTree, LogitBoost, SmoothBoost
from .flip_corrected import FlipCorrected
from .kernel_fisher_em import KernelFisherEM
from .kmeans import KMeansClassifier
from .label_noise_em import LabelNoiseEM
from .neighbours import KNeighbors
from .neural_network import NeuralNetwork
from .patch_features import PatchFeatures
from .robust_softmax_regression import RobustSoftmaxRegression
from .saving import load, save
from .scoring import noisy_scorer
from .softmax_regression import SoftmaxRegression

__all__ = [
    "AdaBoost",
    "Bagging",
    "CoTeaching",
    "DecisionTree",
    "FlipCorrected",
    "KMeansClassifier",
    "KNeighbors",
    "KernelFisherEM",
    "LabelNoiseEM",
    "LogitBoost",
    "NeuralNetwork",
    "PatchFeatures",
    "RobustSoftmaxRegression",
    "SmoothBoost",
    "SoftmaxRegression",
    "load",
    "noisy_scorer",
    "save",
]
