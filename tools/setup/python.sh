# SPDX-License-Identifier: Apache-2.0
# The Python environment of the checkout, .deps/venv, with what requirements.txt pins. Sourced after common.sh.

# A checkout that was moved leaves scripts whose interpreter is gone: such an environment is made anew.
venv_works() { "$venv/bin/python" -c '' 2>/dev/null && "$venv/bin/cmake" --version >/dev/null 2>&1; }

install_python_packages() {
    local wanted=tools/setup/requirements.txt done_with=$venv/installed-requirements.txt
    cmp -s "$wanted" "$done_with" && venv_works && return
    "$venv/bin/python" -c '' 2>/dev/null || rm -rf "$venv"
    if [ ! -d "$venv" ]; then
        say 'making the Python environment .deps/venv'
        mkdir -p .deps
        /usr/bin/python3 -m venv "$venv"
    fi
    say "installing $(grep -cE '^[a-z]' "$wanted") pinned Python packages into .deps/venv"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps -r "$wanted"
    venv_works || fail ".deps/venv does not work even after pip: remove it and try again"
    cp "$wanted" "$done_with"
}
