// SPDX-License-Identifier: Apache-2.0
// The value of a result that a test needs; the test ends with the status's message where there is none.
#pragma once

#include "convt/status.h"

#include <catch2/catch_test_macros.hpp>

#include <utility>

namespace convt::test {

template <typename T>
T require_value(Result<T> result) {
    INFO(result.status().message());
    REQUIRE(result.ok());
    return std::move(result).value();
}

}  // namespace convt::test
