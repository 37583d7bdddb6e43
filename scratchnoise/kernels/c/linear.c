// Linear layers: the matrix product with vectors, y = bias + a b, on the micro-kernel of the convolution.
//
// Forward, input gradient and weight gradient are the same product of differently read matrices:
//
//     y (N, F)  = x w + b        dx (N, D) = dy w^T        dw (D, F) = x^T dy, db = sum of the rows of dy
//
// - Panels of b are packed, DEPTH rows at a time: such a panel stays in the fastest cache while the rows of a go by.
// - Some panels are done together, so that DEPTH columns of a stay in the second cache until the last one has used them.
// - Between two depths the sums lie in y. They are added in the order of the terms, as if nothing had been cut.
//
// N samples, D features, F outputs; I, J rows and columns of y, K terms.
#include "memory.h"
#include "partial_sums.h"
#include "threads.h"
#include "tiles.h"

enum { DEPTH = 256, PANELS_TOGETHER = 4 };

typedef struct { const real *numbers; long row_step, column_step; } matrix;  // entry (i, k): i row_step + k column_step

typedef struct {
    matrix a, b;
    long I, K, J;
    const real *bias;  // NULL for zeros
    real *y, *panel;
    const long *column;  // of a
} product_job;

// y (I, J) at one panel, terms k, ..., k + depth - 1.
INLINE void multiply(const product_job *p, long k, long depth, long first, const real *panel, const int columns)
{
    static const real nothing[WIDTH];
    long left = p->J - first;
    for (long i = 0; i < p->I; i += ROWS) {
        const real *row[ROWS];
        real *to[ROWS];
        for (int q = 0; q < ROWS; ++q) {
            long here = at_most(i + q, p->I - 1);
            row[q] = p->a.numbers + here * p->a.row_step, to[q] = p->y + here * p->J + first;
        }
        tile t = k ? load_tile(to, left, columns) : same_rows(p->bias ? p->bias + first : nothing, left, columns);
        outer_products(&t, row, p->column + k, depth, panel, columns);
        store_tile(&t, to, left, columns);
    }
}

static void some_panels(const void *job, long task, int worker)
{
    const product_job *p = job;
    long columns = columns_for(p->J), width = columns * LANES, last = (task + 1) * PANELS_TOGETHER * width;
    real *panel = p->panel + worker * DEPTH * WIDTH;
    for (long k = 0; k == 0 || k < p->K; k += DEPTH)  // once even where there are no terms
        for (long first = task * PANELS_TOGETHER * width; first < at_most(last, p->J); first += width) {
            long depth = at_most(DEPTH, p->K - k);
            const real *b = p->b.numbers + k * p->b.row_step + first * p->b.column_step;
            pack(b, p->b.row_step, p->b.column_step, depth, p->J - first, panel, width);
            if (columns == 1) multiply(p, k, depth, first, panel, 1);
            else multiply(p, k, depth, first, panel, COLUMNS);
        }
}

static int product(matrix a, matrix b, const real *bias, real *y, long I, long K, long J)
{
    long tasks = (panels_for(J) + PANELS_TOGETHER - 1) / PANELS_TOGETHER;
    int crew = crew_for(tasks, (double)I * K * J);
    scratch s = {0};
    real *panel = take(&s, crew * DEPTH * WIDTH * sizeof(real));
    long *column = take(&s, K * sizeof(long));
    if (!s.failed) {
        for (long k = 0; k < K; ++k) column[k] = k * a.column_step;
        product_job job = {a, b, I, K, J, bias, y, panel, column};
        share_out(some_panels, &job, tasks, crew);
    }
    return give_back(&s);
}

EXPORT int linear_forward(const real *x, const real *w, const real *b, real *y, long N, long D, long F)
{
    return product((matrix){x, D, 1}, (matrix){w, F, 1}, b, y, N, D, F);
}

EXPORT int linear_input_gradient(const real *dy, const real *w, real *dx, long N, long D, long F)
{
    return product((matrix){dy, F, 1}, (matrix){w, 1, F}, NULL, dx, N, F, D);
}

EXPORT int linear_weight_gradient(const real *dy, const real *x, real *dw, real *db, long N, long D, long F)
{
    scratch s = {0};
    double *total = take(&s, F * sizeof(double));
    if (!s.failed) {
        memset(total, 0, F * sizeof(double));
        add_rows(dy, N, F, total);
        for (long f = 0; f < F; ++f) db[f] = total[f];
        s.failed = product((matrix){x, 1, D}, (matrix){dy, F, 1}, NULL, dw, D, N, F);
    }
    return give_back(&s);
}
