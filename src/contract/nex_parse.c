/* nex_parse.c - reads blocks and lines, and goes on behind mistakes.
 *
 * After a mistake the rest of the line is skipped, so that a line has at most one problem and
 * braces on other lines still count. Whatever the bytes, there is a tree and an end.
 */
#include <stdio.h>

#include "codec/utf8.h"
#include "contract/cel_internal.h"
#include "contract/nex.h"

struct reader {
    struct str source;
    struct arena *life;
    struct nex_problems *problems;
    uint32_t at;
    uint32_t line, line_at; /* of the present place: number, and byte at which it begins */
    uint32_t nodes;
    bool in_text; /* the mistake is inside a text: a } there closes nothing */
};

void nex_problem(struct nex_problems *problems, struct nex_place place, const char *cure,
                 const char *format, ...)
{
    problems->total++;
    if (problems->count == NEX_PROBLEMS_MAX) {
        return;
    }
    struct nex_problem *p = &problems->items[problems->count++];
    p->place = place;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(p->cause, sizeof p->cause, format, args);
    va_end(args);
    (void)snprintf(p->cure, sizeof p->cure, "%s", cure == NULL ? "" : cure);
}

void nex_problems_print(struct buf *out, const char *name, const struct nex_problems *problems)
{
    for (uint32_t i = 0; i < problems->count; i++) {
        const struct nex_problem *p = &problems->items[i];
        buf_printf(out, "%s:%u:%u: %s", name, p->place.line, p->place.column, p->cause);
        if (p->cure[0] != '\0') {
            buf_printf(out, " (%s)", p->cure);
        }
        buf_add_byte(out, '\n');
    }
    if (problems->total > problems->count) {
        buf_printf(out, "%s: and %u more\n", name, problems->total - problems->count);
    }
}

static uint32_t columns(struct str text)
{
    uint32_t count = 1;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    }
    return count;
}

static struct nex_place here(const struct reader *r)
{
    return (struct nex_place){r->line,
                              columns(str_sub(r->source, r->line_at, r->at - r->line_at))};
}

struct nex_place nex_place_at(struct str source, size_t offset)
{
    uint32_t line = 1;
    size_t begin = 0;
    offset = offset > source.len ? source.len : offset;
    for (size_t i = 0; i < offset; i++) {
        if (source.at[i] == '\n') {
            line++;
            begin = i + 1;
        }
    }
    return (struct nex_place){line, columns(str_sub(source, begin, offset - begin))};
}

