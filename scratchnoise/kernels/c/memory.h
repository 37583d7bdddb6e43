// Scratch memory: what a kernel needs beside its arguments is taken before any thread starts, and given back at once.
//
//     scratch s = {0};
//     real *frame = take(&s, count * sizeof(real));
//     if (!s.failed) ...                                 a kernel only computes where everything could be taken,
//     return give_back(&s);                              and returns 1 where it could not
#pragma once
#include <stdbool.h>
#include <stdlib.h>

typedef struct {
    void *blocks[64];
    int count;
    bool failed;
} scratch;

static inline void *take(scratch *s, size_t bytes)
{
    void *block = NULL;
    if (posix_memalign(&block, 64, bytes + 64)) {  // there is always a line of the cache more, to read past an end
        s->failed = true;
        return NULL;
    }
    return s->blocks[s->count++] = block;
}

static inline int give_back(scratch *s)
{
    while (s->count) free(s->blocks[--s->count]);
    return s->failed;
}

static inline long at_most(long a, long b) { return a < b ? a : b; }
static inline long at_least(long a, long b) { return a > b ? a : b; }

#define EXPORT __attribute__((visibility("default")))
