"""The small inputs that are stepped through: numbers that can be followed on paper.

`kernel_arguments` has an entry for every kernel of the facade; a test fails for a kernel that has none.
"""

import numpy as np

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])  # neither symmetric nor doubly stochastic
Z = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
P = np.array([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.25, 0.25, 0.5]])
PRIOR = np.array([0.5, 0.3, 0.2])
A = np.array([[1.5, -0.25, -0.25], [-0.5, 2.0, -0.5]])  # signed labels, as T^-T has them
Y = np.array([1, 0])
X = np.array([[1.0, 0.0], [0.5, -1.0], [-1.0, 2.0], [0.0, 1.0]])
LABELS = np.array([0, 1, 2, 2])
W = np.array([[0.5, -0.5, 0.0], [0.0, 1.0, -1.0]])
B = np.array([0.0, 0.25, -0.25])
IMAGE = np.array([[1.0, 2.0, 0.0], [0.0, 3.0, 1.0], [-1.0, 1.0, 2.0]]).reshape(1, 3, 3, 1)
FILTERS = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, -1.0], [-2.0, 0.5]]]).reshape(2, 2, 1, 2)
TILES = np.array([[1.0, 3.0, 0.0, -1.0], [2.0, 0.5, 4.0, 2.0], [0.0, 1.0, 5.0, 1.5], [-2.0, 1.25, 2.5, 6.0]])
TILES = TILES.reshape(1, 4, 4, 1)


def kernel_arguments():
    """{kernel: {parameter: value}}, new arrays in every call."""
    logits = {"z": Z, "a": A, "y": Y, "T": T}
    linear = {"x": X[:2], "w": W, "b": B, "dy": np.array([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]])}
    upstream = np.array([[1.0, -1.0], [0.5, 2.0], [0.0, 1.0], [-2.0, 0.25]]).reshape(1, 2, 2, 2)
    images = {"x": IMAGE, "w": FILTERS, "b": np.array([0.5, -0.5]), "R": 2, "S": 2, "stride": 1, "pad": 0}
    images["dy"] = upstream
    pooled = _pooled(images)
    tiles = {"x": TILES, "size": 2, "dy": np.array([1.0, -1.0, 2.0, 0.5]).reshape(1, 2, 2, 1)}
    tiles |= {"x_shape": (1, 4, 4, 1), "argmax": np.array([1, 6, 13, 15], np.int32).reshape(1, 2, 2, 1)}
    batch = {"x": X[:3], "scale": np.array([1.0, 2.0]), "shift": np.array([0.0, 0.5]), "epsilon": 0.25}
    batch |= {"mean": X[:3].mean(axis=0), "variance": X[:3].var(axis=0), "dy": X[1:]}
    flat = {"x": np.array([[1.0, -2.0, 0.0], [-0.5, 3.0, 1.5]]), "dy": Z, "rate": 0.5, "seed": 7, "step": 2}
    update = {"w": W, "v": np.full((2, 3), 0.5), "dw": Z, "learning_rate": 0.5, "momentum": 0.5, "weight_decay": 0.25}
    update |= {"mean": np.full((2, 3), 0.25), "square": np.full((2, 3), 0.5), "beta_1": 0.5, "beta_2": 0.75}
    update["epsilon"] = 0.25
    regression = {"w": W, "b": B, "x": X, "y": LABELS, "T": T, "sample_weight": np.ones(4)}
    regression |= {"order": np.array([2, 0, 1, 3]), "batch_size": 2, "learning_rate": 0.5, "l2": 0.0}
    rates = {"gamma": T.T, "p": P, "y": np.array([0, 2, 1]), "sample_weight": np.ones(3)}

    def of(given, names):
        return {name: np.array(given[name]) if isinstance(given[name], np.ndarray) else given[name] for name in names}

    softmax_regression = ("w", "b", "x", "y", "T", "sample_weight")
    return {
        "softmax": of(logits, ("z",)),
        "log_softmax": of(logits, ("z",)),
        "signed_cross_entropy": of(logits, ("z", "a")),
        "signed_cross_entropy_grad": of(logits, ("z", "a")),
        "forward_cross_entropy": of(logits, ("z", "y", "T")),
        "forward_cross_entropy_grad": of(logits, ("z", "y", "T")),
        "linear_forward": of(linear, ("x", "w", "b")),
        "linear_backward": of(linear, ("dy", "x", "w")),
        "linear_backward_weights": of(linear, ("dy", "x")),
        "conv2d_forward": of(images, ("x", "w", "b")) | {"stride": 2, "pad": 1},
        "conv2d_backward": of(images, ("dy", "x", "w", "stride", "pad")),
        "conv2d_backward_weights": of(images, ("dy", "x", "R", "S", "stride", "pad")),
        "maxpool2d_forward": of(tiles, ("x", "size")),
        "maxpool2d_backward": of(tiles, ("dy", "argmax", "x_shape")),
        "avgpool2d_forward": of(tiles, ("x", "size")),
        "avgpool2d_backward": of(tiles, ("dy", "x_shape", "size")),
        "batchnorm_forward": of(batch, ("x", "scale", "shift", "epsilon")),
        "batchnorm_backward": of(batch, ("dy", "x", "mean", "variance", "scale", "epsilon")),
        "relu_forward": of(flat, ("x",)),
        "relu_backward": of(flat, ("dy", "x")),
        "conv2d_relu_maxpool2d_forward": of(pooled, ("x", "w", "b", "stride", "pad", "size")),
        "conv2d_relu_maxpool2d_backward": of(pooled, ("dy", "y", "argmax", "x", "w", "stride", "pad", "size")),
        "conv2d_relu_maxpool2d_backward_weights": of(
            pooled, ("dy", "y", "argmax", "x", "R", "S", "stride", "pad", "size")
        ),
        "dropout_forward": of(flat, ("x", "rate", "seed", "step")),
        "dropout_backward": of(flat, ("dy", "rate", "seed", "step")),
        "sgd_momentum": of(update, ("w", "v", "dw", "learning_rate", "momentum", "weight_decay")),
        "adam": of(
            update, ("w", "mean", "square", "dw", "learning_rate", "beta_1", "beta_2", "epsilon", "weight_decay")
        ),
        "linear_sgd_epoch": of(regression, (*softmax_regression, "order", "batch_size", "learning_rate", "l2")),
        "linear_loss_grad": of(regression, softmax_regression),
        "flip_rate_update": of(rates, ("gamma", "p", "y", "sample_weight")),
    }


def _pooled(images):
    """The arguments of the fused convolution: a 3 x 3 image, two filters, one tile of 2 x 2 a filter."""
    from ..kernels import numpy_table

    found = images | {"size": 2, "dy": np.array([1.0, -2.0]).reshape(1, 1, 1, 2)}
    found["y"], found["argmax"] = numpy_table.conv2d_relu_maxpool2d_forward(
        *(found[name] for name in ("x", "w", "b", "stride", "pad", "size"))
    )
    return found


# What a parameter of a function of one's own gets, by its name, where nothing else is known of it.
BY_NAME = {
    **{"z": Z, "x": X, "X": X, "y": Y, "y_noisy": Y, "T": T, "gamma": T.T, "a": A, "p": P[:2], "q": P[:2], "w": W},
    **{"W": W, "b": B, "dy": Z, "dz": Z, "dp": Z, "n_classes": 3, "C": 3, "rho": 0.2, "rate": 0.5, "k": 2, "seed": 0},
    **{"prior": PRIOR, "pi": PRIOR, "sample_weight": np.ones(2), "learning_rate": 0.5},
}  # fmt: skip
