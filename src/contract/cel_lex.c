/* cel_lex.c - the tokens of an expression.
 *
 * One token ahead, read when the one before is used. Strings without escapes are borrowed
 * from the source; others are decoded into the arena. Every token has its place, so that
 * every problem has one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/utf8.h"
#include "contract/cel_internal.h"

bool cel_fail(struct cel_reader *r, size_t offset, const char *format, ...)
{
    if (!r->failed) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(r->problem->cause, sizeof r->problem->cause, format, args);
        va_end(args);
        r->problem->offset = offset;
        r->failed = true;
    }
    r->token.kind = TOK_BAD;
    return false;
}

const char *cel_token_word(enum cel_token_kind kind)
{
    static const char *const words[] = {
#define X(name, word) [name] = (word),
        CEL_TOKEN_TABLE(X)
#undef X
    };
    return words[kind];
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int hex_value(int c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int peek(const struct cel_reader *r, uint32_t ahead)
{
    size_t at = (size_t)r->at + ahead;
    return at < r->source.len ? (unsigned char)r->source.at[at] : -1;
}

static void skip_blank(struct cel_reader *r)
{
    for (;;) {
        int c = peek(r, 0);
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
            r->at++;
        } else if (c == '/' && peek(r, 1) == '/') {
            r->at = (uint32_t)str_find(r->source, '\n', r->at);
        } else {
            return;
        }
    }
}

/* The digits without the point go to strtod as an integer with an exponent: the point is the
 * only part of a number that strtod takes from the locale. */
bool cel_read_double(struct str text, double *out_value)
{
    char digits[420];
    size_t len = 0;
    size_t at = 0;
    long exponent = 0;
    bool any = false;
    bool point = false;
    if (text.len > 400 || text.len == 0) {
        return false;
    }
    if (text.at[0] == '-' || text.at[0] == '+') {
        digits[len++] = text.at[at++];
    }
    for (; at < text.len && (is_digit(text.at[at]) || (text.at[at] == '.' && !point)); at++) {
        if (text.at[at] == '.') {
            point = true;
            continue;
        }
        any = true;
        exponent -= point ? 1 : 0;
        digits[len++] = text.at[at];
    }
    if (!any) {
        return false;
    }
    if (at < text.len && (text.at[at] == 'e' || text.at[at] == 'E')) {
        long long given = 0;
        struct str rest = str_sub(text, at + 1, text.len);
        if (rest.len > 1 && rest.at[0] == '+' && is_digit(rest.at[1])) {
            rest = str_sub(rest, 1, rest.len);
        }
        if (!str_to_i64(rest, &given) || given > 100000 || given < -100000) {
            return false;
        }
        exponent += (long)given;
        at = text.len;
    }
    if (at != text.len) {
        return false;
    }
    (void)snprintf(digits + len, sizeof digits - len, "e%ld", exponent);
    *out_value = strtod(digits, NULL);
    return true;
}

static bool read_integer(struct cel_reader *r, uint32_t begin, bool hex)
{
    uint64_t value = 0;
    uint32_t at = begin + (hex ? 2 : 0);
    for (; at < r->at; at++) {
        uint64_t digit = (uint64_t)hex_value((unsigned char)r->source.at[at]);
        uint64_t base = hex ? 16 : 10;
        if (value > (UINT64_MAX - digit) / base) {
            return cel_fail(r, begin, "the number is too large");
        }
        value = value * base + digit;
    }
    if (peek(r, 0) == 'u' || peek(r, 0) == 'U') {
        r->at++;
        r->token.value = (struct cel_value){.kind = CEL_UINT, .natural = value};
        return true;
    }
    if (value > (uint64_t)INT64_MAX + 1) {
        return cel_fail(r, begin, "the number is too large for an int");
    }
    r->token.too_large = value > (uint64_t)INT64_MAX;
    r->token.value = cel_int(r->token.too_large ? INT64_MIN : (int64_t)value);
    return true;
}

static bool read_number(struct cel_reader *r)
{
    uint32_t begin = r->at;
    r->token.kind = TOK_VALUE;
    if (peek(r, 0) == '0' && (peek(r, 1) == 'x' || peek(r, 1) == 'X') &&
        hex_value(peek(r, 2)) >= 0) {
        r->at += 2;
        while (hex_value(peek(r, 0)) >= 0) {
            r->at++;
        }
        return read_integer(r, begin, true);
    }
    bool real = false;
    while (is_digit(peek(r, 0))) {
        r->at++;
    }
    if (peek(r, 0) == '.' && is_digit(peek(r, 1))) {
        real = true;
        r->at++;
        while (is_digit(peek(r, 0))) {
            r->at++;
        }
    }
    int c = peek(r, 0);
    int sign = peek(r, 1) == '+' || peek(r, 1) == '-' ? 1 : 0;
    if ((c == 'e' || c == 'E') && is_digit(peek(r, 1u + (uint32_t)sign))) {
        real = true;
        r->at += 1u + (uint32_t)sign;
        while (is_digit(peek(r, 0))) {
            r->at++;
        }
    }
    if (!real) {
        return read_integer(r, begin, false);
    }
    double value = 0;
    if (!cel_read_double(str_sub(r->source, begin, r->at - begin), &value)) {
        return cel_fail(r, begin, "the number cannot be read");
    }
    r->token.value = cel_double(value);
    return true;
}

