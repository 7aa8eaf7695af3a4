/* cel_parse.c - the syntax tree of an expression, by precedence climbing.
 *
 * Macros become nodes here. The height of the tree and the nesting of brackets have one
 * ceiling, so every later stage may walk the tree by recursion.
 */
#include "base/check.h"
#include "contract/cel_internal.h"

static struct cel_node *parse_expr(struct cel_reader *r);

static struct cel_node *node_new(struct cel_reader *r, enum cel_node_kind kind, uint32_t at)
{
    uint32_t max = r->env->limits.nodes;
    if (++r->nodes > max) {
        cel_fail(r, at, "the expression is too long: more than %u parts", max);
    }
    struct cel_node *node = arena_zalloc(r->life, sizeof *node);
    node->kind = kind;
    node->begin = node->at = at;
    node->end = r->token.end;
    node->height = 1;
    return node;
}

static void node_add(struct cel_reader *r, struct cel_node *parent, struct cel_node *child)
{
    if (child == NULL) {
        return;
    }
    if (parent->last == NULL) {
        parent->first = child;
    } else {
        parent->last->next = child;
    }
    parent->last = child;
    parent->count++;
    if (child->height >= parent->height) {
        parent->height = (uint16_t)(child->height + 1);
    }
    if (child->begin < parent->begin) {
        parent->begin = child->begin;
    }
    if (child->end > parent->end) {
        parent->end = child->end;
    }
    if (parent->height > CEL_HEIGHT_MAX) {
        cel_fail(r, parent->at, "the expression is nested too deeply (at most %u)", CEL_HEIGHT_MAX);
    }
}

static bool expect(struct cel_reader *r, enum cel_token_kind kind, const char *where)
{
    if (r->token.kind != kind) {
        return cel_fail(r, r->token.begin, "%s is missing %s, found %s", cel_token_word(kind),
                        where, cel_token_word(r->token.kind));
    }
    cel_advance(r);
    return !r->failed;
}

/* Words that the language keeps for later; as a field they are fine. */
static bool reserved(struct str name)
{
    static const char *const words[] = {
        "as",  "break", "const",   "continue",  "else",   "for", "function", "if",    "import",
        "let", "loop",  "package", "namespace", "return", "var", "void",     "while",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_is(name, words[i])) {
            return true;
        }
    }
    return false;
}

static void parse_items(struct cel_reader *r, struct cel_node *parent, enum cel_token_kind close)
{
    while (r->token.kind != close && !r->failed) {
        node_add(r, parent, parse_expr(r));
        if (parent->kind == NODE_MAP) {
            (void)expect(r, TOK_COLON, "between key and value");
            node_add(r, parent, r->failed ? NULL : parse_expr(r));
        }
        if (r->token.kind != TOK_COMMA) {
            break;
        }
        cel_advance(r);
        if (r->token.kind == close && parent->kind == NODE_CALL) {
            cel_fail(r, r->token.begin, "an argument is missing behind ','");
        }
    }
    parent->end = r->token.end;
    (void)expect(r, close, "at the end");
}

/* has(a.b) */
static struct cel_node *macro_has(struct cel_reader *r, struct cel_node *call)
{
    struct cel_node *field = call->first;
    if (call->count != 1 || field->kind != NODE_SELECT || field->test) {
        cel_fail(r, call->at, "has() wants one field, such as has(content.unit)");
        return call;
    }
    field->test = true;
    field->begin = call->begin;
    field->end = call->end;
    return field;
}

/* range.all(x, condition) and its siblings; the receiver is the first child. */
static struct cel_node *macro_loop(struct cel_reader *r, struct cel_node *call, enum cel_loop loop)
{
    struct cel_node *range = call->first;
    struct cel_node *name = range->next;
    if (name->kind != NODE_NAME || name->absolute) {
        cel_fail(r, name->at, "%.*s() wants the name of a variable first", STR_ARG(call->name));
        return call;
    }
    call->kind = NODE_LOOP;
    call->loop = loop;
    call->name = name->name;
    range->next = name->next;
    call->count--;
    return call;
}

