// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/types.h"

namespace convt::ptx {
namespace {

struct TypeRow {
    Type type;
    std::string_view name;
    unsigned bytes;
    bool sign;
};
constexpr TypeRow type_rows[] = {
    {Type::pred, "pred", 1, false}, {Type::b8, "b8", 1, false},       {Type::u8, "u8", 1, false},
    {Type::s8, "s8", 1, true},      {Type::b16, "b16", 2, false},     {Type::u16, "u16", 2, false},
    {Type::s16, "s16", 2, true},    {Type::f16, "f16", 2, false},     {Type::bf16, "bf16", 2, false},
    {Type::b32, "b32", 4, false},   {Type::u32, "u32", 4, false},     {Type::s32, "s32", 4, true},
    {Type::f32, "f32", 4, false},   {Type::f16x2, "f16x2", 4, false}, {Type::b64, "b64", 8, false},
    {Type::u64, "u64", 8, false},   {Type::s64, "s64", 8, true},      {Type::f64, "f64", 8, false},
};

const TypeRow& row_of(Type type) {
    for (const TypeRow& row : type_rows) {
        if (row.type == type) return row;
    }
    throw Error(0, "a PTX operand without a type");
}

}  // namespace

std::optional<Type> type_named(std::string_view name) {
    for (const TypeRow& row : type_rows) {
        if (row.name == name) return row.type;
    }
    return std::nullopt;
}

std::string_view name_of(Type type) {
    return row_of(type).name;
}
unsigned bytes_of(Type type) {
    return row_of(type).bytes;
}
bool is_signed(Type type) {
    return row_of(type).sign;
}

std::optional<Space> space_named(std::string_view name) {
    constexpr std::pair<std::string_view, Space> spaces[] = {{"global", Space::global},
                                                             {"shared", Space::shared},
                                                             {"local", Space::local},
                                                             {"const", Space::constant},
                                                             {"param", Space::param}};
    for (const auto& [text, space] : spaces) {
        if (text == name) return space;
    }
    return std::nullopt;
}

}  // namespace convt::ptx
