// SPDX-License-Identifier: Apache-2.0
// A model whose every layer is one convt kernel, for one size of tile. Decides how a layer becomes a problem; which
// schedule its kernel has is the engine's business.
#pragma once

#include "tools/examples/upscale/model.h"

#include "convt/engine.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace upscale {

// The problem that computes `layer` on an input of height x width: a convolution with kernel K is the transposed one of
// stride 1 and padding K - 1 whose kernel is turned round.
convt::Problem layer_problem(const Layer& layer, std::int64_t height, std::int64_t width);
// The layer's weights in the order that problem wants them: (in, out, kernel, kernel).
std::vector<float> problem_weights(const Layer& layer);

// Every layer's problem, named as in the model; Code::invalid_problem where a layer does not fit the tile.
convt::Result<std::vector<convt::NamedProblem>> model_problems(const Model& model);

// One layer, ready to run.
struct Stage {
    std::string name;
    convt::Problem problem;
    std::shared_ptr<const convt::Kernel> kernel;
    convt::PackedWeights weights;
    std::vector<float> bias;
    std::vector<float> output;

    // Microseconds of one call, input to output.
    convt::Result<double> run(const std::vector<float>& input, const convt::CallOptions& options);
};

class Network {
  public:
    // Asks `engine` for every kernel.
    static convt::Result<Network> create(const Model& model, convt::Engine& engine);

    std::vector<Stage>& stages() noexcept { return stages_; }
    // How many times larger the output is than what is left of the input, and how many input pixels are lost on every
    // side.
    std::int64_t scale() const noexcept { return scale_; }
    std::int64_t border() const noexcept { return border_; }
    // Extents of a tile: (channels, height, width) of the input, and what is returned.
    const convt::Problem& first() const noexcept { return stages_.front().problem; }
    const convt::Problem& last() const noexcept { return stages_.back().problem; }

    // Runs one tile. `microseconds`, one a stage, are added to.
    convt::Status run(const std::vector<float>& input, std::vector<float>& output, std::vector<double>& microseconds,
                      const convt::CallOptions& options);

  private:
    std::vector<Stage> stages_;
    std::int64_t scale_ = 1;
    std::int64_t border_ = 0;
};

}  // namespace upscale
