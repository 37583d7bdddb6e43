"""A property: a function of an implementation and of drawn inputs that raises AssertionError where they disagree."""

from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import strategies as st

from .strategies import LETTERS

PROPERTIES: dict[str, Callable] = {}  # module.name -> function, filled by `holds_for`


def holds_for(
    *letters: str, classes: tuple[int, int] = (2, 5), samples: tuple[int, int] = (1, 4), **makers: Any
) -> Callable:
    """Say what the inputs of `property(implementation, **inputs)` are drawn from, and register it.

    letters: names in `strategies.LETTERS`; makers: name = function (N, C) -> strategy, for other inputs. All share one
    N from the range `samples` and one C from `classes`; N differs from C, so that one cannot stand for the other.
    """
    makers = {letter: LETTERS[letter] for letter in letters} | makers

    @st.composite
    def inputs(draw, classes=classes):
        C = draw(st.integers(*classes))
        N = draw(st.integers(*samples).filter(lambda N: N != C))
        return {name: draw(make(N, C)) for name, make in makers.items()}

    def register(function):
        function.inputs, function.inputs_with = inputs(), inputs
        PROPERTIES[f"{function.__module__.rpartition('.')[2]}.{function.__name__}"] = function
        return function

    return register


def check_property(prop: Any, implementation: Callable, settings: Any = None, classes: int | None = None) -> None:
    """Run a property on drawn inputs, under the Hypothesis profile that is loaded or under `settings`.

    classes: how many, for an implementation that takes one number only; any of the property's range if None.
    Raises what the property raises, for the simplest inputs that Hypothesis finds.
    """

    def holds(inputs):
        prop(implementation, **inputs)

    holds.__name__ = prop.__name__
    inputs = prop.inputs if classes is None else prop.inputs_with(classes=(classes, classes))
    run = hypothesis.given(inputs=inputs)(holds)
    (settings(run) if settings else run)()
