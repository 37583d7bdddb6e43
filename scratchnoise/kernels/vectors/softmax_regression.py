"""Softmax regression with vectors, a pass of steps or one gradient: `loops/softmax_regression.py`, faster.

Four changes. The weights are transposed, so the inner loops run along memory. A batch is cut into PARTS, all samples
into CHUNKS, which run side by side. GROUP samples are read once for the logits and are still in the cache for the
gradient. Their exponentials are taken a vector at a time, each once.

Rows of tiles do not divide D: the last columns of a group are copied, with zeros behind them, to its `tails`.
N samples, C classes, D features, `width` = D rounded up to whole rows of a tile.
"""

import numpy as np

from ..loops.losses import forward_loss, joint_logits, largest_logit, log_entries, total_of_exponentials
from ..parallel import prange
from .target import INNER_COLUMNS, INNER_ROWS, VECTORS
from .tiles import clamped, exponential, inner, lanes, load, outer, pick, steps, store, store_totals, zeros

PARTS = 2  # a batch is cut in so many parts, however many threads there are: the sums stay the same
CHUNKS = 8  # so many parts of all samples, where only one gradient is asked for: more threads find work
GROUP = 32  # samples that go from logits to gradient together: whole tiles of INNER_ROWS on every processor
CLASSES = INNER_COLUMNS  # taken together
FAR_FROM_UNDERFLOW = 1e-30  # above it, the terms of a sum that underflow are too small to matter, float32 or float64


def linear_sgd_epoch(w, b, x, y, T, sample_weight, order, batch_size, learning_rate, l2):
    """For each batch: dz_n = weight_n (p_n - r_n) / |B|, w <- w - learning_rate (sum_n x_n dz_n^T + l2 w)."""
    log_T = log_entries(T)
    D, C = w.shape
    weights = transposed(w)
    b = b.copy()
    batch_size = max(1, min(batch_size, order.size))
    dw, db = np.empty((PARTS, *weights.shape), w.dtype), np.empty((PARTS, C), w.dtype)
    losses = np.zeros(PARTS, np.float64)
    for start in range(0, order.size, batch_size):
        size = min(batch_size, order.size - start)
        share = (size + PARTS - 1) // PARTS
        for part in prange(PARTS):
            first, last = start + part * share, start + min((part + 1) * share, size)
            samples = order[first:last]
            losses[part] += add_gradients(x, y, T, log_T, sample_weight, samples, weights, b, size, dw[part], db[part])
        take_step(weights, b, dw, db, learning_rate, l2)
    return weights[:, :D].T.copy(), b, losses.sum() / max(order.size, 1)


def linear_loss_grad(w, b, x, y, T, sample_weight):
    """loss = (1/N) sum_n weight_n (-log (T p_n)_{y_n}), dz_n = weight_n (p_n - r_n) / N, dw = sum_n x_n dz_n^T."""
    log_T = log_entries(T)
    (D, C), N = w.shape, y.size
    weights, samples = transposed(w), np.arange(N)
    dw, db = np.empty((CHUNKS, *weights.shape), w.dtype), np.empty((CHUNKS, C), w.dtype)
    losses = np.empty(CHUNKS, np.float64)
    share = (N + CHUNKS - 1) // CHUNKS
    for part in prange(CHUNKS):
        mine = samples[part * share : (part + 1) * share]
        losses[part] = add_gradients(x, y, T, log_T, sample_weight, mine, weights, b, N, dw[part], db[part])
    add_parts(dw, db)
    sum_of_losses = 0.0
    for part in range(CHUNKS):  # numba would add losses.sum() in an order that depends on the threads
        sum_of_losses += losses[part]
    return float(sum_of_losses / max(N, 1)), dw[0, :, :D].T.copy(), db[0].copy()


