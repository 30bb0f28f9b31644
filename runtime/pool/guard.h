/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel's memory, and the way out of a kernel that cannot go on. Kernels are compiled without checks, so an
 * allocation that fails must not return to them: it leaves the kernel instead, and what it had allocated is freed. A C
 * interface: libconvt and the archives made ahead of time link the same object. */
#ifndef CONVT_RUNTIME_POOL_GUARD_H
#define CONVT_RUNTIME_POOL_GUARD_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Runs body(argument) and returns what it returns, or the code given to convt_guard_leave inside it, on this thread.
 * Nests. The body must hold nothing that a jump out of it would lose, beyond memory of convt_guard_malloc. */
int convt_guard_enter(int (*body)(void* argument), void* argument);

/* Ends the innermost body of this thread with `code`; there must be one. */
__attribute__((noreturn)) void convt_guard_leave(int code);

/* Memory aligned to 128 bytes, two of the widest vectors: what Halide promises its kernels. Where there is none, leaves
 * the body with `code`. Freed on the thread that allocated it, or when its body is left; a thread keeps up to 16 MiB of
 * what was freed for its next call, until it ends. */
void* convt_guard_malloc(size_t bytes, int code);
void convt_guard_free(void* memory);

/* Frees what this thread keeps. Threads that may outlive the end of the process's other code call it as they end. */
void convt_guard_release_kept(void);

#ifdef __cplusplus
}
#endif

#endif
