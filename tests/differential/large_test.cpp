// SPDX-License-Identifier: Apache-2.0
// Tensors whose elements lie up to 2^31 scalars apart, in memory that is mapped and never there: every strategy finds
// them, and one step further the call is refused by name.
#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/require_value.h"
#include "tests/support/trial.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sys/mman.h>

#include <cstring>

namespace convt::test {
namespace {

// Pages that nothing touches take no memory.
class SparseTensor {
  public:
    SparseTensor(ElementType type, const std::vector<std::int64_t>& extents, const std::vector<std::int64_t>& strides)
        : view_(TensorView::dense(static_cast<void*>(nullptr), type, extents)) {
        std::int64_t elements = 1;
        for (std::size_t i = 0; i < strides.size(); ++i) {
            view_.strides[i] = strides[i];
            elements += (extents[i] - 1) * strides[i];
        }
        size_ = static_cast<std::size_t>(elements * element_type_info(type).bytes());
        view_.data = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        REQUIRE(view_.data != MAP_FAILED);
    }
    ~SparseTensor() { munmap(view_.data, size_); }
    SparseTensor(const SparseTensor&) = delete;
    SparseTensor& operator=(const SparseTensor&) = delete;

    const TensorView& view() const { return view_; }
    std::size_t size() const { return size_; }

    // Calls visit(address of the element, its place in a dense tensor).
    template <typename Visit>
    void for_each(const Visit& visit) const {
        const auto bytes = static_cast<std::size_t>(element_type_info(view_.type).bytes());
        for (std::int64_t i = 0; i < view_.size(); ++i) {
            std::int64_t rest = i, offset = 0;
            for (int d = view_.rank - 1; d >= 0; --d) {
                offset += rest % view_.extents[d] * view_.strides[d];
                rest /= view_.extents[d];
            }
            visit(static_cast<std::byte*>(view_.data) + static_cast<std::size_t>(offset) * bytes,
                  static_cast<std::size_t>(i) * bytes, bytes);
        }
    }

  private:
    TensorView view_;
    std::size_t size_ = 0;
};

constexpr std::int64_t batch_stride = std::int64_t{1} << 29, channel_stride = std::int64_t{1} << 24;

}  // namespace

TEST_CASE("large tensors: elements almost 2^31 scalars apart are read and written") {
    for (const ElementType type : {ElementType::f32, ElementType::f64, ElementType::c64}) {
        const ElementTypeInfo& info = element_type_info(type);
        const Problem p =
            require_value(Problem::parse(std::string("convt1d_") + info.name + "_n4_ci8_co16_i9_k16_s8_p4"));
        const Operands operands = integer_operands(p, 1);
        const Reference reference = oracle(p, operands);
        const std::vector<std::int64_t> strides{batch_stride / info.parts, channel_stride / info.parts, 1};
        const SparseTensor x(type, p.input_shape(), strides);
        const SparseTensor y(type, p.output_shape(), strides);
        CHECK(y.size() > std::size_t{6} << 30U);
        x.for_each(
            [&](std::byte* at, std::size_t from, std::size_t bytes) { std::memcpy(at, &operands.x[from], bytes); });
        const auto w = TensorView::dense(operands.weights.data(), type, p.weight_shape());
        for (const std::string& strategy : strategy_names()) {
            if (!refusal(strategy, p, Target::host()).empty()) continue;
            const Trial trial{p, Target::host(), strategy, std::nullopt, 1, false};
            INFO(trial.text());
            const auto kernel = require_value(compile(trial));
            if (kernel->info().transform.growth != 0) continue;  // its exact data are others
            REQUIRE(kernel->run(x.view(), w, {}, y.view()).message() == "");
            std::vector<std::byte> output(bytes_of(type, p.output_shape()));
            y.for_each([&](std::byte* at, std::size_t to, std::size_t bytes) {
                std::memcpy(&output[to], at, bytes);
                std::memset(at, 0, bytes);
            });
            CHECK(first_mismatch(p, output, reference, Match::exact).value_or("") == "");
        }
    }
}

TEST_CASE("large tensors: 2^31 scalars are refused by name, and nothing is written") {
    const Problem p = require_value(Problem::parse("convt1d_f32_n5_ci2_co2_i4_k2_s2"));
    const auto kernel = require_value(compile({p, Target::host(), "general", std::nullopt, 1, false}));
    const Operands operands = integer_operands(p, 1);
    const auto w = TensorView::dense(operands.weights.data(), ElementType::f32, p.weight_shape());
    SparseTensor x(ElementType::f32, p.input_shape(), {8, 4, 1});
    SparseTensor y(ElementType::f32, p.output_shape(), {batch_stride, 8, 1});
    const Status status = kernel->run(x.view(), w, {}, y.view());
    CHECK_THAT(status.message(), Catch::Matchers::StartsWith("y: stride of dimension 0 is 536870912 with extent 5"));
    CHECK_THAT(status.message(), Catch::Matchers::EndsWith("offsets must stay below 2^31 scalars"));
    y.for_each([](const std::byte* at, std::size_t, std::size_t) { CHECK(*at == std::byte{0}); });
}

}  // namespace convt::test
