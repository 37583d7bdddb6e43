// The two micro-kernels, in which nearly all of the time is spent, and how a tile gets in and out of memory.
//
//     outer_products    tile[q][c] += row[q][column[k]] * panel[k][c]              over all k
//     scaled_rows       tile[q][c] += factor[k]         * row[q][column[k] + c]    over all k       (c counts vectors)
//
//                      panel[k]  | vector | vector |        A matrix is read through two lists, where its rows start
//     row[0][column[k]]  ------> |  tile  |  tile  |        and where in a row its columns are. The windows of a
//     row[1][column[k]]  ------> |  tile  |  tile  |        convolution are such a matrix without being copied, and
//         ...                    |  ...   |  ...   |        its transpose is the same two lists exchanged.
//
// `columns` is COLUMNS, or 1 where the second vector would be empty; always a constant, so that loops are unrolled.
// The caller guarantees that every row[q] + column[k] lies inside its array, a whole row of a tile in scaled_rows.
#pragma once
#include "vector.h"

typedef struct { vector at[ROWS][COLUMNS]; } tile;

INLINE void outer_products(tile *t, const real *const row[ROWS], const long *column, long terms, const real *panel,
                           const int columns)
{
    for (long k = 0; k < terms; ++k) {
        vector right[COLUMNS];
        for (int c = 0; c < columns; ++c) right[c] = load(panel + (k * columns + c) * LANES);
        for (int q = 0; q < ROWS; ++q)
            for (int c = 0; c < columns; ++c) t->at[q][c] += row[q][column[k]] * right[c];
    }
}

INLINE void scaled_rows(tile *t, const real *const row[ROWS], const long *column, long terms, const real *factor)
{
    for (long k = 0; k < terms; ++k)
        for (int q = 0; q < ROWS; ++q)
            for (int c = 0; c < COLUMNS; ++c) t->at[q][c] += factor[k] * load(row[q] + column[k] + c * LANES);
}

// A tile whose rows are all the same: the first `count` numbers of `row`, and zeros.
INLINE tile same_rows(const real *row, long count, const int columns)
{
    tile t;
    for (int q = 0; q < ROWS; ++q)
        for (int c = 0; c < columns; ++c) t.at[q][c] = load_some(row + c * LANES, count - c * LANES);
    return t;
}

INLINE tile zeros(void)
{
    tile t;
    for (int q = 0; q < ROWS; ++q)
        for (int c = 0; c < COLUMNS; ++c) t.at[q][c] = (vector){0};
    return t;
}

// Row q of a tile is the first `count` numbers at to[q]. Rows may be named twice: they then hold the same numbers.
INLINE tile load_tile(real *const to[ROWS], long count, const int columns)
{
    tile t;
    for (int q = 0; q < ROWS; ++q)
        for (int c = 0; c < columns; ++c) t.at[q][c] = load_some(to[q] + c * LANES, count - c * LANES);
    return t;
}

INLINE void store_tile(const tile *t, real *const to[ROWS], long count, const int columns)
{
    for (int q = 0; q < ROWS; ++q)
        for (int c = 0; c < columns; ++c) store_some(to[q] + c * LANES, t->at[q][c], count - c * LANES);
}

// --- panels ---------------------------------------------------------------------------------------------------------

// A matrix b (rows, J) is multiplied in panels: `columns` vectors of each row lie together, zeros where b has ended.
//
//     b   | panel 0 | panel 1 | pa|00        panels = all rows of panel 0, then all rows of panel 1, ...

INLINE int columns_for(long J) { return J > LANES ? COLUMNS : 1; }

INLINE long panels_for(long J)
{
    long width = columns_for(J) * LANES;
    return (J + width - 1) / width;
}

// Rows 0, ..., rows - 1 of one panel; entry (k, j) of b is b[k row_step + j column_step], J of them to a row.
static inline void pack(const real *b, long row_step, long column_step, long rows, long J, real *panel, long width)
{
    for (long k = 0; k < rows; ++k)
        for (long j = 0; j < width; ++j) panel[k * width + j] = j < J ? b[k * row_step + j * column_step] : 0;
}
