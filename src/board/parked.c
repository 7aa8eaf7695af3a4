/* parked.c - claims that wait for work, and what time alone brings about.
 *
 * Waiting claims stand in one queue, in the order in which they came. When one is parked
 * nothing claimable fits it; so only intents that became claimable since (`fresh`) need
 * to be offered, each to the first in the queue whom it fits. Serving happens in
 * board_flush and board_step, never inside somebody else's operation.
 */
#include "base/clock.h"
#include "board/board_internal.h"

static void unlink_parked(struct board *b, struct parked *p)
{
    if (p->prev == NULL) {
        b->parked_first = p->next;
    } else {
        p->prev->next = p->next;
    }
    if (p->next == NULL) {
        b->parked_last = p->prev;
    } else {
        p->next->prev = p->prev;
    }
    b->parked_count--;
    b->parked_of[p->name]--;
}

static void free_parked(struct parked *p)
{
    mem_free(p->wants);
    mem_free(p);
}

void board_park(struct board *b, const struct actor *actor, const struct claim_template *t,
                uint64_t wait_ms, uint64_t ticket, struct result *r)
{
    result_init(r);
    uint32_t name = dict_intern(&b->names, actor->name);
    ROOM_FOR(b->parked_of, b->parked_of_cap, name);
    if (b->parked_count >= b->limits.parked_max ||
        b->parked_of[name] >= b->limits.parked_per_agent_max) {
        refuse(r, BOARD_LIMIT, "Wait and repeat the request without wait_ms.",
               "too many claims wait for work (%zu in all, %u of %.*s)", b->parked_count,
               b->parked_of[name], STR_ARG(actor->name));
        r->retry_after_ms = 1000;
        return;
    }
    size_t wants = t->capabilities_count + t->topics_count;
    uint32_t agent = agent_index(b, name);
    if (t->capabilities_count == 0 && agent != SLOT_NONE) {
        wants += b->agents[agent].capabilities_count;
    }
    struct parked *p = mem_zalloc(sizeof *p);
    p->ticket = ticket;
    p->until_ns = b->io->mono_ns(b->io->host) + wait_ms * NS_PER_MS;
    p->ttl_ms = t->ttl_ms == 0 ? TTL_MS_DEFAULT : t->ttl_ms;
    p->name = name;
    p->role = actor->role;
    p->wants = mem_alloc((wants + 1) * sizeof *p->wants);
    size_t n = 0;
    /* Names nobody used yet are interned: an intent may bring them tomorrow. */
    for (size_t i = 0; i < t->capabilities_count; i++) {
        p->wants[n++] = dict_intern(&b->capabilities, t->capabilities[i]);
    }
    if (t->capabilities_count == 0 && agent != SLOT_NONE) {
        for (uint32_t i = 0; i < b->agents[agent].capabilities_count; i++) {
            p->wants[n++] = b->agents[agent].capabilities[i];
        }
    }
    p->capabilities_count = (uint32_t)n;
    for (size_t i = 0; i < t->topics_count; i++) {
        p->wants[n++] = dict_intern(&b->topics, t->topics[i]);
    }
    p->topics_count = (uint32_t)n - p->capabilities_count;
    p->prev = b->parked_last;
    if (b->parked_last == NULL) {
        b->parked_first = p;
    } else {
        b->parked_last->next = p;
    }
    b->parked_last = p;
    b->parked_count++;
    b->parked_of[name]++;
}

static struct parked *find_parked(struct board *b, uint64_t ticket)
{
    struct parked *p = b->parked_first;
    while (p != NULL && p->ticket != ticket) {
        p = p->next;
    }
    return p;
}

bool board_unpark(struct board *b, uint64_t ticket)
{
    struct parked *p = find_parked(b, ticket);
    if (p == NULL) {
        return false;
    }
    unlink_parked(b, p);
    free_parked(p);
    return true;
}

static void answer(struct board *b, struct parked *p, const struct result *r)
{
    uint64_t ticket = p->ticket;
    unlink_parked(b, p);
    free_parked(p);
    if (b->options.on_unparked != NULL) {
        b->options.on_unparked(b->options.context, ticket, r);
    }
}

