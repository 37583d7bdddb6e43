// Rung 2 of what arithmetic bounds: the same results faster. See losses.cu for the table of kernels.
//
// All convolutions and linear layers are one product of matrices, rows x columns over `depth` terms, whose factors are
// never stored: a block of 128 threads gathers 128 x 16 and 16 x 32 numbers of them into shared memory, every number
// is then used 32 or 128 times, and a thread keeps 4 x 8 results in registers.
//
//                 rows                     columns   terms
//   forward       output pixels            F         (r, s, k): row of x under the window, column of w
//   input         input pixels             K         (r, s, f): the outputs that saw the pixel, column of w
//   weights       (r, s, k), one for b     F         output pixels, in parts
//
// Arithmetic bounds it. In a step a thread does 32 multiply-adds and three 16-byte loads from shared memory. The banks
// serve these loads in 12 cycles for the four schedulers together, whose multiply-adds take 32. About three blocks have
// to share a multiprocessor, so that some compute while one gathers. A linear layer convolves images of one pixel.

const int THREADS = 128, ROWS = 128, COLUMNS = 32, DEPTH = 16;

struct alignas(16) four { real number[4]; };  // alignment lets the compiler load 16 bytes at once
struct alignas(16) eight { real number[8]; };

// Factors of one step. Four more numbers in each line shift it by four banks, see the ways of writing below.
struct alignas(16) Tile { real rows[DEPTH][ROWS + 4], columns[DEPTH][COLUMNS + 4]; };

// What a convolution reads from: images of H x W pixels with K channels, S taps in a line of a window. stride: how far
// apart the windows were whose outputs these images are (input gradient). whole: four channels can be read at once.
struct Images { const real *x; int H, W, K, S, stride; bool whole; };

// The pixel a row stands for: where its image begins, and where its window does, first line and first column.
struct alignas(16) Pixel { int image, top, left; };

__device__ inline int first_row() { return threadIdx.x / 4 * 4; }  // of this thread's results, in the block's tile
__device__ inline int first_column() { return threadIdx.x % 4 * 8; }

// sum[p][q] += the product of the tile's factors for this thread's rows p and columns q.
__device__ inline void multiply(const Tile &tile, real (&sums)[4][8])
{
    const int row = first_row(), column = first_column();
    real sum[4][8];  // a copy that nobody else can see stays in registers
    for (int p = 0; p < 4; ++p)
        LANES for (int q = 0; q < 8; ++q) sum[p][q] = sums[p][q];
    for (int d = 0; d < DEPTH; ++d) {
        const four a = *(const four *)&tile.rows[d][row];
        const eight b = *(const eight *)&tile.columns[d][column];
        for (int p = 0; p < 4; ++p)
            LANES for (int q = 0; q < 8; ++q) sum[p][q] += a.number[p] * b.number[q];
    }
    for (int p = 0; p < 4; ++p)
        LANES for (int q = 0; q < 8; ++q) sums[p][q] = sum[p][q];
}

// --- gathering: neighbouring threads read neighbouring numbers of memory, and write to different banks ---------------

__device__ inline Images images_of(const real *x, int H, int W, int K, int S, int stride)
{
    const Images images = {x, H, W, K, S, stride, K % 4 == 0 && (unsigned long long)x % sizeof(four) == 0};
    return images;
}

// The pixel of a row: in image n, with a window at (top, left). Under a row that does not exist lies nothing.
__device__ inline Pixel pixel_of(bool exists, int n, int top, int left, int image_size)
{
    const Pixel pixel = {n * image_size, exists ? top : -(1 << 30), left};
    return pixel;
}

