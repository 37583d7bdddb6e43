"""`check.label_noise`: conventions are found out, right code passes, published mistakes are rejected by name."""

from importlib.util import find_spec

import implementations as library
import numpy as np
import profiles
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


@pytest.mark.slow
def test_conventions_and_kinds_are_found():
    for loss, text in (
        (library.forward_value, "forward correction of logits and labels, T with columns"),
        (forward_by_rows, "forward correction of logits and labels, T with rows"),
        (library.backward_value, "backward correction of logits and labels, T with columns"),
        (backward_by_rows, "backward correction of logits and labels, T with rows"),
        (lambda p, y, T: -np.log((p @ T.T)[np.arange(len(y)), y]), "forward correction of probabilities and labels"),
    ):
        report = label_noise.verify(loss, examples=15)
        assert text in report.title and report, report


@pytest.mark.slow
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
    profiles.thinned(
        [
            (clamped_inverse, "backward", "is unbiased"),
            (clipped_probability, "backward", "falls without bound"),
            (unnormalised_scores, "forward", "value is the noisy cross entropy"),
            (
                lambda z, y, T: library.forward_value(log_softmax(z) ** 2, y, T),
                "forward",
                "no noise gives cross entropy",
            ),
        ]
    ),
)
def test_wrong_losses_are_rejected(wrong, kind, line):
    assert label_noise.verify(wrong, kind=kind, examples=30)[line].status == "failed"


def mean_of_one_hot(z, Y, T):
    """Labels as rows of an identity matrix; T[noisy, true]."""
    with np.errstate(divide="ignore"):
        joint = log_softmax(z)[:, None] + np.log(T)
    return -(np.logaddexp.reduce(joint, axis=2)[Y == 1]).mean()


def in_float32(loss):
    return lambda z, y, T: loss(z.astype(np.float32), y, T.astype(np.float32))


def naive_in_float32(z, y, T):
    """It clips nothing, but p underflows at once."""
    p = np.exp(log_softmax(z.astype(np.float32)))
    return -np.log((p @ T.T.astype(np.float32))[np.arange(len(y)), y])


def of_two_classes(z, y, T):
    """Natarajan's: with two classes and two rates."""
    rate = np.array([T[1, 0], T[0, 1]])
    n, L = np.arange(len(z)), -log_softmax(z)
    if z.shape[1] != 2:
        raise ValueError("two classes only")
    return ((1 - rate[1 - y]) * L[n, y] - rate[y] * L[n, 1 - y]) / (1 - rate.sum())


def of_two_classes_with_one_rate_twice(z, y, T):
    rate = np.array([T[1, 0], T[0, 1]])
    n, L = np.arange(len(z)), -log_softmax(z)
    return ((1 - rate[y]) * L[n, y] - rate[y] * L[n, 1 - y]) / (1 - rate.sum())


@pytest.mark.parametrize(
    ("loss", "options", "text"),
    [
        (mean_of_one_hot, {}, "forward correction of logits and one-hot labels, T with columns"),
        (lambda z, Y, T: mean_of_one_hot(z, Y, T.T), {}, "logits and one-hot labels, T with rows"),
        (in_float32(library.forward_value), {}, "logits and labels, T with columns that sum to 1, float32"),
        (in_float32(library.backward_value), {}, "backward correction of logits and labels, T with col"),
        (of_two_classes, {"classes": 2}, "backward correction of logits and labels, T with columns"),
        (lambda z, y, T: library.forward_value(z, y, T)[:, None], {}, "forward correction of logits and labels"),
        (lambda z, y, T: library.forward_value(z, y, T).sum(), {"classes": 10}, "T with columns"),
    ],
)
def test_right_losses_of_other_styles(loss, options, text):
    report = label_noise.verify(loss, examples=8, **options)
    assert text in report.title and report, report


def accumulates(z, y, T):
    """T grows from sample to sample, so that the mean of a batch is not that of its samples."""
    losses = []
    for n in range(len(z)):
        T = T + 0.05 * n
        losses.append(-np.log(T[y[n]] @ np.exp(log_softmax(z[n : n + 1]))[0]))
    return np.mean(losses)


