// The layers of a network, rung 1: see losses.cu, which comes before this in the same source.

// Place of [a, b, c, d] in an array whose last three lengths are B, C, D.
__device__ inline int at(int a, int b, int c, int d, int B, int C, int D) { return ((a * B + b) * C + c) * D + d; }

// --- linear layer ----------------------------------------------------------------------------------------------------

// y[n, f] = b[f] + sum_d x[n, d] w[d, f]
extern "C" __global__ void linear_forward(const real *x /* N D */, const real *w /* D F */, const real *b /* F */,
                                          real *y /* N F */, int N, int D, int F)
{
    EACH(o, N * F) {
        const int n = o / F, f = o % F;
        real total = b[f];
        for (int d = 0; d < D; ++d) total += x[n * D + d] * w[d * F + f];
        y[o] = total;
    }
}

// dx[n, d] = sum_f dy[n, f] w[d, f]
extern "C" __global__ void linear_backward_input(const real *dy /* N F */, const real *w /* D F */, real *dx /* N D */,
                                                 int N, int D, int F)
{
    EACH(o, N * D) {
        const int n = o / D, d = o % D;
        real total = 0;
        for (int f = 0; f < F; ++f) total += dy[n * F + f] * w[d * F + f];
        dx[o] = total;
    }
}

// dw[d, f] = sum_n x[n, d] dy[n, f]; the bias is the weight of one more input, which is always 1.
extern "C" __global__ void linear_backward_weights(const real *dy /* N F */, const real *x /* N D */,
                                                   real *dw /* D F */, real *db /* F */, int N, int D, int F)
{
    EACH(o, (D + 1) * F) {
        const int d = o / F, f = o % F;
        real total = 0;
        for (int n = 0; n < N; ++n) total += (d < D ? x[n * D + d] : 1) * dy[n * F + f];
        (d < D ? dw[o] : db[f]) = total;
    }
}

// --- convolution -----------------------------------------------------------------------------------------------------

// y[n, i, j, f] = b_f + sum_rsk x[n, i stride + r - pad, j stride + s - pad, k] w[r, s, k, f]
extern "C" __global__ void conv2d_forward(
    const real *x /* N H W K */, const real *w /* R S K F */, const real *b /* F */, real *y /* N Ho Wo F */,
    int N, int H, int W, int K, int R, int S, int F, int Ho, int Wo, int stride, int pad)
{
    EACH(o, N * Ho * Wo * F) {
        const int f = o % F, j = o / F % Wo, i = o / F / Wo % Ho, n = o / F / Wo / Ho;
        real total = b[f];
        for (int r = 0; r < R; ++r)
            for (int s = 0; s < S; ++s) {
                const int h = i * stride + r - pad, v = j * stride + s - pad;
                if (inside(h, H) && inside(v, W))  // outside is the zero padding
                    for (int k = 0; k < K; ++k) total += x[at(n, h, v, k, H, W, K)] * w[at(r, s, k, f, S, K, F)];
            }
        y[o] = total;
    }
}

// dx[n, h, v, k] = sum_rsf dy[n, i, j, f] w[r, s, k, f] over the windows (i, j) whose tap (r, s) lies on (h, v).
extern "C" __global__ void conv2d_backward_input(
    const real *dy /* N Ho Wo F */, const real *w /* R S K F */, real *dx /* N H W K */,
    int N, int H, int W, int K, int R, int S, int F, int Ho, int Wo, int stride, int pad)
{
    EACH(o, N * H * W * K) {
        const int k = o % K, v = o / K % W, h = o / K / W % H, n = o / K / W / H;
        real total = 0;
        for (int r = 0; r < R; ++r)
            for (int s = 0; s < S; ++s) {
                const int top = h + pad - r, left = v + pad - s, i = top / stride, j = left / stride;
                if (top % stride == 0 && left % stride == 0 && top >= 0 && left >= 0 && i < Ho && j < Wo)
                    for (int f = 0; f < F; ++f) total += dy[at(n, i, j, f, Ho, Wo, F)] * w[at(r, s, k, f, S, K, F)];
            }
        dx[o] = total;
    }
}

