// SPDX-License-Identifier: Apache-2.0
// What lanes of a warp tell each other: shfl.sync, vote.sync, activemask.
#include "tests/support/ptx/block.h"
#include "tests/support/ptx/lanewise.h"

#include <fmt/format.h>

namespace convt::ptx {
namespace {

enum class Shuffle : std::uint8_t { up, down, butterfly, index };
constexpr std::string_view shuffle_names[] = {"up", "down", "bfly", "idx"};

struct Partner {
    unsigned lane;
    bool inside;
};
// PTX ISA, shfl.sync: segments are given by the high part of c, the last lane that may be read by its low part.
Partner partner_of(Shuffle kind, unsigned lane, unsigned b, unsigned c) {
    const unsigned segment = c >> 8U & 31U;
    const unsigned clamp = c & 31U;
    const unsigned by = b & 31U;
    const unsigned last = (lane & segment) | (clamp & ~segment & 31U);
    unsigned from = lane;
    bool inside = false;
    switch (kind) {
        case Shuffle::up:
            inside = lane >= by + last;
            from = lane - by;
            break;
        case Shuffle::down:
            from = lane + by;
            inside = from <= last;
            break;
        case Shuffle::butterfly:
            from = lane ^ by;
            inside = from <= last;
            break;
        case Shuffle::index:
            from = (lane & segment) | (by & ~segment);
            inside = from <= last;
            break;
    }
    return inside ? Partner{from, true} : Partner{lane, false};
}

void run_shuffle(Warp& warp, const Operation& operation, Mask lanes) {
    std::uint32_t result[warp_lanes] = {};
    bool inside[warp_lanes] = {};
    for (unsigned i = 0; i < warp_lanes; ++i) {
        if ((lanes >> i & 1U) == 0) continue;
        const auto b = get_lane<std::uint32_t>(warp.at(operation.s[1]), i);
        const auto c = get_lane<std::uint32_t>(warp.at(operation.s[2]), i);
        const Partner partner = partner_of(static_cast<Shuffle>(operation.aux), i, b, c);
        if ((lanes >> partner.lane & 1U) == 0) {
            warp.block->report(warp, operation, FindingKind::inactive_lane, i, partner.lane,
                               [&] { return fmt::format("lane {} takes no part in this shuffle", partner.lane); });
        }
        result[i] = get_lane<std::uint32_t>(warp.at(operation.s[0]), partner.lane);
        inside[i] = partner.inside;
    }
    put_lanes(warp, operation.d[0], lanes, result);
    put_lanes(warp, operation.d[1], lanes, inside);
}

enum class Vote : std::uint8_t { all, any, uniform, ballot };
constexpr std::string_view vote_names[] = {"all", "any", "uni", "ballot"};

void run_vote(Warp& warp, const Operation& operation, Mask lanes) {
    const Mask yes = mask_of(warp, operation.s[0]) & lanes;
    const auto kind = static_cast<Vote>(operation.aux);
    if (kind == Vote::ballot) {
        std::uint32_t result[warp_lanes];
        for (std::uint32_t& value : result)
            value = yes;
        return put_lanes(warp, operation.d[0], lanes, result);
    }
    const bool decided = kind == Vote::any ? yes != 0 : kind == Vote::all ? yes == lanes : yes == 0 || yes == lanes;
    bool result[warp_lanes];
    for (bool& value : result)
        value = decided;
    put_lanes(warp, operation.d[0], lanes, result);
}

void run_active(Warp& warp, const Operation& operation, Mask lanes) {
    std::uint32_t result[warp_lanes];
    for (std::uint32_t& value : result)
        value = lanes;
    put_lanes(warp, operation.d[0], lanes, result);
}

Choice choose_shfl(Form& form) {
    const std::uint32_t kind = form.take_one_of(shuffle_names, 99);
    if (!form.take("sync") || kind == 99 || form.type() != Type::u32) return {};
    return {&run_shuffle, {Type::u32, Type::pred}, {Type::u32, Type::u32, Type::u32, Type::u32}, kind, false, false};
}
Choice choose_vote(Form& form) {
    const std::uint32_t kind = form.take_one_of(vote_names, 99);
    const Type type = form.take("sync") ? form.type() : Type::none;
    if (kind == 99 || type != (kind == 3 ? Type::u32 : Type::pred)) return {};
    return {&run_vote, {type}, {Type::pred, Type::u32}, kind, false, false};
}
Choice choose_activemask(Form& form) {
    if (form.type() != Type::u32) return {};
    return {&run_active, {Type::u32}, {}, 0, false, false};
}

}  // namespace

std::vector<Family> warp_families() {
    return {{"shfl", choose_shfl}, {"vote", choose_vote}, {"activemask", choose_activemask}};
}

}  // namespace convt::ptx
