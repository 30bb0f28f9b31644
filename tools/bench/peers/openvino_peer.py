# SPDX-License-Identifier: Apache-2.0
"""OpenVINO in f32 (it would take bf16 where the CPU has it). openvino: channels first; openvino_nhwc: channels last."""

import numpy as np
import openvino
from openvino.preprocess import PrePostProcessor
from problem import channels_first, channels_last, onnx_model

core = openvino.Core()
LAYOUTS = {1: ("NCW", "NWC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


def prepare(name, problem, x, w, bias, threads, work):
    model = core.read_model(onnx_model(problem, w, bias))
    last = name == "openvino_nhwc"
    if last:
        first_layout, last_layout = map(openvino.Layout, LAYOUTS[problem.rank])
        steps = PrePostProcessor(model)
        steps.input().tensor().set_layout(last_layout)
        steps.input().model().set_layout(first_layout)
        steps.output().tensor().set_layout(last_layout)
        steps.output().model().set_layout(first_layout)
        model = steps.build()
        x = channels_last(x)
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY", "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1})
    request = compiled.create_infer_request()
    y = np.empty(tuple(compiled.output(0).shape), np.float32)
    request.set_input_tensor(openvino.Tensor(x, shared_memory=True))
    request.set_output_tensor(openvino.Tensor(y, shared_memory=True))
    # The wrapper's `infer` copies tensors; the binding under it takes those that were set.
    binding = super(type(request), request)

    def call(keep=x):  # the tensor of the request points into it
        binding.infer({}, True, False)

    return call, lambda: channels_first(y) if last else y
