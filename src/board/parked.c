/* parked.c - claims that wait for work, and what time alone brings about.
 *
 * Waiting claims stand in one queue, in the order in which they came. When one is parked
 * nothing claimable fits it; so only intents that became claimable since (`fresh`) need
 * to be offered, the highest priority first, each to the first in the queue whom it fits.
 * Whom a limit keeps from taking it is held back, and asked again when a claim has ended.
 * Serving happens in board_flush and board_step, never inside somebody else's operation;
 * who is told may park, unpark and write as he likes.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "board/board_internal.h"

#define PARKED_NAMES_BYTES_MAX 4096u

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
    mem_free(p->names);
    mem_free(p->wants);
    mem_free(p);
}

/* Looks the names up again when new ones became known since. They are not interned here:
 * only records may make the dictionaries grow. */
static void know_wants(const struct board *b, struct parked *p)
{
    if (p->capabilities_seen == b->capabilities.count && p->topics_seen == b->topics.count) {
        return;
    }
    for (uint32_t i = 0; i < p->capabilities_count + p->topics_count; i++) {
        const struct dict *dict = i < p->capabilities_count ? &b->capabilities : &b->topics;
        if (p->wants[i] == NUMBER_UNKNOWN) {
            const uint32_t number = dict_find(dict, p->names[i]);
            p->wants[i] = number == NUMBER_NONE ? NUMBER_UNKNOWN : number;
        }
    }
    p->capabilities_seen = b->capabilities.count;
    p->topics_seen = b->topics.count;
}

/* The template's names (or, without capabilities, those of the agent's registration) in
 * one piece of memory: the array of strings, and the characters behind it. */
static void keep_wants(struct board *b, struct parked *p, const struct claim_template *t)
{
    const uint32_t index = agent_index(b, p->name);
    const struct agent *agent = index == SLOT_NONE ? NULL : &b->agents[index];
    const bool registered = t->capabilities_count == 0 && agent != NULL;
    const size_t capabilities = registered ? agent->capabilities_count : t->capabilities_count;
    const size_t count = capabilities + t->topics_count;
    size_t bytes = 0, at = 0;
    for (size_t i = 0; !registered && i < capabilities; i++) {
        bytes += t->capabilities[i].len;
    }
    for (size_t i = 0; i < t->topics_count; i++) {
        bytes += t->topics[i].len;
    }
    p->names = mem_zalloc((count + 1) * sizeof *p->names + bytes);
    p->wants = mem_alloc((count + 1) * sizeof *p->wants);
    char *text = (char *)(p->names + count + 1);
    for (size_t i = 0; i < count; i++) {
        p->wants[i] = NUMBER_UNKNOWN;
        if (registered && i < capabilities) {
            p->wants[i] = agent->capabilities[i];
            continue;
        }
        struct str name = i < capabilities ? t->capabilities[i] : t->topics[i - capabilities];
        if (name.len > 0) {
            memcpy(text + at, name.at, name.len);
        }
        p->names[i] = str_n(text + at, name.len);
        at += name.len;
    }
    p->capabilities_count = (uint32_t)capabilities;
    p->topics_count = (uint32_t)t->topics_count;
    know_wants(b, p);
}

static size_t template_bytes(const struct claim_template *t)
{
    size_t bytes = 0;
    for (size_t i = 0; i < t->capabilities_count; i++) {
        bytes += t->capabilities[i].len;
    }
    for (size_t i = 0; i < t->topics_count; i++) {
        bytes += t->topics[i].len;
    }
    return bytes;
}

static bool park_checks(struct board *b, const struct actor *actor,
                        const struct claim_template *t, uint64_t wait_ms, struct result *r)
{
    const uint32_t name = dict_find(&b->names, actor->name);
    const uint32_t own =
        name == NUMBER_NONE || name >= b->parked_of_cap ? 0 : b->parked_of[name];
    if (wait_ms > TTL_MS_MAX) {
        refuse(r, BOARD_INVALID, "Send at most a day.", "field `wait_ms` is at most %u",
               TTL_MS_MAX);
        return false;
    }
    if (template_bytes(t) > PARKED_NAMES_BYTES_MAX) {
        refuse(r, BOARD_TOO_LARGE, "Name fewer, or leave wait_ms out.",
               "capabilities and topics of a waiting claim have at most %u bytes",
               PARKED_NAMES_BYTES_MAX);
        return false;
    }
    if (b->parked_count >= b->limits.parked_max || own >= b->limits.parked_per_agent_max) {
        refuse(r, BOARD_LIMIT, "Wait and repeat the request without wait_ms.",
               "too many claims wait for work (%zu in all, %u of %.*s)", b->parked_count, own,
               STR_ARG(actor->name));
        r->retry_after_ms = 1000;
        return false;
    }
    return true;
}

