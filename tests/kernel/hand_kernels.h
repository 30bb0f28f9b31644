// SPDX-License-Identifier: Apache-2.0
// The kernels written by hand, by name, as objects with the facts that a compiler would give them.
#pragma once

#include "convt/kernel.h"
#include "tests/support/oracle.h"

#include <memory>
#include <string>
#include <vector>

namespace convt::test {

struct HandKernel {
    const char* name;
    const char* path;
    const char* problem;
};

// Those that compute rightly: 1D complex, 2D, with operands of the epilogue too, and 3D.
const std::vector<HandKernel>& good_kernels();
Object hand_object(const HandKernel& kernel);
// The one called `name` among all; fails the test where it does not load.
std::shared_ptr<const Kernel> load_kernel(const std::string& name);
const HandKernel& hand_kernel(const std::string& name);

// Tensors with integer data for a kernel, and its output space.
struct Call {
    Problem problem;
    Operands operands;
    std::vector<std::byte> y;
    TensorView x_view;
    TensorView weight_view;
    TensorView bias_view;
    std::vector<TensorView> operand_views;
    TensorView y_view;

    explicit Call(const Problem& of);
    Status run(const Kernel& kernel, CallOptions options = {});
    // What differs from the oracle; empty where nothing does.
    std::string mismatch() const;
};

}  // namespace convt::test