// Where tap (r, s) of the window at `p` lies in memory; -1 if on the padding. With OUTPUTS a tap leads back
// to the output, up and left, that it helped to compute, if there is one.
template <bool OUTPUTS> __device__ inline int under(const Images &images, const Pixel &p, int r, int s)
{
    int h = OUTPUTS ? p.top - r : p.top + r, v = OUTPUTS ? p.left - s : p.left + s;
    if (h < 0 || v < 0 || (OUTPUTS && (h % images.stride || v % images.stride))) return -1;
    if (OUTPUTS) h /= images.stride, v /= images.stride;
    return h < images.H && v < images.W ? p.image + (h * images.W + v) * images.K : -1;
}

// Four numbers under the window at `p`, from tap (r, s) and channel k on; 0 on the padding and after `left` numbers.
template <bool OUTPUTS>
__device__ inline four gather(const Images &images, const Pixel &p, int r, int s, int k, int left)
{
    four found = {};
    if (images.whole) {  // then they lie under one tap
        const int at = left > 0 ? under<OUTPUTS>(images, p, r, s) : -1;
        return at < 0 ? found : *(const four *)(images.x + at + k);
    }
    for (int c = 0; c < 4 && c < left; ++c) {
        const int at = under<OUTPUTS>(images, p, r, s);
        if (at >= 0) found.number[c] = images.x[at + k];
        if (++k == images.K) k = 0, ++s;
        if (s == images.S) s = 0, ++r;
    }
    return found;
}

// tile.rows = what lies under the windows of `pixels`, terms first .. first + 15 of (r, s, k).
template <bool OUTPUTS>
__device__ inline void gather_rows(Tile &tile, const Pixel *pixels, const Images &images, int first, int depth)
{
    // Four threads read 16 terms, mostly one stretch of memory. Those of the upper eight terms take other rows, r ^ 8,
    // because lines d and d + 8 of the tile lie in the same banks.
    const int d = threadIdx.x % 4 * 4, term = first + d;
    const int k = term % images.K, s = term / images.K % images.S, r = term / images.K / images.S;
    for (int i = threadIdx.x / 4; i < ROWS; i += THREADS / 4) {
        const int row = i ^ d / 8 * 8;
        const four found = gather<OUTPUTS>(images, pixels[row], r, s, k, depth - term);
        LANES for (int c = 0; c < 4; ++c) tile.rows[d + c][row] = found.number[c];
    }
}

// tile.columns = lines first .. first + 15 of a matrix (depth, width), from column `column` on.
__device__ inline void gather_columns(Tile &tile, const real *w, int first, int depth, int column, int width)
{
    const int f = threadIdx.x % COLUMNS;
    for (int d = threadIdx.x / COLUMNS; d < DEPTH; d += THREADS / COLUMNS)
        tile.columns[d][f] = first + d < depth && column + f < width ? w[(first + d) * width + column + f] : 0;
}

// tile.columns[d][k] = w[r, s, column + k, f] for terms first + d of (r, s, f): w (taps, K, F) with its ends exchanged.
__device__ inline void gather_columns_transposed(Tile &tile, const real *w, int first, int depth, int column, int K,
                                                 int F)
{
    const int d = threadIdx.x % DEPTH, term = first + d, f = term % F, tap = term / F;
    for (int k = threadIdx.x / DEPTH ^ d / 8 * 2; k < COLUMNS; k += THREADS / DEPTH)
        tile.columns[d][k] = term < depth && column + k < K ? w[(tap * K + column + k) * F + f] : 0;
}

// --- convolution -----------------------------------------------------------------------------------------------------

// Everywhere two tiles take turns: while some threads still multiply what is in one, others may gather the next terms
// into the other, and one barrier for each step is enough.

// The product of windows and filters, for the filters from `column` on: what the two forward passes share.
__device__ inline void windows_times_filters(Tile *tiles, const Pixel *pixels, const real *x, const real *w, int column,
                                             real (&sum)[4][8], int H, int W, int K, int R, int S, int F)
{
    const Images images = images_of(x, H, W, K, S, 1);
    __syncthreads();  // every row has its pixel
    for (int first = 0; first < R * S * K; first += DEPTH) {
        Tile &tile = tiles[first / DEPTH % 2];
        gather_rows<false>(tile, pixels, images, first, R * S * K);
        gather_columns(tile, w, first, R * S * K, column, F);
        __syncthreads();
        multiply(tile, sum);
    }
}

