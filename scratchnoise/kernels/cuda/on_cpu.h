// Gives a C++ compiler what CUDA C has: the four .cu files then run on the processor, every thread of every block.
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <ucontext.h>

#define __global__
#define __device__ static
#define __shared__ static thread_local
#define __launch_bounds__(threads)
#define LANES _Pragma("omp simd")
using std::exp, std::log;  // of float as well as of double, as in CUDA
static thread_local struct { unsigned x; } blockIdx, threadIdx, blockDim, gridDim;

// A forked process runs all blocks itself: it has one thread, and GNU's OpenMP would wait for the others for ever.
static bool forked = false;
__attribute__((constructor)) static void watch_forks() { pthread_atfork(0, 0, [] { forked = true; }); }

// Blocks without barriers: kernel(), one thread's work, in two loops.
template <class Kernel> static void run_threads(unsigned blocks, unsigned threads, Kernel kernel)
{
#pragma omp parallel for schedule(static) if (blocks > 32 && !forked)
    for (unsigned block = 0; block < blocks; ++block) {
        gridDim.x = blocks, blockDim.x = threads, blockIdx.x = block;
        for (threadIdx.x = 0; threadIdx.x < threads; ++threadIdx.x) kernel();
    }
}

// With barriers every thread of a block is a coroutine: a stack of its own, and the place where it waits. They are made
// once. _setjmp and _longjmp switch between them, because these do not ask the operating system.
static thread_local jmp_buf place[1024], home;
static thread_local ucontext_t maker, fresh;
static thread_local unsigned made = 0, finished, turn, order[1024];
static thread_local unsigned long long random_state;
static thread_local void (*work)(const void *);
static thread_local const void *argument;

// The threads take turns between two barriers: 0 is their own order, any other number seeds random ones. A kernel whose
// results depend on it has a race.
extern "C" __attribute__((visibility("default"))) unsigned thread_order = 0;

static void first_turn()
{
    for (unsigned i = turn = 0; i < blockDim.x; ++i) {
        random_state = random_state * 6364136223846793005 + 1442695040888963407;  // Knuth's generator
        const unsigned j = thread_order ? (random_state >> 33) % (i + 1) : i;
        order[i] = order[j], order[j] = i;
    }
}
static void __syncthreads()  // let every other thread of the block come as far
{
    if (_setjmp(place[threadIdx.x])) return;
    if (++turn == blockDim.x) {
        if (finished == blockDim.x) _longjmp(home, 1);
        if (finished) std::fputs("a thread of a block missed a barrier\n", stderr), std::abort();
        first_turn();
    }
    _longjmp(place[threadIdx.x = order[turn]], 1);
}
static void coroutine()
{
    if (!_setjmp(place[threadIdx.x])) setcontext(&maker);  // made; what follows is its first turn
    for (;;) work(argument), ++finished, __syncthreads();
}
template <class Kernel> static void run_blocks(unsigned blocks, unsigned threads, Kernel kernel)
{
#pragma omp parallel for schedule(static) if (blocks > 1 && !forked)
    for (unsigned block = 0; block < blocks; ++block) {
        gridDim.x = blocks, blockDim.x = threads, blockIdx.x = block, finished = 0, argument = &kernel;
        work = [](const void *kernel) { (*(const Kernel *)kernel)(); };
        for (; made < threads; threadIdx.x = made++, swapcontext(&maker, &fresh))
            getcontext(&fresh), fresh.uc_stack = {std::malloc(1 << 15), 0, 1 << 15}, makecontext(&fresh, coroutine, 0);
        random_state = thread_order + 1ull * block, first_turn();
        if (!_setjmp(home)) _longjmp(place[threadIdx.x = order[0]], 1);
    }
}
