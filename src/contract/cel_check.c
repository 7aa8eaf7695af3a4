/* cel_check.c - operands get types, nodes get shapes.
 *
 * The type system is gradual: dyn fits everywhere and is left to the evaluation; two known
 * types that can never fit are refused here. With env->unchecked nothing is refused, and
 * what has no meaning becomes an error value at its place.
 */
#include "contract/cel_check.h"

#include <stdio.h>

#include "base/check.h"
#include "contract/suggest.h"

const struct cel_shape *check_anything(void)
{
    static const struct cel_shape anything = {.kind = CEL_DYN};
    return &anything;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

const struct cel_shape *cel_shape_item(const struct cel_shape *shape)
{
    if (shape->item != NULL) {
        return shape->item;
    }
    return shape->kind == CEL_DYN ? shape : check_anything();
}

const struct cel_shape *cel_shape_key(const struct cel_shape *shape)
{
    if (shape->key != NULL) {
        return shape->key;
    }
    return shape->kind == CEL_DYN && shape->item == NULL ? shape : check_anything();
}

struct cel_shape check_scalar(enum cel_kind kind, uint64_t bytes)
{
    return (struct cel_shape){.kind = kind, .bytes = bytes, .total = 1 + bytes / 16};
}

void check_error(struct cel_node *node, const char *sentence)
{
    check_become_leaf(node, NODE_VALUE);
    node->value = cel_error(sentence);
    node->shape = check_scalar(CEL_DYN, 0);
}

static void no_fit(struct checker *c, struct cel_node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);
static void no_fit(struct checker *c, struct cel_node *node, const char *format, ...)
{
    if (c->r->env->unchecked || c->r->failed) {
        return;
    }
    char text[200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cel_fail(c->r, node->at, "%s", text);
}

static const struct cel_shape *keep(struct checker *c, struct cel_shape shape)
{
    struct cel_shape *copy = arena_alloc(c->r->life, sizeof *copy);
    *copy = shape;
    return copy;
}

/* Each part of it is bounded by the ceilings of the whole. */
static bool is_document(const struct cel_shape *s)
{
    return s->kind == CEL_DYN && s->item == NULL && s->items > 0;
}

/* As a document: ceilings that hold at every depth. */
static struct cel_shape as_document(const struct cel_shape *s)
{
    struct cel_shape out = *s;
    if (s->items > 0 && !is_document(s)) {
        out.items = s->total > UINT32_MAX ? UINT32_MAX : (uint32_t)s->total;
        out.bytes = s->total > UINT64_MAX / 16 ? UINT64_MAX : larger(s->bytes, s->total * 16);
    }
    out.kind = CEL_DYN;
    out.item = out.key = NULL;
    return out;
}

struct cel_shape check_join(struct checker *c, const struct cel_shape *a, const struct cel_shape *b)
{
    bool document = is_document(a) || is_document(b);
    struct cel_shape x = document ? as_document(a) : *a;
    struct cel_shape y = document ? as_document(b) : *b;
    struct cel_shape out = {
        .kind = x.kind == y.kind ? x.kind : CEL_DYN,
        .items = (uint32_t)larger(x.items, y.items),
        .bytes = larger(x.bytes, y.bytes),
        .total = larger(x.total, y.total),
    };
    if (out.items > 0 && !document) {
        const struct cel_shape *first = a->items > 0 ? a : b;
        const struct cel_shape *second = b->items > 0 ? b : a;
        out.item = keep(c, check_join(c, cel_shape_item(first), cel_shape_item(second)));
        out.key = keep(c, check_join(c, cel_shape_key(first), cel_shape_key(second)));
    }
    return out;
}

static void check_select(struct checker *c, struct cel_node *node)
{
    if (!node->test && check_chain(c, node)) {
        return;
    }
    CHECK(node->first != NULL);
    check_node(c, node->first);
    const struct cel_shape *of = &node->first->shape;
    if (of->kind != CEL_MAP && of->kind != CEL_DYN) {
        no_fit(c, node, "%s has no fields", cel_kind_word(of->kind));
    }
    node->shape = node->test ? check_scalar(CEL_BOOL, 0) : *cel_shape_item(of);
}

/* -- operators ------------------------------------------------------------------ */

static bool fits(const struct cel_shape *shape, uint32_t kinds)
{
    return shape->kind == CEL_DYN || (kinds & K(shape->kind)) != 0;
}

/* The kind of a sum, difference, product, ...; CEL_ERROR: these do not go together. */
static enum cel_kind arithmetic_kind(enum cel_token_kind op, enum cel_kind a, enum cel_kind b)
{
    bool add = op == TOK_ADD;
    bool sub = op == TOK_SUB;
    uint32_t same = K(CEL_INT) | K(CEL_UINT);
    same |= op == TOK_MOD ? 0 : K(CEL_DOUBLE);
    same |= add ? K(CEL_STRING) | K(CEL_BYTES) | K(CEL_LIST) | K(CEL_DURATION) : 0;
    same |= sub ? K(CEL_DURATION) : 0;
    if (a == b && (same & K(a)) != 0) {
        return a;
    }
    if (sub && a == CEL_TIMESTAMP && b == CEL_TIMESTAMP) {
        return CEL_DURATION;
    }
    if ((add || sub) && a == CEL_TIMESTAMP && b == CEL_DURATION) {
        return CEL_TIMESTAMP;
    }
    if (add && a == CEL_DURATION && b == CEL_TIMESTAMP) {
        return CEL_TIMESTAMP;
    }
    enum cel_kind known = a == CEL_DYN ? b : a;
    if (a != CEL_DYN && b != CEL_DYN) {
        return CEL_ERROR;
    }
    return known != CEL_DYN && (same & K(known)) != 0 && (K_TIMES & K(known)) == 0 ? known
                                                                                   : CEL_DYN;
}

static struct cel_shape sum_shape(struct checker *c, enum cel_kind kind, const struct cel_shape *a,
                                  const struct cel_shape *b)
{
    if (kind != CEL_LIST && kind != CEL_DYN) {
        bool text = kind == CEL_STRING || kind == CEL_BYTES;
        return check_scalar(kind, text ? a->bytes + b->bytes : 0);
    }
    struct cel_shape out = {
        .kind = kind,
        .items = a->items > UINT32_MAX - b->items ? UINT32_MAX : a->items + b->items,
        .bytes = kind == CEL_LIST ? 0 : a->bytes + b->bytes,
        .total = a->total > UINT64_MAX - b->total ? UINT64_MAX : a->total + b->total,
    };
    if (out.items > 0) {
        const struct cel_shape *first = a->items > 0 ? a : b;
        const struct cel_shape *second = b->items > 0 ? b : a;
        out.item = keep(c, check_join(c, cel_shape_item(first), cel_shape_item(second)));
    }
    return out;
}

static void check_arithmetic(struct checker *c, struct cel_node *node)
{
    CHECK(node->first != NULL && node->last != NULL);
    const struct cel_shape *a = &node->first->shape;
    const struct cel_shape *b = &node->last->shape;
    enum cel_kind kind = arithmetic_kind(node->op, a->kind, b->kind);
    if (kind == CEL_ERROR) {
        no_fit(c, node, "%s and %s do not go together with %s", cel_kind_word(a->kind),
               cel_kind_word(b->kind), cel_token_word(node->op));
        kind = CEL_DYN;
    }
    node->shape = check_scalar(kind, 0);
    if (node->op == TOK_ADD) {
        node->shape = sum_shape(c, kind, a, b);
    }
}

static void check_compare(struct checker *c, struct cel_node *node)
{
    CHECK(node->first != NULL && node->last != NULL);
    enum cel_kind a = node->first->shape.kind;
    enum cel_kind b = node->last->shape.kind;
    bool order = node->op != TOK_EQ && node->op != TOK_NE;
    uint32_t ordered =
        K_NUMBERS | K_TIMES | K(CEL_BOOL) | K(CEL_STRING) | K(CEL_BYTES) | K(CEL_DYN);
    bool numbers = (K_NUMBERS & K(a)) != 0 && (K_NUMBERS & K(b)) != 0;
    bool known = a != CEL_DYN && b != CEL_DYN;
    bool null = !order && (a == CEL_NULL || b == CEL_NULL);
    if ((known && a != b && !numbers && !null) ||
        (order && ((ordered & K(a)) == 0 || (ordered & K(b)) == 0))) {
        no_fit(c, node, "%s cannot be compared with %s", cel_kind_word(a), cel_kind_word(b));
    }
    node->shape = check_scalar(CEL_BOOL, 0);
}

static void check_binary(struct checker *c, struct cel_node *node)
{
    CHECK(node->first != NULL && node->last != NULL);
    struct cel_shape *a = &node->first->shape;
    struct cel_shape *b = &node->last->shape;
    switch ((int)node->op) {
    case TOK_AND:
    case TOK_OR:
        if (!fits(a, K(CEL_BOOL)) || !fits(b, K(CEL_BOOL))) {
            bool first = !fits(a, K(CEL_BOOL));
            no_fit(c, first ? node->first : node->last, "%s wants true or false here, not %s",
                   cel_token_word(node->op), cel_kind_word(first ? a->kind : b->kind));
        }
        node->shape = check_scalar(CEL_BOOL, 0);
        return;
    case TOK_IN:
        if (!fits(b, K(CEL_LIST) | K(CEL_MAP))) {
            no_fit(c, node, "'in' wants a list or map behind it, not %s", cel_kind_word(b->kind));
        }
        node->shape = check_scalar(CEL_BOOL, 0);
        return;
    case TOK_SQUARE:
        if (!fits(a, K(CEL_LIST) | K(CEL_MAP)) || (a->kind == CEL_LIST && !fits(b, K_NUMBERS))) {
            no_fit(c, node, "%s cannot be indexed with %s", cel_kind_word(a->kind),
                   cel_kind_word(b->kind));
        }
        node->shape = *cel_shape_item(a);
        return;
    case TOK_ADD:
    case TOK_SUB:
    case TOK_MUL:
    case TOK_DIV:
    case TOK_MOD:
        check_arithmetic(c, node);
        return;
    default:
        check_compare(c, node);
    }
}

/* -- calls and macros -------------------------------------------------------------- */

static void unknown_function(struct checker *c, struct cel_node *node)
{
    struct str known[48];
    size_t count = 0;
    for (int fn = 1; cel_signature((enum cel_function)fn) != NULL && count < 48; fn++) {
        known[count++] = str_of(cel_signature((enum cel_function)fn)->word);
    }
    struct str near = suggest_word(node->name, known, count);
    if (!c->r->failed && near.len > 0) {
        (void)snprintf(c->r->problem->cure, sizeof c->r->problem->cure, "did you mean %.*s()?",
                       STR_ARG(near));
    }
    cel_fail(c->r, node->at, "there is no function %.*s()", STR_ARG(node->name));
}

static struct cel_shape call_shape(const struct cel_signature *s, const struct cel_node *node)
{
    CHECK(node->first != NULL);
    struct cel_shape of = node->first->shape;
    if (node->function == FN_DYN) {
        if (of.item == NULL && of.items == 0) {
            of.item = check_anything(); /* no list: nothing can be taken out of it */
        }
        of.kind = CEL_DYN;
        return of;
    }
    bool text = s->result == CEL_STRING || s->result == CEL_BYTES;
    return check_scalar(s->result, text ? larger(of.bytes, 40) : 0);
}

/* A pattern that comes with the record could cost anything, so it has to be here now. */
static void check_pattern(struct checker *c, struct cel_node *node)
{
    const struct cel_node *pattern = node->last;
    const char *cause = NULL;
    size_t offset = 0;
    if (pattern->kind != NODE_VALUE || pattern->value.kind != CEL_STRING) {
        cel_fail(c->r, pattern->at, "the pattern of matches() has to be a literal");
        return;
    }
    node->pattern = regex_compile(c->r->life, cel_text(pattern->value), &cause, &offset);
    if (node->pattern == NULL) {
        size_t quote = pattern->at;
        while (c->r->source.at[quote] != '"' && c->r->source.at[quote] != '\'') {
            quote++;
        }
        cel_fail(c->r, quote + 1 + offset, "the pattern: %s", cause);
    }
}

static void check_call(struct checker *c, struct cel_node *node)
{
    enum cel_function fn = cel_function_find(node->name);
    const struct cel_signature *s = fn == FN_NONE ? NULL : cel_signature(fn);
    bool known = s != NULL && (node->method ? s->method : s->global) &&
                 node->count >= s->args_min && node->count <= s->args_max;
    if (!known && c->r->env->unchecked) {
        check_error(node, "unbound function");
        return;
    }
    if (s == NULL) {
        unknown_function(c, node);
        return;
    }
    if (!known) {
        no_fit(c, node, "%s() wants %s%u argument%s", s->word,
               s->global ? "" : "to follow a dot and ", s->args_min - (node->method ? 1u : 0u),
               s->args_min == 2 && node->method ? "" : "s");
        return;
    }
    for (struct cel_node *arg = node->first; arg != NULL; arg = arg->next) {
        check_node(c, arg);
        uint32_t kinds = arg == node->first ? s->first : s->second;
        if (!fits(&arg->shape, kinds)) {
            no_fit(c, arg, "%s() cannot take %s", s->word, cel_kind_word(arg->shape.kind));
        }
    }
    node->function = (uint8_t)fn;
    node->shape = call_shape(s, node);
    if (fn == FN_MATCHES && !c->r->failed) {
        check_pattern(c, node);
    }
}

static void check_loop(struct checker *c, struct cel_node *node)
{
    struct cel_node *range = node->first;
    CHECK(range != NULL);
    check_node(c, range);
    if (!fits(&range->shape, K(CEL_LIST) | K(CEL_MAP))) {
        no_fit(c, range, "%s has no items to go through", cel_kind_word(range->shape.kind));
    }
    if (c->loops_count == CEL_LOOPS_MAX) {
        cel_fail(c->r, node->at, "more than %u macros inside one another", CEL_LOOPS_MAX);
        return;
    }
    node->slot = c->loops_count;
    c->loops[c->loops_count++] = node;
    for (struct cel_node *body = range->next; body != NULL; body = body->next) {
        check_node(c, body);
        if ((node->loop != LOOP_MAP || body->next != NULL) && !fits(&body->shape, K(CEL_BOOL))) {
            no_fit(c, body, "the condition has to be true or false, not %s",
                   cel_kind_word(body->shape.kind));
        }
    }
    c->loops_count--;
    node->shape = check_scalar(CEL_BOOL, 0);
    if (node->loop == LOOP_MAP || node->loop == LOOP_FILTER) {
        struct cel_shape item = node->last->shape;
        if (node->loop == LOOP_FILTER) {
            item = range->shape.kind == CEL_MAP ? *cel_shape_key(&range->shape)
                                                : *cel_shape_item(&range->shape);
        }
        node->shape = (struct cel_shape){
            .kind = CEL_LIST, .items = range->shape.items, .item = keep(c, item)};
        node->shape.total = 1 + (uint64_t)range->shape.items * larger(item.total, 1);
    }
}

static void check_items(struct checker *c, struct cel_node *node)
{
    bool map = node->kind == NODE_MAP;
    struct cel_shape parts[2] = {*check_anything(), *check_anything()}; /* items or keys; values */
    uint64_t total = 1;
    uint32_t at = 0;
    for (struct cel_node *item = node->first; item != NULL; item = item->next, at++) {
        check_node(c, item);
        struct cel_shape *part = &parts[map ? at & 1 : 0];
        *part = at < (map ? 2u : 1u) ? item->shape : check_join(c, part, &item->shape);
        total += item->shape.total;
        uint32_t keys = K(CEL_BOOL) | K(CEL_INT) | K(CEL_UINT) | K(CEL_STRING);
        if (map && (at & 1) == 0 && !fits(&item->shape, keys)) {
            no_fit(c, item, "%s cannot be a key", cel_kind_word(item->shape.kind));
        }
    }
    node->shape = (struct cel_shape){.kind = map ? CEL_MAP : CEL_LIST, .total = total};
    node->shape.items = map ? node->count / 2 : node->count;
    node->shape.item = keep(c, parts[map ? 1 : 0]);
    node->shape.key = map ? keep(c, parts[0]) : NULL;
}

static void check_rest(struct checker *c, struct cel_node *node)
{
    for (struct cel_node *child = node->first; child != NULL; child = child->next) {
        check_node(c, child);
    }
    if (c->r->failed) {
        return;
    }
    CHECK(node->first != NULL);
    const struct cel_shape *of = &node->first->shape;
    if (node->kind == NODE_BINARY) {
        check_binary(c, node);
    } else if (node->kind == NODE_UNARY) {
        bool not = node->op == TOK_NOT;
        if (!fits(of, not ? K(CEL_BOOL) : K(CEL_INT) | K(CEL_DOUBLE))) {
            no_fit(c, node, "%s does not go with %s", cel_token_word(node->op),
                   cel_kind_word(of->kind));
        }
        node->shape = check_scalar(not ? CEL_BOOL : of->kind, 0);
    } else {
        if (!fits(of, K(CEL_BOOL))) {
            no_fit(c, node->first, "the condition before '?' has to be true or false, not %s",
                   cel_kind_word(of->kind));
        }
        node->shape = check_join(c, &node->first->next->shape, &node->last->shape);
    }
}

void check_node(struct checker *c, struct cel_node *node)
{
    if (c->r->failed) {
        return;
    }
    switch (node->kind) {
    case NODE_VALUE:
        node->shape =
            check_scalar(node->value.kind == CEL_ERROR ? CEL_DYN : (enum cel_kind)node->value.kind,
                         node->value.kind == CEL_ERROR ? 0 : node->value.len);
        break;
    case NODE_NAME:
        check_name(c, node);
        break;
    case NODE_SELECT:
        check_select(c, node);
        break;
    case NODE_CALL:
        check_call(c, node);
        break;
    case NODE_LOOP:
        check_loop(c, node);
        break;
    case NODE_LIST:
    case NODE_MAP:
        check_items(c, node);
        break;
    case NODE_UNARY:
    case NODE_BINARY:
    case NODE_COND:
        check_rest(c, node);
        break;
    }
}

bool cel_check(struct cel_reader *r, struct cel_node *root)
{
    struct checker c = {.r = r};
    check_node(&c, root);
    return !r->failed;
}
