"""The pytest plugin: `pytest --gradients my_module.py` checks every pair of forward and backward passes in it.

Nothing happens unless it is asked for: by `--gradients`, by the ini option `gradients = path ...`, by the name of a
module on the command line, or by the fixture `gradient_check` in a test. This file is imported by every run of pytest
on a machine with the package, so it imports nothing heavy itself.
"""

import ast
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

PROFILES = {  # (draws of the arguments, directions of each argument, entries compared one by one)
    "quick": (1, 2, 12),
    "nightly": (10, 4, 40),
    "exhaustive": (50, 8, 400),
}
ENDINGS = ("_backward", "_grad", "_vjp")


def pytest_addoption(parser):
    """Options and settings: which modules are checked, and how much is drawn."""
    group = parser.getgroup("gradients", "checks of backward passes (scratchnoise)")
    group.addoption("--gradients", action="store_true", help="check every f/f_grad and x_forward/x_backward in modules")
    group.addoption(
        "--gradient-profile", choices=PROFILES, default=None, help="how much is drawn: quick, nightly or exhaustive"
    )
    parser.addini("gradients", "modules whose pairs are checked in every run", type="args", default=[])


def pytest_configure(config):
    """Register the marker, so that --strict-markers knows it."""
    config.addinivalue_line(
        "markers", "gradient_check(profile): a check of a backward pass; profile: quick, nightly or exhaustive"
    )


def pytest_collect_file(file_path, parent):
    """Collect a module that is asked for and has a pair; test files stay as they are."""
    if file_path.suffix != ".py" or file_path.name == "conftest.py" or file_path.name.startswith("test_"):
        return None
    if not asked_for(file_path, parent.config) or not has_pairs(file_path):
        return None
    return GradientModule.from_parent(parent, path=file_path)


def asked_for(path, config):
    """Whether the command line or the ini file names this module."""
    named = [Path(config.invocation_params.dir, str(a).partition("::")[0]) for a in config.args]
    listed = [Path(config.rootpath, name) for name in config.getini("gradients")]
    return config.getoption("gradients") or path in named or path in listed


def has_pairs(path):
    """Whether a name in the module ends as a backward pass does; the module is not imported for that."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return False
    return any(isinstance(node, ast.FunctionDef) and node.name.endswith(ENDINGS) for node in tree.body)


class GradientModule(pytest.File):
    """A module of somebody else; one item for each pair."""

    def collect(self):
        from .discovery import pairs_in

        namespace = vars(imported(self.path))
        for name, (forward, backward) in pairs_in(namespace).items():
            item = GradientItem.from_parent(self, name=name, forward=forward, backward=backward, namespace=namespace)
            item.add_marker("gradient_check")
            yield item


class GradientItem(pytest.Item):
    """One pair, checked on one or more draws of its arguments."""

    def __init__(self, *, forward, backward, namespace, **kwargs):
        super().__init__(**kwargs)
        self.forward, self.backward, self.namespace = forward, backward, namespace

    def runtest(self):
        import numpy as np

        from .discovery import arguments_for
        from .verification import verify

        draws, directions, entries = PROFILES[profile_of(self)]
        for seed in range(draws):
            rng = np.random.default_rng(seed)
            args = arguments_for(self.name, self.forward, self.backward, self.namespace, rng)
            report = verify(self.forward, self.backward, args, seed=seed, directions=directions, entries=entries)
            report.check()
            self.add_report_section("call", "gradients", str(report))  # shown by -rP

    def repr_failure(self, excinfo, style=None):
        """The report alone for a wrong gradient; the traceback for anything else."""
        from .discovery import NoArguments

        if excinfo.errisinstance((AssertionError, NoArguments)):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        line = getattr(getattr(self.backward, "__code__", None), "co_firstlineno", 1)
        return self.path, line - 1, f"gradient of {self.name}"


def profile_of(item):
    """The profile of a test: that of its marker, else of the command line, else "quick"."""
    marker = item.get_closest_marker("gradient_check")
    named = (marker.args[0] if marker.args else marker.kwargs.get("profile")) if marker else None
    return item.config.getoption("gradient_profile") or named or "quick"


def imported(path):
    """The module of a file under its own name, with its folder on the path as for a script."""
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    known = sys.modules.get(path.stem)
    if known is not None and Path(getattr(known, "__file__", None) or "").resolve() == path.resolve():
        return known
    spec = spec_from_file_location(path.stem, path)
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def gradient_check(request):
    """gradient_check(forward, backward, args, ...): `check.verify` in the profile of the run; fails with its report."""
    from .verification import verify

    _, directions, entries = PROFILES[profile_of(request.node)]

    def run(forward, backward, args, **options):
        __tracebackhide__ = True
        report = verify(forward, backward, args, **{"directions": directions, "entries": entries, **options})
        if not report:
            pytest.fail(str(report), pytrace=False)
        return report

    return run
