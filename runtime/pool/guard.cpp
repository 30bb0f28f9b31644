// SPDX-License-Identifier: Apache-2.0
// Frames of the bodies that a thread is in, each with a list of what was allocated in it. Kernels are plain machine
// code without unwind tables and destructors, so a jump over their frames loses nothing but memory, which the list
// gives back.
#include "runtime/pool/guard.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

namespace {

constexpr size_t alignment = 128;

// Stands before each block, in the space that alignment takes anyway.
struct Header {
    Header* next;
    Header** link;  // what points here
};
static_assert(sizeof(Header) <= alignment);

struct Frame {
    jmp_buf place;
    Header* blocks;
    Frame* outer;
};
__thread Frame* innermost = nullptr;

void release_all(Frame* frame) {
    while (frame->blocks != nullptr) {
        Header* const block = frame->blocks;
        frame->blocks = block->next;
        free(block);
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
    void* memory = nullptr;
    if (bytes <= SIZE_MAX / 2) memory = aligned_alloc(alignment, (bytes + 2 * alignment - 1) / alignment * alignment);
    if (memory == nullptr) convt_guard_leave(code);
    auto* const header = static_cast<Header*>(memory);
    header->next = innermost->blocks;
    header->link = &innermost->blocks;
    if (header->next != nullptr) header->next->link = &header->next;
    innermost->blocks = header;
    return static_cast<char*>(memory) + alignment;
}

void convt_guard_free(void* memory) {
    if (memory == nullptr) return;
    auto* const header = reinterpret_cast<Header*>(static_cast<char*>(memory) - alignment);
    *header->link = header->next;
    if (header->next != nullptr) header->next->link = header->link;
    free(header);
}

}  // extern "C"
