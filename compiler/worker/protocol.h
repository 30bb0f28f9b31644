// SPDX-License-Identifier: Apache-2.0
// How convt-cc says why it failed: `convt-cc: <code>: <message>` on standard error, the message to the end of the
// stream, and the exit code that belongs to the code. Tools print `<tool>: <message>`, so the worker has only to put
// the code's name in front of the message.
#pragma once

#include "convt/status.h"

#include <optional>
#include <string>
#include <string_view>

namespace convt::protocol {

inline constexpr std::string_view worker_name = "convt-cc";

// The status as the worker hands it to its command line.
inline Status encode_failure(const Status& status) {
    if (status.ok()) return status;
    return {status.code(), std::string(code_name(status.code())) + ": " + status.message()};
}

// The status that a worker with this standard error and exit code has reported; none where it reported none.
inline std::optional<Status> decode_failure(std::string_view errors, int exit) {
    for (std::size_t at = 0; at < errors.size(); at = errors.find('\n', at) + 1) {
        for (int i = static_cast<int>(Code::ok) + 1; i <= static_cast<int>(Code::internal); ++i) {
            const Code code = static_cast<Code>(i);
            const std::string head = std::string(worker_name) + ": " + std::string(code_name(code)) + ": ";
            if (!errors.substr(at).starts_with(head) || exit_code(code) != exit) continue;
            std::string_view message = errors.substr(at + head.size());
            if (message.ends_with('\n')) message.remove_suffix(1);
            return Status(code, std::string(message));
        }
        if (errors.find('\n', at) == std::string_view::npos) break;
    }
    return std::nullopt;
}

}  // namespace convt::protocol