// dw[r, s, k, f] = sum_nij x[n, i stride + r - pad, j stride + s - pad, k] dy[n, i, j, f]; the bias sees ones.
extern "C" __global__ void conv2d_backward_weights(
    const real *dy /* N Ho Wo F */, const real *x /* N H W K */, real *dw /* R S K F */, real *db /* F */,
    int N, int H, int W, int K, int R, int S, int F, int Ho, int Wo, int stride, int pad)
{
    const int bias = R * S * K, channels = K ? K : 1;  // K = 0 leaves the bias alone, and must divide nothing
    EACH(o, (bias + 1) * F) {
        const int f = o % F, row = o / F, k = row % channels, s = row / channels % S, r = row / channels / S;
        real total = 0;
        for (int n = 0; n < N; ++n)
            for (int i = 0; i < Ho; ++i)
                for (int j = 0; j < Wo; ++j) {
                    const int h = i * stride + r - pad, v = j * stride + s - pad;
                    const real slope = dy[at(n, i, j, f, Ho, Wo, F)];
                    if (row == bias) total += slope;
                    else if (inside(h, H) && inside(v, W)) total += x[at(n, h, v, k, H, W, K)] * slope;
                }
        (row == bias ? db[f] : dw[o]) = total;
    }
}

// --- max pooling -----------------------------------------------------------------------------------------------------

// Whether a value replaces the largest so far: the first of equal values stays, and so does the first NaN.
__device__ inline bool better(real value, real best) { return best == best && !(value <= best); }

// The largest of every size x size tile, and where it was, h W + v.
extern "C" __global__ void maxpool2d_forward(const real *x /* N H W K */, real *y /* N Ho Wo K */,
                                             int *argmax /* N Ho Wo K */, int N, int H, int W, int K, int Ho, int Wo,
                                             int size)
{
    EACH(o, N * Ho * Wo * K) {
        const int k = o % K, j = o / K % Wo, i = o / K / Wo % Ho, n = o / K / Wo / Ho;
        int where = i * size * W + j * size;
        real best = x[at(n, i * size, j * size, k, H, W, K)];
        for (int h = i * size; h < (i + 1) * size; ++h)
            for (int v = j * size; v < (j + 1) * size; ++v) {
                const real value = x[at(n, h, v, k, H, W, K)];
                if (better(value, best)) {
                    best = value;
                    where = h * W + v;
                }
            }
        y[o] = best;
        argmax[o] = where;
    }
}

// dx[n, argmax, k] = dy. dx comes as zeros; tiles do not overlap, so no two threads write to one place.
extern "C" __global__ void maxpool2d_backward(const real *dy /* N Ho Wo K */, const int *argmax /* N Ho Wo K */,
                                              real *dx /* N H W K */, int N, int H, int W, int K, int Ho, int Wo)
{
    EACH(o, N * Ho * Wo * K) {
        const int k = o % K, n = o / K / Wo / Ho;
        if (inside(argmax[o], H * W)) dx[(n * H * W + argmax[o]) * K + k] = dy[o];
    }
}

// --- average pooling -------------------------------------------------------------------------------------------------

// y[n, i, j, k] = 1 / size^2 sum_rs x[n, i size + r, j size + s, k]
extern "C" __global__ void avgpool2d_forward(const real *x /* N H W K */, real *y /* N Ho Wo K */, int N, int H, int W,
                                             int K, int Ho, int Wo, int size)
{
    EACH(o, N * Ho * Wo * K) {
        const int k = o % K, j = o / K % Wo, i = o / K / Wo % Ho, n = o / K / Wo / Ho;
        real total = 0;
        for (int h = i * size; h < (i + 1) * size; ++h)
            for (int v = j * size; v < (j + 1) * size; ++v) total += x[at(n, h, v, k, H, W, K)];
        y[o] = total / (size * size);
    }
}

