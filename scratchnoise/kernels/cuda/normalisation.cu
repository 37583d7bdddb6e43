// Batch normalisation, rung 1: see losses.cu, which comes before this in the same source.
//
// Sums are double: a float would lose the small terms of a batch of many pixels.

// mean[k] = 1/N sum_n x[n, k], variance[k] = 1/N sum_n (x[n, k] - mean[k])^2
extern "C" __global__ void batchnorm_moments(const real *x /* N K */, real *mean /* K */, real *variance /* K */, int N,
                                             int K)
{
    EACH(k, K) {
        double total = 0, squares = 0;
        for (int n = 0; n < N; ++n) total += x[n * K + k];
        const double middle = N ? total / N : 0;
        for (int n = 0; n < N; ++n) squares += (x[n * K + k] - middle) * (x[n * K + k] - middle);
        mean[k] = middle;
        variance[k] = N ? squares / N : 0;
    }
}

// y[n, k] = scale[k] (x[n, k] - mean[k]) / sqrt(variance[k] + epsilon) + shift[k]
extern "C" __global__ void batchnorm_forward(const real *x /* N K */, const real *mean /* K */,
                                             const real *variance /* K */, const real *scale /* K */,
                                             const real *shift /* K */, real *y /* N K */, double epsilon, int N, int K)
{
    EACH(o, N * K) {
        const int k = o % K;
        y[o] = scale[k] * ((x[o] - mean[k]) / sqrt(variance[k] + (real)epsilon)) + shift[k];
    }
}

// dscale[k] = sum_n dy[n, k] h[n, k], dshift[k] = sum_n dy[n, k], h = (x - mean) / sqrt(variance + epsilon)
extern "C" __global__ void batchnorm_backward_weights(const real *dy /* N K */, const real *x /* N K */,
                                                      const real *mean /* K */, const real *variance /* K */,
                                                      real *dscale /* K */, real *dshift /* K */, double epsilon, int N,
                                                      int K)
{
    EACH(k, K) {
        const double slope = 1 / sqrt(variance[k] + epsilon);
        double along = 0, total = 0;
        for (int n = 0; n < N; ++n) {
            along += dy[n * K + k] * ((x[n * K + k] - mean[k]) * slope);
            total += dy[n * K + k];
        }
        dscale[k] = along;
        dshift[k] = total;
    }
}

// dx[n, k] = scale[k] / sqrt(variance[k] + epsilon) (dy[n, k] - dshift[k] / N - h[n, k] dscale[k] / N)
extern "C" __global__ void batchnorm_backward_input(const real *dy /* N K */, const real *x /* N K */,
                                                    const real *mean /* K */, const real *variance /* K */,
                                                    const real *scale /* K */, const real *dscale /* K */,
                                                    const real *dshift /* K */, real *dx /* N K */, double epsilon,
                                                    int N, int K)
{
    EACH(o, N * K) {
        const int k = o % K;
        const real slope = 1 / sqrt(variance[k] + (real)epsilon), h = (x[o] - mean[k]) * slope;
        dx[o] = scale[k] * slope * (dy[o] - dshift[k] / N - h * (dscale[k] / N));
    }
}
