// SPDX-License-Identifier: Apache-2.0
// The table of CPU features: where CPUID reports each (Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E), what
// it brings along, and what Halide calls it.
//
// Halide's names are coarse: it turns `avx` into -mcpu=corei7-avx, `avx2` into -mcpu=haswell, and `avx512_skylake` into
// F, CD, BW, DQ and VL at once. A name therefore stands on the row whose `implies` covers all that it may generate, so
// that a kernel's feature mask never promises less than its code uses. Halide reaches the dot products of bf16 and VNNI
// only through the names of whole CPU generations, which bring much else; each of these stands on the row that the
// other generation lacks: sse4a (-mcpu=znver4), avx512_fp16 (-mcpu=sapphirerapids, whose AMX Halide uses for matrices
// that are scheduled there alone).
#include "runtime/target/features.h"

namespace convt {
namespace {

constexpr int eax = 0;
constexpr int ebx = 1;
constexpr int ecx = 2;
constexpr int edx = 3;

// State components the operating system must save (Intel SDM volume 1, 13.1).
constexpr std::uint64_t no_state = 0;
constexpr std::uint64_t ymm_state = 0x6;
constexpr std::uint64_t zmm_state = 0xE6;
constexpr std::uint64_t tile_state = 0x60000;

constexpr std::uint32_t extended = 0x80000001U;

constexpr FeatureInfo rows[] = {
    {feature::sse3, "sse3", "", "x86", 0, {1, 0, ecx, 0, no_state}},
    {feature::ssse3, "ssse3", "", "x86", 0, {1, 0, ecx, 9, no_state}},
    {feature::cx16, "cx16", "", "x86", 0, {1, 0, ecx, 13, no_state}},
    {feature::sse41,
     "sse41",
     "sse41",
     "x86",
     feature::sse3 | feature::ssse3 | feature::cx16,
     {1, 0, ecx, 19, no_state}},
    {feature::sse42,
     "sse42",
     "",
     "x86",
     feature::sse3 | feature::ssse3 | feature::sse41 | feature::cx16,
     {1, 0, ecx, 20, no_state}},
    {feature::popcnt, "popcnt", "", "x86", 0, {1, 0, ecx, 23, no_state}},
    {feature::lahf, "lahf", "", "x86", 0, {extended, 0, ecx, 0, no_state}},
    {feature::avx, "avx", "avx", "x86", feature::v2, {1, 0, ecx, 28, ymm_state}},
    {feature::f16c, "f16c", "f16c", "x86", feature::v2 | feature::avx, {1, 0, ecx, 29, ymm_state}},
    {feature::fma, "fma", "fma", "x86", feature::v2 | feature::avx, {1, 0, ecx, 12, ymm_state}},
    {feature::bmi1, "bmi1", "", "x86", 0, {7, 0, ebx, 3, no_state}},
    {feature::bmi2, "bmi2", "", "x86", 0, {7, 0, ebx, 8, no_state}},
    {feature::lzcnt, "lzcnt", "", "x86", 0, {extended, 0, ecx, 5, no_state}},
    {feature::movbe, "movbe", "", "x86", 0, {1, 0, ecx, 22, no_state}},
    {feature::avx2, "avx2", "avx2", "x86", feature::v3, {7, 0, ebx, 5, ymm_state}},
    {feature::avx512f, "avx512f", "", "x86", feature::v3, {7, 0, ebx, 16, zmm_state}},
    {feature::avx512cd, "avx512cd", "avx512", "x86", feature::v3 | feature::avx512f, {7, 0, ebx, 28, zmm_state}},
    {feature::avx512bw, "avx512bw", "", "x86", feature::v3 | feature::avx512f, {7, 0, ebx, 30, zmm_state}},
    {feature::avx512dq, "avx512dq", "", "x86", feature::v3 | feature::avx512f, {7, 0, ebx, 17, zmm_state}},
    {feature::avx512vl, "avx512vl", "avx512_skylake", "x86", feature::v4, {7, 0, ebx, 31, zmm_state}},
    {feature::avx512_vnni, "avx512_vnni", "", "x86", feature::v4, {7, 0, ecx, 11, zmm_state}},
    {feature::avx512_bf16, "avx512_bf16", "", "x86", feature::v4, {7, 1, eax, 5, zmm_state}},
    {feature::avx512ifma, "avx512ifma", "", "x86", feature::v4, {7, 0, ebx, 21, zmm_state}},
    {feature::avx512vbmi, "avx512vbmi", "", "x86", feature::v4, {7, 0, ecx, 1, zmm_state}},
    {feature::avx512_vbmi2, "avx512_vbmi2", "", "x86", feature::v4, {7, 0, ecx, 6, zmm_state}},
    {feature::avx512_bitalg, "avx512_bitalg", "", "x86", feature::v4, {7, 0, ecx, 12, zmm_state}},
    {feature::avx512_vpopcntdq, "avx512_vpopcntdq", "", "x86", feature::v4, {7, 0, ecx, 14, zmm_state}},
    {feature::gfni, "gfni", "", "x86", 0, {7, 0, ecx, 8, no_state}},
    {feature::avx_vnni, "avx_vnni", "", "x86", feature::v3, {7, 1, eax, 4, ymm_state}},
    {feature::sse4a, "sse4a", "avx512_zen4", "x86", feature::dot_products, {extended, 0, ecx, 6, no_state}},
    {feature::avx512_fp16,
     "avx512_fp16",
     "avx512_sapphirerapids",
     "x86",
     feature::dot_products | feature::avx_vnni,
     {7, 0, edx, 23, zmm_state}},
    {feature::amx_tile, "amx_tile", "", "x86", 0, {7, 0, edx, 24, tile_state}},
    {feature::amx_bf16, "amx_bf16", "", "x86", feature::amx_tile, {7, 0, edx, 22, tile_state}},
    {feature::amx_int8, "amx_int8", "", "x86", feature::amx_tile, {7, 0, edx, 25, tile_state}},
};

}  // namespace

std::span<const FeatureInfo> cpu_features() noexcept {
    return rows;
}

std::vector<std::string> missing_features(std::uint64_t wanted, std::uint64_t have) {
    std::vector<std::string> names;
    for (const FeatureInfo& row : rows) {
        if ((wanted & ~have & row.bit) != 0) names.emplace_back(row.name);
    }
    return names;
}

}  // namespace convt
