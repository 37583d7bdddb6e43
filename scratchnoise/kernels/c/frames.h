// Where things lie when images are convolved.
//
//     frame (H, W, K), zeros around the image         window of one output pixel: R rows of S K numbers,
//     0 0 0 0 0 0                                     from its start, W K apart from each other
//     0 x x x x 0       each image is first copied
//     0 x x x x 0       into a frame, so that every     [start    ] r = 0     reach: the rows top, ..., bottom - 1
//     0 x x x x 0       window lies inside it           [start+W K] r = 1     and columns west, ..., east - 1 of a
//     0 0 0 0 0 0                                       [         ] r = 2     window that can see something but zeros
//
// N images, h w their size, K channels, R S kernel, Ho Wo output. Pixel (i, j) of an image lies in its frame at
// (i dilation + top, j dilation + left); what would lie outside of the frame is dropped.
#pragma once
#include "memory.h"
#include "vector.h"

typedef struct {
    long N, h, w, K, R, S, Ho, Wo, stride, dilation, top, left, H, W;
} frames;

// The frames of a convolution's input.
static inline frames padded(long N, long h, long w, long K, long R, long S, long stride, long pad)
{
    long H = h + 2 * pad, W = w + 2 * pad;
    return (frames){N, h, w, K, R, S, (H - R) / stride + 1, (W - S) / stride + 1, stride, 1, pad, pad, H, W};
}

// The frames of dy (N, Ho, Wo, F), in which the gradient of the input (N, h, w, ...) is a convolution of stride 1.
static inline frames spread_out(long N, long h, long w, long F, long R, long S, long stride, long pad)
{
    frames of = padded(N, h, w, F, R, S, stride, pad);
    return (frames){N, of.Ho, of.Wo, F, R, S, h, w, 1, stride, R - 1 - pad, S - 1 - pad, h + R - 1, w + S - 1};
}

static inline long frame_size(const frames *g) { return g->H * g->W * g->K; }
static inline long taps(const frames *g) { return g->R * g->S * g->K; }

// Copy an image into its frame, which holds nothing yet.
static void place(const real *image, real *frame, const frames *g)
{
    memset(frame, 0, frame_size(g) * sizeof(real));
    for (long i = 0; i < g->h; ++i) {
        long row = i * g->dilation + g->top;
        if (row < 0 || row >= g->H) continue;
        if (g->dilation == 1 && g->left >= 0 && g->left + g->w <= g->W) {
            memcpy(frame + (row * g->W + g->left) * g->K, image + i * g->w * g->K, g->w * g->K * sizeof(real));
            continue;
        }
        for (long j = 0; j < g->w; ++j) {
            long column = j * g->dilation + g->left;
            if (column < 0 || column >= g->W) continue;
            memcpy(frame + (row * g->W + column) * g->K, image + (i * g->w + j) * g->K, g->K * sizeof(real));
        }
    }
}

// Where the window of output pixel p = i Wo + j starts in a frame.
static inline long window_start(const frames *g, long p)
{
    return (p / g->Wo * g->W + p % g->Wo) * g->stride * g->K;
}

// Where the R S K numbers of a window lie, counted from its start.
static void list_taps(const frames *g, long *tap)
{
    for (long r = 0; r < g->R; ++r)
        for (long d = 0; d < g->S * g->K; ++d) tap[r * g->S * g->K + d] = r * g->W * g->K + d;
}

// The part of the window of output pixel p that lies over the image.
typedef struct { long top, bottom, west, east; } reach;

static inline reach reach_of(const frames *g, long p)
{
    long row = g->top - p / g->Wo * g->stride, column = g->left - p % g->Wo * g->stride;
    return (reach){
        at_most(at_least(row, 0), g->R),
        at_least(at_most(row + (g->h - 1) * g->dilation + 1, g->R), 0),
        at_most(at_least(column, 0), g->S),
        at_least(at_most(column + (g->w - 1) * g->dilation + 1, g->S), 0),
    };
}

static inline reach both(reach a, reach b)
{
    return (reach){at_most(a.top, b.top), at_least(a.bottom, b.bottom), at_most(a.west, b.west),
                   at_least(a.east, b.east)};
}