// Blocks: tiles of pixels, and for each of them tiles of filters.
extern "C" __global__ void __launch_bounds__(THREADS) conv2d_forward_2(
    const real *x /* N H W K */, const real *w /* R S K F */, const real *b /* F */, real *y /* N Ho Wo F */,
    int N, int H, int W, int K, int R, int S, int F, int Ho, int Wo, int stride, int pad)
{
    __shared__ Tile tiles[2];
    __shared__ Pixel pixels[ROWS];
    const int wide = (F + COLUMNS - 1) / COLUMNS, column = blockIdx.x % wide * COLUMNS;
    const int row = blockIdx.x / wide * ROWS, o = row + threadIdx.x, i = o / Wo % Ho, j = o % Wo, n = o / Wo / Ho;
    real sum[4][8] = {};
    pixels[threadIdx.x] = pixel_of(n < N, n, i * stride - pad, j * stride - pad, H * W * K);
    windows_times_filters(tiles, pixels, x, w, column, sum, H, W, K, R, S, F);
    for (int p = 0; p < 4; ++p)
        for (int q = 0; q < 8; ++q) {
            const int line = row + first_row() + p, f = column + first_column() + q;
            if (line < N * Ho * Wo && f < F) y[line * F + f] = sum[p][q] + b[f];
        }
}

// Convolution, 2 x 2 max pooling and ReLU: y and where each maximum was. The four pixels of a window are four rows of
// one thread, so the convolution's output, four times as large, is never in memory.
extern "C" __global__ void __launch_bounds__(THREADS) conv2d_maxpool_relu_forward_2(
    const real *x /* N H W K */, const real *w /* R S K F */, const real *b /* F */, real *y /* N Hp Wp F */,
    int *argmax /* N Hp Wp F */, int N, int H, int W, int K, int R, int S, int F, int Hp, int Wp, int Wo, int stride,
    int pad)
{
    __shared__ Tile tiles[2];
    __shared__ Pixel pixels[ROWS];
    const int wide = (F + COLUMNS - 1) / COLUMNS, column = blockIdx.x % wide * COLUMNS;
    const int row = blockIdx.x / wide * ROWS, o = (row + threadIdx.x) / 4, corner = threadIdx.x % 4;
    const int i = o / Wp % Hp * 2 + corner / 2, j = o % Wp * 2 + corner % 2, n = o / Wp / Hp;
    real sum[4][8] = {};
    pixels[threadIdx.x] = pixel_of(n < N, n, i * stride - pad, j * stride - pad, H * W * K);
    windows_times_filters(tiles, pixels, x, w, column, sum, H, W, K, R, S, F);
    const int window = (row + first_row()) / 4, top = window / Wp % Hp * 2, left = window % Wp * 2;
    for (int q = 0; q < 8; ++q) {
        const int f = column + first_column() + q;
        if (window >= N * Hp * Wp || f >= F) continue;
        real best = sum[0][q] + b[f];
        int where = 0;
        for (int p = 1; p < 4; ++p) {
            const real value = sum[p][q] + b[f];
            if (better(value, best)) best = value, where = p;
        }
        y[window * F + f] = best <= 0 ? 0 : best;
        argmax[window * F + f] = (top + where / 2) * Wo + left + where % 2;
    }
}

