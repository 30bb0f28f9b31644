# SPDX-License-Identifier: Apache-2.0
"""NumPy: a matrix product for each tap, added where it lands. What one has without a library for it; the tests run this one."""

import numpy as np
from problem import single_activation


def prepare(name, problem, x, w, bias, threads, work):
    activation = single_activation(problem)
    padded = [low + high + extent for low, high, extent in problem.axes("pad_low", "pad_high", "output")]
    full = np.zeros((problem.batch, problem.groups, problem.cout // problem.groups, *padded), x.dtype)
    x = x.reshape(problem.batch, problem.groups, problem.cin // problem.groups, -1)
    w = w.reshape(problem.groups, problem.cin // problem.groups, problem.cout // problem.groups, *problem.kernel)
    crop = tuple(slice(low, low + extent) for low, extent in problem.axes("pad_low", "output"))
    outputs = None

    def call():
        nonlocal outputs
        full[...] = 0
        for tap in np.ndindex(problem.kernel):
            product = np.einsum("gio,ngip->ngop", w[(..., *tap)], x, optimize=True)
            lands = tuple(slice(k * d, k * d + (i - 1) * s + 1, s)
                          for k, (d, i, s) in zip(tap, problem.axes("dilation", "input", "stride")))
            full[(..., *lands)] += product.reshape(*product.shape[:3], *problem.input)
        outputs = full[(..., *crop)].reshape(problem.y_shape)
        if bias is not None:
            outputs = outputs + bias.reshape(1, -1, *[1] * problem.rank)
        if activation:
            outputs = np.where(outputs < 0, outputs * np.float32(activation[1]), outputs)

    return call, lambda: outputs
