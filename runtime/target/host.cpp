// SPDX-License-Identifier: Apache-2.0
// What the CPU this process runs on has: the feature table read against CPUID, and against XGETBV, for registers that
// the operating system does not save are as good as absent.
#include "convt/target.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace convt {
namespace {

#if defined(__x86_64__)

std::uint32_t cpuid(const CpuidBit& where) {
    std::uint32_t regs[4] = {};
    // Zero where the leaf is above the highest one this CPU has.
    if (__get_cpuid_count(where.leaf, where.subleaf, &regs[0], &regs[1], &regs[2], &regs[3]) == 0) return 0;
    return regs[where.reg];
}

// Component mask of XCR0; 0 where the operating system has not enabled XGETBV (CPUID.1:ECX.OSXSAVE).
std::uint64_t saved_state() {
    constexpr CpuidBit osxsave = {1, 0, 2, 27, 0};
    if ((cpuid(osxsave) >> osxsave.bit & 1U) == 0) return 0;
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return static_cast<std::uint64_t>(high) << 32U | low;
}

std::uint64_t detect() {
    const std::uint64_t state = saved_state();
    std::uint64_t features = 0;
    for (const FeatureInfo& row : cpu_features()) {
        const bool present = (cpuid(row.cpuid) >> row.cpuid.bit & 1U) != 0;
        if (present && (row.cpuid.xcr0 & ~state) == 0) features |= row.bit;
    }
    return features;
}

#else

std::uint64_t detect() {
    return 0;
}

#endif

}  // namespace

std::uint64_t host_features() noexcept {
    static const std::uint64_t features = detect();
    return features;
}

const char* host_arch() noexcept {
#if defined(__x86_64__)
    return "x86";
#elif defined(__aarch64__)
    return "arm";
#else
#error "convt runs on x86-64 and AArch64"
#endif
}

}  // namespace convt
