// What passed a pooling and a ReLU backwards: of each tile one place has a gradient, and only where the output is
// above 0. Which place it is differs from filter to filter, so the entries of an image are sorted into lists first.
//
//     dy (places, F)   3 . 1        by filter    0: 3 5   1: 2   2: 1        place and value of each entry
//                      5 2 .        by pixel     one list for each pixel that the convolution computed
#pragma once
#include <stdint.h>
#include "memory.h"
#include "vector.h"

typedef struct {
    long *end;    // list i is entries end[i - 1], ..., end[i] - 1
    long *where;  // of each entry
    real *value;
} lists;

static lists take_lists(scratch *s, long crew, long n_lists, long entries)
{
    return (lists){take(s, crew * (n_lists + 2) * sizeof(long)), take(s, crew * entries * sizeof(long)),
                   take(s, crew * entries * sizeof(real))};
}

static lists lists_of(const lists *all, int worker, long n_lists, long entries)
{
    return (lists){all->end + worker * (n_lists + 2) + 1, all->where + worker * entries, all->value + worker * entries};
}

// The list of entry e, which is of filter f.
INLINE long list_of(const real *y, const int32_t *argmax, long e, long f, long n_lists, const int by_filter)
{
    return y[e] <= 0 ? n_lists : by_filter ? f : argmax[e];
}

// Sort the entries of dy (places, F): by filter, each with `start` of the pixel that its tile took its maximum from;
// or by that pixel, each with `start` of its filter. The last list, number n_lists, takes those that did not pass.
INLINE void sort_passed(lists *l, long n_lists, const real *dy, const real *y, const int32_t *argmax, long places,
                        long F, const long *start, const int by_filter)
{
    memset(l->end - 1, 0, (n_lists + 2) * sizeof(long));
    for (long p = 0; p < places; ++p)
        for (long f = 0; f < F; ++f) ++l->end[list_of(y, argmax, p * F + f, f, n_lists, by_filter)];
    long before = 0;  // the lists begin one after the other
    for (long list = 0; list <= n_lists; ++list) {
        long count = l->end[list];
        l->end[list] = before;
        before += count;
    }
    for (long p = 0; p < places; ++p)
        for (long f = 0; f < F; ++f) {
            long e = p * F + f, entry = l->end[list_of(y, argmax, e, f, n_lists, by_filter)]++;
            l->where[entry] = start[by_filter ? argmax[e] : f];
            l->value[entry] = dy[e];
        }
}
