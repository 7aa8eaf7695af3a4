#!/bin/bash
# The life of nexusd, and each way in which it must refuse to start: one clear line with
# the cause and the next step, the right exit code, and nothing broken.
set -uo pipefail
tmp=$(mktemp -d /tmp/nexusd-life.XXXXXX)
chmod 755 "$tmp"
unset XDG_CONFIG_HOME XDG_RUNTIME_DIR XDG_DATA_HOME NOTIFY_SOCKET NEXUS_DATA NEXUS_LISTEN
export HOME=$tmp
cp "${NEXUS_BIN:?}/nexusd" "$tmp/nexusd" || exit 1
data=$tmp/data

pid_of() { sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$1/nexusd.json" 2> /dev/null; }
url_of() { sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$1/nexusd.json"; }
clean_up() {
    for info in "$tmp"/*/nexusd.json "$tmp"/*/*/*/nexusd.json; do
        [ -f "$info" ] && kill -KILL "$(pid_of "${info%/*}")" 2> /dev/null
    done
    rm -rf "$tmp"
}
trap clean_up EXIT

count=0
failed=0
check() { # check WORDS COMMAND...
    local words=$1
    shift
    count=$((count + 1))
    if "$@"; then
        echo "ok $count - $words"
    else
        echo "not ok $count - $words"
        echo "# exit ${code:-} output: ${out:-}"
        failed=1
    fi
}
start() { # in the background; returns when it is ready or has failed
    out=$("$tmp/nexusd" --listen 127.0.0.1:0 "$@" 2>&1)
    code=$?
}
ended() { # the process has ended, within ten seconds; who reaps it may be slow
    for _ in $(seq 200); do
        grep -qs '^State:[^Z]*$' "/proc/$1/status" || return 0
        sleep 0.05
    done
    return 1
}
stop() {
    local pid
    pid=$(pid_of "$1")
    kill -TERM "$pid" && ended "$pid"
}
code_of() { curl -s -o "$tmp/body" -w '%{http_code}' "$@"; }
post() { # DIR PATH JSON
    code_of --unix-socket "$1/nexusd.sock" -H "Authorization: Bearer $(cat "$1/admin.token")" \
        -H 'Content-Type: application/json' -d "$3" "http://localhost/api/v1$2"
}
post_fact() { # DIR TEXT [BOARD]
    post "$1" "${3:+/boards/$3}/facts" \
        '{"origin":"t","content":{"mime_type":"text/plain","data":"'"$2"'"}}'
}
mode() { stat -c %a "$1"; }
# One line, this exit code, and each of the words.
refused() {
    [ "$code" -eq "$1" ] && [ "$(wc -l <<< "$out")" -eq 1 ] || return 1
    shift
    for word in "$@"; do
        grep -qF -- "$word" <<< "$out" || return 1
    done
}

# -- start and stop --------------------------------------------------------------------
start --data "$data"
pid=$(pid_of "$data")
check 'goes to the background when it is ready' test "$code" -eq 0
check 'says where it listens' grep -q 'ready at http://127.0.0.1:' <<< "$out"
check 'is alive' kill -0 "$pid"
check 'the token is closed to others' test "$(mode "$data/admin.token")" = 600
check 'the token has its form' grep -Eqx 'nx_[A-Za-z0-9_-]{43}' "$data/admin.token"
check 'the keys are closed to others' \
    test "$(mode "$data/keys")$(mode "$data/keys/tree.key")" = 700600
check 'the directory is closed to others' test "$(mode "$data")" = 700
check 'the socket is closed to others' test "$(mode "$data/nexusd.sock")" = 600
check 'healthz over TCP' test "$(code_of "$(url_of "$data")/healthz")" = 200
check 'readyz over the socket' \
    test "$(code_of --unix-socket "$data/nexusd.sock" http://localhost/readyz)" = 200
check 'a fact is taken' test "$(post_fact "$data" one)" = 201
check 'logs to nexusd.log' grep -q ' info  ready at' "$data/nexusd.log"
check 'the log holds no secret' sh -c "! grep -qF '$(cat "$data/admin.token")' '$data/nexusd.log'"

start --data "$data"
check 'a second daemon on the same directory is refused' refused 69 "process $pid uses" nexusctl
check 'and the first goes on' test "$(post_fact "$data" two)" = 201

mv "$data/nexusd.log" "$data/nexusd.log.1"
kill -HUP "$pid"
for _ in $(seq 100); do [ -s "$data/nexusd.log" ] && break; sleep 0.05; done
check 'SIGHUP opens the log file anew' grep -q 'opened anew' "$data/nexusd.log"

cp "$data/admin.token" "$tmp/token.before"
check 'SIGTERM ends it' stop "$data"
check 'with a clean farewell' grep -q 'everything is on the disk' "$data/nexusd.log"
check 'nexusd.json is gone' test ! -e "$data/nexusd.json"
check 'the socket is gone' test ! -e "$data/nexusd.sock"

start --data "$data"
kill -KILL "$(pid_of "$data")"
ended "$(pid_of "$data")"
start --data "$data"
check 'starts again over what a killed one left' test "$code" -eq 0
check 'an equal fact is known' test "$(post_fact "$data" one)" = 200
check 'the token stays' cmp -s "$data/admin.token" "$tmp/token.before"
stop "$data"

# -- further boards ----------------------------------------------------------------------
start --data "$data"
check 'a further board is made' test "$(post "$data" /boards '{"name":"side"}')" = 201
check 'it takes facts' test "$(post_fact "$data" one side)" = 201
check 'it has a directory of its own' test -d "$data/boards/side/log"
kill -KILL "$(pid_of "$data")"
ended "$(pid_of "$data")"
start --data "$data"
check 'it is opened at the next start' test "$(post_fact "$data" one side)" = 200
check 'it is apart from the main one' test "$(post_fact "$data" three)" = 201
stop "$data"
mkdir "$data/boards/lost+found" "$data/boards/main" "$data/boards/Copy of side"
start --data "$data"
check 'what is no board of that name is left alone' test "$code" -eq 0 -a \
    -z "$(ls "$data/boards/lost+found" "$data/boards/Copy of side" | grep -v :)"
check 'and "main" is not the main board' test "$(post_fact "$data" three)" = 200 -a \
    -z "$(ls "$data/boards/main")"
stop "$data"
rmdir "$data/boards/lost+found" "$data/boards/main" "$data/boards/Copy of side"

# -- refusals --------------------------------------------------------------------------
start --data "$data" --listen 0.0.0.0:0
check 'an open address is refused' refused 2 'loopback' '--listen 127.0.0.1'
start --data "$data" --listen nonsense
check 'nonsense is no address' refused 2 "'nonsense'"

start --data "$tmp/other"
port=$(url_of "$tmp/other" | sed 's/.*://')
start --data "$data" --listen "127.0.0.1:$port"
check 'a taken port is told' refused 69 "127.0.0.1:$port" '--listen 127.0.0.1:0'
check 'and leaves nothing behind' test ! -e "$data/nexusd.json" -a ! -e "$data/nexusd.sock"
stop "$tmp/other"

long=$tmp/$(printf 'x%.0s' $(seq 100))
start --data "$long"
check 'a long socket path is told' refused 2 "has $((${#long} + 12)) bytes" 107 shorter

cp -r "$data" "$tmp/newer"
printf '\377' | dd of="$tmp/newer/log/format" bs=1 seek=8 conv=notrunc 2> /dev/null
sum=$(cd "$tmp/newer" && cat log/* | sha256sum)
start --data "$tmp/newer"
check 'a newer format is refused' refused 1 'newer' '--data'
check 'and not touched' test "$sum" = "$(cd "$tmp/newer" && cat log/* | sha256sum)"

echo broken > "$tmp/newer/admin.token"
start --data "$tmp/newer"
check 'a broken token file is told and kept' refused 2 'admin.token'
check 'it is still there' grep -qx broken "$tmp/newer/admin.token"

start --data "$tmp/damaged"
for i in 1 2 3; do post_fact "$tmp/damaged" "$i" > /dev/null; done
kill -KILL "$(pid_of "$tmp/damaged")"
ended "$(pid_of "$tmp/damaged")"
segment=$(ls "$tmp/damaged"/log/*.seg | head -n 1)
at=$(grep -abo 'text/plain' "$segment" | head -n 1 | cut -d: -f1)
printf '?' | dd of="$segment" bs=1 seek="$at" conv=notrunc 2> /dev/null
sum=$(cat "$tmp/damaged"/log/* | sha256sum)
start --data "$tmp/damaged"
check 'damage before good records is refused' refused 1 "${segment##*/}" verify restore
check 'and not touched' test "$sum" = "$(cat "$tmp/damaged"/log/* | sha256sum)"

mkdir "$tmp/inway" && touch "$tmp/inway/nexusd.sock"
start --data "$tmp/inway"
check 'what is no socket is not removed' refused 2 'is no socket'
touch "$tmp/file"
start --data "$tmp/file"
check 'a file is no data directory' test "$code" -ne 0

start --nonsense
check 'an unknown option is a usage error' test "$code" -eq 2
start --log-level loud
check 'a bad value is a usage error' test "$code" -eq 2
check 'help helps' sh -c "'$tmp/nexusd' --help | grep -q -- '--data DIR'"
check 'version' sh -c "'$tmp/nexusd' --version | grep -Eqx 'nexusd [0-9]+\.[0-9]+\.[0-9]+'"

# -- another user: an unwritable directory, the default place -----------------------------
as_user() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    else
        "$@"
    fi
}
mkdir -m 555 "$tmp/closed"
out=$(as_user "$tmp/nexusd" --listen 127.0.0.1:0 --data "$tmp/closed" 2>&1)
code=$?
check 'an unwritable directory is told' refused 77 "$tmp/closed" '--data'
out=$(as_user "$tmp/nexusd" --foreground --listen 127.0.0.1:0 --data "$tmp/closed" 2>&1)
code=$?
check 'in the foreground too' refused 77 "$tmp/closed" '--data'

mkdir -m 777 "$tmp/user" "$tmp/run"
as_user env HOME="$tmp/user" XDG_RUNTIME_DIR="$tmp/run" \
    "$tmp/nexusd" --listen 127.0.0.1:0 > /dev/null 2>&1
check 'without --data there is a link to the socket' \
    test "$(readlink "$tmp/run/nexus/nexusd.sock")" = "$tmp/user/.local/share/nexus/nexusd.sock"
check 'it leads to the daemon' \
    test "$(code_of --unix-socket "$tmp/run/nexus/nexusd.sock" http://localhost/healthz)" = 200
stop "$tmp/user/.local/share/nexus"
check 'the link goes with it' test ! -L "$tmp/run/nexus/nexusd.sock"

# -- settings --------------------------------------------------------------------------
mkdir -p "$tmp/config/nexus"
printf 'data: %s\nlisten: 127.0.0.1:0 # any\nconnections_max: 3\n' "$tmp/settings" \
    > "$tmp/config/nexus/config.yaml"
out=$(XDG_CONFIG_HOME=$tmp/config "$tmp/nexusd" 2>&1)
code=$?
check 'a configuration file is enough' test -S "$tmp/settings/nexusd.sock"
stop "$tmp/settings"
out=$(XDG_CONFIG_HOME=$tmp/config NEXUS_DATA=$tmp/env "$tmp/nexusd" 2>&1)
check 'the environment wins over it' test -S "$tmp/env/nexusd.sock"
stop "$tmp/env"
out=$(XDG_CONFIG_HOME=$tmp/config NEXUS_DATA=$tmp/env "$tmp/nexusd" --data "$tmp/flag" 2>&1)
check 'a flag wins over both' test -S "$tmp/flag/nexusd.sock"
stop "$tmp/flag"
echo 'lisen: typo' > "$tmp/config/nexus/config.yaml"
out=$(XDG_CONFIG_HOME=$tmp/config "$tmp/nexusd" --data "$tmp/typo" 2>&1)
code=$?
check 'a misspelt setting is told with its line' refused 2 lisen 'config.yaml, line 1'

# -- a disk that fills up ------------------------------------------------------------------
(
    ulimit -S -f 64
    "$tmp/nexusd" --listen 127.0.0.1:0 --data "$tmp/full" > "$tmp/full.out" 2>&1
)
out=$(cat "$tmp/full.out")
pid=$(pid_of "$tmp/full")
answer=$(post_fact "$tmp/full" lost)
check 'on a full disk nothing is acknowledged' test "$answer" = 503 -o "$answer" = 507
check 'but health is answered' \
    test "$(code_of --unix-socket "$tmp/full/nexusd.sock" http://localhost/healthz)" = 200
prlimit --pid "$pid" --fsize=unlimited 2> /dev/null
for _ in $(seq 200); do
    answer=$(post_fact "$tmp/full" kept)
    case $answer in 20?) break ;; esac
    sleep 0.05
done
check 'with room again it heals by itself' test "$answer" = 201
check 'the log file says what happened' grep -q 'the disk is full' "$tmp/full/nexusd.log"
stop "$tmp/full"
start --data "$tmp/full"
check 'what was acknowledged is there' test "$(post_fact "$tmp/full" kept)" = 200
check 'what was not is not' test "$(post_fact "$tmp/full" lost)" = 201
stop "$tmp/full"

echo "1..$count"
exit "$failed"
