// SPDX-License-Identifier: Apache-2.0
// Accesses of a warp, lane by lane: within an allocation, aligned, of bytes that were written, and not against another
// thread.
//
// Of device memory, what is found is a byte that two threads of a launch write, or one writes and another then reads,
// unless they are of one block and a barrier lies between. A byte that is read first and written later by another
// thread is not found: that would take a record of readers as large as every input.
#include "tests/support/ptx/block.h"

#include <fmt/format.h>

namespace convt::ptx {
namespace {

bool has(Mask lanes, unsigned lane) {
    return (lanes >> lane & 1U) != 0;
}

// All of `bytes` flags are 1; bytes is a power of two up to 16.
bool all_set(const std::uint8_t* flags, unsigned bytes) {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    std::uint64_t low = ones;
    std::uint64_t high = ones;
    std::memcpy(&low, flags, bytes < 8 ? bytes : 8);
    if (bytes == 16) std::memcpy(&high, flags + 8, 8);
    return low == ones && high == ones;
}

std::string bytes_text(unsigned bytes) {
    return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s");
}

std::string nowhere(std::uint64_t address, const Allocation* before) {
    if (before == nullptr) return "there is no allocation before";
    return fmt::format("{} bytes behind the start of an allocation of {}", address - before->address(),
                       before->bytes());
}

}  // namespace

void Block::resolve(Warp& warp, const Operation& operation, Mask lanes, AccessKind kind, Places& places) {
    Request request{warp, operation, kind, operation.elements * bytes_of(operation.type), {}, places};
    const std::byte* base = warp.at(operation.address);
    const auto offset = static_cast<std::uint64_t>(operation.offset);
    if (operation.wide_address) {
        for (unsigned i = 0; i < warp_lanes; ++i)
            request.addresses[i] = get_lane<std::uint64_t>(base, i) + offset;
    } else {
        for (unsigned i = 0; i < warp_lanes; ++i)
            request.addresses[i] = get_lane<std::uint32_t>(base, i) + offset;
    }
    places.fill(kind == AccessKind::load ? nothing_.data() : sink_.data());
    lanes = aligned(request, lanes);
    switch (operation.space) {
        case Space::global:
        case Space::constant:
            return resolve_global(request, lanes);
        case Space::shared:
            return resolve_shared(request, lanes);
        case Space::local:
            return resolve_local(request, lanes);
        case Space::param:
            return resolve_param(request, lanes);
        case Space::generic:
            return resolve_generic(request, lanes);
    }
}

Mask Block::aligned(Request& request, Mask lanes) {
    std::uint64_t low = 0;
    for (unsigned i = 0; i < warp_lanes; ++i)
        low |= has(lanes, i) ? request.addresses[i] : 0;
    if ((low & (request.bytes - 1)) == 0) return lanes;
    for (unsigned i = 0; i < warp_lanes; ++i) {
        if (!has(lanes, i) || (request.addresses[i] & (request.bytes - 1)) == 0) continue;
        report(request.warp, request.operation, FindingKind::misaligned, i, request.addresses[i],
               [&] { return fmt::format("not a multiple of {}", bytes_text(request.bytes)); });
        lanes &= ~(Mask{1} << i);
    }
    return lanes;
}

void Block::resolve_global(Request& request, Mask lanes) {
    const Operation& operation = request.operation;
    Allocation*& hint = state_.hints[operation.index];
    for (unsigned i = 0; i < warp_lanes; ++i) {
        if (!has(lanes, i)) continue;
        const std::uint64_t address = request.addresses[i];
        if (hint == nullptr || !hint->holds(address, request.bytes)) hint = state_.memory.find(address);
        if (hint != nullptr && hint->holds(address, request.bytes)) {
            resolve_global_lane(request, i, *hint);
            continue;
        }
        report(request.warp, operation, FindingKind::out_of_bounds, i, address, [&] {
            return fmt::format("{} in no allocation; {}", bytes_text(request.bytes), nowhere(address, hint));
        });
        hint = nullptr;
    }
    const Traffic traffic = sectors_of(request.addresses, lanes, request.bytes);
    Traffic& total = state_.executed[operation.index].global;
    if (lanes == 0 || operation.space == Space::constant) return;
    total.requests += traffic.requests;
    total.taken += traffic.taken;
    total.fewest += traffic.fewest;
}

void Block::resolve_global_lane(Request& request, unsigned lane, Allocation& allocation) {
    const std::uint64_t address = request.addresses[lane];
    std::uint8_t* written = allocation.written(address);
    if (request.kind != AccessKind::load && allocation.constant) {
        return report(request.warp, request.operation, FindingKind::read_only, lane, address,
                      [&] { return std::string("this is constant memory"); });
    }
    if (request.kind != AccessKind::store && !all_set(written, request.bytes)) {
        report(request.warp, request.operation, FindingKind::uninitialised, lane, address, [&] {
            return fmt::format("{} at offset {} of {} that nobody wrote", bytes_text(request.bytes),
                               address - allocation.address(), allocation.bytes());
        });
    }
    if (request.kind == AccessKind::store) {
        if (!allocation.written_in(state_.number)) allocation.begin_writes(state_.number, program_.global_granule);
        std::memset(written, 1, request.bytes);
    }
    if (request.kind != AccessKind::atomic && allocation.written_in(state_.number))
        order_global(request, lane, allocation);
    request.places[lane] = allocation.data(address);
}

void Block::order_global(Request& request, unsigned lane, Allocation& allocation) {
    const std::uint64_t address = request.addresses[lane];
    const std::uint64_t me = first_thread_ + request.warp.index * warp_lanes + lane;
    Writer* writer = allocation.writers(address);
    for (unsigned at = 0; at < request.bytes; at += program_.global_granule, ++writer) {
        const bool same_block = writer->thread >= first_thread_ && writer->thread - first_thread_ < threads_.count();
        const bool ordered = writer->thread == me || (same_block && writer->epoch < epoch_);
        if (writer->launch == state_.number && !ordered) {
            const Dim3 block = state_.launch.grid.place(writer->thread / threads_.count());
            const Dim3 other = threads_.place(writer->thread % threads_.count());
            report(request.warp, request.operation, FindingKind::race, lane, address + at, [&] {
                return fmt::format("block {} thread {} wrote it in the same launch, in no order", block.text(),
                                   other.text());
            });
        }
        if (request.kind == AccessKind::store) *writer = {me, state_.number, epoch_};
    }
}

// Reports where the access leaves `bytes` of a space that is counted from 0.
bool Block::inside(Request& request, unsigned lane, std::uint64_t bytes, const char* what) {
    const std::uint64_t address = request.addresses[lane];
    if (address <= bytes && bytes - address >= request.bytes) return true;
    report(request.warp, request.operation, FindingKind::out_of_bounds, lane, address,
           [&] { return fmt::format("{} outside of {} bytes of {}", bytes_text(request.bytes), bytes, what); });
    return false;
}

void Block::resolve_shared(Request& request, Mask lanes) {
    for (unsigned i = 0; i < warp_lanes; ++i) {
        if (!has(lanes, i) || !inside(request, i, shared_.bytes(), "shared memory")) continue;
        const std::uint64_t address = request.addresses[i];
        const unsigned thread_index = request.warp.index * warp_lanes + i;
        HazardFound found;
        if (request.kind == AccessKind::load) found = shared_.load(address, request.bytes, thread_index);
        if (request.kind == AccessKind::store) found = shared_.store(address, request.bytes, thread_index);
        if (found.hazard == Hazard::uninitialised) {
            report(request.warp, request.operation, FindingKind::uninitialised, i, address,
                   [&] { return std::string("shared memory that nobody wrote"); });
        } else if (found.hazard == Hazard::race) {
            const bool several = found.other == SharedMemory::several;
            report(request.warp, request.operation, FindingKind::race, i, address, [&] {
                return fmt::format(
                    "{} used it since the last barrier",
                    several ? "several threads" : fmt::format("thread {}", threads_.place(found.other).text()));
            });
        }
        request.places[i] = shared_.data(address);
    }
    if (lanes == 0) return;
    const Traffic traffic = wavefronts_of(request.addresses, lanes, request.bytes);
    Traffic& total = state_.executed[request.operation.index].shared;
    total.requests += traffic.requests;
    total.taken += traffic.taken;
    total.fewest += traffic.fewest;
}

void Block::resolve_local(Request& request, Mask lanes) {
    for (unsigned i = 0; i < warp_lanes; ++i) {
        if (!has(lanes, i) || !inside(request, i, program_.local_bytes, "local memory")) continue;
        const std::uint64_t thread_index = request.warp.index * warp_lanes + i;
        const std::uint64_t at = thread_index * program_.local_bytes + request.addresses[i];
        for (unsigned byte = 0; byte < request.bytes; ++byte) {
            std::uint8_t& written = local_written_[at + byte];
            if (request.kind == AccessKind::store) written = stamp_;
            if (written == stamp_) continue;
            report(request.warp, request.operation, FindingKind::uninitialised, i, request.addresses[i],
                   [&] { return std::string("local memory that the thread did not write"); });
            break;
        }
        request.places[i] = local_.data() + at;
    }
}

void Block::resolve_param(Request& request, Mask lanes) {
    for (unsigned i = 0; i < warp_lanes; ++i) {
        if (!has(lanes, i) || !inside(request, i, params_.size(), "parameters")) continue;
        request.places[i] = params_.data() + request.addresses[i];
    }
}

void Block::resolve_generic(Request& request, Mask lanes) {
    Mask shared = 0;
    Mask local = 0;
    Mask param = 0;
    for (unsigned i = 0; i < warp_lanes; ++i) {
        std::uint64_t& address = request.addresses[i];
        const auto in = [&](std::uint64_t window) { return address >= window && address - window < window_bytes; };
        const Mask bit = Mask{has(lanes, i)} << i;
        if (in(shared_window)) {
            shared |= bit;
            address -= shared_window;
        } else if (in(local_window)) {
            local |= bit;
            address -= local_window;
        } else if (in(param_window)) {
            param |= bit;
            address -= param_window;
        }
    }
    if (const Mask global = lanes & ~(shared | local | param); global != 0) resolve_global(request, global);
    if (shared != 0) resolve_shared(request, shared);
    if (local != 0) resolve_local(request, local);
    if (param != 0) resolve_param(request, param);
}

}  // namespace convt::ptx
