/* ordset_internal.h - containers, shared by the set and its intersections.
 *
 * Invariants: containers are sorted by key and never empty; count is the number
 * of members; an array has cap > 0, is strictly rising and holds at most
 * ARRAY_MAX; a bitmap has cap == 0.
 */
#pragma once
#include "base/ordset.h"

#define ARRAY_MAX    4096u
#define BITMAP_WORDS 1024u

struct ordset_container {
    union {
        uint16_t *array;
        uint64_t *words;
    };
    uint32_t count;
    uint16_t key; /* high 16 bits of every member */
    uint16_t cap; /* of the array, in members; 0 = bitmap */
};

static inline bool container_is_bitmap(const struct ordset_container *container)
{
    return container->cap == 0;
}

/* Index of the first container with a key >= `key`, or containers_count. */
size_t ordset_container_at(const struct ordset *set, uint32_t key);
/* The container with that key, or NULL. */
const struct ordset_container *ordset_container_of(const struct ordset *set, uint32_t key);
/* Index of the first array item >= low, looking at `from` and behind. */
uint32_t ordset_array_at(const struct ordset_container *container, uint32_t from, uint32_t low);
