/* dict.c - strings to dense numbers: an open-addressed table over an arena.
 *
 * slots holds number + 1 by hash, linear probing, at most half full: without a
 * tag in the slot each probe costs a look at a name, so probes must be rare.
 * Invariants: slots_count is 0 or a power of two > 2 * count - 1; every name is
 * reachable from its home slot without crossing an empty one; nothing is ever
 * removed, so there are no tombstones.
 *
 * The hash folds 8 bytes at a time through a 64 x 64 -> 128 bit product. It has
 * no key: the same inputs give the same table on every run. Whoever lets
 * strangers choose names bounds how many.
 */
#include "base/dict.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define SLOTS_FIRST 16u
#define NAMES_MAX   (UINT32_C(1) << 30)

/* Odd constants without structure: fractional parts of square roots of primes. */
#define MIX_A UINT64_C(0x6a09e667f3bcc909)
#define MIX_B UINT64_C(0xbb67ae8584caa73b)

__extension__ typedef unsigned __int128 wide;

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    const wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load_8(const char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t load_4(const char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t hash_of(struct str name)
{
    const char *at = name.at;
    size_t left = name.len;
    uint64_t state = MIX_A ^ name.len;
    while (left > 16) {
        state = fold(load_8(at) ^ MIX_B, load_8(at + 8) ^ state);
        at += 16;
        left -= 16;
    }
    /* The last 1 to 16 bytes as two words, which overlap in short names. */
    uint64_t low = 0;
    uint64_t high = 0;
    if (left >= 8) {
        low = load_8(at);
        high = load_8(at + left - 8);
    } else if (left >= 4) {
        low = load_4(at);
        high = load_4(at + left - 4);
    } else if (left > 0) {
        low = (uint64_t)(uint8_t)at[0] | (uint64_t)(uint8_t)at[left / 2] << 8;
        high = (uint8_t)at[left - 1];
    }
    state = fold(low ^ MIX_B, high ^ state);
    return fold(state ^ MIX_A, MIX_B);
}

/* The slot that holds `name`, or the empty one where it belongs. */
static uint32_t slot_of(const struct dict *dict, struct str name)
{
    const uint32_t mask = dict->slots_count - 1;
    uint32_t slot = (uint32_t)hash_of(name) & mask;
    while (dict->slots[slot] != 0 && !str_eq(dict->names[dict->slots[slot] - 1], name)) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

static void grow_slots(struct dict *dict)
{
    const uint32_t grown = dict->slots_count == 0 ? SLOTS_FIRST : dict->slots_count * 2;
    mem_free(dict->slots);
    dict->slots = mem_zalloc(grown * sizeof *dict->slots);
    dict->slots_count = grown;
    for (uint32_t number = 0; number < dict->count; number++) {
        /* All names differ: the first empty slot is theirs. */
        uint32_t slot = (uint32_t)hash_of(dict->names[number]) & (grown - 1);
        while (dict->slots[slot] != 0) {
            slot = (slot + 1) & (grown - 1);
        }
        dict->slots[slot] = number + 1;
    }
}

void dict_deinit(struct dict *dict)
{
    if (dict != NULL) {
        arena_deinit(&dict->text);
        mem_free(dict->names);
        mem_free(dict->slots);
        *dict = (struct dict){0};
    }
}

uint32_t dict_intern(struct dict *dict, struct str name)
{
    if (dict->count * 2 >= dict->slots_count) {
        grow_slots(dict);
    }
    const uint32_t slot = slot_of(dict, name);
    if (dict->slots[slot] != 0) {
        return dict->slots[slot] - 1;
    }
    CHECK(dict->count < NAMES_MAX);
    mem_grow(&dict->names, &dict->names_cap, (size_t)dict->count + 1, sizeof *dict->names);
    dict->names[dict->count] = arena_str(&dict->text, name);
    dict->text_bytes += name.len;
    dict->slots[slot] = ++dict->count;
    return dict->count - 1;
}

uint32_t dict_find(const struct dict *dict, struct str name)
{
    if (dict->count == 0) {
        return DICT_NONE;
    }
    const uint32_t slot = slot_of(dict, name);
    return dict->slots[slot] == 0 ? DICT_NONE : dict->slots[slot] - 1;
}

struct str dict_name(const struct dict *dict, uint32_t number)
{
    CHECK(number < dict->count);
    return dict->names[number];
}

size_t dict_bytes(const struct dict *dict)
{
    return dict->text.total_bytes + dict->names_cap * sizeof *dict->names +
           (size_t)dict->slots_count * sizeof *dict->slots;
}
