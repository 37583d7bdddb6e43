"""What is mutated, and which tests are asked, the fastest first."""

from dataclasses import dataclass

ARGUMENTS = "tests/test_arguments.py::test_a_wrong_argument_is_refused_by_name"
PROPERTIES = "tests/test_properties.py::test_the_library_has_the_property"


@dataclass(frozen=True)
class Target:
    """paths: files or folders of the package. stages: arguments of pytest, run one after the other until one fails."""

    paths: tuple[str, ...]
    stages: tuple[tuple[str, ...], ...]

    def modules(self, root):
        """The files in question, relative to the root."""
        found = [path for given in self.paths for path in sorted([root / given, *(root / given).rglob("*.py")])]
        return [path.relative_to(root) for path in found if path.suffix == ".py"]


def stage(arguments, of=None, profile="many"):
    """Arguments of pytest. of: which of its tests (-k). profile: how many examples Hypothesis draws, see trial.py."""
    return (*arguments.split(), *(("-k", of) if of else ()), "--hypothesis-profile", profile)


NETWORK = "layer layers frames normalisation pooling network".split()

TARGETS = {
    "transition": Target(
        ("scratchnoise/transition.py",),
        (
            stage("tests/test_transition.py tests/test_noise.py"),
            stage("tests/test_label_errors.py tests/models/test_wrapped_data.py", "transition or label or posterior"),
            stage(PROPERTIES, "matrix or posterior_maps"),
            stage(ARGUMENTS, "transition"),
        ),
    ),
    "noise": Target(
        ("scratchnoise/noise.py",),
        (
            stage("tests/test_noise.py"),
            stage(PROPERTIES, "noise."),
            stage(ARGUMENTS, "noise"),
        ),
    ),
    "losses": Target(
        ("scratchnoise/losses.py",),
        (
            stage("tests/test_losses.py tests/test_loss_equations.py"),
            stage(PROPERTIES, "losses. or correction."),
            stage(ARGUMENTS, "losses"),
        ),
    ),
    "loops": Target(
        ("scratchnoise/kernels/loops",),
        (
            # The oracle of these tests is the loops themselves: NumPy's table must differ from wrong ones.
            stage("tests/kernels/test_backends_agree.py", "numpy and (tables or splitmix)", "few"),
            stage("tests/kernels/test_limits.py", "loops"),
            stage("tests/kernels/test_gate.py", "no_samples and loops"),
            stage("tests/kernels/test_backends_agree.py", "numpy or loops and (one_sample or meet)"),
        ),
    ),
    "estimate": Target(
        ("scratchnoise/estimate",),
        (
            stage("tests/test_estimate.py", "not found and not apart and not seed and not errors and not combined"),
            stage(PROPERTIES, "estimators", "few"),
            stage("tests/test_learnt_transition.py"),
            stage("tests/test_estimate.py", "found or apart or seed or errors or combined"),
            stage(PROPERTIES, "estimators"),
            stage(ARGUMENTS, "estimate."),
        ),
    ),
    "layers": Target(
        tuple(f"scratchnoise/network/{name}.py" for name in NETWORK),
        (
            stage("tests/test_layers.py tests/test_network.py", "not loops and not alarms and not tamed"),
            stage("tests/models/test_neural_network.py tests/test_gradients.py", "network or layer"),
            stage("tests/device/test_device.py"),
            stage(ARGUMENTS, "layers. or normalisation. or pooling. or network."),
        ),
    ),
    "checker": Target(
        ("scratchnoise/course/checker",),
        (
            stage("tests/checker tests/test_slips.py"),
            stage("tests/test_exercises.py", "odd or written or untouched or shrinks"),
            stage("tests/test_exercises.py", "01 or uniform or whatever or random or afresh or helper or table or own"),
        ),
    ),
}
