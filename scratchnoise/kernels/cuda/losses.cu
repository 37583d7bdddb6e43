// The kernels in CUDA C: compiled for a GPU (cupy_table.py) and for the processor (cuda_on_cpu_table.py).
//
// `real` is float or double: whoever compiles this defines it. Every kernel is written twice where that pays:
//
//   rung 1   one thread computes one number, reading whatever it needs (gather): no atomics, no shared memory, and the
//            same bits on every run. They are the loops of ../loops with the outer ones gone; read them first:
//            losses and softmax regression here, the layers in layers.cu.
//   rung 2   the same result faster; `_2` ends the name. fused.cu has what memory bounds, tiles.cu what
//            arithmetic bounds.
//
// The four files are one source, in this order.
//
//   kernel                          rung 1: a thread for each       rung 2 adds
//   softmax, log_softmax            sample
//   signed_cross_entropy, _grad     sample                          value and gradient from one log-sum-exp
//   forward_cross_entropy, _grad    sample                          value and gradient from one pair of log-sum-exps
//   linear_forward                  output                          the convolution's tiles; CuPy's product on a GPU
//   linear_backward_input, _weights input; weight and bias          the same
//   conv2d_forward                  output                          tiles in shared memory; bias, pooling, ReLU fused
//   conv2d_backward_input           input                           tiles in shared memory
//   conv2d_backward_weights         weight and bias                 tiles of parts of the batch, added in a fixed order
//   maxpool2d_forward, _backward    output                          backward through ReLU and pooling at once
//   relu_forward, _backward         number
//   dropout                         number                          the step is read from the device's memory
//   sgd_momentum                    number                          all parameters of a network in place, in one launch
//   linear_sgd_gradient, _update    sample; weight and bias
//   flip_rate_sums, _rows           part of the samples and entry; row
//
// The comment behind a pointer is its shape in terms of the other arguments. source.py reads it, and refuses a
// launch whose arrays have another size or type. Sizes stay below 2^31, so indices are 32-bit: they cost half as much.

// All i below n, shared by however many threads there are.
#define EACH(i, n) \
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < (unsigned)(n); i += gridDim.x * blockDim.x)

// Before a short loop over neighbouring numbers that one thread holds: unrolled into registers (on_cpu.h: one vector).
#ifndef LANES
#define LANES _Pragma("unroll")
#endif

// --- softmax and the two losses: few classes, so a sample is one thread's work and the launch is what takes time -----

// z_c + log T_c, the logit of class c and the noisy label whose row of T this is; z_c where there is no T.
__device__ inline real logit(const real *z, const real *T, int c) { return T ? z[c] + log(T[c]) : z[c]; }

// log sum_c exp(z_c), or log sum_c T_c exp(z_c), without overflow.
__device__ inline real log_sum_exp(const real *z, const real *T, int C)
{
    real top = logit(z, T, 0), total = 0;
    for (int c = 1; c < C; ++c) {
        const real value = logit(z, T, c);
        if (value > top) top = value;
    }
    if (top == log((real)0)) return top;  // all of them -inf: T allows nothing that has any probability
    for (int c = 0; c < C; ++c) total += exp(logit(z, T, c) - top);
    return top + log(total);
}

// p[n, c] = exp(z_c - log sum_l exp(z_l))
extern "C" __global__ void softmax(const real *z /* N C */, real *p /* N C */, int N, int C)
{
    EACH(n, N) {
        const real norm = log_sum_exp(z + n * C, 0, C);
        for (int c = 0; c < C; ++c) p[n * C + c] = exp(z[n * C + c] - norm);
    }
}

// out[n, c] = z_c - log sum_l exp(z_l)
extern "C" __global__ void log_softmax(const real *z /* N C */, real *out /* N C */, int N, int C)
{
    EACH(n, N) {
        const real norm = log_sum_exp(z + n * C, 0, C);
        for (int c = 0; c < C; ++c) out[n * C + c] = z[n * C + c] - norm;
    }
}

// loss[n] = -sum_c a_c log softmax(z)_c
extern "C" __global__ void signed_cross_entropy(const real *z /* N C */, const real *a /* N C */, real *loss /* N */,
                                                int N, int C)
{
    EACH(n, N) {
        const real norm = log_sum_exp(z + n * C, 0, C);
        real total = 0;
        for (int c = 0; c < C; ++c)  // 0 * log 0 is 0: a class of no weight may have no probability
            if (a[n * C + c] != 0) total += a[n * C + c] * (norm - z[n * C + c]);
        loss[n] = total;
    }
}

// dz[n, c] = (sum_l a_l) softmax(z)_c - a_c
extern "C" __global__ void signed_cross_entropy_grad(const real *z /* N C */, const real *a /* N C */,
                                                     real *dz /* N C */, int N, int C)
{
    EACH(n, N) {
        const real norm = log_sum_exp(z + n * C, 0, C);
        real mass = 0;
        for (int c = 0; c < C; ++c) mass += a[n * C + c];
        for (int c = 0; c < C; ++c) dz[n * C + c] = mass * exp(z[n * C + c] - norm) - a[n * C + c];
    }
}

