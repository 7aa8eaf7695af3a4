#!/bin/bash
# The REST interface as somebody meets it who has only its description: every error has
# its code, every role its limits, and what was promised holds across kill -9.
set -uo pipefail
tmp=$(mktemp -d /tmp/nexusd-rest.XXXXXX)
unset XDG_CONFIG_HOME XDG_RUNTIME_DIR XDG_DATA_HOME NOTIFY_SOCKET NEXUS_DATA NEXUS_LISTEN
export HOME=$tmp
data=$tmp/data
pid=
clean_up() {
    [ -z "$pid" ] || kill -KILL "$pid" 2> /dev/null
    rm -rf "$tmp"
}
trap clean_up EXIT

count=0
failed=0
status=
check() { # check WORDS COMMAND...
    local words=$1
    shift
    count=$((count + 1))
    if "$@"; then
        echo "ok $count - $words"
    else
        echo "not ok $count - $words"
        echo "# $status $(head -c 400 "$tmp/body")"
        failed=1
    fi
}
start() {
    "${NEXUS_BIN:?}/nexusd" --data "$data" --listen 127.0.0.1:0 "$@" > "$tmp/said" || exit 1
    pid=$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$data/nexusd.json")
    url=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$data/nexusd.json")
}
restart_after_kill() { # [OPTION...]
    kill -KILL "$pid"
    while grep -qs '^State:[^Z]*$' "/proc/$pid/status"; do :; done
    start "$@"
}
# call METHOD PATH [BODY [CURL-OPTION...]] as $token: sets status, leaves the body.
call() {
    local method=$1 path=$2 body=${3-}
    shift $(($# < 3 ? $# : 3))
    local -a more=("$@")
    [ -z "$body" ] || more+=(-H 'Content-Type: application/json' --data-binary "$body")
    status=$(curl -s -o "$tmp/body" -D "$tmp/head" -w '%{http_code}' -X "$method" \
        ${token:+-H "Authorization: Bearer $token"} "${more[@]}" "$url/api/v1$path")
}
member() { # the first member of that name in the body: a string or a number
    sed -n 's/.*"'"$1"'":"\{0,1\}\([^",}]*\).*/\1/p' "$tmp/body" | head -n 1
}
first() { grep -o '"'"$1"'":"\{0,1\}[^",}]*' "$tmp/body" | head -n 1 | sed 's/^[^:]*:"\{0,1\}//'; }
has() { grep -qF -- "$1" "$tmp/body"; }
# A problem: status, code, and all the members that a problem has.
problem() {
    [ "$status" = "$1" ] && [ "$(first code)" = "$2" ] && has '"type":' && has '"title":' &&
        has '"detail":' && has '"next":' && has "\"status\":$1" &&
        grep -qi '^content-type: application/problem+json' "$tmp/head"
}
refused() { # refused WORDS STATUS CODE METHOD PATH [BODY [CURL-OPTION...]]
    local words=$1 want=$2 code=$3
    shift 3
    call "$@"
    check "$words: $want $code" problem "$want" "$code"
}
done_with() { # done_with WORDS STATUS METHOD PATH [BODY [CURL-OPTION...]]
    local words=$1 want=$2
    shift 2
    call "$@"
    check "$words: $want" test "$status" = "$want"
}
fact() { echo '{"origin":"o","content":{"mime_type":"text/plain","data":"'"$1"'"}'"${2:+,$2}"'}'; }
agent() { # agent NAME ROLE: prints the token
    token=$admin
    call POST /agents '{"name":"'"$1"'","role":"'"$2"'"}'
    first token
}

start
admin=$(cat "$data/admin.token")
alice=$(agent alice agent)
bob=$(agent bob agent)
rita=$(agent rita reader)
none=$(printf '0%.0s' $(seq 64))

# -- who may what ------------------------------------------------------------------------
token=
for path in /healthz /readyz /openapi.json; do
    done_with "$path needs no token" 200 GET "$path"
done
refused 'metrics need a token' 401 unauthenticated GET /metrics
token=nx_wrong
refused 'a wrong token' 401 unauthenticated GET /status
token=$rita
done_with 'a reader reads' 200 GET /records
refused 'a reader does not write' 403 not_permitted POST /facts "$(fact r)"
refused 'a reader does not claim' 403 not_permitted POST /claims '{}'
token=$alice
refused 'an agent adds no agent' 403 not_permitted POST /agents '{"name":"eve"}'
refused 'an agent does not pause' 403 not_permitted POST /pause '{}'
token=$admin
refused 'a name is taken once' 409 conflict POST /agents '{"name":"alice"}'
refused 'nobody is made admin' 400 invalid POST /agents '{"name":"eve","role":"admin"}'
refused 'a name has its form' 400 invalid POST /agents '{"name":"Eve"}'

# -- facts -------------------------------------------------------------------------------
token=$alice
done_with 'a fact' 201 POST /facts "$(fact base)"
base=$(first id)
check 'the creator is the credential' test "$(first creator)" = alice
done_with 'the same fact again' 200 POST /facts "$(fact base)"
check 'is the same record' test "$(first id)" = "$base"
token=$bob
done_with 'the same from somebody else is another' 201 POST /facts "$(fact base)"
token=$alice
while IFS='|' read -r words body; do
    refused "$words" 400 invalid POST /facts "$body"
done <<EOF
an unknown field|$(fact x '"extra":1')
a missing field|{"origin":"o"}
a wrong type|{"origin":1,"content":{"mime_type":"text/plain","data":"x"}}
a null|$(fact x '"topic":null')
an id of another kind|$(fact x '"from":["i_'"$none"'"]')
a link given twice|$(fact x '"from":["'"$base"'","'"$base"'"]')
too sure|$(fact x '"confidence":1.5')
an end before its beginning|$(fact x '"valid_from_ms":5,"valid_to_ms":5')
a time out of range|$(fact x '"valid_from_ms":9007199254740992')
a name given twice|$(fact x '"origin":"p"')
the same, escaped|$(fact x '"\u006frigin":"p"')
a lone surrogate|$(fact '\ud800')
a cut body|{"origin":"o","content":{"mime_
text behind the value|$(fact x)x
no object|[]
bad base64|{"origin":"o","content":{"mime_type":"a/b","data":"a","encoding":"base64"}}
EOF
refused 'deep nesting' 400 invalid POST /facts "$(printf '[%.0s' $(seq 10000))"
refused 'what is no UTF-8' 400 invalid POST /facts "$(fact "$(printf '\377')")"
refused 'a link to nothing' 422 invalid_reference POST /facts "$(fact x '"from":["f_'"$none"'"]')"
long=$(printf 't%.0s' $(seq 1025))
refused 'too many bytes' 413 too_large POST /facts "$(fact x '"topic":"'"$long"'"')"
refused 'an id that is none' 400 invalid GET /facts/f_12
refused 'an id unknown' 404 not_found GET "/facts/f_$none"
refused 'a path unknown' 404 not_found GET /nothing
refused 'an unknown parameter' 400 invalid GET '/records?colour=red'
refused 'a limit of nothing' 400 invalid GET '/records?limit=0'

# -- claims ------------------------------------------------------------------------------
done_with 'an intent' 201 POST /intents '{"description":"hot","topic":"hot"}'
hot=$(first id)
check 'it has its grounding' has '"from_facts":["f_'
for i in $(seq 200); do
    [ "$i" = 1 ] || echo next
    [ $((i % 2)) = 0 ] && token=$alice || token=$bob
    printf 'silent\nurl = "%s"\noutput = "%s"\ndata = "{}"\nheader = "%s"\n' \
        "$url/api/v1/intents/$hot/claim" "$tmp/claim.$i" "Authorization: Bearer $token"
done > "$tmp/claims"
curl -Z --parallel-max 200 -K "$tmp/claims" 2> "$tmp/progress"
claims_with() { grep -l "$1" "$tmp"/claim.* | wc -l; }
check 'of 200 claims one is given' test "$(claims_with '"epoch":1,"expires_at_ms"')" = 1
check '199 are told who holds it and for how long' \
    test "$(claims_with '"code":"already_claimed".*"holder":"[ab].*"expires_in_ms":')" = 199
holder=$(grep -ho '"holder":"[a-z]*"' "$tmp"/claim.* | sort -u)
case $holder in *alice*) token=$alice other=$bob ;; *) token=$bob other=$alice ;; esac
mine=$token
token=$other
refused 'a live epoch of somebody else' 403 not_holder POST "/intents/$hot/heartbeat" '{"epoch":1}'
token=$mine
done_with 'the holder beats' 200 POST "/intents/$hot/heartbeat" '{"epoch":1}'
done_with 'the holder releases' 200 POST "/intents/$hot/release" '{"epoch":1}'
for ttl in 499 86400001 '"x"' 1.5; do
    refused "ttl_ms $ttl" 400 invalid POST "/intents/$hot/claim" '{"ttl_ms":'"$ttl"'}'
done

# The lease of a holder that says nothing ends; its successor waited for that.
done_with 'a short lease' 200 POST "/intents/$hot/claim" '{"ttl_ms":500}'
token=$other
done_with 'a waiting claim gets what expires' 200 POST /claims \
    '{"topics":["hot"],"wait_ms":20000,"ttl_ms":600000}'
check 'with a higher epoch' test "$(member epoch)" = 3
token=$mine
stale_everywhere() {
    refused "$1: heartbeat" 409 stale_epoch POST "/intents/$hot/heartbeat" '{"epoch":2}'
    refused "$1: checkpoint" 409 stale_epoch POST "/intents/$hot/checkpoint" '{"epoch":2,"data":1}'
    refused "$1: release" 409 stale_epoch POST "/intents/$hot/release" '{"epoch":2}'
    refused "$1: fail" 409 stale_epoch POST "/intents/$hot/fail" '{"epoch":2,"reason":"r"}'
    refused "$1: conclude" 409 stale_epoch POST "/intents/$hot/conclude" \
        '{"epoch":2,"content":{"mime_type":"text/plain","data":"late"}}'
    refused "$1: a fact under it" 409 stale_epoch POST /facts \
        "$(fact late '"under":{"intent":"'"$hot"'","epoch":2}')"
    call GET "/intents/$hot"
    check "$1: the successor is untouched" \
        has '"status":"claimed","epoch":3,"attempts":3,"holder":"'
}
stale_everywhere 'an old epoch'
restart_after_kill
stale_everywhere 'an old epoch after kill -9'
token=$other
refused 'evidence that is not there' 422 invalid_reference POST "/intents/$hot/conclude" \
    '{"epoch":3,"content":{"mime_type":"text/plain","data":"end"},"evidence":["f_'"$none"'"]}'
end='{"epoch":3,"content":{"mime_type":"text/plain","data":"end"},"evidence":["'"$base"'"]}'
done_with 'the successor concludes' 200 POST "/intents/$hot/conclude" "$end"
done_with 'the same conclusion again' 200 POST "/intents/$hot/conclude" "$end"
refused 'another conclusion' 409 already_concluded POST "/intents/$hot/conclude" \
    "${end/\"end\"/\"other\"}"
refused 'a claim of what has ended' 409 already_concluded POST "/intents/$hot/claim" '{}'
done_with 'no work, no waiting' 204 POST /claims '{"topics":["nobody asks for this"]}'

# -- keys, batches, lists ----------------------------------------------------------------
key() { call POST /intents '{"description":"'"$1"'"}' -H 'Idempotency-Key: one'; }
key first
once=$(first id)
key first
check 'a key gives the first answer again' test "$status $(first id)" = "201 $once"
key second
check 'a key with another body' problem 422 conflict
restart_after_kill
key first
check 'a key is known after kill -9' test "$status $(first id)" = "201 $once"
call GET '/records?limit=1000'
before=$(member as_of)
good=$(fact batch '"op":"fact"')
bad=$(fact batch '"op":"fact","from":["f_'"$none"'"]')
refused 'a batch with one bad link' 422 invalid_reference POST /batch \
    '{"ops":['"$good"',{"op":"hint","content":"h"},'"$bad"']}'
check 'says which one' test "$(member op_index)" = 2
call GET '/records?limit=1'
check 'and writes nothing' test "$(member as_of)" = "$before"
next=$(member next)
call POST /hints '{"content":"meanwhile"}'
done_with 'a cursor beside the whole question' 200 GET \
    "/records?limit=1000&as_of=$before&after=0&cursor=$next"
check 'stays at its moment' test "$(member as_of) $(grep -c meanwhile "$tmp/body")" = "$before 0"
refused 'a cursor of another moment' 400 invalid GET "/records?limit=1&as_of=1&cursor=$next"
refused 'a cursor of another question' 400 invalid GET "/records?limit=1&kind=fact&cursor=$next"
call GET "/facts/$base"
etag=$(sed -n 's/^[Ee][Tt]ag: \(.*\)\r$/\1/p' "$tmp/head")
done_with 'nothing new' 304 GET "/facts/$base" '' -H "If-None-Match: $etag"

# -- hosts and origins -------------------------------------------------------------------
refused 'another host' 403 not_permitted GET /healthz '' -H 'Host: evil.example'
refused 'a page of another site' 403 not_permitted GET /healthz '' -H 'Origin: http://evil.example'
token=
refused 'two ways to tell the length' 400 invalid POST /facts "$(fact s)" \
    -H 'Content-Length: 5' -H 'Transfer-Encoding: chunked'

# -- the last connection -----------------------------------------------------------------
restart_after_kill --limit connections_max=1
exec 9<> "/dev/tcp/127.0.0.1/${url##*:}"
refused 'one connection too many' 429 limit_reached GET /healthz
exec 9>&-

echo "1..$count"
exit "$failed"
