#!/bin/bash
# The main job on a small folder: read once, nothing on a second run, only what changed on a
# third, dead links found, and a worker killed in the middle costs nothing.
set -uo pipefail
. "$(dirname "$0")/client_fixture.sh"
docs=$tmp/docs
mkdir -p "$docs/sub" "$docs/node_modules" "$docs/.hidden"
cat > "$docs/README.md" << 'MD'
# Garden

Port: 7700

A spade is a tool for digging. See [the guide](guide.md#watering), [nothing](gone.md)
and [no heading](guide.md#pruning). Read MISSING.md too.

```
[not a link](code.md)
```
MD
cat > "$docs/guide.md" << 'MD'
# Guide

## Watering

The can holds 10 l. Watering lasts 15 min.

| Plant | Height |
|-------|--------|
| Tomato | 90 cm |
MD
cat > "$docs/sub/other.md" << 'MD'
# Garden

Port: 7701
MD
echo '{"name": "seeds", "count": 12}' > "$docs/seeds.json"
printf 'Plain words.\n\nSeason: spring\n' > "$docs/notes.txt"
echo 'bad {' > "$docs/broken.json"
echo '# no' > "$docs/node_modules/x.md"
echo '# no' > "$docs/.hidden/x.md"
ln -s guide.md "$docs/link.md"

run start --listen 127.0.0.1:0
records() { "$ctl" --data "$data" status --json | sed 's/.*"records":\([0-9]*\).*/\1/'; }
explore() { run explore "$docs" --workers 2 --json "$@"; }

explore --goal 'learn about the garden'
check 'it finishes' exits 0
check 'with one object' one_object
check 'every document is read' is 'sorted(r["path"] for r in d["read"] if r["status"] == "read")' \
    "['README.md', 'guide.md', 'notes.txt', 'seeds.json', 'sub/other.md']"
check 'the broken one is left out, others are none of ours' \
    is '[(r["path"], r["status"]) for r in d["read"] if r["status"] != "read"]' \
    "[('broken.json', 'skipped')]"
check 'dead links' \
    is 'sorted(x["target"] for x in d["dead_links"])' "['gone.md', 'guide.md#pruning']"
check 'dead references' is '[x["target"] for x in d["dead_references"]]' "['MISSING.md']"
check 'two documents disagree' \
    is '[(c["topic"], sorted(p["value"] for p in c["positions"])) for c in d["contradictions"]]' \
    "[('garden / port', ['7700', '7701'])]"
disputed=$(value 'd["contradictions"][0]["positions"][0]["fact"]')
check 'workers are agents' is 'all(a["name"].startswith("worker-") for a in d["agents"])' True
check 'all intents are concluded' \
    is 'all(i["status"] == "concluded" for i in d["intents"]) and len(d["intents"]) == 5' True
run fact get "$disputed" --json
check 'a statement has its origin' \
    is 'd["origin"].startswith("docs/") and d["topic"]' 'garden / port'
run provenance "$disputed" --json
check 'and comes from a passage of a document' \
    is 'sorted(r["topic"] for r in d["records"] if r.get("topic") in ("document", "passage"))' \
    "['document', 'passage']"
run fact list --topic 'tomato / height' --json
check 'cells are statements' is 'd["records"][0]["position"]' '90 cm'

before=$(records)
explore
check 'a second run adds nothing' [ "$(records)" = "$before" ]
check 'and says so' \
    is '(d["facts"], set(r["status"] for r in d["read"]) - {"skipped"})' "(0, {'unchanged'})"
check 'the dead links are still dead' is 'len(d["dead_links"])' 2

sed -i 's/15 min/20 min/' "$docs/guide.md"
rm "$docs/notes.txt"
explore
check 'a changed document alone is read' \
    is '[r["path"] for r in d["read"] if r["status"] == "read"]' "['guide.md']"
check 'what changed in it' \
    is '[(c["added"], c["removed"]) for c in d["changes"] if c["path"] == "guide.md"]' \
    "[(['watering / watering lasts: 20 min'], ['watering / watering lasts: 15 min'])]"
check 'and which document is gone' \
    is '[c["path"] for c in d["changes"] if c["change"] == "deleted"]' "['notes.txt']"

# Names and folders that cannot be taken are named, and are no news in the next run.
printf '# Latin\n' > "$docs/$(printf 'latin\351.md')"
mkdir "$docs/shut"
chmod 000 "$docs/shut"
explore
check 'a name that is not UTF-8 is left out, and said so' \
    is '[r["why"] for r in d["read"] if r["path"].startswith("latin")]' "['its name is not UTF-8']"
[ "$(id -u)" = 0 ] || check 'as is a folder that cannot be opened' \
    is '[r["status"] for r in d["read"] if r["path"] == "shut/"]' "['skipped']"
chmod 700 "$docs/shut"
rm -rf "$docs/shut" "$docs"/latin*
mkdir "$tmp/nothing"
run explore "$tmp/nothing"
check 'an empty folder is called empty' prints 'There is no Markdown'
run explore "$docs" --ttl 1ms --json
check 'a term that no claim may have: exit 2' exits 2

# Work that is not of this run does not count as its own.
guide=$("$ctl" --data "$data" fact list --topic document --json | python3 -c '
import json, sys
print([r["id"] for r in json.load(sys.stdin)["records"] if r["origin"] == "docs/guide.md"][-1])')
for i in 1 2 3; do
    run intent add "again $i" --capability explore --priority 10 --from "$guide"
    printf '# Twig %s\n\nLength: %s\n' "$i" "$i" > "$docs/twig$i.md"
done
explore --workers 1
check 'a run waits for its own documents' \
    is 'sum(r["status"] == "read" for r in d["read"])' 3
rm "$docs"/twig*.md

# Two runs at once share the work, and each document is concluded once all the same.
rm -rf "$data/agents"
for i in 1 2 3 4 5 6; do printf '# Leaf %s\n\nWidth: %s\n' "$i" "$i" > "$docs/leaf$i.md"; done
"$ctl" --data "$data" explore "$docs" --json > "$tmp/other" 2> "$tmp/other.err" &
other=$!
explore
check 'two runs at once: one finishes' exits 0
wait "$other"
code=$?
check 'and so does the other' exits 0
check 'with every document concluded' \
    is 'sum(r["status"] in ("read", "unchanged") for r in d["read"])' 10

# One worker is killed while it holds a document; the other takes over when the lease ends.
for i in 1 2 3 4 5 6; do printf '# Page %s\n\nSize: %s\n' "$i" "$i" > "$docs/page$i.md"; done
(explore --ttl 600ms --pace 300ms; echo "$code" > "$tmp/killed.code") &
waiter=$!
victim=
for _ in $(seq 200); do
    holder=$("$ctl" --data "$data" intent list --status claimed --json 2> /dev/null |
        grep -o '"holder":"worker-[0-9]*"' | head -1 | tr -cd '0-9')
    for process in /proc/[0-9]*; do
        command=$(tr '\0' ' ' 2> /dev/null < "$process/cmdline")
        case $command in
        *"explore-worker --name worker-${holder:-none} "*"--data $data "*)
            victim=${process#/proc/} ;;
        esac
    done
    [ -n "$victim" ] && kill -KILL "$victim" && break
    sleep 0.02
done
wait "$waiter"
code=$(cat "$tmp/killed.code")
check 'a worker was killed' [ -n "$victim" ]
check 'the run finishes all the same' exits 0
check 'and says who ended' says 'has ended'
check 'every document is concluded' is 'sum(r["status"] == "read" for r in d["read"])' 6
run records list --kind event --limit 1000 --json
check 'each exactly once' python3 - "$tmp/out" << 'PY'
import collections, json, sys
ended = [r["intent"] for r in json.load(open(sys.argv[1]))["records"] if r["type"] == "concluded"]
sys.exit(0 if ended and max(collections.Counter(ended).values()) == 1 else 1)
PY
run stop
finish
