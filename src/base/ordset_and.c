/* ordset_and.c - members common to several sets.
 *
 * The set with the fewest containers leads. For each of its keys, within the
 * range asked for:
 *   - if any set has an array there, the shortest array is the base: its members
 *     are filtered, BLOCK_MEMBERS at a time, by each other container (a bit test,
 *     or galloping through an array);
 *   - otherwise all are bitmaps: BLOCK_WORDS words at a time are ANDed.
 * Blocks bound the stack, keep the work in the first cache level, and stop a
 * walk soon after its output is full. The sets' containers are found again for
 * each block: a few comparisons, against hundreds of members.
 */
#include <string.h>

#include "base/check.h"
#include "base/ordset.h"
#include "base/ordset_internal.h"

#define BLOCK_MEMBERS 256u
#define BLOCK_WORDS   64u

struct walk {
    const struct ordset *const *sets;
    size_t sets_count;
    uint32_t *out; /* NULL: only count */
    size_t out_max;
    uint64_t found;
};

/* The part of one container that is asked for: low 16 bits, both included. */
struct part {
    uint32_t key;
    uint32_t low;
    uint32_t high;
};

static bool is_full(const struct walk *walk)
{
    return walk->out != NULL && walk->found == walk->out_max;
}

/* ---- giving what was found ---- */

static void give_members(struct walk *walk, uint32_t key, const uint16_t *lows, uint32_t count)
{
    if (walk->out != NULL) {
        const size_t room = walk->out_max - (size_t)walk->found;
        count = count < room ? count : (uint32_t)room;
        uint32_t *to = walk->out + walk->found;
        const uint32_t base = key << 16;
        for (uint32_t i = 0; i < count; i++) {
            to[i] = base | lows[i];
        }
    }
    walk->found += count;
}

static void give_word(struct walk *walk, uint32_t base, uint64_t word)
{
    uint32_t *to = walk->out + walk->found;
    const size_t room = walk->out_max - (size_t)walk->found;
    if (room >= 64 && word == UINT64_MAX) {
        for (uint32_t bit = 0; bit < 64; bit++) {
            to[bit] = base + bit;
        }
        walk->found += 64;
        return;
    }
    size_t given = 0;
    for (; word != 0 && given < room; word &= word - 1) {
        to[given++] = base + (uint32_t)__builtin_ctzll(word);
    }
    walk->found += given;
}

static void give_words(struct walk *walk, uint32_t base, const uint64_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (walk->out == NULL) {
            walk->found += (uint64_t)__builtin_popcountll(words[i]);
        } else if (words[i] != 0) {
            give_word(walk, base + i * 64, words[i]);
        }
    }
}

/* ---- one array and anything else ---- */

static uint32_t filter_by_array(uint16_t *lows, uint32_t count,
                                const struct ordset_container *other)
{
    uint32_t kept = 0;
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint16_t low = lows[i];
        at = ordset_array_at(other, at, low);
        if (at == other->count) {
            break;
        }
        lows[kept] = low;
        kept += other->array[at] == low ? 1u : 0u;
    }
    return kept;
}

static uint32_t filter_by_bitmap(uint16_t *lows, uint32_t count, const uint64_t *words)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint16_t low = lows[i];
        lows[kept] = low;
        kept += (uint32_t)(words[low / 64] >> low % 64 & 1);
    }
    return kept;
}

static void and_array(struct walk *walk, struct part part, const struct ordset_container *base)
{
    uint16_t lows[BLOCK_MEMBERS];
    const uint32_t end = ordset_array_at(base, 0, part.high + 1);
    uint32_t at = ordset_array_at(base, 0, part.low);
    if (walk->sets_count == 1) {
        give_members(walk, part.key, base->array + at, end - at);
        return;
    }
    while (at < end && !is_full(walk)) {
        uint32_t count = end - at < BLOCK_MEMBERS ? end - at : BLOCK_MEMBERS;
        memcpy(lows, base->array + at, count * sizeof *lows);
        at += count;
        for (size_t i = 0; i < walk->sets_count && count > 0; i++) {
            const struct ordset_container *other = ordset_container_of(walk->sets[i], part.key);
            if (other == base) {
                continue;
            }
            count = container_is_bitmap(other) ? filter_by_bitmap(lows, count, other->words)
                                               : filter_by_array(lows, count, other);
        }
        give_members(walk, part.key, lows, count);
    }
}

