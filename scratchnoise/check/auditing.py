"""`audit`: which of the classical errors in a backward pass would a test of yours not see?"""

import sys
from collections.abc import Callable
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from ..checks import as_generator
from . import arrays
from .classical_errors import ERRORS
from .planting import DoesNotApply, own_copy, plant, signature_of, upstream_place
from .report import Report


def audit(backward: Callable | str, test: Callable, upstream: Any = None, seed: int = 0) -> Report:
    """Run `test` on a backward pass with each classical error in turn, and report which errors it would miss.

    backward: a function, then test(backward) is called; or its place as a text, "package.module.name", then test() is
    called while that name is bound to the wrong pass, nothing on disk being changed. A test sees an error by raising
    anything, or by returning False or a failed Report. upstream: the place of dy among the arguments of backward, found
    by its name if None. Arrays may be those of NumPy, PyTorch, CuPy or JAX. An error that makes no difference for any
    inputs of these shapes is not counted. Returns a Report: true when every error was seen.
    Raises ValueError where the test rejects the right backward pass, or never calls it.
    """
    rng = as_generator("seed", seed)
    if not callable(test):
        raise ValueError("test should be a function, of backward or (for a name) of nothing")
    place = Place(backward)
    check_signature(test, place)
    watched = Watched(place.right, place.right, upstream, rng)
    problem = rejection(place, test, watched)
    if problem:
        raise ValueError(f"the test rejects {place.name} itself ({problem}); audit needs a pass that it accepts")
    if not watched.calls:
        raise ValueError(f"the test never calls {place.name}; for a function that it looks up, pass 'module.name'")
    report = Report(f"what the test would see in {place.name}")
    for name, (error, needs) in ERRORS.items():
        watched = Watched(plant(error, place.right, upstream), place.right, upstream, rng)
        seen = rejection(place, test, watched)
        if not watched.differs:
            report.add(name, "skipped", watched.reason or "it is no error here: the gradients are the same")
        elif seen:
            report.add(name, "ok", "seen")
        else:
            report.add(name, "failed", f"not seen; it takes {needs}")
    missed = len(report.failed)
    report.title += f": it misses {missed} of {sum(line.status != 'skipped' for line in report.lines)} errors"
    return report


class Place:
    """A function that is passed along, or one that is found under a name and replaced there for a while."""

    def __init__(self, backward):
        self.owner = None
        if callable(backward):
            self.right, self.name = backward, getattr(backward, "__name__", "backward")
            return
        self.owner, self.attribute = owner_of(backward)
        self.raw = vars(self.owner).get(self.attribute)
        self.right, self.name = getattr(self.owner, self.attribute), backward
        if not isinstance(self.raw, staticmethod) and isinstance(self.owner, type):
            self.right = self.raw if self.raw is not None else self.right

    @contextmanager
    def replaced(self, wrong):
        """While it lasts, the name stands for `wrong`."""
        if self.owner is None:
            yield
            return
        setattr(self.owner, self.attribute, staticmethod(wrong) if isinstance(self.raw, staticmethod) else wrong)
        try:
            yield
        finally:
            setattr(self.owner, self.attribute, self.raw if self.raw is not None else self.right)


def owner_of(name):
    """(module or class, attribute) of "package.module.name" or "package.module.Class.name"."""
    if not isinstance(name, str) or "." not in name:
        raise ValueError(f"backward={name!r} should be a function, or its place as a text: 'package.module.name'")
    *path, attribute = name.split(".")
    for k in range(len(path), 0, -1):
        try:
            owner = sys.modules.get(".".join(path[:k])) or import_module(".".join(path[:k]))
        except ModuleNotFoundError:
            continue
        for part in path[k:]:
            owner = getattr(owner, part, None)
        if hasattr(owner, attribute):
            return owner, attribute
    raise ValueError(f"backward={name!r} is not found; give the module and the name in it: 'package.module.name'")


