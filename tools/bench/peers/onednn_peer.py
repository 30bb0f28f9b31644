# SPDX-License-Identifier: Apache-2.0
"""oneDNN through its C interface (dnnl.h of version 3): weights packed as the primitive wants them, bias and activation fused.
onednn: plain channels-first tensors; onednn_nhwc: channels last; onednn_any: source and destination as the primitive wants them."""

import ctypes
import pathlib
import sys
from ctypes import POINTER, byref, c_float, c_int, c_int64, c_void_p

import numpy as np
from problem import Unsupported, single_activation

dnnl = ctypes.CDLL(str(pathlib.Path(sys.prefix) / "lib" / "libdnnl.so.3"))

# Values of dnnl_types.h.
CPU, INFERENCE, DECONVOLUTION, RELU, ADD, ANY_TAG = 1, 96, 0xA, 0x20, 0x1FFF0, 1
F16, BF16, F32, S32, S8, U8 = range(1, 7)
STRICT = 0
SOURCE_MD, WEIGHTS_MD, DESTINATION_MD = 129, 131, 133
SOURCE, DESTINATION, WEIGHTS, BIAS, ADDED = 1, 17, 33, 41, 2
ALLOCATE = c_void_p(-1)

# Of each type of problem: x, w, bias, y. numpy holds the bits of bf16.
TYPES = {
    "f32": (F32, F32, F32, F32),
    "f16": (F16, F16, F32, F16),
    "f16f16f32": (F16, F16, F32, F32),
    "bf16": (BF16, BF16, F32, BF16),
    "bf16bf16f32": (BF16, BF16, F32, F32),
    "u8s8s32": (U8, S8, S32, S32),
    "s8s8s32": (S8, S8, S32, S32),
    "u8s8f32": (U8, S8, S32, F32),
    "s8s8f32": (S8, S8, S32, F32),
}
NUMPY = {F16: np.float16, BF16: np.uint16, F32: np.float32, S32: np.int32}


class Argument(ctypes.Structure):
    _fields_ = [("index", c_int), ("memory", c_void_p)]


dnnl.dnnl_primitive_desc_query_md.restype = c_void_p


def checked(function, *arguments):
    status = function(*arguments)
    if status != 0:
        raise RuntimeError(f"{function.__name__}: status {status}")


def made(function, *arguments):
    """The handle that a dnnl function writes to its first argument."""
    handle = c_void_p()
    checked(function, byref(handle), *arguments)
    return handle


engine = made(dnnl.dnnl_engine_create, CPU, ctypes.c_size_t(0))
stream = made(dnnl.dnnl_stream_create, engine, 1)


def numbers(values):
    return (c_int64 * len(values))(*values)


def described(kind, dims, strides=None):
    """A descriptor of elements `kind` in plain memory with `strides`; without, in whatever form a primitive likes."""
    if strides is None:
        return made(dnnl.dnnl_memory_desc_create_with_tag, len(dims), numbers(dims), kind, ANY_TAG)
    return made(dnnl.dnnl_memory_desc_create_with_strides, len(dims), numbers(dims), kind, numbers(strides))


def dense(dims):
    return [int(np.prod(dims[i + 1:])) for i in range(len(dims))]


def channels_last_strides(dims):
    strides = dense([dims[0], *dims[2:], dims[1]])
    return [strides[0], strides[-1], *strides[1:-1]]


def execute(primitive, arguments):
    """The arguments of dnnl_primitive_execute."""
    listed = (Argument * len(arguments))(*(Argument(index, memory) for index, memory in arguments.items()))
    return primitive, stream, len(arguments), listed


def reorder(source, source_md, target, target_md):
    descriptor = made(dnnl.dnnl_reorder_primitive_desc_create, source_md, engine, target_md, engine, None)
    primitive = made(dnnl.dnnl_primitive_create, descriptor)
    checked(dnnl.dnnl_primitive_execute, *execute(primitive, {SOURCE: source, DESTINATION: target}))
    checked(dnnl.dnnl_stream_wait, stream)


def over(array, descriptor):
    return made(dnnl.dnnl_memory_create, descriptor, engine, c_void_p(array.ctypes.data))


def attributes(activation):
    attribute = made(dnnl.dnnl_primitive_attr_create)
    checked(dnnl.dnnl_primitive_attr_set_fpmath_mode, attribute, STRICT)
    if activation:
        operations = made(dnnl.dnnl_post_ops_create)
        slope = 0.0 if activation[0] == "relu" else activation[1]
        checked(dnnl.dnnl_post_ops_append_eltwise, operations, RELU, c_float(slope), c_float(0))
        checked(dnnl.dnnl_primitive_attr_set_post_ops, attribute, operations)
    return attribute


