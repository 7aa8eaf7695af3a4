/* cel_operate.c - the operators. An operand that is an error is the result; overflow and
 * division by zero are errors, never a wrapped number.
 */
#include "base/check.h"
#include "contract/cel_internal.h"

static struct cel_value overflow(void)
{
    return cel_error("integer overflow");
}

static struct cel_value arithmetic_int(enum cel_token_kind op, int64_t a, int64_t b)
{
    int64_t out = 0;
    bool bad = false;
    switch ((int)op) {
    case TOK_ADD:
        bad = __builtin_add_overflow(a, b, &out);
        break;
    case TOK_SUB:
        bad = __builtin_sub_overflow(a, b, &out);
        break;
    case TOK_MUL:
        bad = __builtin_mul_overflow(a, b, &out);
        break;
    default:
        if (b == 0) {
            return cel_error(op == TOK_DIV ? "divide by zero" : "modulus by zero");
        }
        bad = a == INT64_MIN && b == -1;
        out = bad ? 0 : op == TOK_DIV ? a / b : a % b;
    }
    return bad ? overflow() : cel_int(out);
}

static struct cel_value arithmetic_uint(enum cel_token_kind op, uint64_t a, uint64_t b)
{
    uint64_t out = 0;
    bool bad = false;
    switch ((int)op) {
    case TOK_ADD:
        bad = __builtin_add_overflow(a, b, &out);
        break;
    case TOK_SUB:
        bad = __builtin_sub_overflow(a, b, &out);
        break;
    case TOK_MUL:
        bad = __builtin_mul_overflow(a, b, &out);
        break;
    default:
        if (b == 0) {
            return cel_error(op == TOK_DIV ? "divide by zero" : "modulus by zero");
        }
        out = op == TOK_DIV ? a / b : a % b;
    }
    return bad ? overflow() : (struct cel_value){.kind = CEL_UINT, .natural = out};
}

static struct cel_value arithmetic_double(enum cel_token_kind op, double a, double b)
{
    switch ((int)op) {
    case TOK_ADD:
        return cel_double(a + b);
    case TOK_SUB:
        return cel_double(a - b);
    case TOK_MUL:
        return cel_double(a * b);
    case TOK_DIV:
        return cel_double(a / b);
    default:
        return cel_no_overload();
    }
}

static struct cel_value join_text(struct cel_run *run, struct cel_value a, struct cel_value b)
{
    size_t len = (size_t)a.len + b.len;
    char *text = len > UINT32_MAX ? NULL : cel_take_bytes(run, len);
    if (text == NULL) {
        return cel_error("the expression needs too much memory");
    }
    if (a.len > 0) {
        memcpy(text, a.text, a.len);
    }
    if (b.len > 0) {
        memcpy(text + a.len, b.text, b.len);
    }
    run->steps += len / 16;
    return (struct cel_value){.kind = a.kind, .len = (uint32_t)len, .text = text};
}

static struct cel_value join_lists(struct cel_run *run, struct cel_value a, struct cel_value b)
{
    size_t len = (size_t)a.len + b.len;
    struct cel_value *items = len > UINT32_MAX ? NULL : cel_take(run, len);
    if (items == NULL) {
        return cel_error("the expression needs too much memory");
    }
    const struct cel_value parts[2] = {a, b};
    size_t at = 0;
    for (size_t i = 0; i < 2; i++) {
        struct cel_cursor cursor = cel_cursor(parts[i]);
        struct cel_value key;
        struct cel_value value;
        while (cel_next(&cursor, &key, &value)) {
            items[at++] = value;
        }
    }
    run->steps += len;
    return (struct cel_value){.kind = CEL_LIST, .len = (uint32_t)len, .items = items};
}

struct cel_value cel_arithmetic(struct cel_run *run, enum cel_token_kind op, struct cel_value a,
                                struct cel_value b)
{
    bool time = a.kind == CEL_TIMESTAMP || a.kind == CEL_DURATION;
    if (time && (b.kind == CEL_TIMESTAMP || b.kind == CEL_DURATION)) {
        return cel_time_add(op, a, b);
    }
    if (a.kind != b.kind) {
        return cel_no_overload();
    }
    switch (a.kind) {
    case CEL_INT:
        return arithmetic_int(op, a.integer, b.integer);
    case CEL_UINT:
        return arithmetic_uint(op, a.natural, b.natural);
    case CEL_DOUBLE:
        return arithmetic_double(op, a.number, b.number);
    case CEL_STRING:
    case CEL_BYTES:
        return op == TOK_ADD ? join_text(run, a, b) : cel_no_overload();
    case CEL_LIST:
        return op == TOK_ADD ? join_lists(run, a, b) : cel_no_overload();
    default:
        return cel_no_overload();
    }
}

