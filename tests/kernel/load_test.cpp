// SPDX-License-Identifier: Apache-2.0
// Loading: what loads computes, what does not says why, and nothing of either stays behind.
#include "runtime/jit/imports.h"
#include "tests/kernel/hand_kernels.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <fstream>
#include <string>

using Catch::Matchers::ContainsSubstring;

namespace convt::test {
namespace {

std::ptrdiff_t mappings() {
    std::ifstream maps("/proc/self/maps");
    return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
}

std::string load_error(const Object& object, Code code) {
    const Result<std::shared_ptr<const Kernel>> kernel = Kernel::load(object);
    REQUIRE_FALSE(kernel.ok());
    CHECK(kernel.status().code() == code);
    return kernel.status().message();
}

TEST_CASE("a kernel computes what the oracle does, from packed and unpacked weights") {
    for (const HandKernel& hand : good_kernels()) {
        INFO(hand.problem);
        const std::shared_ptr<const Kernel> kernel = load_kernel(hand.name);
        CHECK(kernel->info().symbol == "gather");
        CHECK(kernel->code_bytes() > 0);
        Call unpacked(kernel->problem());
        const Status status = unpacked.run(*kernel);
        INFO(status.message());
        CHECK(status.ok());
        CHECK(unpacked.mismatch() == "");

        Call packed(kernel->problem());
        const Result<PackedWeights> weights = kernel->pack(packed.weight_view);
        REQUIRE(weights.ok());
        CHECK(weights.value().bytes() == packed.operands.weights.size());
        CHECK(reinterpret_cast<std::uintptr_t>(weights.value().data()) % 64 == 0);
        CallOptions options;
        options.operands = packed.operand_views;
        CHECK(kernel->run(packed.x_view, weights.value(), packed.bias_view, packed.y_view, options).ok());
        CHECK(packed.mismatch() == "");
    }
}

TEST_CASE("two thousand load and unload cycles leave no mapping behind") {
    const Object object = hand_object(hand_kernel("plane"));
    REQUIRE(Kernel::load(object).ok());
    const std::ptrdiff_t before = mappings();
    for (int i = 0; i < 2000; ++i)
        REQUIRE(Kernel::load(object).ok());
    CHECK(mappings() <= before + 2);  // the heap may grow
    std::vector<std::shared_ptr<const Kernel>> held;
    for (int i = 0; i < 100; ++i)
        held.push_back(Kernel::load(object).value());
    CHECK(mappings() >= before + 100);  // the count above can tell
}

TEST_CASE("a damaged object is refused, with the reason") {
    const Object whole = hand_object(hand_kernel("plane"));
    Object object = whole;
    object.code.resize(10);
    CHECK_THAT(load_error(object, Code::corrupt), ContainsSubstring("10 bytes"));
    object = whole;
    object.code[0] = std::byte{0};
    CHECK_THAT(load_error(object, Code::corrupt), ContainsSubstring("ELF magic"));
    object = whole;
    object.code[16] = std::byte{3};  // e_type: a shared library
    CHECK_THAT(load_error(object, Code::corrupt), ContainsSubstring("ELF type is 3"));
    object = whole;
    object.code[18] = std::byte{8};  // e_machine: MIPS
    CHECK_THAT(load_error(object, Code::corrupt), ContainsSubstring("machine is 8"));
    object = whole;
    object.code.resize(object.code.size() / 2);
    CHECK_THAT(load_error(object, Code::corrupt), ContainsSubstring("outside the file"));
    object = whole;
    object.info.symbol = "other";
    CHECK_THAT(load_error(object, Code::corrupt), ContainsSubstring("other_run_argv"));
}

TEST_CASE("an object with any one byte damaged loads or is refused; it does not crash the loader") {
    const Object whole = hand_object(hand_kernel("plane"));
    int refused = 0;
    for (std::size_t i = 0; i < whole.code.size(); ++i) {
        Object object = whole;
        object.code[i] ^= std::byte{0xFF};
        const Result<std::shared_ptr<const Kernel>> kernel = Kernel::load(object);
        if (kernel.ok()) continue;  // damage to the code itself is the checksum's to find
        REQUIRE(kernel.status().code() == Code::corrupt);
        ++refused;
    }
    CHECK(refused > 100);
}

TEST_CASE("an object sees the listed imports and nothing else of the process") {
    const Object object = hand_object(hand_kernel("imports_getpid"));
    CHECK_THAT(load_error(object, Code::corrupt), ContainsSubstring("getpid"));
    const auto imports = kernel_imports();
    for (const char* name : {"halide_malloc", "halide_free", "halide_do_par_for", "halide_error", "memcpy", "expf",
                             "fma", "halide_error_out_of_memory", "halide_error_buffer_argument_is_null"}) {
        INFO(name);
        CHECK(
            std::any_of(imports.begin(), imports.end(), [&](const Import& i) { return i.name == std::string(name); }));
    }
}

TEST_CASE("a CPU that lacks a feature is told which") {
    Object object = hand_object(hand_kernel("plane"));
    for (const FeatureInfo& feature : cpu_features()) {
        if ((feature.bit & host_features()) != 0) continue;
        object.info.features = feature.bit;
        INFO(feature.name);
        CHECK_THAT(load_error(object, Code::missing_feature), ContainsSubstring(feature.name));
    }
    object = hand_object(hand_kernel("plane"));
    for (const TargetInfo& target : targets())
        if (target.capability == 0 && target.arch != std::string(host_arch())) {
            object.info.target = target.name;
            CHECK_THAT(load_error(object, Code::missing_feature), ContainsSubstring(target.arch));
        }
}

TEST_CASE("facts that contradict each other are refused") {
    Object object = hand_object(hand_kernel("plane"));
    for (const std::vector<std::int64_t>& extents :
         {std::vector<std::int64_t>{}, {0}, {-1, 3}, {1 << 20, 1 << 20}, std::vector<std::int64_t>(17, 1)}) {
        object.info.packed_extents = extents;
        CHECK_THAT(load_error(object, Code::corrupt), ContainsSubstring("packed_extents"));
    }
    object = hand_object(hand_kernel("plane"));
    object.info.problem = "convt2d_f32_ci0";
    load_error(object, Code::invalid_problem);
    object = hand_object(hand_kernel("plane"));
    object.info.target = "vax";
    load_error(object, Code::unknown_target);
}

}  // namespace
}  // namespace convt::test
