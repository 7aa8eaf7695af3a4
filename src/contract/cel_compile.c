/* cel_compile.c - from the syntax tree to instructions of a stack machine.
 *
 * && and || leave early when the first operand decides, and otherwise combine both, so an
 * error on one side gives way to a decision on the other, as the language demands. Lists and
 * maps of literals become constants; "variable == literal", the commonest question of all,
 * is one instruction.
 */
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "contract/cel_internal.h"

struct emitter {
    struct cel_reader *r;
    struct cel_op *ops;
    size_t ops_count, ops_cap;
    struct cel_value *constants;
    size_t constants_count, constants_cap;
    const void **patterns;
    size_t patterns_count, patterns_cap;
    uint32_t height, height_max; /* of the stack */
    uint32_t loops;
};

static void emit_node(struct emitter *e, const struct cel_node *node);

static uint32_t emit(struct emitter *e, enum cel_code code, uint32_t a, uint32_t b)
{
    CHECK(a <= UINT16_MAX);
    mem_grow(&e->ops, &e->ops_cap, e->ops_count + 1, sizeof *e->ops);
    e->ops[e->ops_count] = (struct cel_op){.code = (uint8_t)code, .a = (uint16_t)a, .b = b};
    return (uint32_t)e->ops_count++;
}

static void pushed(struct emitter *e, uint32_t count)
{
    e->height += count;
    e->height_max = e->height > e->height_max ? e->height : e->height_max;
}

static void popped(struct emitter *e, uint32_t count)
{
    CHECK(e->height >= count);
    e->height -= count;
}

static void patch(struct emitter *e, uint32_t op)
{
    e->ops[op].b = (uint32_t)e->ops_count;
}

static uint32_t constant(struct emitter *e, struct cel_value value)
{
    mem_grow(&e->constants, &e->constants_cap, e->constants_count + 1, sizeof *e->constants);
    e->constants[e->constants_count] = value;
    return (uint32_t)e->constants_count++;
}

/* The value of a tree of literals. Maps are left to the machine, which sees to their keys. */
static bool literal_value(struct emitter *e, const struct cel_node *node, struct cel_value *out)
{
    if (node->kind == NODE_VALUE) {
        *out = node->value;
        return node->value.kind != CEL_ERROR;
    }
    if (node->kind != NODE_LIST) {
        return false;
    }
    struct cel_value *items = arena_alloc(e->r->life, (node->count + 1u) * sizeof *items);
    uint32_t count = 0;
    for (const struct cel_node *item = node->first; item != NULL; item = item->next) {
        if (!literal_value(e, item, &items[count++])) {
            return false;
        }
    }
    *out = (struct cel_value){.kind = CEL_LIST, .len = count, .items = items};
    return true;
}

static void emit_logic(struct emitter *e, const struct cel_node *node)
{
    bool and = node->op == TOK_AND;
    emit_node(e, node->first);
    uint32_t skip = emit(e, and? CODE_SKIP_OFF : CODE_SKIP_ON, 0, 0);
    emit_node(e, node->last);
    (void)emit(e, and? CODE_AND : CODE_OR, 0, 0);
    popped(e, 1);
    patch(e, skip);
}

static void emit_binary(struct emitter *e, const struct cel_node *node)
{
    if (node->op == TOK_AND || node->op == TOK_OR) {
        emit_logic(e, node);
        return;
    }
    bool question = node->op == TOK_EQ || node->op == TOK_NE;
    if (question && node->first->variable != 0 && node->last->kind == NODE_VALUE &&
        node->last->value.kind != CEL_ERROR) {
        (void)emit(e, node->op == TOK_EQ ? CODE_VAR_EQ : CODE_VAR_NE, node->first->variable - 1,
                   constant(e, node->last->value));
        pushed(e, 1);
        return;
    }
    emit_node(e, node->first);
    emit_node(e, node->last);
    (void)emit(e, CODE_BINARY, (uint32_t)node->op, 0);
    popped(e, 1);
}

/* The jump over the second way lies right before it: an error finds the end through it. */
static void emit_cond(struct emitter *e, const struct cel_node *node)
{
    emit_node(e, node->first);
    uint32_t branch = emit(e, CODE_BRANCH, 0, 0);
    popped(e, 1);
    emit_node(e, node->first->next);
    uint32_t end = emit(e, CODE_JUMP, 0, 0);
    popped(e, 1);
    patch(e, branch);
    emit_node(e, node->last);
    patch(e, end);
}

static void emit_call(struct emitter *e, const struct cel_node *node)
{
    if (node->function == FN_MATCHES) {
        emit_node(e, node->first);
        mem_grow(&e->patterns, &e->patterns_cap, e->patterns_count + 1, sizeof *e->patterns);
        e->patterns[e->patterns_count] = node->pattern;
        (void)emit(e, CODE_MATCHES, 0, (uint32_t)e->patterns_count++);
        return;
    }
    for (const struct cel_node *arg = node->first; arg != NULL; arg = arg->next) {
        emit_node(e, arg);
    }
    (void)emit(e, CODE_CALL, node->count, node->function);
    popped(e, node->count - 1);
}

