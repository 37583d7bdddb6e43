"""A batch is its samples: each sample alone has the same output and gradient, and parameters add their parts up."""

import numpy as np

from . import arrays
from .agreement import rms
from .calling import times_upstream
from .slopes import rounding


def batch_line(pair, report, rng, demanded):
    """Add the line "a batch is its samples"; `demanded` makes a forward pass that mixes samples a failure."""
    name = "a batch is its samples"
    first = np.shape(pair.examples[0])
    if pair.several or not first or first[0] < 2:
        report.add(name, "failed" if demanded else "skipped", "forward has no batch axis of at least two samples")
        return
    places = next((p for p in candidates(pair, first[0]) if forward_agrees(pair, p, first[0], rng)), None)
    if places is None:
        reason = "forward mixes the samples of a batch, or refuses a single one"
        report.add(name, "failed" if demanded else "skipped", reason)
        return
    try:
        wrong = backward_disagrees(pair, places, first[0], rng)
    except Exception as error:  # the caller's code may refuse a batch of one
        report.add(name, "failed" if demanded else "skipped", f"backward refuses a single sample: {error}")
        return
    report.add(name, "failed" if wrong else "ok", wrong or ", ".join(pair.names[k] for k in places))


def candidates(pair, N):
    """Sets of arguments that may have one row a sample: the first array with whole numbers, then all that fit."""
    fit = [k for k, a in enumerate(pair.args) if arrays.is_array(a) and np.shape(a)[:1] == (N,)]
    whole = [k for k in fit if k not in pair.moved]
    found = [fit[:1] + [k for k in whole if k not in fit[:1]], fit]
    return [p for i, p in enumerate(found) if p and p not in found[:i]]


def sample(pair, places, n):
    """The arguments of sample n alone."""
    args = pair.with_values(pair.start)
    for k in places:
        args[k] = arrays.like(arrays.to_numpy(args[k])[n : n + 1], args[k])
    return args


def forward_agrees(pair, places, N, rng):
    """Whether forward of each sample alone is its row of forward of the batch, but for rounding."""
    whole = pair.value(pair.start).reshape(N, -1)
    noise = rounding(lambda x: [pair.value(x)], pair.start, pair.eps, rng)[0].reshape(N, -1)
    for n in range(min(N, 5)):
        try:
            row = pair.outputs(sample(pair, places, n))[0].astype(np.float64).ravel()
        except Exception:  # the caller's code may refuse a batch of one
            return False
        if (
            row.shape != whole[n].shape
            or not (np.abs(row - whole[n]) <= 4 * noise[n] + 64 * pair.eps * rms(whole)).all()
        ):
            return False
    return True


def backward_disagrees(pair, places, N, rng):
    """What is wrong with the gradients of single samples; "" if they are rows and parts of those of the batch."""
    dy = rng.standard_normal(pair.value(pair.start).size)
    rows = dy.reshape(N, -1)
    batch = pair.gradients(dy, pair.start)
    noise = rounding(lambda x: pair.gradients(x[0], x[1:]), [dy, *pair.start], pair.eps, rng)
    parts, one = [], sample(pair, places, 0)
    for n in range(N):
        upstream = [arrays.like(rows[n].reshape(1, *np.shape(pair.examples[0])[1:]), pair.examples[0])]
        found = pair.raw_backward(upstream, sample(pair, places, n))
        found = [arrays.to_numpy(g).astype(np.float64) for g in found]
        if pair.given == "gradient":
            found = [times_upstream(g, arrays.to_numpy(upstream[0])) for g in found]
        parts.append(found)
    for i, (k, letter) in enumerate(zip(pair.moved, pair.letters, strict=True)):
        pieces = [p[i] for p in parts]
        wrong = [g.shape for g in pieces if g.shape != np.shape(one[k])]
        if wrong:
            return f"d{letter} of a single sample has shape {wrong[0]}; it should be {np.shape(one[k])}"
        whole = np.concatenate(pieces) if k in places else sum(pieces)
        size = np.abs(whole) if k in places else sum(map(np.abs, pieces))
        if (
            whole.shape != batch[i].shape
            or not (np.abs(whole - batch[i]) <= 4 * noise[i] + np.sqrt(pair.eps) * rms(size)).all()
        ):
            what = "rows" if k in places else "sum"
            return f"d{letter} of the batch is not the {what} of d{letter} of its samples"
    return ""
