"""Mutants: small functions that are wrong on purpose, most of them as real projects were wrong.

`rejected_by(prop, ...)` above a mutant names the properties that must fail on it; its docstring says what is wrong.
"""

import importlib

from .registry import MUTANTS

GROUPS = (
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
)
for group in GROUPS:
    importlib.import_module(f"{__name__}.{group}")

__all__ = ["MUTANTS"]