void board_park(struct board *b, const struct actor *actor, const struct claim_template *t,
                uint64_t wait_ms, uint64_t ticket, struct result *r)
{
    CHECK(!b->txn.open);
    result_init(r);
    if (!park_checks(b, actor, t, wait_ms, r)) {
        return;
    }
    const uint32_t name = dict_intern(&b->names, actor->name);
    ROOM_FOR(b->parked_of, b->parked_of_cap, name);
    struct parked *p = mem_zalloc(sizeof *p);
    p->ticket = ticket;
    p->until_ns = b->io->mono_ns(b->io->host) + wait_ms * NS_PER_MS;
    p->ttl_ms = t->ttl_ms == 0 ? TTL_MS_DEFAULT : t->ttl_ms;
    p->name = name;
    p->role = actor->role;
    keep_wants(b, p, t);
    p->prev = b->parked_last;
    if (b->parked_last == NULL) {
        b->parked_first = p;
    } else {
        b->parked_last->next = p;
    }
    b->parked_last = p;
    if (b->parked_count++ == 0 || p->until_ns < b->parked_due_ns) {
        b->parked_due_ns = p->until_ns;
    }
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

/* Of one that has left the queue. */
static void tell(struct board *b, struct parked *p, const struct result *r)
{
    const uint64_t ticket = p->ticket;
    free_parked(p);
    if (b->options.on_unparked != NULL) {
        b->options.on_unparked(b->options.context, ticket, r);
    }
}

static struct wants wants_of(const struct board *b, struct parked *p)
{
    know_wants(b, p);
    return (struct wants){p->wants, p->wants + p->capabilities_count, p->capabilities_count,
                          p->topics_count};
}

static bool is_removed(const struct board *b, const struct parked *p)
{
    const uint32_t agent = agent_index(b, p->name);
    return agent != SLOT_NONE && b->agents[agent].removed;
}

/* Gives the intent to one who waits; false: a limit keeps him from it. */
static bool give(struct board *b, struct parked *p, uint32_t slot)
{
    struct actor actor = {dict_name(&b->names, p->name), p->role};
    struct result r;
    uint64_t ttl_ms = p->ttl_ms;
    result_init(&r);
    p->held_back = !claim_allowed(b, &actor, &ttl_ms, &r);
    if (p->held_back) {
        return false;
    }
    board_begin(b);
    claim_give(b, &actor, slot, ttl_ms, &r);
    (void)board_commit(b);
    unlink_parked(b, p);
    tell(b, p, &r);
    return true;
}

/* Offers one intent to the queue, until somebody takes it. */
static void offer(struct board *b, uint32_t slot)
{
    for (struct parked *p = b->parked_first; p != NULL; p = p->next) {
        const struct wants wants = wants_of(b, p);
        if (lane_fits(b, slot, &wants) && !is_removed(b, p) && give(b, p, slot)) {
            return;
        }
    }
}

/* Who is told may change the queue, so after each gift the walk begins anew; it ends,
 * because each gift takes one out of those held back. */
static void offer_held_back(struct board *b)
{
    b->offer_again = false;
    struct parked *p = b->parked_first;
    while (p != NULL) {
        uint32_t slot = SLOT_NONE;
        if (p->held_back && !is_removed(b, p)) {
            const struct wants wants = wants_of(b, p);
            slot = lane_pick(b, &wants);
        }
        p = slot != SLOT_NONE && give(b, p, slot) ? b->parked_first : p->next;
    }
}

static int by_number(const void *a, const void *b)
{
    uint64_t left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return left < right ? -1 : left > right;
}

/* Takes the list of fresh intents over, the highest priority first and then as they came. */
static uint64_t *take_fresh(struct board *b, size_t *out_count)
{
    uint64_t *order = mem_alloc((b->fresh_count + 1) * sizeof *order);
    uint64_t *slots = mem_alloc((b->fresh_count + 1) * sizeof *slots);
    size_t count = 0;
    for (size_t i = 0; i < b->fresh_count; i++) {
        const uint32_t slot = b->fresh[i];
        /* Since it was noted a rollback may have dropped it, or somebody claimed it. */
        if (slot < b->intents_count && b->intents[slot].lane != SLOT_NONE) {
            const uint64_t rank = PRIORITY_MAX - b->intents[slot].priority;
            order[count++] = rank << 32 | i;
        }
    }
    qsort(order, count, sizeof *order, by_number);
    for (size_t i = 0; i < count; i++) {
        slots[i] = b->fresh[(uint32_t)order[i]];
    }
    mem_free(order);
    b->fresh_count = 0;
    *out_count = count;
    return slots;
}

void parked_serve(struct board *b)
{
    struct result room;
    result_init(&room);
    if (b->parked_count == 0) {
        b->fresh_count = 0;
        b->offer_again = false;
    }
    if ((b->fresh_count == 0 && !b->offer_again) || b->serving || b->paused ||
        !may_write(b, &room)) {
        return;
    }
    b->serving = true;
    if (b->offer_again) {
        offer_held_back(b);
    }
    size_t count;
    uint64_t *slots = take_fresh(b, &count);
    for (size_t i = 0; i < count && b->parked_count > 0; i++) {
        const uint32_t slot = (uint32_t)slots[i];
        if (slot < b->intents_count && b->intents[slot].lane != SLOT_NONE) {
            offer(b, slot);
        }
    }
    mem_free(slots);
    b->serving = false;
}

/* Ends the waits whose time is up; returns when the next one ends. They leave the queue
 * before anybody is told, because who is told may change the queue. */
uint64_t parked_expire(struct board *b, uint64_t now_ns)
{
    struct parked *over = NULL, **tail = &over;
    if (b->parked_count == 0) {
        return UINT64_MAX;
    }
    if (now_ns < b->parked_due_ns) {
        return b->parked_due_ns;
    }
    uint64_t due_ns = UINT64_MAX;
    for (struct parked *p = b->parked_first, *following; p != NULL; p = following) {
        following = p->next;
        if (p->until_ns <= now_ns) {
            unlink_parked(b, p);
            p->next = NULL;
            *tail = p;
            tail = &p->next;
        } else if (p->until_ns < due_ns) {
            due_ns = p->until_ns;
        }
    }
    b->parked_due_ns = due_ns;
    while (over != NULL) {
        struct parked *p = over;
        struct result r;
        over = p->next;
        result_init(&r);
        r.outcome = BOARD_NONE;
        tell(b, p, &r);
    }
    return b->parked_count == 0 ? UINT64_MAX : b->parked_due_ns;
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
static void intent_due(struct board *b, uint32_t slot)
{
    struct entry e;
    struct intent *i = &b->intents[slot];
    bool late = i->deadline_ms != INT64_MAX && i->deadline_ms <= b->io->wall_ms(b->io->host);
    if (intent_ended(i) || (!late && !claim_lapsed(b, i))) {
        intent_watch(b, slot);
        return;
    }
    board_begin(b);
    if (!late) {
        CHECK(claim_expire(b, slot));
        (void)board_commit(b);
        return;
    }
    event_begin(b, &e, EVENT_FAILED, STR(SYSTEM_ACTOR));
    e.event.fields = FIELD_INTENT | FIELD_TEXT | FIELD_NUMBER;
    e.event.intent = b->rows[i->ordinal].id;
    e.event.text = STR("the deadline passed");
    if (i->status == STATUS_CLAIMED) {
        e.event.fields |= FIELD_EPOCH;
        e.event.epoch = i->epoch;
    }
    CHECK(entry_emit(b, &e, NULL));
    (void)board_commit(b);
}

uint64_t board_step(struct board *b)
{
    uint32_t slot;
    uint64_t due_ns;
    uint64_t now_ns = b->io->mono_ns(b->io->host);
    uint64_t next_ns = UINT64_MAX;
    if (log_failed(b->log) != ERR_OK || b->options.read_only) {
        return next_ns;
    }
    /* A timer set again for this very moment must not hold us here. */
    for (size_t fired = 0; fired <= b->intents_count; fired++) {
        if (!timers_first(&b->timers, &slot, &due_ns) || due_ns > now_ns) {
            break;
        }
        timers_cancel(&b->timers, slot);
        intent_due(b, slot);
    }
    parked_serve(b);
    uint64_t wait_ns = parked_expire(b, now_ns);
    if (timers_first(&b->timers, &slot, &due_ns)) {
        next_ns = due_ns;
    }
    return wait_ns < next_ns ? wait_ns : next_ns;
}
