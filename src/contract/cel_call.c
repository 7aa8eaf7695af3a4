/* cel_call.c - the functions: one table tells their names and operands, here they act. */
#include <math.h>

#include "base/check.h"
#include "codec/utf8.h"
#include "contract/cel_internal.h"

const struct cel_signature *cel_signature(enum cel_function function)
{
    static const struct cel_signature rows[] = {{"", false, false, 0, 0, 0, 0, CEL_ERROR},
#define X(id, word, method, global, min, max, first, second, result)                               \
    {(word), (method), (global), (min), (max), (first), (second), (result)},
                                                CEL_FUNCTION_TABLE(X)
#undef X
    };
    return (size_t)function < sizeof rows / sizeof *rows ? &rows[function] : NULL;
}

enum cel_function cel_function_find(struct str name)
{
    for (int fn = 1; cel_signature((enum cel_function)fn) != NULL; fn++) {
        if (str_is(name, cel_signature((enum cel_function)fn)->word)) {
            return (enum cel_function)fn;
        }
    }
    return FN_NONE;
}

static struct cel_value unreadable(const char *sentence)
{
    return cel_error(sentence);
}

static struct cel_value to_bool(struct cel_value v)
{
    static const char *const yes[] = {"1", "t", "true", "TRUE", "True"};
    static const char *const no[] = {"0", "f", "false", "FALSE", "False"};
    if (v.kind == CEL_BOOL) {
        return v;
    }
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (str_is(cel_text(v), yes[i]) || str_is(cel_text(v), no[i])) {
            return cel_bool(str_is(cel_text(v), yes[i]));
        }
    }
    return unreadable("the text is neither true nor false");
}

static struct cel_value to_int(struct cel_value v)
{
    long long value = 0;
    switch (v.kind) {
    case CEL_UINT:
        return v.natural > INT64_MAX ? unreadable("out of range of int")
                                     : cel_int((int64_t)v.natural);
    case CEL_DOUBLE:
        return v.number > -9223372036854775808.0 && v.number < 9223372036854775808.0
                   ? cel_int((int64_t)v.number)
                   : unreadable("out of range of int");
    case CEL_STRING:
        return str_to_i64(cel_text(v), &value) ? cel_int(value) : unreadable("the text is no int");
    case CEL_TIMESTAMP:
        return cel_int(v.integer);
    default:
        return v;
    }
}

static struct cel_value to_uint(struct cel_value v)
{
    unsigned long long value = 0;
    switch (v.kind) {
    case CEL_INT:
        if (v.integer < 0) {
            return unreadable("out of range of uint");
        }
        value = (unsigned long long)v.integer;
        break;
    case CEL_DOUBLE:
        if (!(v.number >= 0 && v.number < 0x1p64)) {
            return unreadable("out of range of uint");
        }
        value = (unsigned long long)v.number;
        break;
    case CEL_STRING:
        if (!str_to_u64(cel_text(v), &value)) {
            return unreadable("the text is no uint");
        }
        break;
    default:
        return v;
    }
    return (struct cel_value){.kind = CEL_UINT, .natural = value};
}

static struct cel_value to_double(struct cel_value v)
{
    double value = 0;
    struct str text = v.kind == CEL_STRING ? cel_text(v) : STR_NONE;
    switch (v.kind) {
    case CEL_INT:
        return cel_double((double)v.integer);
    case CEL_UINT:
        return cel_double((double)v.natural);
    case CEL_STRING:
        break;
    default:
        return v;
    }
    bool minus = str_starts(text, STR("-"));
    struct str word = minus || str_starts(text, STR("+")) ? str_sub(text, 1, text.len) : text;
    if (str_eq_nocase(word, STR("nan"))) {
        return cel_double((double)NAN);
    }
    if (str_eq_nocase(word, STR("inf")) || str_eq_nocase(word, STR("infinity"))) {
        return cel_double(minus ? -(double)INFINITY : (double)INFINITY);
    }
    return cel_read_double(text, &value) ? cel_double(value) : unreadable("the text is no double");
}

/* No heap: the buffer has its room already. */
static size_t write_number(struct cel_value v, char out[40])
{
    struct buf buf = {.at = (uint8_t *)out, .cap = 40, .max = 40};
    if (v.kind == CEL_UINT) {
        buf_add_u64(&buf, v.natural);
    } else {
        buf_add_i64(&buf, v.integer);
    }
    return buf.len;
}

