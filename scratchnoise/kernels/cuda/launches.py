"""Every kernel of the facade as allocations and launches of the CUDA source, written once for all who can run it.

A device offers `empty(shape, dtype)` and `zeros(shape, dtype)`, `launch(name, threads, **arguments)`, at least so many
threads of a kernel, and `launch_blocks(name, blocks, **arguments)`, so many blocks of a kernel with barriers. The
arguments go by their names in the source; `source.py` holds them against their declarations.
"""

import numpy as np

PARTS = 64  # flip rates: parts of the samples, each summed by threads of its own


class Launches:
    """The kernels by rung 1 of the source, on one device."""

    def __init__(self, device):
        self.device = device

    # --- losses --------------------------------------------------------------------------------------------------

    def softmax(self, z):
        p = self.like(z)
        self.device.launch("softmax", len(z), z=z, p=p, **samples(z))
        return p

    def log_softmax(self, z):
        out = self.like(z)
        self.device.launch("log_softmax", len(z), z=z, out=out, **samples(z))
        return out

    def signed_cross_entropy(self, z, a):
        loss = self.device.empty(len(z), z.dtype)
        self.device.launch("signed_cross_entropy", len(z), z=z, a=a, loss=loss, **samples(z))
        return loss

    def signed_cross_entropy_grad(self, z, a):
        dz = self.like(z)
        self.device.launch("signed_cross_entropy_grad", len(z), z=z, a=a, dz=dz, **samples(z))
        return dz

    def forward_cross_entropy(self, z, y, T):
        loss = self.device.empty(len(z), z.dtype)
        self.device.launch("forward_cross_entropy", len(z), z=z, y=y, T=T, loss=loss, **samples(z))
        return loss

    def forward_cross_entropy_grad(self, z, y, T):
        dz = self.like(z)
        self.device.launch("forward_cross_entropy_grad", len(z), z=z, y=y, T=T, dz=dz, **samples(z))
        return dz

    # --- layers --------------------------------------------------------------------------------------------------

    def linear_forward(self, x, w, b):
        (N, D), F = x.shape, w.shape[1]
        y = self.device.empty((N, F), x.dtype)
        self.device.launch("linear_forward", y.size, x=x, w=w, b=b, y=y, N=N, D=D, F=F)
        return y

    def linear_backward(self, dy, x, w):
        (N, D), F = x.shape, w.shape[1]
        dx = self.like(x)
        self.device.launch("linear_backward_input", dx.size, dy=dy, w=w, dx=dx, N=N, D=D, F=F)
        return dx, *self.linear_backward_weights(dy, x)

    def linear_backward_weights(self, dy, x):
        (N, D), F = x.shape, dy.shape[1]
        dw, db = self.device.empty((D, F), x.dtype), self.device.empty(F, x.dtype)
        self.device.launch("linear_backward_weights", (D + 1) * F, dy=dy, x=x, dw=dw, db=db, N=N, D=D, F=F)
        return dw, db

    def conv2d_forward(self, x, w, b, stride, pad):
        sizes = convolution_sizes(x.shape, w.shape, stride, pad)
        y = self.device.empty([sizes[length] for length in ("N", "Ho", "Wo", "F")], x.dtype)
        self.device.launch("conv2d_forward", y.size, x=x, w=w, b=b, y=y, **sizes)
        return y

    def conv2d_backward(self, dy, x, w, stride, pad):
        dx = self.like(x)
        sizes = convolution_sizes(x.shape, w.shape, stride, pad)
        self.device.launch("conv2d_backward_input", dx.size, dy=dy, w=w, dx=dx, **sizes)
        return dx, *self.conv2d_backward_weights(dy, x, *w.shape[:2], stride, pad)

    def conv2d_backward_weights(self, dy, x, R, S, stride, pad):
        dw, db = self.device.empty((R, S, x.shape[3], dy.shape[3]), x.dtype), self.device.empty(dy.shape[3], x.dtype)
        sizes = convolution_sizes(x.shape, dw.shape, stride, pad)
        self.device.launch("conv2d_backward_weights", dw.size + db.size, dy=dy, x=x, dw=dw, db=db, **sizes)
        return dw, db

    def maxpool2d_forward(self, x, size):
        N, H, W, K = x.shape
        pooled = (N, H // size, W // size, K)
        y, argmax = self.device.empty(pooled, x.dtype), self.device.empty(pooled, np.int32)
        lengths = {**pooling_sizes(x.shape, pooled), "size": size}
        self.device.launch("maxpool2d_forward", y.size, x=x, y=y, argmax=argmax, **lengths)
        return y, argmax

    def maxpool2d_backward(self, dy, argmax, x_shape):
        dx = self.device.zeros(x_shape, dy.dtype)
        lengths = pooling_sizes(x_shape, dy.shape)
        self.device.launch("maxpool2d_backward", dy.size, dy=dy, argmax=argmax, dx=dx, **lengths)
        return dx

    def avgpool2d_forward(self, x, size):
        N, H, W, K = x.shape
        y = self.device.empty((N, H // size, W // size, K), x.dtype)
        self.device.launch("avgpool2d_forward", y.size, x=x, y=y, **pooling_sizes(x.shape, y.shape), size=size)
        return y

    def avgpool2d_backward(self, dy, x_shape, size):
        dx = self.device.empty(x_shape, dy.dtype)
        self.device.launch("avgpool2d_backward", dx.size, dy=dy, dx=dx, **pooling_sizes(x_shape, dy.shape), size=size)
        return dx

    def batchnorm_forward(self, x, scale, shift, epsilon):
        (N, K), mean, variance, y = x.shape, self.like(scale), self.like(scale), self.like(x)
        self.device.launch("batchnorm_moments", K, x=x, mean=mean, variance=variance, N=N, K=K)
        moments = {"mean": mean, "variance": variance, "epsilon": epsilon, "N": N, "K": K}
        self.device.launch("batchnorm_forward", x.size, x=x, scale=scale, shift=shift, y=y, **moments)
        return y, mean, variance

    def batchnorm_backward(self, dy, x, mean, variance, scale, epsilon):
        (N, K), dx, dscale, dshift = x.shape, self.like(x), self.like(scale), self.like(scale)
        given = {"dy": dy, "x": x, "mean": mean, "variance": variance, "epsilon": epsilon, "N": N, "K": K}
        given |= {"dscale": dscale, "dshift": dshift}
        self.device.launch("batchnorm_backward_weights", K, **given)
        self.device.launch("batchnorm_backward_input", x.size, scale=scale, dx=dx, **given)
        return dx, dscale, dshift

    def conv2d_relu_maxpool2d_forward(self, x, w, b, stride, pad, size):
        y, argmax = self.maxpool2d_forward(self.conv2d_forward(x, w, b, stride, pad), size)
        return self.relu_forward(y), argmax

    def conv2d_relu_maxpool2d_backward(self, dy, y, argmax, x, w, stride, pad, size):
        sizes = convolution_sizes(x.shape, w.shape, stride, pad)
        return self.conv2d_backward(self.unpooled(dy, y, argmax, size, sizes), x, w, stride, pad)

    def conv2d_relu_maxpool2d_backward_weights(self, dy, y, argmax, x, R, S, stride, pad, size):
        sizes = convolution_sizes(x.shape, (R, S, x.shape[3], dy.shape[3]), stride, pad)
        return self.conv2d_backward_weights(self.unpooled(dy, y, argmax, size, sizes), x, R, S, stride, pad)

    def unpooled(self, dy, y, argmax, size, sizes):
        """The gradient of what the convolution returned, (N, Ho, Wo, F)."""
        shape = tuple(sizes[length] for length in ("N", "Ho", "Wo", "F"))
        return self.maxpool2d_backward(self.relu_backward(dy, y), argmax, shape)

    def relu_forward(self, x):
        y = self.like(x)
        self.device.launch("relu_forward", x.size, x=x, y=y, n=x.size)
        return y

    def relu_backward(self, dy, x):
        dx = self.like(dy)
        self.device.launch("relu_backward", dy.size, dy=dy, x=x, dx=dx, n=dy.size)
        return dx

    def dropout_forward(self, x, rate, seed, step):
        y = self.like(x)
        self.device.launch("dropout", x.size, x=x, y=y, rate=rate, seed=seed, step=step, n=x.size)
        return y

    dropout_backward = dropout_forward  # a diagonal matrix is its own transpose

    # --- updates -------------------------------------------------------------------------------------------------

    def sgd_momentum(self, w, v, dw, learning_rate, momentum, weight_decay):
        new_w, new_v = self.like(w), self.like(w)
        scalars = {"learning_rate": learning_rate, "momentum": momentum, "weight_decay": weight_decay, "n": w.size}
        self.device.launch("sgd_momentum", w.size, w=w, v=v, dw=dw, new_w=new_w, new_v=new_v, **scalars)
        return new_w, new_v

    def adam(self, w, mean, square, dw, learning_rate, beta_1, beta_2, epsilon, weight_decay):
        new_w, new_mean, new_square = self.like(w), self.like(w), self.like(w)
        arrays = {"w": w, "mean": mean, "square": square, "dw": dw}
        arrays |= {"new_w": new_w, "new_mean": new_mean, "new_square": new_square}
        betas = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}
        rates = {"learning_rate": learning_rate, "weight_decay": weight_decay, "n": w.size}
        self.device.launch("adam", w.size, **arrays, **betas, **rates)
        return new_w, new_mean, new_square

    def linear_sgd_epoch(self, w, b, x, y, T, sample_weight, order, batch_size, learning_rate, l2):
        w, b = w.copy(), b.copy()
        (N, D), C, M = x.shape, w.shape[1], order.size
        dz = self.device.empty((min(batch_size, M), C), w.dtype)
        losses = self.device.empty(M, w.dtype)
        for first in range(0, M, batch_size):
            size = min(batch_size, M - first)
            batch = {"x": x, "order": order, "w": w, "b": b, "dz": dz[:size], "first": first, "size": size}
            batch |= {"N": N, "D": D, "C": C, "M": M}
            labels = {"y": y, "T": T, "weight": sample_weight, "losses": losses}
            self.device.launch("linear_sgd_gradient", size, **batch, **labels)
            self.device.launch("linear_sgd_update", w.size + b.size, **batch, learning_rate=learning_rate, l2=l2)
        return w, b, float(losses.sum(dtype=np.float64)) / max(M, 1)

    def linear_loss_grad(self, w, b, x, y, T, sample_weight):
        N = max(len(x), 1)
        z = self.linear_forward(x, w, b)
        losses = self.forward_cross_entropy(z, y, T)
        dz = self.forward_cross_entropy_grad(z, y, T) * (sample_weight / N)[:, None]
        loss = float((sample_weight * losses).sum(dtype=np.float64)) / N
        return loss, *self.linear_backward_weights(dz, x)

    def flip_rate_update(self, gamma, p, y, sample_weight):
        N, C = p.shape
        sums, updated = self.device.empty((PARTS, C, C), gamma.dtype), self.like(gamma)
        samples = {"p": p, "y": y, "weight": sample_weight, "N": N}
        self.device.launch("flip_rate_sums", sums.size, gamma=gamma, sums=sums, C=C, parts=PARTS, **samples)
        self.device.launch("flip_rate_rows", C, gamma=gamma, sums=sums, updated=updated, C=C, parts=PARTS)
        return updated

    def like(self, array):
        return self.device.empty(array.shape, array.dtype)


def samples(z):
    """The lengths of logits (N, C) by their letters."""
    return {"N": z.shape[0], "C": z.shape[1]}


def convolution_sizes(x_shape, w_shape, stride, pad):
    """All lengths of a convolution by their letters."""
    (N, H, W, K), (R, S, _, F) = x_shape, w_shape
    Ho, Wo = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
    names = ("N", "H", "W", "K", "R", "S", "F", "Ho", "Wo", "stride", "pad")
    return dict(zip(names, (N, H, W, K, R, S, F, Ho, Wo, stride, pad), strict=True))


def pooling_sizes(x_shape, y_shape):
    """All lengths of a pooling by their letters."""
    return dict(zip(("N", "H", "W", "K", "Ho", "Wo"), (*x_shape, *y_shape[1:3]), strict=True))


def blocks_for(n, size):
    """How many blocks of `size` cover n."""
    return -(-n // size)
