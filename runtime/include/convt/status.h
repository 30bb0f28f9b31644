// SPDX-License-Identifier: Apache-2.0
// What every fallible call of convt returns. The library never prints, aborts or throws across its interface: a failure
// is a code from one table and a message that names the field, the value it had and the rule it broke.
#pragma once

#include "convt/export.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace convt {

// One row per way to fail; `code_name` gives the name, `exit_code` what the tools return for it (contract: 1 wrong
// result, 2 bad usage or problem, 3 cannot be done here, 4 input or output failed, 130 interrupted).
enum class Code {
    ok,
    invalid_problem,   // a problem's text or values break a rule
    invalid_argument,  // a tensor, option or file given by the caller does not fit
    unsupported,       // known, but not built
    unknown_target,    // no such target or feature
    missing_feature,   // this CPU lacks an instruction set that the kernel needs
    io_error,          // a system call on a file failed
    corrupt,           // bytes that are not what their header says
    compile_failed,    // the compiler reported an error, crashed or broke a limit
    wrong_result,      // a kernel did not pass its admission check
    timed_out,         // a limit on time was reached
    out_of_memory,     // an allocation failed or a limit on memory was reached
    no_device,         // no GPU that the kernel can run on: none, no driver, one too old
    interrupted,       // the caller or a signal stopped it
    internal,          // a bug of convt's own
};

CONVT_API std::string_view code_name(Code code) noexcept;
CONVT_API int exit_code(Code code) noexcept;

class [[nodiscard]] Status {
  public:
    Status() noexcept = default;
    Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

    bool ok() const noexcept { return code_ == Code::ok; }
    Code code() const noexcept { return code_; }
    const std::string& message() const noexcept { return message_; }

  private:
    Code code_ = Code::ok;
    std::string message_;
};

// A value or the status that says why there is none. `value()` may be called only when `ok()`.
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}
    Result(Status status) : status_(std::move(status)) {
        if (status_.ok()) status_ = Status(Code::internal, "a result was made from a status that is ok");
    }
    Result(Code code, std::string message) : Result(Status(code, std::move(message))) {}

    bool ok() const noexcept { return value_.has_value(); }
    const Status& status() const noexcept { return status_; }
    T& value() & noexcept { return *value_; }
    const T& value() const& noexcept { return *value_; }
    T&& value() && noexcept { return std::move(*value_); }

  private:
    std::optional<T> value_;
    Status status_;
};

}  // namespace convt
