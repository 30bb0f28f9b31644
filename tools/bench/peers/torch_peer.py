# SPDX-License-Identifier: Apache-2.0
"""PyTorch. torch: eager, as most people run it. torch_cl: eager, channels last. torch_mkldnn: its oneDNN operator with packed
weights, channels last. torch_compile: inductor with freezing, which packs the weights and chooses the layout inside."""

import torch
from problem import Unsupported, only_f32, only_ranks

# The switch that lets the compiler treat weights as constants; read when a model is compiled.
import torch._inductor.config as inductor

inductor.freezing = True
torch.set_grad_enabled(False)
torch.set_float32_matmul_precision("highest")

CONV = {1: torch.nn.functional.conv_transpose1d, 2: torch.nn.functional.conv_transpose2d, 3: torch.nn.functional.conv_transpose3d}
LAST = {2: torch.channels_last, 3: torch.channels_last_3d}


class Layer(torch.nn.Module):
    def __init__(self, problem, w, bias):
        super().__init__()
        self.w = torch.nn.Parameter(w, requires_grad=False)
        self.bias = None if bias is None else torch.nn.Parameter(bias, requires_grad=False)
        self.problem = problem

    def forward(self, x):
        p = self.problem
        y = CONV[p.rank](x, self.w, self.bias, p.stride, p.pad_low, p.output_padding, p.groups, p.dilation)
        for kind, slope in p.epilogue:
            y = torch.relu(y) if kind == "relu" else torch.nn.functional.leaky_relu(y, slope)
        return y


def mkldnn_layer(p, x, w, bias):
    """The operator behind PyTorch's frozen graphs; its last arguments are the fused operation."""
    only_f32(p)
    only_ranks(p, 2, 3)
    if p.epilogue and (len(p.epilogue) > 1 or p.epilogue[0][0] != "relu"):
        raise Unsupported("fuses relu alone")
    packed = torch.ops.mkldnn._reorder_convolution_transpose_weight(
        w, p.pad_low, p.output_padding, p.stride, p.dilation, p.groups, x.shape)
    operator = torch.ops.mkldnn._convolution_transpose_pointwise
    fused = ("relu" if p.epilogue else "none", [], "")
    return lambda: operator(x, packed, bias, p.pad_low, p.output_padding, p.stride, p.dilation, p.groups, *fused)


def input_gradient(p, dy, w):
    """What autograd calls. The input gives its shape alone."""
    x = torch.empty(p.y_shape).contiguous(memory_format=LAST[p.rank] if p.rank in LAST and last_in_memory(dy) else torch.contiguous_format)
    return lambda: torch.ops.aten.convolution_backward(
        dy, x, w, None, p.stride, p.pad_low, p.dilation, True, p.output_padding, p.groups, [True, False, False])[0]


def last_in_memory(tensor):
    return tensor.stride(1) == 1 and not tensor.is_contiguous()


def prepare(name, problem, x, w, bias, threads, work):
    if problem.pad_low != problem.pad_high:
        raise Unsupported("padding differs from side to side")
    torch.set_num_threads(threads)
    x, w = torch.from_numpy(x), torch.from_numpy(w)
    bias = None if bias is None else torch.from_numpy(bias)
    if name in ("torch_cl", "torch_mkldnn"):  # one dimension has no channels last of its own
        flat = problem.as_2d()
        x = x.reshape(flat.x_shape).contiguous(memory_format=LAST[flat.rank])
        w = w.reshape(*w.shape[:2], *flat.kernel)
        problem = flat
    if problem.pass_word:
        if name == "torch_cl":
            w = w.contiguous(memory_format=LAST[problem.rank])
        layer = input_gradient(problem, x, w)
    elif name == "torch_mkldnn":
        layer = mkldnn_layer(problem, x, w, bias)
    else:
        if name == "torch_cl":
            w = w.contiguous(memory_format=LAST[problem.rank])
        model = Layer(problem, w, bias).eval()
        if name == "torch_compile":
            torch._dynamo.reset()
            model = torch.compile(model)
        layer = lambda: model(x)
    outputs = None

    def call():
        nonlocal outputs
        outputs = layer()

    return call, lambda: outputs.contiguous().numpy()