/* range; LOOP; body; FOLD back to the body; LOOP_END. */
static void emit_loop(struct emitter *e, const struct cel_node *node)
{
    const struct cel_node *body = node->first->next;
    e->loops = node->slot >= e->loops ? node->slot + 1 : e->loops;
    emit_node(e, node->first);
    uint32_t loop = emit(e, CODE_LOOP, node->slot, 0);
    e->ops[loop].kind = (uint8_t)node->loop;
    popped(e, 1);
    uint32_t begin = (uint32_t)e->ops_count;
    uint32_t when = UINT32_MAX;
    if (body->next != NULL) {
        emit_node(e, body);
        when = emit(e, CODE_WHEN, node->slot, 0);
        popped(e, 1);
        body = body->next;
    }
    emit_node(e, body);
    if (when != UINT32_MAX) {
        patch(e, when);
    }
    (void)emit(e, CODE_FOLD, node->slot, begin);
    popped(e, 1);
    patch(e, loop);
    (void)emit(e, CODE_LOOP_END, node->slot, 0);
    pushed(e, 1);
}

static void emit_items(struct emitter *e, const struct cel_node *node)
{
    for (const struct cel_node *item = node->first; item != NULL; item = item->next) {
        emit_node(e, item);
    }
    bool map = node->kind == NODE_MAP;
    (void)emit(e, map ? CODE_MAP : CODE_LIST, 0, map ? node->count / 2 : node->count);
    popped(e, node->count);
    pushed(e, 1);
}

static void emit_leaf(struct emitter *e, const struct cel_node *node)
{
    if (node->range_of != NULL) {
        (void)emit(e, CODE_SLOT, node->range_of->slot, 0);
    } else if (node->kind == NODE_NAME) {
        CHECK(node->variable != 0);
        (void)emit(e, CODE_VAR, 0, node->variable - 1);
    } else {
        (void)emit(e, CODE_CONST, 0, constant(e, node->value));
    }
    pushed(e, 1);
}

static void emit_node(struct emitter *e, const struct cel_node *node)
{
    struct cel_value value;
    if (e->r->failed) {
        pushed(e, 1); /* the heights stay right until the end */
        return;
    }
    if (node->kind == NODE_LIST && literal_value(e, node, &value)) {
        (void)emit(e, CODE_CONST, 0, constant(e, value));
        pushed(e, 1);
        return;
    }
    switch (node->kind) {
    case NODE_VALUE:
    case NODE_NAME:
        emit_leaf(e, node);
        break;
    case NODE_SELECT:
        emit_node(e, node->first);
        (void)emit(e, node->test ? CODE_HAS : CODE_SELECT, 0, constant(e, cel_string(node->name)));
        break;
    case NODE_UNARY:
        emit_node(e, node->first);
        (void)emit(e, CODE_UNARY, (uint32_t)node->op, 0);
        break;
    case NODE_BINARY:
        emit_binary(e, node);
        break;
    case NODE_COND:
        emit_cond(e, node);
        break;
    case NODE_CALL:
        emit_call(e, node);
        break;
    case NODE_LOOP:
        emit_loop(e, node);
        break;
    case NODE_LIST:
    case NODE_MAP:
        emit_items(e, node);
        break;
    }
}

static const void *keep(struct arena *life, const void *items, size_t count, size_t item_bytes)
{
    void *copy = arena_alloc(life, (count + 1) * item_bytes);
    if (count > 0) {
        memcpy(copy, items, count * item_bytes);
    }
    return copy;
}

static bool check_cost(struct cel_reader *r, const struct cel_node *root,
                       struct cel_program *program)
{
    struct cel_cost cost = cel_cost(root);
    const struct cel_limits *limits = &r->env->limits;
    program->cost = cost.steps < UINT64_MAX ? cost.steps + 1 : cost.steps;
    program->memory = cost.memory;
    const char *cure = "go over fewer items, look at less text, or split the rule; the ceilings "
                       "stand under 'expressions'";
    bool bad = program->cost > limits->cost || program->memory > limits->memory_bytes;
    if (bad && !r->failed) {
        (void)snprintf(r->problem->cure, sizeof r->problem->cure, "%s", cure);
    }
    if (program->cost > limits->cost) {
        return cel_fail(r, root->at, "the expression could cost %llu steps, %llu are allowed",
                        (unsigned long long)program->cost, (unsigned long long)limits->cost);
    }
    if (program->memory > limits->memory_bytes) {
        return cel_fail(r, root->at, "the expression could take %llu bytes, %llu are allowed",
                        (unsigned long long)program->memory,
                        (unsigned long long)limits->memory_bytes);
    }
    return true;
}

