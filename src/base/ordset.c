/* ordset.c - an ordered set of 32-bit ordinals: members and cursors.
 *
 * One container per 65,536 ordinals, see ordset_internal.h. An array becomes a
 * bitmap when it is full at 4,096 members, where both take 8 KiB; a bitmap goes
 * back only below half of that, so that a set at the border does not flap.
 * Small sets are many (one per coordinate value), so growth starts small here
 * instead of in mem_grow's steps: one container and 12 members.
 *
 * Appending looks at the last container only and is O(1). Intersections are in
 * ordset_and.c.
 */
#include "base/ordset.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/ordset_internal.h"

#define ARRAY_FIRST 12u
#define BITMAP_MIN  (ARRAY_MAX / 2)

size_t ordset_container_at(const struct ordset *set, uint32_t key)
{
    /* Sets that hold a little of everything have container k at index k. */
    if (key < set->containers_count && set->containers[key].key == key) {
        return key;
    }
    size_t low = 0;
    size_t high = set->containers_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (set->containers[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct ordset_container *ordset_container_of(const struct ordset *set, uint32_t key)
{
    const size_t at = ordset_container_at(set, key);
    return at < set->containers_count && set->containers[at].key == key ? &set->containers[at]
                                                                        : NULL;
}

uint32_t ordset_array_at(const struct ordset_container *container, uint32_t from, uint32_t low)
{
    const uint16_t *array = container->array;
    /* Galloping: the step doubles until it is past `low`, then a binary search
     * in the last step. Near neighbours cost one or two looks. */
    uint32_t begin = from;
    uint32_t end = from;
    uint32_t step = 1;
    while (end < container->count && array[end] < low) {
        begin = end + 1;
        end = end + step < container->count ? end + step : container->count;
        step *= 2;
    }
    while (begin < end) {
        const uint32_t middle = begin + (end - begin) / 2;
        if (array[middle] < low) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return begin;
}

void ordset_deinit(struct ordset *set)
{
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < set->containers_count; i++) {
        mem_free(set->containers[i].array);
    }
    mem_free(set->containers);
    *set = (struct ordset){0};
}

/* ---- changing ---- */

static struct ordset_container *insert_container(struct ordset *set, size_t at, uint16_t key)
{
    if (set->containers_count == set->containers_cap) {
        set->containers_cap = set->containers_cap == 0 ? 1 : set->containers_cap * 2;
        set->containers =
            mem_resize(set->containers, set->containers_cap * sizeof *set->containers);
    }
    struct ordset_container *place = set->containers + at;
    memmove(place + 1, place, (set->containers_count - at) * sizeof *place);
    set->containers_count++;
    *place = (struct ordset_container){.key = key, .cap = ARRAY_FIRST};
    place->array = mem_alloc(ARRAY_FIRST * sizeof *place->array);
    return place;
}

static void remove_container(struct ordset *set, size_t at)
{
    struct ordset_container *place = set->containers + at;
    mem_free(place->array);
    set->containers_count--;
    memmove(place, place + 1, (set->containers_count - at) * sizeof *place);
}

static void to_bitmap(struct ordset_container *container)
{
    uint64_t *words = mem_zalloc(BITMAP_WORDS * sizeof *words);
    for (uint32_t i = 0; i < container->count; i++) {
        words[container->array[i] / 64] |= UINT64_C(1) << container->array[i] % 64;
    }
    mem_free(container->array);
    container->words = words;
    container->cap = 0;
}

static void to_array(struct ordset_container *container)
{
    uint64_t *words = container->words;
    uint16_t *array = mem_alloc(ARRAY_MAX * sizeof *array);
    uint32_t count = 0;
    for (uint32_t i = 0; i < BITMAP_WORDS; i++) {
        for (uint64_t word = words[i]; word != 0; word &= word - 1) {
            array[count++] = (uint16_t)(i * 64 + (uint32_t)__builtin_ctzll(word));
        }
    }
    CHECK(count == container->count);
    mem_free(words);
    container->array = array;
    container->cap = ARRAY_MAX;
}

static bool bitmap_add(struct ordset_container *container, uint16_t low)
{
    const uint64_t bit = UINT64_C(1) << low % 64;
    if ((container->words[low / 64] & bit) != 0) {
        return false;
    }
    container->words[low / 64] |= bit;
    container->count++;
    return true;
}

static bool array_add(struct ordset_container *container, uint16_t low)
{
    const uint32_t count = container->count;
    const bool append = count == 0 || container->array[count - 1] < low;
    const uint32_t at = append ? count : ordset_array_at(container, 0, low);
    if (!append && container->array[at] == low) {
        return false;
    }
    if (count == ARRAY_MAX) {
        to_bitmap(container);
        return bitmap_add(container, low);
    }
    if (count == container->cap) {
        const uint32_t grown = count * 2 < ARRAY_MAX ? count * 2 : ARRAY_MAX;
        container->array = mem_resize(container->array, grown * sizeof *container->array);
        container->cap = (uint16_t)grown;
    }
    memmove(container->array + at + 1, container->array + at,
            (count - at) * sizeof *container->array);
    container->array[at] = low;
    container->count++;
    return true;
}

bool ordset_add(struct ordset *set, uint32_t ordinal)
{
    const uint16_t key = (uint16_t)(ordinal >> 16);
    const uint16_t low = (uint16_t)ordinal;
    const size_t last = set->containers_count;
    struct ordset_container *container;
    if (last > 0 && set->containers[last - 1].key == key) {
        container = set->containers + last - 1;
    } else if (last == 0 || set->containers[last - 1].key < key) {
        container = insert_container(set, last, key);
    } else {
        const size_t at = ordset_container_at(set, key);
        container =
            set->containers[at].key == key ? set->containers + at : insert_container(set, at, key);
    }
    const bool added =
        container_is_bitmap(container) ? bitmap_add(container, low) : array_add(container, low);
    set->count += added ? 1 : 0;
    return added;
}

static bool bitmap_remove(struct ordset_container *container, uint16_t low)
{
    const uint64_t bit = UINT64_C(1) << low % 64;
    if ((container->words[low / 64] & bit) == 0) {
        return false;
    }
    container->words[low / 64] &= ~bit;
    container->count--;
    if (container->count < BITMAP_MIN) {
        to_array(container);
    }
    return true;
}

static bool array_remove(struct ordset_container *container, uint16_t low)
{
    const uint32_t at = ordset_array_at(container, 0, low);
    if (at == container->count || container->array[at] != low) {
        return false;
    }
    container->count--;
    memmove(container->array + at, container->array + at + 1,
            (container->count - at) * sizeof *container->array);
    return true;
}

bool ordset_remove(struct ordset *set, uint32_t ordinal)
{
    const uint32_t key = ordinal >> 16;
    const size_t at = ordset_container_at(set, key);
    if (at == set->containers_count || set->containers[at].key != key) {
        return false;
    }
    struct ordset_container *container = set->containers + at;
    const uint16_t low = (uint16_t)ordinal;
    const bool removed = container_is_bitmap(container) ? bitmap_remove(container, low)
                                                        : array_remove(container, low);
    if (removed) {
        set->count--;
        if (container->count == 0) {
            remove_container(set, at);
        }
    }
    return removed;
}

/* ---- asking ---- */

bool ordset_has(const struct ordset *set, uint32_t ordinal)
{
    const struct ordset_container *container = ordset_container_of(set, ordinal >> 16);
    if (container == NULL) {
        return false;
    }
    const uint16_t low = (uint16_t)ordinal;
    if (container_is_bitmap(container)) {
        return (container->words[low / 64] >> low % 64 & 1) != 0;
    }
    const uint32_t at = ordset_array_at(container, 0, low);
    return at < container->count && container->array[at] == low;
}

size_t ordset_bytes(const struct ordset *set)
{
    size_t bytes = set->containers_cap * sizeof *set->containers;
    for (size_t i = 0; i < set->containers_count; i++) {
        const struct ordset_container *container = set->containers + i;
        bytes += container_is_bitmap(container) ? BITMAP_WORDS * sizeof(uint64_t)
                                                : container->cap * sizeof(uint16_t);
    }
    return bytes;
}
