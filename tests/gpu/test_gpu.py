"""What only a GPU can show: its kernels equal NumPy's, it repeats itself, it learns what the processor learns."""

import numpy as np
import pytest
from agreement import NAMES, assert_agree
from every_model import EVERY_MODEL, noisy_images, told
from hypothesis import given, settings

from scratchnoise import data, kernels
from scratchnoise.backend import BackendError, arrays, backend, host_table, queue, resolve, to_device, to_host
from scratchnoise.check import assert_close
from scratchnoise.check.kernel_strategies import KERNEL_ARGUMENTS, as_dtype
from scratchnoise.data.images import for_network
from scratchnoise.losses import CrossEntropy
from scratchnoise.models import NeuralNetwork, RobustSoftmaxRegression
from scratchnoise.network import annex
from scratchnoise.network.device_step import DeviceStep
from scratchnoise.network.training import Minibatches, Watch, train
from scratchnoise.noise import MNIST05, corrupt

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def gpu():
    """Skips where there is none: there the same kernels are compared as a C++ compiler builds them."""
    try:
        resolve("cupy")
    except BackendError as error:
        pytest.skip(str(error))


def on_the_gpu(name):
    """A kernel of the facade that takes and gives NumPy's arrays and computes on the GPU."""

    def kernel(*arguments):
        with backend("cupy"):
            found = getattr(kernels, name)(*(to_device(a) if isinstance(a, np.ndarray) else a for a in arguments))
            return tuple(map(to_host, found)) if isinstance(found, tuple) else to_host(found)

    return kernel


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_every_kernel_equals_the_loops(name, dtype):
    @given(KERNEL_ARGUMENTS[name])
    def agree(arguments):
        assert_agree(name, on_the_gpu(name), arguments, dtype)

    agree()


@pytest.mark.parametrize("name", ["dropout_forward", "dropout_backward"])
def test_dropout_drops_the_same(name):
    @given(KERNEL_ARGUMENTS[name])
    def same(arguments):
        expected = getattr(kernels, name)(*arguments)
        assert_close("signs of the kept entries", np.sign(on_the_gpu(name)(*arguments)), np.sign(expected), 0)

    same()


@pytest.mark.parametrize("name", NAMES)
def test_inputs_stay_and_results_repeat(name):
    @settings(max_examples=10)
    @given(KERNEL_ARGUMENTS[name])
    def check(arguments):
        arguments = as_dtype(arguments, np.float32)
        with backend("cupy"):
            there = [to_device(a) if isinstance(a, np.ndarray) else a for a in arguments]
            first, again = getattr(kernels, name)(*there), getattr(kernels, name)(*there)
        for a, b in zip(first, again, strict=True) if isinstance(first, tuple) else [(first, again)]:
            np.testing.assert_array_equal(to_host(a), to_host(b))
        for given_array, sent in zip(arguments, there, strict=True):
            np.testing.assert_array_equal(to_host(sent), given_array)

    check()


@pytest.fixture(scope="module")
def pictures():
    """600 drawn garments with noisy labels, 300 with clean ones."""
    drawn = data.load("garments", n_train=600, n_test=300)
    y = corrupt(drawn.y_train, MNIST05, np.random.default_rng(0))
    return for_network(drawn.x_train), y, for_network(drawn.x_test), drawn.y_test


def model(table, **settings):
    return NeuralNetwork(**{"loss": "forward", "T": MNIST05, "epochs": 3, **settings}, random_state=0, backend=table)


def test_the_same_seed_gives_the_same_bits(pictures):
    x, y, x_test, _ = pictures
    first, again = (model("cupy", batch_size=100).fit(x, y) for _ in range(2))
    for (_, a, key), (_, b, _) in zip(first.network_.parameters(), again.network_.parameters(), strict=True):
        np.testing.assert_array_equal(a.params[key], b.params[key])
    np.testing.assert_array_equal(first.predict_proba(x_test), again.predict_proba(x_test))


