"""A made-up study: enough rows to fill every table, with numbers that no method produced."""

import numpy as np
import pytest

T38 = [[0.5, 0.2, 0.3], [0.3, 0.5, 0.2], [0.2, 0.3, 0.5]]
T39 = [[0.4, 0.3, 0.3], [0.3, 0.4, 0.3], [0.3, 0.3, 0.4]]
CLASSES = {
    "fashion-mnist": ["t-shirt", "trouser", "dress"],
    "garments": ["t-shirt", "trouser", "dress"],
    "cifar10": ["airplane", "automobile", "cat"],
}
LINEAR = ("MLR", "MLR (flipped, as printed)", "MLR (flipped, inverse)", "rMLR", "rMLR (tuned)", "rMLR (learnt rates)")
NETWORKS = ("NN", "NN backward (raw)", "NN backward", "NN forward")
ESTIMATORS = ("T anchor (argmax)", "T anchor (quantile)", "T anchor (top k)", "T confident joint", "T rMLR")


def _measurement(method="MLR", repetition=0, epoch=None, accuracy=0.9, **more):
    row = {
        "data": "fashion-mnist",
        "noise": "0.5",
        "method": method,
        "repetition": repetition,
        "epoch": epoch,
        "accuracy": accuracy,
        "seconds": 2.5,
        "seed": 5328,
        "backend": "numpy",
        "version": "0.1.0",
        "preset": "paper",
    }
    return {**row, **more}


def _network(method, repetition, rng):
    """Thirty epochs; two raw runs die in epoch 11."""
    dies = method == "NN backward (raw)" and repetition in (2, 5)
    epochs = np.arange(1, 31)
    level = {"NN": 0.93, "NN backward (raw)": 0.88, "NN backward": 0.91, "NN forward": 0.925}[method]
    curve = level - 0.5 * np.exp(-epochs / 1.5) + rng.normal(0, 0.008, 30)
    if method == "NN":
        curve -= 0.3 * np.clip((epochs - 9) / 21, 0, 1)
    loss = 1.03 + 0.07 * np.exp(-epochs / 4) + rng.normal(0, 0.003, 30)
    loss -= {"NN": 0.35, "NN backward": 0.08}.get(method, 0) * np.clip((epochs - 8) / 22, 0, 1)
    history = {"test_accuracy": curve, "forward_loss": loss, "train_loss": loss.copy()}
    if dies:
        history = {name: values[:10] for name, values in history.items()}
    return {name: values.tolist() for name, values in history.items()}, dies


def _setting(data, noise, T, rng, repetitions):
    where = {"data": data, "noise": noise, "classes": CLASSES[data]}
    shares = {"clean": [1 / 3] * 3, "noisy": rng.dirichlet([9000] * 3).tolist()}
    yield _measurement("priors", accuracy=None, priors=shares, **where)
    for repetition in range(repetitions):
        for place, method in enumerate(LINEAR):
            yield _measurement(method, repetition, None, 0.6 + 0.05 * place + rng.normal(0, 0.01), **where)
        for method in NETWORKS:
            history, dies = _network(method, repetition, rng)
            for epoch in (2, 7) if dies else (2, 7, 12, 30):
                accuracy = history["test_accuracy"][epoch - 1]
                last = {"history": history} if epoch == 30 else {}
                yield _measurement(method, repetition, epoch, accuracy, seconds=3.0 * epoch, **last, **where)
            if dies:
                stopped = "the loss was no longer finite in epoch 11"
                yield _measurement(method, repetition, 11, None, history=history, stopped=stopped, **where)
        for place, method in enumerate(ESTIMATORS):
            T_hat = np.array(T) + rng.normal(0, 0.01 + 0.01 * place, (3, 3))
            T_hat /= T_hat.sum(axis=0)
            yield _measurement(method, repetition, None, None, T_hat=T_hat.tolist(), T_true=T, **where)


@pytest.fixture
def measurement():
    """Make one row: measurement(method, repetition, epoch, accuracy, **more)."""
    return _measurement


@pytest.fixture(scope="session")
def study():
    rng = np.random.default_rng(0)
    rows = []
    for data, noise, T in (("fashion-mnist", "0.5", T38), ("fashion-mnist", "0.6", T39), ("cifar10", "hidden", T39)):
        rows += _setting(data, noise, T, rng, repetitions=6)
    for data in ("fashion-mnist", "cifar10"):
        for fold in range(5):
            rows.append(_measurement("MLR (clean)", fold, None, 0.95 + rng.normal(0, 0.01), data=data))
            rows.append(_measurement("NN (clean)", fold, 7, 0.96 + rng.normal(0, 0.01), data=data))
    return rows


@pytest.fixture(scope="session")
def garments():
    """Three repetitions on the embedded data."""
    return list(_setting("garments", "0.6", T39, np.random.default_rng(1), repetitions=3))
