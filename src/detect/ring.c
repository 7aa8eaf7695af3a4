/* ring.c - grows by doubling, never shrinks: what waited once may wait again.
 */
#include "detect/ring.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

void ring_deinit(struct ring *ring)
{
    mem_free(ring->items);
    *ring = (struct ring){.item_bytes = ring->item_bytes};
}

static void *at(const struct ring *ring, size_t index)
{
    return ring->items + (ring->head + index) % ring->cap * ring->item_bytes;
}

void *ring_push(struct ring *ring)
{
    CHECK(ring->item_bytes > 0);
    if (ring->count == ring->cap) {
        size_t cap = ring->cap == 0 ? 16 : ring->cap * 2;
        unsigned char *items = mem_alloc(cap * ring->item_bytes);
        for (size_t i = 0; i < ring->count; i++) {
            memcpy(items + i * ring->item_bytes, at(ring, i), ring->item_bytes);
        }
        mem_free(ring->items);
        ring->items = items;
        ring->cap = cap;
        ring->head = 0;
    }
    return at(ring, ring->count++);
}

const void *ring_first(const struct ring *ring)
{
    return ring->count == 0 ? NULL : at(ring, 0);
}

void ring_pop(struct ring *ring)
{
    CHECK(ring->count > 0);
    ring->head = (ring->head + 1) % ring->cap;
    ring->count--;
}

size_t ring_bytes(const struct ring *ring)
{
    return ring->cap * ring->item_bytes;
}
