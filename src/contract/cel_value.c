/* cel_value.c - values: equality, order, fields and items, however they are held.
 *
 * A list or map that comes from a JSON document stays JSON and is read where it lies; one
 * that an expression makes is an array in the run's memory. A cursor hides the difference.
 */
#include <math.h>

#include "base/check.h"
#include "contract/cel_internal.h"

const char *cel_kind_word(enum cel_kind kind)
{
    static const char *const words[] = {
#define X(name, word) [name] = (word),
        CEL_KIND_TABLE(X)
#undef X
    };
    return words[kind];
}

struct cel_value cel_no_overload(void)
{
    return cel_error("no such overload");
}

struct cel_value cel_of_json(const struct json *json)
{
    switch (json->kind) {
    case JSON_NULL:
        break;
    case JSON_FALSE:
    case JSON_TRUE:
        return cel_bool(json->kind == JSON_TRUE);
    case JSON_INT:
        return cel_int(json->integer);
    case JSON_NUMBER:
        return cel_double(json->number);
    case JSON_STRING:
        return cel_string(json->string);
    case JSON_ARRAY:
    case JSON_OBJECT:
        return (struct cel_value){.kind = json->kind == JSON_ARRAY ? CEL_LIST : CEL_MAP,
                                  .form = CEL_OF_JSON,
                                  .len = json->count,
                                  .json = json};
    }
    return (struct cel_value){.kind = CEL_NULL};
}

struct cel_value *cel_take(struct cel_run *run, size_t count)
{
    return (struct cel_value *)(void *)cel_take_bytes(run, count * sizeof(struct cel_value));
}

char *cel_take_bytes(struct cel_run *run, size_t bytes)
{
    size_t rounded = (bytes + 15) & ~(size_t)15;
    if (rounded < bytes || rounded > run->memory_len - run->memory_used) {
        return NULL;
    }
    uint8_t *at = run->memory + run->memory_used;
    run->memory_used += rounded;
    return (char *)at;
}

/* Most texts that differ do so at once: the first byte spares the call. */
static inline bool same_bytes(const char *a, const char *b, size_t len)
{
    return len == 0 || (a[0] == b[0] && memcmp(a, b, len) == 0);
}

/* -- numbers ------------------------------------------------------------------------ */

bool cel_is_number(struct cel_value v)
{
    return v.kind == CEL_INT || v.kind == CEL_UINT || v.kind == CEL_DOUBLE;
}

static int order_i64(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int order_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int order_double(double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return 2;
    }
    return a < b ? -1 : a > b;
}

/* Beyond the whole numbers' range the real one decides; within it both are compared as
 * doubles, as the language's tests want it, so 2^63 - 1 equals 2^63 as a double. */
static int order_mixed(struct cel_value whole, double real)
{
    bool natural = whole.kind == CEL_UINT;
    if (real < (natural ? 0.0 : -0x1p63)) {
        return 1;
    }
    if (real > (natural ? 0x1p64 : 0x1p63)) {
        return -1;
    }
    return order_double(natural ? (double)whole.natural : (double)whole.integer, real);
}

static int order_numbers(struct cel_value a, struct cel_value b)
{
    if (a.kind == CEL_DOUBLE && b.kind == CEL_DOUBLE) {
        return order_double(a.number, b.number);
    }
    if (b.kind == CEL_DOUBLE) {
        return order_mixed(a, b.number);
    }
    if (a.kind == CEL_DOUBLE) {
        int order = order_mixed(b, a.number);
        return order == 2 ? 2 : -order;
    }
    if (a.kind == b.kind) {
        return a.kind == CEL_INT ? order_i64(a.integer, b.integer)
                                 : order_u64(a.natural, b.natural);
    }
    if (a.kind == CEL_INT) {
        return a.integer < 0 ? -1 : order_u64((uint64_t)a.integer, b.natural);
    }
    return b.integer < 0 ? 1 : order_u64(a.natural, (uint64_t)b.integer);
}

int cel_compare(struct cel_value a, struct cel_value b)
{
    if (cel_is_number(a) && cel_is_number(b)) {
        return order_numbers(a, b);
    }
    if (a.kind != b.kind) {
        return 3;
    }
    switch (a.kind) {
    case CEL_BOOL:
        return (int)a.boolean - (int)b.boolean;
    case CEL_STRING:
    case CEL_BYTES: {
        int order = str_compare(cel_text(a), cel_text(b));
        return order < 0 ? -1 : order > 0;
    }
    case CEL_TIMESTAMP:
    case CEL_DURATION: {
        int order = order_i64(a.integer, b.integer);
        return order != 0 ? order : order_u64(a.len, b.len);
    }
    default:
        return 3;
    }
}

/* -- lists and maps ------------------------------------------------------------------- */

struct cel_cursor cel_cursor(struct cel_value of)
{
    struct cel_cursor cursor = {.of = of};
    if (of.form == CEL_OF_JSON) {
        cursor.member = of.json->first;
    }
    return cursor;
}

