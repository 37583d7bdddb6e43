"""`check.label_noise`: conventions are found out, right code passes, published mistakes are rejected by name."""

from importlib.util import find_spec

import implementations as library
import numpy as np
import pytest

from scratchnoise import estimate, noise
from scratchnoise.check import label_noise


def log_softmax(z):
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def forward_by_rows(z, y, T):
    """The mean over the batch; T[true, noisy]. In logarithms, so that nothing underflows."""
    with np.errstate(divide="ignore"):
        joint = log_softmax(z) + np.log(T[:, y]).T
    return -np.logaddexp.reduce(joint, axis=1).mean()


def forward_grad_by_rows(z, y, T):
    p = np.exp(log_softmax(z))
    r = p * T[:, y].T
    return (p - r / r.sum(axis=1, keepdims=True)) / len(z)


def backward_by_rows(z, y, T):
    return -(np.linalg.inv(T)[y] * log_softmax(z)).sum(axis=1)


def test_conventions_and_kinds_are_found():
    for loss, text in (
        (library.forward_value, "forward correction of logits, T with columns"),
        (forward_by_rows, "forward correction of logits, T with rows"),
        (library.backward_value, "backward correction of logits, T with columns"),
        (backward_by_rows, "backward correction of logits, T with rows"),
        (lambda p, y, T: -np.log((p @ T.T)[np.arange(len(y)), y]), "forward correction of probabilities, T with col"),
    ):
        report = label_noise.verify(loss, examples=15)
        assert text in report.title and report, report


def test_gradients_are_checked_as_well():
    report = label_noise.verify(forward_by_rows, grad=lambda z, y, T: -forward_grad_by_rows(z, y, T), examples=10)
    assert {line.name for line in report.failed} >= {"gradient is p minus the posterior"}
    right = label_noise.verify(library.forward_value, grad=library.forward_grad, examples=10)
    assert right["gradient is p minus the posterior"].status == "ok" and right, right
    assert label_noise.verify(library.backward_value, grad=library.backward_grad, examples=10)


def test_a_wrong_claim_is_a_failure():
    report = label_noise.verify(backward_by_rows, convention="columns", examples=10)
    assert "right for rows that sum to 1, not for columns" in report["convention"].detail
    assert report["is unbiased"].status == "failed"


def clamped_inverse(z, y, T):
    return -(np.clip(np.linalg.inv(T), 0, 1).T[y] * log_softmax(z)).sum(axis=1)


def clipped_probability(z, y, T):
    p = np.clip(np.exp(log_softmax(z)), 1e-7, 1)
    return -(np.linalg.inv(T).T[y] * np.log(p)).sum(axis=1)


def unnormalised_scores(z, y, T):
    return -log_softmax(z @ T.T)[np.arange(len(y)), y]


@pytest.mark.parametrize(
    ("wrong", "kind", "line"),
    [
        (clamped_inverse, "backward", "is unbiased"),
        (clipped_probability, "backward", "falls without bound"),
        (unnormalised_scores, "forward", "value is the noisy cross entropy"),
        (lambda z, y, T: library.forward_value(log_softmax(z) ** 2, y, T), "forward", "no noise gives cross entropy"),
    ],
)
def test_wrong_losses_are_rejected(wrong, kind, line):
    assert label_noise.verify(wrong, kind=kind, examples=30)[line].status == "failed"


def test_estimators():
    for right in (estimate.confident_joint, lambda q: estimate.anchor_quantile(q, 1.0)):
        report = label_noise.verify_estimator(right, examples=10)
        assert report and "columns" in report.title, report
    by_rows = label_noise.verify_estimator(lambda q, y: np.asarray(estimate.confident_joint(q, y)).T, examples=10)
    assert by_rows and "rows" in by_rows.title

    def a_view(q):
        q[:] = q / 2
        return np.stack([q[q[:, j].argmax()] for j in range(q.shape[1])], axis=1)

    assert label_noise.verify_estimator(a_view, examples=10)["inputs are left alone"].status == "failed"


def test_noise():
    assert label_noise.verify_noise(noise.corrupt, examples=10).check()

    def by_rows(y, T, rng):
        return np.array([rng.choice(len(T), p=T[j]) for j in y])

    assert "rows" in label_noise.verify_noise(by_rows, examples=4).title

    def flipped_twice(y, T, rng):
        return by_rows(by_rows(y, T, rng), T, rng)

    report = label_noise.verify_noise(flipped_twice, examples=4)
    assert {"convention", "labels flip at the given rates"} <= {line.name for line in report.failed}


@pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")
def test_a_torch_loss():
    import torch

    def forward(z, y, T):
        p = torch.softmax(z, dim=1) @ T
        return torch.nn.functional.nll_loss(torch.log(p), y)

    report = label_noise.verify(forward, kind="forward", array=torch.as_tensor, examples=10)
    assert "rows" in report.title and report["value is the noisy cross entropy"].status == "ok"
    assert report["extreme logits are survived"].status == "failed"  # p underflows: log-sum-exp is what it takes


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (3, {}, "should be a function"),
        (library.forward_value, {"convention": "row"}, "convention='row' is unknown; did you mean 'rows'"),
        (library.forward_value, {"kind": "both"}, "kind='both' is unknown"),
        (library.forward_value, {"examples": 0}, "examples=0 should be a whole number"),
        (lambda z, y, T: z / 0, {}, "loss raises, or is not finite"),
    ],
)
def test_careless_arguments(function, options, message):
    with pytest.raises(ValueError, match=message):
        label_noise.verify(function, **options)
