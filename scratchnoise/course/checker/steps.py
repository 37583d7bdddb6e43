"""The checks of one function, from its form to its numbers; each raises `Failure` with the smallest failing input.

A check is a function of (spec, student, trial), `spec` an `exercise.Function`, `student` the implementation under
test; its attribute `step` is what the result calls it.
"""

import dataclasses
from weakref import WeakKeyDictionary

import hypothesis
import numpy as np

from ...check.gradcheck import check_backward
from ...check.kernel_strategies import as_dtype
from .answers import answering, compare, compare_dtypes, copy_of, parts
from .failure import Failure

FORM_EXAMPLES, EXAMPLES = 12, 40
LARGER_DRAWS = 3
SHRINKS = 300
CHANGES_ITS_ANSWER = "Called twice with the same input it gave different results."
FLOAT64_TOLERANCE, FLOAT32_TOLERANCE = 1e-9, 2e-4


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


def step(name):
    """Name the step that a check belongs to."""

    def named(check):
        check.step = name
        return check

    return named


# --- form ------------------------------------------------------------------------------------------------


@step("state")
def keeps_no_state(spec, student, trial):
    """The same input gives the same answer, whatever was asked in between; it has to come before all other checks.

    Only a function that is right at first can be told from one that is wrong.
    """
    if not student.written or not student.takes(len(spec.example)):
        return  # `returns` says so
    rng = trial.rng()
    first, second = spec.larger(rng), spec.larger(rng)
    try:
        before, between, after = (_flat(spec, student, given) for given in (first, second, first))
        right, other = (_flat(spec, spec.reference, given) for given in (first, second))
    except Failure:
        return
    stale = _close(before, between) and not _close(right, other)
    if _close(before, right) and (stale or not _close(before, after)):
        raise Failure(
            f"{spec.name} remembers something from one call to the next: it is right when it is called for the first "
            "time, and not when it is called again with other numbers of the same shape.\nLook for a global variable, "
            "a cache, or an array or list as a default argument.",
            mistake="remembers_the_last_call",
        )


def _flat(spec, function, inputs):
    """All numbers of an answer, one after the other; None where there are none."""
    out = function(*(copy_of(value) for value in inputs.values()))
    try:
        return [np.asarray(part, float) for part in (out if isinstance(out, tuple | list) else (out,))]
    except (TypeError, ValueError):
        return None


def _close(a, b):
    if a is None or b is None or len(a) != len(b):
        return a is b
    return all(
        u.shape == v.shape and np.allclose(u, v, FLOAT64_TOLERANCE, FLOAT64_TOLERANCE, equal_nan=True)
        for u, v in zip(a, b, strict=True)
    )


@step("returns")
def returns(spec, student, trial):
    """Something came back, as many things as there should be."""
    if not student.written:
        raise Failure(f"{spec.name} is not written yet.")
    wanted = len(spec.example)
    if not student.takes(wanted):
        raise Failure(f"{spec.name} cannot be called with {wanted} arguments; its signature is {spec.signature}")

    def body(**inputs):
        parts(spec, student(*inputs.values()), spec.reference(*inputs.values()))

    trial.hunt(spec.inputs, body, FORM_EXAMPLES)


@step("shape")
def shape(spec, student, trial):
    """Every result has the shape of the library's."""

    def body(**inputs):
        expected = spec.reference(*inputs.values())
        for name, yours, wanted in parts(spec, student(*inputs.values()), expected):
            if np.shape(yours) != np.shape(wanted):
                raise Failure(f"{name} has shape {np.shape(yours)}; it should be {np.shape(wanted)}.")

    trial.hunt(spec.inputs, body, FORM_EXAMPLES)


