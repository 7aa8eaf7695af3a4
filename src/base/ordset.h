/* ordset.h - an ordered set of 32-bit ordinals, in the manner of Roaring bitmaps.
 *
 * The high 16 bits choose a container, the low 16 bits lie in it as a sorted
 * array (up to 4,096 members) or as a bitmap of 8 KiB. Appending in rising order,
 * which is how ordinals come, is O(1). Zeroed memory is an empty set.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ordset_container;

struct ordset {
    struct ordset_container *containers; /* sorted by key */
    size_t containers_count;
    size_t containers_cap;
    uint64_t count; /* members */
};

void ordset_deinit(struct ordset *set);
bool ordset_add(struct ordset *set, uint32_t ordinal);    /* true when it was not there */
bool ordset_remove(struct ordset *set, uint32_t ordinal); /* true when it was there */
bool ordset_has(const struct ordset *set, uint32_t ordinal);
size_t ordset_bytes(const struct ordset *set); /* heap in use */

/* Walks members in rising (or falling) order. */
struct ordset_cursor {
    const struct ordset *set;
    size_t container;
    uint32_t position; /* inside the container: array index or bit number */
};
/* Finds the least member >= from (the greatest <= from); false when none. */
bool ordset_seek(struct ordset_cursor *cursor, const struct ordset *set, uint32_t from,
                 uint32_t *out_ordinal);
bool ordset_next(struct ordset_cursor *cursor, uint32_t *out_ordinal);
bool ordset_seek_down(struct ordset_cursor *cursor, const struct ordset *set, uint32_t from,
                      uint32_t *out_ordinal);
bool ordset_prev(struct ordset_cursor *cursor, uint32_t *out_ordinal);

/* Members common to all `sets_count` sets (>= 1) with ordinal >= from and <= to,
 * in rising order, at most `out_max`; returns how many were written. A full
 * result may have more behind it: ask again from the last one + 1. */
size_t ordset_and(const struct ordset *const *sets, size_t sets_count, uint32_t from, uint32_t to,
                  uint32_t *out, size_t out_max);
/* How many such members there are. */
uint64_t ordset_and_count(const struct ordset *const *sets, size_t sets_count, uint32_t from,
                          uint32_t to);
