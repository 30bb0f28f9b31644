// SPDX-License-Identifier: Apache-2.0
// Sectors and wavefronts with known answers, and counts of instructions.
#include "tests/ptx/device.h"
#include "tests/ptx/programs.h"
#include "tests/support/ptx/requests.h"

#include <catch2/catch_test_macros.hpp>

namespace convt::ptx {
namespace {

// One warp; thread i accesses bytes i * stride and on, in device and in shared memory.
Counts counts_at(const std::string& program, std::uint64_t stride) {
    Device device(program_text(program));
    const std::uint64_t a = device.upload(std::vector<std::uint32_t>(8192, 1));
    const Report report = device.run("test", {1, 1, 1}, {32, 1, 1}, {a, stride});
    // A stride of 0 is a race, which is not the question here.
    INFO(report.text());
    CHECK((stride == 0 || report.findings.empty()));
    return report.counts;
}

}  // namespace

TEST_CASE("sectors of 32 bytes a request of a warp touches") {
    struct Row {
        const char* program;
        std::uint64_t stride, taken, fewest;
    };
    for (const Row& row : {Row{"stride_4", 4, 4, 4}, Row{"stride_4", 8, 8, 4}, Row{"stride_4", 128, 32, 4},
                           Row{"stride_4", 0, 1, 1}, Row{"stride_8", 8, 8, 8}, Row{"stride_8", 32, 32, 8},
                           Row{"stride_16", 16, 16, 16}, Row{"stride_16", 0, 1, 1}, Row{"stride_16", 64, 32, 16}}) {
        INFO(row.program << " at " << row.stride);
        const Counts counts = counts_at(row.program, row.stride);
        CHECK(counts.global_loads.requests == 1);
        CHECK(counts.global_loads.taken == row.taken);
        CHECK(counts.global_loads.fewest == row.fewest);
    }
}

TEST_CASE("sectors: a request that begins within one touches one more, out of order or not") {
    Addresses addresses;
    for (unsigned i = 0; i < 32; ++i)
        addresses[i] = 0x1004 + 4 * std::uint64_t{31 - i};
    const Traffic shifted = sectors_of(addresses, all_lanes, 4);
    CHECK(shifted.taken == 5);
    CHECK(shifted.fewest == 4);
    CHECK(sectors_of(addresses, 0x1U, 4).taken == 1);
}

TEST_CASE("wavefronts of shared memory: 32 banks of 4 bytes, halves of a warp at 8 bytes a lane, quarters at 16") {
    struct Row {
        const char* program;
        std::uint64_t stride, taken, fewest;
    };
    for (const Row& row :
         {Row{"stride_4", 4, 1, 1}, Row{"stride_4", 8, 2, 1}, Row{"stride_4", 128, 32, 1}, Row{"stride_4", 0, 1, 1},
          Row{"stride_8", 8, 2, 2}, Row{"stride_8", 16, 4, 2}, Row{"stride_8", 128, 32, 2}, Row{"stride_16", 16, 4, 4},
          Row{"stride_16", 32, 8, 4}, Row{"stride_16", 128, 32, 4}}) {
        INFO(row.program << " at " << row.stride);
        const Counts counts = counts_at(row.program, row.stride);
        CHECK(counts.shared_loads.requests == 1);
        CHECK(counts.shared_loads.taken == row.taken);
        CHECK(counts.shared_loads.fewest == row.fewest);
        CHECK(counts.shared_stores.taken == row.taken);
    }
    // A column of a tile whose rows are padded by a word.
    Addresses padded;
    for (unsigned i = 0; i < 32; ++i)
        padded[i] = 132ULL * i;
    CHECK(wavefronts_of(padded, all_lanes, 4).taken == 1);
}

TEST_CASE("instructions are counted by name and by thread") {
    Device device(program_text("traps"));
    const Counts counts = device.run("test", {2, 1, 1}, {40, 1, 1}, {0, device.allocate(4 * 80)}).counts;
    CHECK(counts.blocks == 2);
    CHECK(counts.by_name.at("ld.param.u64") == 160);
    CHECK(counts.by_name.at("trap") == 2);
    CHECK(counts.by_name.at("st.global.u32") == 78);
    CHECK(counts.fma_share() == 0);
}

}  // namespace convt::ptx
