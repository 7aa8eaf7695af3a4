/* bytes.c - the decoders accept one spelling of each byte string: whoever signs or
 * hashes the text must not meet two texts for one value. Hexadecimal is the only
 * exception, because people type it in upper case too. */
#include "codec/bytes.h"

#include "base/check.h"

void hex_encode(const void *bytes, size_t len, char *out)
{
    static const char digits[16] = {'0', '1', '2', '3', '4', '5', '6', '7',
                                    '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
    CHECK(bytes != NULL || len == 0);
    const uint8_t *in = bytes;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
}

/* One more than the digit's value; 0 for anything that is no digit. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool hex_decode(struct str text, void *out_bytes, size_t len)
{
    CHECK(out_bytes != NULL || len == 0);
    if (text.len / 2 != len || text.len % 2 != 0) {
        return false;
    }
    /* Judged first, then written: a refused text leaves the result as it was. */
    const uint8_t *in = (const uint8_t *)text.at;
    unsigned strangers = 0;
    for (size_t i = 0; i < text.len; i++) {
        strangers += hex_values[in[i]] == 0;
    }
    if (strangers > 0) {
        return false;
    }
    uint8_t *out = out_bytes;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)((hex_values[in[2 * i]] - 1) << 4 | (hex_values[in[2 * i + 1]] - 1));
    }
    return true;
}

static char base64_digit(uint32_t value)
{
    value &= 63;
    if (value < 26) {
        return (char)('A' + value);
    }
    if (value < 52) {
        return (char)('a' + (value - 26));
    }
    if (value < 62) {
        return (char)('0' + (value - 52));
    }
    return value == 62 ? '+' : '/';
}

/* 0 to 63, or 64 for anything that is no digit. */
static uint32_t base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (uint32_t)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (uint32_t)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0') + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

void base64_encode(struct buf *out, const void *bytes, size_t len)
{
    CHECK(bytes != NULL || len == 0);
    CHECK(len <= SIZE_MAX / 4);
    const uint8_t *in = bytes;
    size_t text_len = (len + 2) / 3 * 4;
    uint8_t *to = buf_reserve(out, text_len);
    if (to == NULL) {
        return;
    }
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t group = (uint32_t)in[i] << 16;
        group |= have > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        group |= have > 2 ? in[i + 2] : 0;
        *to++ = (uint8_t)base64_digit(group >> 18);
        *to++ = (uint8_t)base64_digit(group >> 12);
        *to++ = have > 1 ? (uint8_t)base64_digit(group >> 6) : '=';
        *to++ = have > 2 ? (uint8_t)base64_digit(group) : '=';
    }
    out->len += text_len;
}

/* One group of four characters into `*to`; how many bytes it holds, or 0 when it is
 * malformed. Padding is allowed in the last group alone. */
static size_t base64_group(const char *at, bool last, uint8_t to[3])
{
    size_t digits = 4;
    if (last && at[3] == '=') {
        digits = at[2] == '=' ? 2 : 3;
    }
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < digits ? base64_value(at[i]) : 0;
        if (value > 63) {
            return 0;
        }
        group = group << 6 | value;
    }
    uint32_t trailing = digits == 4 ? 0 : digits == 3 ? 0xff : 0xffff;
    if ((group & trailing) != 0) {
        return 0;
    }
    to[0] = (uint8_t)(group >> 16);
    to[1] = (uint8_t)(group >> 8);
    to[2] = (uint8_t)group;
    return digits - 1;
}

bool base64_decode(struct buf *out, struct str text)
{
    if (text.len % 4 != 0) {
        return false;
    }
    uint8_t *to = buf_reserve(out, text.len / 4 * 3);
    if (to == NULL) {
        return false;
    }
    size_t len = 0;
    for (size_t i = 0; i < text.len; i += 4) {
        size_t got = base64_group(text.at + i, i + 4 == text.len, to + len);
        if (got == 0) {
            return false;
        }
        len += got;
    }
    out->len += len; /* only now: a refused text adds nothing */
    return true;
}
