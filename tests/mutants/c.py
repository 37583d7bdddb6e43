"""Wrong versions of the C source: a kernel, a file, a text of it, and a wrong one instead.

None of them leaves its arrays: they run in the process of the tests.
"""

MUTANTS = [
    # vectors and tiles: ends
    ("linear_forward", "vector.h", "from, count * sizeof(real)", "from, (count - 1) * sizeof(real)"),
    ("linear_forward", "vector.h", "memcpy(to, &v, count * sizeof(real))", "memcpy(to, &v, sizeof(real))"),
    ("linear_sgd_epoch", "vector.h", "half = LANES / 2", "half = LANES / 4"),
    ("linear_forward", "tiles.h", "row[q][column[k]] * right[c]", "row[q][column[k / 2]] * right[c]"),
    ("linear_forward", "tiles.h", "panel + (k * columns + c) * LANES", "panel + k * columns * LANES"),
    ("conv2d_relu_maxpool2d_backward", "tiles.h", "column[k] + c * LANES", "column[k]"),
    ("linear_forward", "tiles.h", "j < J ? b[", "j + 1 < J ? b["),
    # linear layer
    ("linear_forward", "linear.c", "i < p->I; i += ROWS", "i < p->I / ROWS * ROWS; i += ROWS"),
    ("linear_forward", "linear.c", "p->bias ? p->bias + first : nothing", "nothing"),
    ("linear_backward", "linear.c", "(matrix){w, 1, F}", "(matrix){w, F, 1}"),
    ("linear_backward_weights", "linear.c", "(matrix){x, 1, D}", "(matrix){x, D, 1}"),
    ("linear_backward_weights", "linear.c", "add_rows(dy, N, F, total)", "add_rows(dy, N - 1, F, total)"),
    # convolution
    ("conv2d_forward", "frames.h", "g->top - p / g->Wo * g->stride", "g->top - p / g->Wo"),
    ("conv2d_forward", "frames.h", "row + (g->h - 1) * g->dilation + 1", "row + (g->h - 1) * g->dilation"),
    ("conv2d_backward", "frames.h", "column + (g->w - 1) * g->dilation + 1", "column + g->w"),
    ("conv2d_forward", "frames.h", "memset(frame, 0,", "memset(frame, 63,"),
    ("conv2d_backward", "frames.h", "j * g->dilation + g->left", "j + g->left"),
    ("conv2d_forward", "convolve.h", "s < spots + n_spots", "s < spots + at_least(n_spots - 1, 1)"),
    ("conv2d_forward", "convolve.h", "both(spots[t].seen, reach_of(g, p))", "spots[t].seen"),
    ("conv2d_forward", "convolve.h", "(image * pixels + p) * F", "p * F"),
    ("conv2d_forward", "convolve.h", "panels + at * width, columns", "panels + west * width, columns"),
    ("conv2d_backward", "convolution.c", "(R * S - 1 - tap) * K", "tap * K"),
    ("conv2d_backward_weights", "convolution.c", "first < n_taps", "first < n_taps - n_taps % ROWS"),
    ("conv2d_backward_weights", "convolution.c", "tile t = load_tile(to, width, columns)", "tile t = zeros()"),
    ("conv2d_backward_weights", "convolution.c", "p / pixels * frame_size(&g)", "0"),
    ("conv2d_backward_weights", "partial_sums.h", "part = 1; part < PARTS", "part = 1; part < PARTS - 1"),
    ("conv2d_backward_weights", "partial_sums.h", "total[f] += rows", "total[f] = rows"),
    # convolution, ReLU and pooling
    ("conv2d_relu_maxpool2d_forward", "pooled_convolution.c", "y[i] <= 0 ? 0 : y[i]", "y[i]"),
    ("conv2d_relu_maxpool2d_backward", "passed.h", "y[e] <= 0 ? n_lists : by_filter", "by_filter"),
    ("conv2d_relu_maxpool2d_backward_weights", "pooled_convolution.c", "to[q] = dw + segment * WIDTH", "to[q] = dw"),
    ("conv2d_relu_maxpool2d_backward", "pooled_convolution.c", "p < g->Ho * g->Wo; ++p", "p < g->Ho * g->Wo - 1; ++p"),
    ("conv2d_relu_maxpool2d_backward", "pooled_convolution.c", "q >= segments(g)", "q >= segments(g) - 1"),
    ("conv2d_relu_maxpool2d_backward", "pooled_convolution.c", "load_some(to, left) + t.at", "t.at"),
    ("maxpool2d_forward", "pooling.h", "(value[k] > best[k])", "(value[k] < best[k])"),
    ("maxpool2d_backward", "layers.c", "(n * HW + argmax[from])", "argmax[from]"),
    ("avgpool2d_forward", "layers.c", "total / (a->size * a->size)", "total / a->size"),
    ("avgpool2d_backward", "layers.c", "(h / a->size * Wo + v / a->size)", "(h % Ho * Wo + v % Wo)"),
    # batch normalisation
    ("batchnorm_forward", "normalisation.c", "sqrt(variance[k] + a->epsilon)", "(sqrt(variance[k]) + a->epsilon)"),
    ("batchnorm_forward", "normalisation.c", "mean[k] += a->x[n * a->K + first + k]", "mean[k] += a->x[n * a->K + k]"),
    ("batchnorm_backward", "normalisation.c", " - h * (along[k] / a->N)", ""),
    # losses
    ("softmax", "losses.c", "p[c] = exp(wide[c] - top) / total", "p[c] = exp(wide[c] - top)"),
    ("log_softmax", "losses.c", "(wide[c] - top) - log_total;", "wide[c] - log_total;"),
    ("forward_cross_entropy", "losses.c", "wed = joint_logits(wide, T + y[n]", "wed = joint_logits(wide, T + y[0]"),
    ("forward_cross_entropy", "losses.h", "T[j] > 0 ? (z[j] - top_allowed) + log(T[j])", "1 ? z[j] - top_allowed"),
    ("forward_cross_entropy_grad", "losses.h", "/ joint_total;", "/ total;"),
    ("signed_cross_entropy_grad", "losses.c", "mass += a[c]", "mass = a[c]"),
    ("flip_rate_update", "losses.c", "mass > 0 ? sums", "1 ? sums"),
    # softmax regression
    ("linear_sgd_epoch", "softmax_regression.c", "if (whole < D) add_products(", "if (0) add_products("),
    ("linear_sgd_epoch", "softmax_regression.c", "if (whole < D) add_slopes(", "if (0) add_slopes("),
    ("linear_sgd_epoch", "softmax_regression.c", "m += GROUP", "m += GROUP + 1"),
    ("linear_sgd_epoch", "softmax_regression.c", "memset(s->dz + count * C", "if (0) memset(s->dz + count * C"),
    ("linear_sgd_epoch", "softmax_regression.c", "at_most((task + 1) * length, a->size)", "task * length + length / 2"),
    ("linear_sgd_epoch", "softmax_regression.c", "a->weight[n[m]] / a->size", "a->weight[n[m]]"),
    ("linear_sgd_epoch", "exponential.h", "k = DEGREE - 1;", "k = 3;"),
    # layers without parameters, update
    ("relu_forward", "layers.c", "a->x[i] <= 0 ? 0 : a->x[i]", "a->x[i] <= 0 ? a->x[i] / 2 : a->x[i]"),
    ("relu_backward", "layers.c", "a->x[i] <= 0 ? 0 : a->y[i]", "a->y[i] <= 0 ? 0 : a->y[i]"),
    ("dropout_forward", "layers.c", "(i + 1) * GOLDEN", "i * GOLDEN"),
    ("sgd_momentum", "layers.c", "a->x[i] - learning_rate * velocity", "a->x[i] - learning_rate * a->y[i]"),
    ("adam", "layers.c", "(sqrt(square) + a->d)", "sqrt(square + a->d)"),
    ("adam", "layers.c", "(1 - a->c) * g * g", "a->c * g * g"),
]
