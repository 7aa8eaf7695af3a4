/* scan_internal.h - the two scans that the reader and the writer of JSON share
 * with utf8.c: over plain characters, and over one UTF-8 sequence.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "codec/bytes.h"

#define SCAN_EACH_BYTE(b) (0x0101010101010101ull * (b))
#define SCAN_HIGH_BITS    SCAN_EACH_BYTE(0x80u)

/* The first byte from `at` on which is not a plain character of a JSON string: a
 * quote, a backslash, a control character or the start of anything beyond ASCII.
 *
 * Eight bytes at a time. A byte x below 0x80 sets its high bit in x - 0x20 when it
 * is a control character, and in (x ^ c) - 1 when it is c. A borrow can only come
 * out of a byte which is itself a stop, so the lowest bit set is always true.
 */
static inline const uint8_t *scan_plain(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 8) {
        uint64_t word = get_u64(at);
        uint64_t stops = word - SCAN_EACH_BYTE(0x20u);
        stops |= (word ^ SCAN_EACH_BYTE('"')) - SCAN_EACH_BYTE(1u);
        stops |= (word ^ SCAN_EACH_BYTE('\\')) - SCAN_EACH_BYTE(1u);
        stops = (stops | word) & SCAN_HIGH_BITS;
        if (stops != 0) {
            return at + (__builtin_ctzll(stops) >> 3);
        }
        at += 8;
    }
    while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\') {
        at++;
    }
    return at;
}

/* Length in bytes of the well-formed sequence at `at` (1 to 4), or 0. The ranges of
 * the second byte are those of RFC 3629 section 4: they keep out overlong forms,
 * surrogates and everything above U+10FFFF. */
static inline size_t scan_utf8(const uint8_t *at, const uint8_t *end)
{
    size_t left = (size_t)(end - at);
    if (left == 0) {
        return 0;
    }
    uint8_t lead = at[0];
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    size_t len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (left < len) {
        return 0;
    }
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}
