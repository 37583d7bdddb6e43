"""l2="auto": the penalty under which held-out *noisy* labels are most likely.

Noisy labels suffice for that choice: the penalty which predicts them best is, for a given T, the one which fits best.
Penalties are tried from large to small, each fit starting where the last one ended.
"""

import numpy as np

PATH = 10.0 ** -np.arange(0, 5.5, 0.5)
FOLDS, HALVES = 5, 2  # parts, each of which is held out once
FEW = 2000  # samples up to which there are FOLDS parts; above, HALVES cost less and leave enough to learn from
MOST = 10_000  # samples that take part in the choice
TOL, MAX_ITER = 3e-3, 60  # of the fits that are only compared; tol is relative to the slope at zero weights
FEW_ROWS, COPIES = 50, 10  # different samples, and how often each stands there in the mean
PATIENCE = 2  # smaller penalties that may be worse, before the path ends


def choose_penalty(problem, draws, solve, T):
    """The penalty, the path that led to it and a start for the last fit: (l2, rows, `Solution`).

    draws (N,): numbers in [0, 1) that decide who is held out, see `draws_of_samples`. solve(problem, l2, start, tol,
    max_iter): a `Solution`, start a `Solution` or None. T (C, C): where fits begin. The fewer labels are right in T,
    the flatter the loss; a fixed tolerance would end every fit at its start. rows: {"l2", "noisy_log_likelihood"}.
    A penalty is a prior, so its weight against one sample falls with their number: what fits n samples best is scaled
    to all N.
    """
    taking_part = draws < MOST / len(problem)
    folds = FOLDS if len(problem) <= FEW else HALVES
    fold = (draws * max(1, len(problem) / MOST) * folds).astype(np.int64)
    pairs = []
    for k in range(folds):
        train, held_out = taking_part & (fold != k), taking_part & (fold == k)
        if held_out.any() and _teaches(problem, train, held_out):
            pairs.append((problem.only(train), problem.only(held_out)))
    if not pairs:
        return 1 / len(problem), [], None  # too few samples to hold any out
    rows, solutions, best = [], [None] * len(pairs), None
    tol = TOL * pairs[0][0].steepest(T)
    for l2 in PATH:
        solutions = [solve(p, l2, s, tol, MAX_ITER) for (p, _), s in zip(pairs, solutions, strict=True)]
        losses = [held.loss(s.v, s.T) for (_, held), s in zip(pairs, solutions, strict=True)]
        rows.append({"l2": float(l2 * _share(pairs[0][0], problem)), "noisy_log_likelihood": -float(np.mean(losses))})
        if best is None or rows[-1]["noisy_log_likelihood"] > rows[best[0]]["noisy_log_likelihood"]:
            best = len(rows) - 1, solutions[0]
        elif len(rows) - 1 - best[0] >= PATIENCE:
            break
    return rows[best[0]]["l2"], rows, best[1]


def draws_of_samples(X, rng):
    """A number in [0, 1) for each sample of X (N, D), a hash of its features and of the generator's next numbers.

    Neither the order of the samples matters, nor whether one stands there twice or with weight 2: equal samples are
    held out together. But where nearly all are copies of FEW_ROWS rows or less, each row would be judged by the others
    alone, which say nothing of it: there samples are dealt out one by one.
    """
    bits = np.uint64 if X.dtype == np.float64 else np.uint32
    factors = rng.integers(0, 2**63, X.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    draws = np.empty(len(X), np.uint64)
    for start in range(0, len(X), 4096):
        rows = np.ascontiguousarray(X[start : start + 4096]) + X.dtype.type(0)  # -0.0 becomes 0.0
        draws[start : start + 4096] = (rows.view(bits).astype(np.uint64) * factors).sum(axis=1)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        draws = (draws ^ (draws >> np.uint64(shift))) * np.uint64(factor)
    draws = draws ^ (draws >> np.uint64(31))
    rows = len(np.unique(draws))
    return rng.random(len(X)) if rows <= FEW_ROWS and COPIES * rows < len(X) else draws / 2.0**64


def _teaches(problem, train, held_out):
    """Whether there are classes to learn, and no label to be judged by that was never seen."""
    seen, asked = (np.unique(problem.host[1][rows]) for rows in (train, held_out))
    return len(seen) > 1 and np.isin(asked, seen).all()


def _share(part, whole):
    return part.host[2].sum(dtype=np.float64) / whole.host[2].sum(dtype=np.float64)
