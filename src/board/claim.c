/* claim.c - claims and everything done under them.
 *
 * The fence: a claim is the pair (intent, epoch). resolve_claim is the only gate, and
 * every operation here passes it: the intent must be claimed at this moment, under this
 * very epoch, by this very actor. Release, fail, expiry, cancel and conclude each leave
 * the claimed state, so the epoch is worthless from that record on; an epoch whose lease
 * has run out is worthless even before board_step writes that down.
 */
#include <stdio.h>

#include "base/clock.h"
#include "board/board_internal.h"

static uint64_t lease_end_ns(const struct intent *i)
{
    return i->lease_ns < i->run_end_ns ? i->lease_ns : i->run_end_ns;
}

bool claim_lapsed(const struct board *b, const struct intent *i)
{
    return i->status == STATUS_CLAIMED && lease_end_ns(i) <= b->io->mono_ns(b->io->host);
}

bool claim_expire(struct board *b, uint32_t slot)
{
    struct entry e;
    const struct intent *i = &b->intents[slot];
    const bool run_over = i->run_end_ns < i->lease_ns;
    event_begin(b, &e, EVENT_EXPIRED, STR(SYSTEM_ACTOR));
    e.event.fields = FIELD_INTENT | FIELD_EPOCH | FIELD_TEXT;
    e.event.intent = b->rows[i->ordinal].id;
    e.event.epoch = i->epoch;
    e.event.text = run_over ? STR("the claim ran longer than max_run_ms")
                            : STR("no heartbeat within the lease");
    b->counts.leases_expired++;
    return entry_emit(b, &e, NULL);
}

/* What is left of a claim, for the answer. */
static void tell_expiry(struct board *b, uint32_t slot, struct result *r)
{
    const struct intent *i = &b->intents[slot];
    uint64_t now_ns = b->io->mono_ns(b->io->host);
    uint64_t end_ns = lease_end_ns(i);
    r->epoch = i->epoch;
    r->expires_in_ms = end_ns > now_ns ? (end_ns - now_ns) / NS_PER_MS : 0;
    r->expires_at_ms = b->io->wall_ms(b->io->host) + (int64_t)r->expires_in_ms;
}

bool claim_allowed(struct board *b, const struct actor *actor, uint64_t *ttl_ms,
                   struct result *r)
{
    if (*ttl_ms == 0) {
        *ttl_ms = TTL_MS_DEFAULT;
    }
    if (*ttl_ms < TTL_MS_MIN || *ttl_ms > TTL_MS_MAX) {
        refuse(r, BOARD_INVALID, "Leave it out for 60000.",
               "field `ttl_ms` must be an integer from %u to %u", TTL_MS_MIN, TTL_MS_MAX);
        return false;
    }
    if (b->paused) {
        refuse(r, BOARD_UNAVAILABLE, "Wait until the service is resumed.",
               "the board is paused: no new claims are given");
        r->retry_after_ms = 5000;
        return false;
    }
    uint32_t name = dict_find(&b->names, actor->name);
    if (name != NUMBER_NONE && name < b->held_cap &&
        b->held[name] >= b->limits.claims_per_agent_max) {
        refuse(r, BOARD_LIMIT, "Conclude or release claims first.",
               "%.*s holds %u claims, the limit", STR_ARG(actor->name), b->held[name]);
        r->retry_after_ms = 1000;
        return false;
    }
    uint32_t held = name != NUMBER_NONE && name < b->held_cap ? b->held[name] : 0;
    return govern_claim(b, actor, held, r) && may_write(b, r);
}

void claim_give(struct board *b, const struct actor *actor, uint32_t slot, uint64_t ttl_ms,
                struct result *r)
{
    struct entry e;
    const struct intent *i = &b->intents[slot];
    CHECK(i->status == STATUS_SUBMITTED && i->waits_for == 0 && i->epoch < EPOCH_MAX);
    event_begin(b, &e, EVENT_CLAIMED, actor->name);
    e.event.fields = FIELD_INTENT | FIELD_EPOCH | FIELD_NUMBER;
    e.event.intent = b->rows[i->ordinal].id;
    e.event.epoch = i->epoch + 1;
    e.event.number = ttl_ms;
    if (!entry_emit(b, &e, NULL)) {
        refuse(r, BOARD_TOO_LARGE, "Send less in one request.", "the transaction is too large");
        return;
    }
    b->counts.claims_given++;
    r->outcome = BOARD_OK;
    r->record = r->intent = b->intents[slot].ordinal;
    r->hold_seq = txn_last_seq(b);
    tell_expiry(b, slot, r);
}

