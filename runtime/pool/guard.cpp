// SPDX-License-Identifier: Apache-2.0
// Frames of the bodies that a thread is in, each with a list of what was allocated in it. Kernels are plain machine
// code without unwind tables and destructors, so a jump over their frames loses nothing but memory, which the list
// gives back.
//
// A thread keeps what its kernels free for the next call. The C library returns large blocks to the system, and a
// kernel of 28 us took 78 us with its 0.6 MB faulted in anew, page by page, on every call.
#include "runtime/pool/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

namespace {

constexpr size_t alignment = 128;

// Stands before each block, in the space that alignment takes anyway.
struct Header {
    Header* next;
    Header** link;  // what points here
    size_t size;    // of all that was allocated
};
static_assert(sizeof(Header) <= alignment);

struct Frame {
    jmp_buf place;
    Header* blocks;
    Frame* outer;
};
__thread Frame* innermost = nullptr;

constexpr size_t least_kept = 64 * 1024;  // below it malloc keeps blocks itself
constexpr size_t most_kept = 16 * 1024 * 1024;
constexpr int places = 8;

// What this thread keeps, the oldest first.
struct Kept {
    Header* blocks[places];
    int count;
    size_t bytes;
};
__thread Kept kept;

Header* take_out(int index) {
    Header* const block = kept.blocks[index];
    kept.bytes -= block->size;
    --kept.count;
    for (int i = index; i < kept.count; ++i)
        kept.blocks[i] = kept.blocks[i + 1];
    return block;
}

pthread_key_t at_thread_end;
pthread_once_t made_key = PTHREAD_ONCE_INIT;
bool has_key = false;

void free_kept(void*) {
    while (kept.count > 0)
        free(take_out(0));
}

void make_key() {
    has_key = pthread_key_create(&at_thread_end, free_kept) == 0;
}

// Where this code is unloaded before its threads end.
__attribute__((destructor)) void drop_key() {
    free_kept(nullptr);
    if (has_key) pthread_key_delete(at_thread_end);
    has_key = false;
}

void give_back(Header* block) {
    pthread_once(&made_key, make_key);
    const bool keeps = has_key && block->size >= least_kept && block->size <= most_kept &&
                       (kept.count > 0 || pthread_setspecific(at_thread_end, &kept) == 0);
    if (!keeps) return free(block);
    while (kept.count == places || kept.bytes + block->size > most_kept)
        free(take_out(0));
    kept.blocks[kept.count++] = block;
    kept.bytes += block->size;
}

// A kept block of `size` bytes or up to four times as many, the smallest; or a new one; or null.
Header* obtain(size_t size) {
    int best = -1;
    for (int i = 0; i < kept.count; ++i) {
        const size_t has = kept.blocks[i]->size;
        if (has >= size && has / 4 <= size && (best < 0 || has < kept.blocks[best]->size)) best = i;
    }
    if (best >= 0) return take_out(best);
    auto* const block = static_cast<Header*>(aligned_alloc(alignment, size));
    if (block != nullptr) block->size = size;
    return block;
}

void release_all(Frame* frame) {
    while (frame->blocks != nullptr) {
        Header* const block = frame->blocks;
        frame->blocks = block->next;
        give_back(block);
    }
}

}  // namespace

extern "C" {

int convt_guard_enter(int (*body)(void*), void* argument) {
    Frame frame;
    frame.blocks = nullptr;
    frame.outer = innermost;
    const int code = _setjmp(frame.place);
    if (code != 0) {
        innermost = frame.outer;
        return code;
    }
    innermost = &frame;
    const int result = body(argument);
    innermost = frame.outer;
    release_all(&frame);
    return result;
}

void convt_guard_leave(int code) {
    Frame* const frame = innermost;
    release_all(frame);
    longjmp(frame->place, code);
}

void* convt_guard_malloc(size_t bytes, int code) {
    Header* header = nullptr;
    if (bytes <= SIZE_MAX / 2) header = obtain((bytes + 2 * alignment - 1) / alignment * alignment);
    if (header == nullptr) convt_guard_leave(code);
    header->next = innermost->blocks;
    header->link = &innermost->blocks;
    if (header->next != nullptr) header->next->link = &header->next;
    innermost->blocks = header;
    return reinterpret_cast<char*>(header) + alignment;
}

void convt_guard_free(void* memory) {
    if (memory == nullptr) return;
    auto* const header = reinterpret_cast<Header*>(static_cast<char*>(memory) - alignment);
    *header->link = header->next;
    if (header->next != nullptr) header->next->link = header->link;
    give_back(header);
}

void convt_guard_release_kept() {
    free_kept(nullptr);
}

}  // extern "C"
