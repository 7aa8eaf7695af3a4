/* lane.c - the claimable intents, and which of them is next.
 *
 * A lane holds the claimable intents of one (priority, creator, capability), oldest
 * first by the record that made them claimable. Only lanes that hold something stand
 * in the open list of their priority. The next intent is chosen so:
 *
 *   1. the highest priority with a lane that fits what the claimer can do;
 *   2. in it the creator who was served longest ago, so that one busy creator
 *      cannot starve the others;
 *   3. of that creator the oldest intent.
 *
 * One record may make several intents claimable; among those the one published first is
 * the older. So the order is a function of the records alone, and replay, a checkpoint
 * and every host agree.
 */
#include "board/board_internal.h"

static uint32_t lane_hash(uint32_t creator, uint32_t capability, uint32_t priority)
{
    uint64_t mixed = ((uint64_t)creator << 32 | capability) * 0x9e3779b97f4a7c15ull;
    mixed ^= priority * 0xc2b2ae3d27d4eb4full;
    return (uint32_t)(mixed ^ mixed >> 29);
}

static void lanes_rehash(struct lanes *lanes)
{
    size_t count = lanes->buckets_count == 0 ? 64 : lanes->buckets_count * 2;
    mem_free(lanes->buckets);
    lanes->buckets = mem_zalloc(count * sizeof *lanes->buckets);
    lanes->buckets_count = count;
    for (size_t i = 0; i < lanes->count; i++) {
        struct lane *lane = &lanes->all[i];
        uint32_t at = lane_hash(lane->creator, lane->capability, lane->priority) &
                      (uint32_t)(count - 1);
        lane->hash_next = lanes->buckets[at];
        lanes->buckets[at] = (uint32_t)i + 1;
    }
}

static uint32_t lane_of(struct lanes *lanes, const struct intent *intent)
{
    if (lanes->count >= lanes->buckets_count) {
        lanes_rehash(lanes);
    }
    uint32_t at = lane_hash(intent->creator, intent->capability, intent->priority) &
                  (uint32_t)(lanes->buckets_count - 1);
    for (uint32_t i = lanes->buckets[at]; i != 0; i = lanes->all[i - 1].hash_next) {
        const struct lane *lane = &lanes->all[i - 1];
        if (lane->creator == intent->creator && lane->capability == intent->capability &&
            lane->priority == intent->priority) {
            return i - 1;
        }
    }
    if (lanes->count == lanes->cap) {
        mem_grow(&lanes->all, &lanes->cap, lanes->count + 1, sizeof *lanes->all);
    }
    uint32_t index = (uint32_t)lanes->count++;
    lanes->all[index] = (struct lane){
        .creator = intent->creator,
        .capability = intent->capability,
        .priority = intent->priority,
        .head = SLOT_NONE,
        .tail = SLOT_NONE,
        .place = SLOT_NONE,
        .hash_next = lanes->buckets[at],
    };
    lanes->buckets[at] = index + 1;
    return index;
}

static void lane_open(struct lanes *lanes, uint32_t index)
{
    struct lane *lane = &lanes->all[index];
    size_t count = lanes->by_priority[lane->priority].count;
    if (count == lanes->by_priority[lane->priority].cap) {
        mem_grow(&lanes->by_priority[lane->priority].open,
                 &lanes->by_priority[lane->priority].cap, count + 1, sizeof(uint32_t));
    }
    lane->place = (uint32_t)count;
    lanes->by_priority[lane->priority].open[count] = index;
    lanes->by_priority[lane->priority].count++;
}

static void lane_shut(struct lanes *lanes, uint32_t index)
{
    struct lane *lane = &lanes->all[index];
    size_t last = --lanes->by_priority[lane->priority].count;
    uint32_t *open = lanes->by_priority[lane->priority].open;
    open[lane->place] = open[last];
    lanes->all[open[last]].place = lane->place;
    lane->place = SLOT_NONE;
}

static bool older(const struct intent *a, const struct intent *b)
{
    return a->queued_seq != b->queued_seq ? a->queued_seq < b->queued_seq
                                          : a->ordinal < b->ordinal;
}

void lane_enter(struct board *b, uint32_t slot)
{
    struct intent *intent = &b->intents[slot];
    CHECK(intent->lane == SLOT_NONE);
    uint32_t index = lane_of(&b->lanes, intent);
    struct lane *lane = &b->lanes.all[index];
    /* Nearly always the youngest; a rollback mostly puts the oldest back. */
    uint32_t before = lane->tail;
    if (before != SLOT_NONE && older(intent, &b->intents[lane->head])) {
        before = SLOT_NONE;
    }
    while (before != SLOT_NONE && older(intent, &b->intents[before])) {
        before = b->intents[before].lane_prev;
    }
    intent->lane = index;
    intent->lane_prev = before;
    intent->lane_next = before == SLOT_NONE ? lane->head : b->intents[before].lane_next;
    if (before == SLOT_NONE) {
        lane->head = slot;
    } else {
        b->intents[before].lane_next = slot;
    }
    if (intent->lane_next == SLOT_NONE) {
        lane->tail = slot;
    } else {
        b->intents[intent->lane_next].lane_prev = slot;
    }
    if (lane->place == SLOT_NONE) {
        lane_open(&b->lanes, index);
    }
    b->lanes.waiting++;
}

