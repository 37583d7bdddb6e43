"""Run tests on a mutant: in a fork of this process, which has imported what takes long, but nothing of the package."""

import gc
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import time

# The NumPy table and the loops alone: whatever is compiled would be compiled again for each mutant.
ENVIRONMENT = {
    "NUMBA_DISABLE_JIT": "1",  # in processes that tests start
    "CC": "none",
    "CXX": "none",
    "SCRATCHNOISE_BACKEND": "numpy",
    "SCRATCHNOISE_DATA": "",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
PYTEST = "-x -q -p no:cacheprovider -p no:xdist".split()
BYTES = 8 * 2**30  # x ** y for x * y may ask for more than there is
EXAMPLES = {"few": 5, "many": 40}  # Hypothesis profiles; "many" runs what "complete" does
LEFT_OUT = ("__pycache__", ".*", "*.egg-info", "build", "dist")


def prepare():
    """Import once what every trial needs, and hide what none may use."""
    os.environ.update(ENVIRONMENT)
    sys.dont_write_bytecode = False  # the compiled forms of all modules but the mutated one stay
    sys.modules["numba"] = None  # as if it were not installed: its table would be imported by every trial
    for name in ("numpy", "hypothesis", "hypothesis.extra.numpy", "pytest", "sklearn.linear_model", "pandas"):
        try:
            __import__(name)
        except ImportError:
            pass  # then the tests that need it skip themselves
    from hypothesis import HealthCheck, Phase, settings

    for name, examples in EXAMPLES.items():
        settings.register_profile(
            name,
            max_examples=examples,
            phases=(Phase.explicit, Phase.generate),  # nobody reads the input that fails, so it need not be small
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
    gc.freeze()  # pytest collects garbage often; nothing that is here by now is any


def copy_of(root, folder):
    """A copy of the sources to mutate: whoever edits the working tree meanwhile sees no mutant."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return folder


def passes(stages, folder, seconds):
    """Whether the tests of a copy pass, and what pytest printed; "timeout" where they did not end."""
    printed = folder.with_suffix(".txt")
    child = multiprocessing.get_context("fork").Process(target=_run, args=(stages, folder, printed, seconds))
    child.start()
    child.join(seconds)
    if child.is_alive():
        os.killpg(child.pid, signal.SIGKILL)
        child.join()
        return False, "timeout"
    return child.exitcode == 0, printed.read_text(errors="replace") if printed.exists() else ""


def _run(stages, folder, printed, seconds):
    os.setsid()  # so that what the tests start ends with them
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1,) * 2)  # an endless loop ends without us, too
    with open(printed, "wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(folder)
    os.environ["PYTHONPATH"] = str(folder)
    sys.path[0] = str(folder)

    import pytest

    for stage in stages:
        if pytest.main([*PYTEST, *stage]) != 0:
            sys.stdout.flush()
            os._exit(1)
    os._exit(0)


def forget(path):
    """Remove the compiled forms of a module: two texts of one size within a second look the same to Python."""
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def time_limit(stages, folder):
    """Seconds that the tests of a mutant may take: five times those of the right code, which must pass."""
    start = time.monotonic()
    right, printed = passes(stages, folder, seconds=3600)
    if not right:
        raise SystemExit(f"the tests fail without any mutant:\n{printed}")
    taken = time.monotonic() - start
    print(f"the tests take {taken:.1f} s without a mutant", flush=True)
    return 20 + 5 * taken
