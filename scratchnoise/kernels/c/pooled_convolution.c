// Convolution, ReLU and max pooling in one pass: the image that the convolution makes never leaves the cache.
//
// Backward, only what passed has a gradient (passed.h): at most one of size x size pixels for each filter. Both
// gradients are readings of one micro-kernel, `scaled_rows`:
//
//     weight gradient  dw[f]               += dy[entry] x[window of entry]      over the list of filter f
//     input gradient   dx[window of pixel] += dy[entry] w[filter of entry]      over the list of the pixel
//
// A window, and a filter likewise, is cut into segments as wide as a tile; a tile is ROWS of them:
//
//     row 0  | segment 0 | segment 1 | 2 |..      The last of a row is filled up: in filters with zeros, in frames by
//     row 1  | segment 3 | segment 4 | 5 |..      what lies there, and what comes of that is not used.
//
// The caller guarantees shapes that fit and every argmax inside the image that the convolution computed.
//
// N images, H W size, K channels, R S kernel, F filters, Ho Wo after the convolution, Hp Wp after the pooling.
#include "convolve.h"
#include "partial_sums.h"
#include "passed.h"
#include "pooling.h"
#include "threads.h"

// --- forward --------------------------------------------------------------------------------------------------------

typedef struct {
    const frames *g;
    const real *x, *panels, *bias;
    long F, size;
    const long *tap;
    const spot *spots;
    real *y, *frame, *image;
    int32_t *argmax;
} forward_job;

static void pool_one_image(const void *job, long n, int worker)
{
    const forward_job *a = job;
    const frames *g = a->g;
    long Hp = g->Ho / a->size, Wp = g->Wo / a->size, pooled = Hp * Wp * a->F;
    real *frame = a->frame + worker * frame_size(g), *image = a->image + worker * g->Ho * g->Wo * a->F;
    real *y = a->y + n * pooled;
    place(a->x + n * g->h * g->w * g->K, frame, g);
    convolve(g, frame, a->tap, a->panels, a->bias, a->F, a->spots, spots_for(g, 1), image);
    pool_image(image, g->Wo, Hp, Wp, a->F, a->size, y, a->argmax + n * pooled);
    for (long i = 0; i < pooled; ++i) y[i] = y[i] <= 0 ? 0 : y[i];  // a ReLU commutes with a maximum
}

EXPORT int conv2d_relu_maxpool2d_forward(const real *x, const real *w, const real *b, real *y, int32_t *argmax, long N,
                                         long H, long W, long K, long R, long S, long F, long stride, long pad,
                                         long size)
{
    frames g = padded(N, H, W, K, R, S, stride, pad);
    int crew = crew_for(N, (double)N * g.Ho * g.Wo * taps(&g) * F);
    scratch s = {0};
    real *panels = take(&s, panels_for(F) * taps(&g) * columns_for(F) * LANES * sizeof(real));
    real *frame = take(&s, crew * frame_size(&g) * sizeof(real));
    real *image = take(&s, crew * g.Ho * g.Wo * F * sizeof(real));
    long *tap = take(&s, taps(&g) * sizeof(long));
    spot *spots = take(&s, spots_for(&g, 1) * sizeof(spot));
    if (!s.failed) {
        pack_filters(w, &g, F, panels);
        list_taps(&g, tap);
        plan_spots(&g, 1, F, spots);
        forward_job job = {&g, x, panels, b, F, size, tap, spots, y, frame, image, argmax};
        share_out(pool_one_image, &job, N, crew);
    }
    return give_back(&s);
}

// --- both gradients -------------------------------------------------------------------------------------------------

typedef struct {
    const frames *g;
    const real *dy, *y, *other;  // other: the images x for the weight gradient, padded filters for the input gradient
    const int32_t *argmax;
    long F, places;     // filters, and places of a pooled image
    const long *start;  // of each pixel's window in a frame, or of each padded filter
    lists passed;
    real *frame;
    partial_sums sums;
    real *dx;
} gradient_job;

static inline long segments_in_row(const frames *g) { return (g->S * g->K + WIDTH - 1) / WIDTH; }
static inline long segments(const frames *g) { return g->R * segments_in_row(g); }

// Where a segment starts in a window.
static inline long segment_start(const frames *g, long segment)
{
    return segment / segments_in_row(g) * g->W * g->K + segment % segments_in_row(g) * WIDTH;
}

static inline lists sorted(const gradient_job *a, long n, long n_lists, int worker, const int by_filter)
{
    long entries = a->places * a->F;
    lists passed = lists_of(&a->passed, worker, n_lists, entries);
    sort_passed(&passed, n_lists, a->dy + n * entries, a->y + n * entries, a->argmax + n * entries, a->places, a->F,
                a->start, by_filter);
    return passed;
}

// dw (segments, WIDTH) of one filter += the windows in its list, each times its value.
static void add_windows(const frames *g, const real *frame, const long *where, const real *value, long count, real *dw)
{
    for (long first = 0; first < segments(g); first += ROWS) {
        const real *window[ROWS];
        real *to[ROWS];
        for (int q = 0; q < ROWS; ++q) {
            long segment = at_most(first + q, segments(g) - 1);
            window[q] = frame + segment_start(g, segment), to[q] = dw + segment * WIDTH;
        }
        tile t = load_tile(to, WIDTH, COLUMNS);
        scaled_rows(&t, window, where, count, value);
        store_tile(&t, to, WIDTH, COLUMNS);
    }
}

