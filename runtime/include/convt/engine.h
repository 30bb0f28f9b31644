// SPDX-License-Identifier: Apache-2.0
// Kernels by shape: from memory, from the cache on disk, or compiled then and there.
#pragma once

#include "convt/kernel.h"

#include <cstdint>
#include <memory>
#include <string>

namespace convt {

// $XDG_CACHE_HOME/convt, or $HOME/.cache/convt; empty where neither is set to an absolute path.
std::string default_cache_dir();

struct EngineOptions {
    // Who compiles on a miss; null: a miss is Code::unsupported. `worker_compiler` (worker.h) and `halide_compiler`
    // (halide_compiler.h) make one.
    std::shared_ptr<Compiler> compiler;
    // Folder of the disk cache, made with mode 0700 where missing; empty: no disk cache. A folder that is a symbolic
    // link, or belongs to someone else, or others may write to, is refused (Code::invalid_argument).
    std::string cache_dir = default_cache_dir();
    std::uint64_t disk_limit_bytes = 512U << 20U;
    std::uint64_t memory_limit_bytes =
        64U << 20U;  // of loaded code; the least recently used go first, those in use stay alive
};

struct EngineStats {
    std::uint64_t memory_hits = 0;
    std::uint64_t disk_hits = 0;
    std::uint64_t compiles = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t kernels = 0;
};

// Thread-safe. Many threads, and many processes that share a cache folder, which ask for one key compile once.
class Engine {
  public:
    static Result<std::unique_ptr<Engine>> create(EngineOptions options);
    ~Engine();
    // The kernel stays valid as long as the pointer is held, also after the engine is gone.
    Result<std::shared_ptr<const Kernel>> kernel(const Problem& problem, const Target& target = Target::host());
    EngineStats stats() const;

  private:
    struct Impl;
    explicit Engine(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

// Version of convt, "major.minor.patch".
const char* version() noexcept;

}  // namespace convt
