// SPDX-License-Identifier: Apache-2.0
#include "tests/ptx/instructions.h"

#include "tests/ptx/device.h"

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include <cmath>

namespace convt::ptx {
namespace {

// The register class and the load of a type: by bits, as LLVM writes them.
struct Place {
    const char* prefix;
    const char* bits;
};
Place place_of(Type type) {
    switch (type == Type::pred ? 0 : bytes_of(type)) {
        case 0:
            return {"p", "pred"};
        case 1:
            return {"h", "b8"};
        case 2:
            return {"h", "b16"};
        case 4:
            return {"r", "b32"};
        default:
            return {"d", "b64"};
    }
}

template <typename T>
std::uint64_t real_operand(test::Random& random) {
    using Limits = std::numeric_limits<T>;
    const T edges[] = {T{0},
                       -T{0},
                       T{1},
                       T{-1},
                       Limits::infinity(),
                       -Limits::infinity(),
                       Limits::quiet_NaN(),
                       Limits::max(),
                       Limits::lowest(),
                       Limits::min(),
                       Limits::denorm_min(),
                       -Limits::denorm_min(),
                       T(0.5),
                       T(2.5),
                       T(-3.5)};
    if (random.chance(25)) return bits_of(random.pick(edges));
    if (random.chance(25)) return sizeof(T) == 4 ? random.next() & 0xFFFFFFFFU : random.next();
    return bits_of(static_cast<T>(static_cast<double>(random.between(-1'000'000, 1'000'000)) / 4096.0));
}

bool close(const InstructionRow& row, std::uint64_t got, std::uint64_t expected) {
    if (got == expected) return true;
    if (row.d != Type::f32 && row.d != Type::f64) return false;
    const double a = row.d == Type::f32 ? double{value_of<float>(got)} : value_of<double>(got);
    const double b = row.d == Type::f32 ? double{value_of<float>(expected)} : value_of<double>(expected);
    if (std::isnan(a) && std::isnan(b)) return true;
    return row.tolerance > 0 && std::abs(a - b) <= row.tolerance * std::abs(b) + 1e-37;
}

std::string name_of_row(const InstructionRow& row, const std::uint64_t* operands) {
    std::string text = row.name;
    for (std::size_t i = 0; i < row.s.size(); ++i)
        text += fmt::format(" {:#x}", operands[i]);
    return text;
}

}  // namespace

std::string kernel_of(const InstructionRow& row, const std::string& name) {
    std::string text = fmt::format(
        ".visible .entry {}(.param .u64 in, .param .u64 out)\n{{\n.reg .pred %p<9>;\n.reg .b16 %h<9>;\n.reg .b32 "
        "%r<9>;\n"
        ".reg .b64 %d<16>;\n"
        "ld.param.u64 %d10, [in];\nld.param.u64 %d11, [out];\nmov.u32 %r5, %ctaid.x;\nmov.u32 %r6, %ntid.x;\nmov.u32 "
        "%r7, %tid.x;\n"
        "mad.lo.s32 %r8, %r5, %r6, %r7;\nmul.wide.u32 %d12, %r8, 32;\nadd.s64 %d10, %d10, %d12;\nmul.wide.u32 %d13, "
        "%r8, 8;\n"
        "add.s64 %d11, %d11, %d13;\n",
        name);
    std::string operands;
    for (std::size_t i = 0; i < row.s.size(); ++i) {
        const Place place = place_of(row.s[i]);
        if (row.s[i] == Type::pred) {
            text += fmt::format("ld.global.b32 %r{0}, [%d10+{1}];\nsetp.ne.s32 %p{0}, %r{0}, 0;\n", i + 1, 8 * i);
        } else {
            text += fmt::format("ld.global.{} %{}{}, [%d10+{}];\n", place.bits, place.prefix, i + 1, 8 * i);
        }
        operands += fmt::format(", %{}{}", place.prefix, i + 1);
    }
    const Place result = place_of(row.d);
    text += fmt::format("{} %{}0{};\n", row.name, result.prefix, operands);
    if (row.d == Type::pred) {
        text += "selp.b32 %r0, 1, 0, %p0;\nst.global.b32 [%d11], %r0;\nret;\n}\n";
    } else {
        text += fmt::format("st.global.{} [%d11], %{}0;\nret;\n}}\n", result.bits, result.prefix);
    }
    return text;
}

std::uint64_t operand(test::Random& random, Type type) {
    if (type == Type::pred) return random.next() & 1U;
    if (type == Type::f32) return real_operand<float>(random);
    if (type == Type::f64) return real_operand<double>(random);
    const unsigned bits = 8 * bytes_of(type);
    const std::uint64_t top = std::uint64_t{1} << (bits - 1);
    const std::uint64_t edges[] = {0, 1, ~std::uint64_t{0}, top, top - 1, 2, 31, 32, 33, 64, 255};
    std::uint64_t value = random.chance(40) ? random.pick(edges) : random.next();
    if (random.chance(20)) value = static_cast<std::uint64_t>(random.between(-40, 40));
    return bits == 64 ? value : value & ((std::uint64_t{1} << bits) - 1);
}

void check_rows(const std::vector<InstructionRow>& rows, std::uint64_t seed) {
    constexpr unsigned threads = 256;
    constexpr unsigned blocks = 8;
    constexpr unsigned count = threads * blocks;
    for (std::size_t index = 0; index < rows.size(); ++index) {
        const InstructionRow& row = rows[index];
        INFO(row.name << ", seed " << seed);
        test::Random random(test::mix(seed, index));
        std::vector<std::uint64_t> operands(std::size_t{4} * count);
        for (unsigned i = 0; i < count; ++i) {
            for (std::size_t k = 0; k < row.s.size(); ++k)
                operands[4 * i + k] = operand(random, row.s[k]);
        }
        Device device(module_head + kernel_of(row, "test"));
        const std::uint64_t out = device.upload(std::vector<std::uint64_t>(count));
        const Report report = device.run("test", {blocks, 1, 1}, {threads, 1, 1}, {device.upload(operands), out});
        const auto results = device.download<std::uint64_t>(out, count);
        CHECK(report.findings.empty());
        unsigned wrong = 0;
        for (unsigned i = 0; i < count; ++i) {
            const std::uint64_t expected = row.expected(&operands[4 * i]);
            if (close(row, results[i], expected) || ++wrong > 3) continue;
            FAIL_CHECK(name_of_row(row, &operands[4 * i])
                       << fmt::format(" gives {:#x}, should be {:#x}", results[i], expected));
        }
        CHECK(wrong == 0);
    }
}

}  // namespace convt::ptx
