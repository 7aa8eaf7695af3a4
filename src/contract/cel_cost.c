/* cel_cost.c - what one evaluation can cost at most.
 *
 * Steps are instructions plus the work inside them: 16 bytes, 4 skipped fields or one item
 * looked at are a step. Memory is never given back during an evaluation, so it sums up like
 * steps do. Sums and products stay at their ceiling instead of wrapping.
 *
 * Invariant, held by the fuzz target: no evaluation takes more than this says.
 */
#include "contract/cel_internal.h"

static uint64_t plus(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Values in the whole tree of a value. */
static uint64_t nodes(const struct cel_shape *s)
{
    if (s->items == 0 || (s->kind == CEL_DYN && s->item == NULL)) {
        return plus(s->items, 1); /* the ceiling of a whole document already */
    }
    return plus(1, times(s->items, plus(nodes(cel_shape_item(s)), nodes(cel_shape_key(s)))));
}

static bool may_be_map(const struct cel_shape *s)
{
    if (s->kind == CEL_MAP || (s->kind == CEL_DYN && s->items > 0)) {
        return true;
    }
    return s->items > 0 && s->item != NULL && may_be_map(s->item);
}

/* Both are walked in step and only while they agree, so the lesser one bounds it. Maps of one
 * size are compared by looking up each key, hence the square. */
static uint64_t equal_cost(const struct cel_shape *a, const struct cel_shape *b)
{
    uint64_t steps = plus(2, lesser(a->total, b->total));
    if (may_be_map(a) && may_be_map(b)) {
        uint64_t least = lesser(nodes(a), nodes(b));
        steps = plus(steps, plus(least, times(least, least) / 4));
    }
    return steps;
}

static uint64_t lookup_cost(const struct cel_shape *map, const struct cel_shape *key)
{
    return plus(2, plus(times(map->items, 2), key == NULL ? 0 : key->total));
}

static struct cel_cost binary_cost(const struct cel_node *node)
{
    const struct cel_shape *a = &node->first->shape;
    const struct cel_shape *b = &node->last->shape;
    struct cel_cost cost = {.steps = 2};
    switch ((int)node->op) {
    case TOK_AND:
    case TOK_OR:
        break;
    case TOK_EQ:
    case TOK_NE:
        cost.steps = plus(cost.steps, equal_cost(a, b));
        break;
    case TOK_IN: {
        uint64_t each = plus(equal_cost(a, cel_shape_item(b)), equal_cost(a, cel_shape_key(b)));
        uint64_t all = times(b->items, plus(each, 1));
        if (b->kind == CEL_DYN && b->item == NULL) {
            /* The items of a document are parts of it: their sizes add up to no more than its. */
            all = plus(plus(b->total, times(b->items, 3)),
                       may_be_map(a) ? plus(nodes(b), times(nodes(a), nodes(b)) / 4) : 0);
        }
        cost.steps = plus(cost.steps, all);
        break;
    }
    case TOK_SQUARE:
        cost.steps = plus(cost.steps, lookup_cost(a, b));
        break;
    case TOK_ADD:
        cost.memory =
            plus(plus(times(node->shape.items, sizeof(struct cel_value)), node->shape.bytes), 16);
        cost.steps = plus(cost.steps, plus(node->shape.items, node->shape.bytes / 16));
        break;
    default:
        cost.steps = plus(cost.steps, lesser(a->bytes, b->bytes) / 16);
    }
    return cost;
}

static struct cel_cost call_cost(const struct cel_node *node)
{
    const struct cel_shape *of = &node->first->shape;
    struct cel_cost cost = {.steps = plus(4, of->bytes / 16)};
    if (node->function == FN_CONTAINS) {
        cost.steps = plus(4, times(of->bytes / 16 + 1, node->last->shape.bytes / 16 + 1));
    } else if (node->function == FN_MATCHES) {
        uint64_t each = node->pattern == NULL ? 0 : regex_work(node->pattern);
        cost.steps = plus(4, times(plus(of->bytes, 1), each + 1));
    } else if (node->function == FN_STRING || node->function == FN_LOWER) {
        cost.memory = node->shape.bytes + 16;
    }
    return cost;
}

static struct cel_cost items_cost(const struct cel_node *node)
{
    uint64_t count = node->count;
    struct cel_cost cost = {.steps = plus(1, count)};
    cost.memory = times(count, sizeof(struct cel_value)) + 16;
    if (node->kind == NODE_MAP) {
        uint64_t same = plus(2, times(2, cel_shape_key(&node->shape)->total));
        cost.steps = plus(cost.steps, times(times(count, count), same));
    }
    return cost;
}

static struct cel_cost loop_cost(const struct cel_node *node)
{
    struct cel_cost range = cel_cost(node->first);
    struct cel_cost body = {.steps = 3};
    for (const struct cel_node *part = node->first->next; part != NULL; part = part->next) {
        struct cel_cost cost = cel_cost(part);
        body.steps = plus(body.steps, cost.steps);
        body.memory = plus(body.memory, cost.memory);
    }
    uint64_t items = node->first->shape.items;
    struct cel_cost cost = {
        .steps = plus(plus(range.steps, 4), times(items, body.steps)),
        .memory = plus(range.memory, times(items, body.memory)),
    };
    if (node->loop == LOOP_MAP || node->loop == LOOP_FILTER) {
        cost.memory = plus(cost.memory, times(items, sizeof(struct cel_value)) + 16);
    }
    return cost;
}

static struct cel_cost own_cost(const struct cel_node *node)
{
    switch (node->kind) {
    case NODE_SELECT:
        return (struct cel_cost){.steps = lookup_cost(&node->first->shape, NULL)};
    case NODE_CALL:
        return call_cost(node);
    case NODE_BINARY:
        return binary_cost(node);
    case NODE_LIST:
    case NODE_MAP:
        return items_cost(node);
    case NODE_COND:
        return (struct cel_cost){.steps = 3};
    case NODE_VALUE:
    case NODE_NAME:
    case NODE_UNARY:
    case NODE_LOOP:
        break;
    }
    return (struct cel_cost){.steps = 1};
}

struct cel_cost cel_cost(const struct cel_node *node)
{
    if (node->kind == NODE_LOOP) {
        return loop_cost(node);
    }
    struct cel_cost cost = own_cost(node);
    struct cel_cost choice = {0}; /* of the two only one is taken */
    for (const struct cel_node *child = node->first; child != NULL; child = child->next) {
        struct cel_cost part = cel_cost(child);
        if (node->kind == NODE_COND && child != node->first) {
            choice.steps = part.steps > choice.steps ? part.steps : choice.steps;
            choice.memory = part.memory > choice.memory ? part.memory : choice.memory;
            continue;
        }
        cost.steps = plus(cost.steps, part.steps);
        cost.memory = plus(cost.memory, part.memory);
    }
    cost.steps = plus(cost.steps, choice.steps);
    cost.memory = plus(cost.memory, choice.memory);
    return cost;
}
