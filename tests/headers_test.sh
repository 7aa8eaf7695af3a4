#!/bin/bash
# Every header compiles alone, seeing only its own component and the lower ones.
set -euo pipefail
cd "${NEXUS_SOURCE:?}"
failed=0
for view in "${NEXUS_BUILD:?}"/views/*/; do
    component=$(basename "$view")
    mapfile -t headers < <(find "src/$component" -name '*.h' 2> /dev/null | sort)
    [ "${#headers[@]}" -gt 0 ] || continue
    standard=c17
    case $component in host | client | apps) standard="gnu17 -D_GNU_SOURCE" ;; esac
    # -w because a header on its own would be told that #pragma once is in a main file.
    # shellcheck disable=SC2086 # words
    if cc -fsyntax-only -w -std=$standard -I "$view" -isystem /usr/share/include/llhttp \
        -isystem /usr/share/include "${headers[@]}"; then
        echo "$component: ${#headers[@]} headers"
    else
        failed=1
    fi
done
exit $failed