void lane_leave(struct board *b, uint32_t slot)
{
    struct intent *intent = &b->intents[slot];
    CHECK(intent->lane != SLOT_NONE);
    struct lane *lane = &b->lanes.all[intent->lane];
    if (intent->lane_prev == SLOT_NONE) {
        lane->head = intent->lane_next;
    } else {
        b->intents[intent->lane_prev].lane_next = intent->lane_next;
    }
    if (intent->lane_next == SLOT_NONE) {
        lane->tail = intent->lane_prev;
    } else {
        b->intents[intent->lane_next].lane_prev = intent->lane_prev;
    }
    if (lane->head == SLOT_NONE) {
        lane_shut(&b->lanes, intent->lane);
    }
    intent->lane = intent->lane_next = intent->lane_prev = SLOT_NONE;
    b->lanes.waiting--;
}

void lanes_deinit(struct lanes *lanes)
{
    for (int i = 0; i <= PRIORITY_MAX; i++) {
        mem_free(lanes->by_priority[i].open);
    }
    mem_free(lanes->all);
    mem_free(lanes->buckets);
    *lanes = (struct lanes){0};
}

static bool listed(const uint32_t *numbers, uint32_t count, uint32_t number)
{
    for (uint32_t i = 0; i < count; i++) {
        if (numbers[i] == number) {
            return true;
        }
    }
    return false;
}

static bool capability_fits(uint32_t capability, const struct wants *wants)
{
    return capability == NUMBER_NONE ||
           listed(wants->capabilities, wants->capabilities_count, capability);
}

static bool topic_fits(const struct board *b, uint32_t slot, const struct wants *wants)
{
    return wants->topics_count == 0 ||
           listed(wants->topics, wants->topics_count, b->rows[b->intents[slot].ordinal].topic);
}

bool lane_fits(const struct board *b, uint32_t slot, const struct wants *wants)
{
    return capability_fits(b->intents[slot].capability, wants) && topic_fits(b, slot, wants);
}

/* The first of the lane that fits. */
static uint32_t lane_first(const struct board *b, const struct lane *lane,
                           const struct wants *wants)
{
    if (!capability_fits(lane->capability, wants)) {
        return SLOT_NONE;
    }
    uint32_t slot = lane->head;
    while (slot != SLOT_NONE && !topic_fits(b, slot, wants)) {
        slot = b->intents[slot].lane_next;
    }
    return slot;
}

static uint64_t served_at(const struct board *b, uint32_t creator)
{
    return creator < b->served_cap ? b->served[creator] : 0;
}

/* False when no submitted intent has a wanted topic: the lanes need not be walked, which
 * would be long where everybody else's work waits. */
static bool topics_wait(const struct board *b, const struct wants *wants)
{
    for (uint32_t i = 0; i < wants->topics_count; i++) {
        const struct ordset *sets[2] = {axis_get(&b->by_topic, wants->topics[i]),
                                        axis_get(&b->by_status, STATUS_SUBMITTED)};
        uint32_t first;
        if (ordset_and(sets, 2, 0, UINT32_MAX, &first, 1) > 0) {
            return true;
        }
    }
    return wants->topics_count == 0;
}

uint32_t lane_pick(struct board *b, const struct wants *wants)
{
    if (b->lanes.waiting == 0 || !topics_wait(b, wants)) {
        return SLOT_NONE;
    }
    for (int priority = PRIORITY_MAX; priority >= 1; priority--) {
        const uint32_t *open = b->lanes.by_priority[priority].open;
        size_t count = b->lanes.by_priority[priority].count;
        uint32_t best = SLOT_NONE;
        for (size_t i = 0; i < count; i++) {
            const struct lane *lane = &b->lanes.all[open[i]];
            uint32_t slot = lane_first(b, lane, wants);
            if (slot == SLOT_NONE) {
                continue;
            }
            if (best == SLOT_NONE) {
                best = slot;
                continue;
            }
            uint64_t mine = served_at(b, lane->creator);
            uint64_t theirs = served_at(b, b->intents[best].creator);
            if (mine < theirs ||
                (mine == theirs && older(&b->intents[slot], &b->intents[best]))) {
                best = slot;
            }
        }
        if (best != SLOT_NONE) {
            return best;
        }
    }
    return SLOT_NONE;
}
