// Max pooling of one image.
#pragma once
#include <stdint.h>
#include "vector.h"

// x (H, W, K) -> y (Ho, Wo, K), the largest of every size x size tile, and argmax, its place h W + v.
static void pool_image(const real *x, long W, long Ho, long Wo, long K, long size, real *y, int32_t *argmax)
{
    for (long i = 0; i < Ho; ++i)
        for (long j = 0; j < Wo; ++j) {
            real *restrict best = y + (i * Wo + j) * K;
            int32_t *restrict best_place = argmax + (i * Wo + j) * K;
            long corner = i * size * W + j * size;
            for (long k = 0; k < K; ++k) best[k] = x[corner * K + k], best_place[k] = corner;
            for (long r = 0; r < size; ++r)
                for (long s = 0; s < size; ++s) {
                    long place = corner + r * W + s;
                    const real *restrict value = x + place * K;
                    for (long k = 0; k < K; ++k) {  // the first of equal values wins, and the first NaN over all
                        int better = (value[k] > best[k]) | ((value[k] != value[k]) & (best[k] == best[k]));
                        best_place[k] = better ? (int32_t)place : best_place[k];
                        best[k] = better ? value[k] : best[k];
                    }
                }
        }
}
