// SPDX-License-Identifier: Apache-2.0
// Compiled once for every width, with that width's instructions: nothing here may be an inline function of a library,
// or the linker could give a machine without them the wrong copy.
#include "tools/bench/vector_loops.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace convt::cli {

namespace {

// Twelve independent chains: two units with a latency of four or five cycles need ten at most, and twelve sums with two
// operands still fit 16 registers. The sums converge to 1: nothing overflows, nothing becomes denormal.
template <typename Vector, typename Scalar>
inline Scalar run_chains(Scalar start, std::int64_t steps) noexcept {
    const Vector half = Vector{} + start * static_cast<Scalar>(0.5);
    const Vector addend = Vector{} + start * static_cast<Scalar>(0.5);
    Vector sums[multiply_add_chains];
    for (int c = 0; c < multiply_add_chains; ++c)
        sums[c] = Vector{} + start * static_cast<Scalar>(c);
    for (std::int64_t s = 0; s < steps; ++s) {
        for (int c = 0; c < multiply_add_chains; ++c)
            sums[c] = sums[c] * half + addend;
    }
    Vector total{};
    for (int c = 0; c < multiply_add_chains; ++c)
        total += sums[c];
    return total[0];
}

// Two streams of sums, so that their latency does not bound the reads.
template <typename Vector>
inline void read(const Vector* from, std::int64_t count, Vector& a, Vector& b) noexcept {
    std::int64_t i = 0;
    for (; i + 1 < count; i += 2) {
        a ^= from[i];
        b ^= from[i + 1];
    }
    if (i < count) a ^= from[i];
}

template <typename Vector>
inline void write(Vector* to, std::int64_t count, bool past_caches) noexcept {
#if defined(__x86_64__)
    if (past_caches) {
        auto* parts = reinterpret_cast<__m128i*>(to);
        const auto n = count * static_cast<std::int64_t>(sizeof(Vector) / sizeof(__m128i));
        for (std::int64_t i = 0; i < n; ++i)
            _mm_stream_si128(parts + i, _mm_setzero_si128());
        return;
    }
#else
    (void)past_caches;
#endif
    for (std::int64_t i = 0; i < count; ++i)
        to[i] = Vector{};
}

typedef float FloatVector __attribute__((vector_size(CONVT_VECTOR_BYTES)));
typedef double DoubleVector __attribute__((vector_size(CONVT_VECTOR_BYTES)));
typedef long long IntegerVector __attribute__((vector_size(CONVT_VECTOR_BYTES), may_alias));

}  // namespace

template <>
float VectorLoops<CONVT_VECTOR_BYTES>::multiply_add(float start, std::int64_t steps) noexcept {
    return run_chains<FloatVector>(start, steps);
}

template <>
double VectorLoops<CONVT_VECTOR_BYTES>::multiply_add(double start, std::int64_t steps) noexcept {
    return run_chains<DoubleVector>(start, steps);
}

template <>
std::int64_t VectorLoops<CONVT_VECTOR_BYTES>::read_write(const void* from, std::int64_t read_lines, void* to,
                                                         std::int64_t written_lines, bool past_caches) noexcept {
    // Turns of at most 64 lines, a page: both streams stay known to the prefetchers.
    constexpr std::int64_t turn = 64;
    constexpr std::int64_t vectors = line_bytes / CONVT_VECTOR_BYTES;
    const auto* source = static_cast<const IntegerVector*>(from);
    auto* sink = static_cast<IntegerVector*>(to);
    const std::int64_t longer = read_lines > written_lines ? read_lines : written_lines;
    const std::int64_t turns = (longer + turn - 1) / turn;
    IntegerVector a{};
    IntegerVector b{};
    std::int64_t r = 0;
    std::int64_t w = 0;
    for (std::int64_t n = 1; n <= turns; ++n) {
        const std::int64_t r_end = read_lines * n / turns;
        const std::int64_t w_end = written_lines * n / turns;
        read(source + r * vectors, (r_end - r) * vectors, a, b);
        write(sink + w * vectors, (w_end - w) * vectors, past_caches);
        r = r_end;
        w = w_end;
    }
    a ^= b;
    std::int64_t folded = 0;
    for (unsigned i = 0; i < CONVT_VECTOR_BYTES / sizeof(long long); ++i)
        folded ^= a[i];
    return folded;
}

}  // namespace convt::cli
