// Softmax regression, plain or robust, a pass of steps or one gradient: `loops/softmax_regression.py`, faster.
//
// - The weights are transposed, so the inner loops run along memory; their rows are filled up with zeros.
// - A batch is cut into SHARES, which are done side by side. There are always two, so sums do not depend on the threads.
//   All samples at once are cut into MOST_SHARES.
// - GROUP samples go from logits to gradient while their features are in the fastest cache, and meanwhile the features
//   of the next group are fetched. CLASSES at a time, 12 sums fit in the registers:
//
//       logits      sums[sample][class] += x[sample] w[class]          along the features, added up at the end
//       gradient    dw[class] += sum over the group  dz[sample][class] x[sample]
//
// - The exponentials of a group are taken together, by vectors.
//
// The caller guarantees labels y in 0, ..., C - 1 and indices `order` of samples.
//
// N samples, C classes, D features, M entries of `order`.
#include "losses.h"
#include <stdint.h>
#include "exponential.h"
#include "memory.h"
#include "threads.h"

enum { SHARES = 2, MOST_SHARES = 8, GROUP = 4, CLASSES = 3 };
static const double FAR_FROM_UNDERFLOW = 1e-30;  // above it, the terms of a sum that underflow are too small to matter

typedef struct {
    real *z, *dz, *dw;  // GROUP x C, GROUP x C, C x width
    double *wide, *joint, *db, loss;
} share;

typedef struct {
    const real *x, *T, *weight;
    const int64_t *y, *order;
    long D, C, width;
    real *w, *b;  // w C x width
    long first, size;  // of the batch
    share *shares;
    int n_shares;
} epoch;

// The two inner loops, at features d, ..., d + count - 1.
INLINE void add_products(vector sums[GROUP][CLASSES], const real *const x[GROUP], const real *const w[CLASSES], long d,
                         long count)
{
    vector weights[CLASSES];
    for (int c = 0; c < CLASSES; ++c) weights[c] = load(w[c] + d);
    for (int m = 0; m < GROUP; ++m) {
        vector features = load_some(x[m] + d, count);
        for (int c = 0; c < CLASSES; ++c) sums[m][c] += features * weights[c];
    }
}

INLINE void add_slopes(real *const dw[CLASSES], const real *const x[GROUP], const real dz[GROUP][CLASSES], long d,
                       long count)
{
    vector sums[CLASSES];
    for (int c = 0; c < CLASSES; ++c) sums[c] = load(dw[c] + d);
    for (int m = 0; m < GROUP; ++m) {
        vector features = load_some(x[m] + d, count);
        for (int c = 0; c < CLASSES; ++c) sums[c] += dz[m][c] * features;
    }
    for (int c = 0; c < CLASSES; ++c) store(dw[c] + d, sums[c]);  // a class that stands in twice is added once
}

// z[m, c] = b[c] + sum_d x[m, d] w[c, d].
static void logits_of(const epoch *a, const real *const x[GROUP], real *z)
{
    long D = a->D, whole = D - D % LANES;
    for (long first = 0; first < a->C; first += CLASSES) {
        const real *w[CLASSES];
        for (int c = 0; c < CLASSES; ++c) w[c] = a->w + at_most(first + c, a->C - 1) * a->width;
        vector sums[GROUP][CLASSES] = {0};
        for (long d = 0; d < whole; d += LANES) add_products(sums, x, w, d, LANES);
        if (whole < D) add_products(sums, x, w, whole, D - whole);
        for (int m = 0; m < GROUP; ++m)
            for (int c = 0; c < CLASSES; ++c)
                if (first + c < a->C) z[m * a->C + first + c] = a->b[first + c] + total(sums[m][c]);
    }
}

