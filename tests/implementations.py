"""What the library implements, as plain functions in the signatures that the properties ask for."""

import numpy as np

from scratchnoise import estimate, kernels, noise
from scratchnoise import robust_losses as robust
from scratchnoise.check.properties import limits
from scratchnoise.losses import BackwardCorrected, CrossEntropy, ForwardCorrected, NatarajanCorrected
from scratchnoise.models import FlipCorrected, NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression
from scratchnoise.network import Network
from scratchnoise.network.layers import Dropout, Linear, ReLU
from scratchnoise.transition import TransitionMatrix

# --- losses, as functions of z, y and T ------------------------------------------------------------------


def backward_value(z, y, T):
    return BackwardCorrected(T).value(z, y)


def backward_grad(z, y, T):
    return BackwardCorrected(T).grad(z, y)


def backward_objective(z, y, T, risk, sample_weight):
    return BackwardCorrected(T, risk).objective(z, y, sample_weight)


def backward_objective_grad(z, y, T, sample_weight):
    return BackwardCorrected(T, "raw").objective_grad(z, y, sample_weight)


def forward_value(z, y, T):
    return ForwardCorrected(T).value(z, y)


def forward_grad(z, y, T):
    return ForwardCorrected(T).grad(z, y)


def forward_objective_grad(z, y, T, sample_weight):
    return ForwardCorrected(T).objective_grad(z, y, sample_weight)


def plain_objective_grad(z, y, T, sample_weight):
    return CrossEntropy().objective_grad(z, y, sample_weight)


def corrected_losses(loss_vector, T):
    return BackwardCorrected(T).weights @ loss_vector


def expected_backward(z, q, T):
    loss = BackwardCorrected(T)
    every = [loss.value(z, np.full(len(z), i)) for i in range(len(T))]
    return (q * np.stack(every, axis=1)).sum(axis=1)


def binary_value(z, y, rho_positive, rho_negative):
    return NatarajanCorrected(rho_positive, rho_negative).value(z, y)


def binary_value_from_T(z, y, rho_positive, rho_negative):
    return BackwardCorrected([[1 - rho_negative, rho_positive], [rho_negative, 1 - rho_positive]]).value(z, y)


# --- robust losses ------------------------------------------------------------------------------------------

SYMMETRIC = [robust.MeanAbsoluteError().value, robust.ReverseCrossEntropy(-3).value]
SYMMETRIC += [robust.NormalizedCrossEntropy().value, robust.ActivePassive(alpha=0.5).value]


def power_value(z, y, q):
    return robust.GeneralizedCrossEntropy(q).value(z, y)


def reweighted_value(z, y, T):
    return robust.ImportanceReweighted(T).value(z, y)


def flooded_objective_grad(z, y, level):
    return robust.Flooded(level=level).objective_grad(z, y)


# --- kernels of the softmax family, as functions of z, y and T ---------------------------------------------


def softmax_of(z, y, T):
    return kernels.softmax(z)


def log_softmax_of(z, y, T):
    return kernels.log_softmax(z)


def signed_value(z, y, T):
    return kernels.signed_cross_entropy(z, T[y])


def signed_grad(z, y, T):
    return kernels.signed_cross_entropy_grad(z, T[y])


def regression_value(z, y, T):
    """The loss of softmax regression's pass, one sample at a time: with w = I and b = 0 its logits are its features."""
    return np.array([one_step(z, y, T, n)[2] for n in range(len(z))])


def regression_grad(z, y, T):
    """The gradient of softmax regression's pass: one step of size 1 from b = 0 leads to b = -dz."""
    return np.stack([-one_step(z, y, T, n)[1] for n in range(len(z))])


def one_step(z, y, T, n):
    return kernels.linear_sgd_epoch(*one_sample(z, y, T, n), np.zeros(1, np.int64), 1, 1.0, 0.0)


def objective_value(z, y, T):
    """The loss of the full batch, one sample at a time, by the same w = I and b = 0."""
    return np.array([objective(z, y, T, n)[0] for n in range(len(z))])


def objective_grad(z, y, T):
    """The gradient of the full batch in b, which is dz."""
    return np.stack([objective(z, y, T, n)[2] for n in range(len(z))])


def objective(z, y, T, n):
    return kernels.linear_loss_grad(*one_sample(z, y, T, n))


