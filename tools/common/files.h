// SPDX-License-Identifier: Apache-2.0
// Files of the tools, read and written whole. Every failure is Code::io_error with the path and the system's reason.
#pragma once

#include "convt/status.h"

#include <string>
#include <string_view>

namespace convt::cli {

// "PATH: WHAT: reason", the reason from errno.
Status file_error(const std::string& path, const std::string& what);

Result<std::string> read_file(const std::string& path);

// The file appears whole or not at all: written beside its place, synced, renamed. A device or pipe is written where it
// is.
Status write_file(const std::string& path, std::string_view bytes);

}  // namespace convt::cli
