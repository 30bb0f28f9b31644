// SPDX-License-Identifier: Apache-2.0
// Instructions that compute a lane from its own operands, each with the host's own arithmetic beside it.
#pragma once

#include "tests/support/ptx/lanes.h"
#include "tests/support/random.h"

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace convt::ptx {

struct InstructionRow {
    std::string name;
    Type d = Type::none;
    std::vector<Type> s;
    // Bits of the operands to bits of the result.
    std::function<std::uint64_t(const std::uint64_t*)> expected;
    double tolerance = 0;  // relative; 0: the same bits, any NaN for a NaN
};

template <typename T>
std::uint64_t bits_of(T value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    return bits;
}
template <typename T>
T value_of(std::uint64_t bits) {
    T value;
    std::memcpy(&value, &bits, sizeof(T));
    return value;
}

// Types are read from the function's; a predicate is a bool.
template <typename D, typename... S>
InstructionRow row(const std::string& name, D (*expected)(S...), double tolerance = 0) {
    InstructionRow result;
    result.name = name;
    result.d = type_of<D>();
    result.s = {type_of<S>()...};
    result.expected = [expected](const std::uint64_t* operands) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return bits_of(expected(value_of<S>(operands[I])...));
        }
        (std::index_sequence_for<S...>{});
    };
    result.tolerance = tolerance;
    return result;
}

std::vector<InstructionRow> integer_rows();
std::vector<InstructionRow> bit_rows();
std::vector<InstructionRow> float_rows();
std::vector<InstructionRow> convert_rows();

// A kernel `name(in, out)`: each thread loads its operands, 8 bytes each and 4 a thread, and stores its result into 8
// bytes.
std::string kernel_of(const InstructionRow& row, const std::string& name);
// Edge values and random ones of a type.
std::uint64_t operand(test::Random& random, Type type);
// Runs rows on random operands, CHECKs each.
void check_rows(const std::vector<InstructionRow>& rows, std::uint64_t seed);

}  // namespace convt::ptx