// loss[n] = -log (T p)_y = log sum_j exp(z_j) - log sum_j T[y, j] exp(z_j)
extern "C" __global__ void forward_cross_entropy(const real *z /* N C */, const long long *y /* N */,
                                                 const real *T /* C C */, real *loss /* N */, int N, int C)
{
    EACH(n, N) loss[n] = log_sum_exp(z + n * C, 0, C) - log_sum_exp(z + n * C, T + y[n] * C, C);
}

// dz[n, j] = p_j - r_j, r = softmax(z + log T[y])
extern "C" __global__ void forward_cross_entropy_grad(const real *z /* N C */, const long long *y /* N */,
                                                      const real *T /* C C */, real *dz /* N C */, int N, int C)
{
    EACH(n, N) {
        const real *row = T + y[n] * C;
        const real norm = log_sum_exp(z + n * C, 0, C), joint_norm = log_sum_exp(z + n * C, row, C);
        for (int j = 0; j < C; ++j)
            dz[n * C + j] = exp(z[n * C + j] - norm) - exp(logit(z + n * C, row, j) - joint_norm);
    }
}

// --- softmax regression: a minibatch is two launches -----------------------------------------------------------------

// Of the m-th sample of a batch, n = order[first + m]: losses[first + m] = weight_n times its loss, and
// dz[m] = weight_n (p_n - r_n) / size, both of the logits z = x_n w + b, which dz holds first.
extern "C" __global__ void linear_sgd_gradient(
    const real *x /* N D */, const long long *y /* N */, const real *T /* C C */, const real *weight /* N */,
    const long long *order /* M */, const real *w /* D C */, const real *b /* C */, real *dz /* size C */,
    real *losses /* M */, int N, int D, int C, int M, int first, int size)
{
    EACH(m, size) {
        const long long n = order[first + m];
        const real *row = T + y[n] * C;
        real *z = dz + m * C;
        for (int c = 0; c < C; ++c) {
            real total = b[c];
            for (int d = 0; d < D; ++d) total += x[n * D + d] * w[d * C + c];
            z[c] = total;
        }
        const real norm = log_sum_exp(z, 0, C), joint_norm = log_sum_exp(z, row, C);
        losses[first + m] = weight[n] * (norm - joint_norm);
        for (int c = 0; c < C; ++c)
            z[c] = weight[n] / size * (exp(z[c] - norm) - exp(logit(z, row, c) - joint_norm));
    }
}

// w -= learning_rate (sum_m x_n dz_m^T + l2 w), b -= learning_rate sum_m dz_m, in place.
extern "C" __global__ void linear_sgd_update(
    real *w /* D C */, real *b /* C */, const real *x /* N D */, const long long *order /* M */,
    const real *dz /* size C */, int N, int D, int C, int M, int first, int size, real learning_rate, real l2)
{
    EACH(o, (D + 1) * C) {
        const int d = o / C, c = o % C;
        real slope = d < D ? l2 * w[o] : 0;
        for (int m = 0; m < size; ++m) slope += (d < D ? x[order[first + m] * D + d] : 1) * dz[m * C + c];
        (d < D ? w[o] : b[c]) -= learning_rate * slope;
    }
}

// --- flip rates: every part of the samples is summed by itself, then the sums are added in their order ---------------

// sums[part, j, k] = sum of weight_n gamma[j, k] p_j / (sum_l gamma[l, k] p_l) over the part's samples labelled k.
extern "C" __global__ void flip_rate_sums(const real *gamma /* C C */, const real *p /* N C */,
                                          const long long *y /* N */, const real *weight /* N */,
                                          real *sums /* parts C C */, int N, int C, int parts)
{
    const int share = (N + parts - 1) / parts;
    EACH(o, parts * C * C) {
        const int k = o % C, j = o / C % C, part = o / C / C;
        real total = 0;
        for (int n = part * share; n < N && n < (part + 1) * share; ++n) {
            if (y[n] != k) continue;
            real noisy = 0;
            for (int l = 0; l < C; ++l) noisy += gamma[l * C + k] * p[n * C + l];
            if (noisy > 0) total += weight[n] * gamma[j * C + k] * p[n * C + j] / noisy;  // else gamma excludes k
        }
        sums[o] = total;
    }
}

// updated[j, k] = share of k in row j of the sums; a class without mass keeps its row of gamma.
extern "C" __global__ void flip_rate_rows(const real *gamma /* C C */, const real *sums /* parts C C */,
                                          real *updated /* C C */, int C, int parts)
{
    EACH(j, C) {
        real mass = 0;
        for (int k = 0; k < C; ++k) {
            real total = 0;
            for (int part = 0; part < parts; ++part) total += sums[(part * C + j) * C + k];
            updated[j * C + k] = total;
            mass += total;
        }
        for (int k = 0; k < C; ++k) updated[j * C + k] = mass > 0 ? updated[j * C + k] / mass : gamma[j * C + k];
    }
}
