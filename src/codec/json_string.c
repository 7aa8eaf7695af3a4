/* json_string.c - strings of JSON.
 *
 * One scan finds the end of the string and judges its UTF-8. Only a string that has
 * escapes is then walked again and copied, into as many bytes as it has in the text:
 * no escape is shorter than what it stands for.
 */
#include "base/check.h"
#include "codec/json_internal.h"
#include "codec/scan_internal.h"
#include "codec/utf8.h"

#define NOT_HEX      UINT32_MAX
#define NO_SURROGATE 0u

/* Four hexadecimal digits. */
static uint32_t read_hex4(const uint8_t *at, const uint8_t *end)
{
    uint8_t bytes[2];
    if (end - at < 4 || !hex_decode(str_n(at, 4), bytes, sizeof bytes)) {
        return NOT_HEX;
    }
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* The character that a one-letter escape stands for, or 0. */
static char simple_escape(uint8_t letter)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return (char)letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* \uXXXX, or two of them for one character beyond the first plane. `at` is on the
 * backslash; returns how many bytes of the text were used, 0 after a failure. */
static size_t read_unicode(struct json_reader *r, const uint8_t *at, const uint8_t *end,
                           uint32_t *out_code_point)
{
    uint32_t first = read_hex4(at + 2, end);
    if (first == NOT_HEX) {
        (void)json_fail(r, at, "bad escape");
        return 0;
    }
    if (first < 0xd800 || first > 0xdfff) {
        *out_code_point = first;
        return 6;
    }
    uint32_t second = NO_SURROGATE;
    if (first < 0xdc00 && end - at >= 12 && at[6] == '\\' && at[7] == 'u') {
        second = read_hex4(at + 8, end);
    }
    if (second < 0xdc00 || second > 0xdfff) {
        (void)json_fail(r, at, "lone surrogate");
        return 0;
    }
    *out_code_point = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    return 12;
}

/* Copies the bytes between the quotes, which the scan found well-formed but for what
 * follows each backslash. */
static bool decode(struct json_reader *r, const uint8_t *at, const uint8_t *end,
                   struct str *out_text)
{
    char *text = arena_alloc(r->arena, (size_t)(end - at));
    size_t len = 0;
    while (at < end) {
        const uint8_t *escape = memchr(at, '\\', (size_t)(end - at));
        size_t run = (size_t)((escape != NULL ? escape : end) - at);
        memcpy(text + len, at, run);
        len += run;
        at += run;
        if (at == end) {
            break;
        }
        CHECK(end - at >= 2);
        char simple = simple_escape(at[1]);
        if (simple != 0) {
            text[len++] = simple;
            at += 2;
            continue;
        }
        if (at[1] != 'u') {
            return json_fail(r, at, "bad escape");
        }
        uint32_t code_point;
        size_t used = read_unicode(r, at, end, &code_point);
        if (used == 0) {
            return false;
        }
        len += utf8_put(code_point, text + len);
        at += used;
    }
    *out_text = str_n(text, len);
    return true;
}

/* r->at stands on a byte beyond ASCII; moves over its sequence. */
static bool skip_sequence(struct json_reader *r)
{
    size_t len = scan_utf8(r->at, r->end);
    if (len == 0) {
        return json_fail(r, r->at, "not UTF-8");
    }
    r->at += len;
    return true;
}

bool json_read_string(struct json_reader *r, struct str *out_text)
{
    CHECK(*r->at == '"');
    const uint8_t *begin = ++r->at;
    bool escapes = false;
    for (;;) {
        r->at = scan_plain(r->at, r->end);
        if (r->at == r->end) {
            return json_fail(r, r->at, "unexpected end");
        }
        uint8_t stop = *r->at;
        if (stop == '"') {
            break;
        }
        if (stop == '\\') {
            escapes = true;
            if (r->end - r->at < 2) {
                return json_fail(r, r->end, "unexpected end");
            }
            /* A byte beyond ASCII behind the backslash is left to the scan. */
            r->at += r->at[1] < 0x80 ? 2 : 1;
        } else if (stop < 0x20) {
            return json_fail(r, r->at, "control character in a string");
        } else if (!skip_sequence(r)) {
            return false;
        }
    }
    const uint8_t *end = r->at++;
    if (escapes) {
        return decode(r, begin, end, out_text);
    }
    *out_text = str_n(begin, (size_t)(end - begin));
    return true;
}
