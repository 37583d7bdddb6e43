"""What can be stepped through: every kernel, every loss, the models' fits, and a function of your own."""

from difflib import get_close_matches

from .kernels import kernel, kernel_names
from .losses import loss, loss_classes
from .models import MODELS
from .own_function import own_function


def names():
    """{kind: names} of all that can be stepped through without a file."""
    return {"kernels": kernel_names(), "losses": tuple(loss_classes()), "models": tuple(MODELS)}


def find(name, values=None):
    """The Subject of a name, or of FILE.py:function. values: {parameter: array or number} instead of the example's.

    Raises ValueError for what is unknown, with the nearest name, and for values that do not fit.
    """
    known = names()
    if ".py" in name:
        return own_function(name, values)
    if name in known["kernels"]:
        return kernel(name, values)
    if name in known["losses"]:
        return loss(name, values)
    if name in known["models"]:
        if values:
            raise ValueError(f"{name} is fitted to its own samples; --values is for kernels, losses and your functions")
        return MODELS[name]()
    close = get_close_matches(name, [each for group in known.values() for each in group], n=1, cutoff=0.4)
    advice = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"{name!r} cannot be stepped through; {advice}`scratchnoise step` lists what can")
