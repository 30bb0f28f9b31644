// SPDX-License-Identifier: Apache-2.0
// An object: the compiled bytes of one kernel with the facts a loader needs, and the interface through which the run
// time asks for one. The serialised form is both what the compile worker answers and what a cache entry holds.
#pragma once

#include "convt/export.h"
#include "convt/problem.h"
#include "convt/target.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace convt {

// What a kernel does to its numbers where it sums products of transformed inputs and weights (Winograd) in place of the
// definition's own. With X and W the largest input and weight of a tensor and C the input channels of a group:
//   every intermediate is at most growth * C * X * W, and for integers a multiple of 1 / divisor;
//   one value passes roundings + C roundings, so that an output is off by at most gamma_n * growth * C * X * W,
//   gamma_n = n u / (1 - n u), n = roundings + C, u the type's unit roundoff (Higham, Accuracy and Stability of
//   Numerical Algorithms, 3.1, applied to |A^T| |G| |w| |B^T| |x|). Bias and epilogue come on top.
struct CONVT_API TransformFacts {
    std::int64_t growth = 0;  // 0: the definition's own products are summed, and the rest means nothing
    std::int64_t roundings = 0;
    std::int64_t divisor = 0;
    bool operator==(const TransformFacts&) const = default;
};

// Facts about an object. Every string is one line without tabs.
struct CONVT_API ObjectInfo {
    std::string problem;          // canonical text
    std::string target;           // canonical text
    std::uint64_t features = 0;   // CPU feature bits it needs
    std::string strategy;         // name of the strategy
    std::string schedule;         // the schedule's text
    std::string schedule_source;  // "default", "tuned", "nearest" or "given"
    std::string compiler;         // identity of what compiled it (versions); part of the key
    std::string symbol;           // entry points are <symbol>_run_argv and <symbol>_pack_argv
    // Extents of the packed weights, innermost first, in scalars of `packed_type` (complex: the parts are one
    // dimension).
    std::vector<std::int64_t> packed_extents;
    ElementType packed_type = ElementType::f32;
    TransformFacts transform;
    bool admitted = false;    // passed the admission check on some machine
    double compile_ms = 0.0;  // plan to object bytes
    double admission_ms = 0.0;

    std::int64_t packed_bytes() const;  // 0 where the extents cannot be
};

struct CONVT_API Object {
    ObjectInfo info;
    std::vector<std::byte> code;  // a relocatable ELF file

    // One self-describing file: magic, format version, checksum, facts, code. The same value gives the same bytes.
    std::vector<std::byte> serialize() const;
    // Code::corrupt with the reason for anything that `serialize` did not write, whole.
    static Result<Object> deserialize(std::span<const std::byte> bytes);
};

// The one way from the run time to the compiler. Implementations: a worker process, in-process Halide, a fake in tests.
// Thread-safe: both calls may come from many threads at once.
class CONVT_API Compiler {
  public:
    virtual ~Compiler() = default;
    // Everything beside problem and target that changes the bytes `compile` would give (versions, the schedule chosen).
    // Cheap.
    virtual Result<std::string> fingerprint(const Problem& problem, const Target& target) = 0;
    // Compiles, and admits where this machine can execute the target. The problem is valid.
    virtual Result<Object> compile(const Problem& problem, const Target& target) = 0;
};

}  // namespace convt
