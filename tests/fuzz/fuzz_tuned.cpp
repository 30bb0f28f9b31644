// SPDX-License-Identifier: Apache-2.0
// Tuned tables: whatever the bytes, reading them ends with a table whose text reads back to the same rows and bytes, or
// with a reason that names a line.
#include "convt/tuned.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using convt::TunedTable;
    const auto table = TunedTable::parse({reinterpret_cast<const char*>(data), size});
    if (!table.ok()) {
        if (table.status().message().find("line ") == std::string::npos) std::abort();
        return 0;
    }
    const std::string text = table.value().text();
    const auto again = TunedTable::parse(text);
    if (!again.ok() || again.value().rows() != table.value().rows() || again.value().text() != text) std::abort();
    for (const convt::TunedRow& row : table.value().rows()) {
        bool found = false;
        for (const convt::TunedRow& one : table.value().find(row.problem, row.machine))
            found = found || one == row;
        if (!found) std::abort();
    }
    return 0;
}
