"""A table of kernels in which a student's functions stand where the library's would.

model.fit -> kernels.softmax(z) -> OwnTable.softmax -> the student's softmax, or numpy_table.softmax
"""

import numpy as np

from ... import kernels
from ...kernels import numpy_table


class OwnTable:
    """Kernels as `kernels.numpy_table` has them. own: name -> `OwnFunction`; names that were called are in `used`."""

    def __init__(self, own):
        self.own, self.used = own, set()

    def __getattr__(self, kernel):
        return getattr(numpy_table, kernel)

    def _run(self, name, args, shapes):
        """The student's function, or the library's of that name if it did not pass."""
        self.used.add(name)
        function = self.own.get(name)
        if function is None:
            return getattr(numpy_table, name)(*args)
        results = function(args, shapes, args[0].dtype)
        return results if len(shapes) > 1 else results[0]

    # --- softmax regression ----------------------------------------------------------------------------------

    def softmax(self, z):
        return self._run("softmax", (z,), (z.shape,))

    def linear_backward_weights(self, dy, x):
        D, F = x.shape[1], dy.shape[1]
        return self._run("linear_backward_weights", (dy, x), ((D, F), (F,)))

    def linear_backward(self, dy, x, w):
        return dy @ w.T, *self.linear_backward_weights(dy, x)

    def linear_sgd_epoch(self, w, b, x, y, T, sample_weight, order, batch_size, learning_rate, l2):
        """Exercise 03 where T is the identity. With noise the same loop, whose gradient is that of exercise 08."""
        if not np.array_equal(T, np.eye(len(T))):
            return robust_epoch(w, b, x, y, T, order, batch_size, learning_rate, l2)
        if "linear_sgd_epoch" not in self.own:
            self.used.add("linear_sgd_epoch")
            return numpy_table.linear_sgd_epoch(w, b, x, y, T, sample_weight, order, batch_size, learning_rate, l2)
        args = (w, b, x, y, order, batch_size, learning_rate, l2)
        w, b, loss = self._run("linear_sgd_epoch", args, (w.shape, b.shape, ()))
        return w, b, float(loss)

    # --- robust softmax regression ---------------------------------------------------------------------------

    def forward_cross_entropy(self, z, y, T):
        return self._run("forward_cross_entropy", (z, y, T), (y.shape,))

    def forward_cross_entropy_grad(self, z, y, T):
        return self._run("forward_cross_entropy_grad", (z, y, T), (z.shape,))

    def flip_rate_update(self, gamma, p, y, sample_weight):
        return self._run("flip_rate_update", (gamma, p, y, sample_weight), (gamma.shape,))

    # --- convolutional network -------------------------------------------------------------------------------

    def conv2d_forward(self, x, w, b, stride, pad):
        shape = _convolved(x, w, stride, pad)
        return self._run("conv2d_forward", (x, w, b, stride, pad), (shape,))

    def conv2d_backward(self, dy, x, w, stride, pad):
        shapes = (x.shape, w.shape, (w.shape[3],))
        return self._run("conv2d_backward", (dy, x, w, stride, pad), shapes)

    def conv2d_backward_weights(self, dy, x, R, S, stride, pad):
        """Exercise 11 has no such function: of `conv2d_backward` dw and db do not depend on w."""
        no_filters = np.zeros((R, S, x.shape[3], dy.shape[3]), x.dtype)
        return self.conv2d_backward(dy, x, no_filters, stride, pad)[1:]

    def maxpool2d_forward(self, x, size):
        N, H, W, K = x.shape
        shape = (N, H // size, W // size, K)
        y, argmax = self._run("maxpool2d_forward", (x, size), (shape, shape))
        return y, argmax.astype(np.int32)

    def maxpool2d_backward(self, dy, argmax, x_shape):
        return self._run("maxpool2d_backward", (dy, argmax, x_shape), (tuple(x_shape),))


def robust_epoch(w, b, x, y, T, order, batch_size, learning_rate, l2):
    """The pass of exercise 03 with the gradient (17), from kernels that may be the student's."""
    w, b, total = w.copy(), b.copy(), 0.0
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        z = kernels.linear_forward(x[batch], w, b)
        total += float(kernels.forward_cross_entropy(z, y[batch], T).sum())
        dz = kernels.forward_cross_entropy_grad(z, y[batch], T) / len(batch)
        dw, db = kernels.linear_backward_weights(dz, x[batch])
        w -= learning_rate * (dw + l2 * w)
        b -= learning_rate * db
    return w, b, total / len(order)


def _convolved(x, w, stride, pad):
    N, H, W, _ = x.shape
    R, S, _, F = w.shape
    return N, (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1, F
