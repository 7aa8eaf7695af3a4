# client_fixture.sh - sourced by the behaviour tests of nexusctl: a private home and data
# directory, a daemon on a free port, and TAP.
tmp=$(mktemp -d /tmp/nexusctl.XXXXXX)
unset XDG_CONFIG_HOME XDG_RUNTIME_DIR XDG_DATA_HOME XDG_STATE_HOME NEXUS_DATA NEXUS_LISTEN
unset NEXUS_URL NEXUS_TOKEN NEXUS_BOARD
export HOME=$tmp/home NO_COLOR=1
mkdir "$HOME"
ctl=${NEXUS_BIN:?}/nexusctl
data=$tmp/data

clean_up() {
    local info pid
    for info in "$tmp"/*/nexusd.json; do
        pid=$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$info" 2> /dev/null)
        [ -n "$pid" ] && kill -KILL "$pid" 2> /dev/null
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
        echo "# exit ${code:-} out: $(head -c 1500 "$tmp/out" | tr '\n' ' ')"
        echo "# err: $(head -c 600 "$tmp/err" | tr '\n' ' ')"
        failed=1
    fi
}
# Runs nexusctl on the test's daemon; sets code, leaves out and err in files.
run() {
    "$ctl" --data "$data" "$@" > "$tmp/out" 2> "$tmp/err"
    code=$?
}
exits() { [ "$code" = "$1" ]; }
one_object() { # exactly one JSON object on stdout
    python3 - "$tmp/out" 2> /dev/null << 'PY'
import json, sys
text = open(sys.argv[1]).read()
value, end = json.JSONDecoder().raw_decode(text)
sys.exit(0 if isinstance(value, dict) and text[end:].strip() == "" else 1)
PY
}
value() { # the value of a Python expression over the object d on stdout
    python3 - "$tmp/out" "$1" 2> /dev/null << 'PY'
import json, sys
d = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))
PY
}
is() { [ "$(value "$1")" = "$2" ]; } # EXPRESSION WANTED
says() { grep -q -- "$1" "$tmp/err"; }
prints() { grep -q -- "$1" "$tmp/out"; }
finish() { echo "1..$count"; exit "$failed"; }
