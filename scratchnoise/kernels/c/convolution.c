// Convolution without im2col: three readings of one micro-kernel, `outer_products`.
//
//     forward          y[pixel, f]  = b[f] + sum over taps    x[window of pixel + tap] w[tap, f]
//     input gradient   the forward pass of dy, spread out and padded, with the filters turned by half a turn
//     weight gradient  dw[tap, f]   =        sum over pixels  x[tap + window of pixel] dy[pixel, f]
//
// Forward reads rows at the windows and columns at the taps, the weight gradient rows at the taps and columns at the
// windows. The caller guarantees shapes that fit, and that every window lies inside the padded image.
//
// N images, H W size, K channels, R S kernel, F filters, Ho Wo output.
#include "convolve.h"
#include "partial_sums.h"
#include "threads.h"

typedef struct {
    const frames *g;
    const real *x, *panels, *bias;
    long F, group;
    const long *tap;
    const spot *spots, *last_spots;  // of a whole group, and of the images that are left over
    real *y, *frame;
} images_job;

// One group of images.
static void some_images(const void *job, long task, int worker)
{
    const images_job *a = job;
    const frames *g = a->g;
    long first = task * a->group, count = at_most(a->group, g->N - first);
    real *frame = a->frame + worker * a->group * frame_size(g);
    for (long n = 0; n < count; ++n) place(a->x + (first + n) * g->h * g->w * g->K, frame + n * frame_size(g), g);
    convolve(g, frame, a->tap, a->panels, a->bias, a->F, count == a->group ? a->spots : a->last_spots,
             spots_for(g, count), a->y + first * g->Ho * g->Wo * a->F);
}

static double operations(const frames *g, long F) { return (double)g->N * g->Ho * g->Wo * taps(g) * F; }

// y (N, Ho, Wo, F) = bias + the convolution of x, in panels the filters.
static void all_images(const frames *g, const real *x, const real *panels, const real *bias, long F, real *y,
                       scratch *s)
{
    long group = images_together(g), tasks = (g->N + group - 1) / group, rest = g->N % group;
    int crew = crew_for(tasks, operations(g, F));
    long *tap = take(s, taps(g) * sizeof(long));
    spot *spots = take(s, spots_for(g, group) * sizeof(spot));
    spot *last_spots = take(s, spots_for(g, rest) * sizeof(spot));
    real *frame = take(s, crew * group * frame_size(g) * sizeof(real));
    if (s->failed) return;
    list_taps(g, tap);
    plan_spots(g, group, F, spots);
    if (rest) plan_spots(g, rest, F, last_spots);
    images_job job = {g, x, panels, bias, F, group, tap, spots, last_spots, y, frame};
    share_out(some_images, &job, tasks, crew);
}

EXPORT int conv2d_forward(const real *x, const real *w, const real *b, real *y, long N, long H, long W, long K, long R,
                          long S, long F, long stride, long pad)
{
    frames g = padded(N, H, W, K, R, S, stride, pad);
    scratch s = {0};
    real *panels = take(&s, panels_for(F) * taps(&g) * columns_for(F) * LANES * sizeof(real));
    if (!s.failed) {
        pack_filters(w, &g, F, panels);
        all_images(&g, x, panels, b, F, y, &s);
    }
    return give_back(&s);
}

// dx (N, H, W, K); channels and filters exchange their roles.
EXPORT int conv2d_input_gradient(const real *dy, const real *w, real *dx, long N, long H, long W, long K, long R,
                                 long S, long F, long stride, long pad)
{
    frames g = spread_out(N, H, W, F, R, S, stride, pad);
    long width = columns_for(K) * LANES;
    scratch s = {0};
    real *panels = take(&s, panels_for(K) * taps(&g) * width * sizeof(real));
    real *bias = take(&s, K * sizeof(real));
    if (!s.failed) {
        for (long first = 0; first < K; first += width)
            for (long tap = 0; tap < R * S; ++tap)  // the filter's last tap comes first
                pack(w + ((R * S - 1 - tap) * K + first) * F, 1, F, F, K - first,
                     panels + (first * R * S + tap * width) * F, width);
        memset(bias, 0, K * sizeof(real));
        all_images(&g, dy, panels, bias, K, dx, &s);
    }
    return give_back(&s);
}

