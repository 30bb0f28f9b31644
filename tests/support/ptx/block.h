// SPDX-License-Identifier: Apache-2.0
// One block of threads at a time: its warps take turns from barrier to barrier, in their order, so that every run is
// the same.
#pragma once

#include "tests/support/ptx/launch.h"
#include "tests/support/ptx/requests.h"
#include "tests/support/ptx/shared.h"

namespace convt::ptx {

enum class AccessKind : std::uint8_t { load, store, atomic };

// Where the lanes of one access find their bytes in the host's memory. Lanes that take no part, or may not, find a
// dummy.
using Places = std::array<std::byte*, warp_lanes>;

class Block {
  public:
    explicit Block(LaunchState& state);
    void run(const Dim3& place);

    // For operations on memory: checks the lanes' accesses, counts them, and finds their places.
    void resolve(Warp& warp, const Operation& operation, Mask lanes, AccessKind kind, Places& places);
    // A finding, in the words that describe() gives. They are made for the first of a kind and line alone: a wrong
    // kernel has millions.
    template <typename Describe>
    void report(const Warp& warp, const Operation& operation, FindingKind kind, unsigned lane, std::uint64_t address,
                const Describe& describe) {
        if (!state_.report.again(kind, operation.line)) add(warp, operation, kind, lane, address, describe());
    }

  private:
    struct Request {
        Warp& warp;
        const Operation& operation;
        AccessKind kind;
        unsigned bytes;
        Addresses addresses;
        Places& places;
    };
    // block.cpp
    void begin(Warp& warp);
    bool run_to_barrier(Warp& warp);
    void branch(Warp& warp, const Operation& operation, Mask lanes);
    void leave(Warp& warp, const Operation& operation, Mask lanes);
    void check_barrier(const Warp& warp, const Operation& operation, Mask lanes);
    void add(const Warp& warp, const Operation& operation, FindingKind kind, unsigned lane, std::uint64_t address,
             const std::string& what);
    Mask members(const Warp& warp) const;
    Dim3 thread(const Warp& warp, unsigned lane) const { return threads_.place(warp.index * warp_lanes + lane); }
    // block_memory.cpp
    void resolve_global(Request& request, Mask lanes);
    void resolve_global_lane(Request& request, unsigned lane, Allocation& allocation);
    void order_global(Request& request, unsigned lane, Allocation& allocation);
    void resolve_shared(Request& request, Mask lanes);
    void resolve_local(Request& request, Mask lanes);
    void resolve_param(Request& request, Mask lanes);
    void resolve_generic(Request& request, Mask lanes);
    Mask aligned(Request& request, Mask lanes);
    bool inside(Request& request, unsigned lane, std::uint64_t bytes, const char* what);

    LaunchState& state_;
    const Program& program_;
    Dim3 threads_;
    Dim3 place_;
    std::uint64_t first_thread_ = 0;  // of the block, counted over the grid
    std::uint32_t epoch_ = 0;         // barriers that the block has passed
    std::uint8_t stamp_ = 0;          // of local bytes that this block wrote
    SharedMemory shared_;
    std::vector<std::byte> local_;  // thread by thread
    std::vector<std::uint8_t> local_written_;
    std::vector<std::byte> params_;
    std::vector<Warp> warps_;
    std::vector<int> waits_at_;  // by warp: the line of the barrier, 0 where it is done
    alignas(16) std::array<std::byte, 16> nothing_{};
    alignas(16) std::array<std::byte, 16> sink_{};
};

}  // namespace convt::ptx
