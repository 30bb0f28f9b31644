// SPDX-License-Identifier: Apache-2.0
// The rules of a call: each is broken once, the message names the tensor and the rule, and nothing is written. What the
// rules allow (strides, slices, no batch) computes the same.
#include "tests/kernel/hand_kernels.h"
#include "tests/support/data.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <cstring>
#include <functional>

using Catch::Matchers::ContainsSubstring;

namespace convt::test {
namespace {

struct Violation {
    std::vector<std::string> words;  // the message must have them all
    std::function<void(Call&)> make;
};

const std::vector<Violation>& violations() {
    static const std::vector<Violation> list = {
        {{"x: data is null"}, [](Call& c) { c.x_view.data = nullptr; }},
        {{"y: data is null"}, [](Call& c) { c.y_view.data = nullptr; }},
        {{"weights: data is null"}, [](Call& c) { c.weight_view.data = nullptr; }},
        {{"bias: data is null"}, [](Call& c) { c.bias_view.data = nullptr; }},
        {{"x: type is f64, must be f32"}, [](Call& c) { c.x_view.type = ElementType::f64; }},
        {{"bias: type is c64, must be f32"}, [](Call& c) { c.bias_view.type = ElementType::c64; }},
        {{"y: device is 2, must be 1"}, [](Call& c) { c.y_view.device = Device::cuda; }},
        {{"x: shape is (2, 3, 5), must be (2, 3, 5, 6)"}, [](Call& c) { c.x_view.rank = 3; }},
        {{"x: shape is (2, 3, 5, 7), must be (2, 3, 5, 6)"}, [](Call& c) { c.x_view.extents[3] = 7; }},
        {{"x: shape", "must be"}, [](Call& c) { c.x_view.rank = 1000; }},
        {{"x: shape", "must be"}, [](Call& c) { c.x_view.rank = -1; }},
        {{"y: shape is (1, 4, 9, 11), must be (2, 4, 9, 11)"}, [](Call& c) { c.y_view.extents[0] = 1; }},
        {{"weights: shape", "must be (3, 4, 3, 3)"}, [](Call& c) { c.weight_view.extents[1] = 3; }},
        {{"bias: shape is (5), must be (4)"}, [](Call& c) { c.bias_view.extents[0] = 5; }},
        {{"x: data is at", "aligned to 4 bytes"},
         [](Call& c) { c.x_view.data = static_cast<char*>(c.x_view.data) + 2; }},
        {{"x: stride of dimension 3 is 2, must be 1", "innermost"}, [](Call& c) { c.x_view.strides[3] = 2; }},
        {{"y: stride of dimension 3 is -1, must be 1", "innermost"}, [](Call& c) { c.y_view.strides[3] = -1; }},
        {{"weights: stride of dimension 0 is 72, must be 36", "dense"}, [](Call& c) { c.weight_view.strides[0] = 72; }},
        {{"x: stride of dimension 0 is 2147483648", "2^31"}, [](Call& c) { c.x_view.strides[0] = 1LL << 31; }},
        {{"x: stride of dimension 0 is -9223372036854775808", "2^31"},
         [](Call& c) { c.x_view.strides[0] = INT64_MIN; }},
        {{"x: stride of dimension 1 is 1073741824 with extent 3", "2^31"},
         [](Call& c) { c.x_view.strides[1] = 1 << 30; }},
        {{"y: stride of dimension 2 is 10, must be over 10", "overlap itself"},
         [](Call& c) { c.y_view.strides[2] = 10; }},
        {{"y: stride of dimension 0 is 0", "overlap itself"}, [](Call& c) { c.y_view.strides[0] = 0; }},
        {{"y: its memory", "overlaps that of x"}, [](Call& c) { c.y_view.data = c.x_view.data; }},
        {{"y: its memory", "overlaps that of bias"},
         [](Call& c) { c.y_view.data = static_cast<float*>(c.bias_view.data) + 3; }},
    };
    return list;
}

// Copies between a dense tensor and a view of the same shape, element by element.
void copy_elements(const TensorView& from, const TensorView& to) {
    const std::size_t bytes = static_cast<std::size_t>(element_type_info(from.type).bytes());
    for (std::int64_t i = 0; i < from.size(); ++i) {
        std::int64_t rest = i;
        std::int64_t source = 0;
        std::int64_t target = 0;
        for (int d = from.rank - 1; d >= 0; --d) {
            source += rest % from.extents[d] * from.strides[d];
            target += rest % from.extents[d] * to.strides[d];
            rest /= from.extents[d];
        }
        std::memcpy(static_cast<std::byte*>(to.data) + target * static_cast<std::int64_t>(bytes),
                    static_cast<const std::byte*>(from.data) + source * static_cast<std::int64_t>(bytes), bytes);
    }
}

TEST_CASE("every rule's violation names tensor, value and rule, and writes nothing") {
    const std::shared_ptr<const Kernel> kernel = load_kernel("plane");
    for (const Violation& violation : violations()) {
        INFO(violation.words.front());
        Call call(kernel->problem());
        const std::vector<std::byte> y = call.y;
        const Operands before = call.operands;
        violation.make(call);
        const Status status = call.run(*kernel);
        CHECK(status.code() == Code::invalid_argument);
        for (const std::string& word : violation.words)
            CHECK_THAT(status.message(), ContainsSubstring(word));
        CHECK(call.y == y);
        CHECK(call.operands.x == before.x);
        CHECK(call.operands.bias == before.bias);
    }
}

TEST_CASE("operands of the epilogue are named in what is refused, and nothing is written") {
    const std::vector<Violation> list = {
        {{"operands: 1 given, must be 2: scale, add"}, [](Call& c) { c.operand_views.pop_back(); }},
        {{"operands: 0 given, must be 2"}, [](Call& c) { c.operand_views.clear(); }},
        {{"scale: data is null"}, [](Call& c) { c.operand_views[0].data = nullptr; }},
        {{"scale: shape is (5), must be (4)"}, [](Call& c) { c.operand_views[0].extents[0] = 5; }},
        {{"add: type is f64, must be f32"}, [](Call& c) { c.operand_views[1].type = ElementType::f64; }},
        {{"add: device is 2, must be 1"}, [](Call& c) { c.operand_views[1].device = Device::cuda; }},
        {{"add: shape is (2, 4, 9, 10), must be (2, 4, 9, 11)"}, [](Call& c) { c.operand_views[1].extents[3] = 10; }},
        {{"add: stride of dimension 3 is 2", "innermost"}, [](Call& c) { c.operand_views[1].strides[3] = 2; }},
        {{"y: its memory", "overlaps that of add"}, [](Call& c) { c.y_view.data = c.operand_views[1].data; }},
        {{"y: its memory", "overlaps that of scale"},
         [](Call& c) { c.y_view.data = static_cast<float*>(c.operand_views[0].data) + 3; }},
    };
    const std::shared_ptr<const Kernel> kernel = load_kernel("residual");
    for (const Violation& violation : list) {
        INFO(violation.words.front());
        Call call(kernel->problem());
        const std::vector<std::byte> y = call.y;
        violation.make(call);
        const Status status = call.run(*kernel);
        CHECK(status.code() == Code::invalid_argument);
        for (const std::string& word : violation.words)
            CHECK_THAT(status.message(), ContainsSubstring(word));
        CHECK(call.y == y);
    }
    Call other(load_kernel("plane")->problem());
    other.operand_views.push_back(other.bias_view);
    CHECK_THAT(other.run(*load_kernel("plane")).message(), ContainsSubstring("operands: 1 given, must be 0"));
}

TEST_CASE("an output may be a slice of a larger tensor, and so may the operand that is added to it") {
    const std::shared_ptr<const Kernel> kernel = load_kernel("residual");
    Call call(kernel->problem());
    // Channels 3 to 6 of a concatenation (2, 7, 9, 11), in place; the residual is channels 1 to 4 of (2, 5, 9, 11).
    std::vector<float> concatenated(2 * 7 * 99), skip(2 * 5 * 99);
    const TensorView dense_y = call.y_view, dense_add = call.operand_views[1];
    call.y_view.strides[0] = 7 * 99;
    call.y_view.data = concatenated.data() + 3 * 99;
    call.operand_views[1].strides[0] = 5 * 99;
    call.operand_views[1].data = skip.data() + 99;
    copy_elements(dense_add, call.operand_views[1]);
    CHECK(call.run(*kernel).ok());
    copy_elements(call.y_view, dense_y);
    CHECK(call.mismatch() == "");
    CHECK(std::all_of(concatenated.begin(), concatenated.begin() + 3 * 99, [](float v) { return v == 0; }));
}

TEST_CASE("packed weights of another plan, or moved from, are refused") {
    const std::shared_ptr<const Kernel> kernel = load_kernel("plane");
    Call call(kernel->problem());
    Object other = hand_object(hand_kernel("plane"));
    other.info.schedule = "other";
    Result<PackedWeights> packed = Kernel::load(other).value()->pack(call.weight_view);
    REQUIRE(packed.ok());
    const Status status = kernel->run(call.x_view, packed.value(), call.bias_view, call.y_view);
    CHECK(status.code() == Code::invalid_argument);
    CHECK_THAT(status.message(), ContainsSubstring("weights: packed as"));

    Result<PackedWeights> own = kernel->pack(call.weight_view);
    REQUIRE(own.ok());
    const PackedWeights taken = std::move(own.value());
    CHECK(kernel->run(call.x_view, own.value(), call.bias_view, call.y_view).code() == Code::invalid_argument);
    CHECK(kernel->run(call.x_view, taken, call.bias_view, call.y_view).ok());
}

TEST_CASE("an output may not lie in the packed weights") {
    const std::shared_ptr<const Kernel> kernel = load_kernel("plane");
    Call call(kernel->problem());
    const Result<PackedWeights> packed = kernel->pack(call.weight_view);
    REQUIRE(packed.ok());
    // Away from the heap: y reaches past the packed weights, and nothing else may lie there.
    static float elsewhere[4096];
    call.x_view.data = elsewhere;
    call.bias_view.data = elsewhere;
    call.y_view.data = const_cast<void*>(packed.value().data());
    const Status status = kernel->run(call.x_view, packed.value(), call.bias_view, call.y_view);
    CHECK_THAT(status.message(), ContainsSubstring("overlaps the packed weights"));
}

TEST_CASE("a bias where the problem has none is refused") {
    const std::shared_ptr<const Kernel> kernel = load_kernel("scratch");
    Call call(kernel->problem());
    float bias[4] = {};
    call.bias_view = TensorView::dense(static_cast<void*>(bias), ElementType::f32, {4});
    CHECK_THAT(call.run(*kernel).message(), ContainsSubstring("bias: data is"));
}

TEST_CASE("a batch of one may be left out, in both or neither") {
    for (const char* name : {"line", "volume"}) {
        INFO(name);
        const std::shared_ptr<const Kernel> kernel = load_kernel(name);
        Call call(kernel->problem());
        const auto drop = [](TensorView& view) {
            --view.rank;
            std::copy(view.extents + 1, view.extents + TensorView::max_rank, view.extents);
            std::copy(view.strides + 1, view.strides + TensorView::max_rank, view.strides);
        };
        drop(call.y_view);
        CHECK_THAT(call.run(*kernel).message(), ContainsSubstring("y: has"));
        drop(call.x_view);
        CHECK(call.run(*kernel).ok());
        CHECK(call.mismatch() == "");
    }
}

TEST_CASE("gaps, permuted outer dimensions and negative strides compute the same") {
    for (const HandKernel& hand : good_kernels()) {
        INFO(hand.problem);
        const std::shared_ptr<const Kernel> kernel = load_kernel(hand.name);
        Call call(kernel->problem());
        const std::size_t bytes = static_cast<std::size_t>(element_type_info(call.problem.types().sum).bytes());
        std::vector<std::byte> x(call.operands.x.size() * 8);
        std::vector<std::byte> y(call.y.size() * 8);
        // In memory: a gap of 3 elements behind every row, the batch next to the rows, dimension 1 outermost and, where
        // it is not the innermost, backwards.
        const auto respace = [bytes](const TensorView& dense, std::vector<std::byte>& memory) {
            TensorView view = dense;
            const int last = dense.rank - 1;
            std::int64_t stride = dense.extents[last] + 3;
            for (int d = 0; d < last; d = d == 0 ? 2 : d + 1) {
                view.strides[d] = stride;
                stride *= dense.extents[d];
            }
            view.strides[1] = -stride;
            REQUIRE(static_cast<std::size_t>(stride * dense.extents[1]) * bytes <= memory.size());
            view.data = memory.data() + static_cast<std::size_t>(stride * (dense.extents[1] - 1)) * bytes;
            return view;
        };
        const TensorView dense_y = call.y_view;
        const TensorView dense_x = call.x_view;
        call.x_view = respace(dense_x, x);
        call.y_view = respace(dense_y, y);
        copy_elements(dense_x, call.x_view);
        const Status status = call.run(*kernel);
        INFO(status.message());
        CHECK(status.ok());
        copy_elements(call.y_view, dense_y);
        CHECK(call.mismatch() == "");
    }
}

TEST_CASE("input and output may be channels of one tensor, but not the same ones") {
    const std::shared_ptr<const Kernel> kernel = load_kernel("plane");
    Call call(kernel->problem());
    // One tensor (2, 7, 9, 11): channels 0 to 2 hold the input's 5x6 in their corners, 3 to 6 the output.
    std::vector<float> shared(2 * 7 * 99);
    const TensorView dense_y = call.y_view;
    const TensorView dense_x = call.x_view;
    for (TensorView* view : {&call.x_view, &call.y_view}) {
        view->strides[0] = 7 * 99;
        view->strides[1] = 99;
        view->strides[2] = 11;
    }
    call.x_view.data = shared.data();
    call.y_view.data = shared.data() + 3 * 99;
    copy_elements(dense_x, call.x_view);
    CHECK(call.run(*kernel).ok());
    copy_elements(call.y_view, dense_y);
    CHECK(call.mismatch() == "");
    call.y_view.data = shared.data() + 2 * 99;
    CHECK_THAT(call.run(*kernel).message(), ContainsSubstring("overlaps that of x"));
}

}  // namespace
}  // namespace convt::test
