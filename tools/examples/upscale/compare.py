#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one tile of a photograph through upscale and through ncnn, same model, same floats, and compares what comes out.

ncnn computes in f32 here: its half-float storage, packing and arithmetic, its other algorithms for convolutions too, are off. Two f32
implementations then differ by rounding alone, about 1e-5; exits 1 where it is more than 1e-4.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import ncnn
import numpy
from PIL import Image

TOLERANCE = 1e-4


def run_ncnn(prefix, tile):
    net = ncnn.Net()
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage", "use_packing_layout",
                   "use_winograd_convolution", "use_sgemm_convolution"):
        setattr(net.opt, option, False)
    if net.load_param(prefix + ".param") != 0 or net.load_model(prefix + ".bin") != 0:
        sys.exit(f"compare.py: ncnn cannot load {prefix}")
    extractor = net.create_extractor()
    extractor.input(net.input_names()[0], ncnn.Mat(tile))
    status, output = extractor.extract(net.output_names()[0])
    if status != 0:
        sys.exit(f"compare.py: ncnn ends with {status}")
    return numpy.array(output)


def run_upscale(arguments, tile, shape):
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder, "tile"), pathlib.Path(folder, "output")
        tile.tofile(source)
        command = [arguments.upscale, "--model", arguments.model, "--raw", source, target]
        subprocess.run(command + (["--db", arguments.db] if arguments.db else []), check=True)
        return numpy.fromfile(target, dtype=numpy.float32).reshape(shape)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--upscale", required=True, help="the program")
    parser.add_argument("--model", required=True, help="the model's files without .param and .bin")
    parser.add_argument("--db", help="folder of tuned schedules")
    parser.add_argument("--tile", type=int, default=156, help="extent of the tile that the model is written for")
    parser.add_argument("photograph")
    arguments = parser.parse_args()

    pixels = numpy.asarray(Image.open(arguments.photograph).convert("RGB"), dtype=numpy.float32) / numpy.float32(255)
    tile = numpy.ascontiguousarray(pixels[: arguments.tile, : arguments.tile].transpose(2, 0, 1))
    if tile.shape != (3, arguments.tile, arguments.tile):
        sys.exit(f"compare.py: {arguments.photograph} is smaller than a tile")
    wanted = run_ncnn(arguments.model, tile)
    got = run_upscale(arguments, tile, wanted.shape)
    difference = float(numpy.abs(got - wanted).max())
    verdict = "ok" if difference <= TOLERANCE else "WRONG"
    print(f"upscale against ncnn {ncnn.__version__}: largest difference of {got.size} values {difference:.2e} (values up to "
          f"{float(numpy.abs(wanted).max()):.2f}, tolerance {TOLERANCE:.0e}): {verdict}")
    return 0 if difference <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
