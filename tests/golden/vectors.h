// SPDX-License-Identifier: Apache-2.0
// Recorded vectors: the lines of tests/golden/<framework>.tsv as record.py writes them.
#pragma once

#include "convt/frameworks.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace convt::test {

// What a framework was asked for: words of the form key=value.
class Arguments {
  public:
    explicit Arguments(const std::string& text);
    std::string word(const std::string& key) const;                // empty where it is not given
    std::vector<std::int64_t> list(const std::string& key) const;  // likewise
    std::int64_t number(const std::string& key) const;             // throws where it is not given
    std::vector<Padding> pairs(const std::string& key) const;

  private:
    std::map<std::string, std::string> words_;
};

struct Vector {
    std::string name;
    std::string text;                 // the arguments
    std::vector<std::int64_t> shape;  // of y, as the framework lays it out
    std::vector<double> y;
};

// In the file's order. A file that does not read throws.
std::vector<Vector> read_vectors(const std::string& framework);

// The problem that the function of `framework` makes of the arguments.
Result<FrameworkLayer> layer_of(const std::string& framework, const std::string& arguments);

// The integers that record.py makes for tensor x, w or b (seeds 1, 2, 3).
std::vector<double> recorded_tensor(std::uint32_t seed, std::size_t elements);

}  // namespace convt::test
