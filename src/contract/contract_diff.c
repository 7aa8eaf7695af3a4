/* contract_diff.c - what changes in meaning between two contracts.
 *
 * Both trees are flattened to paths ("admit unit.require") with printed values; equal paths are
 * compared, so order, blanks and comments make no difference, and renaming shows as both.
 */
#include "base/check.h"
#include "base/dict.h"
#include "base/mem.h"
#include "contract/contract_internal.h"

struct flat {
    struct arena arena;
    struct dict paths;
    struct str *values; /* by number of the path */
    size_t cap;
};

static void add_word(struct buf *out, struct str word)
{
    bool plain = word.len > 0;
    for (size_t i = 0; i < word.len; i++) {
        plain = plain && word.at[i] != '.' && word.at[i] != ' ' && word.at[i] != '"';
    }
    buf_printf(out, plain ? "%.*s" : "\"%.*s\"", STR_ARG(word));
}

static void keep(struct flat *flat, struct str path, struct str value)
{
    uint32_t number = dict_intern(&flat->paths, path);
    mem_grow(&flat->values, &flat->cap, flat->paths.count, sizeof *flat->values);
    flat->values[number] = arena_str(&flat->arena, value);
}

static void flatten(struct flat *flat, const struct nex_node *node, struct buf *path)
{
    size_t length = path->len;
    for (const struct nex_node *n = node->first; n != NULL; n = n->next) {
        path->len = length;
        buf_add_text(path, length > 0 ? "." : "");
        add_word(path, n->word);
        if (n->name.len > 0) {
            buf_add_byte(path, ' ');
            add_word(path, n->name);
        }
        if (!n->block) {
            struct buf value = {0};
            nex_print_value(&value, &n->value);
            keep(flat, buf_str(path), buf_str(&value));
            buf_deinit(&value);
        } else if (n->first == NULL) {
            keep(flat, buf_str(path), STR("{}"));
        } else {
            flatten(flat, n, path);
        }
    }
    path->len = length;
}

static void flat_of(struct flat *flat, const struct contract *contract)
{
    struct buf path = {0};
    flatten(flat, contract->tree, &path);
    buf_deinit(&path);
}

static struct str value_of(const struct flat *flat, uint32_t number)
{
    CHECK(flat->values != NULL && number < flat->paths.count);
    return flat->values[number];
}

static void flat_deinit(struct flat *flat)
{
    arena_deinit(&flat->arena);
    dict_deinit(&flat->paths);
    mem_free(flat->values);
}

uint32_t contract_diff(const struct contract *before, const struct contract *after, struct buf *out)
{
    struct flat a = {0};
    struct flat b = {0};
    uint32_t count = 0;
    flat_of(&a, before);
    flat_of(&b, after);
    for (uint32_t i = 0; i < a.paths.count; i++) {
        struct str path = dict_name(&a.paths, i);
        uint32_t there = dict_find(&b.paths, path);
        if (there == DICT_NONE) {
            buf_printf(out, "- %.*s: %.*s\n", STR_ARG(path), STR_ARG(value_of(&a, i)));
        } else if (!str_eq(value_of(&a, i), value_of(&b, there))) {
            buf_printf(out, "~ %.*s: %.*s -> %.*s\n", STR_ARG(path), STR_ARG(value_of(&a, i)),
                       STR_ARG(value_of(&b, there)));
        } else {
            continue;
        }
        count++;
    }
    for (uint32_t i = 0; i < b.paths.count; i++) {
        struct str path = dict_name(&b.paths, i);
        if (dict_find(&a.paths, path) == DICT_NONE) {
            buf_printf(out, "+ %.*s: %.*s\n", STR_ARG(path), STR_ARG(value_of(&b, i)));
            count++;
        }
    }
    flat_deinit(&a);
    flat_deinit(&b);
    return count;
}
