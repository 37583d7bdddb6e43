"""A batch is its samples: each sample alone has the same output and gradient, and parameters add their parts up."""

import numpy as np

from . import arrays
from .agreement import rms
from .calling import times_upstream
from .slopes import rounding

PARTS = 16  # a larger batch is cut into as many parts, of several samples each


def batch_line(pair, report, rng, demanded):
    """Add the line "a batch is its samples"; `demanded` makes a forward pass that mixes samples a failure."""
    name = "a batch is its samples"
    lengths = {np.shape(y)[:1] for y in pair.examples}
    N = max(lengths)[0] if len(lengths) == 1 and () not in lengths else 0
    if N < 2:
        report.add(name, "failed" if demanded else "skipped", "forward has no batch axis of at least two samples")
        return
    parts = np.array_split(np.arange(N), min(N, PARTS))
    places = next((p for p in candidates(pair, N) if forward_agrees(pair, p, parts, rng)), None)
    if places is None:
        reason = "forward mixes the samples of a batch, or refuses a single one"
        report.add(name, "failed" if demanded else "skipped", reason)
        return
    try:
        wrong = backward_disagrees(pair, places, parts, rng)
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


def rows_of(array, rows):
    """Some rows of an array, in its own library."""
    return arrays.like(arrays.to_numpy(array)[rows], array)


def arguments_of(pair, places, rows):
    """The arguments of these samples alone."""
    args = pair.with_values(pair.start)
    for k in places:
        args[k] = rows_of(args[k], rows)
    return args


def forward_agrees(pair, places, parts, rng):
    """Whether forward of a few samples alone gives their rows of forward of the batch, but for rounding."""
    whole = pair.outputs(pair.with_values(pair.start))
    noise = rounding(lambda x: [pair.value(x)], pair.start, pair.eps, rng)[0]
    noise = np.split(noise, np.cumsum([y.size for y in whole])[:-1])
    for rows in parts[:5]:
        try:
            found = pair.outputs(arguments_of(pair, places, rows))
        except Exception:  # the caller's code may refuse a batch of one
            return False
        for y, alone, n in zip(whole, found, noise, strict=True):
            wanted, allowed = y[rows].astype(np.float64), 4 * n.reshape(y.shape)[rows] + 64 * pair.eps * rms(y)
            if alone.shape != wanted.shape or not (np.abs(alone - wanted) <= allowed).all():
                return False
    return True


def backward_disagrees(pair, places, parts, rng):
    """What is wrong with the gradients of single samples; "" if they are rows and parts of those of the batch."""
    dy = rng.standard_normal(pair.value(pair.start).size)
    batch, upstreams = pair.gradients(dy, pair.start), pair.upstreams(dy)
    noise = rounding(lambda x: pair.gradients(x[0], x[1:]), [dy, *pair.start], pair.eps, rng)
    pieces_of_all = []
    for rows in parts:
        upstream = [rows_of(u, rows) for u in upstreams]
        found = pair.raw_backward(upstream, arguments_of(pair, places, rows))
        found = [arrays.to_numpy(g).astype(np.float64) for g in found]
        if pair.given == "gradient":
            found = [times_upstream(g, arrays.to_numpy(upstream[0])) for g in found]
        pieces_of_all.append(found)
    first = arguments_of(pair, places, parts[0])
    for i, (k, letter) in enumerate(zip(pair.moved, pair.letters, strict=True)):
        pieces = [found[i] for found in pieces_of_all]
        if pieces[0].shape != np.shape(first[k]):
            return f"d{letter} of a single sample has shape {pieces[0].shape}; it should be {np.shape(first[k])}"
        whole = np.concatenate(pieces) if k in places else sum(pieces)
        size = np.abs(whole) if k in places else sum(map(np.abs, pieces))
        if (
            whole.shape != batch[i].shape
            or not (np.abs(whole - batch[i]) <= 4 * noise[i] + np.sqrt(pair.eps) * rms(size)).all()
        ):
            what = "rows" if k in places else "sum"
            return f"d{letter} of the batch is not the {what} of d{letter} of its samples"
    return ""
