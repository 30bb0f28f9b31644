// SPDX-License-Identifier: Apache-2.0
// What to run on: an instruction set by its feature bits, never a CPU's name, or a GPU architecture. One table of
// features and one of targets; a new instruction set or architecture is one row.
#pragma once

#include "convt/export.h"
#include "convt/status.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace convt {

// Where CPUID reports a feature: bit `bit` of `reg` (0 eax .. 3 edx) in `leaf`, `subleaf`; usable only where the
// operating system saves the state components `xcr0` (XGETBV).
struct CpuidBit {
    std::uint32_t leaf;
    std::uint32_t subleaf;
    int reg;
    int bit;
    std::uint64_t xcr0;
};

// A CPU feature: bit in a mask, name as written after `+` and in messages, and Halide's name for it ("" where Halide
// has none). `implies` are the bits that come with it, all of them: what Halide's name may generate is covered by the
// mask.
struct FeatureInfo {
    std::uint64_t bit;
    const char* name;
    const char* halide;
    const char* arch;  // as in TargetInfo
    std::uint64_t implies;
    CpuidBit cpuid;
};
CONVT_API std::span<const FeatureInfo> cpu_features() noexcept;

// A row of the target table. `vector_bytes` and `vector_registers` are what default schedules are derived from: of a
// GPU, a warp's 32 lanes of 4 bytes and the most registers of a thread.
struct TargetInfo {
    const char* name;
    const char* arch;        // "x86" or "arm", Halide's words, or "cuda"
    std::uint64_t features;  // bits every CPU of this level has
    int vector_bytes;
    int vector_registers;
    int capability = 0;  // CUDA's compute capability, 80 for 8.0: the least that runs it; 0: a CPU
};
CONVT_API std::span<const TargetInfo> targets() noexcept;

class CONVT_API Target {
  public:
    // `host`, or a name of the table, each optionally followed by `+feature`s. Code::unknown_target lists what there
    // is.
    static Result<Target> parse(std::string_view text);
    // The highest row whose features this CPU (and its operating system) has.
    static Target host();

    // The first row of the table.
    Target() noexcept;

    // Canonical text: row name, then the extra features in table order. `host` never appears in it.
    std::string text() const;
    const TargetInfo& info() const noexcept { return *info_; }
    std::uint64_t features() const noexcept { return features_; }
    bool is_gpu() const noexcept { return info_->capability != 0; }

    bool operator==(const Target&) const = default;

  private:
    const TargetInfo* info_;
    std::uint64_t features_;
};

// Feature bits of the CPU this process runs on, as CPUID and XGETBV report them; read once. Thread-safe.
CONVT_API std::uint64_t host_features() noexcept;
CONVT_API const char* host_arch() noexcept;

// Names of the features in `wanted` that `have` lacks, in table order.
CONVT_API std::vector<std::string> missing_features(std::uint64_t wanted, std::uint64_t have);

}  // namespace convt
