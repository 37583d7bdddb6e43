"""Learning from wrong labels, written by hand.

    from scratchnoise import RobustSoftmaxRegression
    RobustSoftmaxRegression(T=T).fit(X, y_noisy).predict(X_test)

T[i, j] = P(noisy = i | true = j): columns sum to 1. Names are imported when they are first used, so importing the
package costs little more than importing NumPy.
"""

from importlib import import_module

from .backend import BackendError, backend  # at once: the function, not the module of the same name

__version__ = "0.2.0"

_HOME = {
    "TransitionMatrix": "transition",
    "SingularTransitionError": "transition",
    "IllConditionedTransitionWarning": "transition",
    "CrossEntropy": "losses",
    "ForwardCorrected": "losses",
    "BackwardCorrected": "losses",
    "NatarajanCorrected": "losses",
    "GeneralizedCrossEntropy": "robust_losses",
    "MeanAbsoluteError": "robust_losses",
    "ReverseCrossEntropy": "robust_losses",
    "SymmetricCrossEntropy": "robust_losses",
    "NormalizedCrossEntropy": "robust_losses",
    "ActivePassive": "robust_losses",
    "LabelSmoothing": "robust_losses",
    "SoftBootstrapping": "robust_losses",
    "HardBootstrapping": "robust_losses",
    "EarlyLearning": "robust_losses",
    "ImportanceReweighted": "robust_losses",
    "Flooded": "robust_losses",
    "Network": "network",
    "TrainingDiverged": "network.training",
    "find_label_errors": "label_errors",
    "LabelErrors": "label_errors",
    "estimate_transition": "estimate",
    "UntrustworthyTransitionWarning": "estimate",
    "SoftmaxRegression": "models",
    "RobustSoftmaxRegression": "models",
    "FlipCorrected": "models",
    "NeuralNetwork": "models",
    "CoTeaching": "models",
    "AdaBoost": "models",
    "Bagging": "models",
    "DecisionTree": "models",
    "LogitBoost": "models",
    "SmoothBoost": "models",
    "LabelNoiseEM": "models",
    "KernelFisherEM": "models",
    "KMeansClassifier": "models",
    "KNeighbors": "models",
    "PatchFeatures": "models",
    "load": "models",
    "noisy_scorer": "models",
    "save": "models",
}
_MODULES = ("check", "data", "estimate", "instance_noise", "kernels", "losses", "models", "noise")
_MODULES += ("robust_losses", "study")

__all__ = ["BackendError", "__version__", "backend", *_HOME, *_MODULES]


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
