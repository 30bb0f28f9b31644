// SPDX-License-Identifier: Apache-2.0
// A host that asks for a kernel at run time: compiled by the worker installed beside the library the first time, from
// the cache folder given as its argument from then on.
#include <convt/convt.h>

#include <cstdio>
#include <vector>

namespace {

int failed(const convt::Status& status) {
    std::fprintf(stderr, "%s\n", status.message().c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    convt::EngineOptions options;
    options.compiler = convt::worker_compiler();
    options.cache_dir = argv[1];
    const auto engine = convt::Engine::create(options);
    if (!engine.ok()) return failed(engine.status());
    const auto problem = convt::Problem::parse("convt1d_f32_ci1_co1_i3_k2_s2");
    const auto kernel = engine.value()->kernel(problem.value());
    if (!kernel.ok()) return failed(kernel.status());

    const std::vector<float> x = {1, 2, 3};
    const std::vector<float> w = {10, 1};
    std::vector<float> y(6);
    const auto type = convt::ElementType::f32;
    const auto status = kernel.value()->run(convt::TensorView::dense(x.data(), type, {1, 1, 3}),
                                            convt::TensorView::dense(w.data(), type, {1, 1, 2}), convt::TensorView{},
                                            convt::TensorView::dense(y.data(), type, {1, 1, 6}));
    if (!status.ok()) return failed(status);
    if (y != std::vector<float>{10, 1, 20, 2, 30, 3}) return 1;
    std::printf("compiles: %d\n", static_cast<int>(engine.value()->stats().compiles));
    return 0;
}
