#!/bin/bash
# nexus-sim: 500 seeds find nothing, a seed repeats byte for byte, and bad usage says so.
set -u
sim=${NEXUS_BIN:?}/nexus-sim
count=0
failed=0
verdict() {
    count=$((count + 1))
    if [ "$1" = yes ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        failed=1
    fi
}

result=no
if out=$("$sim" --seeds 1..500); then result=yes; fi
printf '%s\n' "$out"
verdict $result '500 seeds'

once=$("$sim" --seeds 501..530)
twice=$("$sim" --seeds 501..530)
result=no
if [ "$once" = "$twice" ] && grep -q 'digest [0-9a-f]\{16\}$' <<< "$once"; then result=yes; fi
verdict $result 'the same seeds, the same digest'

other=$("$sim" --seeds 502..531)
result=no
if [ "${once##*digest}" != "${other##*digest}" ]; then result=yes; fi
verdict $result 'other seeds, another digest'

for words in '' '--seed' '--seed x' '--seeds 5..1' '--seeds 5' '--seed 1 --steps' '--nonsense 1'; do
    # shellcheck disable=SC2086 # words
    "$sim" $words > /dev/null 2>&1
    if [ $? -eq 2 ]; then result=yes; else result=no; fi
    verdict $result "usage: '$words' is refused"
done
echo "1..$count"
exit $failed
