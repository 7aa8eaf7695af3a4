/* cel_names.c - names become variables, types, or the variables of macros.
 *
 * A chain of names may be one qualified variable ("x.y"), so the longest chain is tried first,
 * in the container from the inside outwards; the variable of a macro hides them all.
 */
#include <stdio.h>

#include "contract/cel_check.h"
#include "contract/suggest.h"

/* The node stands for itself now: nothing below it is evaluated or counted. */
void check_become_leaf(struct cel_node *node, enum cel_node_kind kind)
{
    node->kind = kind;
    node->first = node->last = NULL;
    node->count = 0;
}

/* "a.b.c" of a name or a chain of fields; 0 = something else, or too long. */
static size_t chain_text(const struct cel_node *node, char *out, size_t max)
{
    size_t len = 0;
    if (node->kind == NODE_SELECT && !node->test) {
        len = chain_text(node->first, out, max);
        if (len == 0 || len + 1 >= max) {
            return 0;
        }
        out[len++] = '.';
    } else if (node->kind != NODE_NAME) {
        return 0;
    }
    if (node->name.len == 0 || len + node->name.len > max) {
        return 0;
    }
    memcpy(out + len, node->name.at, node->name.len);
    return len + node->name.len;
}

static const struct cel_node *chain_root(const struct cel_node *node)
{
    while (node->kind == NODE_SELECT) {
        node = node->first;
    }
    return node;
}

static uint32_t find_variable(const struct checker *c, struct str name)
{
    const struct cel_env *env = c->r->env;
    for (size_t i = 0; i < env->count; i++) {
        if (str_eq(env->variables[i].name, name)) {
            return (uint32_t)i + 1;
        }
    }
    return 0;
}

/* Container "a.b" and name "c": a.b.c, then a.c, then c. */
static uint32_t find_in_container(const struct checker *c, struct str name, bool absolute)
{
    char text[256];
    struct str container = absolute ? STR_NONE : c->r->env->container;
    while (container.len > 0 && container.len + 1 + name.len <= sizeof text) {
        memcpy(text, container.at, container.len);
        text[container.len] = '.';
        memcpy(text + container.len + 1, name.at, name.len);
        uint32_t found = find_variable(c, str_n(text, container.len + 1 + name.len));
        if (found != 0) {
            return found;
        }
        size_t dot = container.len;
        while (dot > 0 && container.at[dot - 1] != '.') {
            dot--;
        }
        container.len = dot > 0 ? dot - 1 : 0;
    }
    return find_variable(c, name);
}

static struct cel_node *find_loop(const struct checker *c, const struct cel_node *root)
{
    for (uint32_t i = c->loops_count; i > 0 && !root->absolute; i--) {
        if (str_eq(c->loops[i - 1]->name, root->name)) {
            return c->loops[i - 1];
        }
    }
    return NULL;
}

static bool resolve_type(struct cel_node *node, struct str name)
{
    for (int kind = CEL_NULL; kind < CEL_DYN; kind++) {
        if (str_is(name, cel_kind_word((enum cel_kind)kind))) {
            check_become_leaf(node, NODE_VALUE);
            node->value = (struct cel_value){.kind = CEL_TYPE, .integer = kind};
            node->shape = check_scalar(CEL_TYPE, 0);
            return true;
        }
    }
    return false;
}

/* True when the name or chain of fields is a variable or type of the environment. */
bool check_chain(struct checker *c, struct cel_node *node)
{
    char text[256];
    const struct cel_node *root = chain_root(node);
    size_t len = chain_text(node, text, sizeof text);
    if (len == 0 || find_loop(c, root) != NULL) {
        return false;
    }
    uint32_t found = find_in_container(c, str_n(text, len), root->absolute);
    if (found != 0) {
        check_become_leaf(node, NODE_NAME);
        node->variable = found;
        node->shape = *c->r->env->variables[found - 1].shape;
        return true;
    }
    return resolve_type(node, str_n(text, len));
}

static void unknown_name(struct checker *c, struct cel_node *node)
{
    const struct cel_env *env = c->r->env;
    struct str known[64];
    size_t count = 0;
    for (; count < env->count && count < 64; count++) {
        known[count] = env->variables[count].name;
    }
    struct str near = suggest_word(node->name, known, count);
    if (!c->r->failed && near.len > 0) {
        (void)snprintf(c->r->problem->cure, sizeof c->r->problem->cure, "did you mean '%.*s'?",
                       STR_ARG(near));
    }
    cel_fail(c->r, node->begin, "there is no '%.*s'", STR_ARG(node->name));
}

void check_name(struct checker *c, struct cel_node *node)
{
    struct cel_node *loop = find_loop(c, node);
    if (loop != NULL) {
        const struct cel_shape *range = &loop->first->shape;
        node->range_of = loop;
        if (range->kind == CEL_DYN && range->item != NULL) {
            node->shape = check_join(c, cel_shape_item(range), cel_shape_key(range));
        } else {
            node->shape = range->kind == CEL_MAP ? *cel_shape_key(range) : *cel_shape_item(range);
        }
    } else if (!check_chain(c, node)) {
        if (c->r->env->unchecked) {
            check_error(node, "undeclared reference");
        } else {
            unknown_name(c, node);
        }
    }
}
