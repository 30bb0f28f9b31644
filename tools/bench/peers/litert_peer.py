# SPDX-License-Identifier: Apache-2.0
"""LiteRT with XNNPACK: TRANSPOSE_CONV knows 2D, channels last, no groups and no dilation. Where its "same" padding is not the
problem's, it computes without padding and a slice cuts the border off."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from problem import Unsupported, channels_first, channels_last, only_f32, only_ranks, single_activation


def same_padding(problem):
    """Whether "same" cuts what the problem cuts: the half of the surplus that is rounded down comes first."""
    for extent, stride, kernel, output, low in problem.axes("input", "stride", "kernel", "output", "pad_low"):
        surplus = (extent - 1) * stride + kernel - output
        if surplus < 0 or surplus // 2 != low or -(-output // stride) != extent:
            return False
    return True


class Graph:
    """A model under construction; tensors are numbers."""

    def __init__(self):
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.operatorCodes, self.model.buffers = [], [schema.BufferT()]
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(self, shape, kind=schema.TensorType.FLOAT32, data=None):
        made = schema.TensorT()
        made.shape, made.type, made.buffer = list(shape), kind, 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            made.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def integers(self, values):
        return self.tensor([len(values)], schema.TensorType.INT32, np.array(values, np.int32))

    def operator(self, code, version, inputs, output, kind=0, options=None):
        named = schema.OperatorCodeT()
        named.builtinCode, named.deprecatedBuiltinCode, named.version = code, code, version
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = len(self.model.operatorCodes), inputs, [output]
        made.builtinOptionsType, made.builtinOptions = kind, options
        self.model.operatorCodes.append(named)
        self.graph.operators.append(made)

    def bytes(self, inputs, outputs):
        self.graph.inputs, self.graph.outputs = [inputs], [outputs]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


def model(problem, w, bias):
    graph = Graph()
    activation = single_activation(problem)
    if activation and activation[0] != "relu":
        raise Unsupported("fuses relu alone")
    same = same_padding(problem)
    whole = [(i - 1) * s + k for i, s, k in problem.axes("input", "stride", "kernel")]
    if any(problem.pad_low[a] + problem.output[a] > whole[a] for a in range(2)):
        raise Unsupported("output padding beyond what the kernel reaches")
    computed = [problem.batch, *(problem.output if same else whole), problem.cout]
    inputs = graph.tensor([problem.batch, *problem.input, problem.cin])
    weights = graph.tensor([problem.cout, *problem.kernel, problem.cin],
                           data=np.ascontiguousarray(np.moveaxis(w, (0, 1), (-1, 0))))
    biases = [] if bias is None else [graph.tensor([problem.cout], data=bias)]
    outputs = graph.tensor(computed)
    options = schema.TransposeConvOptionsT()
    options.padding = schema.Padding.SAME if same else schema.Padding.VALID
    options.strideH, options.strideW = problem.stride
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU if activation else schema.ActivationFunctionType.NONE
    graph.operator(schema.BuiltinOperator.TRANSPOSE_CONV, 4 if activation else 3, [graph.integers(computed), weights, inputs] + biases,
                   outputs, schema.BuiltinOptions.TransposeConvOptions, options)
    if computed[1:3] != [*problem.output]:
        cut = graph.tensor([problem.batch, *problem.output, problem.cout])
        graph.operator(schema.BuiltinOperator.SLICE, 1, [outputs, graph.integers([0, *problem.pad_low, 0]),
                       graph.integers([problem.batch, *problem.output, problem.cout])], cut,
                       schema.BuiltinOptions.SliceOptions, schema.SliceOptionsT())
        outputs = cut
    return graph.bytes(inputs, outputs)


def prepare(name, problem, x, w, bias, threads, work):
    only_f32(problem)
    only_ranks(problem, 1, 2)
    if problem.groups > 1 or any(d > 1 for d in problem.dilation):
        raise Unsupported("no groups and no dilation")
    flat = problem.as_2d()
    content = model(flat, w.reshape(*w.shape[:2], *flat.kernel), bias)
    interpreter = Interpreter(model_content=content, num_threads=threads)
    interpreter.allocate_tensors()
    inputs, outputs = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    interpreter.set_tensor(inputs, channels_last(x.reshape(flat.batch, flat.cin, *flat.input)))
    return interpreter.invoke, lambda: channels_first(interpreter.get_tensor(outputs))
