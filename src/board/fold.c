/* fold.c - what each record does to the state: the one place for writes and replay.
 *
 * A record that reaches this file was checked when it was written, so what it says is
 * believed; CHECKs stand where a wrong record would break the state. Time that only
 * this host knows (leases) is set here for live writes and by intents_resume after a
 * replay.
 */
#include "base/clock.h"
#include "board/board_internal.h"

void undo_note(struct board *b, const struct undo *undo)
{
    struct txn *t = &b->txn;
    if (t->undo_count == t->undo_cap) {
        mem_grow(&t->undo, &t->undo_cap, t->undo_count + 1, sizeof *t->undo);
    }
    t->undo[t->undo_count++] = *undo;
}

static uint32_t must_find(const struct board *b, const struct hash *id)
{
    uint32_t ordinal = row_find(b, id);
    CHECK(ordinal != ORDINAL_NONE);
    return ordinal;
}

static void fold_links(struct board *b, uint32_t ordinal, struct entry_ids ids,
                       enum link_role role)
{
    for (uint32_t i = 0; i < ids.count; i++) {
        struct hash id;
        memcpy(&id, entry_id(ids, i), sizeof id);
        link_add(b, ordinal, must_find(b, &id), role);
    }
}

static void fold_fact(struct board *b, const struct entry *e, uint32_t ordinal)
{
    fold_links(b, ordinal, e->fact.from, LINK_FROM);
    if ((e->flags & ENTRY_UNDER) != 0) {
        link_add(b, ordinal, must_find(b, &e->fact.under), LINK_UNDER);
    }
    if ((e->flags & (ENTRY_VALID_FROM | ENTRY_VALID_TO)) != 0) {
        if (b->validity_count == b->validity_cap) {
            mem_grow(&b->validity, &b->validity_cap, b->validity_count + 1,
                     sizeof *b->validity);
        }
        b->validity[b->validity_count++] = (struct validity){
            .ordinal = ordinal,
            .from_ms = (e->flags & ENTRY_VALID_FROM) != 0 ? e->fact.valid_from_ms : INT64_MIN,
            .to_ms = (e->flags & ENTRY_VALID_TO) != 0 ? e->fact.valid_to_ms : INT64_MAX,
        };
    }
}

static uint32_t intern_if(struct dict *dict, struct str name)
{
    return name.len == 0 ? NUMBER_NONE : dict_intern(dict, name);
}

static uint16_t unmet_count(const struct board *b, struct entry_ids depends_on)
{
    uint16_t unmet = 0;
    for (uint32_t i = 0; i < depends_on.count; i++) {
        struct hash id;
        memcpy(&id, entry_id(depends_on, i), sizeof id);
        uint32_t slot = b->rows[must_find(b, &id)].aux;
        unmet = (uint16_t)(unmet + (b->intents[slot].status != STATUS_CONCLUDED));
    }
    return unmet;
}

static void fold_intent(struct board *b, const struct entry *e, uint32_t ordinal)
{
    struct intent fresh = {
        .ordinal = ordinal,
        .status = STATUS_SUBMITTED,
        .priority = e->intent.priority,
        .waits_for = unmet_count(b, e->intent.depends_on),
        .creator = b->rows[ordinal].creator,
        .capability = intern_if(&b->capabilities, e->intent.capability),
        .dedupe = intern_if(&b->keys, e->intent.dedupe_key),
        .holder = NUMBER_NONE,
        .parent = ORDINAL_NONE,
        .goal = ordinal,
        .to_fact = ORDINAL_NONE,
        .checkpoint = ORDINAL_NONE,
        .ended_by = ORDINAL_NONE,
        .deadline_ms = (e->flags & ENTRY_DEADLINE) != 0 ? e->intent.deadline_ms : INT64_MAX,
        .max_run_ms = e->intent.max_run_ms,
        .run_end_ns = UINT64_MAX,
        .last_seq = ordinal + 1,
        .queued_seq = ordinal + 1,
    };
    fold_links(b, ordinal, e->intent.from, LINK_FROM);
    fold_links(b, ordinal, e->intent.depends_on, LINK_DEPENDS);
    if ((e->flags & ENTRY_PARENT) != 0) {
        fresh.parent = must_find(b, &e->intent.parent);
        fresh.goal = b->intents[b->rows[fresh.parent].aux].goal;
        link_add(b, ordinal, fresh.parent, LINK_PARENT);
    }
    b->rows[ordinal].aux = (uint32_t)b->intents_count;
    intent_new(b, &fresh);
}

/* A dependency was concluded: those that waited for it may become claimable. */
static void unblock(struct board *b, uint32_t concluded, uint32_t seq)
{
    for (uint32_t l = b->rows[concluded].cited; l != 0; l = b->links[l - 1].next) {
        if (b->links[l - 1].role == LINK_DEPENDS) {
            uint32_t slot = b->rows[b->links[l - 1].from].aux;
            struct intent now = b->intents[slot];
            CHECK(now.waits_for > 0);
            now.waits_for--;
            now.queued_seq = now.last_seq = seq;
            intent_put(b, slot, &now);
        }
    }
}

