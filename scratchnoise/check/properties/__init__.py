"""What holds for every input: one module for each part of the library, one function for each property.

A property takes the implementation under test first, as a plain function whose signature its docstring gives, then the
drawn inputs. It raises AssertionError with a message for the person whose implementation it is.
"""

from ..property import PROPERTIES
from . import (
    backward_correction,
    estimators,
    flip_rates,
    forward_correction,
    kernels,
    limits,
    losses,
    matrix,
    models,
    noise,
    posterior_maps,
    robust_losses,
)

__all__ = [
    "PROPERTIES",
    "backward_correction",
    "estimators",
    "flip_rates",
    "forward_correction",
    "kernels",
    "limits",
    "losses",
    "matrix",
    "models",
    "noise",
    "posterior_maps",
    "robust_losses",
]
