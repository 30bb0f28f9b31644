// SPDX-License-Identifier: Apache-2.0
// The C interface: engines.
#include "compiler/capi/support.h"
#include "convt/worker.h"

using namespace convt;
using namespace convt::capi;

namespace {

template <typename T>
void set_if(T& field, T value) {
    if (value != T{}) field = value;
}

EngineOptions engine_options(const convt_engine_options& given) {
    EngineOptions options;
    if (given.cache_dir != nullptr) options.cache_dir = given.cache_dir;
    set_if(options.disk_limit_bytes, given.disk_limit_bytes);
    set_if(options.memory_limit_bytes, given.memory_limit_bytes);
    if (given.never_compile != 0) return options;

    WorkerOptions worker;
    if (given.worker != nullptr) worker.path = given.worker;
    if (given.db_dir != nullptr) worker.tuned.db_dir = given.db_dir;
    worker.tuned.untuned = given.untuned != 0;
    set_if(worker.time_limit_ms, given.compile_time_limit_ms);
    set_if(worker.memory_limit_bytes, given.compile_memory_limit_bytes);
    options.compiler = worker_compiler(worker);
    return options;
}

}  // namespace

convt_code convt_engine_create(const convt_engine_options* options, convt_engine** engine, convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (engine == nullptr) return null_argument("engine");
        *engine = nullptr;
        convt_engine_options given{};
        if (options != nullptr && !read_struct(options, given)) return short_struct("options", options->struct_size);
        Result<std::unique_ptr<Engine>> made = Engine::create(engine_options(given));
        if (!made.ok()) return made.status();
        *engine = new convt_engine{std::move(made).value()};
        return {};
    });
}

void convt_engine_destroy(convt_engine* engine) {
    delete engine;
}

convt_code convt_engine_kernel(convt_engine* engine, const convt_problem* problem, const convt_target* target,
                               convt_kernel** kernel, convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (kernel == nullptr) return null_argument("kernel");
        *kernel = nullptr;
        if (engine == nullptr) return null_argument("engine");
        if (problem == nullptr) return null_argument("problem");
        Result<std::shared_ptr<const Kernel>> found =
            engine->value->kernel(problem->value, target != nullptr ? target->value : Target::host());
        if (!found.ok()) return found.status();
        *kernel = new convt_kernel{std::move(found).value()};
        return {};
    });
}

convt_code convt_engine_get_stats(const convt_engine* engine, convt_engine_stats* stats, convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (engine == nullptr) return null_argument("engine");
        if (stats == nullptr) return null_argument("stats");
        const EngineStats s = engine->value->stats();
        const convt_engine_stats known{0, s.memory_hits, s.disk_hits, s.compiles, s.memory_bytes, s.kernels};
        return write_struct(known, stats) ? Status() : short_struct("stats", stats->struct_size);
    });
}
