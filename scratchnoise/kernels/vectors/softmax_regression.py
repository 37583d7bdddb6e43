"""One pass of softmax regression with vectors: `loops/softmax_regression.py`, faster.

Four changes. The weights are transposed, so the inner loops run along memory. A batch is cut into PARTS, which run
side by side. GROUP samples are copied together: read once, they are still in the L1 cache for the gradient. Their
exponentials are taken a vector at a time, each once.

N samples, C classes, D features, rounded up to `width` = whole rows of a tile.
"""

import numpy as np

from ..loops.losses import forward_loss, joint_logits, largest_logit, log_entries, total_of_exponentials
from ..parallel import prange
from .target import INNER_COLUMNS, INNER_ROWS, VECTORS
from .tiles import clamped, exponential, inner, lanes, load, outer, steps, store, store_totals, zeros

PARTS = 2  # a batch is cut in so many parts, however many threads there are: the sums stay the same
GROUP = 2 * INNER_ROWS  # samples that go from logits to gradient together
CLASSES = INNER_COLUMNS  # taken together
FAR_FROM_UNDERFLOW = 1e-30  # above it, the terms of a sum that underflow are too small to matter, float32 or float64


def linear_sgd_epoch(w, b, x, y, T, sample_weight, order, batch_size, learning_rate, l2):
    """For each batch: dz_n = weight_n (p_n - r_n) / |B|, w <- w - learning_rate (sum_n x_n dz_n^T + l2 w)."""
    log_T = log_entries(T)
    D, C = w.shape
    step = VECTORS * lanes(x)
    width = (D + step - 1) // step * step
    weights, b = np.zeros((C, width), w.dtype), b.copy()
    weights[:, :D] = w.T
    batch_size = max(1, min(batch_size, order.size))
    dw, db, losses = np.empty((PARTS, C, width), w.dtype), np.empty((PARTS, C), w.dtype), np.zeros(PARTS, np.float64)
    for start in range(0, order.size, batch_size):
        batch = order[start : start + batch_size]
        share = (batch.size + PARTS - 1) // PARTS
        for part in prange(PARTS):
            dw[part], db[part] = 0, 0
            rows = np.zeros((GROUP, width), w.dtype)
            z, dz = np.empty((GROUP, C), w.dtype), np.empty((GROUP, C), w.dtype)
            exponentials = np.zeros(GROUP * C + lanes(z), w.dtype)
            end = min((part + 1) * share, batch.size)
            for first in range(part * share, end, GROUP):
                group = batch[first : min(first + GROUP, end)]
                gather(x, group, rows)
                logits_of(rows, weights, b, z)
                exponentials_of(z, exponentials)
                dz[:] = 0
                for q in range(group.size):
                    n, mine = group[q], exponentials[q * C : (q + 1) * C]
                    losses[part] += sample_weight[n] * loss_and_gradient(z[q], mine, T, log_T, y[n], dz[q])
                    for c in range(C):
                        dz[q, c] *= sample_weight[n] / batch.size
                        db[part, c] += dz[q, c]
                add_products(dz, rows, dw[part])
        take_step(weights, b, dw, db, learning_rate, l2)
    return weights[:, :D].T.copy(), b, losses.sum() / max(order.size, 1)


def gather(x, batch, rows):
    """Copy the samples of a batch to the first rows, zeros to the others."""
    for q in range(batch.size):
        for d in range(x.shape[1]):
            rows[q, d] = x[batch[q], d]
    rows[batch.size :] = 0


def logits_of(rows, w, b, z):
    """z[q, c] = b[c] + sum_d rows[q, d] w[c, d] for GROUP samples."""
    C, width = w.shape
    L, places = lanes(rows), np.arange(C) * width
    rows, w = rows.reshape(-1), w.reshape(-1)
    sums = np.empty(INNER_ROWS * CLASSES, z.dtype)
    for c in range(0, C, CLASSES):
        classes = clamped(places, c, C - 1, CLASSES)
        for first in range(0, GROUP, INNER_ROWS):
            at, tile = steps(first * width, width, INNER_ROWS), zeros(z, INNER_ROWS, CLASSES)
            for d in range(0, width, L):
                tile = inner(tile, rows, at, d, w, classes, d)
            store_totals(tile, sums)
            for q in range(INNER_ROWS):
                for i in range(min(CLASSES, C - c)):
                    z[first + q, c + i] = b[c + i] + sums[q * CLASSES + i]


def exponentials_of(z, out):
    """out[q C + c] = exp(z[q, c] - max_c z[q, c]), a vector at a time; out ends with room for a vector more."""
    C, only = z.shape[1], steps(0, 0, 1)
    for q in range(z.shape[0]):
        top = largest_logit(z[q])
        for c in range(C):
            out[q * C + c] = z[q, c] - top
    for i in range(0, z.size, lanes(z)):
        store(exponential(load(out, only, i, 1)), out, only, i)


def loss_and_gradient(z, exponentials, T, log_T, k, dz):
    """-log (T p)_k of one sample, and dz = p - r: `loops/losses.py`, from exp(z_c - top)."""
    total, joint = np.float64(0.0), np.float64(0.0)
    for c in range(z.size):
        total += exponentials[c]
        joint += T[k, c] * exponentials[c]
    if joint > FAR_FROM_UNDERFLOW:
        per_total, per_joint = 1 / total, 1 / joint
        for c in range(z.size):
            dz[c] = exponentials[c] * (per_total - T[k, c] * per_joint)
        return np.log(total / joint)
    return rare_loss_and_gradient(z, log_T[k], largest_logit(z), total, dz)


def rare_loss_and_gradient(z, log_T, top, total, dz):
    """The same where all classes that T allows are nearly impossible: by logarithms, which do not underflow."""
    joint = np.empty(z.size, np.float64)
    top_allowed = joint_logits(z, log_T, joint)
    joint_top = largest_logit(joint)
    joint_total = total_of_exponentials(joint, joint_top)
    for c in range(z.size):
        dz[c] = np.exp(z[c] - top) / total - np.exp(joint[c] - joint_top) / joint_total
    return forward_loss(top, total, top_allowed, joint)


def add_products(dz, rows, dw):
    """dw[c, d] += sum_q dz[q, c] rows[q, d] for GROUP samples: a tile of dw is loaded once for all of them."""
    C, width = dw.shape
    places, first_dz = np.arange(C) * width, np.arange(C)
    dz, rows, dw = dz.reshape(-1), rows.reshape(-1), dw.reshape(-1)
    for c in range(0, C, CLASSES):
        at = clamped(places, c, C - 1, CLASSES)  # a class that stands in twice is loaded, and stored, twice the same
        classes = clamped(first_dz, c, C - 1, CLASSES)
        for d in range(0, width, VECTORS * lanes(rows)):
            tile = load(dw, at, d, VECTORS)
            for q in range(GROUP):
                tile = outer(tile, dz, classes, q * C, rows, q * width + d)
            store(tile, dw, at, d)


def take_step(w, b, dw, db, learning_rate, l2):
    """w <- w - learning_rate (sum of the parts + l2 w), b likewise without l2."""
    parts, C, width = dw.shape
    for c in range(C):
        for d in range(width):
            slope = l2 * w[c, d]
            for part in range(parts):
                slope += dw[part, c, d]
            w[c, d] -= learning_rate * slope
        for part in range(parts):
            b[c] -= learning_rate * db[part, c]


# compiled code may call these
HELPERS = (
    gather,
    logits_of,
    exponentials_of,
    loss_and_gradient,
    rare_loss_and_gradient,
    add_products,
    take_step,
)
