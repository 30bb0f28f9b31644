# SPDX-License-Identifier: Apache-2.0
"""A problem as convt-bench hands it over, and what several libraries make of it."""

import numpy as np


class Unsupported(Exception):
    """The library has no form of this problem; the text is why."""


class Problem:
    """Tuples have one number an axis, in the order of memory. All tensors here are channels first and batched. Sizes are the
    layer's; where its gradient is asked for, x is the output's gradient and y the input's."""

    def __init__(self, fields):
        if fields["folds"]:
            raise Unsupported("no library has padding modes of transposed convolutions")
        self.rank = fields["rank"]
        self.type, self.zero = fields["type"], fields["input_zero"]
        self.batch, self.groups = fields["batch"], fields["groups"]
        self.cin, self.cout = fields["in_channels"], fields["out_channels"]
        self.x_last, self.y_last = fields["x_last"], fields["y_last"]
        self.pass_word = fields["pass"]
        self.epilogue = [(op["kind"], op["slope"]) for op in fields["epilogue"]]
        for name in ("input", "kernel", "stride", "pad_low", "pad_high", "output_padding", "dilation", "output"):
            setattr(self, name, tuple(axis[name] for axis in fields["axes"]))

    @property
    def x_shape(self):
        return (self.batch, self.cout, *self.output) if self.pass_word else (self.batch, self.cin, *self.input)

    @property
    def y_shape(self):
        return (self.batch, self.cin, *self.input) if self.pass_word else (self.batch, self.cout, *self.output)

    def axes(self, *names):
        """One tuple an axis, of the fields named."""
        return list(zip(*(getattr(self, name) for name in names)))

    def as_2d(self):
        """A 1D problem as a 2D one of height 1; any other one as it is."""
        if self.rank != 1:
            return self
        flat = object.__new__(Problem)
        flat.__dict__.update(self.__dict__, rank=2)
        for name, height in (("input", 1), ("kernel", 1), ("stride", 1), ("pad_low", 0), ("pad_high", 0),
                             ("output_padding", 0), ("dilation", 1), ("output", 1)):
            setattr(flat, name, (height, *getattr(self, name)))
        return flat


def only_f32(problem):
    if problem.type != "f32":
        raise Unsupported(f"{problem.type}: f32 only")


def only_ranks(problem, *ranks):
    if problem.rank not in ranks:
        raise Unsupported(f"{problem.rank}D: none of it")


def single_activation(problem):
    """(kind, slope) of the one operation after the bias, or None."""
    if len(problem.epilogue) > 1:
        raise Unsupported("more than one operation after the bias")
    return problem.epilogue[0] if problem.epilogue else None


def channels_last(array):
    """The same numbers with the channels innermost in memory."""
    return np.ascontiguousarray(np.moveaxis(array, 1, -1))


def channels_first(array):
    return np.ascontiguousarray(np.moveaxis(array, -1, 1))


def onnx_model(problem, w, bias):
    """Bytes of an ONNX model from "x" to "y", weights constant. For the libraries that read such models."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    only_f32(problem)
    constants = [numpy_helper.from_array(w, "w")] + ([] if bias is None else [numpy_helper.from_array(bias, "b")])
    names = ["x"] + [constant.name for constant in constants]
    values = ["conv"] + [f"e{i}" for i in range(len(problem.epilogue))]
    values[-1] = "y"
    nodes = [helper.make_node(
        "ConvTranspose", names, values[:1], kernel_shape=problem.kernel, strides=problem.stride,
        dilations=problem.dilation, pads=problem.pad_low + problem.pad_high, output_padding=problem.output_padding,
        group=problem.groups)]
    for (kind, slope), before, after in zip(problem.epilogue, values, values[1:]):
        nodes.append(helper.make_node("Relu", [before], [after]) if kind == "relu" else
                     helper.make_node("LeakyRelu", [before], [after], alpha=slope))
    shape = lambda name, extents: helper.make_tensor_value_info(name, TensorProto.FLOAT, extents)
    graph = helper.make_graph(nodes, "convt", [shape("x", (problem.batch, problem.cin, *problem.input))],
                              [shape("y", problem.y_shape)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()
