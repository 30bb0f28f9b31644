// SPDX-License-Identifier: Apache-2.0
// Kernels by shape: from memory, from the cache on disk, or compiled then and there.
#pragma once

#include "convt/export.h"
#include "convt/kernel.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace convt {

// $XDG_CACHE_HOME/convt, or $HOME/.cache/convt; empty where neither is set to an absolute path.
CONVT_API std::string default_cache_dir();

struct EngineOptions {
    // Who compiles on a miss, and whose fingerprint a cached kernel must bear. `worker_compiler` (worker.h) and
    // `halide_compiler` (halide_compiler.h) make one. Null: any kernel of this version of convt that is on disk for the
    // problem and target will do, the last used first, and a miss is Code::unsupported.
    std::shared_ptr<Compiler> compiler;
    // Folder of the disk cache, made with mode 0700 where missing; empty: no disk cache. A folder that is a symbolic
    // link, or belongs to someone else, or others may write to, is refused (Code::invalid_argument). One that cannot be
    // made, or is full or read-only, costs the caching, never the kernel.
    std::string cache_dir = default_cache_dir();
    std::uint64_t disk_limit_bytes = 512U << 20U;
    std::uint64_t memory_limit_bytes =
        64U << 20U;  // of loaded code; the least recently used go first, those in use stay alive
};

struct EngineStats {
    std::uint64_t memory_hits = 0;  // those included who waited for another thread's kernel
    std::uint64_t disk_hits = 0;
    std::uint64_t compiles = 0;
    std::uint64_t store_failures = 0;  // kernels that the disk cache could not keep
    std::uint64_t memory_bytes = 0;
    std::uint64_t kernels = 0;
};

// Names an entry of the disk cache: 48 hexadecimal digits, of which the first 16 stand for convt's version, the form of
// objects, problem and target alone. `fingerprint` as the compiler gives it (object.h).
CONVT_API std::string cache_key(const Problem& problem, const Target& target, std::string_view fingerprint);

// Thread-safe. Many threads, and many processes that share a cache folder, which ask for one key compile once. After a
// fork, a child makes an engine of its own.
class CONVT_API Engine {
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
CONVT_API const char* version() noexcept;

}  // namespace convt
