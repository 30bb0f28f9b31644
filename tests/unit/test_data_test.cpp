// SPDX-License-Identifier: Apache-2.0
// The tests' own tools: data that is exact, guards that notice, problems that cover the rules.
#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/guarded.h"
#include "tests/support/problems.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

namespace convt::test {

TEST_CASE("data: integer operands leave four bits of room in every sum") {
    Random random(run_seed());
    for (int i = 0; i < 200; ++i) {
        const Problem p = random_problem(random);
        const Reference r = oracle(p, integer_operands(p, random.next()));
        const double largest = *std::max_element(r.magnitudes.begin(), r.magnitudes.end());
        INFO(p.text());
        CHECK(largest <= std::ldexp(1.0, element_type_info(p.types().sum).mantissa_bits - 4) * 2);
        CHECK(integer_limit(p) >= 3);  // enough different values to tell elements apart
    }
}

TEST_CASE("data: uniform operands stay within one of zero and away from underflow") {
    const Problem p = Problem::parse("convt1d_f32_ci8_co8_i400_k3").value();
    const std::vector<double> x = to_scalars(p.types().input, uniform_operands(p, 7).x);
    CHECK(std::all_of(x.begin(), x.end(),
                      [](double v) { return -1 <= v && v < 1 && std::ldexp(v, 23) == std::trunc(std::ldexp(v, 23)); }));
    CHECK(*std::min_element(x.begin(), x.end()) < -0.99);
    CHECK(*std::max_element(x.begin(), x.end()) > 0.99);
}

TEST_CASE("guarded tensors keep what is written and notice what lies around it") {
    for (const Guard guard : {Guard::before, Guard::after}) {
        GuardedTensor tensor(ElementType::f32, {2, 3, 4}, 2, guard);
        CHECK(tensor.view().strides[0] == 20);
        CHECK(tensor.view().strides[1] == 6);
        const std::vector<std::byte> data(2 * 3 * 4 * 4, std::byte{1});
        tensor.write(data);
        CHECK(tensor.read() == data);
        CHECK(tensor.intact());
        static_cast<float*>(tensor.view().data)[5] = 1;  // in the gap behind the first row
        CHECK_FALSE(tensor.intact());
    }
}

TEST_CASE("random problems: a thousand of them visit the whole rule space") {
    Random random(run_seed());
    std::map<std::string, int> seen;
    for (int i = 0; i < 1000; ++i) {
        const Problem p = random_problem(random);
        REQUIRE(p.validate().ok());
        REQUIRE(Problem::parse(p.text()).value() == p);
        ++seen["rank " + std::to_string(p.rank)];
        ++seen[p.types().name];
        ++seen["layouts " + std::to_string(static_cast<int>(p.input_layout)) +
               std::to_string(static_cast<int>(p.output_layout))];
        ++seen["padding mode " + std::to_string(static_cast<int>(p.padding_mode))];
        seen["bias"] += p.bias;
        seen["batch"] += p.batch > 1;
        seen["groups"] += p.groups > 1 && p.groups < p.in_channels;
        seen["depthwise"] += p.groups > 1 && p.groups == p.in_channels;
        seen["epilogue"] += !p.epilogue.empty();
        const auto any = [&](const char* what, auto holds) {
            seen[what] += std::any_of(p.axes.begin(), p.axes.begin() + p.rank, holds);
        };
        any("stride above kernel", [](const Axis& a) { return a.stride > a.kernel; });
        any("dilated kernel longer than the input",
            [](const Axis& a) { return a.kernel > 1 && a.dilation > 1 && a.dilation * (a.kernel - 1) + 1 > a.input; });
        any("stride and dilation", [](const Axis& a) { return a.stride > 1 && a.dilation > 1 && a.kernel > 1; });
        any("stride and dilation share a factor",
            [](const Axis& a) { return a.stride > 1 && a.dilation > 1 && a.dilation % 2 == 0 && a.stride % 2 == 0; });
        any("asymmetric padding", [](const Axis& a) { return a.pad_low != a.pad_high; });
        any("padding beyond the kernel", [](const Axis& a) { return a.pad_low > a.dilation * (a.kernel - 1); });
        any("output padding", [](const Axis& a) { return a.output_padding > 0; });
        any("extent 1", [](const Axis& a) { return a.input == 1; });
    }
    for (const auto& [what, count] : seen) {
        INFO(what);
        CHECK(count >= 30);
    }
    CHECK(seen.size() == 24 + problem_types().size());
}

TEST_CASE("random problems: every simpler problem is valid and differs") {
    Random random(run_seed());
    for (int i = 0; i < 50; ++i) {
        const Problem p = random_problem(random);
        for (const Problem& q : simpler(p)) {
            CHECK(q.validate().ok());
            CHECK_FALSE(q == p);
        }
    }
}

}  // namespace convt::test
