/* query.c - query parameters: known ones, each at most once, strictly decoded. */
#include <string.h>

#include "base/check.h"
#include "codec/utf8.h"
#include "gateway/gateway_internal.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool needs_decoding(struct str text, bool plus)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '%' || (plus && text.at[i] == '+')) {
            return true;
        }
    }
    return false;
}

bool percent_decode(struct arena *arena, struct str text, bool plus, struct str *out_text)
{
    if (!needs_decoding(text, plus)) {
        *out_text = text;
        return true;
    }
    char *to = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '%') {
            int high = -1;
            int low = -1;
            if (text.len - i > 2) {
                high = hex_value(text.at[i + 1]);
                low = hex_value(text.at[i + 2]);
            }
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        to[len++] = c;
    }
    *out_text = str_n(to, len);
    return utf8_valid(*out_text);
}

/* Fails with "query parameter `NAME` WORDS". */
static bool refuse(struct call *call, struct str name, const char *words)
{
    int len = (int)(name.len < 64 ? name.len : 64);
    call_fail(call, BOARD_INVALID, NULL, "query parameter `%.*s` %s", len, name.at, words);
    return false;
}

static bool word_known(struct str value, const char *words)
{
    struct str rest = str_of(words);
    struct str word;
    while (str_cut(&rest, '|', &word)) {
        if (str_eq(word, value)) {
            return true;
        }
    }
    return false;
}

static bool value_fits(struct call *call, const struct field *field, struct str value,
                       int64_t *out_number)
{
    const struct limits *limits = &call->gateway->options.limits;
    long long number = 0;
    bool fits = false;
    switch (field->type) {
    case FIELD_NAME:
        fits = value.len > 0 && value.len <= limits->name_bytes_max;
        break;
    case FIELD_WORD:
        fits = word_known(value, field->words);
        break;
    case FIELD_INT:
        fits = str_to_i64(value, &number) && number >= field->min && number <= field->max;
        break;
    case FIELD_TEXT:
    case FIELD_ID:
    case FIELD_NUMBER:
    case FIELD_BOOL:
    case FIELD_IDS:
    case FIELD_NAMES:
    case FIELD_CONTENT:
    case FIELD_UNDER:
    case FIELD_JSON:
    case FIELD_OPS:
        UNREACHABLE("query parameters are names, words and integers");
    }
    *out_number = number;
    if (fits) {
        return true;
    }
    struct buf words = {0};
    buf_add_text(&words, "must be ");
    field_describe(field, limits, &words);
    refuse(call, str_of(field->name), buf_cstr(&words));
    buf_deinit(&words);
    return false;
}

static bool take_pair(struct call *call, struct str pair)
{
    const struct operation *op = call->op;
    struct arena *arena = &call->gateway->arena;
    size_t mark = str_find(pair, '=', 0);
    struct str name = str_sub(pair, 0, mark);
    struct str value = str_sub(pair, mark + 1, pair.len);
    if (!percent_decode(arena, name, true, &name)) {
        return refuse(call, name, "is not percent-encoded UTF-8");
    }
    size_t i = 0;
    while (i < op->query_count && !str_is(name, op->query[i].name)) {
        i++;
    }
    if (i == op->query_count) {
        return refuse(call, name, "is not known here");
    }
    if (!percent_decode(arena, value, true, &value)) {
        return refuse(call, name, "is not percent-encoded UTF-8");
    }
    if (call->args.given[i]) {
        return refuse(call, name, "is given twice");
    }
    call->args.given[i] = true;
    call->args.text[i] = value;
    return value_fits(call, &op->query[i], value, &call->args.number[i]);
}

bool args_query(struct call *call)
{
    CHECK(call->op->query_count <= ARGS_MAX);
    struct str rest = call->query;
    struct str pair;
    while (rest.len > 0 && str_cut(&rest, '&', &pair)) {
        if (pair.len == 0) {
            call_fail(call, BOARD_INVALID, NULL, "the query has an empty parameter");
            return false;
        }
        if (!take_pair(call, pair)) {
            return false;
        }
    }
    for (size_t i = 0; i < call->op->query_count; i++) {
        if (call->op->query[i].required && !call->args.given[i]) {
            return refuse(call, str_of(call->op->query[i].name), "is missing");
        }
    }
    return true;
}
