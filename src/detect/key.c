/* key.c - open addressing with linear probing; at most three quarters full.
 *
 * Removal shifts later keys back, so there are no graves and a table that lives long
 * does not slow down.
 */
#include "detect/key.h"

#include "base/check.h"
#include "base/mem.h"

#define SLOTS_FIRST 16u
#define ZERO_KEY    0x8f3c2a91d5b7e604ull

static uint64_t scramble(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ull;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ull;
    x ^= x >> 32;
    return x;
}

uint64_t key_mix(uint64_t key, uint64_t more)
{
    return scramble(key * 0x9e3779b97f4a7c15ull + more + 0x632be59bd9b4e019ull);
}

uint64_t key_of(uint64_t seed, struct str text)
{
    uint64_t key = scramble(seed ^ (uint64_t)text.len * 0x9e3779b97f4a7c15ull);
    size_t at = 0;
    for (; at + 8 <= text.len; at += 8) {
        uint64_t word;
        memcpy(&word, text.at + at, sizeof word);
        key = key_mix(key, word);
    }
    uint64_t tail = 0;
    for (size_t shift = 0; at < text.len; at++, shift += 8) {
        tail |= (uint64_t)(uint8_t)text.at[at] << shift;
    }
    return key_mix(key, tail);
}

static uint64_t stored(uint64_t key)
{
    return key == 0 ? ZERO_KEY : key; /* small numbers are keys too */
}

/* The slot of the key or the empty one where it would go. */
static size_t slot_of(const uint64_t *keys, size_t slots, uint64_t key)
{
    size_t at = (size_t)key & (slots - 1);
    while (keys[at] != 0 && keys[at] != key) {
        at = (at + 1) & (slots - 1);
    }
    return at;
}

/* -- map -------------------------------------------------------------------------- */

void keymap_deinit(struct keymap *map)
{
    mem_free(map->keys);
    mem_free(map->values);
    *map = (struct keymap){0};
}

uint32_t keymap_get(const struct keymap *map, uint64_t key)
{
    if (map->slots == 0) {
        return KEYMAP_NONE;
    }
    size_t at = slot_of(map->keys, map->slots, stored(key));
    return map->keys[at] == 0 ? KEYMAP_NONE : map->values[at];
}

static void map_grow(struct keymap *map)
{
    struct keymap old = *map;
    map->slots = old.slots == 0 ? SLOTS_FIRST : old.slots * 2;
    map->keys = mem_zalloc(map->slots * sizeof *map->keys);
    map->values = mem_zalloc(map->slots * sizeof *map->values);
    for (size_t i = 0; i < old.slots; i++) {
        if (old.keys[i] != 0) {
            size_t at = slot_of(map->keys, map->slots, old.keys[i]);
            map->keys[at] = old.keys[i];
            map->values[at] = old.values[i];
        }
    }
    mem_free(old.keys);
    mem_free(old.values);
}

void keymap_put(struct keymap *map, uint64_t key, uint32_t value)
{
    if (map->count * 4 >= map->slots * 3) {
        map_grow(map);
    }
    size_t at = slot_of(map->keys, map->slots, stored(key));
    map->count += map->keys[at] == 0;
    map->keys[at] = stored(key);
    map->values[at] = value;
}

bool keymap_remove(struct keymap *map, uint64_t key)
{
    if (map->slots == 0) {
        return false;
    }
    const size_t mask = map->slots - 1;
    size_t hole = slot_of(map->keys, map->slots, stored(key));
    if (map->keys[hole] == 0) {
        return false;
    }
    for (size_t at = (hole + 1) & mask; map->keys[at] != 0; at = (at + 1) & mask) {
        size_t home = (size_t)map->keys[at] & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->keys[hole] = map->keys[at];
            map->values[hole] = map->values[at];
            hole = at;
        }
    }
    map->keys[hole] = 0;
    CHECK(map->count > 0);
    map->count--;
    return true;
}

size_t keymap_bytes(const struct keymap *map)
{
    return map->slots * (sizeof *map->keys + sizeof *map->values);
}

/* -- set -------------------------------------------------------------------------- */

void keyset_deinit(struct keyset *set)
{
    mem_free(set->keys);
    *set = (struct keyset){0};
}

bool keyset_has(const struct keyset *set, uint64_t key)
{
    return set->slots > 0 && set->keys[slot_of(set->keys, set->slots, stored(key))] != 0;
}

bool keyset_add(struct keyset *set, uint64_t key)
{
    if (set->count * 4 >= set->slots * 3) {
        struct keyset old = *set;
        set->slots = old.slots == 0 ? SLOTS_FIRST : old.slots * 2;
        set->keys = mem_zalloc(set->slots * sizeof *set->keys);
        for (size_t i = 0; i < old.slots; i++) {
            if (old.keys[i] != 0) {
                set->keys[slot_of(set->keys, set->slots, old.keys[i])] = old.keys[i];
            }
        }
        mem_free(old.keys);
    }
    size_t at = slot_of(set->keys, set->slots, stored(key));
    if (set->keys[at] != 0) {
        return false;
    }
    set->keys[at] = stored(key);
    set->count++;
    return true;
}

size_t keyset_bytes(const struct keyset *set)
{
    return set->slots * sizeof *set->keys;
}
