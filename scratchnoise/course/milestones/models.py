"""The models that a student's functions are put into, and images that are small enough for a convolution of loops."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ... import data
from ...data.images import resize, scale
from ...models import NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression
from ...network.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU
from ...network.network import Network

SIDE = 14  # pixels: a quarter of the work of 28 x 28
N_TRAIN, N_TEST = 2000, 1000
SIZES = (2000, 1000, 500, 250)  # images for the network, the most that fit into its seconds
SECONDS = 60
PASSES = 5  # of the network over its images
EXERCISE_OF = {  # every function of the student's that is called
    "softmax": "01",
    "linear_backward_weights": "02",
    "linear_sgd_epoch": "03",
    "corrupt": "04",
    "forward_cross_entropy": "08",
    "forward_cross_entropy_grad": "08",
    "flip_rate_update": "09",
    "conv2d_forward": "11",
    "conv2d_backward": "11",
    "maxpool2d_forward": "12",
    "maxpool2d_backward": "12",
}
T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])  # neither symmetric nor doubly stochastic

LINEAR = {
    "solver": "sgd",
    "learning_rate": 0.03,
    "batch_size": 50,
    "max_iter": 10,
    "tol": 0,
    "l2": 1e-3,
    "random_state": 0,
}


class Images(NamedTuple):
    """x images (N, SIDE, SIDE, 1) in [-1, 1]; y_noisy is what the labels y_train became under T."""

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    y_noisy: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class Milestone:
    """A model that opens with exercise `number`, once a function of the exercises `own` has passed.

    functions: what it calls of `EXERCISE_OF`, in that order. make() -> a model that has not been fitted.
    as_images: whether it takes images, and not rows.
    """

    number: str
    title: str
    own: tuple
    functions: tuple
    make: Callable
    as_images: bool = False

    def samples(self, x):
        """Images as this model takes them."""
        return x if self.as_images else x.reshape(len(x), -1)


def load_images(corrupt, seed=0):
    """`Images`: Fashion-MNIST where it is on this computer, else drawn garments. corrupt(y, T, rng) -> noisy labels."""
    here = {row["name"]: row["found"] != "not found" for row in data.status()}
    name = "fashion-mnist" if here["fashion-mnist"] else "garments"
    part = data.load(name).subsample(N_TRAIN, N_TEST, seed)
    x_train, x_test = (resize(scale(x), (SIDE, SIDE))[..., None] for x in (part.x_train, part.x_test))
    y_noisy = corrupt(part.y_train, T, np.random.default_rng(seed))
    return Images(name, x_train, part.y_train, np.asarray(y_noisy, np.int64), x_test, part.y_test)


def softmax_regression():
    """Exercise 03, ten times."""
    return SoftmaxRegression(**LINEAR)


def robust_softmax_regression():
    """The same, and T is learnt by exercise 09."""
    return RobustSoftmaxRegression(**LINEAR)


def convolutional_network():
    """Two convolutions of few filters; the loss knows T."""
    layers = [Conv2d(4, 3), ReLU(), MaxPool2d(2), Conv2d(8, 3), ReLU(), MaxPool2d(2), Flatten(), Linear(3)]
    settings = {"epochs": PASSES, "batch_size": 25, "learning_rate": 0.02, "random_state": 0}
    return NeuralNetwork(Network(layers), "forward", T, **settings)


ROBUST = ("linear_backward_weights", "forward_cross_entropy", "forward_cross_entropy_grad")
IMAGES = ("conv2d_forward", "conv2d_backward", "maxpool2d_forward", "maxpool2d_backward")
MILESTONES = (
    Milestone("03", "softmax regression", ("01", "02", "03"), ("softmax", "linear_sgd_epoch"), softmax_regression),
    Milestone(
        *("09", "robust softmax regression", ("08", "09"), ("softmax", *ROBUST, "flip_rate_update")),
        robust_softmax_regression,
    ),
    Milestone("12", "convolutional network", ("11", "12"), ("softmax", *ROBUST, *IMAGES), convolutional_network, True),
)
