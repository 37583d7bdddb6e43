"""What is mutated, and which tests are asked, the fastest first."""

from dataclasses import dataclass

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


def stage(arguments, of=None):
    """Arguments of pytest; of: which of its tests, as pytest's -k has it."""
    return (*arguments.split(), *(("-k", of) if of else ()))


TARGETS = {
    "transition": Target(
        ("scratchnoise/transition.py",),
        (
            stage("tests/test_transition.py tests/test_noise.py"),
            stage("tests/test_label_errors.py tests/models/test_wrapped_data.py", "transition or label or posterior"),
            stage(PROPERTIES, "matrix or posterior_maps"),
        ),
    ),
    "noise": Target(
        ("scratchnoise/noise.py",),
        (
            stage("tests/test_noise.py"),
            stage(PROPERTIES, "noise."),
        ),
    ),
    "losses": Target(
        ("scratchnoise/losses.py",),
        (
            stage("tests/test_losses.py tests/test_loss_equations.py"),
            stage(PROPERTIES, "losses. or correction."),
        ),
    ),
}
