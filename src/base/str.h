/* str.h - a borrowed run of bytes: never owned, not NUL-terminated. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *at; /* may be NULL when len is 0 */
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
/* For printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).len, (s).at

static inline struct str str_of(const char *text)
{
    return (struct str){text, text == NULL ? 0 : strlen(text)};
}
static inline struct str str_n(const void *at, size_t len)
{
    return (struct str){(const char *)at, len};
}
static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}
static inline bool str_is(struct str a, const char *text)
{
    return str_eq(a, str_of(text));
}
/* Byte order, shorter first on a tie. */
int str_compare(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Case-insensitive over ASCII, as HTTP header names want it. */
bool str_eq_nocase(struct str a, struct str b);
/* Index of the first `byte` at or after `from`, or s.len. */
size_t str_find(struct str s, char byte, size_t from);
/* Index of the first occurrence of `needle`, or s.len. */
size_t str_find_str(struct str s, struct str needle);
struct str str_sub(struct str s, size_t from, size_t len); /* clipped to s */
struct str str_trim(struct str s);                         /* ASCII space, tab, CR, LF */
/* Cuts the text before the first `byte` off *rest (without the byte) and
 * returns it; false when *rest is used up (at == NULL). */
bool str_cut(struct str *rest, char byte, struct str *out_part);
/* Whole-string decimal; false on empty, sign trouble, junk or overflow. */
bool str_to_u64(struct str s, unsigned long long *out_value);
bool str_to_i64(struct str s, long long *out_value);
