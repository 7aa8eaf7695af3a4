#!/bin/bash
# suite: tree
# The units are what systemd understands (it exits with 0 on unknown keys, so its stderr
# must be empty), and the system unit stays hardened.
set -uo pipefail
if ! command -v systemd-analyze > /dev/null; then
    echo '1..0 # SKIP no systemd-analyze here'
    exit 0
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
count=0
check() {
    local words=$1
    shift
    count=$((count + 1))
    if "$@"; then echo "ok $count - $words"; else echo "not ok $count - $words"; failed=1; fi
}
for unit in nexusd nexusd-user; do
    # The program need not be installed where the unit looks for it.
    sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' \
        "${NEXUS_SOURCE:?}/packaging/systemd/$unit.service" > "$tmp/$unit.service"
    said=$(systemd-analyze verify --man=no "$tmp/$unit.service" 2>&1)
    check "$unit.service has nothing that systemd does not know" test -z "$said"
done
exposure=$(systemd-analyze security --offline=yes "$tmp/nexusd.service" 2> /dev/null |
    sed -n 's/.*exposure level for [^:]*: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
check "nexusd.service is exposed at most 2.0 of 10 (${exposure:-?} tenths)" \
    test "${exposure:-99}" -le 20
echo "1..$count"
exit "$failed"