static bool emit_program(struct cel_reader *r, const struct cel_node *root,
                         struct cel_program *program)
{
    struct emitter e = {.r = r};
    emit_node(&e, root);
    (void)emit(&e, CODE_END, 0, 0);
    if (!r->failed && e.height_max > CEL_STACK_MAX) {
        cel_fail(r, root->at, "the expression holds too many values at once (at most %u)",
                 CEL_STACK_MAX);
    }
    if (!r->failed) {
        program->ops = keep(r->life, e.ops, e.ops_count, sizeof *e.ops);
        program->ops_count = (uint32_t)e.ops_count;
        program->constants = keep(r->life, e.constants, e.constants_count, sizeof *e.constants);
        program->patterns = keep(r->life, e.patterns, e.patterns_count, sizeof *e.patterns);
        program->loops = e.loops;
        program->kind = root->shape.kind;
    }
    mem_free(e.ops);
    mem_free(e.constants);
    mem_free(e.patterns);
    return !r->failed;
}

static struct cel_env with_defaults(const struct cel_env *env)
{
    struct cel_env out = *env;
    struct cel_limits *l = &out.limits;
    l->source_bytes = l->source_bytes == 0 ? 4096 : l->source_bytes;
    l->nodes = l->nodes == 0 ? 2000 : l->nodes;
    l->cost = l->cost == 0 ? 1000000 : l->cost;
    l->memory_bytes = l->memory_bytes == 0 ? 262144 : l->memory_bytes;
    return out;
}

static struct cel_node *read_tree(struct cel_reader *r)
{
    *r->problem = (struct cel_problem){0};
    if (r->source.len > r->env->limits.source_bytes) {
        cel_fail(r, 0, "the expression is longer than %u bytes", r->env->limits.source_bytes);
        return NULL;
    }
    struct cel_node *root = cel_parse(r);
    return root != NULL && cel_check(r, root) ? root : NULL;
}

bool cel_compile(struct arena *life, struct str source, const struct cel_env *env,
                 struct cel_program *out_program, struct cel_problem *out_problem)
{
    struct cel_env filled = with_defaults(env);
    struct cel_reader r = {.source = source, .life = life, .env = &filled, .problem = out_problem};
    struct cel_program program = {0};
    const struct cel_node *root = read_tree(&r);
    if (root == NULL || !check_cost(&r, root, &program) || !emit_program(&r, root, &program)) {
        return false;
    }
    *out_program = program;
    return true;
}

/* -- parts ------------------------------------------------------------------------------ */

/* A variable, a field of one, an item at a literal index, or the size of one of these. */
static bool is_path(const struct cel_node *node)
{
    if (node->kind == NODE_NAME) {
        return node->variable != 0;
    }
    bool step =
        (node->kind == NODE_SELECT && !node->test) ||
        (node->kind == NODE_BINARY && node->op == TOK_SQUARE && node->last->kind == NODE_VALUE) ||
        (node->kind == NODE_CALL && node->function == FN_SIZE);
    return step && is_path(node->first);
}

static void collect_seen(struct cel_reader *r, const struct cel_node *node, struct cel_part *part)
{
    if (!is_path(node)) {
        for (const struct cel_node *child = node->first; child != NULL; child = child->next) {
            collect_seen(r, child, part);
        }
        return;
    }
    struct str text = str_sub(r->source, node->begin, node->end - node->begin);
    for (uint32_t i = 0; i < part->seen_count; i++) {
        if (str_eq(part->seen[i], text)) {
            return;
        }
    }
    if (part->seen_count < CEL_SEEN_MAX) {
        part->seen[part->seen_count++] = text;
    }
}

static void collect_parts(struct cel_reader *r, const struct cel_node *node, struct cel_part *parts,
                          uint32_t *count)
{
    if (node->kind == NODE_BINARY && node->op == TOK_AND) {
        collect_parts(r, node->first, parts, count);
        collect_parts(r, node->last, parts, count);
        return;
    }
    struct cel_part *part = &parts[(*count)++];
    *part = (struct cel_part){.source = str_sub(r->source, node->begin, node->end - node->begin)};
    part->seen = arena_alloc(r->life, CEL_SEEN_MAX * sizeof *part->seen);
    collect_seen(r, node, part);
}

bool cel_parts(struct arena *life, struct str source, const struct cel_env *env,
               struct cel_part **out_parts, uint32_t *out_count, struct cel_problem *out_problem)
{
    struct cel_env filled = with_defaults(env);
    struct cel_reader r = {.source = source, .life = life, .env = &filled, .problem = out_problem};
    const struct cel_node *root = read_tree(&r);
    if (root == NULL) {
        return false;
    }
    *out_count = 0;
    *out_parts = arena_alloc(life, (r.nodes + 1u) * sizeof **out_parts);
    collect_parts(&r, root, *out_parts, out_count);
    return true;
}
