#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds convt-run against PyTorch on random problems: an implementation that shares nothing with convt or its oracle.

usage: against_torch.py CONVT_RUN [--count 200] [--seed 1]

Needs PyPI's torch and numpy, in an environment of its own. Both sides compute in the problem's type, so they may be
apart by twice the bound that each is allowed: gamma_n * sum |x w| (Higham, 3.1), n the products of an output and its
bias. The sum is a transposed convolution too: torch's, of the moduli, in double. Asymmetric padding is torch's result
without padding, cropped; layouts are permutations. Ends non-zero at the first problem that is off, with a line that
replays it.
"""

import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
import torch

TYPES = {
    "f32": (torch.float32, 24),
    "f64": (torch.float64, 53),
    "c64": (torch.complex64, 24),
    "c128": (torch.complex128, 53),
}
CONV = {
    1: torch.nn.functional.conv_transpose1d,
    2: torch.nn.functional.conv_transpose2d,
    3: torch.nn.functional.conv_transpose3d,
}


def random_axis(r, rank):
    """input, kernel, stride, pad_low, pad_high, output_padding, dilation of one axis with at least one output."""
    while True:
        extent = r.choice([1, 2, 3, 5, 7, r.randint(1, {1: 60, 2: 16, 3: 7}[rank])])
        kernel, stride, dilation = r.randint(1, 5), r.randint(1, 4), r.choice([1, 1, 2, 3])
        reach = dilation * (kernel - 1)
        low = r.randint(0, reach)
        high = r.choice([low, r.randint(0, reach)])
        output_padding = r.choice([0, r.randint(0, max(stride, dilation) - 1)])
        if (extent - 1) * stride - low - high + reach + output_padding + 1 >= 1:
            return extent, kernel, stride, low, high, output_padding, dilation


def random_problem(r, rank, kind):
    groups = r.choice([1, 1, 2, 3])
    problem = {
        "rank": rank,
        "type": kind,
        "batch": r.choice([1, 1, 2, 3]),
        "groups": groups,
        "in": groups * r.randint(1, 8),
        "out": groups * r.randint(1, 12),
        "axes": [random_axis(r, rank) for _ in range(rank)],
        "layout": r.choice(["", "nhwc", "nchw2nhwc", "nhwc2nchw"]),
        "bias": r.random() < 0.5,
    }
    problem["unbatched"] = problem["batch"] == 1 and r.random() < 0.4
    return problem


def text(p):
    extent, kernel, stride, low, high, output_padding, dilation = zip(*p["axes"])
    join = lambda values: "x".join(map(str, values))
    tokens = [f"convt{p['rank']}d", p["type"]]
    tokens += [f"n{p['batch']}"] * (p["batch"] > 1) + [f"ci{p['in']}", f"co{p['out']}"]
    tokens += ["i" + join(extent), "k" + join(kernel), "s" + join(stride)]
    tokens += ["p" + join(f"{a}:{b}" for a, b in zip(low, high)), "op" + join(output_padding), "d" + join(dilation)]
    tokens += [f"g{p['groups']}"] * (p["groups"] > 1) + [p["layout"]] * bool(p["layout"]) + ["bias"] * p["bias"]
    return "_".join(tokens)


def reference(p, x, w, bias):
    """torch's result without padding, cropped to where padding and output padding say. Channels first, batched."""
    full = CONV[p["rank"]](x, w, None, [a[2] for a in p["axes"]], 0, 0, p["groups"], [a[6] for a in p["axes"]])
    # Output padding lengthens the output at its end, before the high padding is cut off: those outputs get no tap.
    lengths = [a[5] for a in reversed(p["axes"])]
    full = torch.nn.functional.pad(full, [v for length in lengths for v in (0, length)])
    for d, axis in enumerate(p["axes"]):
        full = full.narrow(2 + d, axis[3], full.shape[2 + d] - axis[3] - axis[4])
    return full if bias is None else full + bias.reshape([1, -1] + [1] * p["rank"])


