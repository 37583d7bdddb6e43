// Layers without parameters, and the update: each number, or each image, by itself, shared out in stretches.
//
// The caller guarantees arrays of equal shapes, and every argmax inside its image.
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "memory.h"
#include "pooling.h"
#include "threads.h"

enum { STRETCH = 1 << 14 };  // numbers in a task

typedef struct {
    const real *x, *y, *z;
    real *out, *out2;
    long count;
    double a, b, c;
    uint64_t state;
    const real *u;
    real *out3;
    double d, e;
} stretch_job;

static int in_stretches(work *stretch, stretch_job job)
{
    long tasks = (job.count + STRETCH - 1) / STRETCH;
    share_out(stretch, &job, tasks, crew_for(tasks, job.count));
    return 0;
}

#define EACH(i, a) for (long i = task * STRETCH; i < at_most((task + 1) * STRETCH, (a)->count); ++i)

// --- ReLU -----------------------------------------------------------------------------------------------------------

static void rectify(const void *job, long task, int worker)
{
    (void)worker;
    const stretch_job *a = job;
    EACH(i, a) a->out[i] = a->x[i] <= 0 ? 0 : a->x[i];  // in this order, NaN stays NaN
}

EXPORT int relu_forward(const real *x, real *y, long count)
{
    return in_stretches(rectify, (stretch_job){.x = x, .out = y, .count = count});
}

static void rectify_gradient(const void *job, long task, int worker)
{
    (void)worker;
    const stretch_job *a = job;
    EACH(i, a) a->out[i] = a->x[i] <= 0 ? 0 : a->y[i];
}

EXPORT int relu_backward(const real *dy, const real *x, real *dx, long count)
{
    return in_stretches(rectify_gradient, (stretch_job){.x = x, .y = dy, .out = dx, .count = count});
}

// --- dropout --------------------------------------------------------------------------------------------------------

static const uint64_t GOLDEN = 0x9E3779B97F4A7C15;

// Mix the bits of a counter: the output function of SplitMix64 [Steele, Lea and Flood 2014].
static inline uint64_t splitmix64(uint64_t state)
{
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
    return state ^ (state >> 31);
}

static void drop(const void *job, long task, int worker)
{
    (void)worker;
    const stretch_job *a = job;
    double rate = a->a, scale = 1 / (1 - rate);
    EACH(i, a) {
        uint64_t bits = splitmix64(a->state + (i + 1) * GOLDEN);
        int keep = (bits >> 11) * 0x1p-53 >= rate;  // 53 bits: a uniform number in [0, 1)
        a->out[i] = keep ? a->x[i] * scale : 0;
    }
}

EXPORT int dropout_forward(const real *x, real *y, long count, double rate, uint64_t seed, uint64_t step)
{
    uint64_t state = splitmix64(seed + step * GOLDEN);
    return in_stretches(drop, (stretch_job){.x = x, .out = y, .count = count, .a = rate, .state = state});
}

// --- updates --------------------------------------------------------------------------------------------------------

static void descend(const void *job, long task, int worker)
{
    (void)worker;
    const stretch_job *a = job;
    real learning_rate = a->a, momentum = a->b, decay = a->c;
    EACH(i, a) {
        real velocity = momentum * a->y[i] + a->z[i] + decay * a->x[i];
        a->out2[i] = velocity;
        a->out[i] = a->x[i] - learning_rate * velocity;
    }
}

// v' = momentum v + dw + weight_decay w, w' = w - learning_rate v'.
EXPORT int sgd_momentum(const real *w, const real *v, const real *dw, real *new_w, real *new_v, long count,
                        double learning_rate, double momentum, double weight_decay)
{
    return in_stretches(descend, (stretch_job){.x = w, .y = v, .z = dw, .out = new_w, .out2 = new_v, .count = count,
                                               .a = learning_rate, .b = momentum, .c = weight_decay});
}

static void descend_by_adam(const void *job, long task, int worker)
{
    (void)worker;
    const stretch_job *a = job;
    EACH(i, a) {
        double g = a->z[i] + a->e * a->x[i];
        double mean = a->b * a->y[i] + (1 - a->b) * g, square = a->c * a->u[i] + (1 - a->c) * g * g;
        a->out2[i] = mean;
        a->out3[i] = square;
        a->out[i] = a->x[i] - a->a * mean / (sqrt(square) + a->d);
    }
}

