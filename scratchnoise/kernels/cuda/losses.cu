// The kernels in CUDA C: compiled for a GPU (cupy_table.py) and for the processor (cuda_on_cpu_table.py).
//
// `real` is float or double: whoever compiles this defines it. Every kernel is written twice where that pays:
//
//   rung 1   one thread computes one number, reading whatever it needs (gather): no atomics, no shared memory, and the
//            same bits on every run. They are the loops of ../loops with the outer ones gone; read them first:
//            losses and softmax regression here, the layers in layers.cu and normalisation.cu.
//   rung 2   the same result faster; `_2` ends the name. fused.cu has what memory bounds, tiles.cu what
//            arithmetic bounds.
//
// The five files are one source, in this order.
//
//   kernel                          rung 1: a thread for each       rung 2 adds
//   softmax, log_softmax            sample
//   signed_cross_entropy, _grad     sample
//   forward_cross_entropy, _grad    sample
//   linear_forward                  output                          the convolution's tiles; CuPy's product on a GPU
//   linear_backward_input, _weights input; weight and bias          the same
//   conv2d_forward                  output                          tiles in shared memory; bias, pooling, ReLU fused
//   conv2d_backward_input           input                           tiles in shared memory
//   conv2d_backward_weights         weight and bias                 tiles of parts of the batch, added in a fixed order
//   maxpool2d_forward, _backward    output                          backward through ReLU and pooling at once
//   avgpool2d_forward, _backward    output; input
//   batchnorm_moments, _forward     channel; number
//   batchnorm_backward_weights      channel
//   batchnorm_backward_input        number
//   relu_forward, _backward         number
//   dropout                         number                          the step is read from the device's memory
//   sgd_momentum                    number                          all parameters of a network in place, in one launch
//   adam                            number                          as sgd_momentum
//   linear_sgd_gradient, _update    sample; weight and bias
//   flip_rate_sums, _rows           part of the samples and entry; row
//
// Labels, orders and argmax lie in the device's memory. Nobody looks at them before a launch, because the processor
// would have to wait for them. A kernel never reads or writes at the place that an index out of range points to:
//
//   a label that is no class             the sample's loss and gradient are NaN, and so are the flip rates
//   an entry of order that is no sample  its loss is NaN, and it moves no weight
//   an argmax outside its image          its gradient goes nowhere
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

// Whether an index points into an array of this length.
template <class Index> __device__ inline bool inside(Index i, int length) { return 0 <= i && i < length; }

__device__ inline real infinity() { return -log((real)0); }  // the C library's macros are not there on a GPU
__device__ inline real not_a_number() { return 0 * infinity(); }

// --- softmax and the two losses: few classes, so a sample is one thread's work and the launch is what takes time -----

// A softmax of one sample is exp(logit_c - top) / total. The largest logit `top` and `total`, the sum of the
// exponentials, stay two numbers, because top + log total would lose log total to rounding as soon as top is large.
// They are `real`: total lies between 1 and C and has few terms, all positive, so doubles would improve the last digit.
//
// There are two of them. p = softmax(z) is the clean posterior; its `row` is 0, and `allowed` is not used. r is the
// posterior of the true label given the noisy label y; its `row` is T[y], and `allowed` the largest z_j it allows.
struct Softmax { const real *row; real allowed, top, total; };

// z_c for p, (z_c - allowed) + log T[y, c] for r. The difference comes first, because beside a large z_c the logarithm
// would be rounded away.
__device__ inline real logit(const real *z, const Softmax &s, int c)
{
    if (!s.row) return z[c];
    return s.row[c] == 0 ? -infinity() : (z[c] - s.allowed) + log(s.row[c]);  // -inf: an impossible flip
}

// s with its top and total.
__device__ inline Softmax with_top_and_total(const real *z, Softmax s, int C)
{
    for (int c = 0; c < C; ++c) {
        const real value = logit(z, s, c);
        if (value > s.top) s.top = value;
    }
    for (int c = 0; c < C; ++c) s.total += exp(logit(z, s, c) - s.top);
    return s;
}

// p = softmax(z)
__device__ inline Softmax clean_posterior(const real *z, int C)
{
    const Softmax empty = {0, 0, -infinity(), 0};
    return with_top_and_total(z, empty, C);
}

// r = softmax(z + log T[y]); NaN for a label that is no class.
__device__ inline Softmax posterior_given(const real *z, long long y, const real *T, int C)
{
    const real nan = not_a_number();
    Softmax r = {0, nan, nan, nan};
    if (!inside(y, C)) return r;
    r = {T + y * C, -infinity(), -infinity(), 0};
    for (int c = 0; c < C; ++c)
        if (r.row[c] != 0 && z[c] > r.allowed) r.allowed = z[c];
    return with_top_and_total(z, r, C);
}

__device__ inline real probability(const real *z, const Softmax &s, int c)
{
    return exp(logit(z, s, c) - s.top) / s.total;
}

// -log (T p)_y = (p.top + log p.total) - (r.allowed + r.top + log r.total), the large numbers first.
__device__ inline real forward_loss(const Softmax &p, const Softmax &r)
{
    if (r.allowed == -infinity()) return p.total * infinity();  // -log 0; still NaN where a logit is NaN
    return (p.top - r.allowed) - r.top + log(p.total) - log(r.total);
}

