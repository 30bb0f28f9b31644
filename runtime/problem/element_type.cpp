// SPDX-License-Identifier: Apache-2.0
// The table of element types. A new one is one row here, one in the tests' table of tolerances, and its cases.
#include "convt/problem.h"

namespace convt {
namespace {

// IEEE 754-2019, table 3.5: binary32 has 24 significand bits, binary64 has 53.
constexpr std::array<ElementTypeInfo, 4> rows = {{
    {ElementType::f32, "f32", 1, 4, 24},
    {ElementType::f64, "f64", 1, 8, 53},
    {ElementType::c64, "c64", 2, 4, 24},
    {ElementType::c128, "c128", 2, 8, 53},
}};

}  // namespace

const std::array<ElementTypeInfo, 4>& element_types() noexcept {
    return rows;
}

const ElementTypeInfo& element_type_info(ElementType type) noexcept {
    const auto index = static_cast<std::size_t>(type);
    return index < rows.size() ? rows[index] : rows[0];
}

}  // namespace convt
