/* timers.h - a min-heap of (deadline, key), each key at most once.
 *
 * Keys are dense small numbers (an intent's slot). Deadlines are nanoseconds of
 * the injected monotonic clock. Ties leave in rising key order, so that a run
 * depends on nothing but its inputs. Zeroed memory is an empty heap.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timers {
    struct timer_entry *heap;
    size_t count;
    size_t heap_cap;
    uint32_t *place; /* by key: heap index + 1, 0 = absent */
    size_t place_cap;
};

void timers_deinit(struct timers *timers);
void timers_set(struct timers *timers, uint32_t key, uint64_t deadline_ns); /* adds or moves */
bool timers_cancel(struct timers *timers, uint32_t key);
bool timers_first(const struct timers *timers, uint32_t *out_key, uint64_t *out_deadline_ns);
bool timers_get(const struct timers *timers, uint32_t key, uint64_t *out_deadline_ns);