class Watched:
    """A wrong backward pass, which finds out in its first calls whether it differs from the right one at all.

    That is done while the test calls it: what PyTorch keeps for a backward pass is gone afterwards.
    """

    def __init__(self, wrong, right, upstream, rng, looks=3):
        self.wrong, self.right, self.upstream, self.rng, self.looks = wrong, right, upstream, rng, looks
        self.calls, self.differs, self.reason = 0, False, ""

    def __call__(self, *args, **kwargs):
        self.calls += 1
        if self.calls <= self.looks and not self.differs and self.wrong is not self.right:
            self.look(args, kwargs)
        try:
            return self.wrong(*args, **kwargs)
        except DoesNotApply as reason:
            self.reason = str(reason)
            return self.right(*args, **kwargs)

    def look(self, args, kwargs):
        """Compare both for random numbers in the shapes of this call."""
        try:
            self.differs = is_wrong(self.wrong, self.right, (args, kwargs), self.upstream, self.rng)
        except DoesNotApply as reason:
            self.reason = str(reason)

    def as_function(self):
        """The same as a plain function, which can stand for a method and shows the parameters of the right one."""

        def watched(*args, **kwargs):
            return self(*args, **kwargs)

        watched.__name__ = getattr(self.right, "__name__", "backward")
        signature = signature_of(self.right)
        if signature is not None:
            watched.__signature__ = signature
        return watched


def check_signature(test, place):
    """Raise ValueError where the test cannot be called: it waits for fixtures, or for what audit does not pass."""
    given = [] if place.owner is not None else [place.right]
    signature = signature_of(test)
    try:
        signature and signature.bind(*given)
    except TypeError:
        wanted = "no arguments" if place.owner is not None else "the backward pass alone"
        raise ValueError(f"test{signature} should take {wanted}; bind all else, fixtures too, beforehand") from None


def rejection(place, test, watched):
    """How the test rejects this backward pass, "" if it accepts it: by raising, or by what it returns."""
    backward = watched.as_function()
    with place.replaced(backward):
        try:
            outcome = test() if place.owner is not None else test(backward)
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # an assertion, any error that a wrong gradient leads to, and pytest.fail
            return "" if type(error).__name__ in ("Skipped", "SkipTest") else f"{type(error).__name__}: {error}"
    if hasattr(outcome, "wasSuccessful"):  # of a unittest.TestCase
        outcome = outcome.wasSuccessful()
    failed = isinstance(outcome, bool | np.bool_ | Report) and not outcome
    return f"it returned {outcome}" if failed else ""


def is_wrong(wrong, right, call, upstream, rng):
    """Whether the wrong pass differs from the right one for random numbers in the shapes of a recorded call."""
    args, kwargs = call
    place = upstream_place(right, args) if upstream is None else upstream
    for drawn in (randomised(args, place, rng, everything=True), randomised(args, place, rng, everything=False)):
        try:
            a, b = right(*drawn, **kwargs), wrong(*drawn, **kwargs)
        except DoesNotApply:
            raise
        except Exception:  # the caller's code may refuse such numbers
            continue
        if not equal_gradients(a, b):
            return True
    return False


def randomised(args, place, rng, everything):
    """The arguments with random numbers for the upstream, and for the other floating arrays if `everything`."""

    def drawn(value):
        if isinstance(value, tuple | list):
            return type(value)(drawn(v) for v in value)
        if arrays.is_array(value) and arrays.is_floating(value):
            return arrays.like(rng.standard_normal(np.shape(value)), value)
        return own_copy(value)

    return [drawn(a) if everything or k == place else a for k, a in enumerate(args)]


def equal_gradients(a, b):
    """Whether two results of a backward pass are equal up to rounding."""
    if isinstance(a, dict):
        return all(equal_gradients(a[k], b[k]) for k in a)
    if isinstance(a, tuple | list):
        return all(map(equal_gradients, a, b))
    if not arrays.is_array(a):
        return True
    a, b = arrays.to_numpy(a).astype(float), arrays.to_numpy(b).astype(float)
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-4, atol=1e-6 * (1 + np.abs(a).max(initial=0)))
