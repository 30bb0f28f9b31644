// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/opencl_run.h"

#include "compiler/strategies/strategy.h"
#include "tests/cuda/strided.h"

#include <deque>
#include <stdexcept>

namespace convt::test {

OpenclRun run_on_opencl(const Problem& problem, const Target& target, const std::string& strategy,
                        const Schedule& schedule, std::int64_t gap,
                        const std::function<Operands(const TransformFacts&)>& operands) {
    const Halide::Target host = Halide::get_jit_target_from_environment();
    try {
        convt::Operands parameters(problem);
        Pipeline pipeline = find_strategy(strategy, target)->build(parameters, target, schedule);
        const Operands data = operands(pipeline.transform);
        Strided x = spatial_tensor(problem, false, gap), y = spatial_tensor(problem, true, gap);
        Strided raw = dense_tensor(pipeline.raw_weights), packed = dense_tensor(parameters.packed);
        Strided bias = dense_tensor(parameters.bias);
        x.put(data.x);
        raw.put(data.weights);
        if (problem.bias) bias.put(data.bias);
        std::deque<Strided> extras;
        for (std::size_t i = 0; i < parameters.epilogue.size(); ++i) {
            Halide::ImageParam& param = parameters.epilogue_params[i];
            extras.push_back(parameters.epilogue[i].shape == OperandShape::as_output
                                 ? spatial_tensor(problem, true, gap)
                                 : dense_tensor(param));
            extras.back().put(data.epilogue[i]);
            param.set(extras.back().buffer);
        }
        pipeline.raw_weights.set(raw.buffer);
        pipeline.pack.realize(Halide::Pipeline::RealizationArg(packed.buffer.raw_buffer()), host);
        packed.buffer.set_host_dirty();
        parameters.input.set(x.buffer);
        parameters.packed.set(packed.buffer);
        parameters.bias.set(bias.buffer);
        pipeline.output.realize(Halide::Pipeline::RealizationArg(y.buffer.raw_buffer()),
                                host.with_feature(Halide::Target::OpenCL)
                                    .with_feature(Halide::Target::NoAsserts)
                                    .with_feature(Halide::Target::CLDoubles));
        y.buffer.copy_to_host();
        return {y.dense(y.host()), pipeline.transform};
    } catch (const Halide::Error& error) {
        throw std::runtime_error(error.what());
    }
}

}  // namespace convt::test
