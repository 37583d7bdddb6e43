"""Exercises 11 and 12: convolution and max pooling, forward and backward."""

import numpy as np
from hypothesis import strategies as st

from ... import kernels
from ...check import strategies as s
from ...check.properties import kernels as kernel_properties
from ...kernels import numpy_table
from ..checker.steps import FORM, definition, definition_on, finite_differences, holds, library
from ..exercise import Exercise, Function


def convolutions(names):
    """The named ones of x, w, b, stride, pad, dy: one tiny grey image, then small ones of two colours."""
    return _convolutions(names, 1, 2), _convolutions(names, 2, 3)


@st.composite
def _convolutions(draw, names, channels, window):
    """Filters of at most window x window that fit at least once."""
    N, K, F = (draw(st.integers(1, channels)) for _ in range(3))
    R, S, stride, pad = (draw(st.integers(low, high)) for low, high in ((1, window), (1, window), (1, 2), (0, 1)))
    H, W = draw(st.integers(max(1, R - 2 * pad), window + 1)), draw(st.integers(max(1, S - 2 * pad), window + 1))
    Ho, Wo = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
    shapes = {"x": (N, H, W, K), "w": (R, S, K, F), "b": (F,), "dy": (N, Ho, Wo, F)}
    settings = {"stride": stride, "pad": pad}
    return {
        name: settings[name] if name in settings else draw(s.quarter_arrays(shapes[name], -2, 2))
        for name in names.split()
    }


def larger_convolution(names):
    """rng -> the named ones, odd sizes that are all different."""

    def make(rng):
        x, w, b = (rng.standard_normal(shape) for shape in ((3, 11, 9, 4), (5, 3, 4, 6), (6,)))
        dy = rng.standard_normal(kernels.conv2d_forward(x, w, b, 2, 1).shape)
        every = {"x": x, "w": w, "b": b, "stride": 2, "pad": 1, "dy": dy}
        return {name: every[name] for name in names.split()}

    return make


def poolings(names):
    """The named ones of x, size, dy, argmax, x_shape: one tiny grey image, then small ones of two colours."""
    return _poolings(names, 1, 3), _poolings(names, 2, 5)


