"""The workers of a Dask cluster for a study. Ray and Spark come through the same door, `joblib.parallel_config`."""

from contextlib import contextmanager, nullcontext

SECONDS_TO_CONNECT = 10


def dask_cluster(address):
    """A context in which joblib's work goes to the scheduler at `address`, e.g. "tcp://10.0.0.5:8786"; None: nowhere.

    Raises ValueError without Dask, OSError where no scheduler answers.
    """
    return nullcontext() if address is None else _connected(address)


@contextmanager
def _connected(address):
    from joblib import parallel_config

    try:
        from distributed import Client
    except ImportError as error:
        raise ValueError("--dask needs Dask: python -m pip install 'scratchnoise[dask]'") from error
    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise OSError(f"no Dask scheduler answers at {address!r} ({' '.join(str(error).split())})") from error
    with client, parallel_config("dask", client=client):
        yield
