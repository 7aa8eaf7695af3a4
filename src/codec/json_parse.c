/* json_parse.c - the reader: one pass, no recursion.
 *
 * Open containers need no stack: while a container is open its `next` holds the
 * container around it, for it has no next sibling yet. Closing it takes the outer
 * one back from there, and the closed container is then the outer one's last member.
 *
 *   value --scalar-----------------------------> after
 *   value --open, empty--> close --------------> after
 *   value --open--> (key, colon in an object) -> value
 *   after --comma--> (key, colon) -------------> value
 *   after --closing bracket--> close ----------> after
 *   after --nothing open, end of text----------> done
 *
 * Invariants: (1) `last` is the last member of `open`, NULL when it has none;
 * (2) `depth` counts the open containers; (3) a node is linked before it is filled,
 * which no caller sees, because a failed read gives no tree.
 */
#include <string.h>

#include "base/check.h"
#include "codec/json_internal.h"

#define DEPTH_DEFAULT    64
#define DEPTH_CEILING    1024
#define NODES_DEFAULT    1000000
#define NODES_STEP_FIRST 8
#define NODES_STEP_MAX   256

struct place {
    struct json *open; /* the innermost open container, or NULL */
    struct json *last;
    struct json *root;
};

static void skip_space(struct json_reader *r)
{
    while (r->at < r->end &&
           (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) {
        r->at++;
    }
}

/* The next byte that is no white space stays at r->at. */
static bool next_byte(struct json_reader *r, uint8_t *out_byte)
{
    skip_space(r);
    if (r->at == r->end) {
        return json_fail(r, r->at, "unexpected end");
    }
    *out_byte = *r->at;
    return true;
}

/* Nodes come in growing steps, as many values are alone and many are in crowds. */
static struct json *node_new(struct json_reader *r)
{
    if (r->spare_count == 0) {
        uint32_t step = r->nodes_count == 0 ? NODES_STEP_FIRST : r->nodes_count;
        step = step > NODES_STEP_MAX ? NODES_STEP_MAX : step;
        r->spare = arena_alloc(r->arena, step * sizeof *r->spare);
        r->spare_count = step;
        r->nodes_count += step;
    }
    r->spare_count--;
    return r->spare++;
}

static struct json *node_add(struct json_reader *r, struct place *place, struct str key)
{
    if (r->nodes_left == 0) {
        (void)json_fail(r, r->at, "too many values");
        return NULL;
    }
    r->nodes_left--;
    struct json *node = node_new(r);
    *node = (struct json){.key = key, .raw = str_n(r->at, 0)};
    if (place->open == NULL) {
        place->root = node;
        return node;
    }
    if (place->last == NULL) {
        place->open->first = node;
    } else {
        place->last->next = node;
    }
    place->open->count++;
    place->last = node;
    return node;
}

static bool read_literal(struct json_reader *r, struct json *node, struct str word,
                         enum json_kind kind)
{
    if ((size_t)(r->end - r->at) < word.len || memcmp(r->at, word.at, word.len) != 0) {
        return json_fail(r, r->at, "unexpected character");
    }
    r->at += word.len;
    node->kind = kind;
    return true;
}

static bool read_scalar(struct json_reader *r, struct json *node)
{
    switch (*r->at) {
    case '"':
        node->kind = JSON_STRING;
        return json_read_string(r, &node->string);
    case 't':
        return read_literal(r, node, STR("true"), JSON_TRUE);
    case 'f':
        return read_literal(r, node, STR("false"), JSON_FALSE);
    case 'n':
        return read_literal(r, node, STR("null"), JSON_NULL);
    default:
        if (*r->at != '-' && (*r->at < '0' || *r->at > '9')) {
            return json_fail(r, r->at, "unexpected character");
        }
        return json_read_number(r, node);
    }
}

/* A key and its colon; r->at ends on the first byte of the value. */
static bool read_key(struct json_reader *r, struct str *out_key)
{
    uint8_t byte;
    if (!next_byte(r, &byte)) {
        return false;
    }
    if (byte != '"') {
        return json_fail(r, r->at, "a key was expected");
    }
    if (!json_read_string(r, out_key) || !next_byte(r, &byte)) {
        return false;
    }
    if (byte != ':') {
        return json_fail(r, r->at, "a colon was expected");
    }
    r->at++;
    return true;
}

static bool open_container(struct json_reader *r, struct place *place, struct json *node)
{
    if (r->depth == r->depth_max) {
        return json_fail(r, r->at, "nested too deeply");
    }
    r->depth++;
    node->kind = *r->at == '{' ? JSON_OBJECT : JSON_ARRAY;
    node->first = NULL;
    node->next = place->open;
    place->open = node;
    place->last = NULL;
    r->at++;
    return true;
}

/* r->at stands on the closing bracket. */
static bool close_container(struct json_reader *r, struct place *place)
{
    struct json *node = place->open;
    CHECK(node != NULL);
    CHECK(r->depth > 0);
    r->at++;
    r->depth--;
    node->raw.len = (size_t)(r->at - (const uint8_t *)node->raw.at);
    place->open = node->next;
    place->last = node;
    node->next = NULL;
    if (node->kind == JSON_OBJECT && !r->repeat_keys) {
        const struct json *twice = json_duplicate(r->arena, node);
        if (twice != NULL) {
            return json_fail(r, (const uint8_t *)twice->raw.at, "duplicate key");
        }
    }
    return true;
}

static uint8_t closing_of(const struct json *container)
{
    return container->kind == JSON_OBJECT ? '}' : ']';
}

/* From behind a value to the next one: over closing brackets and a comma. *out_more
 * is false when the outermost value is complete. */
static bool after_value(struct json_reader *r, struct place *place, struct str *out_key,
                        bool *out_more)
{
    while (place->open != NULL) {
        uint8_t byte;
        if (!next_byte(r, &byte)) {
            return false;
        }
        if (byte == ',') {
            r->at++;
            *out_more = true;
            return place->open->kind != JSON_OBJECT || read_key(r, out_key);
        }
        if (byte != closing_of(place->open)) {
            return json_fail(r, r->at, "a comma or a closing bracket was expected");
        }
        if (!close_container(r, place)) {
            return false;
        }
    }
    *out_more = false;
    return true;
}

/* Reads a scalar whole, of a container only its beginning. *out_complete is false
 * when the first member of a container comes next. */
static bool read_value(struct json_reader *r, struct place *place, struct str *key,
                       bool *out_complete)
{
    uint8_t byte;
    if (!next_byte(r, &byte)) {
        return false;
    }
    struct json *node = node_add(r, place, *key);
    if (node == NULL) {
        return false;
    }
    *key = STR_NONE;
    *out_complete = true;
    if (byte != '{' && byte != '[') {
        bool ok = read_scalar(r, node);
        node->raw.len = (size_t)(r->at - (const uint8_t *)node->raw.at);
        return ok;
    }
    if (!open_container(r, place, node) || !next_byte(r, &byte)) {
        return false;
    }
    if (byte == closing_of(node)) {
        return close_container(r, place);
    }
    *out_complete = false;
    return node->kind != JSON_OBJECT || read_key(r, key);
}

static bool read_text(struct json_reader *r, struct place *place)
{
    struct str key = STR_NONE;
    bool more = true;
    while (more) {
        bool complete;
        if (!read_value(r, place, &key, &complete)) {
            return false;
        }
        if (complete && !after_value(r, place, &key, &more)) {
            return false;
        }
    }
    CHECK(r->depth == 0);
    skip_space(r);
    if (r->at < r->end) {
        return json_fail(r, r->at, "text after the value");
    }
    return true;
}

bool json_parse(struct arena *arena, struct str text, const struct json_limits *limits,
                struct json **out_value, struct json_error *out_error)
{
    CHECK(text.at != NULL || text.len == 0);
    struct json_limits given = limits != NULL ? *limits : (struct json_limits){0};
    CHECK(given.depth_max <= DEPTH_CEILING);
    const uint8_t *begin = (const uint8_t *)(text.at != NULL ? text.at : "");
    struct json_reader r = {
        .at = begin,
        .begin = begin,
        .end = begin + text.len,
        .arena = arena,
        .nodes_left = given.nodes_max != 0 ? given.nodes_max : NODES_DEFAULT,
        .depth_max = given.depth_max != 0 ? given.depth_max : DEPTH_DEFAULT,
        .repeat_keys = given.repeat_keys,
    };
    struct place place = {0};
    if (!read_text(&r, &place)) {
        CHECK(r.error.cause != NULL);
        CHECK(r.error.offset <= text.len);
        *out_error = r.error;
        return false;
    }
    CHECK(place.root != NULL);
    *out_value = place.root;
    return true;
}
