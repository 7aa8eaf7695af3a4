/* dict.c - strings to dense numbers: an open-addressed table over a stack of text.
 *
 * slots holds number + 1 by hash, linear probing, at most half full: without a
 * tag in the slot each probe costs a look at a name, so probes must be rare.
 * Invariants: slots_count is 0 or a power of two > 2 * count - 1; every name is
 * reachable from its home slot without crossing an empty one. Only the youngest
 * names are ever removed, youngest first: their slots were the last to be taken (a
 * larger table is filled in the order of the numbers), so emptying them is enough.
 *
 * The hash folds 8 bytes at a time through a 64 x 64 -> 128 bit product of two
 * words, each of them mixed with the seed: whoever does not know it cannot make a
 * factor zero or find names that collide.
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

static uint64_t hash_of(const struct dict *dict, struct str name)
{
    const char *at = name.at;
    size_t left = name.len;
    const uint64_t key = dict->seed ^ MIX_B;
    uint64_t state = fold(dict->seed ^ MIX_A, key) ^ name.len;
    while (left > 16) {
        state = fold(load_8(at) ^ key, load_8(at + 8) ^ state);
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
    state = fold(low ^ key, high ^ state);
    return fold(state ^ MIX_A, MIX_B);
}

#define CHUNK_BYTES ((size_t)4096)

struct dict_chunk {
    struct dict_chunk *older;
    size_t used_bytes;
    size_t cap_bytes;
    char text[];
};

static char *text_push(struct dict *dict, size_t len)
{
    struct dict_chunk *chunk = dict->text;
    if (chunk == NULL || chunk->cap_bytes - chunk->used_bytes < len) {
        /* Growing with the dict keeps what ends of chunks waste in proportion. */
        size_t cap = dict->chunks_bytes / 4 < CHUNK_BYTES ? CHUNK_BYTES : dict->chunks_bytes / 4;
        cap = cap > CHUNK_BYTES * 256 ? CHUNK_BYTES * 256 : cap;
        cap = cap < len ? len : cap;
        chunk = mem_alloc(sizeof *chunk + cap);
        *chunk = (struct dict_chunk){.older = dict->text, .cap_bytes = cap};
        dict->text = chunk;
        dict->chunks_bytes += sizeof *chunk + cap;
    }
    char *at = chunk->text + chunk->used_bytes;
    chunk->used_bytes += len;
    return at;
}

static void chunk_drop(struct dict *dict)
{
    struct dict_chunk *chunk = dict->text;
    dict->text = chunk->older;
    dict->chunks_bytes -= sizeof *chunk + chunk->cap_bytes;
    mem_free(chunk);
}

/* The slot that holds `name`, or the empty one where it belongs. */
static uint32_t slot_of(const struct dict *dict, struct str name)
{
    const uint32_t mask = dict->slots_count - 1;
    uint32_t slot = (uint32_t)hash_of(dict, name) & mask;
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
        uint32_t slot = (uint32_t)hash_of(dict, dict->names[number]) & (grown - 1);
        while (dict->slots[slot] != 0) {
            slot = (slot + 1) & (grown - 1);
        }
        dict->slots[slot] = number + 1;
    }
}

void dict_deinit(struct dict *dict)
{
    if (dict != NULL) {
        while (dict->text != NULL) {
            chunk_drop(dict);
        }
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
    char *text = text_push(dict, name.len);
    if (name.len > 0) {
        memcpy(text, name.at, name.len);
    }
    dict->names[dict->count] = str_n(text, name.len);
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

void dict_truncate(struct dict *dict, uint32_t count)
{
    while (dict->count > count) {
        const struct str name = dict->names[dict->count - 1];
        dict->slots[slot_of(dict, name)] = 0;
        dict->count--;
        dict->text_bytes -= name.len;
        /* An empty chunk may lie on top when the name was empty too. */
        while (dict->text->used_bytes == 0 && dict->text->older != NULL) {
            chunk_drop(dict);
        }
        dict->text->used_bytes -= name.len;
    }
}

struct str dict_name(const struct dict *dict, uint32_t number)
{
    CHECK(number < dict->count);
    return dict->names[number];
}

size_t dict_bytes(const struct dict *dict)
{
    return dict->chunks_bytes + dict->names_cap * sizeof *dict->names +
           (size_t)dict->slots_count * sizeof *dict->slots;
}