// dw[c, d] += sum_m dz[m, c] x[m, d]; `next` are the rows to be fetched meanwhile.
static void add_gradient(const epoch *a, const real *const x[GROUP], const real *const next[GROUP], const real *dz,
                         real *all_dw)
{
    long D = a->D, whole = D - D % LANES;
    for (long first = 0; first < a->C; first += CLASSES) {
        real *dw[CLASSES], slopes[GROUP][CLASSES];
        for (int c = 0; c < CLASSES; ++c) {
            long class = at_most(first + c, a->C - 1);
            dw[c] = all_dw + class * a->width;
            for (int m = 0; m < GROUP; ++m) slopes[m][c] = dz[m * a->C + class];
        }
        for (long d = 0; d < whole; d += LANES) {
            if (first == 0)
                for (int m = 0; m < GROUP; ++m) __builtin_prefetch(next[m] + d);
            add_slopes(dw, x, slopes, d, LANES);
        }
        if (whole < D) add_slopes(dw, x, slopes, whole, D - whole);
    }
}

// -log (T p)_y of one sample, whose exp(z - top) lie in dz: they are replaced by p - r. T: row y.
static double loss_and_gradient(const real *z, const real *T, long C, real *dz, share *s)
{
    double total = 0, joint = 0;
    for (long c = 0; c < C; ++c) total += dz[c], joint += (double)T[c] * dz[c];
    if (joint > FAR_FROM_UNDERFLOW) {
        for (long c = 0; c < C; ++c) dz[c] *= 1 / total - T[c] / joint;
        return log(total / joint);
    }
    widen(z, C, s->wide);  // all classes that T allows are nearly impossible: logarithms do not underflow
    double top = largest_logit(s->wide, C), top_allowed = joint_logits(s->wide, T, C, s->joint);
    total = total_of_exponentials(s->wide, C, top);
    forward_gradient(s->wide, top, total, s->joint, C, dz);
    return forward_loss(top, total, top_allowed, s->joint, C);
}

// From the logits of `count` samples n to their losses and the gradient dz of the batch.
static void losses_and_gradients(const epoch *a, const int64_t *n, long count, share *s)
{
    long C = a->C;
    for (long m = 0; m < count; ++m) {
        real top = s->z[m * C];
        for (long c = 1; c < C; ++c) top = s->z[m * C + c] > top ? s->z[m * C + c] : top;
        for (long c = 0; c < C; ++c) s->dz[m * C + c] = s->z[m * C + c] - top;
    }
    for (long i = 0; i < count * C; i += LANES) store(s->dz + i, exponential(load(s->dz + i)));
    for (long m = 0; m < count; ++m) {
        real *dz = s->dz + m * C, scale = a->weight[n[m]] / a->size;
        s->loss += a->weight[n[m]] * loss_and_gradient(s->z + m * C, a->T + a->y[n[m]] * C, C, dz, s);
        for (long c = 0; c < C; ++c) dz[c] *= scale, s->db[c] += dz[c];
    }
    memset(s->dz + count * C, 0, (GROUP - count) * C * sizeof(real));
}

static void one_share(const void *job, long task, int worker)
{
    (void)worker;
    const epoch *a = job;
    share *s = &a->shares[task];
    long length = (a->size + a->n_shares - 1) / a->n_shares, last = at_most((task + 1) * length, a->size);
    const int64_t *batch = a->order + a->first;
    memset(s->dw, 0, a->C * a->width * sizeof(real));
    memset(s->db, 0, a->C * sizeof(double));
    for (long m = task * length; m < last; m += GROUP) {
        const real *x[GROUP], *next[GROUP];
        for (int q = 0; q < GROUP; ++q) {
            x[q] = a->x + batch[at_most(m + q, last - 1)] * a->D;
            next[q] = a->x + batch[at_most(m + q + GROUP, last - 1)] * a->D;
        }
        logits_of(a, x, s->z);
        losses_and_gradients(a, batch + m, at_most(GROUP, last - m), s);
        add_gradient(a, x, next, s->dz, s->dw);
    }
}

static void update(epoch *a, double learning_rate, double l2)
{
    real rate = learning_rate, decay = l2;
    for (long i = 0; i < a->C * a->width; ++i) {
        real slope = decay * a->w[i];
        for (int part = 0; part < a->n_shares; ++part) slope += a->shares[part].dw[i];
        a->w[i] -= rate * slope;
    }
    for (long c = 0; c < a->C; ++c)
        for (int part = 0; part < a->n_shares; ++part) a->b[c] -= learning_rate * a->shares[part].db[c];
}

