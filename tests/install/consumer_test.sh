#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the build tree, moves what was installed, and builds and runs a project outside against it: its programs must
# be right and link neither Halide nor LLVM, and nothing of where the tree was built or first installed may be needed.
# usage: consumer_test.sh CMAKE CONSUMER_CMAKE BUILD CONSUMER CC CXX
set -euo pipefail
cmake=$1 consumer_cmake=$2 build=$3 consumer=$4
export CC=$5 CXX=$6

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
expect() { [ "$1" = "$2" ] || fail "$3: got '$1', expected '$2'"; }

"$cmake" --install "$build" --prefix "$work/first" > "$work/install.log" || { cat "$work/install.log"; fail "install"; }
mv "$work/first" "$work/moved"
tree=$work/moved

# The tools find their libraries beside themselves, wherever they are called from.
for tool in convt-aot convt-cc convt-run convt-explain convt-bench convt-tune convt-cache; do
    [ -x "$tree/bin/$tool" ] || fail "bin/$tool is not installed"
    (cd / && env -i "$tree/bin/$tool" --version > /dev/null) || fail "$tool --version"
done
# No `grep -q`: it would end ldd by SIGPIPE, which pipefail takes for a failure.
ldd "$tree/bin/convt-cc" | grep "libHalide.so => $tree/bin/../lib/libHalide.so" > /dev/null || fail "convt-cc does not use the libHalide beside it"

# Run paths and CMake files name nothing of the machine that built.
for file in "$tree"/bin/* "$tree"/lib/*.so*; do
    path=$(readelf -d "$file" | sed -n 's/.*\(RPATH\|RUNPATH\).*\[\(.*\)\]/\2/p')
    case $path in *"$build"* | /*) fail "$file has the run path $path" ;; esac
done
! grep -rq "$build" "$tree/lib/cmake" "$tree/include" || fail "the CMake package names the build folder"

export XDG_CACHE_HOME=$work/cache XDG_DATA_HOME=$work/data
cp -r "$consumer" "$work/source"
"$tree/bin/convt-tune" --problems "$work/source/up.tsv" --target x86-64-v2 --budget 1s --db "$work/source/tuned" > "$work/tune.log" 2>&1 ||
    { cat "$work/tune.log"; fail "convt-tune"; }
"$consumer_cmake" -S "$work/source" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$tree" -DCMAKE_BUILD_TYPE=Release > "$work/configure.log" 2>&1 ||
    { cat "$work/configure.log"; fail "configure"; }
"$consumer_cmake" --build "$work/consumer" -j 2 > "$work/build.log" 2>&1 || { cat "$work/build.log"; fail "build"; }

program=$("$work/consumer/program")
case $program in
    "up on x86-64-v3, down on x86-64-v"[34] | "up on x86-64-v2, down on "*) ;;
    *) fail "program said '$program'" ;;
esac
grep -q 'x86-64-v2: .* tuned schedule' "$work/consumer/convt/up/up.h" || fail "the archive does not use the tuned table"
mkdir -m 0700 "$work/kernels"
expect "$("$work/consumer/host" "$work/kernels")" "compiles: 1" "host, first run"
expect "$(CONVT_CC=/nonexistent "$work/consumer/host" "$work/kernels")" "compiles: 0" "host, from the cache"

for name in program host; do
    ! ldd "$work/consumer/$name" | grep -Ei 'halide|llvm' > /dev/null || fail "$name links Halide or LLVM"
done
! ldd "$work/consumer/program" | grep 'convt\|stdc++' > /dev/null || fail "program needs more than the C library"

# Tables in the tree's own share/convt/tuned count without being named; another problem than the user's tables have.
mkdir -p "$tree/share/convt/tuned"
printf '%s\tgeneral\ttx=9\t1\t1\t1\t2\t2026-01-31\tv\tA CPU\tvector=0,registers=0,l1=0,l2=0,l3=0,cores=0\n' \
    convt1d_f32_ci3_co5_i7_k3_s2 >"$tree/share/convt/tuned/x86-64-v2.tsv"
"$tree/bin/convt-explain" convt1d_f32_ci3_co5_i7_k3_s2 --target x86-64-v2 > "$work/explain.log" 2>&1 || { cat "$work/explain.log"; fail "convt-explain"; }
grep -q '^passed over .*tuned general tx=9, 2026-01-31, A CPU: schedule knob tx=9' "$work/explain.log" || { cat "$work/explain.log"; fail "the shipped table is not read"; }

# Nothing is made again for nothing.
"$consumer_cmake" --build "$work/consumer" > "$work/again.log" 2>&1 || fail "second build"
! grep -q 'Transposed convolutions' "$work/again.log" || fail "an archive was made again for nothing"
echo "with $("$consumer_cmake" --version | head -1): $program"
