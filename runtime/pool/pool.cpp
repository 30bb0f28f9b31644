// SPDX-License-Identifier: Apache-2.0
// The thread pool: a list of loops, each on its caller's stack, from which sleeping workers take indices. Which loops
// run in parallel is the kernel's choice, how many threads they get the caller's. Nothing here needs libstdc++, for C
// programs link this object too: pthreads and the compiler's atomics only.
//
// A worker joins a loop under the lock and takes indices without it. A loop leaves the list when its indices are used
// up; its caller waits until the last worker has left it. fork takes the lock, and the child begins with an empty list
// and no workers: its parent's loops belong to threads that it does not have.
#include "runtime/pool/pool.h"

#include "runtime/pool/guard.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

namespace {

constexpr int max_threads = 256;
// Looks for work before it sleeps: about 20 us, near what waking a thread costs, so that kernels called in a row find
// their workers awake.
constexpr int spins = 1000;

struct Loop {
    convt_pool_task task;
    void* context;
    uint8_t* closure;
    int min;
    int count;
    int next;     // atomic: first index not taken
    int failure;  // atomic: first failure seen
    int seats;    // workers that may still join; under the lock
    int workers;  // workers inside; changed under the lock, read by the spinning caller without
    Loop* later;
};

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t work = PTHREAD_COND_INITIALIZER;  // a loop was added, or the workers shall stop
pthread_cond_t left = PTHREAD_COND_INITIALIZER;  // the last worker left a loop
Loop* loops = nullptr;
pthread_t workers[max_threads];
int started = 0;
bool stopping = false;
unsigned added = 0;     // atomic: loops ever added
int default_count = 0;  // atomic
int cpu_count = 0;      // atomic: CPUs this process may run on, once they were asked for
__thread int inside_task = 0;
pthread_once_t once = PTHREAD_ONCE_INIT;

void pause_cpu() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

void before_fork() {
    pthread_mutex_lock(&lock);
}
void after_fork_in_parent() {
    pthread_mutex_unlock(&lock);
}
void after_fork_in_child() {
    work = PTHREAD_COND_INITIALIZER;
    left = PTHREAD_COND_INITIALIZER;
    loops = nullptr;
    started = 0;
    pthread_mutex_unlock(&lock);
}
void initialize() {
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

// Takes indices until none is left or a task fails; the failure. A body for convt_guard_enter: a task may leave it.
int take_indices(void* argument) {
    auto* const loop = static_cast<Loop*>(argument);
    for (;;) {
        const int index = __atomic_fetch_add(&loop->next, 1, __ATOMIC_RELAXED);
        if (index >= loop->count) return 0;
        const int result = loop->task(loop->context, loop->min + index, loop->closure);
        if (result != 0) return result;
    }
}

void run_indices(Loop* loop) {
    const int before = convt_pool_enter(1);
    if (const int result = convt_guard_enter(take_indices, loop); result != 0) {
        int none = 0;
        __atomic_compare_exchange_n(&loop->failure, &none, result, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
        __atomic_store_n(&loop->next, loop->count, __ATOMIC_RELAXED);
    }
    convt_pool_enter(before);
}

// Under the lock: a loop with a free seat and indices left.
Loop* open_loop() {
    for (Loop* loop = loops; loop != nullptr; loop = loop->later)
        if (loop->seats > 0 && __atomic_load_n(&loop->next, __ATOMIC_RELAXED) < loop->count) return loop;
    return nullptr;
}

void remove_loop(Loop* loop) {
    Loop** link = &loops;
    while (*link != loop)
        link = &(*link)->later;
    *link = loop->later;
}

void* worker(void*) {
    pthread_mutex_lock(&lock);
    while (!stopping) {
        Loop* const loop = open_loop();
        if (loop == nullptr) {
            const unsigned seen = added;
            pthread_mutex_unlock(&lock);
            for (int i = 0; i < spins && __atomic_load_n(&added, __ATOMIC_RELAXED) == seen; ++i)
                pause_cpu();
            pthread_mutex_lock(&lock);
            if (open_loop() == nullptr && !stopping) pthread_cond_wait(&work, &lock);
            continue;
        }
        --loop->seats;
        __atomic_add_fetch(&loop->workers, 1, __ATOMIC_RELAXED);
        pthread_mutex_unlock(&lock);
        run_indices(loop);
        pthread_mutex_lock(&lock);
        if (__atomic_sub_fetch(&loop->workers, 1, __ATOMIC_RELEASE) == 0) pthread_cond_broadcast(&left);
    }
    pthread_mutex_unlock(&lock);
    convt_guard_release_kept();
    return nullptr;
}

// Under the lock. Signals are the host's: workers take none. Where no thread can be had, those there are do the work.
void start_workers(int wanted) {
    if (started >= wanted || stopping) return;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < wanted && pthread_create(&workers[started], nullptr, worker, nullptr) == 0)
        ++started;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// At exit and before a library that holds this code is unloaded.
__attribute__((destructor)) void stop_workers() {
    pthread_mutex_lock(&lock);
    stopping = true;
    pthread_cond_broadcast(&work);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < started; ++i)
        pthread_join(workers[i], nullptr);
    started = 0;
}

int run_serial(int min, int count, convt_pool_task task, void* context, uint8_t* closure) {
    for (int i = 0; i < count; ++i)
        if (const int result = task(context, min + i, closure); result != 0) return result;
    return 0;
}

int available_cpus() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    const long online = sysconf(_SC_NPROCESSORS_ONLN);  // more CPUs than cpu_set_t has bits
    return online > 0 ? static_cast<int>(online) : 1;
}

}  // namespace