static void fold_claimed(struct board *b, const struct entry *e, uint32_t slot, uint32_t ordinal)
{
    struct intent now = b->intents[slot];
    CHECK(now.status == STATUS_SUBMITTED && e->event.epoch == now.epoch + 1);
    uint64_t now_ns = b->replaying ? 0 : b->io->mono_ns(b->io->host);
    now.status = STATUS_CLAIMED;
    now.holder = b->rows[ordinal].creator;
    now.epoch = e->event.epoch;
    now.ttl_ms = (uint32_t)e->event.number;
    now.claimed_by = ordinal;
    now.attempts++;
    now.claimed_at_ms = e->at_ms;
    now.lease_ns = now_ns + (uint64_t)now.ttl_ms * NS_PER_MS;
    now.persisted_ns = now_ns;
    now.run_end_ns = now.max_run_ms == 0 ? UINT64_MAX : now_ns + now.max_run_ms * NS_PER_MS;
    now.ended_by = ORDINAL_NONE;
    now.last_seq = ordinal + 1;
    ROOM_FOR(b->served, b->served_cap, now.creator);
    if (b->txn.open) {
        undo_note(b, &(struct undo){.kind = UNDO_SERVED,
                                    .index = now.creator,
                                    .number = b->served[now.creator]});
    }
    b->served[now.creator] = ordinal + 1;
    intent_put(b, slot, &now);
}

/* The claim is over and the intent may be claimed again, or has ended. */
static void fold_ended(struct board *b, const struct entry *e, uint32_t slot, uint32_t ordinal,
                       enum status status)
{
    struct intent now = b->intents[slot];
    CHECK(!intent_ended(&now));
    now.status = (uint8_t)status;
    now.holder = NUMBER_NONE;
    now.ended_by = ordinal;
    now.last_seq = ordinal + 1;
    now.queued_seq = ordinal + 1;
    if (status == STATUS_CONCLUDED) {
        now.to_fact = must_find(b, &e->event.hash_a);
    }
    intent_put(b, slot, &now);
    if (status == STATUS_CONCLUDED) {
        unblock(b, now.ordinal, ordinal + 1);
    }
}

static void fold_on_intent(struct board *b, const struct entry *e, uint32_t ordinal)
{
    uint32_t target = must_find(b, &e->event.intent);
    uint32_t slot = b->rows[target].aux;
    CHECK(row_kind(&b->rows[target]) == RECORD_INTENT && slot < b->intents_count);
    link_add(b, ordinal, target, LINK_ABOUT);
    struct intent now = b->intents[slot];
    bool again = e->type != EVENT_FAILED || e->event.number != 0;
    switch (e->type) {
    case EVENT_CLAIMED:
        fold_claimed(b, e, slot, ordinal);
        break;
    case EVENT_CHECKPOINT:
        now.checkpoint = ordinal;
        now.last_seq = ordinal + 1;
        intent_put(b, slot, &now);
        break;
    case EVENT_HEARTBEAT:
        break;
    case EVENT_RELEASED:
    case EVENT_EXPIRED:
    case EVENT_FAILED:
        fold_ended(b, e, slot, ordinal, again ? STATUS_SUBMITTED : STATUS_FAILED);
        break;
    case EVENT_CONCLUDED:
        fold_ended(b, e, slot, ordinal, STATUS_CONCLUDED);
        break;
    case EVENT_CANCELLED:
        fold_ended(b, e, slot, ordinal, STATUS_CANCELLED);
        break;
    case EVENT_NONE:
    case EVENT_AGENT_ADDED:
    case EVENT_AGENT_REMOVED:
    case EVENT_PAUSED:
    case EVENT_RESUMED:
    case EVENT_IDEMPOTENCY:
    case EVENT_CONTRACT:
        UNREACHABLE("an event that is not about an intent");
    }
}

static void fold_event(struct board *b, const struct entry *e, uint32_t ordinal)
{
    if ((e->event.fields & FIELD_INTENT) != 0) {
        fold_on_intent(b, e, ordinal);
        return;
    }
    if (e->type == EVENT_AGENT_ADDED || e->type == EVENT_AGENT_REMOVED) {
        agents_fold(b, e);
    } else if (e->type == EVENT_IDEMPOTENCY) {
        idem_fold(b, e, ordinal);
    } else if (e->type == EVENT_CONTRACT) {
        govern_fold(b, e, ordinal);
    } else {
        CHECK(e->type == EVENT_PAUSED || e->type == EVENT_RESUMED);
        if (b->txn.open) {
            undo_note(b, &(struct undo){.kind = UNDO_PAUSE, .flag = b->paused});
        }
        b->paused = e->type == EVENT_PAUSED;
    }
}

void fold(struct board *b, const struct entry *e, uint32_t ordinal)
{
    CHECK(ordinal + 1 == b->rows_count);
    b->last_at_ms = e->at_ms;
    switch (e->kind) {
    case RECORD_FACT:
        fold_fact(b, e, ordinal);
        break;
    case RECORD_INTENT:
        fold_intent(b, e, ordinal);
        break;
    case RECORD_HINT:
        break;
    case RECORD_EVENT:
        fold_event(b, e, ordinal);
        break;
    case RECORD_NONE:
        UNREACHABLE("a record without a kind");
    }
}
