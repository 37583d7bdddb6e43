// exp of every number of a vector, for numbers of at most 0: exp(x) = 2^n exp(r) with n = round(x / log 2).
//
// The rest r lies within log(2) / 2 of 0, where DEGREE + 1 terms of the series are as exact as `real` is. Adding MAGIC
// leaves n in the last bits of the sum, from where it is moved into the exponent of 2^n. Below LOWEST, where 2^n would
// be no normal number any more, the result is 0. NaN stays NaN.
#pragma once
#include "vector.h"

enum { SINGLE = sizeof(real) == 4, DEGREE = SINGLE ? 7 : 13, FRACTION_BITS = SINGLE ? 23 : 52 };

typedef __typeof__((vector){0} < (vector){0}) integers;  // as many, and as wide

static inline vector exponential(vector x)
{
    static const double ONE_OVER_FACTORIAL[] = {
        1., 1., 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320, 1. / 362880, 1. / 3628800,
        1. / 39916800, 1. / 479001600, 1. / 6227020800};
    const real LOWEST = SINGLE ? -87 : -708, MAGIC = SINGLE ? 0x1.8p23 : 0x1.8p52;
    const real LOG_2 = SINGLE ? 0x1.62e4p-1 : 0x1.62e42fee00000p-1;  // few bits, so that n LOG_2 is exact
    const real REST_OF_LOG_2 = SINGLE ? 0x1.7f7d1cp-20 : 0x1.a39ef35793c76p-33;
    integers vanishes = x < LOWEST;
    x = (vector)((integers)x & ~vanishes);
    vector moved = x * (real)1.4426950408889634 + MAGIC, n = moved - MAGIC;
    vector r = (x - n * LOG_2) - n * REST_OF_LOG_2, sum = (vector){0} + (real)ONE_OVER_FACTORIAL[DEGREE];
    for (int k = DEGREE - 1; k >= 0; --k) sum = sum * r + (real)ONE_OVER_FACTORIAL[k];
    const vector one = (vector){0} + 1;
    vector power = (vector)(((integers)moved << FRACTION_BITS) + (integers)one);
    return (vector)((integers)(sum * power) & ~vanishes);
}
