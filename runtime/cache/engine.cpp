// SPDX-License-Identifier: Apache-2.0
// From a problem to a kernel: memory, then disk, then the compiler, with one at work per key. Decides what counts as a
// hit (whole, of the right problem, linked by the loader, admitted) and that trouble with the cache never costs a
// kernel.
#include "convt/engine.h"

#include "convt/admission.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <new>
#include <optional>
#include <utility>

#include "runtime/cache/disk_cache.h"
#include "runtime/cache/lru_cache.h"
#include "runtime/cache/single_flight.h"
#include "runtime/target/dot_product.h"

namespace convt {
namespace {

using KernelPointer = std::shared_ptr<const Kernel>;

// Loads an object, and admits it first where nobody has: `object` then says so.
Result<KernelPointer> load_admitted(Object& object) {
    Result<KernelPointer> kernel = Kernel::load(object);
    if (!kernel.ok() || object.info.admitted) return kernel;
    const auto start = std::chrono::steady_clock::now();
    if (Status admitted = admit(*kernel.value()); !admitted.ok()) return admitted;
    object.info.admitted = true;
    object.info.admission_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    return Kernel::load(object);  // again, so that the kernel's own facts are true
}

struct Request {
    std::string problem;
    std::string target;
    std::string key;
    bool matches(const Object& object) const { return object.info.problem == problem && object.info.target == target; }
};

}  // namespace

struct Engine::Impl {
    explicit Impl(EngineOptions given) : options(std::move(given)), memory(options.memory_limit_bytes) {}

    Result<KernelPointer> kernel(const Problem& problem, const Target& target);
    Result<KernelPointer> find_or_compile(const Problem& problem, const Target& target, const Request& request);
    std::optional<Result<KernelPointer>> from_disk(const std::string& key, const Request& request);
    std::optional<Result<KernelPointer>> any_from_disk(const Request& request);
    Result<KernelPointer> compile(const Problem& problem, const Target& target, const Request& request);
    void store(const std::string& key, const Object& object);

