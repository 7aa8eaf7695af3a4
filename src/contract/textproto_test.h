/* textproto_test.h - reads the text form of protocol buffers into a tree, for the tests of
 * the language's own conformance data. It knows no schema.
 */
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/check.h"
#include "codec/utf8.h"

struct field {
    struct str name;
    struct str text; /* of a scalar, decoded when quoted */
    bool message;
    struct field *first, *last, *next;
};

struct proto_reader {
    struct arena *arena;
    struct str text;
    size_t at;
};

static inline void proto_blank(struct proto_reader *r)
{
    while (r->at < r->text.len) {
        char c = r->text.at[r->at];
        if (c == '#') {
            r->at = str_find(r->text, '\n', r->at);
        } else if (strchr(" \t\r\n,;", c) != NULL) {
            r->at++;
        } else {
            return;
        }
    }
}

static inline int proto_peek(struct proto_reader *r)
{
    proto_blank(r);
    return r->at < r->text.len ? (unsigned char)r->text.at[r->at] : -1;
}

static inline size_t proto_escape(struct proto_reader *r, char *out)
{
    static const char from[] = "abfnrtv\\?'\"";
    static const char to[] = "\a\b\f\n\r\t\v\\?'\"";
    char c = r->text.at[r->at++];
    const char *known = strchr(from, c);
    if (known != NULL) {
        out[0] = to[known - from];
        return 1;
    }
    char digits[9] = {0};
    size_t max = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 3;
    if (max == 3) {
        r->at--;
    }
    const char *allowed = max == 3 ? "01234567" : "0123456789abcdefABCDEF";
    for (size_t i = 0; i < max && strchr(allowed, r->text.at[r->at]) != NULL; i++) {
        digits[i] = r->text.at[r->at++];
    }
    unsigned long code = strtoul(digits, NULL, max == 3 ? 8 : 16);
    if (max > 3) {
        return utf8_put((uint32_t)code, out);
    }
    out[0] = (char)(unsigned char)code;
    return 1;
}

/* Strings side by side are one. */
static inline struct str proto_strings(struct proto_reader *r)
{
    char *out = arena_alloc(r->arena, r->text.len - r->at + 1);
    size_t len = 0;
    while (proto_peek(r) == '"' || proto_peek(r) == '\'') {
        char quote = r->text.at[r->at++];
        while (r->text.at[r->at] != quote) {
            if (r->text.at[r->at] == '\\') {
                r->at++;
                len += proto_escape(r, out + len);
            } else {
                out[len++] = r->text.at[r->at++];
            }
            CHECK(r->at < r->text.len);
        }
        r->at++;
    }
    return str_n(out, len);
}

static inline struct str proto_word(struct proto_reader *r)
{
    (void)proto_peek(r);
    size_t begin = r->at;
    bool bracket = r->text.at[r->at] == '[';
    while (r->at < r->text.len && strchr(" \t\r\n,;:{}<>#", r->text.at[r->at]) == NULL) {
        if (bracket && r->text.at[r->at] == ']') {
            r->at++;
            break;
        }
        r->at++;
    }
    CHECK(r->at > begin);
    return str_sub(r->text, begin, r->at - begin);
}

/* Fields up to '}' or the end. */
static inline void proto_fields(struct proto_reader *r, struct field *parent)
{
    for (int c = proto_peek(r); c >= 0 && c != '}' && c != '>'; c = proto_peek(r)) {
        struct field *f = arena_zalloc(r->arena, sizeof *f);
        f->name = proto_word(r);
        c = proto_peek(r);
        if (c == ':') {
            r->at++;
            c = proto_peek(r);
        }
        if (c == '{' || c == '<') {
            r->at++;
            f->message = true;
            proto_fields(r, f);
            CHECK(proto_peek(r) == '}' || proto_peek(r) == '>');
            r->at++;
        } else if (c == '"' || c == '\'') {
            f->text = proto_strings(r);
        } else {
            f->text = proto_word(r);
        }
        if (parent->last == NULL) {
            parent->first = f;
        } else {
            parent->last->next = f;
        }
        parent->last = f;
    }
}

static inline const struct field *proto_get(const struct field *message, const char *name)
{
    for (const struct field *f = message == NULL ? NULL : message->first; f != NULL; f = f->next) {
        if (str_is(f->name, name)) {
            return f;
        }
    }
    return NULL;
}

static inline struct str proto_text(const struct field *message, const char *name)
{
    const struct field *f = proto_get(message, name);
    return f == NULL ? STR_NONE : f->text;
}
