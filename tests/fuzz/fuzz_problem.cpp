// SPDX-License-Identifier: Apache-2.0
// Problem text, problem files, targets and schedules: whatever the bytes, reading them ends with a value whose text
// reads back to it, or with a reason.
#include "convt/schedule.h"
#include "convt/target.h"

#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

// True where `text` could be read.
template <typename Value>
bool reads_back(std::string_view text) {
    const convt::Result<Value> value = Value::parse(text);
    if (!value.ok()) {
        require(!value.status().message().empty() && value.status().message().size() < 2000);
        return false;
    }
    const std::string canonical = value.value().text();
    const convt::Result<Value> again = Value::parse(canonical);
    require(again.ok() && again.value() == value.value() && again.value().text() == canonical);
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (reads_back<convt::Problem>(text)) {
        const convt::Problem problem = convt::Problem::parse(text).value();
        require(problem.validate().ok() && problem.multiply_adds() > 0);
        for (const auto& shape : {problem.input_shape(), problem.output_shape(), problem.weight_shape()}) {
            for (const std::int64_t extent : shape)
                require(extent > 0);
        }
    }
    reads_back<convt::Target>(text);
    reads_back<convt::Schedule>(text);
    if (const auto file = convt::parse_problem_file(text); !file.ok()) require(!file.status().message().empty());
    return 0;
}
