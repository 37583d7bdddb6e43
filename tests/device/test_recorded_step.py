"""The recorded training step: recorded once, replayed with what is new, unrecorded where that cannot be."""

import numpy as np
import pytest
from device_models import LAYERS, LINEAR, LOSSES, NORMALISED, T, assert_close, assert_same, network

from scratchnoise.backend import backend, to_device, to_host
from scratchnoise.network import Network
from scratchnoise.network.device_step import Replayed
from scratchnoise.network.layers import BatchNorm


def test_whole_batches_are_recorded_once_and_then_replayed(device, images):
    """Two epochs of five steps, the last of four samples: two steps run as they are, six are replayed."""
    network("cupy", epochs=2, batch_size=14).fit(*images)
    assert device.launches["graphs"] == 6
    device.launches.clear()
    network("cupy", epochs=4, batch_size=60).fit(*images)
    assert device.launches["graphs"] == 2


def test_a_replayed_step_launches_little_else(device, images):
    """What is left is what watches the loss, and the copies of what changes from step to step."""
    counts = []
    for epochs in (3, 4):
        device.launches.clear()
        network("cupy", epochs=epochs, batch_size=12).fit(*images)
        counts.append(device.launches.copy())
    more = counts[1] - counts[0]
    assert more["graphs"] == 5 and more["changed"] <= 5 * 5 and more["computed"] < 5 * 30


def stale(which):
    """A Replayed that does not renew one of its arguments in the recording."""

    def call(self, *arguments):
        if self.graph is not None and arguments[0].shape == self.arguments[0].shape:
            arguments = (*arguments[:which], self.arguments[which], *arguments[which + 1 :])
        return replay(self, *arguments)

    return call


replay = Replayed.__call__


@pytest.mark.parametrize("which", [0, 1, 2], ids=["batch", "rates", "number of the step"])
def test_an_argument_that_is_not_renewed_would_be_found(device, images, monkeypatch, which):
    """Mutants of the replay, told from the host by what is learnt: the comparison notices every one."""
    settings = {"loss": "forward", "T": T, "learning_rate": "auto"}
    here = network("numpy", **settings).fit(*images)
    assert_same(network("cupy", **settings).fit(*images), here)
    monkeypatch.setattr(Replayed, "__call__", stale(which))
    with pytest.raises(AssertionError):
        assert_same(network("cupy", **settings).fit(*images), here)


def test_what_a_recording_writes_to_belongs_to_it_alone(device, images, monkeypatch):
    """The mutant gives memory back when its array is gone: others would get it, and the replay write to theirs."""
    monkeypatch.setattr(Replayed, "_allocate", lambda self, size: device.malloc(size))
    with pytest.raises(AssertionError, match="a recording writes to memory that others may have by now"):
        network("cupy").fit(*images)


def test_a_recording_gives_its_memory_back(device):
    with backend("cupy"):
        run, x = Replayed(lambda x: (x + 1) * 2), to_device(np.arange(1000.0))
        before = device.used
        for _ in range(3):
            run(x)
        assert device.used - before >= 3 * 8000 and len(run.memory) >= 2  # the argument, what is added, the result
        del run
    assert device.used == before


def test_what_cannot_be_recorded_runs_as_it_is_and_says_why(device, images):
    calls = []

    def function(x):
        calls.append(float(x.sum()))
        return x + 1

    with backend("cupy"):
        run = Replayed(function)
        results = [to_host(run(to_device(np.arange(k, k + 3.0)))) for k in range(6)]
    np.testing.assert_array_equal(results, [np.arange(k, k + 3.0) + 1 for k in range(6)])
    assert run.refused.startswith("RuntimeError: cudaErrorStreamCaptureUnsupported") and len(calls) == 6
    assert device.recorded is None and device.launches["graphs"] == 0 and run.memory == []


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("layers", [LAYERS, NORMALISED], ids=["plain", "normalised"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_every_layer_and_solver_learns_here_what_it_learns_there(device, images, solver, layers, early_stopping):
    """The running moments and those of Adam are changed in place, by the replays too."""
    settings = {"network": Network(layers), "solver": solver, "early_stopping": early_stopping, "batch_size": 12}
    there, here = (network(name, **settings, learning_rate=0.01).fit(*images) for name in ("cupy", "numpy"))
    assert device.launches["graphs"] > 0
    assert_close(there, here)
    np.testing.assert_allclose(there.predict_proba(images[0]), here.predict_proba(images[0]), atol=1e-5)


def test_moments_that_a_replay_does_not_change_would_be_found(device, images, monkeypatch):
    """The mutant makes new arrays, which the recording fills and nobody reads again."""

    def remember(layer, mean, variance, n):
        now = (mean, variance * (n / (n - 1)), 1)
        layer.running = {k: 0.9 * total + new for (k, total), new in zip(layer.running.items(), now, strict=True)}

    settings = {"network": Network(NORMALISED), "batch_size": 12}
    here = network("numpy", **settings).fit(*images)
    monkeypatch.setattr(BatchNorm, "_remember", remember)
    with pytest.raises(AssertionError):
        assert_close(network("cupy", **settings).fit(*images), here)


# --- with the kernels of a GPU ----------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: getattr(loss, "risk", type(loss).__name__))
def test_a_network_learns_the_same_with_the_kernels_of_a_gpu(cuda, images, loss):
    """Recorded and replayed, with the products of a recording; only sums are added in another order."""
    there, here = (network(name, loss=loss, weight_decay=0.01).fit(*images) for name in ("cupy", "numpy"))
    assert cuda.launches["graphs"] == 3 * 4 - 2
    assert_close(there, here)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_normalised_network_learns_the_same_with_the_kernels_of_a_gpu(cuda, images, solver):
    settings = {"network": Network(NORMALISED), "solver": solver, "batch_size": 12, "learning_rate": 0.01}
    there, here = (network(name, **settings).fit(*images) for name in ("cupy", "numpy"))
    assert cuda.launches["graphs"] == 3 * 5 - 2
    assert_close(there, here)


@pytest.mark.parametrize("model", LINEAR, ids=repr)
def test_a_linear_model_learns_the_same_with_the_kernels_of_a_gpu(cuda, images, model):
    x, y = images[0].reshape(60, -1), images[1]
    there, here = (type(model)(**model.get_params() | {"random_state": 0, "backend": b}) for b in ("cupy", "numpy"))
    assert_close(there.fit(x, y), here.fit(x, y))
    np.testing.assert_allclose(there.predict_proba(x), here.predict_proba(x), atol=1e-5)
