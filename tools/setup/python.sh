# SPDX-License-Identifier: Apache-2.0
# The Python environment of the checkout, .deps/venv, with what the requirements files pin. Sourced after common.sh.

# A checkout that was moved leaves scripts whose interpreter is gone, an interrupted one lacks pip: both are made anew.
venv_works() {
    "$venv/bin/python" -c 'import pip' 2>/dev/null && { [ ! -e "$venv/bin/cmake" ] || "$venv/bin/cmake" --version >/dev/null 2>&1; }
}

# install_requirements FILE: nothing to do where the same file was installed before.
install_requirements() {
    local wanted=tools/setup/$1 done_with=$venv/installed-$1
    cmp -s "$wanted" "$done_with" && return
    say "installing into ${venv#"$root"/}: $(grep -E '^[a-z]' "$wanted" | tr '\n' ' ')"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps -r "$wanted"
    cp "$wanted" "$done_with"
}

install_python_packages() {
    if ! venv_works; then
        say 'making the Python environment .deps/venv'
        rm -rf "$venv"
        mkdir -p .deps
        /usr/bin/python3 -m venv "$venv"
    fi
    install_requirements requirements.txt
    venv_works || fail '.deps/venv does not work even after pip: remove it and try again'
}
