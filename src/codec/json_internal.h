/* json_internal.h - what the parts of the JSON reader share. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "codec/json.h"

struct json_reader {
    const uint8_t *at; /* the next byte */
    const uint8_t *end;
    const uint8_t *begin;
    struct arena *arena;
    struct json *spare; /* nodes taken from the arena, not used yet */
    uint32_t spare_count;
    uint32_t nodes_count; /* nodes taken from the arena in all */
    uint32_t nodes_left;
    uint32_t depth;
    uint32_t depth_max;
    bool repeat_keys;
    struct json_error error;
};

/* Notes where and why; always false, so that callers can return it. */
static inline bool json_fail(struct json_reader *r, const uint8_t *where, const char *cause)
{
    r->error = (struct json_error){(size_t)(where - r->begin), cause};
    return false;
}

/* A number at r->at, which is a digit or a minus sign, into the node. */
MUST_USE bool json_read_number(struct json_reader *r, struct json *node);
/* A string whose opening quote is at r->at. */
MUST_USE bool json_read_string(struct json_reader *r, struct str *out_text);
/* The value of the first member whose key stood before, or NULL. */
const struct json *json_duplicate(struct arena *arena, const struct json *object);
