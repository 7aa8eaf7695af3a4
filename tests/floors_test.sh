#!/bin/bash
# The build refuses to look or to call upwards or sideways: a small tree of three
# components, made here, builds; each breach of the order, planted alone, does not.
set -uo pipefail
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "${NEXUS_SOURCE:?}" || exit 1
mkdir -p "$tree"/src/{base,codec,crypto}
cp -r meson.build meson_options.txt tools bin tests "$tree/"
rm -f "$tree"/tests/*_test.*
cp src/meson.build "$tree/src/"
cd "$tree" || exit 1
printf 'base\ncodec crypto\n' > src/components

header() { printf '#pragma once\nint %s_value(void);\n' "$1" > "src/$1/$1.h"; }
body() { printf '#include "%s/%s.h"\n%s\nint %s_value(void)\n{\n    return %s;\n}\n' \
    "$1" "$1" "$2" "$1" "$3" > "src/$1/$1.c"; }
lay_down() {
    for name in base codec crypto; do header $name; done
    body base '' 1
    body codec '#include "base/base.h"' 'base_value() + 1'
    body crypto '#include "base/base.h"' 'base_value() + 2'
}

count=0
failed=0
verdict() {
    count=$((count + 1))
    if [ "$1" = yes ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        failed=1
        cat build.log
    fi
}
# Objects go first: ninja goes by times, and two edits within one tick look like one.
builds() {
    rm -f build/src/*.p/*.o
    ninja -C build src/floor-base src/floor-codec src/floor-crypto > build.log 2>&1
}
expect_refusal() { # what, words the build says
    if ! builds && grep -q "$2" build.log; then verdict yes "$1"; else verdict no "$1"; fi
    lay_down
}

lay_down
if meson setup build > build.log 2>&1 && builds; then
    verdict yes 'a tree in order builds'
else
    verdict no 'a tree in order builds'
    exit 1
fi
body base '#include "codec/codec.h"' 1
expect_refusal 'an upward include does not build' 'codec/codec.h: No such file'
body codec '#include "crypto/crypto.h"' 1
expect_refusal 'a sideways include does not build' 'crypto/crypto.h: No such file'
body base 'int codec_value(void);' 'codec_value()'
expect_refusal 'an upward call does not link' 'undefined reference to .codec_value'
body codec 'int crypto_value(void);' 'crypto_value()'
expect_refusal 'a sideways call does not link' 'undefined reference to .crypto_value'
if builds; then verdict yes 'and back in order it builds'; else verdict no 'back in order'; fi
exit $failed
