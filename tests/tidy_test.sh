#!/bin/bash
# The source check finds each defect that we plant, at its place, and nothing in a
# clean tree. Marks and paths are put together from pieces, for this file is checked too.
set -uo pipefail
tidy=${NEXUS_BUILD:?}/tests/tidy
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree" || exit 1

lay_down() {
    rm -rf src docs README.md
    mkdir -p src/{base,codec,crypto,host,client} docs
    printf '# order\nbase\ncodec crypto\nhost\nclient\n' > src/components
    printf '#pragma once\nint base_value(void);\n' > src/base/base.h
    printf '#include "base/base.h"\n\nint base_value(void)\n{\n    return 1;\n}\n' > src/base/base.c
    printf '#pragma once\n#include "base/base.h"\n' > src/codec/codec.h
    printf '#pragma once\n' > src/crypto/crypto.h
    printf '/* malloc() in a comment is a word */\nconst char *words = "sprintf(";\n' \
        > src/codec/words.c
    printf 'See [here](docs/a.md#top), [there](https://example.org) and `[x](none)`.\n' > README.md
    printf '[up](../README.md)\n' > docs/a.md
}

count=0
failed=0
verdict() {
    count=$((count + 1))
    if [ "$1" = yes ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        "$tidy" .
        failed=1
    fi
}
# Each finds exactly one finding: FILE:LINE and words in it.
expect() {
    local out result=no
    if ! out=$("$tidy" .) && [ "$(wc -l <<< "$out")" -eq 2 ]; then
        if grep -F "$2" <<< "$out" | grep -q "$3"; then result=yes; fi
    fi
    verdict $result "$1"
    lay_down
}
silent() { if "$tidy" . > /dev/null; then verdict yes "$1"; else verdict no "$1"; fi; lay_down; }
add() { printf "$2" >> "$1"; }
repeat() { for ((i = 0; i < $1; i++)); do printf '%s\n' "$2"; done; }

lay_down
silent 'a clean tree has no finding'

add src/base/base.h '#include "codec/codec.h"\n'
expect 'an upward include' src/base/base.h:3: 'base may not use codec'
add src/codec/codec.h '#include "crypto/crypto.h"\n'
expect 'a sideways include' src/codec/codec.h:3: 'codec may not use crypto'
add src/codec/codec.h '#include "../host/host.h"\n'
expect 'a relative include' src/codec/codec.h:3: 'component/file.h'
add src/codec/codec.h '#include "nowhere/x.h"\n'
expect 'an unknown component' src/codec/codec.h:3: 'no such component'
add src/codec/codec.h '#include "base/base_internal.h"\n'
expect 'the internal header of another component' src/codec/codec.h:3: 'own component only'
add src/codec/codec.h '#include <unistd.h>\n'
expect 'a system header in a pure component' src/codec/codec.h:3: 'pure component'
add src/codec/codec.h '#include <nmmintrin.h>\n'
silent 'instructions of the processor are plain'
add src/host/host.c '#include <openssl/evp.h>\n'
expect 'a library taken from its owner' src/host/host.c:1: 'belongs to crypto'
printf '#include <string.h>\n#include "base/base.h"\n' > src/base/base.c
expect 'own header not first' src/base/base.c:1: 'own header first'
add src/base/base_internal.h '#pragma once\n'
printf '#include "base/base_internal.h"\n' > src/base/base.c
silent 'own internal header first'
mkdir src/stray && add src/stray/x.c 'int x;\n'
expect 'a component missing in the order' src/stray/x.c:1: 'missing in src/components'

for call in strcpy strcat sprintf gets strtok rand atoi alloca malloc free clock_gettime time \
    gettimeofday getrandom printf fprintf puts; do
    add src/codec/bad.c "    $call(x);\n"
    expect "$call in a pure component" src/codec/bad.c:1: "$call() is not for here; use "
done
add src/host/clock.c '    clock_gettime(x);\n'
silent 'the host may ask for the time'
add src/client/say.c '    printf(x);\n'
silent 'the client may print'
add src/codec/codec_test.c '    free(malloc(1)); printf(x);\n#include <unistd.h>\n'
silent 'a test may allocate and print'
add src/codec/ok.c '    x->free(y); a.time(z); mem_free(q); /* free(x) */\n'
silent 'members and longer names are no calls'
add src/host/line.c '    free(line); /* tidy: allow free, the buffer is getline'"'"'s */\n'
silent 'a rule broken in the open'
add src/base/mem.c '    free(x);\n'
silent 'base/mem is where memory comes from'

{ printf 'void long_one(void)\n{\n'; repeat 70 '    step();'; printf '}\n'; } > src/codec/long.c
silent 'a function of 70 lines'
{ printf 'void long_one(void)\n{\n'; repeat 71 '    step();'; printf '}\n'; } > src/codec/long.c
expect 'a function of 71 lines' src/codec/long.c:2: 'function of 71 lines'
{ printf 'void long_one(void) {\n'; repeat 71 '    step();'; printf '}\n'; } > src/codec/long.c
expect 'with the brace on its line too' src/codec/long.c:1: 'function of 71 lines'
repeat 801 'int x;' > src/codec/long.c
expect 'a file of 801 lines' src/codec/long.c:801: 'file of 801 lines'
{ printf 'void deep(void)\n{\n'; repeat 5 '{'; repeat 6 ' }'; } | sed '$s/ //' > src/codec/deep.c
expect 'nesting of 5' src/codec/deep.c:7: 'nested deeper'
printf '%101s\n' x | tr ' ' y > src/codec/wide.c
expect 'a line of 101 columns' src/codec/wide.c:1: '101 columns'
printf '%98s\n' x | sed 's/^ /éé/' | tr ' ' y > src/codec/wide.c
silent 'columns are characters, not bytes'

add src/base/base.h "/* FIX""ME later */\n"
expect 'a mark of unfinished work' src/base/base.h:3: 'finish it'
add src/base/base.h 'int\tx;\n'
expect 'a tab' src/base/base.h:3: 'a tab'
add src/base/base.h 'int x; \n'
expect 'blanks at the end' src/base/base.h:3: 'blanks at the end'
add src/base/base.h 'int x;'
expect 'no newline at the end' src/base/base.h:1: 'no newline'
add docs/a.md "see /ro""ot/x\n"
expect 'a path of one machine' docs/a.md:2: 'path of one machine'
echo 'int x;' > src/base/plain.h
expect 'a header without #pragma once' src/base/plain.h:1: 'pragma once'
add src/base/base.h 'typedef struct x y;\n'
expect 'a typedef for a struct' src/base/base.h:3: 'no typedefs'
add docs/a.md '[gone](b.md)\n'
expect 'a dead link' docs/a.md:2: "dead link to 'b.md'"
exit $failed