// w' = w - learning_rate mean' / (sqrt(square') + epsilon), the running means of g = dw + weight_decay w and of g^2.
EXPORT int adam(const real *w, const real *mean, const real *square, const real *dw, real *new_w, real *new_mean,
                real *new_square, long count, double learning_rate, double beta_1, double beta_2, double epsilon,
                double weight_decay)
{
    return in_stretches(descend_by_adam,
                        (stretch_job){.x = w, .y = mean, .u = square, .z = dw, .out = new_w, .out2 = new_mean,
                                      .out3 = new_square, .count = count, .a = learning_rate, .b = beta_1, .c = beta_2,
                                      .d = epsilon, .e = weight_decay});
}

// --- max pooling ----------------------------------------------------------------------------------------------------

typedef struct {
    const real *x;
    real *y;
    int32_t *argmax;
    long H, W, K, size;
} pooling_job;  // of the average backwards, x is dy and y is dx

static void pool(const void *job, long n, int worker)
{
    (void)worker;
    const pooling_job *a = job;
    long Ho = a->H / a->size, Wo = a->W / a->size, pooled = Ho * Wo * a->K;
    pool_image(a->x + n * a->H * a->W * a->K, a->W, Ho, Wo, a->K, a->size, a->y + n * pooled, a->argmax + n * pooled);
}

EXPORT int maxpool2d_forward(const real *x, real *y, int32_t *argmax, long N, long H, long W, long K, long size)
{
    pooling_job job = {x, y, argmax, H, W, K, size};
    share_out(pool, &job, N, crew_for(N, (double)N * H * W * K));
    return 0;
}

// Each dy goes to where the maximum was. P places in a pooled image, HW in an image.
EXPORT int maxpool2d_backward(const real *dy, const int32_t *argmax, real *dx, long N, long P, long K, long HW)
{
    memset(dx, 0, N * HW * K * sizeof(real));
    for (long n = 0; n < N; ++n)
        for (long p = 0; p < P; ++p)
            for (long k = 0; k < K; ++k) {
                long from = (n * P + p) * K + k;
                dx[(n * HW + argmax[from]) * K + k] += dy[from];
            }
    return 0;
}

// --- average pooling ------------------------------------------------------------------------------------------------

static void pool_mean(const void *job, long n, int worker)
{
    (void)worker;
    const pooling_job *a = job;
    long Ho = a->H / a->size, Wo = a->W / a->size, K = a->K;
    const real *x = a->x + n * a->H * a->W * K;
    real *y = a->y + n * Ho * Wo * K;
    for (long i = 0; i < Ho; ++i)
        for (long j = 0; j < Wo; ++j)
            for (long k = 0; k < K; ++k) {
                double total = 0;
                for (long r = 0; r < a->size; ++r)
                    for (long s = 0; s < a->size; ++s)
                        total += x[((i * a->size + r) * a->W + j * a->size + s) * K + k];
                y[(i * Wo + j) * K + k] = total / (a->size * a->size);
            }
}

EXPORT int avgpool2d_forward(const real *x, real *y, long N, long H, long W, long K, long size)
{
    pooling_job job = {x, y, 0, H, W, K, size};
    share_out(pool_mean, &job, N, crew_for(N, (double)N * H * W * K));
    return 0;
}

static void spread_mean(const void *job, long n, int worker)
{
    (void)worker;
    const pooling_job *a = job;
    long Ho = a->H / a->size, Wo = a->W / a->size, K = a->K;
    const real *dy = a->x + n * Ho * Wo * K;
    real *dx = a->y + n * a->H * a->W * K;
    for (long h = 0; h < Ho * a->size; ++h)
        for (long v = 0; v < Wo * a->size; ++v)
            for (long k = 0; k < K; ++k)
                dx[(h * a->W + v) * K + k] = dy[(h / a->size * Wo + v / a->size) * K + k] / (a->size * a->size);
}

// dx comes as zeros: a remainder at the edge is in no tile.
EXPORT int avgpool2d_backward(const real *dy, real *dx, long N, long H, long W, long K, long size)
{
    pooling_job job = {dy, dx, 0, H, W, K, size};
    share_out(spread_mean, &job, N, crew_for(N, (double)N * H * W * K));
    return 0;
}
