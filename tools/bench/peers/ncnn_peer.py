# SPDX-License-Identifier: Apache-2.0
"""ncnn in f32: its packed layouts inside, plain channels-first tensors outside. It knows no batch: images go one by one."""

import os

import ncnn
import numpy as np
from problem import Unsupported, only_f32, only_ranks, single_activation

# Which number of a layer's parameters says what; see `Deconvolution` and `Deconvolution1D` in ncnn's operator list.
AXES = {
    1: [{"kernel": 1, "dilation": 2, "stride": 3, "pad_low": 4, "pad_high": 15, "output_padding": 18}],
    2: [{"kernel": 11, "dilation": 12, "stride": 13, "pad_low": 14, "pad_high": 16, "output_padding": 19},
        {"kernel": 1, "dilation": 2, "stride": 3, "pad_low": 4, "pad_high": 15, "output_padding": 18}],
}


def parameters(problem, w, bias):
    given = {0: problem.cout, 5: int(bias is not None), 6: w.size}
    for axis, names in enumerate(AXES[problem.rank]):
        for name, number in names.items():
            given[number] = getattr(problem, name)[axis]
    if problem.groups > 1:
        given[7] = problem.groups
    activation = single_activation(problem)
    if activation:
        given[9] = 1 if activation[0] == "relu" else 2
        if activation[0] != "relu":
            given[-23310] = f"1,{activation[1]}"
    return " ".join(f"{number}={value}" for number, value in given.items())


def load(problem, w, bias, threads, work):
    layer = "Deconvolution" + ("DepthWise" if problem.groups > 1 else "") + ("1D" if problem.rank == 1 else "")
    # Output channels before input channels, group by group.
    groups = problem.groups
    ordered = w.reshape(groups, problem.cin // groups, problem.cout // groups, -1).swapaxes(1, 2)
    stem = os.path.join(work, "ncnn")
    with open(stem + ".param", "w", encoding="ascii") as file:
        file.write(f"7767517\n2 2\nInput x 0 1 x\n{layer} deconvolution 1 1 x y {parameters(problem, w, bias)}\n")
    with open(stem + ".bin", "wb") as file:
        file.write(bytes(4) + np.ascontiguousarray(ordered).tobytes() + (b"" if bias is None else bias.tobytes()))
    net = ncnn.Net()
    net.opt.num_threads = threads
    for reduced in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage", "use_bf16_packed"):
        if hasattr(net.opt, reduced):
            setattr(net.opt, reduced, False)
    if net.load_param(stem + ".param") != 0 or net.load_model(stem + ".bin") != 0:
        raise Unsupported("the model cannot be loaded")
    return net


def prepare(name, problem, x, w, bias, threads, work):
    only_f32(problem)
    only_ranks(problem, 1, 2)
    net = load(problem, w, bias, threads, work)
    images = [ncnn.Mat(np.ascontiguousarray(image)).clone() for image in x]
    outputs = [None] * len(images)

    def call():
        for n, image in enumerate(images):
            extractor = net.create_extractor()
            extractor.input("x", image)
            status, outputs[n] = extractor.extract("y")
            if status != 0:
                raise Unsupported(f"extract: status {status}")

    return call, lambda: np.stack([np.array(output) for output in outputs])
