#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times cuDNN, through PyTorch, on the problems of a file, as convt is timed: tensors on the device, events, warm clocks.

usage: cudnn.py PROBLEMS.tsv OUT.tsv

f32 in f32 (no TF32), channels first, the fastest algorithm that cuDNN finds by trying. Writes name, microseconds; a problem that PyTorch
does not take is left out. Ends with 77 where PyTorch or a device is missing, and says which.
"""
import re
import statistics
import sys

WARM_MS, TIMED_MS, BATCH = 100, 100, 10
TYPES = {"f32": "float32", "f64": "float64", "c64": "complex64", "c128": "complex128"}


def read(text):
    """The fields of a problem's text; None where PyTorch has no form of it."""
    tokens = text.split("_")
    fields = {"rank": int(tokens[0][5]), "type": tokens[1], "n": 1, "g": 1, "bias": "bias" in tokens}
    lists = {"i": None, "k": None, "s": 1, "p": 0, "op": 0, "d": 1}
    for token in tokens[2:]:
        match = re.fullmatch(r"(n|ci|co|g)(\d+)", token)
        several = re.fullmatch(r"(i|k|s|p|op|d)(\d+(?:x\d+)*)", token)
        if match:
            fields[match[1]] = int(match[2])
        elif several:
            lists[several[1]] = tuple(int(number) for number in several[2].split("x"))
        elif token not in ("bias", "direct"):
            return None
    for name, values in lists.items():
        values = values if isinstance(values, tuple) else (values,)
        fields[name] = values * fields["rank"] if len(values) == 1 else values
    return fields


def measure(torch, p):
    """Median microseconds of a call."""
    call = getattr(torch.nn.functional, f"conv_transpose{p['rank']}d")
    kind = getattr(torch, TYPES[p["type"]])
    x = torch.rand(p["n"], p["ci"], *p["i"], device="cuda").to(kind)
    w = torch.rand(p["ci"], p["co"] // p["g"], *p["k"], device="cuda").to(kind)
    bias = torch.rand(p["co"], device="cuda").to(kind) if p["bias"] else None

    def batch():
        first, last = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        first.record()
        for _ in range(BATCH):
            call(x, w, bias, p["s"], p["p"], p["op"], p["g"], p["d"])
        last.record()
        last.synchronize()
        return first.elapsed_time(last)

    for limit in (WARM_MS, TIMED_MS):
        samples = []
        while sum(samples) < limit or len(samples) < 7:
            samples.append(batch())
    return 1e3 * statistics.median(samples) / BATCH


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        import torch
    except ImportError as missing:
        print(f"skipped: {missing}")
        return 77
    if not torch.cuda.is_available():
        print("skipped: PyTorch sees no CUDA device")
        return 77
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.set_grad_enabled(False)
    with open(arguments[0], encoding="utf-8") as lines, open(arguments[1], "w", encoding="utf-8") as out:
        print(f"# {torch.cuda.get_device_name()}, PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}", file=out)
        print("# case\tus", file=out)
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            problem = read(fields[1]) if len(fields) > 1 and not line.startswith("#") else None
            if problem is not None:
                print(f"{fields[0]}\t{measure(torch, problem):.2f}", file=out, flush=True)
    print(f"cuDNN's times are in {arguments[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
