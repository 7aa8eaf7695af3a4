/* str.c - comparing, searching and cutting borrowed bytes.
 *
 * A str of length 0 may have a NULL address, and memcmp and memchr may not be
 * given NULL even for 0 bytes: every call below is guarded by a length.
 */
#include "base/str.h"

#include <limits.h>

int str_compare(struct str a, struct str b)
{
    const size_t shared = a.len < b.len ? a.len : b.len;
    const int order = shared == 0 ? 0 : memcmp(a.at, b.at, shared);
    if (order != 0) {
        return order < 0 ? -1 : 1;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq(str_n(s.at, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    if (suffix.len == 0) {
        return true;
    }
    return s.len >= suffix.len && str_eq(str_n(s.at + (s.len - suffix.len), suffix.len), suffix);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.at[i]) != lower(b.at[i])) {
            return false;
        }
    }
    return true;
}

size_t str_find(struct str s, char byte, size_t from)
{
    if (from >= s.len) {
        return s.len;
    }
    const char *hit = memchr(s.at + from, (unsigned char)byte, s.len - from);
    return hit == NULL ? s.len : (size_t)(hit - s.at);
}

size_t str_find_str(struct str s, struct str needle)
{
    if (needle.len == 0) {
        return 0;
    }
    if (needle.len > s.len) {
        return s.len;
    }
    /* The first byte of a hit lies in front of the last needle.len - 1 bytes. */
    const struct str starts = str_n(s.at, s.len - needle.len + 1);
    for (size_t i = str_find(starts, needle.at[0], 0); i < starts.len;
         i = str_find(starts, needle.at[0], i + 1)) {
        if (memcmp(s.at + i, needle.at, needle.len) == 0) {
            return i;
        }
    }
    return s.len;
}

struct str str_sub(struct str s, size_t from, size_t len)
{
    if (s.at == NULL) {
        return STR_NONE;
    }
    if (from > s.len) {
        from = s.len;
    }
    if (len > s.len - from) {
        len = s.len - from;
    }
    return str_n(s.at + from, len);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && is_space(s.at[s.len - 1])) {
        s.len--;
    }
    while (s.len > 0 && is_space(s.at[0])) {
        s.at++;
        s.len--;
    }
    return s;
}

bool str_cut(struct str *rest, char byte, struct str *out_part)
{
    if (rest->at == NULL) {
        return false;
    }
    const size_t at = str_find(*rest, byte, 0);
    *out_part = str_n(rest->at, at);
    /* "a," has two parts, the second empty: an empty rest that still has an
     * address is one more part; only NULL is the end. */
    *rest = at == rest->len ? STR_NONE : str_n(rest->at + at + 1, rest->len - at - 1);
    return true;
}

bool str_to_u64(struct str s, unsigned long long *out_value)
{
    unsigned long long value = 0;
    if (s.len == 0) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9') {
            return false;
        }
        const unsigned digit = (unsigned)(s.at[i] - '0');
        if (value > (ULLONG_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out_value = value;
    return true;
}

bool str_to_i64(struct str s, long long *out_value)
{
    const bool negative = s.len > 0 && s.at[0] == '-';
    unsigned long long size;
    if (!str_to_u64(negative ? str_n(s.at + 1, s.len - 1) : s, &size)) {
        return false;
    }
    const unsigned long long most = LLONG_MAX;
    if (size > most + (negative ? 1u : 0u)) {
        return false;
    }
    if (!negative) {
        *out_value = (long long)size;
    } else {
        /* -LLONG_MIN does not fit: go through one less. */
        *out_value = size == 0 ? 0 : -(long long)(size - 1) - 1;
    }
    return true;
}