size_t cel_write_double(double value, char out[40])
{
    struct buf buf = {.at = (uint8_t *)out, .cap = 40, .max = 40};
    struct json_writer w;
    if (!isfinite(value)) {
        buf_add_text(&buf, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        return buf.len;
    }
    jw_init(&w, &buf, false);
    jw_double(&w, value);
    return buf.len;
}

static struct cel_value to_string(struct cel_run *run, struct cel_value v)
{
    char text[40];
    size_t len = 0;
    switch (v.kind) {
    case CEL_BOOL:
        return cel_string(v.boolean ? STR("true") : STR("false"));
    case CEL_INT:
    case CEL_UINT:
        len = write_number(v, text);
        break;
    case CEL_DOUBLE:
        len = cel_write_double(v.number, text);
        break;
    case CEL_BYTES:
        v.kind = CEL_STRING;
        return utf8_valid(cel_text(v)) ? v : unreadable("the bytes are not UTF-8");
    case CEL_TIMESTAMP:
        len = cel_write_timestamp(v, text);
        break;
    case CEL_DURATION:
        len = cel_write_duration(v, text);
        break;
    default:
        return v;
    }
    char *copy = cel_take_bytes(run, len);
    if (copy == NULL) {
        return cel_error("the expression needs too much memory");
    }
    memcpy(copy, text, len);
    return cel_string(str_n(copy, len));
}

static struct cel_value to_time(enum cel_function function, struct cel_value v)
{
    struct cel_value out;
    if (function == FN_DURATION) {
        if (v.kind != CEL_STRING) {
            return v;
        }
        return cel_read_duration(cel_text(v), &out) ? out : unreadable("the text is no duration");
    }
    if (v.kind == CEL_INT) {
        out = cel_time(CEL_TIMESTAMP, v.integer, 0);
        bool known = v.integer >= -62135596800 && v.integer <= 253402300799;
        return known ? out : cel_error("the time is out of range");
    }
    if (v.kind != CEL_STRING) {
        return v;
    }
    return cel_read_timestamp(cel_text(v), &out) ? out : unreadable("the text is no timestamp");
}

struct cel_value cel_convert(struct cel_run *run, enum cel_function function, struct cel_value v)
{
    switch ((int)function) {
    case FN_BOOL:
        return to_bool(v);
    case FN_INT:
        return to_int(v);
    case FN_UINT:
        return to_uint(v);
    case FN_DOUBLE:
        return to_double(v);
    case FN_STRING:
        return to_string(run, v);
    case FN_BYTES:
        v.kind = CEL_BYTES;
        return v;
    default:
        return to_time(function, v);
    }
}

static int64_t code_points(struct str text)
{
    int64_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    }
    return count;
}

static struct cel_value lower(struct cel_run *run, struct cel_value v)
{
    char *copy = cel_take_bytes(run, v.len);
    if (copy == NULL) {
        return cel_error("the expression needs too much memory");
    }
    for (uint32_t i = 0; i < v.len; i++) {
        char c = v.text[i];
        copy[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    v.text = copy;
    return v;
}

static struct cel_value text_question(struct cel_run *run, enum cel_function function,
                                      struct cel_value of, struct cel_value part)
{
    struct str text = cel_text(of);
    struct str word = cel_text(part);
    switch ((int)function) {
    case FN_STARTS:
        return cel_bool(str_starts(text, word));
    case FN_ENDS:
        return cel_bool(str_ends(text, word));
    default:
        run->steps += (uint64_t)(text.len / 16 + 1) * (word.len / 16 + 1) - 1;
        return cel_bool(word.len == 0 || str_find_str(text, word) < text.len);
    }
}

struct cel_value cel_call(struct cel_run *run, enum cel_function function,
                          const struct cel_value *args, uint32_t count)
{
    const struct cel_signature *s = cel_signature(function);
    struct cel_value v = args[0];
    for (uint32_t i = 0; i < count; i++) {
        if (args[i].kind == CEL_ERROR) {
            return args[i];
        }
        if (((i == 0 ? s->first : s->second) & K(args[i].kind)) == 0) {
            return cel_no_overload();
        }
    }
    switch ((int)function) {
    case FN_SIZE:
        if (v.kind == CEL_STRING) {
            run->steps += v.len / 16;
            return cel_int(code_points(cel_text(v)));
        }
        return cel_int(v.len);
    case FN_CONTAINS:
    case FN_STARTS:
    case FN_ENDS:
        return text_question(run, function, v, args[1]);
    case FN_LOWER:
        run->steps += v.len / 16;
        return lower(run, v);
    case FN_TYPE:
        return (struct cel_value){.kind = CEL_TYPE, .integer = v.kind};
    case FN_DYN:
        return v;
    default:
        break;
    }
    if (function >= FN_YEAR) {
        return cel_time_part(function, args, count);
    }
    run->steps += v.kind == CEL_STRING || v.kind == CEL_BYTES ? v.len / 16 : 0;
    return cel_convert(run, function, v);
}
