// Sums over all images, in PARTS parts that are added in their order. The number of parts is fixed, so the result does
// not depend on how many threads there are.
#pragma once
#include "memory.h"
#include "vector.h"

enum { PARTS = 8 };

typedef struct {
    real *weights;  // PARTS x size
    double *bias;   // PARTS x F
    long size, F;
} partial_sums;

static inline partial_sums take_sums(scratch *s, long size, long F)
{
    partial_sums sums = {take(s, PARTS * size * sizeof(real)), take(s, PARTS * F * sizeof(double)), size, F};
    if (s->failed) return sums;
    memset(sums.weights, 0, PARTS * size * sizeof(real));
    memset(sums.bias, 0, PARTS * F * sizeof(double));
    return sums;
}

static inline real *weights_of(const partial_sums *sums, long part) { return sums->weights + part * sums->size; }
static inline double *bias_of(const partial_sums *sums, long part) { return sums->bias + part * sums->F; }

// total (F,) += the sum of the rows (count, F).
static inline void add_rows(const real *rows, long count, long F, double *total)
{
    for (long n = 0; n < count; ++n)
        for (long f = 0; f < F; ++f) total[f] += rows[n * F + f];
}

// Add all parts up: the bias into db (F,), the weights into the first part, which is returned.
static inline const real *add_parts(const partial_sums *sums, real *db)
{
    for (long part = 1; part < PARTS; ++part) {
        const real *weights = weights_of(sums, part);
        for (long i = 0; i < sums->size; ++i) sums->weights[i] += weights[i];
        for (long f = 0; f < sums->F; ++f) sums->bias[f] += bias_of(sums, part)[f];
    }
    for (long f = 0; f < sums->F; ++f) db[f] = sums->bias[f];
    return sums->weights;
}
