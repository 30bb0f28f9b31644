// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/machine.h"
#include "tools/bench/vector_loops.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

namespace convt::cli {

namespace {

volatile double sink = 0.0;  // read by nobody, computed all the same

constexpr std::int64_t steps = 500'000;  // about two milliseconds: most runs see no interrupt
constexpr int peak_repetitions = 40;

template <typename Scalar>
Scalar multiply_add(int vector_bytes, Scalar start) {
#if defined(__x86_64__)
    if (vector_bytes >= 64) return VectorLoops<64>::multiply_add(start, steps);
    if (vector_bytes >= 32) return VectorLoops<32>::multiply_add(start, steps);
#else
    (void)vector_bytes;
#endif
    return VectorLoops<16>::multiply_add(start, steps);
}

template <typename Scalar>
double peak(int vector_bytes, int threads) {
    double best = 1e30;
    for (int r = 0; r < peak_repetitions; ++r) {
        best = std::min(best, timed_together(threads, [vector_bytes](int) {
                            const volatile Scalar start = 1;
                            sink = static_cast<double>(multiply_add<Scalar>(vector_bytes, start));
                        }));
    }
    const auto lanes = std::clamp(vector_bytes, 16, 64) / static_cast<int>(sizeof(Scalar));
    return static_cast<double>(steps * multiply_add_chains * lanes * threads) / best;
}

auto widest_read_write() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return &VectorLoops<64>::read_write;
    if (__builtin_cpu_supports("avx2")) return &VectorLoops<32>::read_write;
#endif
    return &VectorLoops<16>::read_write;
}

// Lines of zeros, touched, so that no page fault is timed.
class Lines {
  public:
    explicit Lines(std::int64_t count)
        : bytes_(static_cast<std::size_t>(count * line_bytes)),
          data_(static_cast<std::byte*>(::operator new (bytes_, std::align_val_t{line_bytes}))) {
        std::memset(data_.get(), 0, bytes_);
    }
    std::byte* at(std::int64_t line) const { return data_.get() + line * line_bytes; }

  private:
    struct Free {
        void operator()(std::byte* p) const { ::operator delete (p, std::align_val_t{line_bytes}); }
    };
    std::size_t bytes_;
    std::unique_ptr<std::byte, Free> data_;
};

std::int64_t lines_of(std::int64_t bytes) {
    return (bytes + line_bytes - 1) / line_bytes;
}

}  // namespace

double fma_peak(ProblemType type, int vector_bytes, int threads) {
    return element_type_info(problem_type_info(type).sum).scalar_bytes == 4 ? peak<float>(vector_bytes, threads)
                                                                            : peak<double>(vector_bytes, threads);
}

double stream_seconds(std::int64_t bytes_read, std::int64_t bytes_written, int threads) {
    const std::int64_t reads = lines_of(bytes_read);
    const std::int64_t writes = lines_of(bytes_written);
    const Lines from(reads);
    const Lines to(writes);
    const auto read_write = widest_read_write();
    // About two million lines a run (128 MB): long against the start of threads, short enough for six runs.
    const std::int64_t passes = std::max<std::int64_t>(1, 2'000'000 / (reads + writes));
    double best = 1e30;
    for (const bool past_caches : {false, true}) {
        for (int repetition = 0; repetition < 3; ++repetition) {
            const double seconds = timed_together(threads, [&](int t) {
                const std::int64_t r = reads * t / threads;
                const std::int64_t w = writes * t / threads;
                for (std::int64_t p = 0; p < passes; ++p) {
                    sink = static_cast<double>(read_write(from.at(r), reads * (t + 1) / threads - r, to.at(w),
                                                          writes * (t + 1) / threads - w, past_caches));
                }
            });
            best = std::min(best, seconds / static_cast<double>(passes));
        }
    }
    return best;
}

}  // namespace convt::cli
