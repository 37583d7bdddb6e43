"""Exercises 01 to 03: softmax, cross-entropy and its gradient, one pass of stochastic gradient descent."""

import numpy as np
from hypothesis import strategies as st

from ... import kernels
from ...check import strategies as s
from ...check.properties import kernels as kernel_properties
from ...losses import CrossEntropy
from ..checker.failure import Failure
from ..checker.steps import FORM, definition, definition_on, finite_differences, holds, library, step
from ..exercise import Exercise, Function
from .inputs import drawn, extreme, larger

SMALLEST, DIGITS = 1e-290, 1e-7  # probabilities below the first are as good as 0; relative error of the others


def softmax_backward(dy, z):
    """Adjoint of `kernels.softmax`, which the library has no use for: it always meets a logarithm first."""
    p = kernels.softmax(z)
    return p * (dy - (dy * p).sum(axis=1, keepdims=True))


def _softmax(student, dy, z):
    return kernels.softmax, student, (z,), dy


def _cross_entropy(student, z, y, dy):
    def forward(z):
        return CrossEntropy().value(z, y)

    return forward, lambda dy, z: dy[:, None] * student(z, y), (z,), dy


def _linear(student, dy, x):
    w, b = np.zeros((x.shape[1], dy.shape[1])), np.zeros(dy.shape[1])
    return lambda w, b: kernels.linear_forward(x, w, b), lambda dy, w, b: student(dy, x), (w, b), dy


def per_sample(N, C):
    """An upstream for one loss a sample."""
    return s.quarter_arrays((N,))


def features(N, C):
    """x (N, D) with two features more than classes."""
    return s.quarter_arrays((N, C + 2))


@step("definition")
def small_probabilities(spec, student, trial):
    """A probability of 1e-13 has its own digits: whoever adds a small number to be safe gets another one."""

    def body(z):
        yours, right = np.asarray(student(z)), kernels.softmax(z)
        wrong = np.abs(yours - right) > SMALLEST + DIGITS * right
        if wrong.any():
            at = tuple(int(k) for k in np.argwhere(wrong)[0])
            raise Failure(f"softmax: entry {list(at)} should be {right[at]:.6g}, yours is {yours[at]:.6g}.")

    trial.hunt(extreme("z"), body)


SOFTMAX = Function(
    name="softmax",
    tag="Eq. (22).",
    signature="softmax(z)",
    equation="softmax(z)_c = exp(z_c) / sum_l exp(z_l)",
    reference=kernels.softmax,
    inputs=drawn("z"),
    larger=larger("z"),
    example={"z": np.log([[1.0, 3.0], [2.0, 2.0]])},
    checks=(
        *FORM,
        definition,
        definition_on(extreme("z")),
        small_probabilities,
        holds(kernel_properties.softmax_ignores_a_shift),
        library,
    ),
    probes=(
        {"z": np.array([[0.0, 1000.0]])},
        {"z": np.array([[0.0, 0.0], [0.0, 1000.0]])},
        {"z": np.array([[990.0, 992.0]])},
    ),
    keeps_dtype=True,
)

SOFTMAX_BACKWARD = Function(
    name="softmax_backward",
    signature="softmax_backward(dy, z)",
    equation="dz_c = p_c (dy_c - sum_k p_k dy_k),  p = softmax(z)",
    reference=softmax_backward,
    inputs=drawn("dy z", dy=s.logits),
    larger=larger("dy z"),
    example={"dy": np.array([[1.0, 0.0]]), "z": np.log([[1.0, 3.0]])},
    checks=(*FORM, finite_differences(_softmax), definition_on(extreme("dy z", dy=s.logits)), library),
)

CROSS_ENTROPY = Function(
    name="cross_entropy",
    tag="Eq. (23).",
    signature="cross_entropy(z, y)",
    equation="L(y, z) = -log softmax(z)_y",
    reference=CrossEntropy().value,
    inputs=drawn("z y"),
    larger=larger("z y"),
    example={"z": np.log([[1.0, 3.0], [2.0, 2.0]]), "y": np.array([1, 0])},
    checks=(*FORM, definition, definition_on(extreme("z y")), library),
    probes=({"z": np.array([[0.0, 1000.0]]), "y": np.array([0])},),
    keeps_dtype=True,
)

CROSS_ENTROPY_GRAD = Function(
    name="cross_entropy_grad",
    tag="Eq. (11).",
    signature="cross_entropy_grad(z, y)",
    equation="dL / dz = softmax(z) - e_y,  e_y = 1 at the label, 0 elsewhere",
    reference=CrossEntropy().grad,
    inputs=drawn("z y"),
    larger=larger("z y"),
    example={"z": np.log([[1.0, 3.0], [2.0, 2.0]]), "y": np.array([1, 0])},
    checks=(
        *FORM,
        finite_differences(_cross_entropy, drawn("z y dy", dy=per_sample)),
        definition_on(extreme("z y")),
        library,
    ),
)

LINEAR_BACKWARD_WEIGHTS = Function(
    name="linear_backward_weights",
    tag="Eq. (11).",
    signature="linear_backward_weights(dy, x)",
    equation="dw = x^T dy,  db = sum_n dy_n",
    reference=kernels.linear_backward_weights,
    inputs=drawn("dy x", dy=s.logits, x=features),
    larger=larger("dy x", x=lambda rng, N, C: rng.standard_normal((N, C + 5))),
    example={"dy": np.array([[1.0, -1.0], [0.0, 2.0]]), "x": np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])},
    checks=(*FORM, finite_differences(_linear), library),
)