// p[n, c] = exp(z_c - top) / total
extern "C" __global__ void softmax(const real *z /* N C */, real *p /* N C */, int N, int C)
{
    EACH(n, N) {
        const Softmax s = clean_posterior(z + n * C, C);
        for (int c = 0; c < C; ++c) p[n * C + c] = probability(z + n * C, s, c);
    }
}

// out[n, c] = (z_c - top) - log total
extern "C" __global__ void log_softmax(const real *z /* N C */, real *out /* N C */, int N, int C)
{
    EACH(n, N) {
        const Softmax s = clean_posterior(z + n * C, C);
        const real log_total = log(s.total);
        for (int c = 0; c < C; ++c) out[n * C + c] = (z[n * C + c] - s.top) - log_total;
    }
}

// loss[n] = -sum_c a_c log softmax(z)_c
extern "C" __global__ void signed_cross_entropy(const real *z /* N C */, const real *a /* N C */, real *loss /* N */,
                                                int N, int C)
{
    EACH(n, N) {
        const Softmax s = clean_posterior(z + n * C, C);
        const real log_total = log(s.total);
        real sum = 0;
        for (int c = 0; c < C; ++c)  // 0 * log 0 is 0: a class of no weight may have no probability
            if (a[n * C + c] != 0) sum += a[n * C + c] * (log_total - (z[n * C + c] - s.top));
        loss[n] = sum;
    }
}

// dz[n, c] = (sum_l a_l) softmax(z)_c - a_c
extern "C" __global__ void signed_cross_entropy_grad(const real *z /* N C */, const real *a /* N C */,
                                                     real *dz /* N C */, int N, int C)
{
    EACH(n, N) {
        const Softmax s = clean_posterior(z + n * C, C);
        real mass = 0;
        for (int c = 0; c < C; ++c) mass += a[n * C + c];
        for (int c = 0; c < C; ++c) dz[n * C + c] = mass * probability(z + n * C, s, c) - a[n * C + c];
    }
}

// loss[n] = -log (T p)_y = log sum_j exp(z_j) - log sum_j T[y, j] exp(z_j)
extern "C" __global__ void forward_cross_entropy(const real *z /* N C */, const long long *y /* N */,
                                                 const real *T /* C C */, real *loss /* N */, int N, int C)
{
    EACH(n, N) loss[n] = forward_loss(clean_posterior(z + n * C, C), posterior_given(z + n * C, y[n], T, C));
}

// dz[n, j] = p_j - r_j, r = softmax(z + log T[y])
extern "C" __global__ void forward_cross_entropy_grad(const real *z /* N C */, const long long *y /* N */,
                                                      const real *T /* C C */, real *dz /* N C */, int N, int C)
{
    EACH(n, N) {
        const real *logits = z + n * C;
        const Softmax p = clean_posterior(logits, C), r = posterior_given(logits, y[n], T, C);
        for (int j = 0; j < C; ++j) dz[n * C + j] = probability(logits, p, j) - probability(logits, r, j);
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
        if (!inside(n, N)) {
            losses[first + m] = not_a_number();
            continue;
        }
        real *z = dz + m * C;
        for (int c = 0; c < C; ++c) {
            real total = b[c];
            for (int d = 0; d < D; ++d) total += x[n * D + d] * w[d * C + c];
            z[c] = total;
        }
        const Softmax p = clean_posterior(z, C), r = posterior_given(z, y[n], T, C);
        losses[first + m] = weight[n] * forward_loss(p, r);
        for (int c = 0; c < C; ++c) z[c] = weight[n] / size * (probability(z, p, c) - probability(z, r, c));
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
        for (int m = 0; m < size; ++m) {
            const long long n = order[first + m];
            if (inside(n, N)) slope += (d < D ? x[n * D + d] : 1) * dz[m * C + c];
        }
        (d < D ? w[o] : b[c]) -= learning_rate * slope;
    }
}

// --- flip rates: every part of the samples is summed by itself, then the sums are added in their order ---------------

// sums[part, j, k] = sum of weight_n gamma[j, k] p_j / (sum_l gamma[l, k] p_l) over the part's samples labelled k.
// A quotient of two small numbers comes before the weight: the inverse of a subnormal sum would be infinite.
extern "C" __global__ void flip_rate_sums(const real *gamma /* C C */, const real *p /* N C */,
                                          const long long *y /* N */, const real *weight /* N */,
                                          real *sums /* parts C C */, int N, int C, int parts)
{
    const int share = (N + parts - 1) / parts;
    EACH(o, parts * C * C) {
        const int k = o % C, j = o / C % C, part = o / C / C;
        real total = 0;
        for (int n = part * share; n < N && n < (part + 1) * share; ++n) {
            if (!inside(y[n], C)) total = not_a_number();
            if (y[n] != k) continue;
            real noisy = 0;
            for (int l = 0; l < C; ++l) noisy += gamma[l * C + k] * p[n * C + l];
            if (noisy != 0) total += weight[n] * (gamma[j * C + k] * p[n * C + j] / noisy);  // else gamma excludes k
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
        for (int k = 0; k < C; ++k) updated[j * C + k] = mass == 0 ? gamma[j * C + k] : updated[j * C + k] / mass;
    }
}