struct literal {
    bool raw, bytes;
    uint32_t body, end; /* of what lies between the quotes */
};

/* \xHH, \ooo, \uHHHH, \UHHHHHHHH; *at is behind the backslash. */
static bool read_code(struct cel_reader *r, uint32_t *at, uint32_t end, bool bytes,
                      uint32_t *out_code)
{
    int c = (unsigned char)r->source.at[*at];
    uint32_t digits = 3;
    uint32_t base = 8;
    if (c < '0' || c > '3') {
        base = 16;
        digits = c == 'x' || c == 'X' ? 2 : c == 'u' && !bytes ? 4 : c == 'U' && !bytes ? 8 : 0;
        if (digits == 0) {
            return cel_fail(r, *at - 1, "unknown escape '\\%c' in the string", c);
        }
        (*at)++;
    }
    uint32_t code = 0;
    for (uint32_t i = 0; i < digits; i++, (*at)++) {
        int digit = *at < end ? hex_value((unsigned char)r->source.at[*at]) : -1;
        if (digit < 0 || (uint32_t)digit >= base) {
            return cel_fail(r, *at, "the escape wants %u digits", digits);
        }
        code = code * base + (uint32_t)digit;
    }
    if (!bytes && (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))) {
        return cel_fail(r, *at - digits, "the escape names no character");
    }
    *out_code = code;
    return true;
}

static bool read_escape(struct cel_reader *r, uint32_t *at, const struct literal *lit, char *out,
                        size_t *len)
{
    static const char from[] = "abfnrtv\\?\"'`";
    static const char to[] = "\a\b\f\n\r\t\v\\?\"'`";
    (*at)++; /* the backslash; the quote behind an escape is never the last byte */
    const char *known = strchr(from, r->source.at[*at]);
    if (known != NULL && *known != '\0') {
        out[(*len)++] = to[known - from];
        (*at)++;
        return true;
    }
    uint32_t code = 0;
    if (!read_code(r, at, lit->end, lit->bytes, &code)) {
        return false;
    }
    if (lit->bytes) {
        out[(*len)++] = (char)(unsigned char)code;
    } else {
        *len += utf8_put(code, out + *len);
    }
    return true;
}

static bool decode_literal(struct cel_reader *r, const struct literal *lit)
{
    struct str raw = str_sub(r->source, lit->body, lit->end - lit->body);
    struct str text = raw;
    if (!lit->raw && str_find(raw, '\\', 0) < raw.len) {
        char *out = arena_alloc(r->life, raw.len + 4);
        size_t len = 0;
        for (uint32_t at = lit->body; at < lit->end;) {
            if (r->source.at[at] != '\\') {
                out[len++] = r->source.at[at++];
            } else if (!read_escape(r, &at, lit, out, &len)) {
                return false;
            }
        }
        text = str_n(out, len);
    }
    r->token.kind = TOK_VALUE;
    r->token.value = cel_string(text);
    r->token.value.kind = lit->bytes ? CEL_BYTES : CEL_STRING;
    return true;
}

/* r->at is at the opening quote. */
static bool read_string(struct cel_reader *r, bool raw, bool bytes)
{
    uint32_t begin = r->at;
    int quote = peek(r, 0);
    bool triple = peek(r, 1) == quote && peek(r, 2) == quote;
    r->at += triple ? 3 : 1;
    struct literal lit = {.raw = raw, .bytes = bytes, .body = r->at};
    for (;; r->at++) {
        int c = peek(r, 0);
        if (c < 0 || (!triple && (c == '\n' || c == '\r'))) {
            return cel_fail(r, begin, "the string has no end");
        }
        if (c == quote && (!triple || (peek(r, 1) == quote && peek(r, 2) == quote))) {
            break;
        }
        if (c == '\\' && (!raw || peek(r, 1) == quote)) {
            r->at++; /* a raw string cannot end behind a backslash either */
        }
    }
    lit.end = r->at;
    r->at += triple ? 3 : 1;
    return decode_literal(r, &lit);
}

