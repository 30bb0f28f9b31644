// SPDX-License-Identifier: Apache-2.0
#include "tools/examples/upscale/network.h"

#include <fmt/format.h>

#include <chrono>

namespace upscale {
namespace {

using convt::Code;
using convt::Result;
using convt::Status;
using convt::TensorView;

// How many times larger a model's output is than what is left of its input.
std::int64_t model_scale(const Model& model) {
    std::int64_t scale = 1;
    for (const Layer& layer : model.layers)
        scale *= layer.stride;
    return scale;
}

}  // namespace

convt::Problem layer_problem(const Layer& layer, std::int64_t height, std::int64_t width) {
    convt::Problem problem;
    problem.in_channels = layer.in_channels;
    problem.out_channels = layer.out_channels;
    problem.bias = true;
    const std::int64_t padding = layer.kind == Layer::Kind::convolution ? layer.kernel - 1 : layer.padding;
    for (auto* axis : {&problem.axes[0], &problem.axes[1]}) {
        axis->kernel = layer.kernel;
        axis->stride = layer.stride;
        axis->pad_low = axis->pad_high = padding;
    }
    problem.axes[0].input = height;
    problem.axes[1].input = width;
    if (layer.leaky) problem.epilogue.push_back({convt::EpilogueOp::Kind::leaky, {layer.slope}});
    return problem;
}

std::vector<float> problem_weights(const Layer& layer) {
    const auto outputs = static_cast<std::size_t>(layer.out_channels);
    const auto inputs = static_cast<std::size_t>(layer.in_channels);
    const auto taps = static_cast<std::size_t>(layer.kernel * layer.kernel);
    const bool turned = layer.kind == Layer::Kind::convolution;
    std::vector<float> weights(outputs * inputs * taps);
    for (std::size_t out = 0; out < outputs; ++out) {
        for (std::size_t in = 0; in < inputs; ++in) {
            for (std::size_t tap = 0; tap < taps; ++tap) {
                // Turning both axes round is counting the taps from the end.
                const std::size_t from = turned ? taps - 1 - tap : tap;
                weights[(in * outputs + out) * taps + tap] = layer.weights[(out * inputs + in) * taps + from];
            }
        }
    }
    return weights;
}

Result<std::vector<convt::NamedProblem>> model_problems(const Model& model) {
    std::vector<convt::NamedProblem> problems;
    std::int64_t height = model.height;
    std::int64_t width = model.width;
    for (const Layer& layer : model.layers) {
        const convt::Problem problem = layer_problem(layer, height, width);
        if (Status status = problem.validate(); !status.ok()) {
            return {status.code(), fmt::format("layer \"{}\": {}", layer.name, status.message())};
        }
        height = problem.axes[0].output();
        width = problem.axes[1].output();
        problems.push_back(
            {layer.name, problem, fmt::format("{} to {} channels", layer.in_channels, layer.out_channels)});
    }
    return problems;
}

Result<double> Stage::run(const std::vector<float>& input, const convt::CallOptions& options) {
    const auto start = std::chrono::steady_clock::now();
    const TensorView x = TensorView::dense(input.data(), problem.types().input, problem.input_shape());
    const TensorView y = TensorView::dense(output.data(), problem.types().output, problem.output_shape());
    const TensorView b = TensorView::dense(bias.data(), problem.types().sum, {problem.out_channels});
    if (Status status = kernel->run(x, weights, b, y, options); !status.ok()) {
        return {status.code(), fmt::format("layer \"{}\", {}: {}", name, problem.text(), status.message())};
    }
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

Result<Network> Network::create(const Model& model, convt::Engine& engine) {
    auto problems = model_problems(model);
    if (!problems.ok()) return problems.status();
    Network network;
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
        const convt::Problem& problem = problems.value()[i].problem;
        auto kernel = engine.kernel(problem);
        if (!kernel.ok())
            return {kernel.status().code(),
                    fmt::format("layer \"{}\": {}", model.layers[i].name, kernel.status().message())};
        const std::vector<float> weights = problem_weights(model.layers[i]);
        auto packed =
            kernel.value()->pack(TensorView::dense(weights.data(), problem.types().weights, problem.weight_shape()));
        if (!packed.ok()) return packed.status();
        std::vector<float> output(
            static_cast<std::size_t>(problem.out_channels * problem.axes[0].output() * problem.axes[1].output()));
        network.stages_.push_back({model.layers[i].name, problem, kernel.value(), std::move(packed).value(),
                                   model.layers[i].bias, std::move(output)});
    }
    // What the layers cut off must be the same whole number of input pixels on every side.
    network.scale_ = model_scale(model);
    const convt::Problem& last = network.last();
    const std::int64_t lost = model.height * network.scale_ - last.axes[0].output();
    if (lost < 0 || lost % (2 * network.scale_) != 0 || model.width * network.scale_ - last.axes[1].output() != lost) {
        return {Code::unsupported,
                fmt::format("model: {} x {} pixels become {} x {}, not {} times their inside", model.width,
                            model.height, last.axes[1].output(), last.axes[0].output(), network.scale_)};
    }
    network.border_ = lost / (2 * network.scale_);
    return network;
}

Status Network::run(const std::vector<float>& input, std::vector<float>& output, std::vector<double>& microseconds,
                    const convt::CallOptions& options) {
    microseconds.resize(stages_.size());
    const std::vector<float>* from = &input;
    for (std::size_t i = 0; i < stages_.size(); ++i) {
        const auto taken = stages_[i].run(*from, options);
        if (!taken.ok()) return taken.status();
        microseconds[i] += taken.value();
        from = &stages_[i].output;
    }
    output = *from;
    return {};
}

}  // namespace upscale
