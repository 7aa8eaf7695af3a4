#!/bin/bash
# nexusctl against a real nexusd: exit codes, one object with --json, the life of an intent,
# agents, backup, verify, and that text by strangers cannot command a terminal.
set -uo pipefail
. "$(dirname "$0")/client_fixture.sh"

run status
check 'without a daemon: exit 69' exits 69
check 'and it says how to start one' says 'nexusctl start --data'
run status --json
check 'the same as one object' one_object
run frobnicate
check 'an unknown command: exit 2' exits 2
run fact get
check 'a missing argument: exit 2' exits 2
run fact list --nonsense
check 'an unknown option: exit 2' exits 2
run fact list --nonsense --json
check 'the same as one object' one_object
run frobnicate --json
check 'an unknown command as one object' one_object
run claim --wait --json
check 'a value that is not one: exit 2' exits 2
run fact get --json
check 'a missing argument as one object' one_object
run --help
check 'the overview' prints 'agent add'
run --version
check 'the version' prints '^nexusctl [0-9]'
run fact add --json
check 'a Fact without content: exit 2' exits 2
check 'and why' one_object

run start --listen 127.0.0.1:0 --json
check 'start' exits 0
check 'start --json is one object' one_object
run start --json
check 'start again: already running' is 'd["state"]' 'already running'
run health --json
check 'health' exits 0
run restart --listen 0.0.0.0:80
check 'restart with an address it could not serve: exit 2' exits 2
run health --json
check 'and the daemon still runs' exits 0
run doctor --json
check 'doctor finds nothing wrong' exits 0
check 'doctor --json is one object' one_object

run fact add 'the sky is blue' --origin test --topic sky --position blue --json
check 'a Fact' one_object
fact=$(value 'd["id"]')
run fact get "$fact"
check 'is shown' prints 'the sky is blue'
run fact add 'the sky is blue' --origin test --topic sky --position blue --json
check 'the same Fact again is the same record' is 'd["id"]' "$fact"
run fact get f_0000000000000000000000000000000000000000000000000000000000000000 --json
check 'an unknown id: exit 3' exits 3
check 'and the problem is one object' one_object
run fact get nonsense
check 'a malformed id: exit 2' exits 2
run fact add x --from f_0000000000000000000000000000000000000000000000000000000000000000
check 'a reference that leads nowhere: exit 6' exits 6
printf 'evil \033[31mred\007\n' > "$tmp/evil"
run fact add --file "$tmp/evil" --json
evil=$(value 'd["id"]')
run fact get "$evil"
check 'control characters are escaped' prints 'evil \\x1b\[31mred\\x07'
printf '%9000s' long > "$tmp/long"
run fact add --file "$tmp/long" --origin long --json
check 'a long content' is 'd["content_bytes"]' 9000
run fact list --topic sky --json
check 'list' is 'len(d["records"])' 1

run agent add ann --capability words --json
check 'an agent' one_object
ann=$(value 'd["token"]')
run agent add ann --json
check 'the same name again: exit 4' exits 4
run agent list --json
check 'agents' one_object
run fact list --token wrong
check 'a wrong token: exit 77' exits 77
run agent add bob --token "$ann"
check 'an agent may not add agents: exit 77' exits 77

run intent add 'count the words' --capability words --from "$fact" --json
intent=$(value 'd["id"]')
run claim --token "$ann" --ttl 30s --json
check 'claim' is 'd["intent"]["id"]' "$intent"
epoch=$(value 'd["epoch"]')
run intent claim "$intent" --json
check 'claimed by somebody else: exit 4' exits 4
check 'and who' is 'd["holder"]' ann
run intent heartbeat "$intent" --epoch "$epoch" --token "$ann" --json
check 'heartbeat' one_object
run intent checkpoint "$intent" '{"done":1}' --epoch "$epoch" --token "$ann" --json
check 'checkpoint' exits 0
run intent release "$intent" --epoch "$epoch" --token "$ann" --json
check 'release' exits 0
run intent heartbeat "$intent" --epoch "$epoch" --token "$ann"
check 'a stale epoch: exit 5' exits 5
run claim --token "$ann" --json
epoch=$(value 'd["epoch"]')
run intent conclude "$intent" 'four words' --epoch "$epoch" --evidence "$fact" --token "$ann" --json
check 'conclude' is 'd["intent"]["status"]' concluded
conclusion=$(value 'd["fact"]["id"]')
run claim --token "$ann" --wait 50ms --json
check 'no work: exit 3' exits 3
run provenance "$conclusion" --json
check 'provenance leads to the evidence' prints "$fact"
run intent add 'another' --json
run intent cancel "$(value 'd["id"]')" --reason 'not now' --json
check 'cancel' exits 0
run hint add 'be brief' --ttl 1h --json
check 'hint' one_object

