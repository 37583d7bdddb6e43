"""The bars of `verify`: every classical error is found, right code is never called wrong. As a script it counts:

python tests/check_bars.py --kind numpy torch --dtype float64 float32 --seeds 0 200
"""

import argparse
from importlib import import_module

import numpy as np
from check_cases import arguments, pairs

from scratchnoise import check
from scratchnoise.check.classical_errors import ERRORS
from scratchnoise.check.planting import DoesNotApply, plant

KINDS = {"numpy": lambda a: a, "torch": lambda a: import_module("torch").as_tensor(a)}
DTYPES = ("float64", "float32")


def false_alarms(kind, dtype, seeds, functions=None):
    """The reports of right code that are false or leave a line of slopes undecided."""
    wrong = []
    for name, (forward, backward, shapes) in pairs(import_module(kind)).items():
        for seed in seeds if functions is None or name in functions else ():
            report = check.verify(forward, backward, arguments(shapes, dtype, seed, KINDS[kind]), seed=seed)
            undecided = [line.name for line in report.lines if line.status == "skipped"]
            if not report or set(undecided) - {"a batch is its samples"}:
                wrong.append(f"{name}, {kind}, {dtype}, seed {seed}\n{report}")
    return wrong


def planted_errors(kind, dtype, functions=None):
    """(how many errors made a difference, the names of those that were not found) over all functions."""
    planted, missed = 0, []
    for name, (forward, backward, shapes) in pairs(import_module(kind)).items():
        args = arguments(shapes, dtype, 0, KINDS[kind])
        for title, (error, _) in ERRORS.items() if functions is None or name in functions else ():
            wrong = plant(error, backward)
            if makes_a_difference(wrong, backward, forward, args):
                planted += 1
                if check.verify(forward, wrong, args, entries=4):
                    missed.append(f"{title} in {name}, {kind}, {dtype}")
    return planted, missed


def makes_a_difference(wrong, right, forward, args):
    """Whether two backward passes differ for a random upstream."""
    y = forward(*args)
    dy = np.random.default_rng(5).standard_normal(tuple(y.shape)).astype(str(y.dtype).rpartition(".")[2])
    dy = dy if isinstance(y, np.ndarray) else KINDS["torch"](dy)
    args = args[: right.__code__.co_argcount - 1]
    try:
        a, b = wrong(dy, *args), right(dy, *args)
    except DoesNotApply:
        return False
    both = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
    return not all(np.allclose(np.asarray(g), np.asarray(h), rtol=1e-4, atol=1e-5) for g, h in both)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=["numpy"])
    parser.add_argument("--dtype", nargs="+", choices=DTYPES, default=DTYPES)
    parser.add_argument("--seeds", nargs=2, type=int, default=(0, 200), metavar=("FIRST", "END"))
    chosen = parser.parse_args()
    for kind in chosen.kind:
        for dtype in chosen.dtype:
            seeds = range(*chosen.seeds)
            wrong = false_alarms(kind, dtype, seeds)
            print(f"{kind} {dtype}: {len(wrong)} false alarms in {10 * len(seeds)} checks of right code", flush=True)
            print(*wrong[:3], sep="\n")
            if seeds.start == 0:
                planted, missed = planted_errors(kind, dtype)
                print(f"{kind} {dtype}: {planted - len(missed)} of {planted} planted errors found", *missed, flush=True)


if __name__ == "__main__":
    main()
