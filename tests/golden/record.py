#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what frameworks compute for transposed convolutions as they describe them: tests/golden/<framework>.tsv.

usage: record.py FRAMEWORK...    (onnx pytorch gradients padding_modes tensorflow keras jax), or all

Run it where the frameworks of requirements.txt are installed; each is loaded only when asked for. Every line is a name, the
arguments and y: shape, then elements in the framework's order. x, w and the bias are not written down: their elements, in
the framework's order too, come from the generator below, as in golden_test.cpp. All are small integers, so that y is exact.
What a framework refuses is left out.
"""
import itertools
import pathlib
import random
import sys

import numpy

HERE = pathlib.Path(__file__).parent
SEEDS = {"x": 1, "w": 2, "b": 3}


def tensor(name, shape):
    """Integers from -2 to 2: the upper bits of a linear congruential generator (Numerical Recipes' constants)."""
    state, values = SEEDS[name], []
    for _ in range(int(numpy.prod(shape))):
        state = (1664525 * state + 1013904223) % 2**32
        values.append((state >> 16) % 5 - 2)
    return numpy.array(values, numpy.float32).reshape(shape)


def numbers(values):
    return ",".join(str(v) for v in values)


class Case:
    """Sizes and the framework's arguments, each a word or a list of numbers."""

    def __init__(self, input, kernel, batch=1, ci=1, co=1, groups=1, bias=0, **arguments):
        self.input, self.kernel, self.batch, self.ci, self.co, self.groups, self.bias = input, kernel, batch, ci, co, groups, bias
        self.arguments = {key: value for key, value in arguments.items() if value is not None}

    def get(self, key, otherwise=None):
        return self.arguments.get(key, otherwise)

    def text(self):
        words = {"n": self.batch, "ci": self.ci, "co": self.co, "g": self.groups, "bias": self.bias}
        words = [f"{key}={value}" for key, value in words.items()]
        words += [f"input={numbers(self.input)}", f"kernel={numbers(self.kernel)}"]
        words += [f"{k}={v if isinstance(v, str) else numbers(v)}" for k, v in self.arguments.items()]
        return " ".join(words)

    @property
    def rank(self):
        return len(self.input)

    def x(self, channels_last):
        return tensor("x", [self.batch, *self.input, self.ci] if channels_last else [self.batch, self.ci, *self.input])

    def b(self):
        return tensor("b", [self.co]) if self.bias else None


class Adjoint(Case):
    """A convolution with a padding mode, from `output` to `input`; convt is its adjoint. Its text is convt's problem."""

    def __init__(self, mode, output, kernel, stride, dilation, low, high, **sizes):
        axes = list(zip(output, kernel, stride, dilation, low, high))
        extents = [(o + a + b - reach(k, d)) // s + 1 for o, k, s, d, a, b in axes]
        left = [o + a + b - reach(k, d) - (i - 1) * s for i, (o, k, s, d, a, b) in zip(extents, axes)]
        super().__init__(extents, kernel, **sizes)
        self.mode, self.output, self.stride, self.dilation, self.low, self.high, self.left = mode, output, stride, dilation, low, high, left

    def text(self):
        axes = lambda values: "x".join(str(v) for v in values)
        words = [f"convt{self.rank}d_f32", f"n{self.batch}", f"ci{self.ci}", f"co{self.co}", f"i{axes(self.input)}", f"k{axes(self.kernel)}",
                 f"s{axes(self.stride)}", "p" + axes(f"{a}:{b}" for a, b in zip(self.low, self.high)), f"op{axes(self.left)}",
                 f"d{axes(self.dilation)}", f"g{self.groups}", f"pm{self.mode}"]
        return "_".join(words)


class Gradient(Case):
    """The gradient of a layer by its input. Its text is convt's problem, and x the gradient by the layer's output."""

    def __init__(self, input, kernel, stride, padding, output_padding, dilation, **sizes):
        super().__init__(input, kernel, **sizes)
        self.stride, self.padding, self.output_padding, self.dilation = stride, padding, output_padding, dilation

    def text(self):
        axes = lambda values: "x".join(str(v) for v in values)
        words = [f"convt{self.rank}d_f32", f"n{self.batch}", f"ci{self.ci}", f"co{self.co}", f"i{axes(self.input)}", f"k{axes(self.kernel)}",
                 f"s{axes(self.stride)}", f"p{axes(self.padding)}", f"op{axes(self.output_padding)}", f"d{axes(self.dilation)}",
                 f"g{self.groups}", "gradinput"]
        return "_".join(words)


# ---- The frameworks: y of a case ----

def onnx(case):
    import onnx
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    attributes = dict(case.arguments, group=case.groups)
    inputs = {"x": case.x(False), "w": tensor("w", [case.ci, case.co // case.groups, *case.kernel])}
    if case.bias:
        inputs["b"] = case.b()
    node = onnx.helper.make_node("ConvTranspose", list(inputs), ["y"], **attributes)
    values = [onnx.helper.make_tensor_value_info(k, onnx.TensorProto.FLOAT, v.shape) for k, v in inputs.items()]
    graph = onnx.helper.make_graph([node], "g", values, [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 11)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y = session.run(None, inputs)[0]
    if case.get("auto_pad", "").startswith("SAME") and not case.get("output_shape"):
        wanted = tuple(i * s for i, s in zip(case.input, case.get("strides")))
        assert y.shape[2:] == wanted, "where kernels are shorter than strides, ONNX Runtime departs from ONNX"
    return y


def pytorch(case):
    import torch

    kinds = [torch.nn.ConvTranspose1d, torch.nn.ConvTranspose2d, torch.nn.ConvTranspose3d]
    arguments = {k: tuple(v) for k, v in case.arguments.items() if k != "output_size"}
    module = kinds[case.rank - 1](case.ci, case.co, tuple(case.kernel), groups=case.groups, bias=bool(case.bias), **arguments)
    module.weight.data = torch.from_numpy(tensor("w", [case.ci, case.co // case.groups, *case.kernel]))
    if case.bias:
        module.bias.data = torch.from_numpy(case.b())
    with torch.no_grad():
        return module(torch.from_numpy(case.x(False)), output_size=case.get("output_size")).numpy()


def gradients(case):
    """PyTorch's autograd."""
    import torch

    convt = [torch.nn.functional.conv_transpose1d, torch.nn.functional.conv_transpose2d, torch.nn.functional.conv_transpose3d][case.rank - 1]
    u = torch.zeros([case.batch, case.ci, *case.input], requires_grad=True)
    w = torch.from_numpy(tensor("w", [case.ci, case.co // case.groups, *case.kernel]))
    y = convt(u, w, None, case.stride, case.padding, case.output_padding, case.groups, case.dilation)
    if y.numel() == 0:
        return y.detach().numpy()  # left out
    y.backward(torch.from_numpy(tensor("x", list(y.shape))))
    return u.grad.numpy()


def padding_modes(case):
    """PyTorch's gradient, in u, of <conv(pad(u)), x>: the adjoint identity as autograd has it."""
    import torch

    conv = [torch.nn.functional.conv1d, torch.nn.functional.conv2d, torch.nn.functional.conv3d][case.rank - 1]
    pads = [v for pair in reversed(list(zip(case.low, case.high))) for v in pair]
    u = torch.zeros([case.batch, case.co, *case.output], requires_grad=True)
    w = torch.from_numpy(tensor("w", [case.ci, case.co // case.groups, *case.kernel]))
    padded = torch.nn.functional.pad(u, pads, mode=case.mode)
    conv(padded, w, stride=case.stride, dilation=case.dilation, groups=case.groups).backward(torch.from_numpy(case.x(False)))
    return u.grad.numpy()


def tensorflow(case):
    import tensorflow

    calls = [tensorflow.nn.conv1d_transpose, tensorflow.nn.conv2d_transpose, tensorflow.nn.conv3d_transpose]
    padding = case.get("padding")
    if padding == "notset":
        pads = case.get("explicit_paddings")
        padding = [[0, 0], *([pads[2 * i], pads[2 * i + 1]] for i in range(case.rank)), [0, 0]]
    shape = [case.batch, *case.get("output_shape"), case.co]
    w = tensor("w", [*case.kernel, case.co, case.ci])
    arguments = {k: case.get(k) for k in ["strides", "dilations"] if case.get(k)}
    return calls[case.rank - 1](case.x(True), w, shape, padding=padding, **arguments).numpy()


def keras(case):
    import keras

    assert keras.backend.backend() == "tensorflow"
    kinds = [keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose]
    arguments = {k: tuple(v) if k != "padding" else v.lower() for k, v in case.arguments.items()}
    if case.rank == 1 and "output_padding" in arguments:
        arguments["output_padding"] = arguments["output_padding"][0]
    layer = kinds[case.rank - 1](case.co, tuple(case.kernel), use_bias=bool(case.bias), **arguments)
    x = case.x(True)
    layer.build(x.shape)
    w = tensor("w", [*case.kernel, case.co, case.ci])
    layer.set_weights([w, case.b()] if case.bias else [w])
    return numpy.array(layer(x))


def jax(case):
    from jax import lax

    transpose = case.get("transpose_kernel") == "1"
    padding = case.get("padding")
    if padding == "notset":
        pads = case.get("explicit_padding")
        padding = [(pads[2 * i], pads[2 * i + 1]) for i in range(case.rank)]
    w = tensor("w", [*case.kernel, *([case.co, case.ci] if transpose else [case.ci, case.co])])
    return numpy.array(lax.conv_transpose(case.x(True), w, case.get("strides"), padding, rhs_dilation=case.get("rhs_dilation"),
                                          transpose_kernel=transpose,
                                          use_consistent_padding=case.get("use_consistent_padding") == "1"))


# ---- The cases ----

def reach(k, d):
    return d * (k - 1) + 1


def lines():
    """All small combinations of one axis: input, kernel, stride, dilation."""
    return [(i, k, s, d) for k, s in itertools.product([1, 2, 3, 4, 5], [1, 2, 3, 4]) for i, d in [(1, 1), (4, 1), (5, 2)]]


def grids(count, groups):
    """Random cases of two and three axes, with channels."""
    rng = random.Random(7)
    for index in range(count):
        rank = 3 if index % 3 == 2 else 2
        axes = [(rng.randint(1, 5 if rank == 2 else 3), rng.randint(1, 4 if rank == 2 else 3), rng.randint(1, 3), rng.choice([1, 1, 2]))
                for _ in range(rank)]
        g = rng.choice([1, 2, 3]) if groups else 1
        sizes = {"ci": g * rng.randint(1, 2), "co": g * rng.randint(1, 2), "groups": g, "bias": rng.randint(0, 1)}
        yield list(zip(*axes)), sizes, rng


def onnx_cases():
    for i, k, s, d in lines():
        common = {"strides": [s], "dilations": [d]}
        for auto_pad in ["SAME_UPPER", "SAME_LOWER", "VALID"]:
            yield Case([i], [k], auto_pad=auto_pad, **common)
        full = (i - 1) * s + reach(k, d)
        for out in [max(full - 3, 1), max(full - 2, 1), max(full - 1, 1), full, full + 1]:
            yield Case([i], [k], output_shape=[out], **common)
        yield Case([i], [k], output_shape=[max(full - 1, 1)], auto_pad="SAME_UPPER", **common)
        if full > 2:
            yield Case([i], [k], pads=[0, 1], output_padding=[s - 1], **common)
            yield Case([i], [k], auto_pad="SAME_LOWER", output_padding=[s - 1], **common)
    for (i, k, s, d), sizes, rng in grids(48, True):
        case = {"strides": s, "dilations": d, "output_padding": [rng.randint(0, v - 1) for v in s]}
        pads = [rng.randint(0, 2) for _ in range(2 * len(i))]
        yield Case(i, k, pads=pads, **case, **sizes)
        yield Case(i, k, auto_pad=rng.choice(["SAME_UPPER", "SAME_LOWER", "VALID"]), **case, **sizes)


def pytorch_cases():
    for i, k, s, d in lines():
        for p in [0, 1]:
            least = (i - 1) * s - 2 * p + reach(k, d)
            common = {"stride": [s], "padding": [p], "dilation": [d]}
            for size in [least, least + s // 2, least + s - 1]:
                yield Case([i], [k], output_size=[size], **common)
            yield Case([i], [k], output_padding=[max(s, d) - 1], **common)
    for (i, k, s, d), sizes, rng in grids(48, True):
        padding = [rng.randint(0, 2) for _ in i]
        case = {"stride": s, "padding": padding, "dilation": d}
        yield Case(i, k, output_padding=[rng.randint(0, max(v, w) - 1) for v, w in zip(s, d)], **case, **sizes)
        least = [(a - 1) * v - 2 * p + reach(b, w) for a, b, v, w, p in zip(i, k, s, d, padding)]
        yield Case(i, k, output_size=[v + rng.randint(0, w - 1) for v, w in zip(least, s)], **case, **sizes)


def tensorflow_cases():
    for i, k, s, d in lines():
        common = {"strides": [s], "dilations": [d]}
        for out in [(i - 1) * s + 1, (i - 1) * s + s // 2 + 1, i * s]:
            yield Case([i], [k], padding="SAME", output_shape=[out], **common)
        full = (i - 1) * s + reach(k, d)
        for out in [full, full + s - 1]:
            yield Case([i], [k], padding="VALID", output_shape=[out], **common)
    for (i, k, s, d), sizes, rng in grids(60, False):
        sizes = dict(sizes, bias=0)
        case = {"strides": s, "dilations": d}
        if rng.randint(0, 2):
            case["dilations"] = [1] * len(i)
        yield Case(i, k, padding="SAME", output_shape=[(a - 1) * v + rng.randint(1, v) for a, v in zip(i, s)], **case, **sizes)
        pads = [rng.randint(0, b - 1) for b in k for _ in range(2)]
        out = [(a - 1) * v + reach(b, w) - pads[2 * n] - pads[2 * n + 1] + rng.randint(0, v - 1)
               for n, (a, b, v, w) in enumerate(zip(i, k, s, case["dilations"]))]
        if min(out) > 0 and len(i) == 2:
            yield Case(i, k, padding="notset", explicit_paddings=pads, output_shape=out, **case, **sizes)


def keras_cases():
    for i, k, s, d in lines():
        for padding in ["SAME", "VALID"]:
            for output_padding in [None, 0, s - 1]:
                arguments = {} if output_padding is None else {"output_padding": [output_padding]}
                yield Case([i], [k], strides=[s], padding=padding, dilation_rate=[d], **arguments)
    for (i, k, s, d), sizes, rng in grids(60, False):
        d = d if rng.randint(0, 1) and max(s) == 1 else [1] * len(i)
        case = {"strides": s, "dilation_rate": d, "padding": rng.choice(["SAME", "VALID"])}
        yield Case(i, k, **case, **sizes)
        yield Case(i, k, output_padding=[rng.randint(0, v - 1) for v in s], **case, **sizes)


def jax_cases():
    for i, k, s, d in lines():
        for padding, transpose in itertools.product(["SAME", "VALID"], ["0", "1"]):
            yield Case([i], [k], strides=[s], padding=padding, rhs_dilation=[d], transpose_kernel=transpose)
    for (i, k, s, d), sizes, rng in grids(60, False):
        sizes = dict(sizes, bias=0)
        case = {"strides": s, "rhs_dilation": d, "transpose_kernel": rng.choice("01")}
        yield Case(i, k, padding=rng.choice(["SAME", "VALID"]), **case, **sizes)
        consistent = rng.choice("01")
        pads = [rng.randint(0, 2) if consistent == "1" else rng.randint(0, w * (b - 1)) for b, w in zip(k, d) for _ in range(2)]
        yield Case(i, k, padding="notset", explicit_padding=pads, use_consistent_padding=consistent, **case, **sizes)


def padding_mode_cases():
    for mode in ["reflect", "replicate", "circular"]:
        for o, k, s, low, high in itertools.product([2, 5], [1, 3, 4], [1, 2, 3], [0, 1, 4], [1, 2]):
            if o + low + high >= k:
                yield Adjoint(mode, [o], [k], [s], [1], [low], [high])
        for (o, k, s, d), sizes, rng in grids(30, True):
            low, high = [[rng.randint(0, min(v, 3)) for v in o] for _ in range(2)]
            if all(v + a + b >= reach(n, w) for v, a, b, n, w in zip(o, low, high, k, d)):
                yield Adjoint(mode, list(o), list(k), list(s), list(d), low, high, **dict(sizes, bias=0))


def gradient_cases():
    for i, k, s, d in lines():
        for p in [0, 1]:
            yield Gradient([i], [k], [s], [p], [max(s, d) - 1], [d])
    for (i, k, s, d), sizes, rng in grids(48, True):
        padding = [rng.randint(0, 2) for _ in i]
        output_padding = [rng.randint(0, max(v, w) - 1) for v, w in zip(s, d)]
        yield Gradient(list(i), list(k), s, padding, output_padding, d, **dict(sizes, bias=0, batch=rng.randint(1, 2)))


# The distributions that compute, by framework.
FRAMEWORKS = {
    "onnx": (onnx, onnx_cases, ["onnxruntime", "onnx"]),
    "pytorch": (pytorch, pytorch_cases, ["torch"]),
    "gradients": (gradients, gradient_cases, ["torch"]),
    "padding_modes": (padding_modes, padding_mode_cases, ["torch"]),
    "tensorflow": (tensorflow, tensorflow_cases, ["tensorflow-cpu"]),
    "keras": (keras, keras_cases, ["keras", "tensorflow-cpu"]),
    "jax": (jax, jax_cases, ["jax", "jaxlib"]),
}


def record(name):
    import importlib.metadata

    compute, cases, parts = FRAMEWORKS[name]
    texts, refused = {}, 0
    for case in cases():
        try:
            y = compute(case)
        except Exception:  # each framework has errors of its own
            refused += 1
            continue
        if y.size == 0:
            continue
        values = " ".join(str(int(v)) for v in y.reshape(-1))
        texts[case.text()] = f"{numbers(y.shape)}\t{values}"
    versions = ", ".join(f"{part} {importlib.metadata.version(part)}" for part in parts)
    body = [f"# Recorded by record.py from {versions}: name, arguments, shape of y, y. See there."]
    body += [f"{name}{index}\t{text}\t{y}" for index, (text, y) in enumerate(texts.items())]
    (HERE / f"{name}.tsv").write_text("\n".join(body) + "\n")
    print(f"{name}: {len(texts)} vectors, {refused} refused by the framework, {versions}")


if __name__ == "__main__":
    for wanted in FRAMEWORKS if sys.argv[1:] == ["all"] else sys.argv[1:]:
        record(wanted)
