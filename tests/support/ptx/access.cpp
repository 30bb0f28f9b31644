// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/access.h"

#include "tests/support/ptx/block.h"

#include <algorithm>

namespace convt::ptx {
namespace {

// Element `element` of every lane, T as it lies in memory, into a register of type R.
template <typename T, typename R>
void load_element(Warp& warp, Slot slot, Mask lanes, const Places& places, unsigned element) {
    R values[warp_lanes];
    for (unsigned i = 0; i < warp_lanes; ++i) {
        T value;
        std::memcpy(&value, places[i] + element * sizeof(T), sizeof(T));
        values[i] = static_cast<R>(value);
    }
    put_lanes(warp, slot, lanes, values);
}
template <typename T>
void load_elements(Warp& warp, const Operation& operation, Mask lanes, const Places& places) {
    using Narrow = std::conditional_t<std::is_signed_v<T>, std::int32_t, std::uint32_t>;
    using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    for (unsigned element = 0; element < operation.elements; ++element) {
        const Slot slot = operation.d[element];
        if (operation.wide_value) {
            load_element<T, Wide>(warp, slot, lanes, places, element);
        } else {
            load_element<T, Narrow>(warp, slot, lanes, places, element);
        }
    }
}

template <typename T>
void store_elements(Warp& warp, const Operation& operation, Mask lanes, const Places& places) {
    for (unsigned element = 0; element < operation.elements; ++element) {
        const std::byte* from = warp.at(operation.s[element]);
        for (unsigned i = 0; i < warp_lanes; ++i) {
            if ((lanes >> i & 1U) == 0) continue;
            const T value = get_lane<T>(from, i);
            std::memcpy(places[i] + element * sizeof(T), &value, sizeof(T));
        }
    }
}

template <typename T>
T combine(std::uint32_t kind, T old, T with, T other) {
    switch (kind) {
        case 0:
            if constexpr (std::is_floating_point_v<T>) {
                return old + with;
            } else {
                return static_cast<T>(static_cast<std::make_unsigned_t<T>>(old) +
                                      static_cast<std::make_unsigned_t<T>>(with));
            }
        case 1:
            return std::min(old, with);
        case 2:
            return std::max(old, with);
        case 6:
            return with;
        case atomic_cas:
            return old == with ? other : old;
        default:
            break;
    }
    if constexpr (std::is_integral_v<T>) {
        if (kind == 3) return static_cast<T>(old & with);
        if (kind == 4) return static_cast<T>(old | with);
        return static_cast<T>(old ^ with);
    } else {
        return old;
    }
}
// One lane after the other: an order that hardware may choose.
template <typename T>
void combine_lanes(Warp& warp, const Operation& operation, Mask lanes, const Places& places) {
    T before[warp_lanes] = {};
    for (unsigned i = 0; i < warp_lanes; ++i) {
        if ((lanes >> i & 1U) == 0) continue;
        std::memcpy(&before[i], places[i], sizeof(T));
        const T other = operation.aux == atomic_cas ? get_lane<T>(warp.at(operation.s[1]), i) : T{};
        const T after = combine(operation.aux, before[i], get_lane<T>(warp.at(operation.s[0]), i), other);
        std::memcpy(places[i], &after, sizeof(T));
    }
    put_lanes(warp, operation.d[0], lanes, before);
}

}  // namespace

void run_load(Warp& warp, const Operation& operation, Mask lanes) {
    Places places;
    warp.block->resolve(warp, operation, lanes, AccessKind::load, places);
    if (operation.type == Type::s8) return load_elements<std::int8_t>(warp, operation, lanes, places);
    if (operation.type == Type::s16) return load_elements<std::int16_t>(warp, operation, lanes, places);
    if (operation.type == Type::s32) return load_elements<std::int32_t>(warp, operation, lanes, places);
    switch (bytes_of(operation.type)) {
        case 1:
            return load_elements<std::uint8_t>(warp, operation, lanes, places);
        case 2:
            return load_elements<std::uint16_t>(warp, operation, lanes, places);
        case 4:
            return load_elements<std::uint32_t>(warp, operation, lanes, places);
        default:
            return load_elements<std::uint64_t>(warp, operation, lanes, places);
    }
}

void run_store(Warp& warp, const Operation& operation, Mask lanes) {
    Places places;
    warp.block->resolve(warp, operation, lanes, AccessKind::store, places);
    switch (bytes_of(operation.type)) {
        case 1:
            return store_elements<std::uint8_t>(warp, operation, lanes, places);
        case 2:
            return store_elements<std::uint16_t>(warp, operation, lanes, places);
        case 4:
            return store_elements<std::uint32_t>(warp, operation, lanes, places);
        default:
            return store_elements<std::uint64_t>(warp, operation, lanes, places);
    }
}

void run_atomic(Warp& warp, const Operation& operation, Mask lanes) {
    Places places;
    warp.block->resolve(warp, operation, lanes, AccessKind::atomic, places);
    switch (operation.type) {
        case Type::f32:
            return combine_lanes<float>(warp, operation, lanes, places);
        case Type::f64:
            return combine_lanes<double>(warp, operation, lanes, places);
        case Type::s32:
            return combine_lanes<std::int32_t>(warp, operation, lanes, places);
        case Type::s64:
            return combine_lanes<std::int64_t>(warp, operation, lanes, places);
        case Type::u64:
            return combine_lanes<std::uint64_t>(warp, operation, lanes, places);
        default:
            return combine_lanes<std::uint32_t>(warp, operation, lanes, places);
    }
}

}  // namespace convt::ptx
