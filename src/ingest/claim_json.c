/* claim_json.c - scalars of a JSON document as keys and values.
 *
 * The subject is the dotted path of the object that holds the key; elements of arrays are
 * additive. An array's object is named by its "name" or "id" member where it has one, so
 * that a reordered list keeps its subjects. The walk keeps its own stack.
 */
#include "ingest/claim_internal.h"

#define DEPTH_MAX 128u

static bool is_scalar(const struct json *value)
{
    return value->kind != JSON_ARRAY && value->kind != JSON_OBJECT;
}

static struct str scalar_text(const struct json *value)
{
    return value->kind == JSON_STRING ? value->string : value->raw;
}

/* Name of a member within its parent. */
static struct str name_of(struct arena *arena, const struct json *parent, const struct json *value,
                          uint32_t index)
{
    static const char *const naming[] = {"name", "id", "key", "title"};
    if (parent->kind == JSON_OBJECT) {
        return value->key;
    }
    for (size_t i = 0; i < sizeof naming / sizeof naming[0]; i++) {
        const struct json *name = json_get(value, naming[i]);
        if (name != NULL && is_scalar(name) && scalar_text(name).len > 0) {
            return str_cut_at(scalar_text(name), 80);
        }
    }
    return arena_printf(arena, "%u", index);
}

static struct str join(struct arena *arena, struct str path, struct str name)
{
    if (path.len == 0) {
        return name;
    }
    return str_cut_at(arena_printf(arena, "%.*s.%.*s", STR_ARG(path), STR_ARG(name)),
                      CLAIM_TOPIC_BYTES_MAX);
}

static void add_scalar(struct claim_sink *sink, const struct json *parent, struct str path,
                       const struct json *value)
{
    struct str text = scalar_text(value);
    if (text.len == 0 || value->kind == JSON_NULL) {
        return;
    }
    bool element = parent->kind == JSON_ARRAY;
    struct str key = element ? STR("item") : value->key;
    struct str line =
        arena_printf(sink->arena, "%.*s%s%.*s: %.*s", STR_ARG(path), path.len > 0 ? "." : "",
                     STR_ARG(key), (int)str_cut_at(text, 200).len, text.at);
    struct claim *claim = claim_add(sink, CLAIM_KEY_VALUE, path, key, text, value->raw, line);
    if (claim != NULL) {
        claim->additive = element;
    }
}

void claims_from_json(struct claim_sink *sink, const struct json *root, struct str name)
{
    struct {
        const struct json *parent, *next;
        struct str path;
        uint32_t index;
    } stack[DEPTH_MAX];
    if (is_scalar(root)) {
        return;
    }
    uint32_t depth = 0;
    stack[depth].parent = root;
    stack[depth].next = root->first;
    stack[depth].path = name;
    stack[depth++].index = 0;
    while (depth > 0 && !sink->claims->cut) {
        const struct json *parent = stack[depth - 1].parent;
        const struct json *value = stack[depth - 1].next;
        struct str path = stack[depth - 1].path;
        if (value == NULL) {
            depth--;
            continue;
        }
        uint32_t index = stack[depth - 1].index++;
        stack[depth - 1].next = value->next;
        if (is_scalar(value)) {
            add_scalar(sink, parent, path, value);
        } else if (depth < DEPTH_MAX) {
            stack[depth].path = join(sink->arena, path, name_of(sink->arena, parent, value, index));
            stack[depth].parent = value;
            stack[depth].next = value->first;
            stack[depth++].index = 0;
        }
    }
}
