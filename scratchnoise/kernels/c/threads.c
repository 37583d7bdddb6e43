// Sharing work out among threads.
//
// Whoever calls a kernel works too, and takes tasks one after the other like everybody else. So nothing waits for a
// thread that has not woken up yet: on a busy machine the caller does all tasks alone.
//
//     caller   put the job up | task 0 | task 2 | task 3 | take the job down, wait for those who are at a task
//     worker    ... asleep ...    | task 1 | task 4 |  stay awake for a moment, then sleep
//
// - A thread that finds nothing to do stays awake for AWAKE nanoseconds, because the next kernel often follows at once;
//   then it sleeps, and costs nothing.
// - One caller at a time has the threads. A second one, on another thread of Python, does its tasks alone meanwhile.
// - A forked process has only the thread that forked. It forgets the others, and starts its own when it needs them.
#include "threads.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "memory.h"

enum { MOST = 256, AWAKE = 20000 };      // threads; nanoseconds, about what it takes to wake a thread up
static const double WORTH_A_THREAD = 1e5;  // operations: some ten microseconds, so that waking it up pays

typedef struct {
    pthread_mutex_t callers;  // held by the one caller who has the threads
    pthread_mutex_t lock;     // held where one of the following is looked at or changed
    pthread_cond_t job_there, tasks_done;
    work *do_task;  // NULL where there is no job
    const void *job;
    long tasks;
    int crew, started, asleep;
    atomic_uint round;  // counts the jobs
    atomic_int at_work;
    atomic_long next;  // task
} threads;

#define NOBODY                                                                                   \
    (threads)                                                                                    \
    {                                                                                            \
        .callers = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER,                 \
        .job_there = PTHREAD_COND_INITIALIZER, .tasks_done = PTHREAD_COND_INITIALIZER, .crew = 0 \
    }
static threads pool = NOBODY;
static atomic_int allowed = 1;

static void forget_the_threads(void) { pool = NOBODY; }

__attribute__((constructor)) static void when_forked(void) { pthread_atfork(NULL, NULL, forget_the_threads); }

EXPORT void use_threads(int count) { allowed = at_most(at_least(count, 1), MOST); }

int crew_for(long tasks, double operations)
{
    long worth = operations < WORTH_A_THREAD * MOST ? operations / WORTH_A_THREAD : MOST;
    return at_least(at_most(at_most(allowed, tasks), worth), 1);
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void breathe(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void take_tasks(work *do_task, const void *job, long tasks, int worker)
{
    for (long task; (task = atomic_fetch_add(&pool.next, 1)) < tasks;) do_task(job, task, worker);
}

// Called with the lock held. Waits for a job that is not the one of round `served`.
static void wait_for_a_job(unsigned served)
{
    pthread_mutex_unlock(&pool.lock);
    for (int64_t end = nanoseconds() + AWAKE; pool.round == served && nanoseconds() < end;) breathe();
    pthread_mutex_lock(&pool.lock);
    if (pool.round != served) return;
    ++pool.asleep;
    pthread_cond_wait(&pool.job_there, &pool.lock);
    --pool.asleep;
}

static void *help(void *number)
{
    int worker = (int)(intptr_t)number;
    unsigned served = 0;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        if (served == pool.round) wait_for_a_job(served);
        served = pool.round;
        if (!pool.do_task || worker >= pool.crew) continue;  // too late, or not needed
        work *do_task = pool.do_task;
        const void *job = pool.job;
        long tasks = pool.tasks;
        ++pool.at_work;
        pthread_mutex_unlock(&pool.lock);
        take_tasks(do_task, job, tasks, worker);
        pthread_mutex_lock(&pool.lock);
        if (--pool.at_work == 0) pthread_cond_signal(&pool.tasks_done);
    }
    return NULL;
}

// Called with the lock held. Where no more threads can be had, those that are there do.
static void start_threads(int crew)
{
    sigset_t all, before;
    sigfillset(&all);  // signals are for the threads of Python
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (pthread_t thread; pool.started < crew - 1; ++pool.started) {
        if (pthread_create(&thread, NULL, help, (void *)(intptr_t)(pool.started + 1))) break;
        pthread_detach(thread);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void share_out(work *do_task, const void *job, long tasks, int crew)
{
    if (crew < 2 || pthread_mutex_trylock(&pool.callers)) {
        for (long task = 0; task < tasks; ++task) do_task(job, task, 0);
        return;
    }
    pthread_mutex_lock(&pool.lock);
    pool.do_task = do_task, pool.job = job, pool.tasks = tasks, pool.crew = crew, pool.next = 0;
    ++pool.round;
    start_threads(crew);
    if (pool.asleep) pthread_cond_broadcast(&pool.job_there);
    pthread_mutex_unlock(&pool.lock);
    take_tasks(do_task, job, tasks, 0);
    for (int64_t end = nanoseconds() + AWAKE; pool.at_work && nanoseconds() < end;) breathe();
    pthread_mutex_lock(&pool.lock);
    pool.do_task = NULL;
    while (pool.at_work) pthread_cond_wait(&pool.tasks_done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    pthread_mutex_unlock(&pool.callers);
}
