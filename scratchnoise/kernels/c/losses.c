// Softmax, the two losses and the flip rates: loops over samples, read off `loops/losses.py`. C classes are few, so
// these are a small part of every step, and neither vectors nor threads are worth their lines.
//
// The caller guarantees labels y in 0, ..., C - 1.
//
// N samples, C classes.
#include "losses.h"
#include <stdint.h>
#include <string.h>
#include "memory.h"

// exp(z_c - top) / total.
EXPORT int softmax(const real *z, real *p, long N, long C)
{
    scratch s = {0};
    double *wide = take(&s, C * sizeof(double));
    for (long n = 0; n < N && C && !s.failed; ++n, z += C, p += C) {
        widen(z, C, wide);
        double top = largest_logit(wide, C), total = total_of_exponentials(wide, C, top);
        for (long c = 0; c < C; ++c) p[c] = exp(wide[c] - top) / total;
    }
    return give_back(&s);
}

// (z_c - top) - log total.
EXPORT int log_softmax(const real *z, real *log_p, long N, long C)
{
    scratch s = {0};
    double *wide = take(&s, C * sizeof(double));
    for (long n = 0; n < N && C && !s.failed; ++n, z += C, log_p += C) {
        widen(z, C, wide);
        double top = largest_logit(wide, C), log_total = log(total_of_exponentials(wide, C, top));
        for (long c = 0; c < C; ++c) log_p[c] = (wide[c] - top) - log_total;
    }
    return give_back(&s);
}

// -sum_c a_c log softmax(z)_c. A class of no weight may have no probability, because 0 log 0 is 0.
EXPORT int signed_cross_entropy(const real *z, const real *a, real *loss, long N, long C)
{
    scratch s = {0};
    double *wide = take(&s, C * sizeof(double));
    for (long n = 0; n < N && !s.failed; ++n, z += C, a += C) {
        widen(z, C, wide);
        double top = C ? largest_logit(wide, C) : 0, log_total = log(total_of_exponentials(wide, C, top));
        double sum = 0;
        for (long c = 0; c < C; ++c)
            if (a[c] != 0) sum += a[c] * (log_total - (wide[c] - top));
        loss[n] = sum;
    }
    return give_back(&s);
}

// (sum_c a_c) softmax(z) - a.
EXPORT int signed_cross_entropy_grad(const real *z, const real *a, real *dz, long N, long C)
{
    scratch s = {0};
    double *wide = take(&s, C * sizeof(double));
    for (long n = 0; n < N && C && !s.failed; ++n, z += C, a += C, dz += C) {
        widen(z, C, wide);
        double top = largest_logit(wide, C), total = total_of_exponentials(wide, C, top), mass = 0;
        for (long c = 0; c < C; ++c) mass += a[c];
        for (long c = 0; c < C; ++c) dz[c] = mass * (exp(wide[c] - top) / total) - a[c];
    }
    return give_back(&s);
}

// -log (T p)_y.
EXPORT int forward_cross_entropy(const real *z, const int64_t *y, const real *T, real *loss, long N, long C)
{
    scratch s = {0};
    double *wide = take(&s, C * sizeof(double)), *joint = take(&s, C * sizeof(double));
    for (long n = 0; n < N && !s.failed; ++n, z += C) {
        widen(z, C, wide);
        double top = largest_logit(wide, C), total = total_of_exponentials(wide, C, top);
        double top_allowed = joint_logits(wide, T + y[n] * C, C, joint);
        loss[n] = forward_loss(top, total, top_allowed, joint, C);
    }
    return give_back(&s);
}

// p - r, r the posterior of the true label given the noisy one.
EXPORT int forward_cross_entropy_grad(const real *z, const int64_t *y, const real *T, real *dz, long N, long C)
{
    scratch s = {0};
    double *wide = take(&s, C * sizeof(double)), *joint = take(&s, C * sizeof(double));
    for (long n = 0; n < N && !s.failed; ++n, z += C, dz += C) {
        widen(z, C, wide);
        double top = largest_logit(wide, C), total = total_of_exponentials(wide, C, top);
        joint_logits(wide, T + y[n] * C, C, joint);
        forward_gradient(wide, top, total, joint, C, dz);
    }
    return give_back(&s);
}

// G[j, k] = sum of weight r_j over samples labelled k, rows normalised; a class j of no mass keeps its row.
EXPORT int flip_rate_update(const real *gamma, const real *p, const int64_t *y, const real *weight, real *updated,
                            long N, long C)
{
    scratch s = {0};
    double *sums = take(&s, C * C * sizeof(double));
    if (s.failed) return give_back(&s);
    memset(sums, 0, C * C * sizeof(double));
    for (long n = 0; n < N; ++n, p += C) {
        double noisy = 0;
        for (long j = 0; j < C; ++j) noisy += (double)gamma[j * C + y[n]] * p[j];
        if (noisy == 0) continue;  // a label that gamma calls impossible says nothing about gamma; NaN shows
        for (long j = 0; j < C; ++j) sums[j * C + y[n]] += (double)weight[n] * gamma[j * C + y[n]] * p[j] / noisy;
    }
    for (long j = 0; j < C; ++j) {
        double mass = 0;
        for (long k = 0; k < C; ++k) mass += sums[j * C + k];
        for (long k = 0; k < C; ++k) updated[j * C + k] = mass != 0 ? sums[j * C + k] / mass : gamma[j * C + k];
    }
    return give_back(&s);
}
