/* json_fuzz.c - what was read and written again reads as the same tree, compact and
 * pretty, and writing that once more changes no byte.
 */
#include <string.h>

#include "base/check.h"
#include "codec/json.h"
#include "codec/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool same(const struct json *a, const struct json *b)
{
    if (a->kind != b->kind || !str_eq(a->key, b->key)) {
        return false;
    }
    switch (a->kind) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        return true;
    case JSON_INT:
        return a->integer == b->integer;
    case JSON_NUMBER:
        return memcmp(&a->number, &b->number, sizeof a->number) == 0;
    case JSON_STRING:
        return str_eq(a->string, b->string) && utf8_valid(a->string);
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    const struct json *x = a->first;
    const struct json *y = b->first;
    uint32_t count = 0;
    for (; x != NULL && y != NULL; x = x->next, y = y->next, count++) {
        if (!same(x, y)) {
            return false;
        }
    }
    return x == NULL && y == NULL && count == a->count && count == b->count;
}

static void write_again(struct buf *out, const struct json *value, bool pretty)
{
    struct json_writer w;
    buf_clear(out);
    jw_init(&w, out, pretty);
    jw_value(&w, value);
}

static void check_again(const struct json *value, bool pretty)
{
    struct arena arena = {0};
    struct buf first = {0};
    struct buf second = {0};
    struct json *again = NULL;
    struct json_error error;
    write_again(&first, value, pretty);
    bool read = json_parse(&arena, buf_str(&first), NULL, &again, &error);
    CHECK(read);
    CHECK(same(value, again));
    write_again(&second, again, pretty);
    CHECK(str_eq(buf_str(&first), buf_str(&second)));
    buf_deinit(&first);
    buf_deinit(&second);
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena arena = {0};
    struct str text = str_n(bytes, len);
    struct json *value = NULL;
    struct json_error error = {0};
    if (json_parse(&arena, text, NULL, &value, &error)) {
        CHECK(utf8_valid(text));
        check_again(value, false);
        check_again(value, true);
    } else {
        CHECK(error.cause != NULL);
        CHECK(error.offset <= len);
    }
    arena_deinit(&arena);
    return 0;
}
