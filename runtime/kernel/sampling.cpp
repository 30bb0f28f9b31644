// SPDX-License-Identifier: Apache-2.0
// Which outputs the admission check looks at. Half of the samples walk the combinations of residues, where a wrong tap
// or phase shows; half walk the borders, where a wrong bound shows, one axis after the other and the rest at random.
#include "runtime/kernel/definition.h"

#include <algorithm>
#include <random>

namespace convt {
namespace {

// Bounds on the number of samples: the lower one wins over the cost asked for, so that few but long sums are still
// looked at from several sides; the upper one keeps the walk itself cheap.
constexpr std::int64_t min_samples = 192;
constexpr std::int64_t max_samples = 16'384;

class Sampler {
  public:
    Sampler(const Problem& problem, std::int64_t count) : problem_(problem), count_(count) {
        for (int a = 0; a < problem.rank; ++a)
            extents_[a] = problem.axes[a].output();
    }

    std::vector<OutputIndex> take() {
        std::vector<OutputIndex> samples;
        samples.reserve(count_);
        take_corners(samples);
        take_phases(samples);
        while (std::ssize(samples) < count_)
            take_border(samples);
        return samples;
    }

  private:
    std::int64_t random(std::int64_t below) {
        return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(below));
    }

    // The first, the last, either side of a multiple of 8 (where vector blocks end), or any.
    std::int64_t random_channel() {
        const std::int64_t channels = problem_.out_channels;
        switch (random(4)) {
            case 0:
                return 0;
            case 1:
                return channels - 1;
            case 2:
                return std::clamp<std::int64_t>(random(channels / 8 + 1) * 8 - random(2), 0, channels - 1);
            default:
                return random(channels);
        }
    }

    OutputIndex random_index() {
        OutputIndex index{random(problem_.batch), random_channel(), {}};
        for (int a = 0; a < problem_.rank; ++a)
            index.o[a] = random(extents_[a]);
        return index;
    }

    void take_corners(std::vector<OutputIndex>& samples) {
        for (int corner = 0; corner < 2 << problem_.rank; ++corner) {
            OutputIndex index;
            const bool last = (corner >> problem_.rank) != 0;
            index.n = last ? problem_.batch - 1 : 0;
            index.c = last ? problem_.out_channels - 1 : 0;
            for (int a = 0; a < problem_.rank; ++a)
                index.o[a] = (corner >> a & 1) != 0 ? extents_[a] - 1 : 0;
            samples.push_back(index);
        }
    }

    void take_phases(std::vector<OutputIndex>& samples) {
        std::int64_t phases = 1;
        for (int a = 0; a < problem_.rank; ++a)
            phases = std::min<std::int64_t>(phases * std::min(problem_.axes[a].stride, extents_[a]), INT32_MAX);
        const std::int64_t wanted = count_ / 2;
        for (std::int64_t j = 0; j < wanted; ++j) {
            std::int64_t phase = phases <= wanted ? j % phases : random(phases);
            OutputIndex index = random_index();
            for (int a = 0; a < problem_.rank; ++a) {
                const std::int64_t stride = problem_.axes[a].stride;
                const std::int64_t residues = std::min(stride, extents_[a]);
                const std::int64_t residue = phase % residues;
                phase /= residues;
                index.o[a] = residue + stride * random((extents_[a] - residue + stride - 1) / stride);
            }
            samples.push_back(index);
        }
    }

    // Axes take turns; each walks its own two ends inwards, as far as padding and kernel are felt.
    void take_border(std::vector<OutputIndex>& samples) {
        const int a = static_cast<int>(border_ % problem_.rank);
        const std::int64_t step = border_++ / problem_.rank;
        const Axis& axis = problem_.axes[a];
        const std::int64_t fold =
            problem_.padding_mode == PaddingMode::zeros ? 0 : std::max(axis.pad_low, axis.pad_high);
        const std::int64_t width = std::min(extents_[a], axis.stride + axis.dilation * (axis.kernel - 1) + fold + 16);
        const std::int64_t inwards = step / 2 % width;
        OutputIndex index = random_index();
        index.o[a] = step % 2 == 0 ? inwards : extents_[a] - 1 - inwards;
        samples.push_back(index);
    }

    const Problem& problem_;
    std::int64_t count_;
    std::array<std::int64_t, 3> extents_{1, 1, 1};
    std::int64_t border_ = 0;
    std::mt19937_64 engine_{20'250'131};
};

std::vector<OutputIndex> all_outputs(const Problem& problem, std::int64_t count) {
    std::vector<OutputIndex> all(static_cast<std::size_t>(count));
    for (std::int64_t j = 0; j < count; ++j) {
        std::int64_t rest = j;
        const auto digit = [&rest](std::int64_t base) {
            const std::int64_t value = rest % base;
            rest /= base;
            return value;
        };
        OutputIndex& index = all[static_cast<std::size_t>(j)];
        for (int a = problem.rank - 1; a >= 0; --a)
            index.o[a] = digit(problem.axes[a].output());
        index.c = digit(problem.out_channels);
        index.n = rest;
    }
    return all;
}

}  // namespace

std::vector<OutputIndex> sample_outputs(const Problem& described, std::int64_t multiply_adds) {
    const Problem problem = described.gathered();
    std::int64_t outputs = problem.batch * problem.out_channels;
    for (int a = 0; a < problem.rank; ++a)
        outputs *= problem.axes[a].output();
    const std::int64_t per_output = std::max<std::int64_t>(max_terms(problem), 1);
    const std::int64_t count = std::clamp(multiply_adds / per_output, min_samples, max_samples);
    return outputs <= count ? all_outputs(problem, outputs) : Sampler(problem, count).take();
}

}  // namespace convt