// --- weight gradient ------------------------------------------------------------------------------------------------

enum { PIXELS_TOGETHER = 256 };  // at least, where there are so many: a tile then stays in the registers for long

typedef struct {
    const frames *g;
    const real *x, *dy;
    long F, group;
    const long *tap, *window;
    partial_sums sums;
    real *frame, *rows;
} weights_job;

// Add one group of images to one panel: dw (taps, width) += windows of the images times rows (pixels, width) of dy.
INLINE void correlate(const weights_job *a, const real *frame, const real *rows, long pixels, real *dw,
                      const int columns)
{
    long n_taps = taps(a->g), width = columns * LANES;
    for (long first = 0; first < n_taps; first += ROWS) {
        const real *at[ROWS];
        real *to[ROWS];
        for (int q = 0; q < ROWS; ++q) {
            long tap = at_most(first + q, n_taps - 1);
            at[q] = frame + a->tap[tap], to[q] = dw + tap * width;
        }
        tile t = load_tile(to, width, columns);
        outer_products(&t, at, a->window, pixels, rows, columns);
        store_tile(&t, to, width, columns);
    }
}

static void some_weights(const void *job, long task, int worker)
{
    const weights_job *a = job;
    const frames *g = a->g;
    long size = frame_size(g), pixels = g->Ho * g->Wo, F = a->F, width = columns_for(F) * LANES;
    real *frame = a->frame + worker * a->group * size, *rows = a->rows + worker * a->group * pixels * width;
    real *dw = weights_of(&a->sums, task);
    long last = (task + 1) * g->N / PARTS;
    for (long n = task * g->N / PARTS; n < last; n += a->group) {
        long count = at_most(a->group, last - n);
        const real *dy = a->dy + n * pixels * F;
        for (long i = 0; i < count; ++i) place(a->x + (n + i) * g->h * g->w * g->K, frame + i * size, g);
        for (long first = 0; first < F; first += width) {
            pack(dy + first, F, 1, count * pixels, F - first, rows, width);
            if (columns_for(F) == 1) correlate(a, frame, rows, count * pixels, dw + first * taps(g), 1);
            else correlate(a, frame, rows, count * pixels, dw + first * taps(g), COLUMNS);
        }
        add_rows(dy, count * pixels, F, bias_of(&a->sums, task));
    }
}

EXPORT int conv2d_weight_gradient(const real *dy, const real *x, real *dw, real *db, long N, long H, long W, long K,
                                  long R, long S, long F, long stride, long pad)
{
    frames g = padded(N, H, W, K, R, S, stride, pad);
    long pixels = g.Ho * g.Wo, width = columns_for(F) * LANES;
    long group = at_least(1, at_most((N + PARTS - 1) / PARTS, PIXELS_TOGETHER / pixels));
    int crew = crew_for(PARTS, operations(&g, F));
    scratch s = {0};
    long *tap = take(&s, taps(&g) * sizeof(long)), *window = take(&s, group * pixels * sizeof(long));
    real *frame = take(&s, crew * group * frame_size(&g) * sizeof(real));
    real *rows = take(&s, crew * group * pixels * width * sizeof(real));
    partial_sums sums = take_sums(&s, taps(&g) * panels_for(F) * width, F);
    if (!s.failed) {
        list_taps(&g, tap);
        for (long p = 0; p < group * pixels; ++p)
            window[p] = p / pixels * frame_size(&g) + window_start(&g, p % pixels);
        weights_job job = {&g, x, dy, F, group, tap, window, sums, frame, rows};
        share_out(some_weights, &job, PARTS, crew);
        const real *total = add_parts(&sums, db);
        for (long t = 0; t < taps(&g); ++t)
            for (long f = 0; f < F; ++f) dw[t * F + f] = total[f / width * width * taps(&g) + t * width + f % width];
    }
    return give_back(&s);
}
