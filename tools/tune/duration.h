// SPDX-License-Identifier: Apache-2.0
// A budget of time as people write it: 500ms, 5s, 2m, 1h.
#pragma once

#include "convt/status.h"

#include <string_view>

namespace convt::tune {

// In seconds; above 0, at most 1000 hours. Code::invalid_argument names the text and the grammar.
Result<double> parse_duration(std::string_view text);

}  // namespace convt::tune