/* ---- bitmaps only ---- */

static void and_bitmaps(struct walk *walk, struct part part)
{
    const uint32_t words_end = part.high / 64 + 1;
    for (uint32_t at = part.low / 64; at < words_end && !is_full(walk);) {
        const uint32_t count = words_end - at < BLOCK_WORDS ? words_end - at : BLOCK_WORDS;
        uint64_t block[BLOCK_WORDS];
        memcpy(block, ordset_container_of(walk->sets[0], part.key)->words + at,
               count * sizeof *block);
        for (size_t i = 1; i < walk->sets_count; i++) {
            const uint64_t *words = ordset_container_of(walk->sets[i], part.key)->words + at;
            for (uint32_t w = 0; w < count; w++) {
                block[w] &= words[w];
            }
        }
        if (at == part.low / 64) {
            block[0] &= UINT64_MAX << part.low % 64;
        }
        if (at + count == words_end) {
            block[count - 1] &= UINT64_MAX >> (63 - part.high % 64);
        }
        give_words(walk, part.key << 16 | at * 64, block, count);
        at += count;
    }
}

/* ---- all containers ---- */

/* The shortest array among the sets' containers at `key`, or NULL; false when
 * some set has none there. */
static bool shortest_array(const struct walk *walk, uint32_t key,
                           const struct ordset_container **out_base)
{
    const struct ordset_container *base = NULL;
    for (size_t i = 0; i < walk->sets_count; i++) {
        const struct ordset_container *container = ordset_container_of(walk->sets[i], key);
        if (container == NULL) {
            return false;
        }
        if (!container_is_bitmap(container) && (base == NULL || container->count < base->count)) {
            base = container;
        }
    }
    *out_base = base;
    return true;
}

static void and_part(struct walk *walk, struct part part)
{
    const struct ordset_container *base;
    if (!shortest_array(walk, part.key, &base)) {
        return;
    }
    if (base != NULL) {
        and_array(walk, part, base);
    } else if (walk->out == NULL && walk->sets_count == 1 && part.low == 0 && part.high == 0xffff) {
        walk->found += ordset_container_of(walk->sets[0], part.key)->count;
    } else {
        and_bitmaps(walk, part);
    }
}

static void and_range(struct walk *walk, uint32_t from, uint32_t to)
{
    CHECK(walk->sets_count >= 1);
    const struct ordset *lead = walk->sets[0];
    for (size_t i = 1; i < walk->sets_count; i++) {
        if (walk->sets[i]->containers_count < lead->containers_count) {
            lead = walk->sets[i];
        }
    }
    if (from > to) {
        return;
    }
    for (size_t i = ordset_container_at(lead, from >> 16); i < lead->containers_count; i++) {
        const uint32_t key = lead->containers[i].key;
        if (key > to >> 16 || is_full(walk)) {
            break;
        }
        const struct part part = {
            .key = key,
            .low = key == from >> 16 ? from & 0xffff : 0,
            .high = key == to >> 16 ? to & 0xffff : 0xffff,
        };
        and_part(walk, part);
    }
}

size_t ordset_and(const struct ordset *const *sets, size_t sets_count, uint32_t from, uint32_t to,
                  uint32_t *out, size_t out_max)
{
    if (out_max == 0) {
        return 0;
    }
    CHECK(out != NULL);
    struct walk walk = {.sets = sets, .sets_count = sets_count, .out = out, .out_max = out_max};
    and_range(&walk, from, to);
    return (size_t)walk.found;
}

uint64_t ordset_and_count(const struct ordset *const *sets, size_t sets_count, uint32_t from,
                          uint32_t to)
{
    struct walk walk = {.sets = sets, .sets_count = sets_count};
    and_range(&walk, from, to);
    return walk.found;
}