def test_the_first_steps_are_those_of_the_processor(pictures):
    """Ten steps: rounding has not grown yet."""
    x, y, x_test, _ = pictures
    there, here = (model(table, epochs=1, batch_size=60).fit(x, y) for table in ("cupy", host_table()))
    np.testing.assert_allclose(there.predict_proba(x_test), here.predict_proba(x_test), atol=2e-4)
    assert there.history_[0]["loss"] == pytest.approx(here.history_[0]["loss"], rel=1e-4)


def test_a_linear_model_learns_what_it_learns_on_the_processor(pictures):
    x, y = pictures[0][:, ::2, ::2, :1].reshape(600, -1), pictures[1]
    there, here = (
        RobustSoftmaxRegression(max_iter=20, random_state=0, backend=table).fit(x, y) for table in ("cupy", "numpy")
    )
    np.testing.assert_allclose(there.coef_, here.coef_, atol=1e-4)
    np.testing.assert_allclose(np.asarray(there.T_), np.asarray(here.T_), atol=1e-4)


@pytest.mark.parametrize("name", EVERY_MODEL)
@pytest.mark.filterwarnings("ignore::scratchnoise.models.conventions.ConvergenceWarning")
def test_every_model_learns_what_it_learns_on_the_processor(name):
    with backend("cupy"):
        there = told(name, *noisy_images())
    with backend("numpy"):
        here = told(name, *noisy_images())
    assert type(there) is np.ndarray
    np.testing.assert_allclose(there, here, atol=2e-3)


def test_accuracy_on_fashion_mnist_is_that_of_the_processor(real_data):
    """Of 600 steps, by which time rounding has made two different networks of equal worth: the mean of three."""
    fashion, rng = data.load("fashion-mnist"), np.random.default_rng(0)
    x, x_test = for_network(fashion.x_train), for_network(fashion.x_test)
    y = corrupt(fashion.y_train, MNIST05, rng)
    mean = {}
    for table in ("cupy", host_table()):
        seeded = (model(table, epochs=8).set_params(random_state=seed) for seed in range(3))
        mean[table] = np.mean([one.fit(x, y).score(x_test, fashion.y_test) for one in seeded])
    assert abs(mean["cupy"] - mean[host_table()]) <= 0.01


def test_the_paper_preset_needs_less_than_four_gigabytes():
    x, y = np.zeros((16200, 32, 32, 3), np.float32), np.arange(16200) % 3
    network = annex(3)
    network.build(x.shape[1:], np.random.default_rng(0))
    used = []

    def look(row):
        free, total = arrays().cuda.runtime.memGetInfo()
        used.append(total - free)

    with backend("cupy"):
        train(network, CrossEntropy(), x, y, np.random.default_rng(0), epochs=1, batch_size=252, on_epoch=look)
    assert used[0] < 4e9  # CUDA's own included


def test_a_step_is_recorded_and_does_what_it_does_unrecorded(pictures):
    x, y = pictures[0][:60], pictures[1][:60]
    with backend("cupy"), queue():
        learnt = []
        for replayed in (True, False):
            network, data = annex(3), Minibatches(x, y, None, 60)
            network.build(x.shape[1:], np.random.default_rng(0))
            with network.on_device():
                data.send()
                step = DeviceStep(network, CrossEntropy(), data, [(0.01 / k, 0.9, 0.1) for k in range(1, 8)])
                if not replayed:
                    step.replayed.refused = "to compare"
                for k in range(7):
                    step(k, to_device(np.roll(np.arange(60), k)), Watch(CrossEntropy(), 60))
            if replayed:
                assert step.replayed.refused is None
            learnt.append([layer.params[key] for _, layer, key in network.parameters()])
    for recorded, plain in zip(*learnt, strict=True):
        np.testing.assert_allclose(recorded, plain, atol=1e-5)  # a recording has products of its own, not cuBLAS's
