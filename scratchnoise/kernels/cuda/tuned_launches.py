"""The launches of rung 2: products in tiles, and passes that are fused. The rest is rung 1, `launches.py`."""

import math

import numpy as np

from .launches import Launches, blocks_for, convolution_sizes, pooling_sizes

ROWS, COLUMNS, DEPTH = 128, 32, 16  # of a tile, as in tiles.cu
BLOCKS = 512  # how many a gradient of weights is cut into: about four for each multiprocessor of a large GPU
SHARE = 256  # pixels, the least that is worth a part of its own


class TunedLaunches(Launches):
    """The kernels by the fastest rung of the source, on one device."""

    # --- products ------------------------------------------------------------------------------------------------

    def conv2d_forward(self, x, w, b, stride, pad):
        sizes = convolution_sizes(x.shape, w.shape, stride, pad)
        y = self.device.empty([sizes[length] for length in ("N", "Ho", "Wo", "F")], x.dtype)
        self._product("conv2d_forward_2", y, x=x, w=w, b=b, y=y, **sizes)
        return y

    def conv2d_backward(self, dy, x, w, stride, pad):
        dx = self.like(x)
        sizes = convolution_sizes(x.shape, w.shape, stride, pad)
        self._product("conv2d_backward_input_2", dx, dy=dy, w=w, dx=dx, **sizes)
        return dx, *self.conv2d_backward_weights(dy, x, *w.shape[:2], stride, pad)

    def conv2d_backward_weights(self, dy, x, R, S, stride, pad):
        F, weights = dy.shape[-1], R * S * x.shape[-1]
        sizes = convolution_sizes(x.shape, (R, S, x.shape[-1], F), stride, pad)
        pixels = math.prod(dy.shape[:-1])
        tiles = blocks_for(weights + 1, ROWS) * blocks_for(F, COLUMNS)
        share = max(SHARE, blocks_for(pixels * tiles, BLOCKS))
        share = blocks_for(share, DEPTH) * DEPTH
        lengths = {"n_parts": max(1, blocks_for(pixels, share)), "n_rows": weights + 1}
        parts = self.device.empty((lengths["n_parts"], weights + 1, F), dy.dtype)
        blocks = lengths["n_parts"] * tiles
        self.device.launch_blocks(
            "conv2d_backward_weights_2", blocks, dy=dy, x=x, parts=parts, share=share, **sizes, **lengths
        )
        dw, db = self.device.empty((R, S, x.shape[-1], F), dy.dtype), self.device.empty(F, dy.dtype)
        self.device.launch("add_parts", parts[0].size, parts=parts, dw=dw, db=db, weights=weights, F=F, **lengths)
        return dw, db

    def linear_forward(self, x, w, b):
        return self.conv2d_forward(_images(x), w[None, None], b, 1, 0).reshape(len(x), len(b))

    def linear_backward(self, dy, x, w):
        dx, dw, db = self.conv2d_backward(_images(dy), _images(x), w[None, None], 1, 0)
        return dx.reshape(x.shape), dw.reshape(w.shape), db

    def linear_backward_weights(self, dy, x):
        dw, db = self.conv2d_backward_weights(_images(dy), _images(x), 1, 1, 1, 0)
        return dw.reshape(x.shape[1], dy.shape[1]), db

    def _product(self, name, result, **arguments):
        """A block for every tile of a result whose columns are its last axis."""
        *rows, columns = result.shape
        blocks = blocks_for(math.prod(rows), ROWS) * blocks_for(columns, COLUMNS)
        self.device.launch_blocks(name, blocks, **arguments)

    # --- fused passes --------------------------------------------------------------------------------------------

    def conv2d_relu_maxpool2d_forward(self, x, w, b, stride, pad, size):
        if size != 2:
            return super().conv2d_relu_maxpool2d_forward(x, w, b, stride, pad, size)
        sizes = convolution_sizes(x.shape, w.shape, stride, pad)
        pooled = (len(x), sizes["Ho"] // 2, sizes["Wo"] // 2, w.shape[3])
        y, argmax = self.device.empty(pooled, x.dtype), self.device.empty(pooled, np.int32)
        blocks = blocks_for(4 * math.prod(pooled[:3]), ROWS) * blocks_for(pooled[3], COLUMNS)
        arguments = {"x": x, "w": w, "b": b, "y": y, "argmax": argmax, "Hp": pooled[1], "Wp": pooled[2], **sizes}
        self.device.launch_blocks("conv2d_maxpool_relu_forward_2", blocks, **arguments)
        return y, argmax

    def unpooled(self, dy, y, argmax, size, sizes):
        shape = tuple(sizes[length] for length in ("N", "Ho", "Wo", "F"))
        dx = self.device.empty(shape, dy.dtype)
        lengths = {**pooling_sizes(shape, dy.shape), "size": size}
        self.device.launch("maxpool2d_relu_backward_2", dx.size, dy=dy, y=y, argmax=argmax, dx=dx, **lengths)
        return dx

    # --- not in the facade: for training on a device -----------------------------------------------------------------

    def dropout_at(self, x, rate, seed, step):
        """dropout_forward, forward and backward, of the step that an array (1,) of uint64 holds."""
        y = self.like(x)
        self.device.launch("dropout_2", x.size, x=x, y=y, rate=rate, seed=seed, step=step, n=x.size)
        return y

    def sgd_momentum_in_place(self, w, v, dw, rates, n_decayed):
        """sgd_momentum of all parameters of a network at once: flat w, v, dw; weight decay for the first n_decayed.

        rates: array (3,) of learning rate, momentum and weight decay.
        """
        self.device.launch("sgd_momentum_2", w.size, w=w, v=v, dw=dw, rates=rates, n_decayed=n_decayed, n=w.size)

    def adam_in_place(self, w, mean, square, dw, rates, beta_2, epsilon, n_decayed):
        """adam of all parameters of a network at once, as `sgd_momentum_in_place`.

        rates: array (3,) of learning rate, beta_1 and weight decay.
        """
        arrays = {"w": w, "mean": mean, "square": square, "dw": dw, "rates": rates}
        self.device.launch("adam_2", w.size, **arrays, beta_2=beta_2, epsilon=epsilon, n_decayed=n_decayed, n=w.size)


def _images(x):
    """x (N, D) as images of one pixel, (N, 1, 1, D)."""
    return x[:, None, None]