void board_claim(struct board *b, const struct actor *actor, struct str intent, uint64_t ttl_ms,
                 struct result *r)
{
    uint32_t slot;
    result_init(r);
    if (!resolve_intent(b, intent, &slot, r)) {
        return;
    }
    const struct intent *i = &b->intents[slot];
    const bool lapsed = claim_lapsed(b, i); /* board_step has not come to it yet */
    r->hold_seq = i->last_seq;
    if (i->status == STATUS_CLAIMED && !lapsed) {
        b->counts.claims_refused++;
        tell_expiry(b, slot, r);
        (void)snprintf(r->holder, sizeof r->holder, "%.*s",
                       STR_ARG(dict_name(&b->names, i->holder)));
        refuse(r, BOARD_ALREADY_CLAIMED,
               "Take other work (POST /api/v1/claims), or wait until the lease ends.",
               "%s holds this intent for another %llu ms", r->holder,
               (unsigned long long)r->expires_in_ms);
        return;
    }
    if (intent_ended(i)) {
        refuse(r, BOARD_ALREADY_CONCLUDED, "Take other work: POST /api/v1/claims.",
               "the intent has ended: it is %s", status_word((enum status)i->status));
        return;
    }
    if (i->waits_for > 0) {
        refuse(r, BOARD_CONFLICT, "Take other work: POST /api/v1/claims.",
               "the intent waits for %u of its depends_on", i->waits_for);
        return;
    }
    if (!claim_allowed(b, actor, &ttl_ms, r)) {
        return;
    }
    if (lapsed && !claim_expire(b, slot)) {
        refuse(r, BOARD_TOO_LARGE, "Send less in one request.", "the transaction is too large");
        return;
    }
    claim_give(b, actor, slot, ttl_ms, r);
}

/* Numbers of names; those nobody ever used cannot match and are left out. */
static uint32_t numbers_of(const struct dict *dict, const struct str *names, size_t count,
                           uint32_t *out)
{
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t number = dict_find(dict, names[i]);
        if (number != NUMBER_NONE) {
            out[found++] = number;
        }
    }
    return found;
}

static bool template_checks(struct board *b, const struct claim_template *t, struct result *r)
{
    if (t->capabilities_count > b->limits.links_max || t->topics_count > b->limits.links_max) {
        refuse(r, BOARD_TOO_LARGE, "Name fewer.",
               "at most %llu capabilities and topics may be named",
               (unsigned long long)b->limits.links_max);
        return false;
    }
    for (size_t i = 0; i < t->capabilities_count; i++) {
        if (!want_name(b, t->capabilities[i], "capabilities", true, r)) {
            return false;
        }
    }
    for (size_t i = 0; i < t->topics_count; i++) {
        if (!want_name(b, t->topics[i], "topics", true, r)) {
            return false;
        }
    }
    return true;
}

void board_claim_next(struct board *b, const struct actor *actor,
                      const struct claim_template *t, struct result *r)
{
    uint64_t ttl_ms = t->ttl_ms;
    result_init(r);
    if (!template_checks(b, t, r) || !claim_allowed(b, actor, &ttl_ms, r)) {
        return;
    }
    uint32_t *numbers =
        arena_alloc(&b->arena, (t->capabilities_count + t->topics_count + 1) * sizeof *numbers);
    struct wants wants = {.capabilities = numbers};
    if (t->capabilities_count > 0) {
        wants.capabilities_count =
            numbers_of(&b->capabilities, t->capabilities, t->capabilities_count, numbers);
    } else {
        uint32_t agent = agent_index(b, dict_find(&b->names, actor->name));
        if (agent != SLOT_NONE) {
            wants.capabilities = b->agents[agent].capabilities;
            wants.capabilities_count = b->agents[agent].capabilities_count;
        }
    }
    uint32_t *topics = numbers + t->capabilities_count;
    wants.topics = topics;
    wants.topics_count = numbers_of(&b->topics, t->topics, t->topics_count, topics);
    uint32_t slot = SLOT_NONE;
    if (t->topics_count == 0 || wants.topics_count > 0) {
        slot = lane_pick(b, &wants);
    }
    if (slot == SLOT_NONE) {
        r->outcome = BOARD_NONE;
        return;
    }
    claim_give(b, actor, slot, ttl_ms, r);
}

