// The convolution of images that lie in frames: tiles of pixels times panels of filters.
//
// A plan lists the tiles once for all images: of each of its ROWS pixels where the window starts and where the result
// goes. Large images are done one by one, ROWS pixels side by side. Small images are done ROWS at a time, and a tile is
// the same pixel of each: their windows cross the border alike, so the zeros there are skipped exactly. The last
// tile repeats its last pixel.
#pragma once
#include "frames.h"
#include "tiles.h"

typedef struct {
    long from[ROWS], to[ROWS];
    reach seen;
} spot;

enum { SMALL = 64 };  // pixels: images with fewer are done together

static inline long images_together(const frames *g) { return g->Ho * g->Wo < SMALL && g->N >= ROWS ? ROWS : 1; }

static inline long spots_for(const frames *g, long images) { return (g->Ho * g->Wo * images + ROWS - 1) / ROWS; }

// The tiles of so many images together; F results for each pixel.
static void plan_spots(const frames *g, long images, long F, spot *spots)
{
    long pixels = g->Ho * g->Wo;
    for (long t = 0; t < spots_for(g, images); ++t) {
        spots[t].seen = reach_of(g, t * ROWS / images);
        for (int q = 0; q < ROWS; ++q) {
            long at = at_most(t * ROWS + q, pixels * images - 1), p = at / images, image = at % images;
            spots[t].from[q] = image * frame_size(g) + window_start(g, p);
            spots[t].to[q] = (image * pixels + p) * F;
            spots[t].seen = both(spots[t].seen, reach_of(g, p));
        }
    }
}

// y (pixels, F) = bias + the convolution of what lies in `frame` with the filters in `panels`, each taps x width.
INLINE void convolve_by(const frames *g, const real *frame, const long *tap, const real *panels, const real *bias,
                        long F, const spot *spots, long n_spots, real *y, const int columns)
{
    long width = columns * LANES, row = g->S * g->K;
    for (long first = 0; first < F; first += width, panels += taps(g) * width)
        for (const spot *s = spots; s < spots + n_spots; ++s) {
            const real *window[ROWS];
            real *to[ROWS];
            for (int q = 0; q < ROWS; ++q) window[q] = frame + s->from[q], to[q] = y + s->to[q] + first;
            tile t = same_rows(bias + first, F - first, columns);
            long west = s->seen.west * g->K, count = (s->seen.east - s->seen.west) * g->K;
            long step = count == row ? at_least(s->seen.bottom - s->seen.top, 1) : 1;  // whole rows are one list of taps
            for (long r = s->seen.top; r < s->seen.bottom; r += step) {
                long at = r * row + west;
                outer_products(&t, window, tap + at, step * count, panels + at * width, columns);
            }
            store_tile(&t, to, F - first, columns);
        }
}

static void convolve(const frames *g, const real *frame, const long *tap, const real *panels, const real *bias, long F,
                     const spot *spots, long n_spots, real *y)
{
    if (columns_for(F) == 1) convolve_by(g, frame, tap, panels, bias, F, spots, n_spots, y, 1);
    else convolve_by(g, frame, tap, panels, bias, F, spots, n_spots, y, COLUMNS);
}

// Filters w (R, S, K, F) in panels.
static void pack_filters(const real *w, const frames *g, long F, real *panels)
{
    long width = columns_for(F) * LANES;
    for (long first = 0; first < F; first += width, panels += taps(g) * width)
        pack(w + first, F, 1, taps(g), F - first, panels, width);
}
