// SPDX-License-Identifier: Apache-2.0
// The table of error codes: one row a code, with its name and what a tool that ends on it returns.
#include "convt/status.h"

#include <array>

namespace convt {
namespace {

struct CodeRow {
    Code code;
    std::string_view name;
    int exit_code;
};

constexpr std::array<CodeRow, 15> rows = {{
    {Code::ok, "ok", 0},
    {Code::invalid_problem, "invalid_problem", 2},
    {Code::invalid_argument, "invalid_argument", 2},
    {Code::unsupported, "unsupported", 3},
    {Code::unknown_target, "unknown_target", 2},
    {Code::missing_feature, "missing_feature", 3},
    {Code::io_error, "io_error", 4},
    {Code::corrupt, "corrupt", 4},
    {Code::compile_failed, "compile_failed", 3},
    {Code::wrong_result, "wrong_result", 1},
    {Code::timed_out, "timed_out", 3},
    {Code::out_of_memory, "out_of_memory", 3},
    {Code::no_device, "no_device", 3},
    {Code::interrupted, "interrupted", 130},
    {Code::internal, "internal", 1},
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (static_cast<std::size_t>(rows[i].code) != i) return false;
    }
    return static_cast<std::size_t>(Code::internal) + 1 == rows.size();
}
static_assert(in_order(), "one row per code, in the order of the enumeration");

const CodeRow& row_of(Code code) noexcept {
    const auto index = static_cast<std::size_t>(code);
    return index < rows.size() ? rows[index] : rows.back();
}

}  // namespace

std::string_view code_name(Code code) noexcept {
    return row_of(code).name;
}
int exit_code(Code code) noexcept {
    return row_of(code).exit_code;
}

}  // namespace convt
