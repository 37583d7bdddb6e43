"""Losses that resist wrong labels without knowing T, by shape; and importance reweighting, which takes T.

They are losses as in `losses.py`, so every network takes them: NeuralNetwork(loss="generalized_cross_entropy"), or an
object with its own settings, NeuralNetwork(loss=GeneralizedCrossEntropy(power=0.5)).
"""

from .bounded import GeneralizedCrossEntropy, MeanAbsoluteError, ReverseCrossEntropy, SymmetricCrossEntropy
from .early_learning import EarlyLearning
from .flooded import Flooded
from .normalized import ActivePassive, NormalizedCrossEntropy
from .reweighted import ImportanceReweighted
from .soft_labels import HardBootstrapping, LabelSmoothing, SoftBootstrapping

NAMED = {  # name for NeuralNetwork(loss=...) -> a loss that has a default for every setting
    "generalized_cross_entropy": GeneralizedCrossEntropy,
    "mean_absolute_error": MeanAbsoluteError,
    "reverse_cross_entropy": ReverseCrossEntropy,
    "symmetric_cross_entropy": SymmetricCrossEntropy,
    "normalized_cross_entropy": NormalizedCrossEntropy,
    "active_passive": ActivePassive,
    "label_smoothing": LabelSmoothing,
    "soft_bootstrapping": SoftBootstrapping,
    "hard_bootstrapping": HardBootstrapping,
    "early_learning": EarlyLearning,
}

__all__ = ["NAMED", "ImportanceReweighted", "Flooded", *(cls.__name__ for cls in NAMED.values())]
