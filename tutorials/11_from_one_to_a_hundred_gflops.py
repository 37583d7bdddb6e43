# %% [markdown]
# # From one to a hundred GFLOP/s
#
# Question: how does a convolution that a student can read become as fast as the frameworks'? Five rungs of one ladder,
# each checked against the one before it, then what was tried on the way, what was predicted, and what came out.
#
# Equations: none of the report's; y[n, i, j, f] = b_f + sum_rsk x[n, i + r, j + s, k] w[r, s, k, f].
# Running time: about ten seconds. Next: `scratchnoise bench`, which times every kernel beside PyTorch.

# %%
import json
import time
from pathlib import Path

import numpy as np

import scratchnoise
from scratchnoise import backend, kernels
from scratchnoise.backend import host_table
from scratchnoise.bench.ladder import chart

rng = np.random.default_rng(0)
x = rng.standard_normal((64, 14, 14, 32)).astype(np.float32)  # the annex network's second layer, 64 images
w = rng.standard_normal((3, 3, 32, 64)).astype(np.float32)
b = np.zeros(64, np.float32)
FLOP_PER_IMAGE = 2 * 14 * 14 * 64 * 9 * 32  # a multiplication and an addition for every tap of every output


def gflops(table, images, calls):
    """GFLOP/s of the forward convolution in one kernel table, the median of some calls; and its result."""
    with backend(table):
        y = kernels.conv2d_forward(x[:images], w, b, pad=1)  # compiles, where there is something to compile
        times = []
        for _ in range(calls):
            started = time.perf_counter()
            kernels.conv2d_forward(x[:images], w, b, pad=1)
            times.append(time.perf_counter() - started)
    return FLOP_PER_IMAGE * images / np.median(times) / 1e9, y


# %% [markdown]
# ## Rung 1: seven loops
#
# `kernels/loops/images.py` is the equation, typed out. The interpreter spends about a hundred nanoseconds on
# every multiplication: one image is all we have patience for.

# %%
python_loops, y_loops = gflops("loops", images=1, calls=1)
print(f"Python loops           {python_loops:10.4f} GFLOP/s")

# %% [markdown]
# ## Rung 2: the same loops, compiled
#
# > **Exercise 13** asks for the two cheapest ways, on a loop that is shorter than this one: NumPy or numba, twenty
# > times as fast with the same bits: `scratchnoise start 13`.
#
# numba compiles that very source (`numba.njit`), some hundred times faster. It stays far from what the cores can do:
# the compiler must assume that writing the output may change the weights, and every multiply-add loads and stores its
# accumulator.
#
# ## Rung 3: a matrix product
#
# `kernels/numpy_table.py` copies every window into a row (im2col) and leaves the rest to the BLAS behind NumPy, which
# keeps its accumulators in registers. The price is a copy of the input, nine times its size.

# %%
matrix_product, y_numpy = gflops("numpy", images=64, calls=5)
print(f"im2col, matrix product {matrix_product:10.1f} GFLOP/s")
np.testing.assert_allclose(y_loops, y_numpy[:1], rtol=1e-4, atol=1e-3)

# %% [markdown]
# ## Rung 4: our own registers
#
# `kernels/vectors/tiles.py` has a handful of operations on tiles, each a few lines of NumPy, so that
# `vectors/convolution.py` can still be stepped through. `vectors/intrinsics.py` puts LLVM's vectors in their place when
# numba compiles. The micro-kernel is one line, `tile = outer(tile, x, at, offset, w, tap)`: with 6 pixels x 2 vectors
# of filters a tile does 12 multiply-adds for 8 loads while the sum over the window runs, and nothing is copied.
# (Without numba, or where it is told not to compile, this rung is missing, and the one below is timed again.)

# %%
vectors, y_vectors = gflops(host_table(), images=64, calls=9)
print(f"vectors                {vectors:10.1f} GFLOP/s")
np.testing.assert_allclose(y_vectors, y_numpy, rtol=1e-4, atol=1e-3)

# %% [markdown]
# ## The whole ladder
#
# `scratchnoise bench --chart ladder.png` draws every rung of every kernel beside PyTorch; these are the measurements in
# `tutorials/results/bench.json`, two threads on two AMD EPYC cores.

