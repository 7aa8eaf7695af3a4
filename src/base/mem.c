/* mem.c - malloc that stops the process instead of returning NULL.
 *
 * A request of 0 bytes becomes 1, so that the result is a pointer that may be
 * compared and freed on every C library.
 */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define GROW_FIRST_ITEMS 16u

static void *must(void *memory)
{
    if (memory == NULL) {
        check_failed(__FILE__, __LINE__, "the machine has memory left");
    }
    return memory;
}

void *mem_alloc(size_t bytes)
{
    return must(malloc(bytes == 0 ? 1 : bytes));
}

void *mem_zalloc(size_t bytes)
{
    return must(calloc(1, bytes == 0 ? 1 : bytes));
}

void *mem_resize(void *old, size_t bytes)
{
    return must(realloc(old, bytes == 0 ? 1 : bytes));
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_grow(void *items, size_t *cap, size_t need, size_t item_bytes)
{
    CHECK(item_bytes > 0);
    if (need <= *cap) {
        return;
    }
    CHECK(need <= SIZE_MAX / 2 / item_bytes);
    size_t grown = *cap < GROW_FIRST_ITEMS ? GROW_FIRST_ITEMS : *cap;
    while (grown < need) {
        grown *= 2;
    }
    /* The caller's pointer may have any type; memcpy reads and writes it
     * without breaking the aliasing rules. */
    void *array;
    memcpy(&array, items, sizeof array);
    array = mem_resize(array, grown * item_bytes);
    memcpy(items, &array, sizeof array);
    *cap = grown;
}
