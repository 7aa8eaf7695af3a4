/* args.c - checks the body of a request against the fields of its operation.
 *
 * Types, required fields, unknown fields and sizes are judged here, once for all
 * operations; what a value means is judged by the board.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "codec/bytes.h"
#include "gateway/gateway_internal.h"

static bool string_fits(const struct json *value, uint64_t bytes_max, struct result *result,
                        const char *name)
{
    if (value->string.len <= bytes_max) {
        return true;
    }
    result_fail(result, BOARD_TOO_LARGE, NULL, "field `%s` is longer than %llu bytes", name,
                (unsigned long long)bytes_max);
    return false;
}

static bool all_strings(const struct json *value)
{
    for (const struct json *item = value->first; item != NULL; item = item->next) {
        if (item->kind != JSON_STRING || item->string.len == 0) {
            return false;
        }
    }
    return true;
}

/* Only the named members, each of its kind ('s' string, 'i' integer); the first
 * `required` of them must be there. */
static bool object_fits(const struct json *value, const char *const *names, const char *kinds,
                        size_t required)
{
    uint32_t found = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        const struct json *member = json_get(value, names[i]);
        if (member == NULL) {
            if (i < required) {
                return false;
            }
            continue;
        }
        found++;
        if (member->kind != (kinds[i] == 's' ? JSON_STRING : JSON_INT)) {
            return false;
        }
    }
    return found == value->count;
}

static const char *const content_names[] = {"mime_type", "data", "encoding", NULL};
static const char *const under_names[] = {"intent", "epoch", NULL};

static bool content_fits(const struct json *value)
{
    if (value->kind != JSON_OBJECT || !object_fits(value, content_names, "sss", 2)) {
        return false;
    }
    const struct json *encoding = json_get(value, "encoding");
    return encoding == NULL || str_is(encoding->string, "base64");
}

static bool under_fits(const struct json *value)
{
    if (value->kind != JSON_OBJECT || !object_fits(value, under_names, "si", 2)) {
        return false;
    }
    int64_t epoch = json_get_int(value, "epoch", 0);
    return epoch >= 1 && (uint64_t)epoch <= EPOCH_MAX;
}

static bool word_fits(struct str value, const char *words)
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

static bool number_fits(const struct field *field, const struct json *value)
{
    if (value->kind != JSON_INT && value->kind != JSON_NUMBER) {
        return false;
    }
    double number = json_number(value, 0);
    return number >= (double)field->min && number <= (double)field->max;
}

/* The kind and range, not the size. */
static bool type_fits(const struct field *field, const struct json *value)
{
    switch (field->type) {
    case FIELD_NAME:
    case FIELD_TEXT:
    case FIELD_ID:
        return value->kind == JSON_STRING && value->string.len > 0;
    case FIELD_WORD:
        return value->kind == JSON_STRING && word_fits(value->string, field->words);
    case FIELD_INT:
        return value->kind == JSON_INT && value->integer >= field->min &&
               value->integer <= field->max;
    case FIELD_NUMBER:
        return number_fits(field, value);
    case FIELD_BOOL:
        return value->kind == JSON_TRUE || value->kind == JSON_FALSE;
    case FIELD_IDS:
    case FIELD_NAMES:
        return value->kind == JSON_ARRAY && all_strings(value);
    case FIELD_CONTENT:
        return content_fits(value);
    case FIELD_UNDER:
        return under_fits(value);
    case FIELD_JSON:
        return true;
    case FIELD_OPS:
        return value->kind == JSON_ARRAY && value->count > 0;
    }
    UNREACHABLE("a field has a type");
}

static bool count_fits(const struct json *value, uint64_t count_max, struct result *result,
                       const char *name)
{
    if (value->count <= count_max) {
        return true;
    }
    result_fail(result, BOARD_TOO_LARGE, "send fewer at once",
                "field `%s` has %lu items; at most %llu are taken", name,
                (unsigned long)value->count, (unsigned long long)count_max);
    return false;
}

static bool names_fit(const struct json *value, const struct limits *limits,
                      struct result *result, const char *name)
{
    for (const struct json *item = value->first; item != NULL; item = item->next) {
        if (!string_fits(item, limits->name_bytes_max, result, name)) {
            return false;
        }
    }
    return count_fits(value, limits->links_max, result, name);
}

static bool size_fits(const struct field *field, const struct json *value,
                      const struct limits *limits, struct result *result)
{
    switch (field->type) {
    case FIELD_NAME:
        return string_fits(value, limits->name_bytes_max, result, field->name);
    case FIELD_TEXT:
        return string_fits(value, limits->text_bytes_max, result, field->name);
    case FIELD_IDS:
        return count_fits(value, limits->links_max, result, field->name);
    case FIELD_NAMES:
        return names_fit(value, limits, result, field->name);
    case FIELD_OPS:
        return count_fits(value, limits->batch_ops_max, result, field->name);
    case FIELD_JSON:
        if (value->raw.len <= limits->text_bytes_max) {
            return true;
        }
        result_fail(result, BOARD_TOO_LARGE, NULL, "field `%s` is longer than %llu bytes",
                    field->name, (unsigned long long)limits->text_bytes_max);
        return false;
    case FIELD_ID:
    case FIELD_WORD:
    case FIELD_INT:
    case FIELD_NUMBER:
    case FIELD_BOOL:
    case FIELD_CONTENT:
    case FIELD_UNDER:
        return true;
    }
    UNREACHABLE("a field has a type");
}

static bool take_field(struct gateway *gateway, const struct field *field,
                       const struct json *value, struct result *result)
{
    const struct limits *limits = &gateway->options.limits;
    if (type_fits(field, value)) {
        return size_fits(field, value, limits, result);
    }
    struct buf words = {0};
    field_describe(field, limits, &words);
    result_fail(result, BOARD_INVALID, NULL, "field `%s` must be %s", field->name,
                buf_cstr(&words));
    buf_deinit(&words);
    return false;
}

