"""One run of the checks: the inputs that are drawn, and the smallest of those that fail."""

import dataclasses
from weakref import WeakKeyDictionary

import hypothesis
import numpy as np

from .answers import copy_of
from .failure import Failure

EXAMPLES = 40
SHRINKS = 300
CHANGES_ITS_ANSWER = "Called twice with the same input it gave different results."

# Strategy -> {(seed, examples): inputs}. What Hypothesis draws depends on nothing else until something fails. Drawing
# takes longer than what is done with it, so the next check and the next student get the same inputs from here.
_DRAWN: WeakKeyDictionary = WeakKeyDictionary()


class _Enough(KeyboardInterrupt):
    """The failing input is small enough; Hypothesis lets nothing else through at once."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run of the checks: the seed decides every input. shrinks: attempts to make a failing input smaller."""

    seed: int
    shrinks: int = SHRINKS

    def rng(self):
        return np.random.default_rng(self.seed)

    def hunt(self, inputs, body, examples=EXAMPLES):
        """Run body(inputs) on drawn inputs; a failure is raised for the smallest input that fails.

        inputs: a strategy of dicts, or several, the tiniest first: what fails on a tiny input needs no shrinking of
        sizes. An AssertionError of a property becomes a Failure as well.
        """
        ladder = inputs if isinstance(inputs, tuple) else (inputs,)
        for rung in ladder:
            self._hunt(rung, body, examples // len(ladder))

    def _hunt(self, inputs, body, examples):
        """As `hunt`, for one strategy. Hypothesis draws where that was not done before, or where something failed."""
        drawn = _DRAWN.setdefault(inputs, {})
        try:
            for known in drawn.get((self.seed, examples), ()):
                _attempt(body, known)
        except Failure as failure:
            self._search(inputs, body, examples)
            raise Failure(CHANGES_ITS_ANSWER, "returns") from failure
        if (self.seed, examples) not in drawn:
            drawn[self.seed, examples] = self._search(inputs, body, examples)

    def _search(self, inputs, body, examples):
        """All inputs that Hypothesis drew, where none fails. Raises the Failure of the smallest one that does.

        Shrinking stops after SHRINKS attempts: each failure is simpler than before.
        """
        failures, attempts, drawn = [], 0, []

        def holds(inputs):
            nonlocal attempts
            attempts += bool(failures)
            if attempts > self.shrinks:
                raise _Enough
            try:
                _attempt(body, inputs)
            except Failure as failure:
                failures.append(failure)
                raise
            drawn.append(inputs)

        settings = hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
            report_multiple_bugs=False,
            suppress_health_check=list(hypothesis.HealthCheck),
            print_blob=False,
            verbosity=hypothesis.Verbosity.quiet,
        )
        try:
            hypothesis.seed(self.seed)(settings(hypothesis.given(inputs=inputs)(holds)))()
        except (Failure, _Enough):
            raise failures[-1] from None
        except hypothesis.errors.Flaky:
            raise Failure(CHANGES_ITS_ANSWER, "returns") from None
        return drawn


def _attempt(body, inputs):
    """Run body on copies of the inputs. Raises Failure for whatever goes wrong."""
    try:
        body(**{name: copy_of(value) for name, value in inputs.items()})
    except Exception as error:  # a property computes with what came back, whatever that is
        failure = error if isinstance(error, Failure) else Failure(describe_trouble(error))
        failure.inputs = failure.inputs or inputs
        raise failure from None


def describe_trouble(error):
    """What a property says, or why it could not compute with the answer."""
    if isinstance(error, AssertionError):
        return str(error)
    return f"What came back cannot be computed with: {type(error).__name__}: {error}"
