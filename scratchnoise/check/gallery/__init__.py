"""What public from-scratch projects do, derived anew by us in a few lines each, with the kind of test each project has.

Only the construction is taken from a project: which formula, in which style, checked in which way. `layers`, `losses`
and `sequences` hold the constructions, `own_tests` the kinds of tests, `table` what `verify` and `audit` say of them.
Every layer here forgets something or does something unusual on purpose, as its project does: use none of them.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Construction:
    """project: a public repository; what: the construction in words; own_test: a name in `own_tests.KINDS`."""

    project: str
    what: str
    forward: Callable
    backward: Callable
    args: tuple
    own_test: str
