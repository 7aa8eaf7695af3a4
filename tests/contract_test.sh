#!/bin/bash
# The contract of a board: checked offline, put into force by a person only, judging every
# record behind it, and a mistake in it changing nothing.
set -uo pipefail
. "$(dirname "$0")/client_fixture.sh"

cat > "$tmp/topics.nex" << 'NEX'
admit facts_have_topics {
  when: "kind == 'fact' && !origin.startsWith('request:')"
  require: "topic != ''"
  message: "give the Fact a topic"
}
limits {
  agent bee { open_claims: 1 }
}
NEX
printf 'admit x {\n  requir: "true"\n}\n' > "$tmp/wrong.nex"

run contract check "$tmp/topics.nex"
check 'a valid contract is valid' exits 0
run contract check "$tmp/wrong.nex"
check 'a wrong one: exit 2' exits 2
check 'with file, line, column and a suggestion' says "wrong.nex:2:3: .*did you mean 'require'"
run contract check "$tmp/wrong.nex" --json
check 'the same as one object' one_object

run start --listen 127.0.0.1:0
check 'start' exits 0
run contract show
check 'every board begins with the default contract' prints 'the default contract'
run fact add 'before' --origin a --json
check 'which refuses nothing' exits 0
before=$(sed -n 's/.*"id":"\(f_[0-9a-f]*\)".*/\1/p' "$tmp/out")
run intent add 'work under the old rules' --json
intent=$(sed -n 's/^{"id":"\(i_[0-9a-f]*\)".*/\1/p' "$tmp/out")
run intent claim "$intent" --json
check 'a claim under the old rules' exits 0

run contract activate "$tmp/topics.nex"
check 'the admin token may not change the rules: exit 77' exits 77
run agent add pat --role human --json
pat=$(sed -n 's/.*"token":"\([^"]*\)".*/\1/p' "$tmp/out")
run agent add bee --json
bee=$(sed -n 's/.*"token":"\([^"]*\)".*/\1/p' "$tmp/out")
NEXUS_TOKEN=$pat run contract activate "$tmp/wrong.nex"
check 'a wrong contract is not put into force: exit 2' exits 2
run contract show
check 'the one before stays' prints 'the default contract'
run contract diff "$tmp/topics.nex"
check 'diff tells what would change' prints 'facts_have_topics'
NEXUS_TOKEN=$pat run contract activate "$tmp/topics.nex" --json
check 'a person may change the rules' exits 0

judged() {
    run fact add 'no topic' --origin a
    check "$1: a Fact without topic is refused: exit 6" exits 6
    check "$1: the refusal names rule and line" says 'facts_have_topics (contract.nex:3:'
    check "$1: and what would satisfy it" says 'give the Fact a topic'
    run fact add "with topic $1" --origin a --topic t
    check "$1: one with a topic is admitted" exits 0
    run contract explain "$before"
    check "$1: a record is judged by the contract of its time" prints '^admitted'
}
judged 'at once'
run fact add 'still without topic' --origin a --under "$intent:1" --json
check 'a claim is judged by the contract under which it was given' exits 0
run intent add one && run intent add two
NEXUS_TOKEN=$bee run claim
check 'a first claim of bee' exits 0
NEXUS_TOKEN=$bee run claim
check 'a second one is over the limit of the contract: exit 6' exits 6

run stop
run start --listen 127.0.0.1:0
judged 'after a restart'
rm -f "$data/checkpoint"
kill -KILL "$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$data/nexusd.json")"
run start --listen 127.0.0.1:0
judged 'after a crash, from the log alone'
finish