def operands(p, generator):
    kind = TYPES[p["type"]][0]
    uniform = lambda shape: (
        torch.complex(*(torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1 for _ in range(2)))
        if kind.is_complex
        else torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1
    ).to(kind)
    x = uniform([p["batch"], p["in"]] + [a[0] for a in p["axes"]])
    w = uniform([p["in"], p["out"] // p["groups"]] + [a[1] for a in p["axes"]])
    return x, w, uniform([p["out"]]) if p["bias"] else None


def bounds(p, x, w, bias):
    modulus = lambda t: (t.real.abs() + t.imag.abs() if t.is_complex() else t.abs()).double()
    magnitude = reference(p, modulus(x), modulus(w), None if bias is None else modulus(bias))
    ones = lambda t: torch.ones(t.shape, dtype=torch.float64)
    n = reference(p, ones(x), ones(w), None) * (2 if x.is_complex() else 1) + (bias is not None)
    roundoff = 2.0 ** -TYPES[p["type"]][1]
    return 2 * n * roundoff / (1 - n * roundoff) * magnitude


def to_last(t, rank):
    return t.permute([0] + list(range(2, rank + 2)) + [1])


def to_first(t, rank):
    return t.permute([0, rank + 1] + list(range(1, rank + 1)))


def run(convt_run, p, folder, x, w, bias):
    if p["layout"] in ("nhwc", "nhwc2nchw"):
        x = to_last(x, p["rank"])
    tensors = {"x": x[0] if p["unbatched"] else x, "w": w}
    if bias is not None:
        tensors["bias"] = bias
    command = [convt_run, text(p)]
    for name, tensor in tensors.items():
        np.save(folder / f"{name}.npy", tensor.contiguous().numpy())
        command += [f"--{name}", str(folder / f"{name}.npy")]
    subprocess.run(command + ["--y", str(folder / "y.npy")], check=True)
    y = torch.from_numpy(np.load(folder / "y.npy"))
    if p["unbatched"]:
        y = y[None]
    return to_first(y, p["rank"]) if p["layout"] in ("nhwc", "nchw2nhwc") else y


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("convt_run")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    r = random.Random(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    kinds = [(rank, kind) for rank in CONV for kind in TYPES]
    largest = {kind: (0.0, 0.0) for kind in TYPES}
    share = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for i in range(options.count):
            p = random_problem(r, *kinds[i % len(kinds)])
            x, w, bias = operands(p, generator)
            y = run(options.convt_run, p, pathlib.Path(folder), x, w, bias)
            want = reference(p, x, w, bias)
            if y.shape != want.shape:
                sys.exit(f"{text(p)}: shape {list(y.shape)}, torch has {list(want.shape)}")
            error, bound = (y - want).abs(), bounds(p, x, w, bias)
            if p["type"].startswith("c"):  # of each part, as the bound is
                error = torch.maximum((y - want).real.abs(), (y - want).imag.abs())
            if not bool((error <= bound).all()):
                worst = int((error - bound).argmax())
                sys.exit(f"{text(p)}: off by {error.flatten()[worst]:.3g}, bound {bound.flatten()[worst]:.3g}"
                         f" (--seed {options.seed}, problem {i} of the run)")
            at = int(error.argmax())
            largest[p["type"]] = max(largest[p["type"]], (float(error.flatten()[at]), float(bound.flatten()[at])))
            share = max(share, float((error / bound.clamp_min(1e-300)).max()))
    print(f"torch {torch.__version__}: {options.count} problems agree, seed {options.seed}, at least"
          f" {options.count // len(kinds)} for each rank and type; largest share of its bound {share:.2f}")
    for kind, (error, bound) in largest.items():
        print(f"  {kind}: largest error {error:.3g}, its bound {bound:.3g}")


if __name__ == "__main__":
    main()