// dx = dy / size^2 of its tile; a remainder at the edge is in none.
extern "C" __global__ void avgpool2d_backward(const real *dy /* N Ho Wo K */, real *dx /* N H W K */, int N, int H,
                                              int W, int K, int Ho, int Wo, int size)
{
    EACH(o, N * H * W * K) {
        const int k = o % K, v = o / K % W, h = o / K / W % H, n = o / K / W / H, i = h / size, j = v / size;
        dx[o] = i < Ho && j < Wo ? dy[at(n, i, j, k, Ho, Wo, K)] / (size * size) : 0;
    }
}

// --- number by number: memory is what takes time, and neighbouring threads read neighbouring numbers -----------------

// y = max(0, x). NaN <= 0 is false, so NaN stays NaN.
extern "C" __global__ void relu_forward(const real *x /* n */, real *y /* n */, int n)
{
    EACH(i, n) y[i] = x[i] <= 0 ? 0 : x[i];
}

// dx = 0 where x <= 0, else dy
extern "C" __global__ void relu_backward(const real *dy /* n */, const real *x /* n */, real *dx /* n */, int n)
{
    EACH(i, n) dx[i] = x[i] <= 0 ? 0 : dy[i];
}

// Mix the bits of a counter: the output function of SplitMix64 [Steele, Lea and Flood 2014].
__device__ inline unsigned long long splitmix64(unsigned long long state)
{
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9ull;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EBull;
    return state ^ (state >> 31);
}

// Number i of step `step`: x / (1 - rate) where its hash, as a number in [0, 1), is at least `rate`, else 0.
__device__ inline real dropped(real x, double rate, unsigned long long seed, unsigned long long step, unsigned i)
{
    const unsigned long long golden = 0x9E3779B97F4A7C15ull, start = splitmix64(seed + step * golden);
    const double uniform = (splitmix64(start + (i + 1ull) * golden) >> 11) * (1.0 / (1ull << 53));  // 53 bits
    return uniform >= rate ? x * (real)(1 / (1 - rate)) : 0;
}

// Forward and backward alike: a diagonal matrix is its own transpose.
extern "C" __global__ void dropout(const real *x /* n */, real *y /* n */, double rate, unsigned long long seed,
                                   unsigned long long step, int n)
{
    EACH(i, n) y[i] = dropped(x[i], rate, seed, step, i);
}

// v' = momentum v + dw + weight_decay w, w' = w - learning_rate v'
extern "C" __global__ void sgd_momentum(const real *w /* n */, const real *v /* n */, const real *dw /* n */,
                                        real *new_w /* n */, real *new_v /* n */, real learning_rate, real momentum,
                                        real weight_decay, int n)
{
    EACH(i, n) {
        new_v[i] = momentum * v[i] + dw[i] + weight_decay * w[i];
        new_w[i] = w[i] - learning_rate * new_v[i];
    }
}

// w' = w - learning_rate mean' / (sqrt(square') + epsilon), the running means of g = dw + weight_decay w and of g^2.
// The betas are double, because 1 - beta would lose half of a float's digits.
__device__ inline real adam_step(real w, real mean, real square, double learning_rate, double epsilon)
{
    return w - learning_rate * mean / (sqrt(square) + epsilon);
}

extern "C" __global__ void adam(const real *w /* n */, const real *mean /* n */, const real *square /* n */,
                                const real *dw /* n */, real *new_w /* n */, real *new_mean /* n */,
                                real *new_square /* n */, double learning_rate, double beta_1, double beta_2,
                                double epsilon, double weight_decay, int n)
{
    EACH(i, n) {
        const real g = dw[i] + (real)weight_decay * w[i];
        new_mean[i] = (real)beta_1 * mean[i] + (real)(1 - beta_1) * g;
        new_square[i] = (real)beta_2 * square[i] + (real)(1 - beta_2) * g * g;
        new_w[i] = adam_step(w[i], new_mean[i], new_square[i], learning_rate, epsilon);
    }
}
