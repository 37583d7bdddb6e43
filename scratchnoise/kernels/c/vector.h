// Vectors and tiles: the two things that are kept in registers.
//
// A vector fills one register of the processor that this is built for. A tile is ROWS x COLUMNS vectors, the sums that
// one inner loop works on. The shape is chosen so that the tile, COLUMNS vectors that it is multiplied with and one
// more fit in the registers together: one vector too many, and every pass of the loop writes to memory and reads back.
//
//                registers    tile                 in use
//     AVX-512    32 of 64     8 x 2 of 64 bytes    16 + 2 + 1
//     AVX2, AVX  16 of 32     6 x 2 of 32 bytes    12 + 2 + 1
//     ARM64      32 of 16     8 x 2 of 16 bytes    16 + 2 + 1
//     others     16 of 16     6 x 2 of 16 bytes    12 + 2 + 2, the product is rounded before it is added
//
// `real` is float or double: everything is compiled once for each, with -Dreal=float or -Dreal=double.
#pragma once
#include <string.h>

#if defined(__AVX512F__)
enum { BYTES = 64, ROWS = 8, COLUMNS = 2 };
#elif defined(__AVX__)
enum { BYTES = 32, ROWS = 6, COLUMNS = 2 };
#elif defined(__aarch64__)
enum { BYTES = 16, ROWS = 8, COLUMNS = 2 };
#else
enum { BYTES = 16, ROWS = 6, COLUMNS = 2 };
#endif
enum { LANES = BYTES / sizeof(real), WIDTH = COLUMNS * LANES };  // numbers in a vector, and in a row of a tile

typedef real vector __attribute__((vector_size(BYTES)));

// Functions of a tile are made part of their caller, because a tile that is passed on would lie in memory.
#define INLINE static inline __attribute__((always_inline))

INLINE vector load(const real *from)
{
    vector v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE void store(real *to, vector v) { memcpy(to, &v, sizeof v); }

// The first `count` numbers of a vector, where there may be fewer than LANES, or none; the others are zeros.
INLINE vector load_some(const real *from, long count)
{
    vector v = {0};
    if (count >= LANES) return load(from);
    if (count > 0) memcpy(&v, from, count * sizeof(real));
    return v;
}

INLINE void store_some(real *to, vector v, long count)
{
    if (count >= LANES) store(to, v);
    else if (count > 0) memcpy(to, &v, count * sizeof(real));
}

// The sum of the entries: the upper half is added to the lower one until a single number is left.
INLINE real total(vector v)
{
    real part[LANES];
    store(part, v);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) part[i] += part[i + half];
    return part[0];
}