fact_op='"op":"fact","origin":"b","content":{"mime_type":"text/plain","data":'
printf '{%s"1"}}\n{%s"2"},"from":["$0"]}\n' "$fact_op" "$fact_op" > "$tmp/ops"
run batch "$tmp/ops" --json
check 'batch' is 'len(d["results"])' 2
run fact add once --origin k --idempotency-key abc --json
run fact add other --origin k --idempotency-key abc
check 'the same key with another request: exit 6' exits 6
run events --json
check 'events are objects, one per line' python3 - "$tmp/out" << 'PY'
import json, sys
seqs = [json.loads(line)["seq"] for line in open(sys.argv[1])]
sys.exit(0 if len(seqs) > 10 and seqs == sorted(set(seqs)) else 1)
PY
run pause --json
check 'pause' one_object
run intent add 'while paused' --json
run claim --wait 50ms
check 'no claims while paused' [ "$code" -ne 0 ]
run resume --json
check 'resume' one_object
run board add second --json
check 'another board' exits 0
run --board second fact list --json
check 'is empty' is 'len(d["records"])' 0

run backup "$tmp/copy.tar" --json
check 'backup while running' one_object
run backup "$tmp/copy.tar"
check 'a backup is never overwritten: exit 4' exits 4
check 'tar can read it' eval 'tar tf "$tmp/copy.tar" | grep -q MANIFEST.sha256'
"$ctl" restore "$tmp/copy.tar" --data "$tmp/restored" --json > "$tmp/out" 2> "$tmp/err"
code=$?
check 'restore' exits 0
"$ctl" restore "$tmp/copy.tar" --data "$data" > "$tmp/out" 2> "$tmp/err"
code=$?
check 'never over data: exit 4' exits 4
run export
cp "$tmp/out" "$tmp/export"
run --board second import "$tmp/export" --json
check 'import' exits 0
run --board second fact list --topic sky --json
check 'has the Facts' is 'len(d["records"])' 1

run restart --json
check 'restart' exits 0
run fact get "$fact" --json
check 'nothing is lost' one_object
run stop --json
check 'stop' is 'd["state"]' stopped
run stop --json
check 'stop again' is 'd["state"]' 'not running'
run verify --json
check 'verify' exits 0
check 'verify --json is one object' one_object
"$ctl" --data "$tmp/restored" verify > "$tmp/out" 2> "$tmp/err"
code=$?
check 'the restored copy verifies' exits 0
segment=$tmp/restored/log/00000001.seg
python3 - "$segment" << 'PY'
import sys
with open(sys.argv[1], "r+b") as f:
    data = bytearray(f.read())
    at = data.index(b"the sky is blue")
    f.seek(at)
    f.write(b"X")
PY
"$ctl" --data "$tmp/restored" verify > "$tmp/out" 2> "$tmp/err"
code=$?
check 'a flipped byte: exit 1' exits 1
check 'and where' says '00000001.seg offset'
"$ctl" restore "$tmp/copy.tar" --data "$tmp/again" > "$tmp/out" 2> "$tmp/err"
stored=$(find "$tmp/again/blobs" -type f | head -1)
printf X | dd of="$stored" bs=1 seek=100 conv=notrunc status=none
"$ctl" --data "$tmp/again" verify > "$tmp/out" 2> "$tmp/err"
code=$?
check 'a stored content that is damaged: exit 1' exits 1
check 'and which' says 'is damaged'
head -c 3000 "$tmp/copy.tar" > "$tmp/cut.tar"
"$ctl" restore "$tmp/cut.tar" --data "$tmp/never" > "$tmp/out" 2> "$tmp/err"
code=$?
check 'a cut archive is refused' exits 1
check 'and nothing is left behind' [ ! -e "$tmp/never" ]

mkdir -p "$tmp/project/.nexus"
echo 'url: http://127.0.0.1:1' > "$tmp/project/.nexus/config.yaml"
(cd "$tmp/project" && "$ctl" --data "$data" status) > "$tmp/out" 2> "$tmp/err"
check 'a project may not choose the daemon' says 'ignoring "url"'
"$ctl" trust "$tmp/project" > "$tmp/out" 2> "$tmp/err"
(cd "$tmp/project" && "$ctl" health) > "$tmp/out" 2> "$tmp/err"
check 'until it is trusted' says '127.0.0.1:1'

for shell in bash zsh fish; do
    run completion "$shell"
    check "completion for $shell" prints explore
done
run completion bash
check 'which bash accepts' bash -n "$tmp/out"

# Every command that --help lists has its place in the manual.
"$ctl" --help | sed -n '/^usage/,/^for every/p' |
    sed -n 's/^  \([a-z][a-z ]*[a-z]\) .*/\1/p' | sed 's/  .*//' > "$tmp/commands"
: > "$tmp/out"
while read -r words; do
    grep -q -- "^\*$words\*" "${NEXUS_SOURCE:?}/man/nexusctl.1.scd" || echo "$words" >> "$tmp/out"
done < "$tmp/commands"
check 'the overview was understood' [ "$(wc -l < "$tmp/commands")" -gt 40 ]
check 'the manual has every command' [ ! -s "$tmp/out" ]
finish
