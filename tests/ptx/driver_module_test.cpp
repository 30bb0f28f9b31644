// SPDX-License-Identifier: Apache-2.0
// The stand-in driver: images that it refuses, launches that do not fit, launches that fail.
#include "tests/ptx/driver_session.h"

namespace convt::ptx {

TEST_CASE("images: a binary, a newer target, an unknown instruction are told apart") {
    const Session session;
    CUmodule module = nullptr;
    CHECK(cuModuleLoadData(&module, "\177ELF\2\1\1") == CUDA_ERROR_NO_BINARY_FOR_GPU);
    CHECK(cuModuleLoadData(&module, ".version 7.1\n.target sm_86\n.address_size 64\n") == CUDA_ERROR_NO_BINARY_FOR_GPU);
    std::string text = program_text("copy");
    text.replace(text.find("ld.global.u32"), 13, "ld.magic.u32");
    char log[200] = {};
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void* values[] = {log, reinterpret_cast<void*>(sizeof(log))};
    CHECK(cuModuleLoadDataEx(&module, text.c_str(), 2, options, values) == CUDA_ERROR_INVALID_PTX);
    CHECK(std::string(log).find("ld.magic.u32 is not known") != std::string::npos);
    CHECK(convt_ptx_memory_used() == 0);
    const CUfunction function = session.kernel("spaces");
    CHECK(function != nullptr);
    CHECK(convt_ptx_memory_used() == 16);  // its table
}

TEST_CASE("launches that do not fit are refused; one that fails is told by the next call") {
    const Session session;
    const CUdeviceptr a = session.memory(256);
    const CUfunction copy = session.kernel("copy");
    CHECK(Session::launch(copy, a, a, 0) == CUDA_ERROR_INVALID_VALUE);
    CHECK(Session::launch(copy, a, a, 1025) == CUDA_ERROR_INVALID_VALUE);
    CHECK(Session::launch(copy, a, a, 64, 49 * 1024) == CUDA_ERROR_INVALID_VALUE);
    CHECK(cuLaunchKernel(copy, 1, 65536, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr) == CUDA_ERROR_INVALID_VALUE);
    CHECK(cuCtxSynchronize() == CUDA_SUCCESS);
    CHECK(Session::launch(copy, a, a + 8) == CUDA_SUCCESS);
    CHECK(cuCtxSynchronize() == CUDA_ERROR_ILLEGAL_ADDRESS);
    CHECK(std::string(convt_ptx_last_error()).find("out of bounds") != std::string::npos);
    CUdeviceptr more = 0;
    CHECK(cuMemAlloc_v2(&more, 4) == CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST_CASE("an endless kernel times out") {
    const Session session;
    convt_ptx_set_limit(1000);
    CHECK(Session::launch(session.kernel("forever"), 0, 0) == CUDA_SUCCESS);
    CHECK(cuCtxSynchronize() == CUDA_ERROR_LAUNCH_TIMEOUT);
    CHECK(convt_ptx_launches()->front().error.find("limit") != std::string::npos);
}

TEST_CASE("a sample of blocks, and which bytes it wrote") {
    const Session session;
    const CUdeviceptr b = session.memory(std::size_t{4} * 96);
    const CUfunction function = session.kernel("nested");
    // Blocks whose number is data[0].
    unsigned wanted = 1;
    convt_ptx_set_sample(
        [](void* data, const Dim3* grid, const Dim3* block) {
            return grid->x == 3 && block->x == *static_cast<const unsigned*>(data) ? 1 : 0;
        },
        &wanted);
    CUdeviceptr out = b;
    void* arguments[] = {&out, &out};
    REQUIRE(cuLaunchKernel(function, 3, 1, 1, 32, 1, 1, 0, nullptr, arguments, nullptr) == CUDA_SUCCESS);
    CHECK(convt_ptx_launches()->front().report.counts.blocks == 1);
    std::vector<unsigned char> written(std::size_t{4} * 96);
    REQUIRE(convt_ptx_written(b, written.size(), written.data()));
    for (std::size_t i = 0; i < written.size(); ++i)
        CHECK(written[i] == (i / 128 == 1 ? 1 : 0));
    CHECK_FALSE(convt_ptx_written(b + 1, written.size(), written.data()));
}

}  // namespace convt::ptx
