// SPDX-License-Identifier: Apache-2.0
// A kernel ready to run: operations in the order of the text, the layout of a warp's frame, and what a launch must
// provide.
#pragma once

#include "tests/support/ptx/syntax.h"
#include "tests/support/ptx/warp.h"

#include <map>
#include <string>
#include <vector>

namespace convt::ptx {

// Slots at the head of every frame. Special registers are ordinary ones that the launch fills in.
enum FixedSlot : Slot {
    slot_tid_x,
    slot_tid_y,
    slot_tid_z,
    slot_ntid_x,
    slot_ntid_y,
    slot_ntid_z,
    slot_ctaid_x,
    slot_ctaid_y,
    slot_ctaid_z,
    slot_nctaid_x,
    slot_nctaid_y,
    slot_nctaid_z,
    slot_laneid,
    slot_warpid,
    slot_nwarpid,
    slot_lanemask_eq,
    slot_lanemask_le,
    slot_lanemask_lt,
    slot_lanemask_ge,
    slot_lanemask_gt,
    slot_zero,
    slot_carry,
    slot_sink,  // of two blocks
    slot_first_free = slot_sink + 2
};
constexpr std::string_view special_names[] = {
    "%tid.x",   "%tid.y",       "%tid.z",       "%ntid.x",      "%ntid.y",      "%ntid.z",     "%ctaid.x",
    "%ctaid.y", "%ctaid.z",     "%nctaid.x",    "%nctaid.y",    "%nctaid.z",    "%laneid",     "%warpid",
    "%nwarpid", "%lanemask_eq", "%lanemask_le", "%lanemask_lt", "%lanemask_ge", "%lanemask_gt"};

struct Constant {
    Slot slot;
    std::uint64_t bits;
    bool wide;
};

struct ParamPlace {
    std::uint64_t offset;
    std::uint64_t bytes;
};

struct Program {
    std::string name;
    std::vector<Operation> operations;
    std::vector<std::string> names;  // of operations, as written; empty for what decoding added
    std::vector<Constant> constants;
    Slot frame_slots = slot_first_free;
    std::vector<ParamPlace> params;
    std::uint64_t param_bytes = 0;
    std::uint64_t shared_bytes = 0;  // what the launch adds lies behind
    std::uint64_t local_bytes = 0;   // a thread
    unsigned shared_granule = 16;    // the smallest access
    unsigned global_granule = 16;
    std::map<std::string, std::vector<int>> limits;
};

// Throws Error: an instruction that is not known here, by its name and line. `addresses`: of the module's variables.
Program decode(const Module& module, const Function& function, const std::map<std::string, std::uint64_t>& addresses);

// Sets target and meet of branches: where the ways of each meet again is its immediate post-dominator.
void find_meeting_points(Program& program);

}  // namespace convt::ptx
