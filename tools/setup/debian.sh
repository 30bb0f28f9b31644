# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages of debian-packages.txt that are missing. Sourced after common.sh.

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Package lists are fetched once a run, and only when something is to be installed.
lists_fetched=no
fetch_lists() {
    [ "$lists_fetched" = yes ] && return
    say 'fetching package lists (apt-get update)'
    apt_get update
    lists_fetched=yes
}

install_debian_packages() {
    command -v apt-get >/dev/null || fail 'no apt-get here: set-up is written for Debian 12'
    local missing=() name
    while read -r name _; do
        case $name in '' | '#'*) continue ;; esac
        installed "$name" || missing+=("$name")
    done <tools/setup/debian-packages.txt
    [ ${#missing[@]} -eq 0 ] && return
    fetch_lists
    say "installing ${missing[*]}"
    apt_get install -y --no-install-recommends "${missing[@]}"
}
