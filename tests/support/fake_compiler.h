// SPDX-License-Identifier: Apache-2.0
// A compiler that takes no time: every object is the one hand-written kernel of fake_kernel.c, with facts that fit the
// problem. Only a problem of f32, 1D, one channel and one tap is computed rightly by it.
#pragma once

#include "convt/object.h"

#include <atomic>
#include <cstdint>
#include <string>

namespace convt::test {

struct FakeOptions {
    std::string fingerprint = "fake 1";
    bool admitted = true;
    bool wrong = false;          // the kernel that admission refuses
    bool links = true;           // else the code is no ELF file
    std::uint64_t features = 0;  // CPU features the object claims to need
    Status error{};              // what `compile` returns where it is not ok
    std::string log{};           // a file that every compile appends one byte to: counts among processes
    int milliseconds = 0;        // a compile takes, so that others come to wait for it
};

// A problem the fake kernel computes: convt1d_f32_ci1_co1_i<extent>_k1.
Problem fake_problem(std::int64_t extent);
Object fake_object(const Problem& problem, const Target& target, const FakeOptions& options = {});

class FakeCompiler final : public Compiler {
  public:
    explicit FakeCompiler(FakeOptions given = {}) : options(std::move(given)) {}
    Result<std::string> fingerprint(const Problem& problem, const Target& target) override;
    Result<Object> compile(const Problem& problem, const Target& target) override;

    FakeOptions options;  // not to be changed while others compile
    std::atomic<int> compiles{0};
};

}  // namespace convt::test
