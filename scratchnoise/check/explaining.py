"""The text of a failure: the arguments made small, the wrong entry with both numbers, the inputs to repeat it."""

import numpy as np

from . import arrays
from .agreement import entry_directions, random_directions, wrong_directions
from .compare import describe
from .shrinking import Shrinker
from .slopes import scale_of

MOST_ENTRIES = 200  # of an argument that is compared entry by entry


def explain(pair, x, difference, rng):
    """What is wrong with backward at `x`, on the smallest input that was found."""

    infinite, filled = not_finite(pair, x, rng), pair.value(x).size > 0
    if infinite:
        return infinite

    def fails(args):
        smaller = pair.at(args)
        if filled and not smaller.value(smaller.start).size:
            return False  # right as the failure may be, without outputs it is hard to read
        drawn = np.random.default_rng(0)
        directions = random_directions(smaller.start, 1, drawn) + entry_directions(smaller.start, 4, drawn)
        return bool(wrong_directions(smaller, smaller.start, directions, drawn, draws=1)[0])

    try:
        text = entries_text(smallest(pair, x, fails), rng)
    except Exception:  # code that fails in another way when it is called again is explained by the direction alone
        text = ""
    return text or (
        f"along a random direction the slope of <dy, forward> is {difference.wanted:.9g}, backward gives "
        f"{difference.got:.9g}; rounding explains {difference.allowed:.2g}"
    )


def not_finite(pair, x, rng):
    """Which entry of a gradient is no finite number although the upstream is; "" if there is none."""
    for letter, g in zip(pair.letters, pair.gradients(rng.standard_normal(pair.value(x).size), x), strict=True):
        places = np.argwhere(~np.isfinite(g))
        if len(places):
            place = tuple(map(int, places[0]))
            return f"d{letter}: entry {list(place)} is {g[place]}; {len(places)} of {g.size} entries are not finite"
    return ""


def smallest(pair, x, fails):
    """The pair with the smallest arguments for which `fails` stays true; a layer with state keeps its arguments."""
    args = pair.with_values(x)
    small = Shrinker(fails).shrink(args) if pair.given != "state" else args
    return pair.at(small)


def entries_text(pair, rng):
    """The first argument with a wrong entry, its gradient beside finite differences, and the inputs; "" if none."""
    x = pair.start
    for k, letter in enumerate(pair.letters):
        if x[k].size > MOST_ENTRIES:
            continue
        names = [(name, d) for name, d in entry_directions(x, MOST_ENTRIES, rng) if name[0] == k]
        _, here = wrong_directions(pair, x, names, rng, draws=0)
        for _ in range(3):
            dy = np.rint(4 * here.upstream(rng)) / 4 + 0.0  # no -0
            found = here.differences(dy, rng)
            if not found:
                continue
            yours = pair.gradients(dy, x)[k]
            expected, wrong = np.array(yours), np.zeros(yours.shape, bool)
            for difference in found:
                expected[difference.direction[1]] = difference.wanted / scale_of(x[k])
                wrong[difference.direction[1]] = True
            text = describe(f"d{letter}", yours, expected, wrong)
            return "\n".join([text, *inputs_text(pair, dy)])
    return ""


def inputs_text(pair, dy):
    """The arguments and the upstream, a line each or more."""
    shown = [
        (name, arrays.to_numpy(a) if arrays.is_array(a) else a) for name, a in zip(pair.names, pair.args, strict=True)
    ]
    if pair.given != "gradient":
        shown += [("dy", arrays.to_numpy(u)) for u in pair.upstreams(dy)]
    lines = []
    for name, value in shown:
        text = np.array2string(value, precision=6, threshold=100) if isinstance(value, np.ndarray) else repr(value)
        lines += f"{name} = {text}".split("\n")
    return lines