struct nex_place nex_place_in(struct str source, const struct nex_value *text, size_t offset)
{
    size_t at = text->begin;
    if (text->kind != NEX_TEXT) {
        return text->place;
    }
    if (text->raw) {
        return nex_place_at(source, at + offset);
    }
    for (size_t done = 0; done < offset && at < source.len;) {
        if (source.at[at] != '\\') {
            at++;
            done++;
        } else if (at + 1 < source.len && source.at[at + 1] == 'u') {
            char bytes[4];
            uint32_t code = 0;
            for (size_t i = at + 2; i < at + 6 && i < source.len; i++) {
                int c = source.at[i];
                code = code * 16 + (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
            }
            done += utf8_put(code & 0xffff, bytes);
            at += 6;
        } else {
            at += 2;
            done++;
        }
    }
    return nex_place_at(source, at);
}

static int peek(const struct reader *r, uint32_t ahead)
{
    size_t at = (size_t)r->at + ahead;
    return at < r->source.len ? (unsigned char)r->source.at[at] : -1;
}

static void move(struct reader *r)
{
    if (peek(r, 0) == '\n') {
        r->line++;
        r->line_at = r->at + 1;
    }
    r->at++;
}

static void skip_line(struct reader *r)
{
    while (peek(r, 0) >= 0 && peek(r, 0) != '\n') {
        r->at++;
    }
}

/* Behind a mistake: the rest of the line, but not the } that may close the block on it. */
static void recover(struct reader *r)
{
    uint32_t open = 0;
    for (int c = peek(r, 0); c >= 0 && c != '\n'; c = peek(r, 0)) {
        if (c == '}' && open == 0 && !r->in_text) {
            break;
        }
        open += c == '{' ? 1 : 0;
        open -= c == '}' && open > 0 ? 1 : 0;
        r->at++;
    }
    r->in_text = false;
}

/* White space and comments; with `same_line`, only up to the end of the line. */
static void skip_blank(struct reader *r, bool same_line)
{
    for (;;) {
        int c = peek(r, 0);
        if (c == '#' || (c == '/' && peek(r, 1) == '/')) {
            skip_line(r);
        } else if (c == ' ' || c == '\t' || c == '\r' || (c == '\n' && !same_line)) {
            move(r);
        } else {
            return;
        }
    }
}

static bool is_word_start(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static struct str read_word(struct reader *r)
{
    uint32_t begin = r->at;
    while (is_word_start(peek(r, 0)) || is_digit(peek(r, 0)) || peek(r, 0) == '-' ||
           peek(r, 0) == '.') {
        r->at++;
    }
    return str_sub(r->source, begin, r->at - begin);
}

static bool problem_here(struct reader *r, const char *cure, const char *cause)
{
    nex_problem(r->problems, here(r), cure, "%s", cause);
    return false;
}

/* -- values ----------------------------------------------------------------------------- */

static bool read_escape(struct reader *r, char *out, size_t *len)
{
    static const char from[] = "ntr\"\\";
    static const char to[] = "\n\t\r\"\\";
    int c = peek(r, 1);
    const char *known = c > 0 ? strchr(from, c) : NULL;
    if (known != NULL) {
        out[(*len)++] = to[known - from];
        r->at += 2;
        return true;
    }
    if (c != 'u') {
        return problem_here(r, "write \\\\ for a backslash, or put the text in backquotes",
                            "this escape is not known");
    }
    uint32_t code = 0;
    for (uint32_t i = 2; i < 6; i++) {
        int digit = peek(r, i);
        int low = digit | 0x20;
        bool hex = is_digit(digit) || (low >= 'a' && low <= 'f');
        if (!hex) {
            return problem_here(r, "such as \\u00e9", "\\u wants four hexadecimal digits");
        }
        code = code * 16 + (uint32_t)(is_digit(digit) ? digit - '0' : low - 'a' + 10);
    }
    if (code == 0 || (code >= 0xd800 && code <= 0xdfff)) {
        return problem_here(r, "write the character itself", "\\u names no character");
    }
    *len += utf8_put(code, out + *len);
    r->at += 6;
    return true;
}

static bool read_text(struct reader *r, struct nex_value *value)
{
    uint32_t end = r->at + 1;
    while (end < r->source.len && r->source.at[end] != '"' && r->source.at[end] != '\n') {
        end += r->source.at[end] == '\\' ? 2 : 1;
    }
    char *out = arena_alloc(r->life, end - r->at + 1u);
    size_t len = 0;
    struct nex_place begin = here(r);
    r->at++;
    r->in_text = true;
    value->kind = NEX_TEXT;
    value->begin = r->at;
    while (peek(r, 0) != '"') {
        int c = peek(r, 0);
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

static bool read_raw(struct reader *r, struct nex_value *value)
{
    size_t end = str_find(r->source, '`', r->at + 1);
    if (end == r->source.len) {
        r->in_text = true;
        return problem_here(r, "close it with `", "the text in backquotes has no end");
    }
    r->at++;
    value->kind = NEX_TEXT;
    value->raw = true;
    value->begin = r->at;
    value->text = str_sub(r->source, r->at, end - r->at);
    while (r->at <= end) {
        move(r);
    }
    return true;
}

static bool read_unit(struct reader *r, struct nex_value *value)
{
    static const struct {
        const char *word;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
    if (peek(r, 0) == '%') {
        r->at++;
        value->kind = NEX_PERCENT;
        value->number /= 100;
        return true;
    }
    if (!is_word_start(peek(r, 0))) {
        return true;
    }
    struct nex_place place = here(r);
    struct str word = read_word(r);
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

static bool read_number(struct reader *r, struct nex_value *value)
{
    uint32_t begin = r->at;
    struct nex_place place = here(r);
    value->kind = NEX_NUMBER;
    value->whole = true;
    r->at += peek(r, 0) == '-' ? 1 : 0;
    while (is_digit(peek(r, 0)) || (peek(r, 0) == '.' && is_digit(peek(r, 1)))) {
        value->whole = value->whole && peek(r, 0) != '.';
        r->at++;
    }
    int e = peek(r, 0);
    uint32_t sign = peek(r, 1) == '-' || peek(r, 1) == '+' ? 1 : 0;
    if ((e == 'e' || e == 'E') && is_digit(peek(r, 1 + sign))) {
        value->whole = false;
        r->at += 1 + sign;
        while (is_digit(peek(r, 0))) {
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

static bool read_value(struct reader *r, struct nex_value *value, bool in_list);

static bool read_list(struct reader *r, struct nex_value *value)
{
    struct nex_value *items = NULL;
    size_t cap = 0;
    r->at++;
    value->kind = NEX_LIST;
    for (skip_blank(r, false); peek(r, 0) != ']'; skip_blank(r, false)) {
        if (value->count == cap) {
            struct nex_value *more = arena_alloc(r->life, (cap * 2 + 8) * sizeof *more);
            if (cap > 0) {
                memcpy(more, items, cap * sizeof *more);
            }
            items = more;
            cap = cap * 2 + 8;
        }
        if (!read_value(r, &items[value->count], true)) {
            return false;
        }
        value->count++;
        skip_blank(r, false);
        if (peek(r, 0) == ',') {
            r->at++;
        } else if (peek(r, 0) != ']') {
            return problem_here(r, "items stand between [ and ] with commas",
                                "',' or ']' is missing in the list");
        }
    }
    r->at++;
    value->items = items;
    return true;
}

static bool read_value(struct reader *r, struct nex_value *value, bool in_list)
{
    *value = (struct nex_value){.place = here(r), .begin = r->at};
    int c = peek(r, 0);
    if (++r->nodes > NEX_NODES_MAX) {
        return problem_here(r, "split the contract", "the contract has too many values");
    }
    if (c == '"') {
        return read_text(r, value);
    }
    if (c == '`') {
        return read_raw(r, value);
    }
    if (is_digit(c) || (c == '-' && (is_digit(peek(r, 1)) || peek(r, 1) == '.')) ||
        (c == '.' && is_digit(peek(r, 1)))) {
        return read_number(r, value);
    }
    if (c == '[' && !in_list) {
        return read_list(r, value);
    }
    if (!is_word_start(c)) {
        return problem_here(r, "a value is a number, a word, a \"text\" or a [list]",
                            c == '[' ? "lists do not stand in lists" : "a value is missing here");
    }
    value->text = read_word(r);
    value->kind = NEX_WORD;
    if (str_is(value->text, "true") || str_is(value->text, "false")) {
        value->kind = NEX_BOOL;
        value->boolean = value->text.len == 4;
    }
    return true;
}

/* -- blocks ----------------------------------------------------------------------------- */

static void add(struct nex_node *parent, struct nex_node *child)
{
    if (parent->last == NULL) {
        parent->first = child;
    } else {
        parent->last->next = child;
    }
    parent->last = child;
}

static void read_items(struct reader *r, struct nex_node *parent, uint32_t depth);

static bool read_block(struct reader *r, struct nex_node *node, uint32_t depth)
{
    struct nex_place open = here(r);
    r->at++;
    node->block = true;
    if (depth == NEX_DEPTH_MAX) {
        return problem_here(r, "blocks are at most 16 deep", "the block is nested too deeply");
    }
    read_items(r, node, depth + 1);
    if (peek(r, 0) == '}') {
        r->at++;
    } else {
        nex_problem(r->problems, open, "close the block with }", "the block '%.*s' has no end",
                    STR_ARG(str_sub(node->word, 0, 60)));
    }
    return true;
}

/* The word has been read: a value, a block, or a name and a block. */
static bool read_rest(struct reader *r, struct nex_node *node, uint32_t depth)
{
    skip_blank(r, true);
    int c = peek(r, 0);
    if (c == ':') {
        r->at++;
        skip_blank(r, true);
        return read_value(r, &node->value, false);
    }
    if (c == '=') {
        return problem_here(r, "write key: value", "'=' is not used here");
    }
    if (c == '"' || is_word_start(c)) {
        struct nex_value name = {.place = here(r)};
        if (c == '"' && !read_text(r, &name)) {
            return false;
        }
        node->name = c == '"' ? name.text : read_word(r);
        if (node->name.len == 0) {
            nex_problem(r->problems, name.place, "leave it out or fill it", "the name is empty");
        }
        skip_blank(r, false);
        c = peek(r, 0);
    } else if (c == '\n') {
        const struct reader before = *r;
        skip_blank(r, false);
        c = peek(r, 0);
        if (c != '{') {
            *r = before; /* the next line is not part of the mistake */
        }
    }
    if (c != '{') {
        char cure[160];
        (void)snprintf(cure, sizeof cure, "write %.*s: value, or %.*s { ... }",
                       STR_ARG(str_sub(node->word, 0, 50)), STR_ARG(str_sub(node->word, 0, 50)));
        nex_problem(r->problems, node->place, cure, "':' or '{' is missing behind '%.*s'",
                    STR_ARG(str_sub(node->word, 0, 60)));
        return false;
    }
    return read_block(r, node, depth);
}

static void read_items(struct reader *r, struct nex_node *parent, uint32_t depth)
{
    for (;;) {
        skip_blank(r, false);
        int c = peek(r, 0);
        if (c < 0 || (c == '}' && depth > 0) || r->nodes > NEX_NODES_MAX) {
            return;
        }
        if (c == ',' || c == ';') {
            r->at++;
            continue;
        }
        struct nex_node *node = arena_zalloc(r->life, sizeof *node);
        node->place = here(r);
        struct nex_value name = {0};
        if (c == '"' && !read_text(r, &name)) {
            recover(r);
            continue;
        }
        if (c != '"' && !is_word_start(c)) {
            (void)problem_here(r, "lines are  key: value  or  block name { ... }",
                               c == '}' ? "this } closes no block" : "a key or block is missing here");
            r->at++;
            if (c != '}') {
                recover(r);
            }
            continue;
        }
        r->nodes++;
        node->word = c == '"' ? name.text : read_word(r);
        if (read_rest(r, node, depth)) {
            add(parent, node);
        } else {
            recover(r);
        }
    }
}

struct nex_node *nex_parse(struct arena *life, struct str source, struct nex_problems *problems)
{
    struct nex_node *root = arena_zalloc(life, sizeof *root);
    struct reader r = {.source = source, .life = life, .problems = problems, .line = 1};
    root->block = true;
    root->place = (struct nex_place){1, 1};
    if (!utf8_valid(source)) {
        size_t at = 0;
        while (at < source.len && utf8_next(source, &at) != UINT32_MAX) {
        }
        nex_problem(problems, nex_place_at(source, at > 0 ? at - 1 : 0), "save the file as UTF-8",
                    "the text is not UTF-8");
        return root;
    }
    if (str_find(source, '\0', 0) < source.len) {
        nex_problem(problems, nex_place_at(source, str_find(source, '\0', 0)), "remove it",
                    "the text holds a zero byte");
        return root;
    }
    read_items(&r, root, 0);
    return root;
}
