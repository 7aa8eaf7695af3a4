#!/bin/bash
# No mutable global state: the libraries have nothing in .data or .bss. (Constant tables
# of pointers lie in .data.rel.ro and are fine.)
set -euo pipefail
cd "${NEXUS_BUILD:?}/src"
shopt -s nullglob
libraries=(lib*.a)
[ "${#libraries[@]}" -gt 0 ] || exit 77
found=$(objdump -t "${libraries[@]}" | awk '
    /file format/ { object = $1 }
    / O (\.data|\.bss|\.data\.rel|\.data\.rel\.local|\.tdata|\.tbss)\t| O \*COM\*\t/ {
        print object " " $NF
    }')
if [ -n "$found" ]; then
    echo "mutable globals; pass the state in instead:"
    echo "$found"
    exit 1
fi
echo "${#libraries[@]} libraries without mutable globals"
