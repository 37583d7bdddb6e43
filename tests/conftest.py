"""What all tests share: threads, Hypothesis profiles, markers, the kernel tables and the real data."""

import os

# Before NumPy starts its threads. Numba may use two, which only the tests of its parallel loops do.
for variable, threads in {"OMP": 1, "OPENBLAS": 1, "MKL": 1, "NUMBA": 2}.items():
    os.environ.setdefault(f"{variable}_NUM_THREADS", str(threads))

from importlib import import_module  # noqa: E402
from importlib.util import find_spec  # noqa: E402
from pathlib import Path  # noqa: E402

import hypothesis  # noqa: E402
import pytest  # noqa: E402

from scratchnoise.backend import TABLES, BackendError, backend, c_compiler, compiler, host_table, resolve  # noqa: E402

DATA = os.environ.get("SCRATCHNOISE_DATA", "")

# The first call of a compiled kernel takes seconds, hence no deadline; the fixture `table` never changes within a test.
hypothesis.settings.register_profile(
    "default",
    deadline=None,
    max_examples=40,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.register_profile("ci", hypothesis.settings.get_profile("default"), derandomize=True, database=None)
hypothesis.settings.register_profile("nightly", hypothesis.settings.get_profile("default"), max_examples=500)


def pytest_configure(config):
    if not config.getoption("--hypothesis-profile", None):
        hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")
    config.addinivalue_line("markers", "realdata: reads the data sets in the folder that $SCRATCHNOISE_DATA names")
    config.addinivalue_line("markers", "gpu: needs a CUDA device")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where the data is, a test of the data that skips itself is a test that nobody runs: it fails."""
    report = yield
    if report.skipped and item.get_closest_marker("realdata") and data_folder():
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but $SCRATCHNOISE_DATA is a folder: {report.longrepr}"
    return report


def data_folder():
    """The folder of the real data as an absolute path, or None."""
    return Path(DATA).resolve() if DATA and Path(DATA).is_dir() else None


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Threads that wait for each other make small kernels slow wherever something else is running."""
    if find_spec("numba"):
        import numba

        numba.set_num_threads(1)
        import_module("scratchnoise.kernels.numba_table")  # it keeps what it finds: no test has changed anything yet


@pytest.fixture
def real_data():
    """The folder of the real data; skips where there is none."""
    folder = data_folder()
    if folder is None:
        pytest.skip("$SCRATCHNOISE_DATA names no folder with the real data")
    return folder


@pytest.fixture
def needs_compiled_numba():
    """Skips where numba is not installed, or told not to compile: minutes would become days."""
    if host_table() != "numba":
        pytest.skip("numba is not installed or does not compile")


@pytest.fixture(scope="session")
def needs_compiler():
    """Skips where there is no C++ compiler; in continuous integration there has to be one."""
    if not compiler():
        outcome = pytest.fail if os.environ.get("CI") else pytest.skip
        outcome("no C++ compiler: the CUDA source does not run here at all")


@pytest.fixture(scope="session")
def needs_c_compiler():
    """Skips where there is no C compiler; in continuous integration there has to be one."""
    if not c_compiler():
        outcome = pytest.fail if os.environ.get("CI") else pytest.skip
        outcome("no C compiler: the C kernels do not run here at all")


@pytest.fixture(params=[name for name in TABLES if name != "cupy"])  # its arrays are not NumPy's: tests/gpu
def table(request):
    """The name of each kernel table in turn, which runs during the test; skips those that cannot run here."""
    try:
        resolve(request.param)
    except BackendError as error:
        outcome = pytest.fail if request.param in ("c", "cuda_on_cpu") and os.environ.get("CI") else pytest.skip
        outcome(str(error))
    with backend(request.param):
        yield request.param
