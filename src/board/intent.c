/* intent.c - the state of each intent and everything that hangs on it.
 *
 *   submitted --claimed--> claimed --concluded--> concluded (end)
 *       ^                    |  |
 *       '-- released/expired-'  '--failed--> failed (end), or submitted with retry
 *   submitted or claimed --cancelled--> cancelled (end)
 *
 * intent_put is the only way to change an intent. It keeps true:
 *  1. by_status has the intent under its status and nowhere else;
 *  2. the intent is in a lane if and only if it is submitted and waits for nothing;
 *  3. held[holder] counts its claims; open_intents counts those not ended;
 *  4. a dedupe key leads to the live intent that bears it;
 *  5. its timer is set to the first moment at which time alone changes it.
 * Leases are monotonic time and never in the log: after a restart each live lease
 * gets its full length anew (intents_resume).
 */
#include <stdlib.h>

#include "base/clock.h"
#include "board/board_internal.h"

static void hang_on(struct board *b, uint32_t slot)
{
    struct intent *i = &b->intents[slot];
    axis_add(&b->by_status, i->status, i->ordinal);
    if (i->status == STATUS_SUBMITTED && i->waits_for == 0) {
        lane_enter(b, slot);
    }
    if (i->status == STATUS_CLAIMED) {
        ROOM_FOR(b->held, b->held_cap, i->holder);
        b->held[i->holder]++;
    }
    if (!intent_ended(i)) {
        b->open_intents++;
        ROOM_FOR(b->opened, b->opened_cap, i->creator);
        b->opened[i->creator]++;
        if (i->dedupe != NUMBER_NONE) {
            ROOM_FOR(b->dedupe_slot, b->dedupe_cap, i->dedupe);
            b->dedupe_slot[i->dedupe] = slot + 1;
        }
    }
}

static void take_off(struct board *b, uint32_t slot)
{
    struct intent *i = &b->intents[slot];
    axis_remove(&b->by_status, i->status, i->ordinal);
    if (i->lane != SLOT_NONE) {
        lane_leave(b, slot);
    }
    if (i->status == STATUS_CLAIMED) {
        CHECK(b->held[i->holder] > 0);
        b->held[i->holder]--;
    }
    if (!intent_ended(i)) {
        CHECK(b->opened[i->creator] > 0);
        b->open_intents--;
        b->opened[i->creator]--;
        if (i->dedupe != NUMBER_NONE && b->dedupe_slot[i->dedupe] == slot + 1) {
            b->dedupe_slot[i->dedupe] = 0;
        }
    }
}

void intent_watch(struct board *b, uint32_t slot)
{
    const struct intent *i = &b->intents[slot];
    if (intent_ended(i) || b->replaying) {
        timers_cancel(&b->timers, slot);
        return;
    }
    uint64_t at_ns = UINT64_MAX;
    if (i->status == STATUS_CLAIMED) {
        at_ns = i->lease_ns < i->run_end_ns ? i->lease_ns : i->run_end_ns;
    }
    if (i->deadline_ms != INT64_MAX) {
        int64_t left_ms = i->deadline_ms - b->io->wall_ms(b->io->host);
        uint64_t now_ns = b->io->mono_ns(b->io->host);
        /* Look again within a day at the latest: the wall clock may be set. */
        int64_t look_ms = left_ms < 0 ? 0 : left_ms > 86400000 ? 86400000 : left_ms;
        uint64_t deadline_ns = now_ns + (uint64_t)look_ms * NS_PER_MS;
        at_ns = deadline_ns < at_ns ? deadline_ns : at_ns;
    }
    if (at_ns == UINT64_MAX) {
        timers_cancel(&b->timers, slot);
    } else {
        timers_set(&b->timers, slot, at_ns);
    }
}

