# SPDX-License-Identifier: Apache-2.0
# Everything a build needs, and the build itself. Sourced by the scripts; each step is quick when there is nothing to do.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$root/tools/setup/debian.sh"
. "$root/tools/setup/catch2.sh"
. "$root/tools/setup/python.sh"

install_what_is_missing() {
    install_debian_packages
    install_catch2
    install_python_packages
    export PATH=$venv/bin:$PATH
    say "Debian packages, Catch2 and .deps/venv are there ($(duration "$SECONDS"))"
}

# build_preset NAME [TARGET...]: configures and builds one preset of CMakePresets.json.
build_preset() {
    local preset=$1 log
    shift
    local options=()
    if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_C_COMPILER_LAUNCHER=ccache); fi
    say "configuring preset $preset"
    log=$(cmake --preset "$preset" "${options[@]}" 2>&1) || {
        printf '%s\n' "$log" >&2
        fail "preset $preset cannot be configured"
    }
    say "building preset $preset"
    cmake --build --preset "$preset" ${1:+--target "$@"}
}
