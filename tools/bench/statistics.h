// SPDX-License-Identifier: Apache-2.0
// The few numbers that stand for many.
#pragma once

#include <vector>

namespace convt::cli {

// 0 for no values; the mean of the middle two for an even number.
double median(std::vector<double> values);
// Of positive values; 0 for none.
double geometric_mean(const std::vector<double>& values);

}  // namespace convt::cli
