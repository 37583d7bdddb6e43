"""The `loops` table: `loops/`, the plain loops, under the names of the facade."""

from .loops.images import (
    conv2d_backward,
    conv2d_backward_weights,
    conv2d_forward,
    conv2d_relu_maxpool2d_backward,
    conv2d_relu_maxpool2d_backward_weights,
    conv2d_relu_maxpool2d_forward,
    maxpool2d_backward,
    maxpool2d_forward,
)
from .loops.layers import (
    dropout_backward,
    dropout_forward,
    linear_backward,
    linear_backward_weights,
    linear_forward,
    relu_backward,
    relu_forward,
    sgd_momentum,
)
from .loops.losses import (
    forward_cross_entropy,
    forward_cross_entropy_grad,
    log_softmax,
    signed_cross_entropy,
    signed_cross_entropy_grad,
    softmax,
)
from .loops.softmax_regression import flip_rate_update, linear_loss_grad, linear_sgd_epoch

__all__ = [
    "conv2d_backward",
    "conv2d_backward_weights",
    "conv2d_forward",
    "conv2d_relu_maxpool2d_backward",
    "conv2d_relu_maxpool2d_backward_weights",
    "conv2d_relu_maxpool2d_forward",
    "dropout_backward",
    "dropout_forward",
    "flip_rate_update",
    "forward_cross_entropy",
    "forward_cross_entropy_grad",
    "linear_backward",
    "linear_backward_weights",
    "linear_forward",
    "linear_loss_grad",
    "linear_sgd_epoch",
    "log_softmax",
    "maxpool2d_backward",
    "maxpool2d_forward",
    "relu_backward",
    "relu_forward",
    "sgd_momentum",
    "signed_cross_entropy",
    "signed_cross_entropy_grad",
    "softmax",
]