/* An event about a live claim, without its own fields yet. */
static void claim_event(struct board *b, struct entry *e, enum event_type type, struct str creator,
                        uint32_t slot)
{
    const struct intent *i = &b->intents[slot];
    event_begin(b, e, type, creator);
    e->event.fields = FIELD_INTENT | FIELD_EPOCH;
    e->event.intent = b->rows[i->ordinal].id;
    e->event.epoch = i->epoch;
}

static void claim_emit(struct board *b, struct entry *e, uint32_t slot, struct result *r)
{
    if (!entry_emit(b, e, NULL)) {
        refuse(r, BOARD_TOO_LARGE, "Send less in one request.", "the transaction is too large");
        return;
    }
    r->outcome = BOARD_OK;
    r->record = b->intents[slot].ordinal;
    r->hold_seq = txn_last_seq(b);
}

void board_heartbeat(struct board *b, const struct actor *actor, struct str intent,
                     uint64_t epoch, struct result *r)
{
    uint32_t slot;
    result_init(r);
    if (!resolve_claim(b, actor, intent, epoch, &slot, r)) {
        return;
    }
    struct intent *i = &b->intents[slot];
    uint64_t now_ns = b->io->mono_ns(b->io->host);
    uint64_t ttl_ns = (uint64_t)i->ttl_ms * NS_PER_MS;
    if (b->txn.open) {
        undo_note(b, &(struct undo){.kind = UNDO_INTENT, .index = slot, .intent = *i});
    }
    /* The extension itself lives in memory only: a restart gives a full ttl anyway. */
    i->lease_ns = now_ns + ttl_ns;
    i->heartbeats++;
    b->counts.heartbeats++;
    intent_watch(b, slot);
    r->record = i->ordinal;
    r->hold_seq = i->last_seq;
    if (now_ns - i->persisted_ns >= ttl_ns / 2 && log_failed(b->log) == ERR_OK) {
        struct entry e;
        i->persisted_ns = now_ns;
        claim_event(b, &e, EVENT_HEARTBEAT, actor->name, slot);
        (void)entry_emit(b, &e, NULL);
    }
    tell_expiry(b, slot, r);
}

/* Checkpoints stand raw in what is rendered, and there a line break would end a line of
 * a stream: they are kept without white space. */
static bool compact_json(struct board *b, struct str text, struct buf *out, struct result *r)
{
    struct json *value;
    struct json_error error;
    struct json_writer w;
    const struct json_limits limits = {.depth_max = 48}; /* a record around it reads back */
    if (!json_parse(&b->arena, text, &limits, &value, &error)) {
        refuse(r, BOARD_INVALID, "Send any JSON value.", "field `data` is not JSON: %s at byte %zu",
               error.cause, error.offset);
        return false;
    }
    jw_init(&w, out, false);
    jw_value(&w, value);
    return true;
}

void board_checkpoint(struct board *b, const struct actor *actor, struct str intent,
                      uint64_t epoch, struct str data, struct result *r)
{
    uint32_t slot;
    struct entry e;
    struct buf compact = {0};
    result_init(r);
    if (!resolve_claim(b, actor, intent, epoch, &slot, r) || !may_write(b, r) ||
        !want_text(b, data, "data", true, r) || !compact_json(b, data, &compact, r)) {
        return;
    }
    claim_event(b, &e, EVENT_CHECKPOINT, actor->name, slot);
    e.event.fields |= FIELD_TEXT;
    e.event.text = buf_str(&compact);
    claim_emit(b, &e, slot, r);
    buf_deinit(&compact);
}

void board_release(struct board *b, const struct actor *actor, struct str intent, uint64_t epoch,
                   struct str reason, struct result *r)
{
    uint32_t slot;
    struct entry e;
    result_init(r);
    if (!resolve_claim(b, actor, intent, epoch, &slot, r) || !may_end(b, r) ||
        !want_text(b, reason, "reason", false, r)) {
        return;
    }
    claim_event(b, &e, EVENT_RELEASED, actor->name, slot);
    e.event.fields |= FIELD_TEXT;
    e.event.text = reason;
    claim_emit(b, &e, slot, r);
}

