/* dict.h - strings to dense numbers and back.
 *
 * Numbers run from 0 in order of first appearance. Strings are copied in and
 * stay where they are, so a returned str lives as long as the dict knows it. Where
 * strangers choose the names, `seed` is set to something they cannot guess before the
 * first one enters, lest they choose names that collide; numbers do not depend on it.
 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define DICT_NONE UINT32_MAX

struct dict {
    uint64_t seed;
    struct dict_chunk *text; /* the one being filled; older ones behind it */
    struct str *names; /* by number */
    size_t names_cap;
    uint32_t count;
    uint32_t *slots; /* open addressing: number + 1, 0 = empty */
    uint32_t slots_count;
    size_t text_bytes;
    size_t chunks_bytes;
};

void dict_deinit(struct dict *dict);
/* The number of `name`, adding it when new. */
uint32_t dict_intern(struct dict *dict, struct str name);
/* The number of `name`, or DICT_NONE. */
uint32_t dict_find(const struct dict *dict, struct str name);
/* Forgets all names but the first `count`, as if the others had never come. */
void dict_truncate(struct dict *dict, uint32_t count);
struct str dict_name(const struct dict *dict, uint32_t number); /* number < count */
size_t dict_bytes(const struct dict *dict);                     /* heap in use */