/* r"..", b'..', bR"""..""": true when the letters here begin a string. */
static bool string_prefix(const struct cel_reader *r, uint32_t *out_len, bool *out_raw,
                          bool *out_bytes)
{
    *out_raw = *out_bytes = false;
    for (uint32_t i = 0; i < 3; i++) {
        int c = peek(r, i);
        if (c == '"' || c == '\'') {
            *out_len = i;
            return true;
        }
        if ((c == 'r' || c == 'R') && !*out_raw) {
            *out_raw = true;
        } else if ((c == 'b' || c == 'B') && !*out_bytes) {
            *out_bytes = true;
        } else {
            return false;
        }
    }
    return false;
}

static bool read_name(struct cel_reader *r)
{
    uint32_t begin = r->at;
    while (is_letter(peek(r, 0)) || is_digit(peek(r, 0))) {
        r->at++;
    }
    r->token.name = str_sub(r->source, begin, r->at - begin);
    r->token.kind = TOK_NAME;
    if (str_is(r->token.name, "in")) {
        r->token.kind = TOK_IN;
    } else if (str_is(r->token.name, "true") || str_is(r->token.name, "false")) {
        r->token.kind = TOK_VALUE;
        r->token.value = cel_bool(r->token.name.len == 4);
    } else if (str_is(r->token.name, "null")) {
        r->token.kind = TOK_VALUE;
        r->token.value = (struct cel_value){.kind = CEL_NULL};
    }
    return true;
}

static bool read_quoted(struct cel_reader *r)
{
    size_t end = str_find(r->source, '`', r->at + 1);
    struct str name = str_sub(r->source, r->at + 1, end - r->at - 1);
    for (size_t i = 0; i < name.len; i++) {
        if (!is_letter(name.at[i]) && !is_digit(name.at[i]) && strchr("./- ", name.at[i]) == NULL) {
            return cel_fail(r, r->at + 1 + i,
                            "a quoted name holds letters, digits, . / - and space");
        }
    }
    if (end == r->source.len || name.len == 0) {
        return cel_fail(r, r->at, "the quoted name has no end");
    }
    r->at = (uint32_t)end + 1;
    r->token.kind = TOK_QUOTED;
    r->token.name = name;
    return true;
}

static bool read_sign(struct cel_reader *r)
{
    static const struct {
        char text[3];
        enum cel_token_kind kind;
    } signs[] = {
        {"||", TOK_OR},    {"&&", TOK_AND},       {"==", TOK_EQ},   {"!=", TOK_NE},
        {"<=", TOK_LE},    {">=", TOK_GE},        {"(", TOK_LEFT},  {")", TOK_RIGHT},
        {"[", TOK_SQUARE}, {"]", TOK_SQUARE_END}, {"{", TOK_CURLY}, {"}", TOK_CURLY_END},
        {".", TOK_DOT},    {",", TOK_COMMA},      {":", TOK_COLON}, {"?", TOK_ASK},
        {"!", TOK_NOT},    {"<", TOK_LT},         {">", TOK_GT},    {"+", TOK_ADD},
        {"-", TOK_SUB},    {"*", TOK_MUL},        {"/", TOK_DIV},   {"%", TOK_MOD},
    };
    struct str rest = str_sub(r->source, r->at, 2);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (str_starts(rest, str_of(signs[i].text))) {
            r->token.kind = signs[i].kind;
            r->at += (uint32_t)strlen(signs[i].text);
            return true;
        }
    }
    int c = peek(r, 0);
    if (c == '=' || c == '&' || c == '|') {
        return cel_fail(r, r->at, "'%c' alone is no operator; did you mean '%c%c'?", c, c, c);
    }
    if (c >= 0x20 && c < 0x7f) {
        return cel_fail(r, r->at, "'%c' means nothing here", c);
    }
    return cel_fail(r, r->at, "the byte 0x%02x means nothing here", (unsigned)c);
}

void cel_advance(struct cel_reader *r)
{
    if (r->failed) {
        r->token.kind = TOK_BAD;
        return;
    }
    skip_blank(r);
    uint32_t begin = r->at;
    r->token = (struct cel_token){.begin = begin};
    uint32_t prefix = 0;
    bool raw = false;
    bool bytes = false;
    int c = peek(r, 0);
    if (c < 0) {
        r->token.kind = TOK_END;
    } else if (is_digit(c) || (c == '.' && is_digit(peek(r, 1)))) {
        (void)read_number(r);
    } else if (string_prefix(r, &prefix, &raw, &bytes)) {
        r->at += prefix;
        (void)read_string(r, raw, bytes);
    } else if (is_letter(c)) {
        (void)read_name(r);
    } else if (c == '`') {
        (void)read_quoted(r);
    } else {
        (void)read_sign(r);
    }
    r->token.begin = begin;
    r->token.end = r->at;
}