extern "C" {

int convt_pool_inside(void) {
    return inside_task;
}

int convt_pool_enter(int inside) {
    const int before = inside_task;
    inside_task = inside;
    return before;
}

void convt_pool_set_default_threads(int threads) {
    __atomic_store_n(&default_count, threads > 0 ? threads : 0, __ATOMIC_RELAXED);
    __atomic_store_n(&cpu_count, 0, __ATOMIC_RELAXED);
}

int convt_pool_default_threads(void) {
    int count = __atomic_load_n(&default_count, __ATOMIC_RELAXED);
    if (count == 0) count = __atomic_load_n(&cpu_count, __ATOMIC_RELAXED);
    if (count == 0) {
        count = available_cpus();
        __atomic_store_n(&cpu_count, count, __ATOMIC_RELAXED);
    }
    return count < max_threads ? count : max_threads;
}

int convt_pool_run(int threads, int min, int count, convt_pool_task task, void* context, uint8_t* closure) {
    if (count <= 1 || inside_task != 0 || threads == 1) return run_serial(min, count, task, context, closure);
    if (threads <= 0) threads = convt_pool_default_threads();
    if (threads > max_threads) threads = max_threads;
    const int helpers = (threads < count ? threads : count) - 1;
    if (helpers < 1) return run_serial(min, count, task, context, closure);

    pthread_once(&once, initialize);
    Loop loop = {task, context, closure, min, count, 0, 0, helpers, 0, nullptr};
    pthread_mutex_lock(&lock);
    start_workers(helpers);
    loop.later = loops;
    loops = &loop;
    __atomic_store_n(&added, added + 1, __ATOMIC_RELAXED);
    if (helpers > 1)
        pthread_cond_broadcast(&work);
    else
        pthread_cond_signal(&work);
    pthread_mutex_unlock(&lock);

    run_indices(&loop);

    for (int i = 0; i < spins && __atomic_load_n(&loop.workers, __ATOMIC_ACQUIRE) != 0; ++i)
        pause_cpu();
    pthread_mutex_lock(&lock);
    remove_loop(&loop);
    while (loop.workers != 0)
        pthread_cond_wait(&left, &lock);
    pthread_mutex_unlock(&lock);
    return loop.failure;
}

}  // extern "C"
