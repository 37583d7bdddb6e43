"""The checks of one function, from its form to its numbers; each raises `Failure` with the smallest failing input.

A check is a function of (spec, student, trial), `spec` an `exercise.Function`, `student` the implementation under
test; its attribute `step` is what the result calls it.
"""

import hypothesis
import numpy as np

from ...check.gradcheck import check_backward
from ...check.kernel_strategies import as_dtype
from .answers import answering, compare, compare_dtypes, copy_of, parts
from .student import Failure

FORM_EXAMPLES, EXAMPLES = 12, 40
LARGER_DRAWS = 3
SHRINKS = 300
FLOAT64_TOLERANCE, FLOAT32_TOLERANCE = 1e-9, 2e-4


class _Enough(KeyboardInterrupt):
    """The failing input is small enough; Hypothesis lets nothing else through at once."""


class Trial:
    """One run of the checks: the seed decides every input."""

    def __init__(self, seed):
        self.seed = seed

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
        """As `hunt`, for one strategy. Shrinking stops after SHRINKS attempts: each failure is simpler than before."""
        failures, attempts = [], 0

        def holds(inputs):
            nonlocal attempts
            attempts += bool(failures)
            if attempts > SHRINKS:
                raise _Enough
            try:
                body(**{name: copy_of(value) for name, value in inputs.items()})
            except Exception as error:  # a property computes with what came back, whatever that is
                failure = error if isinstance(error, Failure) else Failure(describe_trouble(error))
                failure.inputs = failure.inputs or inputs
                failures.append(failure)
                raise failure from None

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
            raise Failure("Called twice with the same input it gave different results.", "returns") from None


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
    """float64 in gives float64 out, float32 gives float32."""

    def body(**inputs):
        for kind in (np.float64, np.float32):
            given = as_dtype(inputs.values(), kind)
            for name, yours, wanted in parts(spec, student(*given), spec.reference(*given)):
                compare_dtypes(name, np.asarray(yours).dtype, np.asarray(wanted).dtype, kind)

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


FORM = (returns, shape, dtype, inputs_unchanged, example)

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
