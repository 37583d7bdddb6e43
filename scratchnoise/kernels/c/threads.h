// Sharing work out among threads: see threads.c.
#pragma once

typedef void work(const void *job, long task, int worker);

// How many threads so many tasks are worth: between 1 and what use_threads allows. operations: additions and the like.
int crew_for(long tasks, double operations);

// Call do_task(job, task, worker) for every task from 0 to tasks - 1, each once; worker is from 0 to crew - 1, and no
// two calls at one time have the same. Results must not depend on who does a task, nor on the order of the tasks.
void share_out(work *do_task, const void *job, long tasks, int crew);