static void some_weights(const void *job, long task, int worker)
{
    const gradient_job *a = job;
    const frames *g = a->g;
    real *frame = a->frame + worker * (frame_size(g) + WIDTH), *dw = weights_of(&a->sums, task);
    double *db = bias_of(&a->sums, task);
    for (long n = task * g->N / PARTS; n < (task + 1) * g->N / PARTS; ++n) {
        place(a->other + n * g->h * g->w * g->K, frame, g);
        lists passed = sorted(a, n, a->F, worker, 1);
        for (long f = 0; f < a->F; ++f) {
            long begin = passed.end[f - 1], count = passed.end[f] - begin;
            add_windows(g, frame, passed.where + begin, passed.value + begin, count, dw + f * segments(g) * WIDTH);
            for (long e = begin; e < passed.end[f]; ++e) db[f] += passed.value[e];
        }
    }
}

EXPORT int conv2d_relu_maxpool2d_weight_gradient(const real *dy, const real *y, const int32_t *argmax, const real *x,
                                                 real *dw, real *db, long N, long H, long W, long K, long R, long S,
                                                 long F, long stride, long pad, long size)
{
    frames g = padded(N, H, W, K, R, S, stride, pad);
    long pixels = g.Ho * g.Wo, places = (g.Ho / size) * (g.Wo / size), row = S * K;
    int crew = crew_for(PARTS, (double)N * places * F * taps(&g));
    scratch s = {0};
    long *start = take(&s, pixels * sizeof(long));
    real *frame = take(&s, crew * (frame_size(&g) + WIDTH) * sizeof(real));
    lists passed = take_lists(&s, crew, F, places * F);
    partial_sums sums = take_sums(&s, F * segments(&g) * WIDTH, F);
    if (!s.failed) {
        for (long p = 0; p < pixels; ++p) start[p] = window_start(&g, p);
        memset(frame, 0, crew * (frame_size(&g) + WIDTH) * sizeof(real));  // the last segment reads past its frame
        gradient_job job = {&g, dy, y, x, argmax, F, places, start, passed, frame, sums, NULL};
        share_out(some_weights, &job, PARTS, crew);
        const real *total = add_parts(&sums, db);
        for (long t = 0; t < taps(&g); ++t) {
            long at = t / row * segments_in_row(&g) * WIDTH + t % row;
            for (long f = 0; f < F; ++f) dw[t * F + f] = total[f * segments(&g) * WIDTH + at];
        }
    }
    return give_back(&s);
}

// The window of a pixel in the frame of dx += the filters in its list, each times its value.
static void add_filters(const frames *g, const real *filters, const long *where, const real *value, long count,
                        real *window)
{
    for (long first = 0; first < segments(g); first += ROWS) {
        const real *filter[ROWS];
        for (int q = 0; q < ROWS; ++q) filter[q] = filters + at_most(first + q, segments(g) - 1) * WIDTH;
        tile t = zeros();
        scaled_rows(&t, filter, where, count, value);
        for (int q = 0; q < ROWS; ++q) {
            if (first + q >= segments(g)) continue;
            real *to = window + segment_start(g, first + q);
            long left = g->S * g->K - (first + q) % segments_in_row(g) * WIDTH;
            for (int c = 0; c < COLUMNS; ++c, to += LANES, left -= LANES)
                store_some(to, load_some(to, left) + t.at[q][c], left);
        }
    }
}

static void one_input(const void *job, long n, int worker)
{
    const gradient_job *a = job;
    const frames *g = a->g;
    real *frame = a->frame + worker * frame_size(g), *dx = a->dx + n * g->h * g->w * g->K;
    lists passed = sorted(a, n, g->Ho * g->Wo, worker, 0);
    memset(frame, 0, frame_size(g) * sizeof(real));
    for (long p = 0; p < g->Ho * g->Wo; ++p) {
        long begin = passed.end[p - 1], count = passed.end[p] - begin;
        if (count > 0)
            add_filters(g, a->other, passed.where + begin, passed.value + begin, count, frame + window_start(g, p));
    }
    for (long h = 0; h < g->h; ++h)
        memcpy(dx + h * g->w * g->K, frame + ((h + g->top) * g->W + g->left) * g->K, g->w * g->K * sizeof(real));
}

EXPORT int conv2d_relu_maxpool2d_input_gradient(const real *dy, const real *y, const int32_t *argmax, const real *w,
                                                real *dx, long N, long H, long W, long K, long R, long S, long F,
                                                long stride, long pad, long size)
{
    frames g = padded(N, H, W, K, R, S, stride, pad);
    long places = (g.Ho / size) * (g.Wo / size), row = S * K, filter = segments(&g) * WIDTH;
    int crew = crew_for(N, (double)N * places * F * taps(&g));
    scratch s = {0};
    long *start = take(&s, F * sizeof(long));
    real *filters = take(&s, F * filter * sizeof(real));
    real *frame = take(&s, crew * frame_size(&g) * sizeof(real));
    lists passed = take_lists(&s, crew, g.Ho * g.Wo, places * F);
    if (!s.failed) {
        memset(filters, 0, F * filter * sizeof(real));
        for (long f = 0; f < F; ++f) {
            start[f] = f * filter;
            for (long t = 0; t < taps(&g); ++t)
                filters[f * filter + t / row * segments_in_row(&g) * WIDTH + t % row] = w[t * F + f];
        }
        gradient_job job = {&g, dy, y, filters, argmax, F, places, start, passed, frame, {0}, dx};
        share_out(one_input, &job, N, crew);
    }
    return give_back(&s);
}
