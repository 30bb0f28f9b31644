// SPDX-License-Identifier: Apache-2.0
// Default schedules where something other than the tile is at stake.
#include "convt/machine.h"
#include "convt/schedule.h"
#include "tests/support/require_value.h"

#include <catch2/catch_test_macros.hpp>

namespace convt::test {
namespace {

Schedule on_reference(const char* strategy, const std::string& problem) {
    return default_schedule(strategy, require_value(Problem::parse(problem)), require_value(Target::parse("x86-64-v4")),
                            Machine::reference());
}

}  // namespace

TEST_CASE("default schedules: a long call leaves work for several threads, a short one keeps its rows together") {
    const Schedule large = on_reference("channel_lanes", "convt2d_f32_ci96_co48_i40x40_k3x3_s2x2_p3x3_op1x1_d3x3");
    CHECK(large.get("par") == 1);
    CHECK(large.get("yb") <= 10);
    const Schedule small = on_reference("channel_lanes", "convt2d_f32_ci8_co48_i40x40_k3x3_s2x2_p3x3_op1x1_d3x3");
    CHECK(small.get("yb") == 40);
}

TEST_CASE("default schedules: phases in lanes are blocks for threads like channels") {
    const Schedule istft = on_reference("winograd", "convt1d_f32_ci1026_co1_i224_k1024_s256");
    CHECK(istft.get("par") == 2);
}

}  // namespace convt::test
