"""The settings of a loss: Python floats, whatever kind of number was given, and other losses."""

from ..losses import Loss
from ..messages import shown


def keep_floats(loss, *names):
    """Store these settings as Python floats: a float64 of NumPy would turn float32 logits into float64."""
    for name in names:
        object.__setattr__(loss, name, float(getattr(loss, name)))


def check_loss(**values):
    """Raise ValueError unless each value is a loss object that another loss can hold."""
    for name, value in values.items():
        if not isinstance(value, Loss):
            raise ValueError(f"{name}={shown(value)} should be a loss object, e.g. CrossEntropy()")
        if value.remembers_samples:
            raise ValueError(
                f"{name} is a {type(value).__name__}, whose memory of samples no other loss keeps; put the other loss "
                f"into its base instead, e.g. {type(value).__name__}(base=Flooded())"
            )
