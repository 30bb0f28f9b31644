#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: no_driver_test.sh CONVT_RUN STAND_IN_FOLDER PYTHON
# A program on a machine without a CUDA driver says so and ends with 3; with one (the stand-in) it runs, and a CPU's kernel never opens it.
set -euo pipefail
run=$1 stand_in=$2 python=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if "$python" -c 'import ctypes; ctypes.CDLL("libcuda.so.1")' 2> /dev/null; then
    echo "skipped: this machine has a CUDA driver" && exit 77
fi
"$python" - "$work" << 'PY'
import sys, numpy
folder = sys.argv[1]
numpy.save(folder + "/x.npy", numpy.arange(20, dtype=numpy.float32).reshape(1, 2, 10))
numpy.save(folder + "/w.npy", numpy.arange(12, dtype=numpy.float32).reshape(2, 2, 3))
PY
convt() {
    "$run" convt1d_f32_ci2_co2_i10_k3_s2 --x "$work/x.npy" --w "$work/w.npy" --y "$work/$1.npy" --target "$2" 2> "$work/errors"
}
export XDG_CACHE_HOME=$work/cache
code=0
convt gpu cuda-sm80 || code=$?
[ "$code" = 3 ] || { echo "without a driver: exit code $code"; cat "$work/errors"; exit 1; }
grep -q "no CUDA device: there is no driver .*libcuda.so.1.*works here" "$work/errors" || { cat "$work/errors"; exit 1; }
[ ! -e "$work/gpu.npy" ]
LD_LIBRARY_PATH=$stand_in convt gpu cuda-sm80 || { cat "$work/errors"; exit 1; }
convt cpu host
cmp "$work/gpu.npy" "$work/cpu.npy"
