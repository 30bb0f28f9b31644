# SPDX-License-Identifier: Apache-2.0
# What the set-up scripts share; sourced by tools/build, tools/check and tools/quickstart. Sets `root`, ends the script at the
# first failure, and says at the end how long it took. What is installed, and whether it is there already, is decided in
# debian.sh, catch2.sh and python.sh.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$root/.deps/venv
script=tools/$(basename "$0")
cd "$root"
# Nothing here may wait for an answer that nobody gives.
exec </dev/null

say() { printf '%s: %s\n' "$script" "$*"; }
fail() {
    printf '%s: %s\n' "$script" "$*" >&2
    exit 1
}

# Minutes and seconds of $1 seconds.
duration() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }

ended() {
    local status=$?
    if [ "$status" -eq 0 ]; then
        say "done in $(duration "$SECONDS")"
    else
        say "FAILED (status $status) after $(duration "$SECONDS")" >&2
    fi
}
trap ended EXIT
# Without these, bash runs the EXIT trap with the status of the last command that ended well.
trap 'exit 130' INT
trap 'exit 143' TERM

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "installing Debian packages needs root or sudo: $*"
    fi
}

# Usage is the comment block at the head of the script.
usage() { sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }
