"""A failing input made small enough to follow on paper: fewer rows and columns, then rounder numbers."""

import numpy as np

from . import arrays

ROUNDINGS = (np.zeros_like, np.ones_like, np.rint, lambda x: np.rint(4 * x) / 4, lambda x: np.rint(100 * x) / 100)
BUDGET = 120


class Shrinker:
    """Makes arguments smaller while fails(args) stays True. Axes of one length are taken to be one axis at first."""

    def __init__(self, fails):
        self.fails, self.left = fails, BUDGET

    def still_fails(self, args):
        """Whether the arguments still show the failure; what raises does not."""
        if self.left <= 0:
            return False
        self.left -= 1
        try:
            return bool(self.fails(args))
        except Exception:  # the caller's code: it may refuse such shapes with any error
            return False

    def shrink(self, args):
        """The smallest failing arguments that were found; `args` themselves where no smaller ones fail."""
        args = self.shorten(args)
        for k, a in enumerate(args):
            if arrays.is_array(a) and np.ndim(a) and arrays.is_floating(a):
                args = self.round_off(args, k)
        return args

    def shorten(self, args):
        """Shorter axes: all of one length together, then each alone."""
        lengths = {n for _, _, n in axes_of(args) if n > 1}
        for length in sorted(lengths, reverse=True):
            for shorter in dict.fromkeys([1, 2, length // 2, length - 1]):
                tied = [(k, axis) for k, axis, n in axes_of(args) if n == length]
                if 0 < shorter < length and tied:
                    args, done = self.cut(args, tied, shorter)
                    if done:
                        break
        for k, axis, length in axes_of(args):
            if length > 1:
                args, _ = self.cut(args, [(k, axis)], 1)
        return args

    def cut(self, args, places, length):
        """Keep the first `length` of each place (argument, axis), if that still fails: (arguments, whether it does)."""
        smaller = list(args)
        for k, axis in places:
            keep = (slice(None),) * axis + (slice(0, length),)
            smaller[k] = (
                arrays.like(arrays.to_numpy(smaller[k])[keep], args[k]) if arrays.is_array(args[k]) else args[k]
            )
        return (smaller, True) if self.still_fails(smaller) else (args, False)

    def round_off(self, args, k):
        """The roundest numbers of argument k that still fail."""
        for rounded in ROUNDINGS:
            values = rounded(arrays.to_numpy(args[k]))
            smaller = [*args[:k], arrays.like(values, args[k]), *args[k + 1 :]]
            if self.still_fails(smaller):
                return smaller
        return args


def axes_of(args):
    """(argument, axis, length) of every axis of every array."""
    shapes = [(k, np.shape(arrays.to_numpy(a))) for k, a in enumerate(args) if arrays.is_array(a)]
    return [(k, axis, n) for k, shape in shapes for axis, n in enumerate(shape)]
