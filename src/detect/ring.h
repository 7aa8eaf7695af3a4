/* ring.h - a queue of items of one size, for what waits for its time.
 */
#pragma once
#include <stddef.h>

struct ring {
    unsigned char *items;
    size_t item_bytes; /* set by the owner before the first push */
    size_t cap, head, count;
};
void ring_deinit(struct ring *ring);
/* Room for one more at the end; contents undefined. Valid until the next push. */
void *ring_push(struct ring *ring);
const void *ring_first(const struct ring *ring); /* NULL = empty */
void ring_pop(struct ring *ring);
size_t ring_bytes(const struct ring *ring);
