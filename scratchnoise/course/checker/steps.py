"""The checks of one function, from its form to its numbers; each raises `Failure` with the smallest failing input.

A check is a function of (spec, student, trial), `spec` an `exercise.Function`, `student` the implementation under
test; its attribute `step` is what the result calls it.
"""

import numpy as np

from ...check.gradcheck import check_backward
from ...check.kernel_strategies import as_dtype
from .answers import answering, compare, compare_dtypes, copy_of, parts
from .failure import Failure
from .trial import EXAMPLES

FORM_EXAMPLES = 12
LARGER_DRAWS = 3
FLOAT64_TOLERANCE, FLOAT32_TOLERANCE = 1e-9, 2e-4


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
