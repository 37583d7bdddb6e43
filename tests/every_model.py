"""Every public model, small enough to be fitted in an instant, and images with noisy labels to fit it to."""

import numpy as np

from scratchnoise import models
from scratchnoise.estimate import clone
from scratchnoise.noise import corrupt
from scratchnoise.robust_losses import NAMED

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
SEED = {"random_state": 0}
ENSEMBLE = {"n_estimators": 3, **SEED}
NETWORK = {"network": "mlp", "epochs": 3, "batch_size": 30, **SEED}
AUGMENTED = {"averaging": "exponential", "augmentation": "shift_flip", "mixup": 0.2}


def network(**settings):
    return models.NeuralNetwork(**{**NETWORK, **settings})


EVERY_MODEL = {
    "SoftmaxRegression": models.SoftmaxRegression(**SEED),
    "RobustSoftmaxRegression": models.RobustSoftmaxRegression(T, **SEED),
    "RobustSoftmaxRegression, learnt T": models.RobustSoftmaxRegression(max_iter=20, **SEED),
    "RobustSoftmaxRegression, l1": models.RobustSoftmaxRegression(T, l1=0.01, **SEED),
    "FlipCorrected": models.FlipCorrected(models.SoftmaxRegression(**SEED), **SEED),
    "NeuralNetwork": network(loss="forward", T=T),
    "NeuralNetwork, augmented": network(network="auto", epochs=1, **AUGMENTED),
    **{f"NeuralNetwork, {name}": network(loss=name) for name in NAMED},
    "NeuralNetwork, importance_reweighting": network(loss="importance_reweighting", T=T),
    "CoTeaching": models.CoTeaching(forget_rate=0.2, **NETWORK),
    "LabelNoiseEM": models.LabelNoiseEM(),
    "KernelFisherEM": models.KernelFisherEM(**SEED),
    "KMeansClassifier": models.KMeansClassifier(**SEED),
    "KNeighbors": models.KNeighbors(),
    "DecisionTree": models.DecisionTree(max_depth=3, **SEED),
    "Bagging": models.Bagging(**ENSEMBLE),
    "Bagging, linear": models.Bagging(models.SoftmaxRegression(**SEED), **ENSEMBLE),
    "AdaBoost": models.AdaBoost(**ENSEMBLE),
    "SmoothBoost": models.SmoothBoost(**ENSEMBLE),
    "LogitBoost": models.LogitBoost(**ENSEMBLE),
    "PatchFeatures": models.PatchFeatures(n_centres=5, size=2, n_patches=200, **SEED),
}


def noisy_images():
    """x (150, 6, 6, 1) float32 and noisy labels y (150,): a bar at another place for each of three classes."""
    rng = np.random.default_rng(4)
    y = np.arange(150) % 3
    x = 0.5 * rng.normal(size=(150, 6, 6, 1))
    x[np.arange(150), 2 * y] += 1
    return x.astype(np.float32), corrupt(y, T, rng)


def told(name, x, y):
    """What a model that learnt from images and labels says of the images: probabilities, or features."""
    model = EVERY_MODEL[name]
    takes_images = name == "PatchFeatures" or model.get_params().get("network") == "auto"
    x = x if takes_images else x.reshape(len(x), -1)
    fitted = clone(model).fit(x, y)
    return fitted.transform(x) if name == "PatchFeatures" else fitted.predict_proba(x)
