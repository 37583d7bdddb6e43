"""`verify`: one call that checks a backward pass of anybody against its forward pass and reports line by line."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..checks import as_generator, check_choice, check_count
from . import arrays
from .agreement import entry_directions, random_directions, rms, wrong_directions
from .binding import GIVEN
from .calling import Pair, times_upstream
from .explaining import explain
from .report import Report
from .samples import batch_line
from .slopes import rounding

SLOPES = ("adjoint", "finite differences", "other inputs")
ROUGH = "forward is not smooth or not precise enough here"


def verify(
    forward: Callable,
    backward: Callable,
    args: Sequence,
    *,
    wrt: Any = None,
    given: Any = None,
    seed: int = 0,
    directions: int = 2,
    entries: int = 16,
    samplewise: bool | None = None,
) -> Report:
    r"""Check a backward pass against its forward pass: <dy, J d> = <backward(dy), d>, and all that goes with it.

    forward(*args) -> an array or several; backward(dy, *args) -> d <dy, y> / d x for every floating array x among args.
    backward(dy, x, w), backward(dy, cache), layer.backward(dy) and f_grad(*args) are recognised; `given` ("args",
    "cache", "state", "gradient") settles doubts. Arrays of NumPy, PyTorch, CuPy or JAX, float32 or float64, alone or in
    lists, tuples and dicts; all else is held fixed, as are arrays that `wrt` (names or places) does not name.
    directions: random ones for each argument; entries: how many of each argument are compared one by one;
    samplewise=True demands that a batch is its samples. Returns a Report: true when nothing failed and something was
    decided, printed line by line, `.check()` raises AssertionError. Raises ValueError for arguments that leave nothing
    to check.
    """
    check_count(directions=directions, entries=entries)
    if given is not None:
        check_choice(GIVEN, given=given)
    rng = as_generator("seed", seed)
    if not callable(forward) or not callable(backward):
        raise ValueError("forward and backward should be functions; pass the functions, not what they return")
    if not isinstance(args, tuple | list):
        raise ValueError("args should be a tuple of the arguments of forward, e.g. (x,) for a single one")
    pair = Pair(forward, backward, args, wrt, given)
    precision = " and ".join(dict.fromkeys(arrays.dtype_name(pair.args[k]) for k in pair.moved))
    report = Report(f"{pair.described()}, {precision}")
    if not check_form(pair, report, rng):
        return report
    try:
        with np.errstate(all="ignore"):  # what is not finite is said in words
            check_calls(pair, report, rng)
            check_slopes(pair, report, rng, directions, entries)
            batch_line(pair, report, rng, samplewise)
    except Exception as error:  # the caller's code can raise in any later call
        report.add("every call returns", "failed", f"a later call raised {type(error).__name__}: {error}")
    return report


def check_form(pair, report, rng):
    """The lines "returns", "shape" and "dtype"; False where the others would make no sense."""
    dy = pair.upstreams(rng.standard_normal(pair.value(pair.start).size))
    try:
        found = pair.raw_backward(dy, pair.with_values(pair.start))
    except Exception as error:  # the caller's code can raise anything
        several = f"; dy is a tuple, because forward returns {len(dy)} floating arrays" if pair.several else ""
        report.add("returns", "failed", f"it raised {type(error).__name__}: {error}{several}")
        return False
    problem = missing(pair, found)
    if problem:
        report.add("returns", "failed", problem)
        return False
    args = [pair.args[k] for k in pair.moved]
    shapes = [(letter, np.shape(g), np.shape(x)) for letter, g, x in zip(pair.letters, found, args, strict=True)]
    wrong = [f"d{c} has shape {tuple(a)}; it should be {tuple(b)}, as {c}" for c, a, b in shapes if a != b]
    report.add(
        "shape", "failed" if wrong else "ok", "; ".join(wrong) or ", ".join(f"d{c} {tuple(b)}" for c, _, b in shapes)
    )
    check_dtypes(pair, report, found, args)
    return not wrong


def missing(pair, found):
    """What keeps the values that backward returned from being the gradients; "" if nothing does."""
    wanted = ", ".join(f"d{letter}" for letter in pair.letters)
    if len(found) != len(pair.moved):
        kinds = ", ".join(type(g).__name__ for g in found)
        return f"{len(found)} value(s) ({kinds}); it should return {wanted}, arrays"
    wrong = [(c, g) for c, g in zip(pair.letters, found, strict=True) if not arrays.is_array(g)]
    kinds = ", ".join(f"d{c} is {'missing' if g is None else type(g).__name__}" for c, g in wrong)
    if wrong:
        return f"{kinds}; it should return {wanted}: arrays, in this order or in a dict"
    try:
        for g in found if pair.given == "gradient" else ():
            times_upstream(arrays.to_numpy(g), np.zeros(np.shape(pair.examples[0])))
    except ValueError as error:
        return str(error)
    return ""


def check_dtypes(pair, report, found, args):
    """The line "dtype": that of the argument, or that of the output where forward itself takes another."""
    wider = {arrays.dtype_name(y) for y in pair.examples}
    wrong = []
    for letter, g, x in zip(pair.letters, found, args, strict=True):
        have, want = arrays.dtype_name(g), arrays.dtype_name(x)
        if have not in {want} | (wider - {"float32"}):
            wrong.append(f"d{letter} is {have}; it should be {want}, as {letter}")
    kinds = ", ".join(dict.fromkeys(arrays.dtype_name(g) for g in found))
    report.add("dtype", "failed" if wrong else "ok", "; ".join(wrong) or kinds)


def check_calls(pair, report, rng):
    """The lines "inputs untouched", "second call equal" and "linear in the upstream"."""
    size = pair.value(pair.start).size
    first, second = rng.standard_normal(size), rng.standard_normal(size)
    touched = changed_inputs(pair, first)
    report.add("inputs untouched", "failed" if touched else "ok", "; ".join(touched))

    once, twice = pair.gradients(first, pair.start), pair.gradients(first, pair.start)
    apart = [largest(np.where(both_nan(a, b), 0, a - b)) for a, b in zip(once, twice, strict=True)]
    rounded = [64 * pair.eps * np.sqrt(a.size) * largest(a[np.isfinite(a)]) for a in once]  # sums in another order
    values = np.array_equal(pair.value(pair.start), pair.value(pair.start), equal_nan=True)
    wrong = [c for c, a, n in zip(pair.letters, apart, rounded, strict=True) if not a <= n]
    if wrong or not values:
        what = " and ".join([*([] if values else ["forward"]), *(f"d{c}" for c in wrong)])
        report.add("second call equal", "failed", f"{what} differ(s) in a second call with the same arguments")
    else:
        report.add("second call equal", "ok", "" if not max(apart) else "up to rounding")
    check_linear(pair, report, first, second, rng)


def largest(a):
    """The largest absolute value; 0 for an empty array."""
    return np.abs(a).max(initial=0)


def both_nan(a, b):
    """Where two arrays agree in not being finite."""
    return ~np.isfinite(a) & ~np.isfinite(b)


def check_linear(pair, report, first, second, rng):
    """The line "linear in the upstream": backward(a dy1 + b dy2) = a backward(dy1) + b backward(dy2)."""
    if pair.given == "gradient":
        report.add("linear in the upstream", "skipped", "it takes no upstream")
        return
    a, b = 0.75, -1.5
    parts = [pair.gradients(dy, pair.start) for dy in (first, second, a * first + b * second)]
    noise = [
        rounding(lambda n: pair.gradients(n[0], n[1:]), [dy, *pair.start], pair.eps, rng) for dy in (first, second)
    ]
    wrong = []
    for k, letter in enumerate(pair.letters):
        apart = np.abs(a * parts[0][k] + b * parts[1][k] - parts[2][k])
        allowed = 4 * (noise[0][k] + noise[1][k])
        allowed = allowed + np.sqrt(pair.eps) * (rms(parts[0][k]) + rms(parts[1][k]))  # half of the digits
        close = (apart <= allowed) | both_nan(parts[0][k], parts[2][k])  # what is not finite is the next lines' matter
        if not close.all():
            place = tuple(int(i) for i in np.argwhere(~close)[0])
            got, want = parts[2][k][place], (a * parts[0][k] + b * parts[1][k])[place]
            wrong.append(
                f"d{letter}{list(place)} is {got:.6g} for {a} dy1 {b} dy2; the same sum of its answers to dy1 and dy2 "
                f"is {want:.6g}: does it use dy only once, as a factor?"
            )
    report.add("linear in the upstream", "failed" if wrong else "ok", "\n".join(wrong))


def changed_inputs(pair, dy):
    """What backward or forward writes to: names of arguments and of the upstream."""
    args, upstreams = pair.with_values(pair.start), pair.upstreams(dy)
    kept = [arrays.copied(a) for a in (*args, *upstreams)]
    pair.raw_backward(upstreams, args)
    names = [*pair.names, *(["dy"] * len(upstreams))]
    changed = [n for n, a, b in zip(names, (*args, *upstreams), kept, strict=True) if not arrays.same(a, b)]
    return [f"it writes to {name}, which belongs to the caller" for name in dict.fromkeys(changed)]


def check_slopes(pair, report, rng, directions, entries):
    """The lines "adjoint", "finite differences", "other inputs", "anything decided" and "several outputs"."""
    x = pair.start
    if not any(a.size for a in x):
        report.add("adjoint", "skipped", "the arrays are empty, so there are no slopes")
        return
    slope_line(pair, report, "adjoint", x, random_directions(x, directions, rng), rng)
    slope_line(pair, report, "finite differences", x, entry_directions(x, entries, rng), rng)
    other = [a * rng.uniform(0.7, 1.3, a.shape) for a in x]  # signs and zeros stay
    try:
        pair.value(other)
    except Exception as error:  # a check of the caller's own
        report.add("other inputs", "skipped", f"forward refuses inputs near these: {error}")
    else:
        slope_line(pair, report, "other inputs", other, random_directions(other, 1, rng), rng)
    if all(line.status == "skipped" for line in report.lines if line.name in SLOPES):
        report.add("anything decided", "failed", "nothing was found out about the gradient, see above")
    if pair.several:
        report.add("several outputs", "ok", f"{len(pair.examples)} outputs, all with their own upstream")


def slope_line(pair, report, name, x, directions, rng):
    """One line about the agreement of backward with the slopes of forward in some directions."""
    wrong, here = wrong_directions(pair, x, directions, rng)
    if wrong:
        explained = any("entry" in line.detail or "slope" in line.detail for line in report.failed)
        place = f"d{pair.letters[wrong[0].direction[0] or 0]}"
        report.add(name, "failed", f"{place} is wrong, see above" if explained else explain(pair, x, wrong[0], rng))
        return
    decided, left_out = int(here.decided.sum()), int((~here.usable).sum())
    if not decided:
        infinite = int((~np.isfinite(pair.value(x))).sum())
        why = f"{infinite} of {here.usable.size} outputs of forward are not finite" if infinite else ROUGH
        report.add(name, "skipped", f"not decided: {why}; try other inputs")
        return
    notes = [f"{decided} directions" if name != "finite differences" else f"{decided} entries"]
    if decided < len(directions):
        notes.append(f"{len(directions) - decided} not decided")
    if left_out:
        notes.append(f"{left_out} of {here.usable.size} outputs lie at a kink and were left out")
    report.add(name, "ok", ", ".join(notes))
