// SPDX-License-Identifier: Apache-2.0
#include "tests/ptx/halide_pipelines.h"

#include "schedules/cpu/halide.h"

#include <chrono>
#include <cmath>

namespace convt::ptx {
namespace {

using namespace Halide;

Target cuda_target(int capability) {
    const Target::Feature feature = capability == 75   ? Target::CUDACapability75
                                    : capability == 80 ? Target::CUDACapability80
                                                       : Target::CUDACapability86;
    return get_jit_target_from_environment().with_feature(Target::CUDA).with_feature(feature);
}

// Small whole numbers: every sum of them is exact in f32.
template <typename T>
Buffer<T> numbers(int width, int height, int seed) {
    Buffer<T> buffer(width, height);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x)
            buffer(x, y) = static_cast<T>((x * 7 + y * 13 + seed) % 17 - 8);
    }
    return buffer;
}

// A fresh machine, for as long as Halide keeps a context in it: made before all buffers, so that it goes after them.
class StandIn {
  public:
    explicit StandIn(int capability) {
        convt_ptx_reset();
        convt_ptx_set_capability(capability / 10, capability % 10);
    }
    ~StandIn() {
        Internal::JITSharedRuntime::release_all();
        convt_ptx_reset();
    }
    StandIn(const StandIn&) = delete;
    StandIn& operator=(const StandIn&) = delete;
};

template <typename T, typename Expected>
HalideRun run_on_stand_in(const std::string& name, int capability, Func output, const std::vector<int>& extents,
                          double tolerance, const Expected& expected) {
    HalideRun run;
    run.name = name;
    run.capability = capability;
    Buffer<T> result(extents);
    try {
        output.compile_jit(cuda_target(capability));
    } catch (const Halide::Error& error) {
        run.failure = error.what();
        return run;
    }
    const auto start = std::chrono::steady_clock::now();
    try {
        output.realize(result);
        result.copy_to_host();
    } catch (const Halide::Error& error) {
        run.failure = error.what();
    }
    run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    run.launches = *convt_ptx_launches();
    run.results = static_cast<std::uint64_t>(result.number_of_elements());
    result.for_each_element([&](const int* at) {
        const double wanted = expected(at);
        const double got = static_cast<double>(result(at));
        if (!(std::fabs(got - wanted) <= tolerance * std::max(1.0, std::fabs(wanted)))) ++run.wrong;
    });
    result.device_free();
    return run;
}

}  // namespace

template <typename T>
HalideRun halide_matrix_product(int capability, int n) {
    const StandIn machine(capability);
    Buffer<T> a = numbers<T>(n, n, 1);
    Buffer<T> b = numbers<T>(n, n, 5);
    Var x("x"), y("y");
    Func output("output"), sums("sums"), left("left"), right("right");
    const RDom k(0, n, "k");
    left(x, y) = a(x, y);
    right(x, y) = b(x, y);
    sums(x, y) += left(k, y) * right(x, k);
    output(x, y) = sums(x, y);
    Var xo("xo"), yo("yo"), xi("xi"), yi("yi"), px("px"), py("py"), u("u"), v("v");
    RVar ko("ko"), ki("ki");
    output.bound(x, 0, n).bound(y, 0, n).tile(x, y, xo, yo, xi, yi, 64, 64);
    output.tile(xi, yi, px, py, 4, 4).unroll(px).unroll(py).gpu_blocks(xo, yo).gpu_threads(xi, yi);
    sums.compute_at(output, xo).store_in(MemoryType::Register);
    sums.tile(x, y, px, py, 4, 4).unroll(px).unroll(py).gpu_threads(x, y);
    sums.update().split(k, ko, ki, 16).tile(x, y, px, py, 4, 4).reorder(px, py, ki, x, y, ko);
    sums.update().unroll(px).unroll(py).unroll(ki).gpu_threads(x, y);
    // Staged: one tile of each at a time in shared memory, filled by all threads of the block.
    left.compute_at(sums, ko).store_in(MemoryType::GPUShared).split(y, u, v, 16).unroll(u).gpu_threads(x, v);
    right.compute_at(sums, ko).store_in(MemoryType::GPUShared).split(x, u, v, 4).vectorize(v).gpu_threads(u, y);
    const std::string name = sizeof(T) == 4 ? "matrix product f32" : "matrix product f64";
    return run_on_stand_in<T>(name, capability, output, {n, n}, 0, [&](const int* at) {
        double sum = 0;
        for (int i = 0; i < n; ++i)
            sum += static_cast<double>(a(i, at[1])) * static_cast<double>(b(at[0], i));
        return sum;
    });
}
template HalideRun halide_matrix_product<float>(int, int);
template HalideRun halide_matrix_product<double>(int, int);