def mean_over_every_pair(z, y, T):
    """(N, 1) times (N,) is (N, N)."""
    return (library.forward_value(z, y, T)[:, None] * np.arange(1, len(z) + 1)).mean()


@pytest.mark.parametrize(
    ("loss", "options", "line"),
    profiles.thinned(
        [
            (accumulates, {}, "a batch"),
            (mean_over_every_pair, {}, "a batch"),
            (naive_in_float32, {"kind": "forward"}, "extreme logits are survived"),
            (in_float32(clipped_probability), {"kind": "backward"}, "falls without bound"),
            (of_two_classes_with_one_rate_twice, {"classes": 2}, "is unbiased"),
            (lambda z, y, T: library.forward_value(z, y, T.T.copy()), {"convention": "columns"}, "convention"),
        ]
    ),
)
def test_wrong_losses_of_other_styles(loss, options, line):
    assert label_noise.verify(loss, examples=15, **options)[line].status == "failed"


@pytest.mark.parametrize(("reduce", "divide"), [("mean", False), ("sum", True), (None, True)])
def test_a_gradient_that_is_reduced_unlike_its_loss(reduce, divide):
    def loss(z, y, T):
        each = library.forward_value(z, y, T)
        return each if reduce is None else getattr(each, reduce)()

    def over_N(z, y, T):
        return library.forward_grad(z, y, T) / len(z)

    gradients = (over_N, library.forward_grad) if divide else (library.forward_grad, over_N)
    wrong, right = (label_noise.verify(loss, grad=grad, examples=2) for grad in gradients)
    wrong = wrong["a batch"]
    assert wrong.status == "failed" and "but its gradient is not those of its samples" in wrong.detail
    assert right["a batch"].status == "ok", right


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


@pytest.mark.slow
def test_noise():
    assert label_noise.verify_noise(noise.corrupt, examples=10).check()

    def by_rows(y, T, rng):
        return np.array([rng.choice(len(T), p=T[j]) for j in y])

    assert "rows" in label_noise.verify_noise(by_rows, examples=4).title

    def flipped_twice(y, T, rng):
        return by_rows(by_rows(y, T, rng), T, rng)

    report = label_noise.verify_noise(flipped_twice, examples=4)
    assert {"convention", "labels flip at the given rates"} <= {line.name for line in report.failed}


@pytest.mark.slow
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
        (lambda z, y, T: np.full(len(z), np.inf), {}, "should give a finite number.* none is finite"),
        (lambda z, y: z, {}, "should give a finite number.* it raised TypeError"),
        (of_two_classes, {}, "it raised ValueError: two classes only.* classes= sets another number"),
        (library.forward_value, {"classes": 1}, "classes=1 should be at least 2"),
    ],
)
def test_careless_arguments(function, options, message):
    with pytest.raises(ValueError, match=message):
        label_noise.verify(function, **options)


def test_careless_estimators_and_generators():
    with pytest.raises(ValueError, match=r"should give T \(3, 3\); it raised KeyError"):
        label_noise.verify_estimator(lambda q, y: {}["T"])
    with pytest.raises(ValueError, match=r"it gave the shape \(3,\)"):
        label_noise.verify_estimator(lambda q: q.mean(axis=0))
    with pytest.raises(ValueError, match="it raised TypeError"):
        label_noise.verify_noise(lambda y, T: y)


def test_an_estimator_in_float32():
    def anchors(q):
        q = q.astype(np.float32)
        return np.stack([q[q[:, j].argmax()] for j in range(q.shape[1])], axis=1)

    report = label_noise.verify_estimator(anchors, examples=8)
    assert report["anchors are exact"].status == "ok", report
    assert not label_noise.verify_estimator(lambda q: anchors(q) ** 1.1, kind="anchor", examples=8)


def test_noise_that_only_symmetric_matrices_forgive():
    def pairs_swapped(y, T, rng):
        return np.array([rng.choice(len(T), p=T[j] / T[j].sum()) for j in y])  # rows of a T whose columns sum to 1

    report = label_noise.verify_noise(pairs_swapped, "columns", examples=4)
    assert report["convention"].status == "failed", report
