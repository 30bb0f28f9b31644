// SPDX-License-Identifier: Apache-2.0
// Apart from the parser, which touches no file.
#include "tools/common/files.h"
#include "tools/common/npy.h"

namespace convt::cli {

Result<Array> read_npy(const std::string& path) {
    const Result<std::string> bytes = read_file(path);
    if (!bytes.ok()) return bytes.status();
    Result<Array> array = parse_npy(bytes.value());
    if (!array.ok()) return Status(array.status().code(), path + ": " + array.status().message());
    return array;
}

}  // namespace convt::cli
