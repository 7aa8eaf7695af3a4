#!/bin/bash
# The simulator has teeth: each fault planted in the log or the lease code (tests/mutations)
# is found within SEEDS seeds, and the source as it is passes them.
#
# A mutation is a sed script; its first line names the file it changes and what then is
# wrong. The changed copy is compiled and linked before the libraries, which takes the
# place of their member. A script that no longer changes anything fails the test.
# shellcheck disable=SC2317 # hunt is called through xargs
set -u
source=${NEXUS_SOURCE:?}
build=${NEXUS_BUILD:?}
seeds=${SEEDS:-1000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export source build seeds work
export CC=${CC:-cc}


if ! "$CC" -std=gnu17 -D_GNU_SOURCE -O1 -I "$source/src" -c "$source/src/apps/nexus_sim.c" \
    -o "$work/main.o"; then
    echo 'not ok 1 - the simulator compiles'
    exit 1
fi

# make_with SOURCE PROGRAM: the simulator with this file in place of the library's.
make_with() {
    local libraries=("$build"/src/lib*.a)
    "$CC" -std=gnu17 -w -O1 -ffp-contract=off -I "$source/src" -c "$1" -o "$2.o" &&
        "$CC" -o "$2" "$work/main.o" "$2.o" \
            -Wl,--start-group "${libraries[@]}" -Wl,--end-group -lcrypto -lm
}
export -f make_with

# Writes one line, "ok" or "not ok" and why, to work/NAME.result.
hunt() {
    local script=$1 name file words
    name=$(basename "$script" .sed)
    file=$(sed -n '1s/^# \([^:]*\): .*/\1/p' "$script")
    words=$(sed -n '1s/^# [^:]*: //p' "$script")
    local copy=$work/$name.c program=$work/$name log=$work/$name.log
    sed -f "$script" "$source/$file" > "$copy"
    if cmp -s "$copy" "$source/$file"; then
        echo "not ok - $words: $name.sed no longer fits $file" > "$work/$name.result"
    elif ! make_with "$copy" "$program" > "$log" 2>&1; then
        echo "not ok - $words: $name does not compile: $(head -n 3 "$log" | tr '\n' ' ')" \
            > "$work/$name.result"
    elif "$program" --seeds "1..$seeds" --first-failure > "$log" 2>&1; then
        echo "not ok - $words: not found in $seeds seeds" > "$work/$name.result"
    else
        echo "ok - $words: $(sed -n 's/^FAILED //p' "$log" | head -n 1 | cut -c 1-100)" \
            > "$work/$name.result"
    fi
    rm -f "$program" "$program.o"
}
export -f hunt

printf '%s\0' "$source"/tests/mutations/*.sed |
    xargs -0 -P "$(nproc 2> /dev/null || echo 2)" -n 1 bash -c 'hunt "$1"' bash

count=0
failed=0
for script in "$source"/tests/mutations/*.sed; do
    count=$((count + 1))
    result=$(cat "$work/$(basename "$script" .sed).result" 2> /dev/null)
    case $result in
    'ok '*) echo "ok $count${result#ok}" ;;
    *) failed=1; echo "not ok $count${result#not ok}" ;;
    esac
done
count=$((count + 1))
if "$build/bin/nexus-sim" --seeds 1..100 > "$work/clean.log" 2>&1; then
    echo "ok $count - the source as it is: nothing found"
else
    echo "not ok $count - the source as it is: $(head -n 1 "$work/clean.log")"
    failed=1
fi
echo "1..$count"
exit $failed
