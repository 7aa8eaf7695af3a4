/* json.c - questions to a tree that was read. Members are a plain list in the order
 * of the text: objects of a protocol have a handful of them. */
#include "codec/json.h"

#include "base/check.h"

static const struct json *find(const struct json *object, const char *key, enum json_kind kind)
{
    const struct json *member = json_get(object, key);
    return member != NULL && member->kind == kind ? member : NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
    CHECK(key != NULL);
    if (object == NULL || object->kind != JSON_OBJECT) {
        return NULL;
    }
    struct str name = str_of(key);
    for (const struct json *member = object->first; member != NULL; member = member->next) {
        if (str_eq(member->key, name)) {
            return member;
        }
    }
    return NULL;
}

struct str json_get_str(const struct json *object, const char *key, struct str fallback)
{
    const struct json *member = find(object, key, JSON_STRING);
    return member != NULL ? member->string : fallback;
}

int64_t json_get_int(const struct json *object, const char *key, int64_t fallback)
{
    const struct json *member = find(object, key, JSON_INT);
    return member != NULL ? member->integer : fallback;
}

bool json_get_bool(const struct json *object, const char *key, bool fallback)
{
    const struct json *member = json_get(object, key);
    if (member == NULL || (member->kind != JSON_TRUE && member->kind != JSON_FALSE)) {
        return fallback;
    }
    return member->kind == JSON_TRUE;
}

double json_number(const struct json *value, double fallback)
{
    if (value == NULL) {
        return fallback;
    }
    if (value->kind == JSON_INT) {
        return (double)value->integer;
    }
    return value->kind == JSON_NUMBER ? value->number : fallback;
}
