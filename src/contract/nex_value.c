/* nex_value.c - numbers, words, texts and lists of a contract's text. */
#include <string.h>

#include "base/check.h"
#include "codec/utf8.h"
#include "contract/cel_internal.h"
#include "contract/nex_internal.h"

static bool read_escape(struct nex_reader *r, char *out, size_t *len)
{
    static const char from[] = "ntr\"\\";
    static const char to[] = "\n\t\r\"\\";
    int c = nex_peek(r, 1);
    const char *known = c > 0 ? strchr(from, c) : NULL;
    if (known != NULL) {
        out[(*len)++] = to[known - from];
        r->at += 2;
        return true;
    }
    if (c != 'u') {
        return nex_complain(r, "write \\\\ for a backslash, or put the text in backquotes",
                            "this escape is not known");
    }
    uint32_t code = 0;
    for (uint32_t i = 2; i < 6; i++) {
        int digit = nex_peek(r, i);
        int low = digit | 0x20;
        bool hex = nex_digit(digit) || (low >= 'a' && low <= 'f');
        if (!hex) {
            return nex_complain(r, "such as \\u00e9", "\\u wants four hexadecimal digits");
        }
        code = code * 16 + (uint32_t)(nex_digit(digit) ? digit - '0' : low - 'a' + 10);
    }
    if (code == 0 || (code >= 0xd800 && code <= 0xdfff)) {
        return nex_complain(r, "write the character itself", "\\u names no character");
    }
    *len += utf8_put(code, out + *len);
    r->at += 6;
    return true;
}

bool nex_read_text(struct nex_reader *r, struct nex_value *value)
{
    uint32_t end = r->at + 1;
    while (end < r->source.len && r->source.at[end] != '"' && r->source.at[end] != '\n') {
        end += r->source.at[end] == '\\' ? 2 : 1;
    }
    char *out = arena_alloc(r->life, end - r->at + 1u);
    size_t len = 0;
    struct nex_place begin = nex_here(r);
    r->at++;
    r->in_text = true;
    value->kind = NEX_TEXT;
    value->begin = r->at;
    while (nex_peek(r, 0) != '"') {
        int c = nex_peek(r, 0);
        if (c < 0 || c == '\n') {
            nex_problem(r->problems, begin, "close it with \", or use backquotes for several lines",
                        "the text has no end on this line");
            return false;
        }
        if (c == '\\') {
            if (!read_escape(r, out, &len)) {
                return false;
            }
        } else {
            out[len++] = (char)c;
            r->at++;
        }
    }
    r->at++;
    r->in_text = false;
    value->text = str_n(out, len);
    return true;
}

static bool read_raw(struct nex_reader *r, struct nex_value *value)
{
    size_t end = str_find(r->source, '`', r->at + 1);
    if (end == r->source.len) {
        r->in_text = true;
        return nex_complain(r, "close it with `", "the text in backquotes has no end");
    }
    r->at++;
    value->kind = NEX_TEXT;
    value->raw = true;
    value->begin = r->at;
    value->text = str_sub(r->source, r->at, end - r->at);
    while (r->at <= end) {
        nex_move(r);
    }
    return true;
}

static bool read_unit(struct nex_reader *r, struct nex_value *value)
{
    static const struct {
        const char *word;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
    if (nex_peek(r, 0) == '%') {
        r->at++;
        value->kind = NEX_PERCENT;
        value->number /= 100;
        return true;
    }
    if (!nex_word_start(nex_peek(r, 0))) {
        return true;
    }
    struct nex_place place = nex_here(r);
    struct str word = nex_read_word(r);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (str_is(word, units[i].word)) {
            value->kind = NEX_DURATION;
            value->number *= units[i].ms;
            return true;
        }
    }
    nex_problem(r->problems, place, "units are ms, s, m, h, d and %; other text stands in quotes",
                "'%.*s' is no unit", STR_ARG(str_sub(word, 0, 40)));
    return false;
}

static bool read_number(struct nex_reader *r, struct nex_value *value)
{
    uint32_t begin = r->at;
    struct nex_place place = nex_here(r);
    value->kind = NEX_NUMBER;
    value->whole = true;
    r->at += nex_peek(r, 0) == '-' ? 1 : 0;
    while (nex_digit(nex_peek(r, 0)) || (nex_peek(r, 0) == '.' && nex_digit(nex_peek(r, 1)))) {
        value->whole = value->whole && nex_peek(r, 0) != '.';
        r->at++;
    }
    int e = nex_peek(r, 0);
    uint32_t sign = nex_peek(r, 1) == '-' || nex_peek(r, 1) == '+' ? 1 : 0;
    if ((e == 'e' || e == 'E') && nex_digit(nex_peek(r, 1 + sign))) {
        value->whole = false;
        r->at += 1 + sign;
        while (nex_digit(nex_peek(r, 0))) {
            r->at++;
        }
    }
    struct str text = str_sub(r->source, begin, r->at - begin);
    if (!cel_read_double(text, &value->number) || value->number > 1e300 || value->number < -1e300) {
        nex_problem(r->problems, place, "such as 3, 0.7, 50% or 30s", "the number cannot be read");
        return false;
    }
    bool good = read_unit(r, value);
    value->text = str_sub(r->source, begin, r->at - begin);
    return good;
}

static bool read_list(struct nex_reader *r, struct nex_value *value)
{
    struct nex_value *items = NULL;
    size_t cap = 0;
    r->at++;
    value->kind = NEX_LIST;
    for (nex_skip_blank(r, false); nex_peek(r, 0) != ']'; nex_skip_blank(r, false)) {
        if (value->count == cap) {
            struct nex_value *more = arena_alloc(r->life, (cap * 2 + 8) * sizeof *more);
            if (cap > 0) {
                memcpy(more, items, cap * sizeof *more);
            }
            items = more;
            cap = cap * 2 + 8;
        }
        CHECK(items != NULL);
        if (!nex_read_value(r, &items[value->count], true)) {
            return false;
        }
        value->count++;
        nex_skip_blank(r, false);
        if (nex_peek(r, 0) == ',') {
            r->at++;
        } else if (nex_peek(r, 0) != ']') {
            return nex_complain(r, "items stand between [ and ] with commas",
                                "',' or ']' is missing in the list");
        }
    }
    r->at++;
    value->items = items;
    return true;
}

bool nex_read_value(struct nex_reader *r, struct nex_value *value, bool in_list)
{
    *value = (struct nex_value){.place = nex_here(r), .begin = r->at};
    int c = nex_peek(r, 0);
    if (++r->nodes > NEX_NODES_MAX) {
        return nex_complain(r, "split the contract", "the contract has too many values");
    }
    if (c == '"') {
        return nex_read_text(r, value);
    }
    if (c == '`') {
        return read_raw(r, value);
    }
    if (nex_digit(c) || (c == '-' && (nex_digit(nex_peek(r, 1)) || nex_peek(r, 1) == '.')) ||
        (c == '.' && nex_digit(nex_peek(r, 1)))) {
        return read_number(r, value);
    }
    if (c == '[' && !in_list) {
        return read_list(r, value);
    }
    if (!nex_word_start(c)) {
        return nex_complain(r, "a value is a number, a word, a \"text\" or a [list]",
                            c == '[' ? "lists do not stand in lists" : "a value is missing here");
    }
    value->text = nex_read_word(r);
    value->kind = NEX_WORD;
    if (str_is(value->text, "true") || str_is(value->text, "false")) {
        value->kind = NEX_BOOL;
        value->boolean = value->text.len == 4;
    }
    return true;
}
