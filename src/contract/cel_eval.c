/* cel_eval.c - the stack machine.
 *
 * The compiler has computed the height of the stack and the cost, so the machine checks
 * neither. Errors are values; what absorbs them (&&, ||, all, exists, ?:) is spelt out here.
 */
#include "base/check.h"
#include "contract/cel_internal.h"

struct loop {
    struct cel_cursor cursor;
    struct cel_value item;   /* what the variable stands for */
    struct cel_value result; /* so far; CEL_ERROR: an error that a later item may absorb */
    struct cel_value *items; /* map and filter: the list that grows */
    uint32_t count;          /* of items; of items for which exists_one held */
    uint8_t kind;
};

static bool is(struct cel_value v, bool what)
{
    return v.kind == CEL_BOOL && v.boolean == what;
}

static struct cel_value as_error(struct cel_value v)
{
    return v.kind == CEL_ERROR ? v : cel_no_overload();
}

/* `decides` is the operand that decides alone: false for &&, true for ||. */
static struct cel_value both(struct cel_value a, struct cel_value b, bool decides)
{
    if (is(a, decides) || is(b, decides)) {
        return cel_bool(decides);
    }
    if (a.kind != CEL_BOOL) {
        return as_error(a);
    }
    return b.kind == CEL_BOOL ? b : as_error(b);
}

static struct cel_value variable(struct cel_run *run, uint32_t number)
{
    struct cel_value *v = &run->vars[number];
    if (v->form == CEL_LAZY) {
        run->resolve(run->context, number, v);
        CHECK(v->form != CEL_LAZY);
    }
    return *v;
}

static bool loop_next(struct loop *loop)
{
    struct cel_value value;
    return cel_next(&loop->cursor, &loop->item, &value);
}

/* False: nothing to go through. */
static bool loop_begin(struct cel_run *run, struct loop *loop, uint8_t kind, struct cel_value range)
{
    loop->kind = kind;
    loop->count = 0;
    loop->items = NULL;
    loop->result = cel_bool(kind == LOOP_ALL);
    if (range.kind != CEL_LIST && range.kind != CEL_MAP) {
        loop->result = as_error(range);
        return false;
    }
    if (kind == LOOP_MAP || kind == LOOP_FILTER) {
        loop->items = cel_take(run, range.len);
        if (loop->items == NULL) {
            loop->result = cel_error("the expression needs too much memory");
            return false;
        }
    }
    loop->cursor = cel_cursor(range);
    return loop_next(loop);
}

/* Takes the body's value; true: the loop has its result. */
static bool loop_fold(struct loop *loop, struct cel_value v)
{
    bool decides = loop->kind == LOOP_EXISTS;
    switch (loop->kind) {
    case LOOP_ALL:
    case LOOP_EXISTS:
        if (is(v, decides)) {
            loop->result = v;
            return true;
        }
        if (v.kind != CEL_BOOL && loop->result.kind != CEL_ERROR) {
            loop->result = as_error(v);
        }
        return false;
    case LOOP_MAP:
        if (v.kind == CEL_ERROR) {
            loop->result = v;
            return true;
        }
        loop->items[loop->count++] = v;
        return false;
    default:
        if (v.kind != CEL_BOOL) {
            loop->result = as_error(v);
            return true;
        }
        if (v.boolean && loop->kind == LOOP_FILTER) {
            loop->items[loop->count] = loop->item;
        }
        loop->count += v.boolean ? 1 : 0;
        return false;
    }
}

static struct cel_value loop_result(const struct loop *loop)
{
    if (loop->result.kind == CEL_ERROR) {
        return loop->result;
    }
    if (loop->items != NULL) {
        return (struct cel_value){.kind = CEL_LIST, .len = loop->count, .items = loop->items};
    }
    return loop->kind == LOOP_ONE ? cel_bool(loop->count == 1) : loop->result;
}

static struct cel_value make_list(struct cel_run *run, const struct cel_value *items,
                                  uint32_t count)
{
    struct cel_value *copy = cel_take(run, count);
    if (copy == NULL) {
        return cel_error("the expression needs too much memory");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].kind == CEL_ERROR) {
            return items[i];
        }
        copy[i] = items[i];
    }
    run->steps += count;
    return (struct cel_value){.kind = CEL_LIST, .len = count, .items = copy};
}

static struct cel_value search(struct cel_run *run, const struct regex *regex, struct cel_value v)
{
    if (v.kind != CEL_STRING) {
        return as_error(v);
    }
    run->steps += ((uint64_t)v.len + 1) * (regex_work(regex) + 1u);
    return cel_bool(regex_search(regex, cel_text(v)));
}

static struct cel_value select_field(struct cel_run *run, struct cel_value of,
                                     struct cel_value name, bool test)
{
    run->steps += of.kind == CEL_MAP ? of.len : 0;
    return cel_select(of, name, test);
}

/* "variable == literal" in one step. */
static struct cel_value variable_is(struct cel_run *run, struct cel_value v, struct cel_value other)
{
    if (v.kind == CEL_ERROR) {
        return v;
    }
    return cel_bool(cel_same(v, other, &run->steps));
}

