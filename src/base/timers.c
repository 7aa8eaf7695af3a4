/* timers.c - a binary min-heap that knows where each key lies.
 *
 * Invariants: heap[i] does not come after heap[2i+1] and heap[2i+2];
 * place[heap[i].key] == i + 1, and place is 0 for every other key. The order is
 * total (deadline, then key), so the sequence of firsts does not depend on the
 * history of the heap.
 */
#include "base/timers.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

struct timer_entry {
    uint64_t deadline_ns;
    uint32_t key;
};

static bool before(struct timer_entry a, struct timer_entry b)
{
    return a.deadline_ns != b.deadline_ns ? a.deadline_ns < b.deadline_ns : a.key < b.key;
}

static void put(struct timers *timers, size_t at, struct timer_entry entry)
{
    timers->heap[at] = entry;
    timers->place[entry.key] = (uint32_t)at + 1;
}

/* Moves `entry`, whose home `at` is free, up or down to where it belongs. */
static void settle(struct timers *timers, size_t at, struct timer_entry entry)
{
    while (at > 0 && before(entry, timers->heap[(at - 1) / 2])) {
        put(timers, at, timers->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= timers->count) {
            break;
        }
        if (child + 1 < timers->count && before(timers->heap[child + 1], timers->heap[child])) {
            child++;
        }
        if (!before(timers->heap[child], entry)) {
            break;
        }
        put(timers, at, timers->heap[child]);
        at = child;
    }
    put(timers, at, entry);
}

static uint32_t place_of(const struct timers *timers, uint32_t key)
{
    return key < timers->place_cap ? timers->place[key] : 0;
}

void timers_deinit(struct timers *timers)
{
    if (timers != NULL) {
        mem_free(timers->heap);
        mem_free(timers->place);
        *timers = (struct timers){0};
    }
}

void timers_set(struct timers *timers, uint32_t key, uint64_t deadline_ns)
{
    const struct timer_entry entry = {deadline_ns, key};
    const uint32_t place = place_of(timers, key);
    if (place != 0) {
        settle(timers, place - 1, entry);
        return;
    }
    CHECK(timers->count < UINT32_MAX - 1);
    if (key >= timers->place_cap) {
        const size_t old_cap = timers->place_cap;
        mem_grow(&timers->place, &timers->place_cap, (size_t)key + 1, sizeof *timers->place);
        memset(timers->place + old_cap, 0, (timers->place_cap - old_cap) * sizeof *timers->place);
    }
    mem_grow(&timers->heap, &timers->heap_cap, timers->count + 1, sizeof *timers->heap);
    timers->count++;
    settle(timers, timers->count - 1, entry);
}

bool timers_cancel(struct timers *timers, uint32_t key)
{
    const uint32_t place = place_of(timers, key);
    if (place == 0) {
        return false;
    }
    timers->place[key] = 0;
    timers->count--;
    const struct timer_entry last = timers->heap[timers->count];
    if (last.key != key) {
        settle(timers, place - 1, last);
    }
    return true;
}

bool timers_first(const struct timers *timers, uint32_t *out_key, uint64_t *out_deadline_ns)
{
    if (timers->count == 0) {
        return false;
    }
    *out_key = timers->heap[0].key;
    *out_deadline_ns = timers->heap[0].deadline_ns;
    return true;
}

bool timers_get(const struct timers *timers, uint32_t key, uint64_t *out_deadline_ns)
{
    const uint32_t place = place_of(timers, key);
    if (place == 0) {
        return false;
    }
    CHECK(timers->heap[place - 1].key == key);
    *out_deadline_ns = timers->heap[place - 1].deadline_ns;
    return true;
}
