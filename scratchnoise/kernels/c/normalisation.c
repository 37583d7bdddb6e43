// Batch normalisation: each channel of x (N, K) by itself, shared out in stretches of neighbouring channels.
//
// Sums are double: a float would lose the small terms of a batch of many pixels.
#include <math.h>
#include "memory.h"
#include "threads.h"

enum { CHANNELS = 8 };  // in a task: what one cache line holds is read by one thread

typedef struct {
    const real *dy, *x, *scale, *shift;
    real *out, *mean, *variance, *dscale, *dshift;
    long N, K;
    double epsilon;
} channels_job;

#define EACH_CHANNEL(k, a) for (long k = task * CHANNELS; k < at_most((task + 1) * CHANNELS, (a)->K); ++k)

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
    double N = a->N ? a->N : 1;
    EACH_CHANNEL(k, a) {
        double total = 0, squares = 0;
        for (long n = 0; n < a->N; ++n) total += a->x[n * a->K + k];
        double mean = total / N;
        for (long n = 0; n < a->N; ++n) squares += (a->x[n * a->K + k] - mean) * (a->x[n * a->K + k] - mean);
        double variance = squares / N, slope = 1 / sqrt(variance + a->epsilon);
        for (long n = 0; n < a->N; ++n)
            a->out[n * a->K + k] = a->scale[k] * ((a->x[n * a->K + k] - mean) * slope) + a->shift[k];
        a->mean[k] = mean;
        a->variance[k] = variance;
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
    EACH_CHANNEL(k, a) {
        double slope = 1 / sqrt(a->variance[k] + a->epsilon), mean = a->mean[k], along = 0, total = 0;
        for (long n = 0; n < a->N; ++n) {
            along += a->dy[n * a->K + k] * ((a->x[n * a->K + k] - mean) * slope);
            total += a->dy[n * a->K + k];
        }
        for (long n = 0; n < a->N; ++n) {
            double h = (a->x[n * a->K + k] - mean) * slope;
            a->out[n * a->K + k] = a->scale[k] * slope * (a->dy[n * a->K + k] - total / a->N - h * (along / a->N));
        }
        a->dscale[k] = along;
        a->dshift[k] = total;
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
