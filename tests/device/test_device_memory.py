"""Too little memory on a device: what the error says is true."""

import gc
import re

import counted_device
import pytest
from device_models import LINEAR, network

from scratchnoise.backend import DeviceMemoryError
from scratchnoise.models import NeuralNetwork
from scratchnoise.network.device_memory import training_bytes
from scratchnoise.network.training import Watch


def advice(images, **settings):
    """What a fit that lacks memory says; when this returns, its arrays are gone."""
    try:
        network("cupy", **settings).fit(*images)
    except DeviceMemoryError as error:
        return str(error)


def test_the_batch_size_that_an_error_names_fits(monkeypatch, images):
    device = counted_device.install(monkeypatch, capacity=110_000)
    said = advice(images, batch_size=60)
    assert re.fullmatch("batch_size=60 takes about 0.16 MB, .* has 0.11 MB .*; batch_size=30 should fit", said)
    gc.collect()  # frames and their exceptions hold each other
    assert device.used < 100
    assert advice(images, batch_size=30) is None


def test_the_memory_of_a_step_is_estimated_within_a_factor_of_two(device, images):
    batches, peaks = (10, 60), []
    for batch_size in batches:
        device.peak = 0
        fitted = network("cupy", batch_size=batch_size).fit(*images)
        peaks.append(device.peak)
    fixed, sample = training_bytes(images[0], fitted.network_)
    assert 0.5 < (peaks[1] - peaks[0]) / (50 * sample) < 2
    assert 0.5 < (peaks[0] - 10 * sample) / fixed < 2


@pytest.mark.parametrize("model", [LINEAR[0], NeuralNetwork("mlp")], ids=["linear", "network"])
def test_data_that_does_not_fit_is_no_matter_of_batches(monkeypatch, images, model):
    counted_device.install(monkeypatch, capacity=10_000)
    with pytest.raises(DeviceMemoryError, match="no batch_size helps; train on fewer .* or use backend='numba'"):
        type(model)(**model.get_params() | {"backend": "cupy"}).fit(images[0].reshape(60, -1), images[1])


def test_the_host_keeps_its_own_memory_error(images, monkeypatch):
    def full(*arguments):
        raise MemoryError

    monkeypatch.setattr(Watch, "see", full)
    with pytest.raises(MemoryError) as error:
        network("numpy").fit(*images)
    assert not isinstance(error.value, DeviceMemoryError)
