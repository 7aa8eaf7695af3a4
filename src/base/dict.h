/* dict.h - strings to dense numbers and back.
 *
 * Numbers run from 0 in order of first appearance. Strings are copied in and
 * stay where they are, so a returned str lives as long as the dict.
 */
#pragma once
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define DICT_NONE UINT32_MAX

struct dict {
    struct arena text;
    struct str *names; /* by number */
    size_t names_cap;
    uint32_t count;
    uint32_t *slots; /* open addressing: number + 1, 0 = empty */
    uint32_t slots_count;
    size_t text_bytes;
};

void dict_deinit(struct dict *dict);
/* The number of `name`, adding it when new. */
uint32_t dict_intern(struct dict *dict, struct str name);
/* The number of `name`, or DICT_NONE. */
uint32_t dict_find(const struct dict *dict, struct str name);
struct str dict_name(const struct dict *dict, uint32_t number); /* number < count */
size_t dict_bytes(const struct dict *dict);                     /* heap in use */