// Blocks: tiles of input pixels, and for each of them tiles of channels. With a stride > 1 most of the terms are 0.
extern "C" __global__ void __launch_bounds__(THREADS) conv2d_backward_input_2(
    const real *dy /* N Ho Wo F */, const real *w /* R S K F */, real *dx /* N H W K */,
    int N, int H, int W, int K, int R, int S, int F, int Ho, int Wo, int stride, int pad)
{
    __shared__ Tile tiles[2];
    __shared__ Pixel pixels[ROWS];
    const int wide = (K + COLUMNS - 1) / COLUMNS, column = blockIdx.x % wide * COLUMNS;
    const int row = blockIdx.x / wide * ROWS, o = row + threadIdx.x, h = o / W % H, v = o % W, n = o / W / H;
    real sum[4][8] = {};
    pixels[threadIdx.x] = pixel_of(n < N, n, h + pad, v + pad, Ho * Wo * F);
    const Images outputs = images_of(dy, Ho, Wo, F, S, stride);
    __syncthreads();
    for (int first = 0; first < R * S * F; first += DEPTH) {
        Tile &tile = tiles[first / DEPTH % 2];
        gather_rows<true>(tile, pixels, outputs, first, R * S * F);
        gather_columns_transposed(tile, w, first, R * S * F, column, K, F);
        __syncthreads();
        multiply(tile, sum);
    }
    for (int p = 0; p < 4; ++p)
        for (int q = 0; q < 8; ++q) {
            const int line = row + first_row() + p, k = column + first_column() + q;
            if (line < N * H * W && k < K) dx[line * K + k] = sum[p][q];
        }
}

// parts[part, row, f] = sum of x under (r, s, k) = row times dy over the `share` pixels of a part, a multiple of 16;
// the last row sees ones, which gives db. Blocks: parts, and for each tiles of rows, and for each tiles of filters.
// There are many more pixels than weights: without parts most of a GPU would have nothing to do. add_parts ends it.
extern "C" __global__ void __launch_bounds__(THREADS) conv2d_backward_weights_2(
    const real *dy /* N Ho Wo F */, const real *x /* N H W K */, real *parts /* n_parts n_rows F */,
    int N, int H, int W, int K, int R, int S, int F, int Ho, int Wo, int stride, int pad, int n_parts, int n_rows,
    int share)
{
    __shared__ Tile tiles[2];
    const int wide = (F + COLUMNS - 1) / COLUMNS, column = blockIdx.x % wide * COLUMNS;
    const int high = (n_rows + ROWS - 1) / ROWS, row = blockIdx.x / wide % high * ROWS;
    const int part = blockIdx.x / wide / high, pixels = N * Ho * Wo;
    const int last = (part + 1) * share < pixels ? (part + 1) * share : pixels;
    const Images images = images_of(x, H, W, K, S, 1);
    const int mine = threadIdx.x % 32 * 4, term = row + mine, channels = K ? K : 1;  // K = 0 must divide nothing
    const int k = term % channels, s = term / channels % S, r = term / channels / S;
    const int bias = n_rows - 1, start = part * share + threadIdx.x / 32;
    int j = start % Wo, i = start / Wo % Ho, n = start / Wo / Ho;
    real sum[4][8] = {};
    for (int first = part * share; first < last; first += DEPTH) {
        Tile &tile = tiles[first / DEPTH % 2];  // a share is a multiple of DEPTH
        for (int d = threadIdx.x / 32; d < DEPTH; d += 4) {  // a warp reads under one window: neighbours, so channels
            const Pixel p = pixel_of(first + d < last, n, i * stride - pad, j * stride - pad, H * W * K);
            four found = gather<false>(images, p, r, s, k, bias - term);
            LANES for (int c = 0; c < 4; ++c) if (term + c == bias) found.number[c] = 1;
            *(four *)&tile.rows[d][mine] = found;
            for (j += 4; j >= Wo; j -= Wo) ++i;
            for (; i >= Ho; i -= Ho) ++n;
        }
        gather_columns(tile, dy, first, last, column, F);
        __syncthreads();
        multiply(tile, sum);
    }
    for (int p = 0; p < 4; ++p)
        for (int q = 0; q < 8; ++q) {
            const int line = row + first_row() + p, f = column + first_column() + q;
            if (line < n_rows && f < F) parts[(part * n_rows + line) * F + f] = sum[p][q];
        }
}
