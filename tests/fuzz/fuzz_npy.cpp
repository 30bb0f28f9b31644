// SPDX-License-Identifier: Apache-2.0
// .npy files: whatever the bytes, an array that is read has exactly the data its shape takes, and comes back from its
// own file.
#include "tools/common/npy.h"

#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto array = convt::cli::parse_npy({reinterpret_cast<const char*>(data), size});
    if (!array.ok()) {
        require(!array.status().message().empty());
        return 0;
    }
    const auto& [type, shape, bytes] = array.value();
    auto expected = static_cast<std::int64_t>(convt::element_type_info(type).bytes());
    for (const std::int64_t extent : shape)
        expected *= extent;
    require(expected == static_cast<std::int64_t>(bytes.size()) && bytes.size() <= size);
    const auto again = convt::cli::parse_npy(convt::cli::format_npy(type, shape, bytes));
    require(again.ok() && again.value().type == type && again.value().shape == shape && again.value().data == bytes);
    return 0;
}
