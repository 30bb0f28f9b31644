# SPDX-License-Identifier: Apache-2.0
# Catch2 3. Debian 12 itself has 2.13, its backports have 3: the suite is added in a file of its own, from the mirror the machine
# already uses, and only Catch2 is pinned to it. Where the distribution has Catch2 3, it is installed like any package.
# Sourced after debian.sh.

# No `grep -q`: it would end apt-cache by SIGPIPE, which pipefail takes for a failure.
# 0 where apt's candidate for catch2 is version 3 or later.
catch2_is_candidate() { apt-cache policy catch2 | grep -E '^ *Candidate: *([0-9]+:)?([3-9]|[1-9][0-9])\.' >/dev/null; }
# 0 where any suite that apt knows has it.
catch2_is_known() { apt-cache madison catch2 | grep -E '^ *catch2 *\| *([0-9]+:)?([3-9]|[1-9][0-9])\.' >/dev/null; }

# debian_entry CODENAME FILES...: the machine's own source entry for Debian's main archive, made into one for its backports.
# Everything about the mirror (URI, Signed-By, validity) is kept as it is written there. Third parties name their suite after
# Debian's too, so only entries with a path part `debian` count.
debian_entry_deb822() {
    awk -v suite="$1" '
        function flush() {
            if (found && main && debian && enabled) { printf "Types: deb\nSuites: %s-backports\nComponents: main\n%s", suite, kept; done = 1; exit }
            found = main = debian = 0; enabled = 1; kept = ""; field = ""
        }
        BEGIN { enabled = 1 }
        FNR == 1 || /^[ \t]*$/ { flush() }
        /^[ \t]*$/ || /^#/ { next }
        /^[ \t]/ { value = $0 }
        !/^[ \t]/ { split($0, parts, ":"); field = tolower(parts[1]); value = substr($0, length(parts[1]) + 2) }
        {
            count = split(value, words, /[ \t]+/)
            for (i = 1; i <= count; ++i) {
                if (field == "suites" && words[i] == suite) found = 1
                if (field == "components" && words[i] == "main") main = 1
                if (field == "uris" && words[i] ~ /debian/) debian = 1
                if (field == "enabled" && tolower(words[i]) == "no") enabled = 0
            }
            if (field != "types" && field != "suites" && field != "components") kept = kept $0 "\n"
        }
        END { if (!done) flush() }' "${@:2}"
}
debian_entry_one_line() {
    awk -v suite="$1" '
        $1 == "deb" {
            options = ""; rest = $0; sub(/^deb[ \t]+/, "", rest)
            if (match(rest, /^\[[^]]*\][ \t]*/)) { options = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1) }
            split(rest, words, /[ \t]+/)
            if (words[1] ~ /debian/ && words[2] == suite && rest ~ /[ \t]main([ \t]|$)/) { print "deb " options words[1] " " suite "-backports main"; exit }
        }' "${@:2}"
}

add_backports() {
    local codename=$1 entry kind=sources files
    shopt -s nullglob
    files=(/etc/apt/sources.list.d/*.sources)
    entry=$([ ${#files[@]} -eq 0 ] || debian_entry_deb822 "$codename" "${files[@]}")
    if [ -z "$entry" ]; then
        kind=list
        files=(/etc/apt/sources.list /etc/apt/sources.list.d/*.list)
        [ -f /etc/apt/sources.list ] || files=("${files[@]:1}")
        entry=$([ ${#files[@]} -eq 0 ] || debian_entry_one_line "$codename" "${files[@]}")
    fi
    shopt -u nullglob
    [ -n "$entry" ] || fail "no source entry for Debian's \"$codename main\" under /etc/apt: add $codename-backports by hand, it has Catch2 3"
    say "adding $codename-backports in /etc/apt/sources.list.d/convt-backports.$kind"
    printf '%s\n' "$entry" | as_root tee "/etc/apt/sources.list.d/convt-backports.$kind" >/dev/null
    lists_fetched=no
    fetch_lists
}

install_catch2() {
    local codename
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
    case $(dpkg-query -W -f '${db:Status-Status} ${Version}' catch2 2>/dev/null) in 'installed '[3-9]*) return ;; esac
    fetch_lists
    if ! catch2_is_candidate; then
        catch2_is_known || add_backports "$codename"
        # Backports are never chosen by themselves (NotAutomatic); these two packages are to be.
        printf 'Package: catch2 libcatch2-dev\nPin: release n=%s-backports\nPin-Priority: 990\n' "$codename" |
            as_root tee /etc/apt/preferences.d/convt-catch2 >/dev/null
    fi
    catch2_is_candidate || fail 'apt knows no Catch2 3, with backports or without'
    say 'installing catch2'
    apt_get install -y --no-install-recommends catch2
}
