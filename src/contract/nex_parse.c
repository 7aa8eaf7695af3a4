/* nex_parse.c - reads blocks and lines, and goes on behind mistakes.
 *
 * After a mistake the rest of the line is skipped, so that a line has at most one problem and
 * braces on other lines still count. Whatever the bytes, there is a tree and an end.
 */
#include <stdio.h>

#include "codec/utf8.h"
#include "contract/nex_internal.h"

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

struct nex_place nex_here(const struct nex_reader *r)
{
    return (struct nex_place){r->line, columns(str_sub(r->source, r->line_at, r->at - r->line_at))};
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
                int c = (unsigned char)source.at[i];
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

void nex_move(struct nex_reader *r)
{
    if (nex_peek(r, 0) == '\n') {
        r->line++;
        r->line_at = r->at + 1;
    }
    r->at++;
}

static void skip_line(struct nex_reader *r)
{
    while (nex_peek(r, 0) >= 0 && nex_peek(r, 0) != '\n') {
        r->at++;
    }
}

/* Behind a mistake: the rest of the line, but not the } that may close the block on it. */
static void recover(struct nex_reader *r)
{
    uint32_t open = 0;
    for (int c = nex_peek(r, 0); c >= 0 && c != '\n'; c = nex_peek(r, 0)) {
        if (c == '}' && open == 0 && !r->in_text) {
            break;
        }
        open += c == '{' ? 1 : 0;
        open -= c == '}' && open > 0 ? 1 : 0;
        r->at++;
    }
    r->in_text = false;
}

void nex_skip_blank(struct nex_reader *r, bool same_line)
{
    for (;;) {
        int c = nex_peek(r, 0);
        if (c == '#' || (c == '/' && nex_peek(r, 1) == '/')) {
            skip_line(r);
        } else if (c == ' ' || c == '\t' || c == '\r' || (c == '\n' && !same_line)) {
            nex_move(r);
        } else {
            return;
        }
    }
}

struct str nex_read_word(struct nex_reader *r)
{
    uint32_t begin = r->at;
    while (nex_word_start(nex_peek(r, 0)) || nex_digit(nex_peek(r, 0)) || nex_peek(r, 0) == '-' ||
           nex_peek(r, 0) == '.') {
        r->at++;
    }
    return str_sub(r->source, begin, r->at - begin);
}

bool nex_complain(struct nex_reader *r, const char *cure, const char *cause)
{
    nex_problem(r->problems, nex_here(r), cure, "%s", cause);
    return false;
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

static void read_items(struct nex_reader *r, struct nex_node *parent, uint32_t depth);

static bool read_block(struct nex_reader *r, struct nex_node *node, uint32_t depth)
{
    struct nex_place open = nex_here(r);
    r->at++;
    node->block = true;
    if (depth == NEX_DEPTH_MAX) {
        return nex_complain(r, "blocks are at most 16 deep", "the block is nested too deeply");
    }
    read_items(r, node, depth + 1);
    if (nex_peek(r, 0) == '}') {
        r->at++;
    } else {
        nex_problem(r->problems, open, "close the block with }", "the block '%.*s' has no end",
                    STR_ARG(str_sub(node->word, 0, 60)));
    }
    return true;
}

/* The word has been read: a value, a block, or a name and a block. */
static bool read_rest(struct nex_reader *r, struct nex_node *node, uint32_t depth)
{
    nex_skip_blank(r, true);
    int c = nex_peek(r, 0);
    if (c == ':') {
        r->at++;
        nex_skip_blank(r, true);
        return nex_read_value(r, &node->value, false);
    }
    if (c == '=') {
        return nex_complain(r, "write key: value", "'=' is not used here");
    }
    if (c == '"' || nex_word_start(c)) {
        struct nex_value name = {.place = nex_here(r)};
        if (c == '"' && !nex_read_text(r, &name)) {
            return false;
        }
        node->name = c == '"' ? name.text : nex_read_word(r);
        if (node->name.len == 0) {
            nex_problem(r->problems, name.place, "leave it out or fill it", "the name is empty");
        }
        nex_skip_blank(r, false);
        c = nex_peek(r, 0);
    } else if (c == '\n') {
        const struct nex_reader before = *r;
        nex_skip_blank(r, false);
        c = nex_peek(r, 0);
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

static void read_items(struct nex_reader *r, struct nex_node *parent, uint32_t depth)
{
    for (;;) {
        nex_skip_blank(r, false);
        int c = nex_peek(r, 0);
        if (c < 0 || (c == '}' && depth > 0) || r->nodes > NEX_NODES_MAX) {
            return;
        }
        if (c == ',' || c == ';') {
            r->at++;
            continue;
        }
        struct nex_node *node = arena_zalloc(r->life, sizeof *node);
        node->place = nex_here(r);
        struct nex_value name = {0};
        if (c == '"' && !nex_read_text(r, &name)) {
            recover(r);
            continue;
        }
        if (c != '"' && !nex_word_start(c)) {
            (void)nex_complain(r, "lines are  key: value  or  block name { ... }",
                               c == '}' ? "this } closes no block"
                                        : "a key or block is missing here");
            r->at++;
            if (c != '}') {
                recover(r);
            }
            continue;
        }
        r->nodes++;
        node->word = c == '"' ? name.text : nex_read_word(r);
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
    struct nex_reader r = {.source = source, .life = life, .problems = problems, .line = 1};
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
