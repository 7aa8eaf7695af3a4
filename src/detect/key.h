/* key.h - 64-bit keys of strings, and a set and a map of them.
 *
 * Strings that strangers choose are hashed with a seed that they do not know. A key
 * stands for its string where a mix-up would only cost a detection; where it would
 * make a false one, the caller compares the strings.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

uint64_t key_of(uint64_t seed, struct str text);
uint64_t key_mix(uint64_t key, uint64_t more); /* order matters */

#define KEYMAP_NONE UINT32_MAX

struct keymap {
    uint64_t *keys;   /* 0 = empty; see ZERO_KEY */
    uint32_t *values;
    size_t slots;     /* a power of two */
    size_t count;
};
void keymap_deinit(struct keymap *map);
/* The value, or KEYMAP_NONE. */
uint32_t keymap_get(const struct keymap *map, uint64_t key);
void keymap_put(struct keymap *map, uint64_t key, uint32_t value);
bool keymap_remove(struct keymap *map, uint64_t key);
size_t keymap_bytes(const struct keymap *map);

/* Keys only. */
struct keyset {
    uint64_t *keys;
    size_t slots;
    size_t count;
};
void keyset_deinit(struct keyset *set);
bool keyset_add(struct keyset *set, uint64_t key); /* true when it was not there */
bool keyset_has(const struct keyset *set, uint64_t key);
size_t keyset_bytes(const struct keyset *set);
