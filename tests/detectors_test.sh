#!/bin/bash
# The daemon watches its boards: what disagrees becomes a Fact and an Intent, once, also over
# a kill and a restart; rules of the user's own; silence while paused and when off.
set -uo pipefail
. "$(dirname "$0")/client_fixture.sh"

fact() { run fact add --origin "$1" --topic "$2" --position "$3" "$4" --json; }
count_of() { # how many records of that origin (or kind) there are
    run "$1" list --json "${@:2}"
    value 'len(d["records"])'
}
wait_for() { # COUNT COMMAND... until it prints COUNT, at most 20 s
    local wanted=$1 i
    shift
    for ((i = 0; i < 200; i++)); do
        [ "$("$@")" = "$wanted" ] && return 0
        sleep 0.1
    done
    return 1
}
contradictions() { count_of fact --origin detector:contradiction; }
intents() { count_of intent; }
end_now() {
    kill -KILL "$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$data/nexusd.json")"
    sleep 0.2
}

"${NEXUS_BIN:?}/nexusd" --detectors perhaps > "$tmp/out" 2> "$tmp/err"
code=$?
check 'a value that is neither on nor off is refused' exits 2
check 'and named' says detectors

run start --listen 127.0.0.1:0
fact a.md 'lease / length' '60 s' one
fact b.md 'lease / length' '90 s' two
sleep 0.5
check 'off: nothing is written' [ "$(contradictions)" = 0 ]
run stop

export NEXUS_DETECTORS=on
run start --listen 127.0.0.1:0
check 'on: what stood there already is found' wait_for 1 contradictions
check 'and asked about' wait_for 1 intents
run intent list --json
check 'in words that name both sides' \
    is '"60 s" in d["records"][0]["description"] and "90 s" in d["records"][0]["description"]' True
run fact list --json --origin detector:contradiction
check 'a finding is made from its evidence' is 'len(d["records"][0]["from"])' 2
check 'by the system' is 'd["records"][0]["creator"]' nexusd

end_now
run start --listen 127.0.0.1:0
fact c.md 'port' '8080' three
fact d.md 'port' '9090' four
check 'after a kill, the new one comes' wait_for 2 contradictions
check 'with its intent' wait_for 2 intents
sleep 0.5
check 'and nothing old comes again' [ "$(contradictions) $(intents)" = '2 2' ]

run pause
fact e.md 'colour' 'red' five
fact f.md 'colour' 'blue' six
sleep 0.5
check 'paused: no detector looks' [ "$(contradictions)" = 2 ]
run resume
check 'resumed: it does' wait_for 3 contradictions
run stop

printf 'when: detector:contradiction\nintent: Ask about {topic}\ndedupe_key: mine/{topic}\n' \
    > "$data/rules.txt"
run start --listen 127.0.0.1:0
check 'rules of the user: what was found before is asked by them' wait_for 6 intents
run stop
echo 'when: nothing' > "$data/rules.txt"
run start --listen 127.0.0.1:0
check 'a mistake in the rules is told with its place' \
    grep -q 'rules.txt, line 1, column 7: a condition' "$data/nexusd.log"
check 'and does not stop the daemon' wait_for 3 contradictions
run stop
finish
