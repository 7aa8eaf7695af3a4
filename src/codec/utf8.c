/* utf8.c - what counts as well formed is decided in one place, scan_utf8(); here
 * it is only walked over text or taken apart into code points. */
#include "codec/utf8.h"

#include "base/check.h"
#include "codec/scan_internal.h"

bool utf8_valid(struct str text)
{
    CHECK(text.at != NULL || text.len == 0);
    if (text.len == 0) {
        return true;
    }
    const uint8_t *at = (const uint8_t *)text.at;
    const uint8_t *end = at + text.len;
    while (at < end) {
        if (end - at >= 8 && (get_u64(at) & SCAN_HIGH_BITS) == 0) {
            at += 8;
            continue;
        }
        size_t len = scan_utf8(at, end);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

uint32_t utf8_next(struct str s, size_t *at)
{
    CHECK(*at < s.len);
    const uint8_t *p = (const uint8_t *)s.at + *at;
    size_t len = scan_utf8(p, (const uint8_t *)s.at + s.len);
    if (len == 0) {
        *at += 1;
        return UINT32_MAX;
    }
    *at += len;
    if (len == 1) {
        return p[0];
    }
    uint32_t code_point = p[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        code_point = code_point << 6 | (p[i] & 0x3fu);
    }
    return code_point;
}

size_t utf8_put(uint32_t code_point, char out[4])
{
    CHECK(code_point <= 0x10ffff);
    CHECK(code_point < 0xd800 || code_point > 0xdfff);
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t len = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    out[0] = (char)((0xf00u >> len & 0xf0u) | code_point);
    return len;
}