/* Offers one intent to the queue; true when somebody took it. */
static bool offer(struct board *b, uint32_t slot)
{
    for (struct parked *p = b->parked_first; p != NULL; p = p->next) {
        struct wants wants = {p->wants, p->wants + p->capabilities_count, p->capabilities_count,
                              p->topics_count};
        struct actor actor = {dict_name(&b->names, p->name), p->role};
        struct result r;
        uint64_t ttl_ms = p->ttl_ms;
        if (!lane_fits(b, slot, &wants)) {
            continue;
        }
        result_init(&r);
        if (!claim_allowed(b, &actor, &ttl_ms, &r)) {
            continue;
        }
        board_begin(b);
        claim_give(b, &actor, slot, ttl_ms, &r);
        (void)board_commit(b);
        answer(b, p, &r);
        return true;
    }
    return false;
}

void parked_serve(struct board *b)
{
    struct result room;
    result_init(&room);
    if (b->fresh_count == 0 || b->serving || (b->parked_count > 0 && !may_write(b, &room))) {
        return;
    }
    b->serving = true;
    if (b->parked_count > 0 && !b->paused) {
        for (size_t i = 0; i < b->fresh_count && b->parked_count > 0; i++) {
            uint32_t slot = b->fresh[i];
            if (slot < b->intents_count && b->intents[slot].lane != SLOT_NONE) {
                (void)offer(b, slot);
            }
        }
    }
    if (!b->paused) {
        b->fresh_count = 0;
    }
    b->serving = false;
}

/* Ends the waits whose time is up; returns when the next one ends. */
uint64_t parked_expire(struct board *b, uint64_t now_ns)
{
    uint64_t next_ns = UINT64_MAX;
    struct parked *p = b->parked_first;
    while (p != NULL) {
        struct parked *following = p->next;
        if (p->until_ns <= now_ns) {
            struct result r;
            result_init(&r);
            r.outcome = BOARD_NONE;
            answer(b, p, &r);
        } else if (p->until_ns < next_ns) {
            next_ns = p->until_ns;
        }
        p = following;
    }
    return next_ns;
}

void parked_deinit(struct board *b)
{
    struct parked *p = b->parked_first;
    while (p != NULL) {
        struct parked *following = p->next;
        free_parked(p);
        p = following;
    }
    b->parked_first = b->parked_last = NULL;
    b->parked_count = 0;
}

/* -- time ------------------------------------------------------------------------------ */

/* One intent whose timer fired. */
static void intent_due(struct board *b, uint32_t slot, uint64_t now_ns)
{
    struct entry e;
    struct intent *i = &b->intents[slot];
    bool late = i->deadline_ms != INT64_MAX && i->deadline_ms <= b->io->wall_ms(b->io->host);
    bool lease_over = i->status == STATUS_CLAIMED && i->lease_ns <= now_ns;
    bool run_over = i->status == STATUS_CLAIMED && i->run_end_ns <= now_ns;
    if (intent_ended(i) || (!late && !lease_over && !run_over)) {
        intent_watch(b, slot);
        return;
    }
    event_begin(b, &e, late ? EVENT_FAILED : EVENT_EXPIRED, STR(SYSTEM_ACTOR));
    e.event.fields = FIELD_INTENT | FIELD_TEXT | FIELD_NUMBER;
    e.event.intent = b->rows[i->ordinal].id;
    e.event.text = late         ? STR("the deadline passed")
                   : lease_over ? STR("no heartbeat within the lease")
                                : STR("the claim ran longer than max_run_ms");
    if (i->status == STATUS_CLAIMED) {
        e.event.fields |= FIELD_EPOCH;
        e.event.epoch = i->epoch;
        b->counts.leases_expired++;
    }
    board_begin(b);
    CHECK(entry_emit(b, &e, NULL));
    (void)board_commit(b);
}

uint64_t board_step(struct board *b)
{
    uint32_t slot;
    uint64_t due_ns;
    uint64_t now_ns = b->io->mono_ns(b->io->host);
    uint64_t next_ns = UINT64_MAX;
    if (log_failed(b->log) != ERR_OK) {
        return next_ns;
    }
    /* A timer set again for this very moment must not hold us here. */
    for (size_t fired = 0; fired <= b->intents_count; fired++) {
        if (!timers_first(&b->timers, &slot, &due_ns) || due_ns > now_ns) {
            break;
        }
        timers_cancel(&b->timers, slot);
        intent_due(b, slot, now_ns);
    }
    parked_serve(b);
    uint64_t wait_ns = parked_expire(b, now_ns);
    if (timers_first(&b->timers, &slot, &due_ns)) {
        next_ns = due_ns;
    }
    return wait_ns < next_ns ? wait_ns : next_ns;
}
