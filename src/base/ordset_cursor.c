/* ordset_cursor.c - walking a set member by member.
 *
 * A cursor stands on a member: `container` names its container, `position` its
 * array index or bit number. A cursor that ran off one end stays on the last
 * member it gave; one whose seek found nothing has container == SIZE_MAX and
 * gives nothing in either direction. A set must not change under a cursor.
 */
#include "base/ordset.h"
#include "base/ordset_internal.h"

/* First set bit at or after `from`; 65,536 when none. */
static inline uint32_t bit_up(const uint64_t *words, uint32_t from)
{
    uint32_t at = from / 64;
    if (at >= BITMAP_WORDS) {
        return BITMAP_WORDS * 64;
    }
    uint64_t word = words[at] >> from % 64;
    if (word != 0) {
        return from + (uint32_t)__builtin_ctzll(word);
    }
    while (++at < BITMAP_WORDS) {
        if (words[at] != 0) {
            return at * 64 + (uint32_t)__builtin_ctzll(words[at]);
        }
    }
    return BITMAP_WORDS * 64;
}

/* One more than the last set bit below `end`; 0 when none. */
static inline uint32_t bit_down(const uint64_t *words, uint32_t end)
{
    while (end > 0) {
        const uint32_t at = (end - 1) / 64;
        const uint64_t word = words[at] << (63 - (end - 1) % 64);
        if (word != 0) {
            return end - (uint32_t)__builtin_clzll(word);
        }
        end = at * 64;
    }
    return 0;
}

static inline bool stand(struct ordset_cursor *cursor, const struct ordset_container *container,
                         uint32_t position, uint32_t *out_ordinal)
{
    cursor->position = position;
    const uint32_t low =
        container_is_bitmap(container) ? position : (uint32_t)container->array[position];
    *out_ordinal = (uint32_t)container->key << 16 | low;
    return true;
}

static bool stand_first(struct ordset_cursor *cursor, size_t at, uint32_t *out_ordinal)
{
    const struct ordset_container *container = cursor->set->containers + at;
    cursor->container = at;
    return stand(cursor, container,
                 container_is_bitmap(container) ? bit_up(container->words, 0) : 0, out_ordinal);
}

static bool stand_last(struct ordset_cursor *cursor, size_t at, uint32_t *out_ordinal)
{
    const struct ordset_container *container = cursor->set->containers + at;
    const uint32_t end = container_is_bitmap(container)
                             ? bit_down(container->words, BITMAP_WORDS * 64)
                             : container->count;
    cursor->container = at;
    return stand(cursor, container, end - 1, out_ordinal);
}

bool ordset_seek(struct ordset_cursor *cursor, const struct ordset *set, uint32_t from,
                 uint32_t *out_ordinal)
{
    *cursor = (struct ordset_cursor){.set = set, .container = SIZE_MAX};
    const size_t at = ordset_container_at(set, from >> 16);
    if (at == set->containers_count) {
        return false;
    }
    const struct ordset_container *container = set->containers + at;
    if (container->key > from >> 16) {
        return stand_first(cursor, at, out_ordinal);
    }
    const bool bitmap = container_is_bitmap(container);
    const uint32_t low = from & 0xffff;
    const uint32_t position =
        bitmap ? bit_up(container->words, low) : ordset_array_at(container, 0, low);
    if (position < (bitmap ? BITMAP_WORDS * 64 : container->count)) {
        cursor->container = at;
        return stand(cursor, container, position, out_ordinal);
    }
    return at + 1 < set->containers_count && stand_first(cursor, at + 1, out_ordinal);
}

bool ordset_next(struct ordset_cursor *cursor, uint32_t *out_ordinal)
{
    const struct ordset *set = cursor->set;
    const size_t at = cursor->container;
    if (at >= set->containers_count) {
        return false;
    }
    const struct ordset_container *container = set->containers + at;
    uint32_t position = cursor->position + 1;
    if (!container_is_bitmap(container)) {
        if (position < container->count) {
            return stand(cursor, container, position, out_ordinal);
        }
    } else {
        position = bit_up(container->words, position);
        if (position < BITMAP_WORDS * 64) {
            return stand(cursor, container, position, out_ordinal);
        }
    }
    return at + 1 < set->containers_count && stand_first(cursor, at + 1, out_ordinal);
}

bool ordset_seek_down(struct ordset_cursor *cursor, const struct ordset *set, uint32_t from,
                      uint32_t *out_ordinal)
{
    *cursor = (struct ordset_cursor){.set = set, .container = SIZE_MAX};
    const size_t at = ordset_container_at(set, from >> 16);
    if (at < set->containers_count && set->containers[at].key == from >> 16) {
        const struct ordset_container *container = set->containers + at;
        const uint32_t low = from & 0xffff;
        const uint32_t end = container_is_bitmap(container)
                                 ? bit_down(container->words, low + 1)
                                 : ordset_array_at(container, 0, low + 1);
        if (end > 0) {
            cursor->container = at;
            return stand(cursor, container, end - 1, out_ordinal);
        }
    }
    return at > 0 && stand_last(cursor, at - 1, out_ordinal);
}

bool ordset_prev(struct ordset_cursor *cursor, uint32_t *out_ordinal)
{
    const struct ordset *set = cursor->set;
    const size_t at = cursor->container;
    if (at >= set->containers_count) {
        return false;
    }
    const struct ordset_container *container = set->containers + at;
    const uint32_t end = container_is_bitmap(container)
                             ? bit_down(container->words, cursor->position)
                             : cursor->position;
    if (end > 0) {
        return stand(cursor, container, end - 1, out_ordinal);
    }
    return at > 0 && stand_last(cursor, at - 1, out_ordinal);
}
