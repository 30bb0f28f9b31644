// SPDX-License-Identifier: Apache-2.0
// A layer of one axis on a signal that arrives in pieces of any length: a stream carries the frames (input positions)
// that later outputs still need, and gives every output as soon as no later frame can reach it. Pieces are cut into
// blocks; a kernel takes blocks of one length.
//
// With input extent I of the whole signal, stride S, kernel K, dilation D, padding and output padding as usual, T
// frames complete all positions before cropping below S * T (Problem::Axis); `hold` of them wait, as many as the
// padding at the end may still crop: max(0, S - 1 - D * (K - 1) - output_padding + pad_high). A kernel sees the
// ceil((D * (K - 1) + hold) / S) frames before the new ones. Outputs have the bits that a kernel of the whole signal
// gives where that problem says `ordered` (Sums, problem.h), whatever strategies and schedules the two have.
#pragma once

#include "convt/kernel.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace convt {

// A kernel of Stream::problem, and weights that it has packed. These are not owned and outlive the stream.
struct StreamKernel {
    std::shared_ptr<const Kernel> kernel;
    const PackedWeights* weights = nullptr;
};

// Used by one thread at a time; streams may share kernels and weights.
class CONVT_API Stream {
  public:
    // The problem of a kernel for streams of `whole`, whose input extent has no meaning here: blocks of `frames` new
    // frames, ordered. Code::unsupported names what no stream has: more axes, an open batch, a padding mode, an operand
    // of the output's shape; else as Problem::validate.
    static Result<Problem> problem(const Problem& whole, std::int64_t frames);
    // `kernels`: of such problems, one or more. Each block of a piece goes to the longest that it fills, the last to
    // the shortest, filled up with zeros and computed whole: a short one beside a long one keeps that cheap, and the
    // end of the stream. Code::invalid_argument where one is another's, Code::out_of_memory.
    static Result<Stream> create(const Problem& whole, const std::vector<StreamKernel>& kernels);

    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&&) noexcept;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream();

    // Outputs that a piece of `frames` frames gives now, and those that `finish` gives.
    std::int64_t outputs(std::int64_t frames) const noexcept;
    std::int64_t rest() const noexcept;

    // The next piece. x: (N, C_in, frames), y: (N, C_out, outputs(frames)), or channels last as the problem says; on
    // the host, batched, innermost dimension contiguous, other strides free, without overlap; y is not looked at where
    // it has no outputs. Bias and options as in Kernel::run. Where x or y does not fit nothing is written and the
    // stream is where it was (Code::invalid_argument); after any other failure, `reset`.
    Status push(const TensorView& x, const TensorView& bias, const TensorView& y,
                const CallOptions& options = {}) noexcept;
    // The outputs that waited for the end; then the stream begins anew. y: (N, C_out, rest()).
    Status finish(const TensorView& bias, const TensorView& y, const CallOptions& options = {}) noexcept;
    // Begins anew, with the same kernels.
    void reset() noexcept;

  private:
    struct Impl;
    explicit Stream(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace convt