/* Two ints compared: the commonest operator by far, without a call. */
static inline bool compare_ints(enum cel_token_kind op, const struct cel_value *a,
                                struct cel_value b)
{
    int64_t x = a->integer;
    int64_t y = b.integer;
    switch ((int)op) {
    case TOK_EQ:
        return x == y;
    case TOK_NE:
        return x != y;
    case TOK_LT:
        return x < y;
    case TOK_LE:
        return x <= y;
    case TOK_GT:
        return x > y;
    default:
        return x >= y;
    }
}

static inline void binary(struct cel_run *run, enum cel_token_kind op, struct cel_value *a,
                          struct cel_value b)
{
    if (a->kind == CEL_INT && b.kind == CEL_INT && op >= TOK_EQ && op <= TOK_GE) {
        *a = cel_bool(compare_ints(op, a, b));
    } else {
        *a = cel_binary(run, op, *a, b);
    }
}

struct machine {
    const struct cel_program *program;
    struct cel_run *run;
    struct cel_value *top;
    uint32_t pc;
    struct loop loops[CEL_LOOPS_MAX];
    struct cel_value stack[CEL_STACK_MAX + 1];
};

/* What goes elsewhere than to the next instruction. */
static void step_jump(struct machine *m, const struct cel_op *op)
{
    struct loop *loop = &m->loops[op->a];
    const struct cel_op *ops = m->program->ops;
    struct cel_value v = *m->top;
    switch (op->code) {
    case CODE_BRANCH:
        if (v.kind == CEL_BOOL) {
            m->pc = v.boolean ? m->pc : op->b;
            m->top--;
        } else {
            *m->top = as_error(v);
            m->pc = ops[op->b - 1].b;
        }
        return;
    case CODE_JUMP:
        m->pc = op->b;
        return;
    case CODE_LOOP:
        m->pc = loop_begin(m->run, loop, op->kind, v) ? m->pc : op->b;
        break;
    case CODE_WHEN:
        if (!is(v, true)) {
            bool error = v.kind != CEL_BOOL;
            loop->result = error ? as_error(v) : loop->result;
            m->pc = !error && loop_next(loop) ? ops[op->b].b : op->b + 1;
        }
        break;
    case CODE_FOLD:
        if (!loop_fold(loop, v) && loop_next(loop)) {
            m->pc = op->b;
        }
        break;
    default:
        UNREACHABLE("the compiler makes no other instruction");
    }
    m->top--;
}

/* What makes a value of several. */
static void step_make(struct machine *m, const struct cel_op *op)
{
    struct cel_run *run = m->run;
    switch (op->code) {
    case CODE_LIST:
        m->top -= op->b;
        m->top[1] = make_list(run, m->top + 1, op->b);
        m->top++;
        break;
    case CODE_MAP:
        m->top -= 2 * (ptrdiff_t)op->b;
        m->top[1] = cel_make_map(run, m->top + 1, op->b);
        m->top++;
        break;
    case CODE_CALL:
        m->top -= op->a - 1;
        *m->top = cel_call(run, (enum cel_function)op->b, m->top, op->a);
        break;
    case CODE_MATCHES:
        *m->top = search(run, m->program->patterns[op->b], *m->top);
        break;
    case CODE_LOOP_END:
        *++m->top = loop_result(&m->loops[op->a]);
        break;
    default:
        step_jump(m, op);
    }
}

struct cel_value cel_eval(const struct cel_program *program, struct cel_run *run)
{
    struct machine m; /* large: only what is read before it is written gets zeros */
    m.program = program;
    m.run = run;
    m.pc = 0;
    m.top = m.stack;
    m.stack[0] = (struct cel_value){0};
    memset(m.loops, 0, program->loops * sizeof *m.loops);
    const struct cel_value *constants = program->constants;
    for (;;) {
        const struct cel_op *op = &program->ops[m.pc++];
        struct cel_value v;
        run->steps++;
        switch (op->code) {
        case CODE_CONST:
            *++m.top = constants[op->b];
            break;
        case CODE_VAR:
            *++m.top = variable(run, op->b);
            break;
        case CODE_SLOT:
            *++m.top = m.loops[op->a].item;
            break;
        case CODE_SELECT:
        case CODE_HAS:
            *m.top = select_field(run, *m.top, constants[op->b], op->code == CODE_HAS);
            break;
        case CODE_UNARY:
            *m.top = cel_unary((enum cel_token_kind)op->a, *m.top);
            break;
        case CODE_BINARY:
            m.top--;
            binary(run, (enum cel_token_kind)op->a, m.top, m.top[1]);
            break;
        case CODE_VAR_EQ:
        case CODE_VAR_NE:
            v = variable_is(run, variable(run, op->a), constants[op->b]);
            *++m.top = op->code == CODE_VAR_EQ ? v : cel_unary(TOK_NOT, v);
            break;
        case CODE_SKIP_OFF:
        case CODE_SKIP_ON:
            m.pc = is(*m.top, op->code == CODE_SKIP_ON) ? op->b : m.pc;
            break;
        case CODE_AND:
        case CODE_OR:
            m.top--;
            *m.top = both(m.top[0], m.top[1], op->code == CODE_OR);
            break;
        case CODE_END:
            CHECK(m.top == m.stack + 1);
            return *m.top;
        default:
            step_make(&m, op);
        }
    }
}
