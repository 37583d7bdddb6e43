"""Methods that the report names and did not run, and those that its readers look for next: the group "further"."""

from ..models import (
    AdaBoost,
    Bagging,
    CoTeaching,
    DecisionTree,
    KernelFisherEM,
    KMeansClassifier,
    KNeighbors,
    LabelNoiseEM,
    LogitBoost,
    NeuralNetwork,
    RobustSoftmaxRegression,
    SmoothBoost,
)
from ..robust_losses import Flooded, LabelSmoothing
from .methods import Method

FOREST = {"estimator": DecisionTree(max_features="sqrt"), "n_estimators": 101}
ROUNDS = {"ridge": 0.01, "tol": 1e-4, "max_iter": 50}
FULL_ROUNDS = 10  # each costs N D^2 + D^3 for every class
EM = {"covariance": "shared", **ROUNDS}
FISHER = {"n_components": 30, "ridge": 0.01, "tol": 1e-4, "max_iter": 50}
SPARSE = {"l1": 1e-3, "l2": 0.0, "tol": 1e-3, "max_iter": 100}
AT_LEAST = {"learning_rate": 0.01}  # the step of plain cross-entropy
BOUNDED = {"learning_rate": 0.05}  # bounded losses have smaller gradients
FLOOD = 1.0  # nats, a little below the noise floors of (38) and (39)
SHARPENED = -0.5  # each label keeps 1.5, and every class gives 0.5 / C back


def network(loss, **settings):
    """A method that trains the network with this loss."""
    return Method(NeuralNetwork, "network", {"loss": loss, **AT_LEAST, **settings})


FURTHER = {
    "Gaussian EM": Method(LabelNoiseEM, "unit", EM),
    "Gaussian EM (full)": Method(LabelNoiseEM, "unit", {**ROUNDS, "covariance": "full", "max_iter": FULL_ROUNDS}),
    "Gaussian EM (diagonal)": Method(LabelNoiseEM, "unit", {"covariance": "diagonal", **ROUNDS}),
    "Kernel Fisher EM": Method(KernelFisherEM, "unit", FISHER),
    "rMLR (sparse)": Method(RobustSoftmaxRegression, "unit", SPARSE, needs_T=True),
    "k-means": Method(KMeansClassifier, "unit", {"n_clusters": 10, "scaling": None}),
    "k-NN": Method(KNeighbors, "unit", {"n_neighbors": 51, "scaling": None}),
    "Decision tree": Method(DecisionTree, "unit", {}),
    "Bagging": Method(Bagging, "unit", {"n_estimators": 25}),
    "Random forest": Method(Bagging, "unit", FOREST),
    "AdaBoost": Method(AdaBoost, "unit", {"n_estimators": 100}),
    "SmoothBoost": Method(SmoothBoost, "unit", {"n_estimators": 100}),
    "LogitBoost": Method(LogitBoost, "unit", {"n_estimators": 50}),
    "NN generalized cross-entropy": network("generalized_cross_entropy", **BOUNDED),
    "NN mean absolute error": network("mean_absolute_error", **BOUNDED),
    "NN reverse cross-entropy": network("reverse_cross_entropy", **BOUNDED),
    "NN symmetric cross-entropy": network("symmetric_cross_entropy"),
    "NN normalized cross-entropy": network("normalized_cross_entropy", **BOUNDED),
    "NN active-passive": network("active_passive", **BOUNDED),
    "NN label smoothing": network("label_smoothing"),
    "NN negative label smoothing": network(LabelSmoothing(SHARPENED)),
    "NN bootstrapping (soft)": network("soft_bootstrapping"),
    "NN bootstrapping (hard)": network("hard_bootstrapping"),
    "NN early learning": network("early_learning"),
    "NN mixup": network("cross_entropy", mixup=0.3),
    "NN shifts": network("cross_entropy", augmentation="shift"),
    "NN shifts and mirrors": network("cross_entropy", augmentation="shift_flip"),
    "NN flooding": network(Flooded(level=FLOOD)),
    "NN averaged weights": network("cross_entropy", averaging="exponential"),
    "NN averaged weights (stochastic)": network("cross_entropy", averaging="stochastic"),
    "NN importance reweighting": Method(
        NeuralNetwork, "network", {"loss": "importance_reweighting", **AT_LEAST}, needs_T=True
    ),
    "NN co-teaching": Method(CoTeaching, "network", {"forget_rate": 0.5, **AT_LEAST}),
}
