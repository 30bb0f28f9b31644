#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One library, asked by convt-bench to compute and time one problem after another.

usage: worker.py --list                  each peer's name, layout and version, as JSON
       worker.py --load                  loads every library; ends non-zero where one cannot be
       worker.py NAME THREADS FOLDER     a JSON request a line on standard input, a JSON answer a line on standard output

A request names a problem, a folder with x.npy, w.npy and bias.npy, and a file for y. The answer is the median time of a call,
or why there is none. What a library does before the first call (packing weights, compiling) is not timed, nor is the way of
tensors into the layout that it likes best, where its layout says so. FOLDER is for what a peer wants to keep between problems.
"""

import gc
import importlib
import importlib.metadata
import json
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# name: (module, distribution, layout of x and y in the timed call: first, last or whatever suits the library ("any"))
PEERS = {
    "torch": ("torch_peer", "torch", "first"),
    "torch_cl": ("torch_peer", "torch", "last"),
    "torch_compile": ("torch_peer", "torch", "first"),
    "torch_mkldnn": ("torch_peer", "torch", "last"),
    "onednn": ("onednn_peer", "onednn-cpu-gomp", "first"),
    "onednn_nhwc": ("onednn_peer", "onednn-cpu-gomp", "last"),
    "onednn_any": ("onednn_peer", "onednn-cpu-gomp", "any"),
    "ort": ("ort_peer", "onnxruntime", "first"),
    "openvino": ("openvino_peer", "openvino", "first"),
    "openvino_nhwc": ("openvino_peer", "openvino", "last"),
    "ncnn": ("ncnn_peer", "ncnn", "first"),
    "mnn": ("mnn_peer", "mnn", "first"),
    "litert": ("litert_peer", "ai-edge-litert", "last"),
    "numpy": ("numpy_peer", "numpy", "first"),
}

PLAIN_TYPES = ("f32", "f64", "c64", "c128")  # a module with others lists them in TYPES

NOT_COMPARED = {"numpy"}  # no library anybody would take; "all" leaves it out

GRADIENTS = {"torch", "torch_cl"}  # that are asked for gradients

# The statistic of convt-bench (tools/bench/measure.cpp says why): the median of samples that are long against the clock.
SAMPLE_SECONDS = 100e-6
WARM_UP_SECONDS = 0.04
TIMING_SECONDS = 0.12
LEAST_SAMPLES = 5
MOST_SECONDS = 2.0  # of one problem: a library that takes seconds a call is not worth five of them


def time_calls(call):
    """Median microseconds of call()."""
    begin = time.perf_counter()
    calls = 0
    while calls == 0 or time.perf_counter() - begin < WARM_UP_SECONDS:
        call()
        calls += 1
    repeat = range(max(1, int(SAMPLE_SECONDS / ((time.perf_counter() - begin) / calls))))
    samples = []
    begin = time.perf_counter()
    gc.disable()
    while True:
        start = time.perf_counter()
        for _ in repeat:
            call()
        end = time.perf_counter()
        samples.append((end - start) / len(repeat))
        spent = end - begin
        if (spent >= TIMING_SECONDS and len(samples) >= LEAST_SAMPLES) or spent >= MOST_SECONDS:
            break
    gc.enable()
    samples.sort()
    middle = len(samples) // 2
    return 1e6 * (samples[middle] + samples[-1 - middle]) / 2


def answer(module, name, request, threads, work):
    import numpy as np
    from problem import Problem, Unsupported, channels_first, channels_last

    problem = Problem(request["problem"])
    if problem.type not in getattr(module, "TYPES", PLAIN_TYPES):
        return {"missing": f"{problem.type}: not measured in it"}
    folder = pathlib.Path(request["folder"])
    x, w = np.load(folder / "x.npy"), np.load(folder / "w.npy")
    bias = np.load(folder / "bias.npy") if request["bias"] else None
    if problem.pass_word and name not in GRADIENTS:
        return {"missing": f"{problem.pass_word}: gradients are measured with {' and '.join(sorted(GRADIENTS))} alone"}
    if problem.x_last:
        x = channels_first(x)
    try:
        call, result = module.prepare(name, problem, x, w, bias, threads, work)
        microseconds = time_calls(call)
        y = np.asarray(result()).reshape(problem.y_shape)
    except Unsupported as reason:
        return {"missing": str(reason)}
    except Exception as error:  # whatever a library throws is about this problem
        return {"missing": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}
    np.save(request["y"], channels_last(y) if problem.y_last else np.ascontiguousarray(y))
    return {"median_us": microseconds}


def pin(threads):
    """One thread stays on the CPU that convt's stays on; before any library counts the CPUs."""
    if threads == 1:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(threads)
    os.environ["ONEDNN_DEFAULT_FPMATH_MODE"] = os.environ["DNNL_DEFAULT_FPMATH_MODE"] = "STRICT"


def serve(name, threads, work):
    pin(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the bench decides
    replies = os.fdopen(os.dup(1), "w")  # what libraries print goes where errors go
    os.dup2(2, 1)
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.join(work, "inductor")
    try:
        module = importlib.import_module(PEERS[name][0])
        hello = {"ready": True}
    except Exception as error:
        hello = {"missing": f"cannot be loaded: {type(error).__name__}: {error}"}
    print(json.dumps(hello), file=replies, flush=True)
    if "missing" in hello:
        return
    for line in sys.stdin:
        print(json.dumps(answer(module, name, json.loads(line), threads, work)), file=replies, flush=True)


def version(distribution):
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def load_all():
    """Exit code."""
    pin(1)
    failed = 0
    for module, distribution in dict((m, d) for m, d, _ in PEERS.values()).items():
        try:
            importlib.import_module(module)
            print(f"{distribution} {version(distribution)}", flush=True)
        except Exception as error:
            failed += 1
            print(f"{distribution}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    return 1 if failed else 0


def main(arguments):
    if arguments == ["--list"]:
        print(json.dumps({name: {"layout": layout, "version": version(distribution), "compared": name not in NOT_COMPARED}
                          for name, (_, distribution, layout) in PEERS.items()}))
    elif arguments == ["--load"]:
        return load_all()
    elif len(arguments) == 3 and arguments[0] in PEERS:
        serve(arguments[0], int(arguments[1]), arguments[2])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
