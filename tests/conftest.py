"""What all tests share: threads, Hypothesis profiles, markers, the kernel tables and the real data."""

import os

# Before NumPy starts its threads. Numba may use two, which only the tests of its parallel loops do.
for variable, threads in {"OMP": 1, "OPENBLAS": 1, "MKL": 1, "NUMBA": 2}.items():
    os.environ.setdefault(f"{variable}_NUM_THREADS", str(threads))

from contextlib import contextmanager  # noqa: E402
from importlib import import_module  # noqa: E402
from importlib.util import find_spec  # noqa: E402
from pathlib import Path  # noqa: E402

import hypothesis  # noqa: E402
import profiles  # noqa: E402
import pytest  # noqa: E402

from scratchnoise.backend import TABLES, BackendError, backend, c_compiler, compiler, host_table, resolve  # noqa: E402

DATA = os.environ.get("SCRATCHNOISE_DATA", "")

SLOW = 3  # seconds of the processor; what takes longer is to be marked slow, because the quick suite has 5 minutes
BEGAN = pytest.StashKey[float]()

profiles.register()


def pytest_configure(config):
    if not config.getoption("--hypothesis-profile", None):
        hypothesis.settings.load_profile("quick")
    config.addinivalue_line("markers", "realdata: reads the data sets in the folder that $SCRATCHNOISE_DATA names")
    config.addinivalue_line("markers", "gpu: needs a CUDA device")
    config.addinivalue_line("markers", "slow: not in the quick suite, unless -k, -m or :: chooses tests by name")


def pytest_collection_modifyitems(config, items):
    """Whoever chooses tests by name gets them all; the quick suite leaves out the slow ones."""
    chosen = config.option.keyword or config.option.markexpr or any("::" in argument for argument in config.args)
    if not chosen and not profiles.runs("complete"):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("slow")])
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


def processor_seconds():
    """What this process and its children that have ended have used: other programs can add little to it."""
    return sum(os.times()[:4])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.stash[BEGAN] = processor_seconds()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Note what a test took. Where the data is, a test of the data that skips itself runs nowhere: it fails."""
    if call.when == "call":
        item.user_properties.append(("processor_seconds", processor_seconds() - item.stash[BEGAN]))
    report = yield
    if report.skipped and item.get_closest_marker("realdata") and data_folder():
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but $SCRATCHNOISE_DATA is a folder: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter):
    """Name the tests that should be marked slow. The first to call a kernel not yet compiled is named as well."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    taken = {r.nodeid: dict(r.user_properties).get("processor_seconds", 0) for r in reports if "slow" not in r.keywords}
    long = sorted((name for name in taken if taken[name] > SLOW), key=taken.get, reverse=True)
    if long:
        terminalreporter.section(f"more than {SLOW} s of the processor, and not marked slow")
        for name in long:
            terminalreporter.line(f"{taken[name]:6.1f} s  {name}")


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


HOST_TABLES = [name for name in TABLES if name != "cupy"]  # whose arrays are not NumPy's: tests/gpu


@contextmanager
def running(name):
    """The kernel table of that name runs; skips one that cannot run here."""
    try:
        resolve(name)
    except BackendError as error:
        outcome = pytest.fail if name in ("c", "cuda_on_cpu") and os.environ.get("CI") else pytest.skip
        outcome(str(error))
    with backend(name):
        yield name


@pytest.fixture(params=HOST_TABLES)
def table(request):
    """The name of each kernel table in turn, which runs during the test."""
    with running(request.param) as name:
        yield name


@pytest.fixture(
    params=[
        name if name in ("numpy", host_table()) else pytest.param(name, marks=pytest.mark.slow) for name in HOST_TABLES
    ]
)
def agreeing_table(request):
    """As `table`, for what calls kernels that are compared: reference and default are enough for the quick suite."""
    with running(request.param) as name:
        yield name
