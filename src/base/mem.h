/* mem.h - heap memory that is never NULL.
 *
 * Everything Nexus holds is bounded by limits given at start, so an allocation
 * that fails means that the machine broke its word; the process then stops with
 * a clear message. Acknowledged records are on disk: a restart loses nothing.
 */
#pragma once
#include <stddef.h>

#include "base/err.h"

MUST_USE void *mem_alloc(size_t bytes);  /* contents undefined; 0 bytes gives a valid pointer */
MUST_USE void *mem_zalloc(size_t bytes); /* zeroed */
MUST_USE void *mem_resize(void *old, size_t bytes);
void mem_free(void *memory); /* NULL is fine */

/* Makes room for `need` items in a growing array: doubles *cap (from 16) until
 * it suffices. `items` is the address of the array pointer. */
void mem_grow(void *items, size_t *cap, size_t need, size_t item_bytes);