static share take_share(scratch *s, long C, long width)
{
    return (share){take(s, (GROUP * C + LANES) * sizeof(real)), take(s, (GROUP * C + LANES) * sizeof(real)),
                   take(s, C * width * sizeof(real)), take(s, C * sizeof(double)), take(s, C * sizeof(double)),
                   take(s, C * sizeof(double)), 0};
}

// w (D, C) as rows of a class.
static void transpose(const real *w, long D, long C, long width, real *rows)
{
    memset(rows, 0, C * width * sizeof(real));
    for (long d = 0; d < D; ++d)
        for (long c = 0; c < C; ++c) rows[c * width + d] = w[d * C + c];
}

// new_w (D, C), new_b (C,) and the mean of the losses, each sample's as it was met.
EXPORT int linear_sgd_epoch(const real *w, const real *b, const real *x, const int64_t *y, const real *T,
                            const real *weight, const int64_t *order, real *new_w, real *new_b, double *loss, long D,
                            long C, long M, long batch_size, double learning_rate, double l2)
{
    long width = (D + LANES - 1) / LANES * LANES;
    scratch s = {0};
    share shares[SHARES];
    for (int part = 0; part < SHARES; ++part) shares[part] = take_share(&s, C, width);
    epoch a = {x, T, weight, y, order, D, C, width, take(&s, C * width * sizeof(real)), new_b, 0, 0, shares,
               SHARES};
    if (s.failed) return give_back(&s);
    transpose(w, D, C, width, a.w);
    memcpy(new_b, b, C * sizeof(real));
    for (a.first = 0; a.first < M; a.first += a.size) {
        a.size = at_most(batch_size, M - a.first);
        share_out(one_share, &a, SHARES, crew_for(SHARES, 2. * a.size * C * D));
        update(&a, learning_rate, l2);
    }
    *loss = 0;
    for (int part = 0; part < SHARES; ++part) *loss += shares[part].loss / at_least(M, 1);
    for (long d = 0; d < D; ++d)
        for (long c = 0; c < C; ++c) new_w[d * C + c] = a.w[c * width + d];
    return give_back(&s);
}

// The mean loss of all samples, and its gradient dw (D, C), db (C,).
EXPORT int linear_loss_grad(const real *w, const real *b, const real *x, const int64_t *y, const real *T,
                            const real *weight, double *loss, real *dw, real *db, long D, long C, long N)
{
    long width = (D + LANES - 1) / LANES * LANES;
    scratch s = {0};
    share shares[MOST_SHARES];
    for (int part = 0; part < MOST_SHARES; ++part) shares[part] = take_share(&s, C, width);
    int64_t *all = take(&s, N * sizeof(int64_t));
    real *rows = take(&s, C * width * sizeof(real)), *offsets = take(&s, C * sizeof(real));
    epoch a = {x, T, weight, y, all, D, C, width, rows, offsets, 0, N, shares, MOST_SHARES};
    if (s.failed) return give_back(&s);
    transpose(w, D, C, width, rows);
    memcpy(offsets, b, C * sizeof(real));
    for (long n = 0; n < N; ++n) all[n] = n;
    share_out(one_share, &a, MOST_SHARES, crew_for(MOST_SHARES, 2. * N * C * D));
    memset(dw, 0, D * C * sizeof(real));
    *loss = 0;
    for (int part = 0; part < MOST_SHARES; ++part) {
        *loss += shares[part].loss / at_least(N, 1);
        for (long d = 0; d < D; ++d)
            for (long c = 0; c < C; ++c) dw[d * C + c] += shares[part].dw[c * width + d];
    }
    for (long c = 0; c < C; ++c) {
        double total = 0;
        for (int part = 0; part < MOST_SHARES; ++part) total += shares[part].db[c];
        db[c] = total;
    }
    return give_back(&s);
}