struct cel_value cel_unary(enum cel_token_kind op, struct cel_value a)
{
    if (a.kind == CEL_ERROR) {
        return a;
    }
    if (op == TOK_NOT) {
        return a.kind == CEL_BOOL ? cel_bool(!a.boolean) : cel_no_overload();
    }
    if (a.kind == CEL_DOUBLE) {
        return cel_double(-a.number);
    }
    if (a.kind != CEL_INT) {
        return cel_no_overload();
    }
    return a.integer == INT64_MIN ? overflow() : cel_int(-a.integer);
}

/* A number that is whole, as an index. */
static bool whole_index(struct cel_value v, uint64_t *out_index)
{
    if (v.kind == CEL_INT && v.integer >= 0) {
        *out_index = (uint64_t)v.integer;
        return true;
    }
    if (v.kind == CEL_UINT) {
        *out_index = v.natural;
        return true;
    }
    if (v.kind == CEL_DOUBLE && v.number >= 0 && v.number < 0x1p32) {
        *out_index = (uint64_t)v.number;
        return (double)*out_index == v.number;
    }
    return false;
}

static struct cel_value index_of(struct cel_run *run, struct cel_value of, struct cel_value at)
{
    struct cel_value value;
    uint64_t index = 0;
    if (of.kind == CEL_MAP) {
        run->steps += of.len;
        return cel_map_find(of, at, &value) ? value : cel_error("no such key");
    }
    if (of.kind != CEL_LIST || !cel_is_number(at)) {
        return cel_no_overload();
    }
    if (!whole_index(at, &index) || index >= of.len) {
        return cel_error("the index is out of range");
    }
    if (of.form == CEL_PLAIN) {
        return of.items[index];
    }
    run->steps += index;
    const struct json *member = of.json->first;
    for (; index > 0; index--) {
        member = member->next;
    }
    return cel_of_json(member);
}

static struct cel_value member_of(struct cel_run *run, struct cel_value item, struct cel_value of)
{
    struct cel_value key;
    struct cel_value value;
    if (of.kind == CEL_MAP) {
        run->steps += of.len;
        return cel_bool(cel_map_find(of, item, &value));
    }
    if (of.kind != CEL_LIST) {
        return cel_no_overload();
    }
    if (of.form == CEL_PLAIN) {
        for (uint32_t i = 0; i < of.len; i++) {
            if (cel_same(of.items[i], item, &run->steps)) {
                return cel_bool(true);
            }
        }
        return cel_bool(false);
    }
    struct cel_cursor cursor = cel_cursor(of);
    while (cel_next(&cursor, &key, &value)) {
        if (cel_same(value, item, &run->steps)) {
            return cel_bool(true);
        }
    }
    return cel_bool(false);
}

static struct cel_value compare(struct cel_run *run, enum cel_token_kind op, struct cel_value a,
                                struct cel_value b)
{
    int order = cel_compare(a, b);
    if (order == 3) {
        return cel_no_overload();
    }
    if (a.kind == CEL_STRING || a.kind == CEL_BYTES) {
        run->steps += (a.len < b.len ? a.len : b.len) / 16;
    }
    switch ((int)op) {
    case TOK_LT:
        return cel_bool(order == -1);
    case TOK_LE:
        return cel_bool(order == -1 || order == 0);
    case TOK_GT:
        return cel_bool(order == 1);
    default:
        return cel_bool(order == 1 || order == 0);
    }
}

struct cel_value cel_binary(struct cel_run *run, enum cel_token_kind op, struct cel_value a,
                            struct cel_value b)
{
    if (a.kind == CEL_ERROR || b.kind == CEL_ERROR) {
        return a.kind == CEL_ERROR ? a : b;
    }
    switch ((int)op) {
    case TOK_EQ:
        return cel_bool(cel_same(a, b, &run->steps));
    case TOK_NE:
        return cel_bool(!cel_same(a, b, &run->steps));
    case TOK_LT:
    case TOK_LE:
    case TOK_GT:
    case TOK_GE:
        return compare(run, op, a, b);
    case TOK_IN:
        return member_of(run, a, b);
    case TOK_SQUARE:
        return index_of(run, a, b);
    default:
        return cel_arithmetic(run, op, a, b);
    }
}