bool cel_next(struct cel_cursor *cursor, struct cel_value *out_key, struct cel_value *out_value)
{
    const struct cel_value *of = &cursor->of;
    if (cursor->index == of->len) {
        return false;
    }
    if (of->form == CEL_OF_JSON) {
        *out_value = cel_of_json(cursor->member);
        *out_key = of->kind == CEL_MAP ? cel_string(cursor->member->key) : *out_value;
        cursor->member = cursor->member->next;
    } else if (of->kind == CEL_MAP) {
        *out_key = of->items[2 * (size_t)cursor->index];
        *out_value = of->items[2 * (size_t)cursor->index + 1];
    } else {
        *out_key = *out_value = of->items[cursor->index];
    }
    cursor->index++;
    return true;
}

static bool json_find(const struct json *object, struct str key, struct cel_value *out_value)
{
    for (const struct json *m = object->first; m != NULL; m = m->next) {
        if (m->key.len == key.len && same_bytes(m->key.at, key.at, key.len)) {
            *out_value = cel_of_json(m);
            return true;
        }
    }
    return false;
}

bool cel_map_find(struct cel_value map, struct cel_value key, struct cel_value *out_value)
{
    if (map.form == CEL_OF_JSON) {
        return key.kind == CEL_STRING && json_find(map.json, cel_text(key), out_value);
    }
    for (uint32_t i = 0; i < map.len; i++) {
        uint64_t steps = 0;
        if (cel_same(map.items[2 * (size_t)i], key, &steps)) {
            *out_value = map.items[2 * (size_t)i + 1];
            return true;
        }
    }
    return false;
}

struct cel_value cel_select(struct cel_value object, struct cel_value name, bool test)
{
    struct cel_value value;
    if (object.kind == CEL_ERROR) {
        return object;
    }
    if (object.kind != CEL_MAP) {
        return cel_no_overload();
    }
    bool found = cel_map_find(object, name, &value);
    if (test) {
        return cel_bool(found);
    }
    return found ? value : cel_error("no such key");
}

struct cel_value cel_make_map(struct cel_run *run, const struct cel_value *items, uint32_t entries)
{
    struct cel_value *copy = cel_take(run, 2 * (size_t)entries);
    if (copy == NULL) {
        return cel_error("the expression needs too much memory");
    }
    struct cel_value map = {.kind = CEL_MAP, .items = copy};
    for (uint32_t i = 0; i < entries; i++) {
        struct cel_value key = items[2 * (size_t)i];
        struct cel_value value = items[2 * (size_t)i + 1];
        struct cel_value other;
        if (key.kind == CEL_ERROR || value.kind == CEL_ERROR) {
            return key.kind == CEL_ERROR ? key : value;
        }
        if (key.kind != CEL_BOOL && key.kind != CEL_INT && key.kind != CEL_UINT &&
            key.kind != CEL_STRING) {
            return cel_error("unsupported key type");
        }
        if (cel_map_find(map, key, &other)) {
            return cel_error("repeated key in a map");
        }
        copy[2 * (size_t)i] = key;
        copy[2 * (size_t)i + 1] = value;
        map.len++;
    }
    run->steps += (uint64_t)entries * entries;
    return map;
}

/* -- equality ---------------------------------------------------------------------------- */

static bool same_lists(struct cel_value a, struct cel_value b, uint64_t *steps)
{
    struct cel_cursor ca = cel_cursor(a);
    struct cel_cursor cb = cel_cursor(b);
    struct cel_value key;
    struct cel_value x;
    struct cel_value y;
    while (cel_next(&ca, &key, &x) && cel_next(&cb, &key, &y)) {
        if (!cel_same(x, y, steps)) {
            return false;
        }
    }
    return true;
}

static bool same_maps(struct cel_value a, struct cel_value b, uint64_t *steps)
{
    struct cel_cursor ca = cel_cursor(a);
    struct cel_value key;
    struct cel_value x;
    struct cel_value y;
    while (cel_next(&ca, &key, &x)) {
        *steps += b.len / 4;
        if (!cel_map_find(b, key, &y) || !cel_same(x, y, steps)) {
            return false;
        }
    }
    return true;
}

bool cel_same(struct cel_value a, struct cel_value b, uint64_t *steps)
{
    *steps += 1;
    if (cel_is_number(a) && cel_is_number(b)) {
        return order_numbers(a, b) == 0;
    }
    if (a.kind != b.kind) {
        return false;
    }
    switch (a.kind) {
    case CEL_NULL:
        return true;
    case CEL_BOOL:
        return a.boolean == b.boolean;
    case CEL_STRING:
    case CEL_BYTES:
        if (a.len != b.len) {
            return false;
        }
        *steps += a.len / 16;
        return same_bytes(a.text, b.text, a.len);
    case CEL_LIST:
        return a.len == b.len && same_lists(a, b, steps);
    case CEL_MAP:
        return a.len == b.len && same_maps(a, b, steps);
    case CEL_TIMESTAMP:
    case CEL_DURATION:
        return a.integer == b.integer && a.len == b.len;
    case CEL_TYPE:
        return a.integer == b.integer;
    default:
        return false;
    }
}

bool cel_equal(struct cel_value a, struct cel_value b)
{
    uint64_t steps = 0;
    return cel_same(a, b, &steps);
}
