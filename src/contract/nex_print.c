/* nex_print.c - the canonical form, and the sameness of trees.
 *
 * Numbers, percentages and durations keep the digits they came with: the text that was
 * agreed on is the text that is shown.
 */
#include "contract/nex.h"

static bool plain_word(struct str text)
{
    if (text.len == 0 || str_is(text, "true") || str_is(text, "false")) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool inner = (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (!letter && !(inner && i > 0)) {
            return false;
        }
    }
    return true;
}

/* Backquotes where they spare escapes. */
static void print_text(struct buf *out, struct str text, bool may_be_raw)
{
    bool raw = may_be_raw && str_find(text, '`', 0) == text.len &&
               (str_find(text, '\\', 0) < text.len || str_find(text, '\n', 0) < text.len ||
                str_find(text, '"', 0) < text.len) &&
               str_find(text, '\r', 0) == text.len;
    if (raw) {
        buf_printf(out, "`%.*s`", STR_ARG(text));
        return;
    }
    buf_add_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        static const char from[] = "\n\t\r\"\\";
        static const char to[] = "ntr\"\\";
        const char *known = text.at[i] == '\0' ? NULL : strchr(from, text.at[i]);
        if (known != NULL) {
            buf_add_byte(out, '\\');
            buf_add_byte(out, (uint8_t)to[known - from]);
        } else {
            buf_add_byte(out, (uint8_t)text.at[i]);
        }
    }
    buf_add_byte(out, '"');
}

void nex_print_value(struct buf *out, const struct nex_value *value)
{
    switch (value->kind) {
    case NEX_TEXT:
        print_text(out, value->text, true);
        break;
    case NEX_LIST:
        buf_add_byte(out, '[');
        for (uint32_t i = 0; i < value->count; i++) {
            buf_add_text(out, i > 0 ? ", " : "");
            nex_print_value(out, &value->items[i]);
        }
        buf_add_byte(out, ']');
        break;
    case NEX_NUMBER:
    case NEX_PERCENT:
    case NEX_DURATION:
    case NEX_BOOL:
    case NEX_WORD:
        buf_add_str(out, value->text);
        break;
    }
}

static void print_word(struct buf *out, struct str word)
{
    if (plain_word(word)) {
        buf_add_str(out, word);
    } else {
        print_text(out, word, false);
    }
}

static void print_node(struct buf *out, const struct nex_node *node, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++) {
        buf_add_text(out, "    ");
    }
    print_word(out, node->word);
    if (!node->block) {
        buf_add_text(out, ": ");
        nex_print_value(out, &node->value);
        buf_add_byte(out, '\n');
        return;
    }
    if (node->name.len > 0) {
        buf_add_byte(out, ' ');
        print_word(out, node->name);
    }
    buf_add_text(out, node->first == NULL ? " {" : " {\n");
    for (const struct nex_node *child = node->first; child != NULL; child = child->next) {
        print_node(out, child, depth + 1);
    }
    for (uint32_t i = 0; i < depth && node->first != NULL; i++) {
        buf_add_text(out, "    ");
    }
    buf_add_text(out, "}\n");
}

void nex_print(struct buf *out, const struct nex_node *root)
{
    for (const struct nex_node *node = root->first; node != NULL; node = node->next) {
        if (node != root->first && node->block) {
            buf_add_byte(out, '\n');
        }
        print_node(out, node, 0);
    }
}

static bool same_value(const struct nex_value *a, const struct nex_value *b)
{
    if (a->kind != b->kind || a->count != b->count || !str_eq(a->text, b->text)) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        if (!same_value(&a->items[i], &b->items[i])) {
            return false;
        }
    }
    return true;
}

bool nex_same(const struct nex_node *a, const struct nex_node *b)
{
    if (a->block != b->block || !str_eq(a->word, b->word) || !str_eq(a->name, b->name)) {
        return false;
    }
    if (!a->block) {
        return same_value(&a->value, &b->value);
    }
    const struct nex_node *x = a->first;
    const struct nex_node *y = b->first;
    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        if (!nex_same(x, y)) {
            return false;
        }
    }
    return x == NULL && y == NULL;
}
