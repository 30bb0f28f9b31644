#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: backports_test.sh SOURCE_ROOT
#
# The source entry for backports is made from the machine's own: mirror, key and validity as they stand there, third parties and
# disabled entries passed over.
set -uo pipefail
. "$1/tools/setup/catch2.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

# expect NAME FUNCTION FILE WANTED
expect() {
    local got
    got=$("$2" bookworm "$3")
    if [ "$got" != "$4" ]; then
        failures=$((failures + 1))
        printf '%s: got\n%s\nwanted\n%s\n' "$1" "$got" "$4"
    fi
}

cat >"$folder/image.sources" <<'END'
Types: deb
# http://snapshot.example/archive/debian/20250520T000000Z
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
END
expect 'deb822' debian_entry_deb822 "$folder/image.sources" 'Types: deb
Suites: bookworm-backports
Components: main
URIs: http://mirror.example/debian
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg'

cat >"$folder/mixed.sources" <<'END'
Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://vendor.example/tools
Suites: bookworm
Components: main

Types: deb deb-src
URIs: http://snapshot.example/archive/debian/20250520T000000Z/
Suites: bookworm
Components: main contrib
Check-Valid-Until: no
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 bWFpbg==
END
expect 'snapshot, after a disabled and a foreign entry' debian_entry_deb822 "$folder/mixed.sources" 'Types: deb
Suites: bookworm-backports
Components: main
URIs: http://snapshot.example/archive/debian/20250520T000000Z/
Check-Valid-Until: no
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 bWFpbg=='

cat >"$folder/old.list" <<'END'
# deb http://off.example/debian bookworm main
deb https://vendor.example/linux stable main
deb-src http://mirror.example/debian bookworm main
deb [ arch=amd64 signed-by=/usr/share/keyrings/a.gpg ] http://mirror.example/debian bookworm main contrib
END
expect 'one-line' debian_entry_one_line "$folder/old.list" \
    'deb [ arch=amd64 signed-by=/usr/share/keyrings/a.gpg ] http://mirror.example/debian bookworm-backports main'

printf 'deb http://vendor.example/tools bookworm main\n' >"$folder/none.list"
expect 'no entry of Debian' debian_entry_one_line "$folder/none.list" ''
: >"$folder/empty.sources"
expect 'an empty file' debian_entry_deb822 "$folder/empty.sources" ''

printf '%d failures\n' "$failures"
[ "$failures" -eq 0 ]
