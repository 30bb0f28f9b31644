// SPDX-License-Identifier: Apache-2.0
// A small network in ncnn's format: two valid convolutions and a deconvolution, 3 channels to 3, twice the size.
#pragma once

#include "tools/examples/upscale/model.h"

#include <string>

namespace convt::test {

// A tile of 16 x 16 becomes 20 x 20, twice its inside of 10 x 10: 1 pixel a side is lost to every convolution, and 1 to
// the deconvolution, whose padding of 3 cuts 2 output pixels more than the 1 that would keep twice the size.
inline const std::string small_graph =
    "7767517\n"
    "4 4\n"
    "Input         data   0 1 in 0=16 1=16 2=3\n"
    "Convolution   conv1  1 1 in a 0=5 1=3 5=1 6=135 9=2 -23310=1,0.100000\n"
    "Convolution   conv2  1 1 a b 0=6 1=3 5=1 6=270 9=2 -23310=1,0.250000\n"
    "Deconvolution conv3  1 1 b out 0=3 1=4 3=2 4=3 5=1 6=288\n";

// Weights for it from a fixed seed: halves in (-1/2, 1/2), biases in [-1, 1).
std::string small_weights();

// What the network computes, from ncnn's definition of its layers alone, in double: (3, height, width) planes in,
// planes of the returned extents out.
std::vector<double> run_slowly(const upscale::Model& model, std::vector<double> input, std::int64_t& height,
                               std::int64_t& width);

}  // namespace convt::test
