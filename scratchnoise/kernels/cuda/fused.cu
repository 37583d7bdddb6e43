// Rung 2 of what memory or the launch itself bounds: passes that follow each other, in one. See losses.cu.

// --- backward through ReLU and max pooling: every input is written once, so dx need not come as zeros ----------

// dx[n, h, v, k] = dy where h W + v was the maximum of its tile and that was positive, else 0. y: ReLU's output.
extern "C" __global__ void maxpool2d_relu_backward_2(
    const real *dy /* N Ho Wo K */, const real *y /* N Ho Wo K */, const int *argmax /* N Ho Wo K */,
    real *dx /* N H W K */, int N, int H, int W, int K, int Ho, int Wo, int size)
{
    EACH(o, N * H * W * K) {
        const int k = o % K, v = o / K % W, h = o / K / W % H, n = o / K / W / H;
        const int tile = ((n * Ho + h / size) * Wo + v / size) * K + k;
        const bool in_a_tile = h / size < Ho && v / size < Wo;  // a remainder at the edge is in none
        dx[o] = in_a_tile && argmax[tile] == h * W + v && !(y[tile] <= 0) ? dy[tile] : 0;
    }
}

// --- the second half of conv2d_backward_weights_2 --------------------------------------------------------------------

// dw, db = the sum of the parts, in their order whoever finished first: the same bits on every run.
extern "C" __global__ void add_parts(const real *parts /* n_parts n_rows F */, real *dw /* weights F */,
                                     real *db /* F */, int n_parts, int n_rows, int weights, int F)
{
    EACH(o, n_rows * F) {
        real total = 0;
        for (int part = 0; part < n_parts; ++part) total += parts[part * n_rows * F + o];
        ((int)o < weights * F ? dw[o] : db[o - weights * F]) = total;
    }
}

// --- what changes between steps is read from the device's memory, so that a captured CUDA graph can be run again -----

// As dropout, the step being a number in memory.
extern "C" __global__ void dropout_2(const real *x /* n */, real *y /* n */, double rate, unsigned long long seed,
                                     const unsigned long long *step /* 1 */, int n)
{
    EACH(i, n) y[i] = dropped(x[i], rate, seed, *step, i);
}

// All parameters of a network at once and in place: v <- momentum v + dw + weight_decay w, w <- w - learning_rate v.
// w, v and dw hold one parameter array after another; the first n_decayed numbers are weights, the others biases, which
// do not decay. rates: learning rate, momentum, weight decay. Five numbers pass through memory for each: the bound.
extern "C" __global__ void sgd_momentum_2(real *w /* n */, real *v /* n */, const real *dw /* n */,
                                          const real *rates /* 3 */, int n_decayed, int n)
{
    EACH(i, n) {
        const real velocity = rates[1] * v[i] + dw[i] + (i < (unsigned)n_decayed ? rates[2] * w[i] : 0);
        v[i] = velocity;
        w[i] -= rates[0] * velocity;
    }
}

// As sgd_momentum_2, by adam: mean and square hold the running means of the gradient and of its square. rates: learning
// rate with the correction for means that began at 0, beta_1, weight decay.
extern "C" __global__ void adam_2(real *w /* n */, real *mean /* n */, real *square /* n */, const real *dw /* n */,
                                  const real *rates /* 3 */, double beta_2, double epsilon, int n_decayed, int n)
{
    EACH(i, n) {
        const real g = dw[i] + (i < (unsigned)n_decayed ? rates[2] * w[i] : 0);
        mean[i] = rates[1] * mean[i] + (1 - rates[1]) * g;
        square[i] = (real)beta_2 * square[i] + (real)(1 - beta_2) * g * g;
        w[i] = adam_step(w[i], mean[i], square[i], rates[0], epsilon);
    }
}
