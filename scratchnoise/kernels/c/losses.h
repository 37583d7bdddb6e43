// Softmax and the forward loss of one sample, as `loops/losses.py` computes them. Logits are double here.
//
// The largest logit `top` and the sum `total` = sum_j exp(z_j - top) stay two numbers. Their combination
// log sum_j exp(z_j) = top + log total would lose log total to rounding as soon as top is large. C classes, at least 1.
#pragma once
#include <math.h>

// One sample's logits as double.
static inline void widen(const real *z, long C, double *wide)
{
    for (long c = 0; c < C; ++c) wide[c] = z[c];
}

// top = max_j z_j.
static inline double largest_logit(const double *z, long C)
{
    double top = z[0];
    for (long j = 1; j < C; ++j) top = z[j] > top ? z[j] : top;
    return top;
}

// sum_j exp(z_j - top): from 1 to C, so it neither overflows nor vanishes.
static inline double total_of_exponentials(const double *z, long C, double top)
{
    double total = 0;
    for (long j = 0; j < C; ++j) total += exp(z[j] - top);
    return total;
}

// Fill joint_j = (z_j - top_allowed) + log T[y, j]; return top_allowed, the largest z_j that T allows.
// The difference comes first: beside a large z_j, log T[y, j] would be rounded away. T: row y.
static inline double joint_logits(const double *z, const real *T, long C, double *joint)
{
    double top_allowed = -INFINITY;
    for (long j = 0; j < C; ++j)
        if (T[j] > 0 && z[j] > top_allowed) top_allowed = z[j];
    for (long j = 0; j < C; ++j) joint[j] = T[j] > 0 ? (z[j] - top_allowed) + log(T[j]) : -INFINITY;
    return top_allowed;
}

// (top + log total) - (top_allowed + log sum_j exp(joint_j)), large numbers subtracted from each other first.
static inline double forward_loss(double top, double total, double top_allowed, const double *joint, long C)
{
    if (top_allowed == -INFINITY) return total * INFINITY;  // T allows no class that has a probability: -log 0
    double joint_top = largest_logit(joint, C);
    return (top - top_allowed) - joint_top + log(total) - log(total_of_exponentials(joint, C, joint_top));
}

// dz = p - r with p = softmax(z) and r = softmax(joint).
static inline void forward_gradient(const double *z, double top, double total, const double *joint, long C, real *dz)
{
    double joint_top = largest_logit(joint, C);
    double joint_total = total_of_exponentials(joint, C, joint_top);
    for (long j = 0; j < C; ++j) dz[j] = exp(z[j] - top) / total - exp(joint[j] - joint_top) / joint_total;
}
