"""The losses: those that the package names, with example settings where they have no default."""

import inspect
import sys
from dataclasses import fields

import numpy as np

from ..backend import backend
from ..losses import Loss
from .examples import T as EXAMPLE_T
from .examples import Y, Z
from .subject import LOOPS, Run, Subject, with_values
from .watched import functions_of

SETTINGS = {"T": EXAMPLE_T, "rho_positive": 0.2, "rho_negative": 0.1}


def loss_classes():
    """{name: class} of the losses among the names of the package."""
    import scratchnoise

    found = {name: getattr(scratchnoise, name) for name in scratchnoise.__all__}
    return {name: value for name, value in found.items() if isinstance(value, type) and issubclass(value, Loss)}


def loss(name, values=None):
    """A loss: value and gradient of each sample, then what training minimises."""
    cls = loss_classes()[name]
    settings = _settings(cls)
    example = {"z": Z[:, :2] if "rho_positive" in settings else Z, "y": Y, **settings}
    arguments = with_values(name, example, values)
    z, y = np.array(arguments["z"], float), arguments["y"]
    made = cls(**{key: value for key, value in arguments.items() if key not in ("z", "y")})

    def call():
        with backend("loops"):
            return made.value(z, y), made.grad(z, y), made.objective(z, y), made.objective_grad(z, y)

    methods = [getattr(cls, method) for method in ("value", "grad", "objective", "objective_grad")]
    modules = {sys.modules[base.__module__] for base in cls.__mro__ if issubclass(base, Loss)}
    functions = (*functions_of(*modules), *functions_of(*LOOPS))
    runs = (Run("loops", functions, tuple(methods), call, methods[0]),)
    return Subject(name, "loss", inspect.getdoc(cls), arguments, runs)


def _settings(cls):
    """The fields that a loss needs and that have no default."""
    wanted = [field.name for field in fields(cls) if field.default is field.default_factory]
    missing = [name for name in wanted if name not in SETTINGS]
    if missing:
        raise ValueError(f"{cls.__name__} has no example of {missing[0]!r} yet; add it to stepping/losses.py")
    return {name: SETTINGS[name] for name in wanted}