# %%
measured = json.loads((Path(scratchnoise.__file__).parent.parent / "tutorials" / "results" / "bench.json").read_text())
chart(measured["rows"], measured["peak_gflops"])

# %% [markdown]
# ## What was tried, predicted and measured
#
# One training step of the annex network, batch 252, two cores of an AMD EPYC, milliseconds; PyTorch took 79 to
# 91 in the same runs.
#
# | change | predicted | measured |
# | --- | --- | --- |
# | im2col in blocks that fit the cache, BLAS between numba's loops | 200 | **1554** |
# | the same, idle OpenMP threads not spinning (they held the cores that BLAS wanted) | 200 | 125 |
# | direct convolution on vectors, BLAS for the dense layers | 80 | 114 |
# | the same, OpenBLAS's idle threads not spinning either | 80 | 79 |
# | dense layers on the same micro-kernel: no BLAS left to wait for | 70 | 70 |
# | sums cut in pieces of 256, so that the packed weights fit the first cache | 67 | 71, taken out again |
# | columns packed with vector loads, small images in groups of 8, ReLU after pooling | 64 | 64 |
# | convolution, ReLU and pooling in one pass; the weight gradient looks only at the place of each maximum | 51 | 57 |
# | a tile is one window in 8 small images: what of it lies outside the image is known, and skipped | 54 | 50 |
#
# The last row but one is worth a look. After pooling three of four gradients are zero, but which is not differs from
# filter to filter, so that a vector of filters cannot skip anything. `vectors/pooled_convolution.py` turns the vector
# round: it runs along the window, and for each filter walks a short list of the places that passed. Four times fewer
# multiplications, and the gradient of the convolution's output, 25 MB, is never written. We predicted a fourth of the
# time for the weight gradients of the first two layers and measured half (6.5 to 3.0 ms and 5.3 to 2.7 ms): writing the
# lists takes as long as using them, and vectors along a window straddle two cache lines.
#
# The gradient to a first layer's three-channel images had the same cure. With filters in the vector's lanes, 13 of 16
# lanes stay empty: 29 ms. Summing along the window instead fills them: predicted 8 ms, measured 10 (`convolve_few`).
#
# On the machine without AVX-512, one core, the best of nine runs beside other programs:
#
# | change | predicted | measured |
# | --- | --- | --- |
# | weight gradient: tiles over all 75 taps of a window of conv1, not over 5 rows of 15 | 15.2 ms from 17.6 | 15.8 |
# | weight gradient: parts added along memory, no `//` and `%` for every number (conv3) | 17 ms from 18.7 | **12.2** |
# | an image copied into its frame row by row, not pixel by pixel (conv1) | 0.2 ms from 0.7 | 0.1 |
# | dense layer: four blocks of weights packed side by side | 27 ms from 31 | no gain, taken out again |
# | dense layer: packed weights stay in the first cache, samples pass by | 29 ms from 31 | no gain, taken out again |
# | compilation: no assignment of an array to a part of another | 47 s from 51 | 44 |
# | compilation: a second process begins at the other end | 31 s from 62 | 34 |
#
# The second row says where to look first: not at the loop that does the work, but at the one nobody looks at. And the
# fourth says to measure again before building: on a quieter machine the 31 ms were 24 all along.
#
# On a Zen 4, which has AVX-512 but no higher peak with it than with AVX2; two threads unless said otherwise:
#
# | change | predicted | measured |
# | --- | --- | --- |
# | a tile of 12 x 2 vectors in place of 8 x 2, annex step, medians of three | 111 ms from 111 | 111, not taken |
# | a tile of 6 x 4 vectors | 111 ms | 129, not taken |
# | softmax regression: next rows fetched while exponentials are taken, one thread | 5.0 ms from 8.4 | 8.1, not taken |
# | the same, spread over all three loops, two threads | 3.3 ms from 5.2 | 5.1, not taken |
# | weight gradient: no load before its turn, the loop counts up to 0; conv1, one thread | 90 GFLOP/s from 83 | 87 |
# | every timing begins after 0.1 s of calls that are not timed: conv3 | none, from 8.7 ms | 5.3 |
# | the same, one pass of softmax regression | none, from 13.4 ms | 6.7 |
#
# The last two rows are about the stopwatch. A program that has slept wakes its threads on one processor, and for some
# 20 ms they wait for each other there: a pass took 5 ms, and 20 after a pause of 0.3 s. With each thread bound to its
# processor (`OMP_PROC_BIND=true`) it took 7, after a pause as well. A benchmark whose competitors take turns pauses
# before every turn, and a fit never does.
#
# Lessons, each of which cost more than a factor of two before it was understood:
#
# * Two thread pools on the same cores wait for each other. A library that mixes numba and BLAS should look there first.
# * A tuple of accumulators that is indexed by a variable, even once and after the loop, leaves the registers, which
#   is many times slower. A tile is therefore one value to numba, and only the code that emits its instructions counts
# rows.
# * With `parallel=True`, numba turns `a[:, i].sum()` inside a loop into a parallel loop of its own, hundreds of
#   times slower.
# * A slice such as `x[n]` costs two atomic operations for its reference count. In a loop over 48,600 rows of 784
#   numbers that was a third of the time.
# * numba's cache looks at the file of the compiled function alone, not at what it calls. `kernels/numba_cache.py`
#   therefore makes it stale whenever any source of the kernels changes.
#
# ## Two machines, one source: why the tile must know its registers
#
# All of the above was measured on a processor with AVX-512. On one without, the same source was slower
# than PyTorch, and one thread did 28 GFLOP/s in a convolution where a bare tile in registers reaches 102. Two causes:
#
# * A tile of 8 x 2 vectors of 64 bytes is 32 accumulators of 32 bytes on AVX2, which has 16 registers. The others live
#   in memory, and each step of the sum writes and reads them.
# * `x[at[q] + offset]`: numba asks of each index whether it counts from the end. Those questions stand between the
#   multiply-adds.
#
# Removing one alone helps little, because the other is enough to keep the multiply-adds waiting. One thread, GFLOP/s of
# the second, third and first layer:
#
# | change | conv2 | conv3 | conv1 |
# | --- | --- | --- | --- |
# | as it was | 27.9 | 11.2 | 29.3 |
# | a smaller tile alone | 35.5 | 14.0 | 33.3 |
# | loads without the question alone | 25.9 | 16.6 | 26.3 |
# | both | 87 | 85 | 78 |
#
# So `vectors/target.py` chooses the shape of a tile from what LLVM emits for the processor: 8 x 2 vectors of 64 bytes
# for AVX-512, 6 x 2 of 32 bytes for AVX2, 8 x 2 of 16 bytes for NEON, 6 x 2 of 16 bytes for everything else. The loops
# over rows and vectors stand where the instructions are emitted, once, and no kernel counts to eight any more.
#
# A third fault of this kind: `llvm.fma` promises one rounding. Where the processor has no such instruction, LLVM calls
# a function of the C library for each number, far slower than NumPy. `llvm.fmuladd` allows two
# instructions, one that multiplies and one that adds.
#
# None of the three shows on the machine where the code was written. `tests/kernels/test_census.py` therefore compiles
# the inner loops for five kinds of processor, on any machine, and counts: no reference to the stack, no call of a
# function, the expected number of multiply-adds.
#
# ## Softmax regression
#
# One pass over 16,200 samples of 784 pixels in batches of 100, two threads, milliseconds; the loop in PyTorch takes 20
# to 24.
#
# | change | predicted | measured |
# | --- | --- | --- |
# | vectors, one thread | | 5.6 |
# | rows fetched eight at a time, two threads | 3.0 | 2.8 |
# | logits, losses and gradient for eight samples, then the next eight: their rows stay in the first cache | 1.6 | 2.9 |
# | the same, three classes at a time: each vector of pixels is loaded once, not once a class | 1.9 | 2.2 |
# | the next rows asked for in advance (`llvm.prefetch`), all at once | 1.6 | 2.3, taken out again |
# | the same, between the additions to the gradient | 1.6 | 2.05, taken out again: not worth its lines |
#
# On rows that are in the cache already the pass takes 1.4 ms, so 0.8 ms are waiting for memory. Half of the 1.4 are the
# three exponentials and the logarithm of each sample.

# %%
print(f"vectors: {vectors / matrix_product:.1f} x the matrix product, {vectors / python_loops:.0f} x the Python loops")
assert vectors > 1000 * python_loops, "the ladder has at least three orders of magnitude"