static size_t field_index(const struct field *fields, size_t count, struct str name)
{
    size_t i = 0;
    while (i < count && !str_is(name, fields[i].name)) {
        i++;
    }
    return i;
}

bool args_object(struct gateway *gateway, const struct operation *op, const struct json *object,
                 bool in_batch, struct args *out_args, struct result *out_result)
{
    CHECK(op->fields_count <= ARGS_MAX);
    memset(out_args->value, 0, sizeof out_args->value);
    if (object->kind != JSON_OBJECT) {
        result_fail(out_result, BOARD_INVALID, NULL,
                    in_batch ? "each of `ops` must be an object"
                             : "the body must be a JSON object");
        return false;
    }
    for (const struct json *member = object->first; member != NULL; member = member->next) {
        size_t i = field_index(op->fields, op->fields_count, member->key);
        if (i < op->fields_count) {
            if (!take_field(gateway, &op->fields[i], member, out_result)) {
                return false;
            }
            out_args->value[i] = member;
        } else if (!in_batch || (!str_is(member->key, "op") && !str_is(member->key, "intent"))) {
            int len = (int)(member->key.len < 64 ? member->key.len : 64);
            result_fail(out_result, BOARD_INVALID, NULL, "there is no field `%.*s` in %s", len,
                        member->key.at, op->name);
            return false;
        }
    }
    for (size_t i = 0; i < op->fields_count; i++) {
        if (op->fields[i].required && out_args->value[i] == NULL) {
            result_fail(out_result, BOARD_INVALID, NULL, "field `%s` is missing",
                        op->fields[i].name);
            return false;
        }
    }
    return true;
}

bool args_body(struct call *call)
{
    struct json *value = NULL;
    struct json_error error;
    struct str body = call->body.len > 0 ? call->body : STR("{}");
    if (!json_parse(&call->gateway->arena, body, NULL, &value, &error)) {
        call_fail(call, BOARD_INVALID, NULL, "the body is not valid JSON: %s at byte %zu",
                  error.cause, error.offset);
        return false;
    }
    struct result result;
    if (!args_object(call->gateway, call->op, value, false, &call->args, &result)) {
        problem_result(call, &result);
        return false;
    }
    return true;
}

/* -- what handlers ask for ---------------------------------------------------------- */

struct str arg_str(const struct args *args, int arg)
{
    return args->value[arg] == NULL ? STR_NONE : args->value[arg]->string;
}

int64_t arg_int(const struct args *args, int arg, int64_t fallback)
{
    return args->value[arg] == NULL ? fallback : args->value[arg]->integer;
}

bool arg_bool(const struct args *args, int arg)
{
    return args->value[arg] != NULL && args->value[arg]->kind == JSON_TRUE;
}

bool arg_id(struct call *call, struct str text, struct str *out_id, struct result *result)
{
    *out_id = text;
    if (call->batch == NULL || text.len == 0 || text.at[0] != '$') {
        return true;
    }
    unsigned long long number = 0;
    if (!str_to_u64(str_sub(text, 1, text.len), &number)) {
        result_fail(result, BOARD_INVALID, NULL, "a reference into the batch must be \"$N\"");
        return false;
    }
    if (number >= call->batch->done) {
        result_fail(result, BOARD_INVALID_REFERENCE, "put the operation referred to first",
                    "$%llu does not come before the operation that refers to it: a cycle", number);
        return false;
    }
    const char *id = call->batch->ids[number];
    if (id[0] == 0) {
        result_fail(result, BOARD_INVALID_REFERENCE, NULL, "operation %llu made no record",
                    number);
        return false;
    }
    *out_id = str_of(id);
    return true;
}

bool arg_ids(struct call *call, const struct args *args, int arg, struct id_list *out_ids,
             struct result *result)
{
    *out_ids = (struct id_list){0};
    const struct json *value = args->value[arg];
    if (value == NULL || value->count == 0) {
        return true;
    }
    struct str *ids = arena_alloc(&call->gateway->arena, value->count * sizeof *ids);
    size_t count = 0;
    for (const struct json *item = value->first; item != NULL; item = item->next) {
        if (!arg_id(call, item->string, &ids[count++], result)) {
            return false;
        }
    }
    *out_ids = (struct id_list){.ids = ids, .count = count};
    return true;
}

bool arg_names(struct call *call, const struct args *args, int arg, const struct str **out_names,
               size_t *out_count)
{
    *out_names = NULL;
    *out_count = 0;
    const struct json *value = args->value[arg];
    if (value == NULL || value->count == 0) {
        return false;
    }
    struct str *names = arena_alloc(&call->gateway->arena, value->count * sizeof *names);
    size_t count = 0;
    for (const struct json *item = value->first; item != NULL; item = item->next) {
        names[count++] = item->string;
    }
    *out_names = names;
    *out_count = count;
    return true;
}

bool arg_content(struct call *call, const struct args *args, int arg, struct content *out_content,
                 struct result *result)
{
    const struct json *value = args->value[arg];
    struct buf *scratch = &call->gateway->scratch;
    out_content->mime_type = json_get_str(value, "mime_type", STR_NONE);
    out_content->data = json_get_str(value, "data", STR_NONE);
    if (json_get(value, "encoding") == NULL) {
        return true;
    }
    buf_clear(scratch);
    if (!base64_decode(scratch, out_content->data)) {
        result_fail(result, BOARD_INVALID, "encode the bytes as RFC 4648 section 4 says",
                    "field `%s.data` is not valid base64", call->op->fields[arg].name);
        return false;
    }
    out_content->data = buf_str(scratch);
    return true;
}
