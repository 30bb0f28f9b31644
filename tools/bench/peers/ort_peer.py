# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime: weights are constants of the model, tensors are bound once, so that a call is the computation."""

import numpy as np
import onnxruntime
from problem import onnx_model


def prepare(name, problem, x, w, bias, threads, work):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(onnx_model(problem, w, bias), options, providers=["CPUExecutionProvider"])
    inputs = onnxruntime.OrtValue.ortvalue_from_numpy(x)
    outputs = onnxruntime.OrtValue.ortvalue_from_numpy(np.empty(problem.y_shape, np.float32))
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", inputs)
    binding.bind_ortvalue_output("y", outputs)
    return lambda: session.run_with_iobinding(binding), outputs.numpy