static struct cel_node *expand(struct cel_reader *r, struct cel_node *call)
{
    static const struct {
        const char *word;
        enum cel_loop loop;
        uint32_t min, max; /* children: range, variable, bodies */
    } loops[] = {
        {"all", LOOP_ALL, 3, 3}, {"exists", LOOP_EXISTS, 3, 3}, {"exists_one", LOOP_ONE, 3, 3},
        {"map", LOOP_MAP, 3, 4}, {"filter", LOOP_FILTER, 3, 3},
    };
    if (r->failed) {
        return call;
    }
    if (!call->method) {
        return str_is(call->name, "has") ? macro_has(r, call) : call;
    }
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
        if (str_is(call->name, loops[i].word) && call->count >= loops[i].min &&
            call->count <= loops[i].max) {
            return macro_loop(r, call, loops[i].loop);
        }
    }
    return call;
}

static struct cel_node *parse_name(struct cel_reader *r, uint32_t begin, bool absolute)
{
    struct cel_token token = r->token;
    if (token.kind != TOK_NAME) {
        cel_fail(r, token.begin, "a name is missing, found %s", cel_token_word(token.kind));
        return NULL;
    }
    struct cel_node *node = node_new(r, NODE_NAME, begin);
    node->name = token.name;
    node->absolute = absolute;
    cel_advance(r);
    if (r->token.kind == TOK_LEFT) {
        node->kind = NODE_CALL;
        cel_advance(r);
        parse_items(r, node, TOK_RIGHT);
        return expand(r, node);
    }
    if (reserved(token.name)) {
        cel_fail(r, token.begin, "'%.*s' is a reserved word", STR_ARG(token.name));
    }
    return node;
}

static struct cel_node *parse_primary(struct cel_reader *r)
{
    uint32_t begin = r->token.begin;
    struct cel_node *node = NULL;
    switch ((int)r->token.kind) {
    case TOK_VALUE:
        node = node_new(r, NODE_VALUE, begin);
        node->value = r->token.value;
        if (r->token.too_large) {
            cel_fail(r, begin, "the number is too large for an int");
        }
        cel_advance(r);
        return node;
    case TOK_LEFT:
        cel_advance(r);
        node = parse_expr(r);
        if (node != NULL) {
            node->begin = begin;
            node->end = r->token.end;
        }
        (void)expect(r, TOK_RIGHT, "at the end");
        return node;
    case TOK_SQUARE:
    case TOK_CURLY:
        node = node_new(r, r->token.kind == TOK_SQUARE ? NODE_LIST : NODE_MAP, begin);
        cel_advance(r);
        parse_items(r, node, node->kind == NODE_LIST ? TOK_SQUARE_END : TOK_CURLY_END);
        return node;
    case TOK_DOT:
        cel_advance(r);
        return parse_name(r, begin, true);
    default:
        break;
    }
    if (r->token.kind != TOK_NAME) {
        cel_fail(r, begin, "an expression is missing, found %s", cel_token_word(r->token.kind));
        return NULL;
    }
    return parse_name(r, begin, false);
}

static struct cel_node *parse_field(struct cel_reader *r, struct cel_node *operand)
{
    uint32_t at = r->token.begin;
    cel_advance(r);
    if (r->token.kind != TOK_NAME && r->token.kind != TOK_QUOTED) {
        cel_fail(r, r->token.begin, "a field is missing behind '.', found %s",
                 cel_token_word(r->token.kind));
        return operand;
    }
    struct cel_node *node = node_new(r, NODE_SELECT, at);
    bool quoted = r->token.kind == TOK_QUOTED;
    node->name = r->token.name;
    node_add(r, node, operand);
    cel_advance(r);
    if (r->token.kind == TOK_LEFT && !quoted) {
        node->kind = NODE_CALL;
        node->method = true;
        cel_advance(r);
        parse_items(r, node, TOK_RIGHT);
        return expand(r, node);
    }
    return node;
}