def one_sample(z, y, T, n):
    """w, b, x, y, T and weight of a softmax regression whose logits are z[n]."""
    C, one = z.shape[1], slice(n, n + 1)
    x = np.where(np.isfinite(z[one]), z[one], np.finfo(z.dtype).min / 2)  # 0 * -inf would be NaN
    return np.eye(C, dtype=z.dtype), np.zeros(C, z.dtype), x, y[one], T, np.ones(1, z.dtype)


SOFTMAX_FAMILY = [
    softmax_of,
    log_softmax_of,
    signed_value,
    signed_grad,
    kernels.forward_cross_entropy,
    kernels.forward_cross_entropy_grad,
    regression_value,
    regression_grad,
    objective_value,
    objective_grad,
]

AT_THE_LIMITS = {
    limits.softmax_is_exact: [kernels.softmax],
    limits.log_softmax_is_exact: [kernels.log_softmax],
    limits.a_large_shift_changes_nothing: SOFTMAX_FAMILY,
    limits.signed_loss_is_exact: [kernels.signed_cross_entropy],
    limits.signed_gradient_is_exact: [kernels.signed_cross_entropy_grad],
    limits.forward_loss_is_exact: [kernels.forward_cross_entropy, regression_value, objective_value],
    limits.forward_gradient_is_exact: [kernels.forward_cross_entropy_grad, regression_grad, objective_grad],
}

# --- matrix, noise, estimators --------------------------------------------------------------------------------


def inverse(T):
    return TransitionMatrix(T).inverse()


def inverse_transition(T, prior):
    return TransitionMatrix(T).inverse_transition(prior)


def noise_floor(T):
    return TransitionMatrix(T).noise_floor


def information(T):
    return TransitionMatrix(T).information_fraction


def information_by_direction(T, p):
    return TransitionMatrix(T).information_fractions(p)


def corrupt_exactly(y, T, rng):
    return noise.corrupt(y, T, rng, exact_counts=True)


def argmax(q, y):
    return estimate.anchor_argmax(q)


def median(q, y):
    return estimate.anchor_quantile(q, 0.5)


def best_three(q, y):
    return estimate.anchor_top_k(q, 3)


def joint(q, y):
    return estimate.confident_joint(q, y).diagnostics["joint"]


# --- models ----------------------------------------------------------------------------------------------


SGD = {"solver": "sgd", "l2": 0}


def coefficients(model):
    return np.column_stack([model.coef_, model.intercept_])


def fit(X, y, T, sample_weight, seed):
    model = RobustSoftmaxRegression(T=T, **SGD, max_iter=3, batch_size=4, tol=0, random_state=seed)
    return coefficients(model.fit(X, y, sample_weight))


def fit_network(X, y, T, sample_weight, seed):
    network = Network([Linear(6), ReLU(), Dropout(0.5), Linear(len(T))])
    model = NeuralNetwork(network, "forward", T, epochs=2, batch_size=4, random_state=seed).fit(X, y, sample_weight)
    return np.concatenate([layer.params[key].ravel() for _, layer, key in model.network_.parameters()])


def fit_full_batch(X, y, T, sample_weight, seed):
    model = RobustSoftmaxRegression(T=T, solver="sgd", max_iter=4, batch_size=len(y), tol=0, l2=0.1, random_state=seed)
    return coefficients(model.fit(X, y, sample_weight))


def fit_robust_and_plain(X, y, T, seed):
    settings = {**SGD, "max_iter": 3, "batch_size": 4, "tol": 0, "random_state": seed}
    pair = RobustSoftmaxRegression(T, **settings), SoftmaxRegression(**settings)
    return tuple(coefficients(model.fit(X, y)) for model in pair)


def fit_one_step(X, y, T):
    model = RobustSoftmaxRegression(T=T, **SGD, max_iter=1, batch_size=len(y), learning_rate=1.0)
    return coefficients(model.fit(X, y))


def likelihoods(X, y, seed):
    model = RobustSoftmaxRegression(**SGD, max_iter=6, batch_size=len(y), learning_rate=0.05, tol=0, random_state=seed)
    return [-len(y) * row["loss"] for row in model.fit(X, y).history_]


class Oracle:
    """A classifier whose features are its posteriors."""

    def get_params(self, deep=True):
        return {}

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return X


def flip_back(mapping):
    def predict(q, T):
        C = len(T)
        model = FlipCorrected(Oracle(), T=T, mapping=mapping, prior=np.full(C, 1 / C))
        return model.fit(np.resize(q, (C, C)), np.arange(C)).predict_proba(q)

    predict.__name__ = f"flip_corrected_{mapping}"
    return predict