void intent_put_quiet(struct board *b, uint32_t slot, const struct intent *now)
{
    take_off(b, slot);
    struct intent copy = *now;
    copy.lane = copy.lane_next = copy.lane_prev = SLOT_NONE;
    b->intents[slot] = copy;
    hang_on(b, slot);
    intent_watch(b, slot);
}

/* Parked claims look only at intents that became claimable since they were served. */
static void note_fresh(struct board *b, uint32_t slot)
{
    if (b->intents[slot].lane == SLOT_NONE || b->parked_count == 0) {
        return;
    }
    if (b->fresh_count == b->fresh_cap) {
        mem_grow(&b->fresh, &b->fresh_cap, b->fresh_count + 1, sizeof *b->fresh);
    }
    b->fresh[b->fresh_count++] = slot;
}

void intent_put(struct board *b, uint32_t slot, const struct intent *now)
{
    struct intent before = b->intents[slot];
    if (b->txn.open) {
        undo_note(b, &(struct undo){.kind = UNDO_INTENT, .index = slot, .intent = before});
    }
    intent_put_quiet(b, slot, now);
    if (before.status == STATUS_CLAIMED && now->status != STATUS_CLAIMED) {
        b->offer_again = true;
    }
    if (before.lane == SLOT_NONE) {
        note_fresh(b, slot);
    }
}

uint32_t intent_new(struct board *b, const struct intent *fresh)
{
    if (b->intents_count == b->intents_cap) {
        mem_grow(&b->intents, &b->intents_cap, b->intents_count + 1, sizeof *b->intents);
    }
    uint32_t slot = (uint32_t)b->intents_count++;
    b->intents[slot] = *fresh;
    b->intents[slot].lane = SLOT_NONE;
    b->intents[slot].lane_next = b->intents[slot].lane_prev = SLOT_NONE;
    hang_on(b, slot);
    intent_watch(b, slot);
    note_fresh(b, slot);
    return slot;
}

void intent_drop_last(struct board *b)
{
    CHECK(b->intents_count > 0);
    uint32_t slot = (uint32_t)b->intents_count - 1;
    take_off(b, slot);
    timers_cancel(&b->timers, slot);
    b->intents_count--;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return left < right ? -1 : left > right;
}

void intents_restore(struct board *b)
{
    /* In the order in which they stand in lanes: each then goes to the end of one. */
    uint64_t *order = mem_alloc((b->intents_count + 1) * sizeof *order);
    for (uint32_t slot = 0; slot < b->intents_count; slot++) {
        order[slot] = (uint64_t)b->intents[slot].queued_seq << 32 | slot;
    }
    qsort(order, b->intents_count, sizeof *order, by_number);
    for (size_t i = 0; i < b->intents_count; i++) {
        uint32_t slot = (uint32_t)order[i];
        struct intent *intent = &b->intents[slot];
        intent->lane = intent->lane_next = intent->lane_prev = SLOT_NONE;
        hang_on(b, slot);
    }
    mem_free(order);
}

void intents_resume(struct board *b)
{
    uint64_t now_ns = b->io->mono_ns(b->io->host);
    int64_t now_ms = b->io->wall_ms(b->io->host);
    for (uint32_t slot = 0; slot < b->intents_count; slot++) {
        struct intent *i = &b->intents[slot];
        if (i->status == STATUS_CLAIMED) {
            i->lease_ns = now_ns + (uint64_t)i->ttl_ms * NS_PER_MS;
            i->persisted_ns = now_ns;
            i->run_end_ns = UINT64_MAX;
            if (i->max_run_ms > 0) {
                int64_t ran_ms = now_ms - i->claimed_at_ms;
                uint64_t used_ms = ran_ms < 0 ? 0 : (uint64_t)ran_ms;
                uint64_t left_ms = used_ms >= i->max_run_ms ? 0 : i->max_run_ms - used_ms;
                i->run_end_ns = now_ns + left_ms * NS_PER_MS;
            }
        }
        intent_watch(b, slot);
    }
}
