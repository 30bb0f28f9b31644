// SPDX-License-Identifier: Apache-2.0
// Tensors of a call: on the host, on the device, some here and some there, with strides; contexts and streams.
#include "tests/cuda/device.h"
#include "tests/support/run.h"

#include <thread>

namespace convt::test {

TEST_CASE("host tensors are copied to the device and back, strided ones too, and nothing stays behind") {
    const Device machine;
    for (const char* text :
         {small_problem, "convt1d_c64_n2_ci4_co6_i9_k5_s3_g2", "convt3d_f64_ci2_co3_i3x4x2_k3_s2_nhwc"}) {
        const auto kernel = gpu_kernel(text);
        const Operands operands = integer_operands(kernel->problem(), 3);
        const Reference expected = oracle(kernel->problem(), operands);
        for (const std::int64_t gap : {0, 3}) {
            for (const bool packed : {true, false}) {
                RunOptions options;
                options.gap = gap;
                options.packed = packed;
                options.unbatched = packed && kernel->problem().batch == 1;
                const auto y = require_value(run_guarded(*kernel, operands, options));
                INFO(text << " gap " << gap);
                CHECK(first_mismatch(kernel->problem(), y, expected, Match::exact).value_or("").empty());
            }
        }
    }
    CHECK(convt_ptx_memory_used() == 0);
    CHECK(convt_ptx_launches()->back().report.findings.empty());
}

TEST_CASE("device tensors are used where they are, in the host's own context and stream") {
    const Device machine;
    const auto kernel = gpu_kernel();
    const CUcontext context = make_context();
    CUcontext current = nullptr;
    Call call(*kernel);
    const TensorView x = call.on_device(call.x_view, context);
    const TensorView bias = call.on_device(call.bias_view, context);
    const TensorView y = call.on_device(call.y_view, context);
    const std::uint64_t before = convt_ptx_memory_used();
    REQUIRE(cuCtxPushCurrent_v2(context) == CUDA_SUCCESS);
    CUstream stream = nullptr;
    REQUIRE(cuStreamCreate(&stream, 0) == CUDA_SUCCESS);
    REQUIRE(cuCtxPopCurrent_v2(nullptr) == CUDA_SUCCESS);
    CallOptions options;
    options.cuda_context = context;
    options.cuda_stream = stream;
    {
        const PackedWeights weights = require_value(kernel->pack(call.weight_view));
        for (int i = 0; i < 2; ++i) {
            const Status status = kernel->run(x, weights, bias, y, options);
            INFO(status.message());
            REQUIRE(status.ok());
            // The packed weights alone have come to the device, once.
            CHECK(convt_ptx_memory_used() == before + weights.bytes());
        }
        CHECK(cuCtxGetCurrent(&current) == CUDA_SUCCESS);
        CHECK(current == nullptr);
        call.fetch(y, context);
        CHECK(call.mismatch().empty());
        CHECK(convt_ptx_launches()->back().stream == stream);
    }
    CHECK(convt_ptx_memory_used() == before);
}

TEST_CASE("each tensor may be on the host or on the device") {
    const Device machine;
    const auto kernel = gpu_kernel();
    const CUcontext context = make_context();
    CallOptions options;
    options.cuda_context = context;
    for (int mixed = 0; mixed < 8; ++mixed) {
        Call call(*kernel);
        const PackedWeights weights = require_value(kernel->pack(call.weight_view));
        const TensorView x = (mixed & 1) != 0 ? call.on_device(call.x_view, context) : call.x_view;
        const TensorView bias = (mixed & 2) != 0 ? call.on_device(call.bias_view, context) : call.bias_view;
        const TensorView y = (mixed & 4) != 0 ? call.on_device(call.y_view, context) : call.y_view;
        const Status status = kernel->run(x, weights, bias, y, options);
        INFO(mixed << " " << status.message());
        REQUIRE(status.ok());
        if ((mixed & 4) != 0) call.fetch(y, context);
        CHECK(call.mismatch().empty());
    }
}

TEST_CASE("many threads in several contexts call one kernel") {
    const Device machine;
    const auto kernel = gpu_kernel();
    std::vector<CUcontext> contexts;
    for (int i = 0; i < 3; ++i)
        contexts.push_back(make_context());
    std::vector<std::string> wrong(6);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < wrong.size(); ++t)
        threads.emplace_back([&, t] {
            Call call(*kernel);
            CallOptions options;
            options.cuda_context = contexts[t % contexts.size()];
            for (int i = 0; i < 3 && wrong[t].empty(); ++i) {
                const Status status = kernel->run(call.x_view, call.weight_view, call.bias_view, call.y_view, options);
                wrong[t] = status.ok() ? call.mismatch() : status.message();
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    for (const std::string& text : wrong)
        CHECK(text.empty());
    CHECK(convt_ptx_modules() == 3);
}

}  // namespace convt::test