void board_fail(struct board *b, const struct actor *actor, struct str intent, uint64_t epoch,
                struct str reason, bool retry, struct result *r)
{
    uint32_t slot;
    struct entry e;
    result_init(r);
    if (!resolve_claim(b, actor, intent, epoch, &slot, r) || !may_end(b, r) ||
        !want_text(b, reason, "reason", true, r)) {
        return;
    }
    claim_event(b, &e, EVENT_FAILED, actor->name, slot);
    e.event.fields |= FIELD_TEXT | FIELD_NUMBER;
    e.event.text = reason;
    e.event.number = retry;
    claim_emit(b, &e, slot, r);
}

/* The same conclusion again: same actor, epoch, type and bytes. */
static bool concluded_so(struct board *b, const struct actor *actor, const struct intent *i,
                         uint64_t epoch, const struct content *content)
{
    struct entry e;
    if (i->status != STATUS_CONCLUDED || i->epoch != epoch || !row_entry(b, i->to_fact, &e) ||
        !str_eq(e.creator, actor->name) || !str_eq(e.fact.mime_type, content->mime_type)) {
        return false;
    }
    if ((e.flags & ENTRY_STORED) == 0) {
        return str_eq(e.fact.content, content->data);
    }
    struct hash hash;
    sha256(content->data.at, content->data.len, &hash);
    return hash_eq(&hash, &e.fact.content_hash);
}

void board_conclude(struct board *b, const struct actor *actor, struct str intent, uint64_t epoch,
                    const struct content *content, struct id_list evidence, struct result *r)
{
    uint32_t slot;
    struct entry e;
    result_init(r);
    if (resolve_intent(b, intent, &slot, r) && b->intents[slot].status == STATUS_CONCLUDED) {
        const struct intent *i = &b->intents[slot];
        r->hold_seq = i->last_seq;
        if (concluded_so(b, actor, i, epoch, content)) {
            r->record = i->to_fact;
            return;
        }
        if (epoch == i->epoch) {
            refuse(r, BOARD_ALREADY_CONCLUDED, "Read the intent: its to_fact is the conclusion.",
                   "the intent was concluded with another content");
            return;
        }
    }
    if (!resolve_claim(b, actor, intent, epoch, &slot, r) || !may_end(b, r)) {
        return;
    }
    if (!conclusion_put(b, actor, slot, epoch, content, evidence, r)) {
        return;
    }
    uint32_t fact = r->record;
    claim_event(b, &e, EVENT_CONCLUDED, actor->name, slot);
    e.event.fields |= FIELD_HASH_A;
    e.event.hash_a = b->rows[fact].id;
    claim_emit(b, &e, slot, r);
    if (r->outcome == BOARD_OK) {
        r->record = fact;
    }
}

void board_cancel(struct board *b, const struct actor *actor, struct str intent,
                  struct str reason, struct result *r)
{
    uint32_t slot;
    struct entry e;
    result_init(r);
    if (!resolve_intent(b, intent, &slot, r)) {
        return;
    }
    const struct intent *i = &b->intents[slot];
    r->hold_seq = i->last_seq;
    if (actor->role == ROLE_AGENT &&
        !str_eq(dict_name(&b->names, i->creator), actor->name)) {
        refuse(r, BOARD_NOT_PERMITTED, "Ask its creator or a person.",
               "only the creator, a human or an admin may cancel an intent");
        return;
    }
    if (intent_ended(i)) {
        refuse(r, BOARD_ALREADY_CONCLUDED, "Nothing needs to be done.",
               "the intent has ended: it is %s", status_word((enum status)i->status));
        return;
    }
    if (!may_end(b, r) || !want_text(b, reason, "reason", false, r)) {
        return;
    }
    event_begin(b, &e, EVENT_CANCELLED, actor->name);
    e.event.fields = FIELD_INTENT | FIELD_TEXT;
    e.event.intent = b->rows[i->ordinal].id;
    e.event.text = reason;
    claim_emit(b, &e, slot, r);
}