@step("dtype")
def dtype(spec, student, trial):
    """Integers are integers; where the stub says that the dtype stays, float32 gives float32. Lists have no dtype."""

    def body(**inputs):
        for kind in (np.float64, np.float32):
            given = as_dtype(inputs.values(), kind)
            out, expected = student(*given), spec.reference(*given)
            found = parts(spec, out, expected)
            results = out if isinstance(expected, tuple) else [out]
            for (name, yours, wanted), result in zip(found, results, strict=True):
                keeps = spec.keeps_dtype and not isinstance(result, list)
                compare_dtypes(name, np.asarray(yours).dtype, np.asarray(wanted).dtype, np.dtype(kind), keeps)

    trial.hunt(spec.inputs, body, FORM_EXAMPLES)


@step("inputs")
def inputs_unchanged(spec, student, trial):
    """No argument was written to."""

    def body(**inputs):
        given = {name: copy_of(value) for name, value in inputs.items()}
        student(*given.values())
        for name, before in inputs.items():
            if isinstance(before, np.ndarray) and not np.array_equal(before, given[name]):
                raise Failure(
                    f"{spec.name} changed its argument {name}: work on a copy. After the call {name} is\n{given[name]}"
                )

    trial.hunt(spec.inputs, body, FORM_EXAMPLES)


@step("example")
def example(spec, student, trial):
    """The worked example of the stub; where it comes out wrong, the smallest input that does is worth more."""
    given = {name: copy_of(value) for name, value in spec.example.items()}
    try:
        compare(spec, student, given, FLOAT64_TOLERANCE)
    except (AssertionError, Failure) as error:
        try:
            later(spec, student, trial)
        except Failure as smaller:
            raise Failure(smaller.text, "example", smaller.inputs) from None
        raise Failure(str(error), "example", spec.example) from None


def later(spec, student, trial):
    """The checks that come after the worked example."""
    for check in spec.checks[spec.checks.index(example) + 1 :]:
        check(spec, student, trial)


FORM = (keeps_no_state, returns, shape, dtype, inputs_unchanged, example)

# --- numbers ---------------------------------------------------------------------------------------------


@step("definition")
def definition(spec, student, trial):
    """Equal to the equation on inputs that can be followed on paper."""
    trial.hunt(spec.inputs, lambda **inputs: compare(spec, student, inputs, FLOAT64_TOLERANCE))


def definition_on(inputs, examples=EXAMPLES):
    """As `definition`, on inputs of another kind, such as extreme ones."""

    @step("definition")
    def check(spec, student, trial):
        trial.hunt(inputs, lambda **drawn: compare(spec, student, drawn, FLOAT64_TOLERANCE), examples)

    return check


def finite_differences(bind, inputs=None):
    """The gradient of the forward pass by central differences, under an upstream that is drawn.

    bind(student, **inputs) -> forward, backward, args, upstream as `check_backward` takes them.
    """

    @step("gradient")
    def check(spec, student, trial):
        def body(**drawn):
            forward, backward, args, upstream = bind(answering(spec, student), **drawn)
            try:
                check_backward(forward, backward, args, np.random.default_rng(0), spec.name, upstream)
            except AssertionError as error:  # the upstream is among the inputs that are shown
                raise Failure(str(error).partition("\nupstream dy")[0]) from None

        trial.hunt(spec.inputs if inputs is None else inputs, body)

    return check


def holds(prop, adapt=lambda student: student, examples=20):
    """A property of `check.properties`; adapt(student) has the signature that the property asks for."""

    @step("definition")
    def check(spec, student, trial):
        subject = adapt(answering(spec, student))
        trial.hunt(prop.inputs, lambda **drawn: prop(subject, **drawn), examples)

    return check


@step("library")
def library(spec, student, trial):
    """Equal to the library on inputs of ordinary size, float64 and float32."""
    rng = trial.rng()
    for _ in range(LARGER_DRAWS):
        drawn = spec.larger(rng)
        for kind, tolerance in ((np.float64, FLOAT64_TOLERANCE), (np.float32, FLOAT32_TOLERANCE)):
            given = dict(zip(drawn, as_dtype(drawn.values(), kind), strict=True))
            try:
                compare(spec, student, given, tolerance)
            except (AssertionError, Failure) as error:
                raise Failure(str(error), inputs=given) from None