static struct cel_node *parse_member(struct cel_reader *r)
{
    struct cel_node *node = parse_primary(r);
    while (!r->failed) {
        if (r->token.kind == TOK_DOT) {
            node = parse_field(r, node);
        } else if (r->token.kind == TOK_SQUARE) {
            struct cel_node *index = node_new(r, NODE_BINARY, r->token.begin);
            index->op = TOK_SQUARE;
            cel_advance(r);
            node_add(r, index, node);
            node_add(r, index, parse_expr(r));
            index->end = r->token.end;
            (void)expect(r, TOK_SQUARE_END, "at the end");
            node = index;
        } else if (r->token.kind == TOK_CURLY) {
            cel_fail(r, r->token.begin, "messages cannot be made here; a map is {\"key\": value}");
        } else {
            break;
        }
    }
    return node;
}

static struct cel_node *parse_unary(struct cel_reader *r)
{
    if (r->token.kind != TOK_NOT && r->token.kind != TOK_SUB) {
        return parse_member(r);
    }
    enum cel_token_kind op = r->token.kind;
    uint32_t begin = r->token.begin;
    cel_advance(r);
    if (op == TOK_SUB && r->token.kind == TOK_VALUE &&
        (r->token.value.kind == CEL_INT || r->token.value.kind == CEL_DOUBLE)) {
        /* The sign belongs to the literal: the smallest int has no positive twin. */
        struct cel_value *value = &r->token.value;
        if (value->kind == CEL_DOUBLE) {
            value->number = -value->number;
        } else if (!r->token.too_large) {
            value->integer = -value->integer;
        }
        r->token.too_large = false;
        r->token.begin = begin;
        return parse_member(r);
    }
    struct cel_node *node = node_new(r, NODE_UNARY, begin);
    node->op = op;
    if (++r->depth > CEL_HEIGHT_MAX) {
        cel_fail(r, begin, "the expression is nested too deeply (at most %u)", CEL_HEIGHT_MAX);
        return NULL;
    }
    node_add(r, node, parse_unary(r));
    r->depth--;
    return node;
}

static int precedence(enum cel_token_kind kind)
{
    switch ((int)kind) {
    case TOK_OR:
        return 1;
    case TOK_AND:
        return 2;
    case TOK_EQ:
    case TOK_NE:
    case TOK_LT:
    case TOK_LE:
    case TOK_GT:
    case TOK_GE:
    case TOK_IN:
        return 3;
    case TOK_ADD:
    case TOK_SUB:
        return 4;
    case TOK_MUL:
    case TOK_DIV:
    case TOK_MOD:
        return 5;
    default:
        return 0;
    }
}

static struct cel_node *parse_binary(struct cel_reader *r, int least)
{
    struct cel_node *left = parse_unary(r);
    while (!r->failed && precedence(r->token.kind) >= least) {
        struct cel_node *node = node_new(r, NODE_BINARY, r->token.begin);
        node->op = r->token.kind;
        int above = precedence(node->op) + 1;
        cel_advance(r);
        node_add(r, node, left);
        node_add(r, node, parse_binary(r, above));
        left = node;
    }
    return left;
}

static struct cel_node *parse_expr(struct cel_reader *r)
{
    if (++r->depth > CEL_HEIGHT_MAX) {
        cel_fail(r, r->token.begin, "the expression is nested too deeply (at most %u)",
                 CEL_HEIGHT_MAX);
        return NULL;
    }
    struct cel_node *node = parse_binary(r, 1);
    if (!r->failed && r->token.kind == TOK_ASK) {
        struct cel_node *choice = node_new(r, NODE_COND, r->token.begin);
        cel_advance(r);
        node_add(r, choice, node);
        node_add(r, choice, parse_binary(r, 1));
        (void)expect(r, TOK_COLON, "between the two choices");
        node_add(r, choice, r->failed ? NULL : parse_expr(r));
        node = choice;
    }
    r->depth--;
    return r->failed ? NULL : node;
}

struct cel_node *cel_parse(struct cel_reader *r)
{
    cel_advance(r);
    struct cel_node *root = parse_expr(r);
    if (!r->failed && r->token.kind != TOK_END) {
        cel_fail(r, r->token.begin, "the expression ends before %s", cel_token_word(r->token.kind));
    }
    return r->failed ? NULL : root;
}