def weight_dims(problem):
    """Logical extents and strides: output channels first, groups before them; in memory input channels come first."""
    cin, cout, taps = problem.cin // problem.groups, problem.cout // problem.groups, int(np.prod(problem.kernel))
    dims, strides = [cout, cin, *problem.kernel], [taps, cout * taps, *dense(problem.kernel)]
    return (dims, strides) if problem.groups == 1 else ([problem.groups, *dims], [cin * cout * taps, *strides])


class Deconvolution:
    """The primitives of one problem with their memory. `fused`: one does it all; otherwise a second one adds the bias in place
    and applies the activation."""

    def __init__(self, name, problem, w, bias, fused):
        plain = {"onednn": dense, "onednn_nhwc": channels_last_strides, "onednn_any": lambda dims: None}[name]
        x_dims, self.shape = [problem.batch, problem.cin, *problem.input], problem.y_shape
        w_dims, w_strides = weight_dims(problem)
        activation = single_activation(problem)
        self.x_kind, w_kind, bias_kind, self.y_kind = TYPES[problem.type]
        bias_md = None if bias is None else described(bias_kind, [problem.cout], [1])
        ends = [high - extra for high, extra in problem.axes("pad_high", "output_padding")]
        descriptor = made(
            dnnl.dnnl_deconvolution_forward_primitive_desc_create, engine, INFERENCE, DECONVOLUTION,
            described(self.x_kind, x_dims, plain(x_dims)), described(w_kind, w_dims), bias_md if fused else None,
            described(self.y_kind, self.shape, plain(self.shape)), numbers(problem.stride), numbers([d - 1 for d in problem.dilation]),
            numbers(problem.pad_low), numbers(ends), attributes(activation if fused else None))
        self.wanted = {what: c_void_p(dnnl.dnnl_primitive_desc_query_md(descriptor, query, 0))
                       for what, query in (("x", SOURCE_MD), ("w", WEIGHTS_MD), ("y", DESTINATION_MD))}
        self.memory = {what: made(dnnl.dnnl_memory_create, md, engine, ALLOCATE) for what, md in self.wanted.items()}
        w_md = described(w_kind, w_dims, w_strides)
        reorder(over(w, w_md), w_md, self.memory["w"], self.wanted["w"])
        bound = {SOURCE: self.memory["x"], WEIGHTS: self.memory["w"], DESTINATION: self.memory["y"]}
        if fused and bias is not None:
            bound[BIAS] = over(bias, bias_md)
        self.calls = [execute(made(dnnl.dnnl_primitive_create, descriptor), bound)]
        if not fused:
            self.calls.append(self.addition(problem, bias, activation))

    def addition(self, problem, bias, activation):
        dims = [1, problem.cout] + [1] * problem.rank
        md = described(TYPES[problem.type][2], dims, dense(dims))
        descriptor = made(dnnl.dnnl_binary_primitive_desc_create, engine, ADD, self.wanted["y"], md, self.wanted["y"],
                          attributes(activation))
        bound = {SOURCE: self.memory["y"], ADDED: over(bias, md), DESTINATION: self.memory["y"]}
        return execute(made(dnnl.dnnl_primitive_create, descriptor), bound)

    def run(self, x):
        md = described(self.x_kind, x.shape, dense(x.shape))
        reorder(over(x, md), md, self.memory["x"], self.wanted["x"])
        for arguments in self.calls:
            checked(dnnl.dnnl_primitive_execute, *arguments)
        checked(dnnl.dnnl_stream_wait, stream)

    def output(self):
        y = np.empty(self.shape, NUMPY[self.y_kind])
        md = described(self.y_kind, self.shape, dense(self.shape))
        reorder(self.memory["y"], self.wanted["y"], over(y, md), md)
        return y

    def __del__(self):
        for handle in self.memory.values():
            dnnl.dnnl_memory_destroy(handle)
        for arguments in self.calls:
            dnnl.dnnl_primitive_destroy(arguments[0])


def keeps_bias(deconvolution, problem, x, bias):
    """oneDNN 3.2's brgconv_strided forgets bias and activation where it takes the input channels in several passes: zeros must
    give the bias back."""
    expected = bias
    for kind, slope in problem.epilogue:
        expected = np.where(expected < 0, expected * np.float32(slope if kind == "leaky" else 0), expected)
    deconvolution.run(np.zeros_like(x))
    return np.allclose(np.moveaxis(deconvolution.output(), 1, -1), expected, rtol=1e-6, atol=0)


def prepare(name, problem, x, w, bias, threads, work):
    if problem.zero:
        raise Unsupported("zero points: not asked of it")
    deconvolution = Deconvolution(name, problem, w, bias, True)
    if problem.type == "f32" and bias is not None and not keeps_bias(deconvolution, problem, x, bias):
        deconvolution = Deconvolution(name, problem, w, bias, False)
    deconvolution.run(x)
    calls, run, wait = deconvolution.calls, dnnl.dnnl_primitive_execute, dnnl.dnnl_stream_wait

    def call():
        for arguments in calls:
            run(*arguments)
        wait(stream)

    return call, deconvolution.output