    const EngineOptions options;
    std::optional<DiskCache> disk;
    LruCache<Kernel> memory;
    SingleFlight<KernelPointer> flights;
    std::atomic<std::uint64_t> memory_hits{0};
    std::atomic<std::uint64_t> disk_hits{0};
    std::atomic<std::uint64_t> compiles{0};
    std::atomic<std::uint64_t> store_failures{0};
};

Result<KernelPointer> Engine::Impl::kernel(const Problem& problem, const Target& asked) {
    if (Status valid = problem.validate(); !valid.ok()) return valid;
    const Target target = relevant_target(problem, asked);
    std::string fingerprint;
    if (options.compiler) {
        Result<std::string> given = options.compiler->fingerprint(problem, target);
        if (!given.ok()) return given.status();
        fingerprint = std::move(given).value();
    }
    const Request request{problem.text(), target.text(), cache_key(problem, target, fingerprint)};
    if (KernelPointer found = memory.find(request.key)) {
        ++memory_hits;
        return found;
    }
    bool joined = false;
    Result<KernelPointer> result =
        flights.run(request.key, joined, [&] { return find_or_compile(problem, target, request); });
    if (joined && result.ok()) ++memory_hits;
    return result;
}

Result<KernelPointer> Engine::Impl::find_or_compile(const Problem& problem, const Target& target,
                                                    const Request& request) {
    // Another flight may have landed since the caller looked.
    if (KernelPointer found = memory.find(request.key)) {
        ++memory_hits;
        return found;
    }
    const auto keep = [&](Result<KernelPointer> result) {
        if (result.ok()) memory.put(request.key, result.value(), result.value()->code_bytes());
        return result;
    };
    if (!options.compiler) {
        if (auto found = any_from_disk(request)) return keep(*std::move(found));
        return {Code::unsupported, fmt::format("problem {} for {}: not in the cache, and no compiler is set",
                                               request.problem, request.target)};
    }
    if (auto found = from_disk(request.key, request)) return keep(*std::move(found));
    if (!disk) return keep(compile(problem, target, request));
    const DiskCache::Lock lock = disk->lock(request.key);
    if (auto found = from_disk(request.key, request)) return keep(*std::move(found));  // compiled by another process
    return keep(compile(problem, target, request));
}

// None for a miss: no entry, an unreadable one, someone else's, or one that does not link.
std::optional<Result<KernelPointer>> Engine::Impl::from_disk(const std::string& key, const Request& request) {
    std::optional<Object> object = disk ? disk->find(key) : std::nullopt;
    if (!object || !request.matches(*object)) return std::nullopt;
    const bool was_admitted = object->info.admitted;
    Result<KernelPointer> kernel = load_admitted(*object);
    if (kernel.status().code() == Code::corrupt) return std::nullopt;
    if (kernel.status().code() == Code::wrong_result) disk->remove(key);
    if (kernel.ok()) ++disk_hits;
    if (kernel.ok() && !was_admitted) store(key, *object);
    return kernel;
}

std::optional<Result<KernelPointer>> Engine::Impl::any_from_disk(const Request& request) {
    const std::string family = request.key.substr(0, 16);
    if (!disk) return std::nullopt;
    const Result<std::vector<DiskCache::Entry>> entries = disk->entries();
    if (!entries.ok()) return std::nullopt;
    for (const DiskCache::Entry& entry : entries.value()) {
        if (!entry.key.starts_with(family)) continue;
        if (auto found = from_disk(entry.key, request)) return found;
    }
    return std::nullopt;
}

Result<KernelPointer> Engine::Impl::compile(const Problem& problem, const Target& target, const Request& request) {
    ++compiles;
    Result<Object> object = options.compiler->compile(problem, target);
    if (!object.ok()) return object.status();
    if (!request.matches(object.value()))
        return {Code::internal, fmt::format("asked for {} on {}, the compiler gave {} on {}", request.problem,
                                            request.target, object.value().info.problem, object.value().info.target)};
    Result<KernelPointer> kernel = load_admitted(object.value());
    // What this machine cannot execute is kept for one that can; it is admitted there.
    const Code code = kernel.status().code();
    if (kernel.ok() || code == Code::missing_feature || code == Code::no_device) store(request.key, object.value());
    return kernel;
}

void Engine::Impl::store(const std::string& key, const Object& object) {
    const bool wanted = !options.cache_dir.empty();
    if (wanted && (!disk || !disk->store(key, object).ok())) ++store_failures;
}

Result<std::unique_ptr<Engine>> Engine::create(EngineOptions options) try {
    auto impl = std::make_unique<Impl>(std::move(options));
    if (!impl->options.cache_dir.empty()) {
        Result<DiskCache> disk = DiskCache::open(impl->options.cache_dir, impl->options.disk_limit_bytes, true);
        if (disk.status().code() == Code::invalid_argument) return disk.status();
        if (disk.ok()) impl->disk.emplace(std::move(disk).value());
    }
    return std::unique_ptr<Engine>(new Engine(std::move(impl)));
} catch (const std::bad_alloc&) {
    return {Code::out_of_memory, "no memory"};
}

Engine::Engine(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::shared_ptr<const Kernel>> Engine::kernel(const Problem& problem, const Target& target) try {
    return impl_->kernel(problem, target);
} catch (const std::bad_alloc&) {
    return {Code::out_of_memory, "no memory"};
} catch (...) {
    return {Code::internal, "compiler threw"};
}

EngineStats Engine::stats() const {
    EngineStats stats;
    stats.memory_hits = impl_->memory_hits;
    stats.disk_hits = impl_->disk_hits;
    stats.compiles = impl_->compiles;
    stats.store_failures = impl_->store_failures;
    stats.memory_bytes = impl_->memory.bytes();
    stats.kernels = impl_->memory.size();
    return stats;
}

}  // namespace convt
