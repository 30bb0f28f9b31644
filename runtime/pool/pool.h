/* SPDX-License-Identifier: Apache-2.0 */
/* The thread pool behind Halide's parallel loops, as a C interface: libconvt and the archives made ahead of time link
 * the same object. */
#ifndef CONVT_RUNTIME_POOL_POOL_H
#define CONVT_RUNTIME_POOL_POOL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Halide's halide_task_t. Returns 0, or a failure that ends the loop. */
typedef int (*convt_pool_task)(void* context, int index, uint8_t* closure);

/* Runs task(context, i, closure) for every i in [min, min + count), each once, on at most `threads` threads, the
 * caller's among them; 0 takes the default. Returns when all have ended: 0, or the failure of a task, after which tasks
 * not yet begun are left out. Inside a task it runs on the calling thread alone. May be called from many threads at
 * once; allocates nothing once the threads have started. */
int convt_pool_run(int threads, int min, int count, convt_pool_task task, void* context, uint8_t* closure);

/* The default number of threads; 0 means one for every CPU that this process may run on. */
void convt_pool_set_default_threads(int threads);
int convt_pool_default_threads(void);

/* Whether this thread is running a task. A host's executor says so with convt_pool_enter, which returns what it was. */
int convt_pool_inside(void);
int convt_pool_enter(int inside);

#ifdef __cplusplus
}
#endif

#endif