def sgd_epoch(w, b, x, y, order, batch_size, learning_rate, l2):
    """`kernels.linear_sgd_epoch` without noise and without weights."""
    T, ones = np.eye(len(b), dtype=w.dtype), np.ones(len(y), w.dtype)
    return kernels.linear_sgd_epoch(w, b, x, y, T, ones, order, batch_size, learning_rate, l2)


@st.composite
def passes(draw, sizes):
    """Arguments of a pass: batches of one sample up to more than all, often with a remainder. sizes: of N, D and C."""
    N, D, C = draw(sizes)
    w, b, x = (draw(s.quarter_arrays(shape, -2, 2)) for shape in ((D, C), (C,), (N, D)))
    order = np.array(draw(st.permutations(range(N))), np.int64)
    return {
        **{"w": w, "b": b, "x": x, "y": draw(s.labels(N, C)), "order": order},
        "batch_size": draw(st.integers(1, N + 1)),
        "learning_rate": draw(st.sampled_from([1.0, 0.5])),
        "l2": draw(st.sampled_from([0.0, 0.5])),
    }


@st.composite
def far_apart(draw):
    """A single batch whose logits exp cannot take; with one batch they are exact, so no rounding decides."""
    inputs = draw(passes(s.distinct_sizes(3, 2, 4)))
    return inputs | {"x": 512 * inputs["x"], "batch_size": len(inputs["y"])}


def larger_pass(rng):
    """One pass over 53 samples, larger than anything that is shown."""
    N, D, C = 53, 7, 5
    return {
        **{"w": rng.standard_normal((D, C)), "b": rng.standard_normal(C), "x": rng.standard_normal((N, D))},
        **{"y": rng.integers(0, C, N), "order": rng.permutation(N)},
        **{"batch_size": 12, "learning_rate": 0.1, "l2": 0.1},
    }


LINEAR_SGD_EPOCH = Function(
    name="linear_sgd_epoch",
    tag="Eq. (11).",
    signature="linear_sgd_epoch(w, b, x, y, order, batch_size, learning_rate, l2)",
    equation="for each batch B:  w <- w - learning_rate (1/|B| sum_n x_n dz_n^T + l2 w),  b likewise without l2",
    reference=sgd_epoch,
    inputs=(passes(st.sampled_from([(1, 1, 2), (2, 1, 2), (3, 1, 2)])), passes(s.distinct_sizes(3, 2, 4))),
    larger=larger_pass,
    example={
        **{"w": np.zeros((1, 2)), "b": np.zeros(2), "x": np.array([[2.0], [4.0]]), "y": np.array([1, 0])},
        **{"order": np.array([0, 1]), "batch_size": 2, "learning_rate": 1.0, "l2": 0.0},
    },
    checks=(*FORM, definition, definition_on(far_apart()), library),
)

EXERCISES = (
    Exercise(
        "01",
        "softmax",
        "probabilities from logits, and the way back",
        "Eq. (22).",
        (SOFTMAX, SOFTMAX_BACKWARD),
        (
            "softmax: what happens to the result if the same number is subtracted from every logit of a row? Try it "
            "on paper with exp. softmax_backward: p_c depends on every logit of its row, so every dy_k reaches every "
            "dz_c.",
            "softmax: subtract the largest logit of each row, so that the largest exponential is 1; use axis=1 and "
            "keepdims=True twice. softmax_backward: the Jacobian is dp_k / dz_c = p_k ((k == c) - p_c); write down "
            "sum_k dy_k dp_k / dz_c.",
            "softmax: e_c = exp(z_c - max_l z_l), then divide by the sum of the row. softmax_backward: the sum of "
            "hint 2 is p_c dy_c - p_c sum_k p_k dy_k; one inner product for each row, then one product with p.",
        ),
    ),
    Exercise(
        "02",
        "cross_entropy",
        "the loss of softmax regression and its gradient",
        "Eq. (11). Eq. (23).",
        (CROSS_ENTROPY, CROSS_ENTROPY_GRAD, LINEAR_BACKWARD_WEIGHTS),
        (
            "cross_entropy: simplify log(exp(z_y) / sum_l exp(z_l)) before you write any code. The gradient: how much "
            "does L change when one logit rises, the label's or another?",
            "cross_entropy: log softmax = z_y - log sum_l exp(z_l), and the sum is safe after subtracting the largest "
            "logit. Gradient: the first term gives e_y, the second one softmax, by exercise 01. Weights: z = x w + "
            "b, so dz_nf / dw_df = x_nd.",
            "cross_entropy: pick entry y_n of row n of log softmax with two index arrays, and change the sign. "
            "Gradient: copy the probabilities and subtract 1 at the label. Weights: dw_df = sum_n x_nd dy_nf is one "
            "matrix product, db a sum over the samples.",
        ),
    ),
    Exercise(
        "03",
        "sgd_epoch",
        "one pass of stochastic gradient descent",
        "Eq. (11).",
        (LINEAR_SGD_EPOCH,),
        (
            "Write the pass as a loop over the starts of the batches: range(0, len(order), batch_size). The last batch "
            "may be shorter. What is the loss of a batch before its step, and what are w and b after it?",
            "order holds indices of samples: batch = order[start : start + batch_size] picks x[batch] and y[batch]. "
            "Sum the losses of all samples as you meet them, each under the weights before its batch's step, and "
            "divide once at the end.",
            "With p = softmax(x[batch] w + b): dz = (p - e_y) / len(batch), dw = x[batch]^T dz + l2 w, db = the sum of "
            "dz. Make new arrays, w = w - learning_rate * dw, so that the caller's w stays. Return w, b, loss / N.",
        ),
    ),
)
