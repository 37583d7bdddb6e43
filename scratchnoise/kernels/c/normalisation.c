// Batch normalisation: each channel of x (N, K) by itself, shared out in stretches of neighbouring channels.
//
// Sums are double: a float would lose the small terms of a batch of many pixels.
#include <math.h>
#include "memory.h"
#include "threads.h"

enum { CHANNELS = 16 };  // in a task: a cache line of floats, which one thread reads

typedef struct {
    const real *dy, *x, *scale, *shift;
    real *out, *mean, *variance, *dscale, *dshift;
    long N, K;
    double epsilon;
} channels_job;

// The rows of the channels from `first`, and each of their `count` numbers.
#define EACH_ROW(n, a) for (long n = 0; n < (a)->N; ++n)
#define EACH_CHANNEL(k, count) for (long k = 0; k < (count); ++k)

static int by_channels(work *channels, channels_job job)
{
    long tasks = (job.K + CHANNELS - 1) / CHANNELS;
    share_out(channels, &job, tasks, crew_for(tasks, (double)job.N * job.K));
    return 0;
}

static void normalise(const void *job, long task, int worker)
{
    (void)worker;
    const channels_job *a = job;
    long first = task * CHANNELS, count = at_most(CHANNELS, a->K - first);
    double mean[CHANNELS] = {0}, variance[CHANNELS] = {0}, slope[CHANNELS], N = a->N ? a->N : 1;
    EACH_ROW(n, a) EACH_CHANNEL(k, count) mean[k] += a->x[n * a->K + first + k];
    EACH_CHANNEL(k, count) mean[k] /= N;
    EACH_ROW(n, a) EACH_CHANNEL(k, count) {
        double from_mean = a->x[n * a->K + first + k] - mean[k];
        variance[k] += from_mean * from_mean;
    }
    EACH_CHANNEL(k, count) {
        variance[k] /= N;
        slope[k] = 1 / sqrt(variance[k] + a->epsilon);
        a->mean[first + k] = mean[k];
        a->variance[first + k] = variance[k];
    }
    EACH_ROW(n, a) EACH_CHANNEL(k, count) {
        long o = n * a->K + first + k;
        a->out[o] = a->scale[first + k] * ((a->x[o] - mean[k]) * slope[k]) + a->shift[first + k];
    }
}

EXPORT int batchnorm_forward(const real *x, const real *scale, const real *shift, real *y, real *mean, real *variance,
                             long N, long K, double epsilon)
{
    return by_channels(normalise, (channels_job){.x = x, .scale = scale, .shift = shift, .out = y, .mean = mean,
                                                 .variance = variance, .N = N, .K = K, .epsilon = epsilon});
}

// h = (x - mean) slope, slope = 1 / sqrt(variance + epsilon); dx = scale slope (dy - sum dy / N - h sum dy h / N).
static void normalise_gradient(const void *job, long task, int worker)
{
    (void)worker;
    const channels_job *a = job;
    long first = task * CHANNELS, count = at_most(CHANNELS, a->K - first);
    double slope[CHANNELS], along[CHANNELS] = {0}, total[CHANNELS] = {0};
    EACH_CHANNEL(k, count) slope[k] = 1 / sqrt(a->variance[first + k] + a->epsilon);
    EACH_ROW(n, a) EACH_CHANNEL(k, count) {
        long o = n * a->K + first + k;
        along[k] += a->dy[o] * ((a->x[o] - (double)a->mean[first + k]) * slope[k]);
        total[k] += a->dy[o];
    }
    EACH_ROW(n, a) EACH_CHANNEL(k, count) {
        long o = n * a->K + first + k;
        double h = (a->x[o] - (double)a->mean[first + k]) * slope[k];
        a->out[o] = a->scale[first + k] * slope[k] * (a->dy[o] - total[k] / a->N - h * (along[k] / a->N));
    }
    EACH_CHANNEL(k, count) {
        a->dscale[first + k] = along[k];
        a->dshift[first + k] = total[k];
    }
}

EXPORT int batchnorm_backward(const real *dy, const real *x, const real *mean, const real *variance, const real *scale,
                              real *dx, real *dscale, real *dshift, long N, long K, double epsilon)
{
    return by_channels(normalise_gradient,
                       (channels_job){.dy = dy, .x = x, .mean = (real *)mean, .variance = (real *)variance,
                                      .scale = scale, .out = dx, .dscale = dscale, .dshift = dshift, .N = N, .K = K,
                                      .epsilon = epsilon});
}
