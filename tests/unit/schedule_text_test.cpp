// SPDX-License-Identifier: Apache-2.0
// The schedule as a value and its text.
#include "convt/schedule.h"
#include "tests/support/require_value.h"

#include <catch2/catch_test_macros.hpp>

namespace convt::test {

TEST_CASE("schedule: knobs keep their order, a value set again its place") {
    Schedule schedule;
    CHECK(schedule.text().empty());
    schedule.set("tx", 2);
    schedule.set("tc", 8);
    schedule.set("tx", 4);
    CHECK(schedule.text() == "tx=4,tc=8");
    CHECK(schedule.get("tc") == 8);
    CHECK(schedule.get("order") == 0);
    CHECK(schedule.has("tx"));
    CHECK_FALSE(schedule.has("order"));
    CHECK(require_value(Schedule::parse("tx=4,tc=8")) == schedule);
    CHECK(require_value(Schedule::parse("")) == Schedule());
    CHECK(require_value(Schedule::parse("vec_2=0,x=2147483647")).text() == "vec_2=0,x=2147483647");
}

}  // namespace convt::test
