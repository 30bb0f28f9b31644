// SPDX-License-Identifier: Apache-2.0
// What an object carries for the device, and when which of it is loaded.
#include "tests/cuda/device.h"

#include "runtime/cuda/container.h"

#include <algorithm>
#include <cstring>

namespace convt::test {
namespace {

// Where the container stands in an object's code.
std::size_t container_at(const Object& object) {
    const auto* const magic = reinterpret_cast<const std::byte*>(cuda::container_magic);
    const auto found = std::search(object.code.begin(), object.code.end(), magic, magic + sizeof cuda::container_magic);
    REQUIRE(found != object.code.end());
    return static_cast<std::size_t>(found - object.code.begin());
}

cuda::ContainerHeader header_of(const Object& object) {
    cuda::ContainerHeader header;
    std::memcpy(&header, object.code.data() + container_at(object), sizeof header);
    return header;
}

// One call on host tensors in the primary context.
Status run(const Kernel& kernel) {
    Call call(kernel);
    return kernel.run(call.x_view, call.weight_view, call.bias_view, call.y_view);
}

// With `value` written at `offset` of the container, and 12 as the first image's size where `short_image`.
Status run_changed(const Object& object, std::size_t offset, std::uint32_t value, bool short_image = false) {
    Object changed = object;
    std::byte* const container = changed.code.data() + container_at(object);
    std::memcpy(container + offset, &value, sizeof value);
    const std::uint32_t few = 12;
    if (short_image)
        std::memcpy(container + sizeof(cuda::ContainerHeader) + offsetof(cuda::ContainerImage, bytes), &few,
                    sizeof few);
    return run(*require_value(Kernel::load(changed)));
}

}  // namespace

TEST_CASE("a module is loaded once a context, and unloaded with its kernel") {
    const Device machine;
    auto kernel = gpu_kernel();
    CHECK(convt_ptx_modules() == 0);
    REQUIRE(run(*kernel).ok());
    REQUIRE(run(*kernel).ok());
    CHECK(convt_ptx_modules() == 1);
    const std::size_t offered = convt_ptx_images()->size();
    Call call(*kernel);
    CallOptions options;
    options.cuda_context = make_context();
    for (int i = 0; i < 2; ++i)
        REQUIRE(kernel->run(call.x_view, call.weight_view, call.bias_view, call.y_view, options).ok());
    CHECK(convt_ptx_modules() == 2);
    CHECK(convt_ptx_images()->size() == 2 * offered);
    kernel.reset();
    CHECK(convt_ptx_modules() == 0);
}

TEST_CASE("a context that went away took its module along, and one at its address is another") {
    const Device machine;
    const auto kernel = gpu_kernel();
    Call call(*kernel);
    for (int i = 0; i < 4; ++i) {
        CallOptions options;
        options.cuda_context = make_context();
        const Status status = kernel->run(call.x_view, call.weight_view, call.bias_view, call.y_view, options);
        INFO(status.message());
        CHECK(status.ok());
        CHECK(convt_ptx_modules() == 1);
        REQUIRE(cuCtxDestroy_v2(static_cast<CUcontext>(options.cuda_context)) == CUDA_SUCCESS);
    }
    convt_ptx_reset();  // the primary context too
    CHECK(run(*kernel).ok());
}

TEST_CASE("PTX is limited to the registers that the block of a launch can have") {
    const Device machine;
    const Object& object = gpu_object();
    REQUIRE(run(*require_value(Kernel::load(object))).ok());
    const ptx::LaunchRecord& launch = convt_ptx_launches()->back();
    const auto threads = static_cast<std::uint64_t>(launch.block.count());
    CHECK(launch.max_registers == static_cast<int>(std::min<std::uint64_t>(255, 65536 / threads / 8 * 8)));
    CHECK(header_of(object).max_registers == static_cast<std::uint32_t>(launch.max_registers));
}

TEST_CASE("a device is offered the nearest cubin, then the PTX") {
    const Object& object = gpu_object();
    const bool assembled = header_of(object).images > 1;
    if (!assembled) SKIP("there is no ptxas: PTX alone");
    CHECK(header_of(object).images == 4);
    struct Row {
        int major, minor;
        const char* cubin;
    };
    for (const Row& row :
         {Row{8, 0, "cubin 80"}, {8, 6, "cubin 86"}, {8, 9, "cubin 86"}, {9, 0, "cubin 90"}, {10, 0, ""}}) {
        const Device machine;
        convt_ptx_set_capability(row.major, row.minor);
        REQUIRE(run(*require_value(Kernel::load(object))).ok());
        std::vector<std::string> expected = {"ptx 80"};
        if (*row.cubin != '\0') expected.insert(expected.begin(), row.cubin);
        CHECK(*convt_ptx_images() == expected);
    }
}

TEST_CASE("device code that is damaged is refused, whatever is wrong with it") {
    const Device machine;
    const Object& object = gpu_object();
    const std::size_t table = sizeof(cuda::ContainerHeader);
    struct Row {
        std::size_t offset;
        std::uint32_t value;
    };
    const std::uint32_t bytes = header_of(object).bytes;
    for (const Row& row : {Row{0, 0},
                           {offsetof(cuda::ContainerHeader, version), 2},
                           {offsetof(cuda::ContainerHeader, bytes), bytes + 64},
                           {offsetof(cuda::ContainerHeader, images), 0},
                           {offsetof(cuda::ContainerHeader, images), cuda::max_images + 1},
                           {table + offsetof(cuda::ContainerImage, offset), bytes + 64},
                           {table + offsetof(cuda::ContainerImage, offset), 0},
                           {table + offsetof(cuda::ContainerImage, bytes), 0},
                           {table + offsetof(cuda::ContainerImage, bytes), 0xFFFFFFFFU},
                           {table + offsetof(cuda::ContainerImage, bytes), 5},
                           {table + offsetof(cuda::ContainerImage, is_ptx), 2}}) {
        const Status status = run_changed(object, row.offset, row.value);
        INFO("offset " << row.offset << " value " << row.value << ": " << status.message());
        CHECK(status.code() == Code::corrupt);
    }
    // An image that lies in the header, and ends in a zero as PTX does.
    CHECK(run_changed(object, table + offsetof(cuda::ContainerImage, offset), 0, true).code() == Code::corrupt);
    CHECK(convt_ptx_modules() == 0);
    CHECK(convt_ptx_memory_used() == 0);
}

TEST_CASE("a kernel is admitted where there is a device, and waits for one where there is none") {
    const Problem problem = require_value(Problem::parse("convt1d_f32_ci2_co2_i5_k3_s2"));
    const Target target = require_value(Target::parse("cuda-sm80"));
    const Device machine;
    CHECK(require_value(compile_object(problem, target)).info.admitted);
    CHECK_FALSE(convt_ptx_launches()->empty());
    convt_ptx_reset();
    convt_ptx_set_device_count(0);
    CHECK_FALSE(require_value(compile_object(problem, target)).info.admitted);
}

}  // namespace convt::test
