# SPDX-License-Identifier: Apache-2.0
"""MNN in f32, converted from ONNX. Its sessions overwrite their input; a module's call does not."""

import os

import MNN
import numpy as np
from problem import onnx_model
import _tools  # MNN's converter


def prepare(name, problem, x, w, bias, threads, work):
    stem = os.path.join(work, "mnn")
    with open(stem + ".onnx", "wb") as file:
        file.write(onnx_model(problem, w, bias))
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", stem + ".onnx", "--MNNModel", stem + ".mnn", "--bizCode", "convt"])
    runtime = MNN.nn.create_runtime_manager(({"backend": "CPU", "precision": "high", "numThread": threads},))
    net = MNN.nn.load_module_from_file(stem + ".mnn", ["x"], ["y"], runtime_manager=runtime)
    inputs = MNN.expr.placeholder(list(x.shape), MNN.expr.NCHW)
    inputs.write(x)
    outputs = None

    def call(keep=runtime):
        nonlocal outputs
        outputs = net.forward(inputs)
        outputs.ptr  # computed now, not when it is read

    return call, lambda: np.array(outputs.read())