def transposed(w):
    """w (D, C) as (C, width), zeros behind the features."""
    (D, C), step = w.shape, VECTORS * lanes(w)
    weights = np.zeros((C, (D + step - 1) // step * step), w.dtype)
    for c in range(C):
        for d in range(D):
            weights[c, d] = w[d, c]
    return weights


def add_gradients(x, y, T, log_T, sample_weight, samples, w, b, batch_size, dw, db):
    """dw, db = the sums of a part of a batch; returns its weighted losses."""
    (C, D), step = (w.shape[0], x.shape[1]), VECTORS * lanes(x)
    dw[:] = 0
    db[:] = 0
    z, dz = np.empty((GROUP, C), w.dtype), np.empty((C, GROUP), w.dtype)
    p_minus_r, tails = np.empty(C, w.dtype), np.zeros((GROUP, step), w.dtype)
    exponentials = np.zeros(GROUP * C + lanes(z), w.dtype)
    losses = np.float64(0.0)
    for first in range(0, samples.size, GROUP):
        group = samples[first : first + GROUP]
        starts = group * D
        copy_tails(x, group, tails)
        logits_of(x, starts, tails, w, b, z)
        exponentials_of(z[: group.size], exponentials)
        for q in range(group.size):
            n, mine = group[q], exponentials[q * C : (q + 1) * C]
            losses += sample_weight[n] * loss_and_gradient(z[q], mine, T, log_T, y[n], p_minus_r)
            for c in range(C):
                dz[c, q] = p_minus_r[c] * (sample_weight[n] / batch_size)
                db[c] += dz[c, q]
        add_products(dz, x, starts, tails, dw)
    return losses


def copy_tails(x, group, tails):
    """Copy the last columns of a group, those that fill no row of a tile, to the beginning of `tails`."""
    D = x.shape[1]
    whole = D - D % tails.shape[1]
    for q in range(group.size):
        for d in range(whole, D):
            tails[q, d - whole] = x[group[q], d]


def logits_of(x, starts, tails, w, b, z):
    """z[q, c] = b[c] + sum_d x[starts[q] + d] w[c, d] for up to GROUP samples, the last one again to fill a tile."""
    (C, width), D, step, last = w.shape, x.shape[1], tails.shape[1], starts.size - 1
    whole, places, tail_starts = D - D % step, np.arange(C) * width, np.arange(GROUP) * step
    x, tails, w = x.reshape(-1), tails.reshape(-1), w.reshape(-1)
    sums = np.empty(INNER_ROWS * CLASSES, z.dtype)
    for c in range(0, C, CLASSES):
        classes = clamped(places, c, C - 1, CLASSES)
        for first in range(0, starts.size, INNER_ROWS):
            tile = zeros(z, INNER_ROWS, CLASSES)
            at = clamped(starts, first, last, INNER_ROWS)
            for d in range(0, whole, lanes(z)):
                tile = inner(tile, x, at, d, w, classes, d)
            at = clamped(tail_starts, first, last, INNER_ROWS)
            for d in range(whole, D, lanes(z)):
                tile = inner(tile, tails, at, d - whole, w, classes, d)
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


def add_products(dz, x, starts, tails, dw):
    """dw[c, d] += sum_q dz[c, q] x[starts[q] + d] for a group: a tile of dw is loaded once for all of its samples."""
    (C, width), D, step = dw.shape, x.shape[1], tails.shape[1]
    places, rows_of_dz = np.arange(C) * width, np.arange(C) * dz.shape[1]
    x, tails, dz, dw = x.reshape(-1), tails.reshape(-1), dz.reshape(-1), dw.reshape(-1)
    for c in range(0, C, CLASSES):
        at = clamped(places, c, C - 1, CLASSES)  # a class that stands in twice is loaded, and stored, twice the same
        classes = clamped(rows_of_dz, c, C - 1, CLASSES)
        for d in range(0, D - D % step, step):
            tile = load(dw, at, d, VECTORS)
            for q in range(starts.size):
                tile = outer(tile, dz, classes, q, x, pick(starts, q) + d)
            store(tile, dw, at, d)
        for d in range(D - D % step, D, step):
            tile = load(dw, at, d, VECTORS)
            for q in range(starts.size):
                tile = outer(tile, dz, classes, q, tails, q * step)
            store(tile, dw, at, d)


def take_step(w, b, dw, db, learning_rate, l2):
    """w <- w - learning_rate (sum of the parts + l2 w), b likewise without l2."""
    add_parts(dw, db)
    flat_w, flat_dw = w.reshape(-1), dw[0].reshape(-1)
    for i in range(w.size):
        flat_w[i] -= learning_rate * (flat_dw[i] + l2 * flat_w[i])
    for c in range(b.size):
        b[c] -= learning_rate * db[0, c]


def add_parts(dw, db):
    """dw[0] and db[0] become the sums of all parts, in their order."""
    flat_dw = dw.reshape(dw.shape[0], -1)
    for part in range(1, dw.shape[0]):
        for i in range(flat_dw.shape[1]):
            flat_dw[0, i] += flat_dw[part, i]
        for c in range(db.shape[1]):
            db[0, c] += db[part, c]


# compiled code may call these
HELPERS = (
    transposed,
    add_gradients,
    copy_tails,
    logits_of,
    exponentials_of,
    loss_and_gradient,
    rare_loss_and_gradient,
    add_products,
    take_step,
    add_parts,
)