HalideRun halide_row_sums(int capability, int width, int height) {
    const StandIn machine(capability);
    Buffer<float> in = numbers<float>(width, height, 3);
    Var y("y"), t("t"), yo("yo"), yi("yi");
    Func partial("partial"), sums("sums");
    const RDom rough(0, width / 32, "rough");
    const RDom fine(0, 32, "fine");
    partial(t, y) += in(t + 32 * rough, y);
    sums(y) += partial(fine, y);
    Func output("output");
    output(y) = sums(y);
    output.bound(y, 0, height).split(y, yo, yi, 4, TailStrategy::GuardWithIf).gpu_blocks(yo).gpu_threads(yi);
    partial.compute_at(output, yo).store_in(MemoryType::GPUShared).gpu_threads(t, y).update().gpu_threads(t, y);
    return run_on_stand_in<float>("row sums", capability, output, {height}, 0, [&](const int* at) {
        double sum = 0;
        for (int x = 0; x < width; ++x)
            sum += in(x, at[0]);
        return sum;
    });
}

HalideRun halide_transpose(int capability, int width, int height) {
    const StandIn machine(capability);
    Buffer<double> in = numbers<double>(width, height, 2);
    Var x("x"), y("y"), xo("xo"), yo("yo"), xi("xi"), yi("yi");
    Func output("output"), tile("tile");
    tile(x, y) = in(x, y);
    output(x, y) = tile(y, x);
    output.bound(x, 0, height).bound(y, 0, width).tile(x, y, xo, yo, xi, yi, 16, 16, TailStrategy::GuardWithIf);
    output.gpu_blocks(xo, yo).gpu_threads(xi, yi);
    tile.compute_at(output, xo).store_in(MemoryType::GPUShared).align_storage(x, 17).gpu_threads(x, y);
    return run_on_stand_in<double>("transposing copy", capability, output, {height, width}, 0,
                                   [&](const int* at) { return in(at[1], at[0]); });
}

HalideRun halide_functions(int capability, int count) {
    const StandIn machine(capability);
    Buffer<float> in(count);
    for (int i = 0; i < count; ++i)
        in(i) = 0.01F * static_cast<float>(i + 1);
    Var x("x"), xo("xo"), xi("xi");
    Func output("output");
    const Expr v = in(x);
    output(x) = sin(v) + pow(v, 1.5F) + sqrt(v) / (v + 1) + floor(v) + cast<float>(cast<float16_t>(v)) +
                atan2(v, 2.0F) + log(v) + cast<float>(cast<int>(v * 100) % 7) + select(v > 2, 1.0F, 0.0F);
    output.bound(x, 0, count).gpu_tile(x, xo, xi, 64, TailStrategy::GuardWithIf);
    // The half's rounding, 2^-11 of a value up to 8, is what is allowed for.
    return run_on_stand_in<float>("functions", capability, output, {count}, 1e-3, [&](const int* at) {
        const double w = in(at[0]);
        return std::sin(w) + std::pow(w, 1.5) + std::sqrt(w) / (w + 1) + std::floor(w) + w + std::atan2(w, 2.0) +
               std::log(w) + static_cast<int>(in(at[0]) * 100) % 7 + (w > 2 ? 1 : 0);
    });
}

}  // namespace convt::ptx