@st.composite
def _poolings(draw, names, channels, high):
    """No equal values in x, often a remainder at the edges."""
    N, K, size = draw(st.integers(1, channels)), draw(st.integers(1, channels)), draw(st.integers(1, min(high, 3)))
    H, W = draw(st.integers(size, high)), draw(st.integers(size, high))
    x = draw(s.tie_free_arrays((N, H, W, K)))
    dy = draw(s.quarter_arrays((N, H // size, W // size, K), -2, 2)) if "dy" in names else None
    return pooling(names, x, size, dy)


@st.composite
def tied_poolings(draw):
    """x and size with few different values, so that tiles have several largest ones, in different places."""
    size = draw(st.integers(2, 3))
    shape = (draw(st.integers(1, 2)), draw(st.integers(size, 6)), draw(st.integers(size, 6)), draw(st.integers(1, 2)))
    return {"x": draw(s.quarter_arrays(shape, 0, 1)).round() - 2, "size": size}


def larger_pooling(names):
    """rng -> the named ones."""

    def make(rng):
        return pooling(names, rng.standard_normal((3, 11, 9, 4)), 2, rng.standard_normal((3, 5, 4, 4)))

    return make


def pooling(names, x, size, dy):
    """The named arguments of a forward or backward pass over x."""
    argmax = numpy_table.maxpool2d_forward(x, size)[1]  # nothing is compiled: an example is made at import
    every = {"x": x, "size": size, "dy": dy, "argmax": argmax, "x_shape": x.shape}
    return {name: every[name] for name in names.split()}


def _convolution(student, dy, x, w, stride, pad):
    def forward(x, w, b):
        return kernels.conv2d_forward(x, w, b, stride, pad)

    return forward, lambda dy, x, w, b: student(dy, x, w, stride, pad), (x, w, np.zeros(w.shape[3])), dy


def _pooling(student, x, size, dy):
    argmax = kernels.maxpool2d_forward(x, size)[1]
    return lambda x: kernels.maxpool2d_forward(x, size)[0], lambda dy, x: student(dy, argmax, x.shape), (x,), dy


IMAGE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).reshape(1, 2, 3, 1)
FILTER = np.array([[1.0, 0.0], [0.0, -2.0]]).reshape(2, 2, 1, 1)
TILES = np.array([[1.0, 3.0, 2.0, 0.0, 9.0], [4.0, 2.0, 5.0, 7.0, 9.0]]).reshape(1, 2, 5, 1)

CONV2D_FORWARD = Function(
    name="conv2d_forward",
    signature="conv2d_forward(x, w, b, stride=1, pad=0)",
    equation="y[n, i, j, f] = b_f + sum_rsk x[n, i stride + r - pad, j stride + s - pad, k] w[r, s, k, f]",
    reference=kernels.conv2d_forward,
    inputs=convolutions("x w b stride pad"),
    larger=larger_convolution("x w b stride pad"),
    example={"x": IMAGE, "w": FILTER, "b": np.array([10.0]), "stride": 1, "pad": 0},
    checks=(*FORM, definition, holds(kernel_properties.convolution_is_its_definition), library),
)

CONV2D_BACKWARD = Function(
    name="conv2d_backward",
    signature="conv2d_backward(dy, x, w, stride=1, pad=0)",
    equation="dx[n,h,v,k] = sum dy[n,i,j,f] w[r,s,k,f],  dw[r,s,k,f] = sum dy[n,i,j,f] x[n,h,v,k],  "
    "db_f = sum dy[n,i,j,f]",
    reference=kernels.conv2d_backward,
    inputs=convolutions("dy x w stride pad"),
    larger=larger_convolution("dy x w stride pad"),
    example={"dy": np.array([1.0, 2.0]).reshape(1, 1, 2, 1), "x": IMAGE, "w": FILTER, "stride": 1, "pad": 0},
    checks=(*FORM, finite_differences(_convolution), library),
)

MAXPOOL2D_FORWARD = Function(
    name="maxpool2d_forward",
    signature="maxpool2d_forward(x, size)",
    equation="y = the largest value of each size x size tile,  argmax = h W + v, where it is in its image",
    reference=kernels.maxpool2d_forward,
    inputs=poolings("x size"),
    larger=larger_pooling("x size"),
    example={"x": TILES, "size": 2},
    checks=(
        *FORM,
        definition,
        definition_on(tied_poolings()),
        holds(kernel_properties.pooling_takes_the_first_of_equal_values),
        library,
    ),
    probes=({"x": np.ones((1, 4, 4, 1)), "size": 2},),
)

MAXPOOL2D_BACKWARD = Function(
    name="maxpool2d_backward",
    signature="maxpool2d_backward(dy, argmax, x_shape)",
    equation="dx = dy at the maximum of each tile, 0 everywhere else",
    reference=kernels.maxpool2d_backward,
    inputs=poolings("dy argmax x_shape"),
    larger=larger_pooling("dy argmax x_shape"),
    example={
        "dy": np.array([10.0, 20.0]).reshape(1, 1, 2, 1),
        **pooling("argmax x_shape", TILES, 2, None),
    },
    checks=(*FORM, finite_differences(_pooling, poolings("x size dy")), library),
    keeps_dtype=True,
)

EXERCISES = (
    Exercise(
        "11",
        "convolution",
        "convolution forward and backward",
        "Annex.",
        (CONV2D_FORWARD, CONV2D_BACKWARD),
        (
            "Write the sum exactly as it stands, with one loop for each letter that is not summed by NumPy. Pad x "
            "with zeros first: then h = i stride + r. Backward is the same loops: every product x w of the sum sends "
            "dy w to x and dy x to w.",
            "Looping over the window (r, s) alone is enough: xp[:, r : r + stride * Ho : stride, s : s + stride * Wo : "
            "stride] are the inputs that this tap of the filter sees, for all output pixels at once, (N, Ho, Wo, K).",
            "Forward: add that slice times w[r, s], a product (N, Ho, Wo, K) @ (K, F). Backward: add dy @ w[r, s].T "
            "to the same slice of dxp (+=, windows overlap), dw[r, s] is the slice and dy summed over N, Ho and Wo; "
            "crop the padding off dxp.",
        ),
    ),
    Exercise(
        "12",
        "max_pooling",
        "max pooling forward and backward",
        "Annex.",
        (MAXPOOL2D_FORWARD, MAXPOOL2D_BACKWARD),
        (
            "Forward: cut off the remainder at the right and at the bottom; a tile is then size rows and size columns. "
            "Backward: which inputs did y depend on, just a little to the left and right of the values they have?",
            "x[:, : Ho * size, : Wo * size] reshaped to (N, Ho, size, Wo, size, K) has the two axes of a tile as 2 "
            "and 4. Move them to the end and merge them: argmax over the last axis is the place within the tile.",
            "The place t within tile (i, j) is row i size + t // size and column j size + t % size of the image, so "
            "argmax = row * W + column. Backward: dx of shape (N, H W, K), filled with zeros, dx[n, argmax, k] = dy "
            "with index arrays n and k, then reshaped.",
        ),
    ),
)
