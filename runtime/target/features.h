// SPDX-License-Identifier: Apache-2.0
// Bits of the feature mask. They are part of the format of cached objects: a new feature takes the next free bit.
#pragma once

#include "convt/target.h"

namespace convt::feature {

inline constexpr std::uint64_t sse3 = 1ULL << 0U;
inline constexpr std::uint64_t ssse3 = 1ULL << 1U;
inline constexpr std::uint64_t cx16 = 1ULL << 2U;
inline constexpr std::uint64_t sse41 = 1ULL << 3U;
inline constexpr std::uint64_t sse42 = 1ULL << 4U;
inline constexpr std::uint64_t popcnt = 1ULL << 5U;
inline constexpr std::uint64_t lahf = 1ULL << 6U;
inline constexpr std::uint64_t avx = 1ULL << 7U;
inline constexpr std::uint64_t f16c = 1ULL << 8U;
inline constexpr std::uint64_t fma = 1ULL << 9U;
inline constexpr std::uint64_t bmi1 = 1ULL << 10U;
inline constexpr std::uint64_t bmi2 = 1ULL << 11U;
inline constexpr std::uint64_t lzcnt = 1ULL << 12U;
inline constexpr std::uint64_t movbe = 1ULL << 13U;
inline constexpr std::uint64_t avx2 = 1ULL << 14U;
inline constexpr std::uint64_t avx512f = 1ULL << 15U;
inline constexpr std::uint64_t avx512cd = 1ULL << 16U;
inline constexpr std::uint64_t avx512bw = 1ULL << 17U;
inline constexpr std::uint64_t avx512dq = 1ULL << 18U;
inline constexpr std::uint64_t avx512vl = 1ULL << 19U;
inline constexpr std::uint64_t avx512_vnni = 1ULL << 20U;
inline constexpr std::uint64_t avx512_bf16 = 1ULL << 21U;
inline constexpr std::uint64_t avx512_fp16 = 1ULL << 22U;
inline constexpr std::uint64_t amx_tile = 1ULL << 23U;
inline constexpr std::uint64_t amx_bf16 = 1ULL << 24U;
inline constexpr std::uint64_t amx_int8 = 1ULL << 25U;
inline constexpr std::uint64_t avx512ifma = 1ULL << 26U;
inline constexpr std::uint64_t avx512vbmi = 1ULL << 27U;
inline constexpr std::uint64_t avx512_vbmi2 = 1ULL << 28U;
inline constexpr std::uint64_t avx512_bitalg = 1ULL << 29U;
inline constexpr std::uint64_t avx512_vpopcntdq = 1ULL << 30U;
inline constexpr std::uint64_t gfni = 1ULL << 31U;
inline constexpr std::uint64_t avx_vnni = 1ULL << 32U;
inline constexpr std::uint64_t sse4a = 1ULL << 33U;

// The levels of the x86-64 psABI, 3.1.1. What each names and no vector code uses (CMPXCHG8B, OSFXSR, XSAVE) is left
// out.
inline constexpr std::uint64_t v2 = sse3 | ssse3 | cx16 | sse41 | sse42 | popcnt | lahf;
inline constexpr std::uint64_t v3 = v2 | avx | f16c | fma | bmi1 | bmi2 | lzcnt | movbe | avx2;
inline constexpr std::uint64_t v4 = v3 | avx512f | avx512cd | avx512bw | avx512dq | avx512vl;

// What LLVM may use of a CPU with dot products: AMD's from Zen 4 on, and Intel's from Sapphire Rapids on, have this in
// common.
inline constexpr std::uint64_t dot_products =
    v4 | avx512_vnni | avx512_bf16 | avx512ifma | avx512vbmi | avx512_vbmi2 | avx512_bitalg | avx512_vpopcntdq | gfni;

}  // namespace convt::feature
