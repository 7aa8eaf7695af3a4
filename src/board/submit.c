/* submit.c - new Facts, Intents and Hints.
 *
 * A Fact is identified by what it says and where it comes from: the same Fact again is
 * the same record. An Intent rests on at least one Fact; where none is named, a
 * grounding Fact with the request's own words is written first, in the same
 * transaction.
 */
#include <stdio.h>

#include "board/board_internal.h"

static void too_large(struct result *r)
{
    refuse(r, BOARD_TOO_LARGE, "Send less in one request.",
           "the records of one request would exceed %u bytes", LOG_APPEND_BYTES_MAX);
}

/* Writes the fact of `e` unless it exists; content lies in e and `content`. */
static bool fact_put(struct board *b, const struct actor *actor, struct entry *e,
                     const struct hash *content_hash, const struct content *content,
                     struct result *r)
{
    entry_fact_identity(e, content_hash, &e->id);
    uint32_t existing = row_find(b, &e->id);
    if (existing != ORDINAL_NONE) {
        b->counts.facts_repeated++;
        r->outcome = BOARD_OK;
        r->record = existing;
        r->hold_seq = (uint64_t)existing + 1;
        return true;
    }
    if (!govern_allows(b, actor, e, content->data, r)) {
        return false;
    }
    if (!entry_emit(b, e, &r->record)) {
        too_large(r);
        return false;
    }
    if ((e->flags & ENTRY_STORED) != 0) {
        log_put_blob(b->log, content_hash, content->data);
    }
    r->outcome = BOARD_CREATED;
    r->hold_seq = txn_last_seq(b);
    return true;
}

static bool fact_checks(struct board *b, const struct fact_in *in, struct result *r)
{
    if (!want_name(b, in->origin, "origin", true, r) ||
        !want_name(b, in->topic, "topic", false, r) ||
        !want_name(b, in->position, "position", false, r)) {
        return false;
    }
    const int64_t time_max = 1ll << 46; /* the year 4199 */
    if ((in->has_valid_from && (in->valid_from_ms < 0 || in->valid_from_ms > time_max)) ||
        (in->has_valid_to && (in->valid_to_ms < 0 || in->valid_to_ms > time_max))) {
        refuse(r, BOARD_INVALID, "Send Unix time in milliseconds.",
               "fields `valid_from_ms` and `valid_to_ms` lie between 0 and %lld",
               (long long)time_max);
        return false;
    }
    if (in->has_valid_from && in->has_valid_to && in->valid_from_ms >= in->valid_to_ms) {
        refuse(r, BOARD_INVALID, "Exchange or correct them.",
               "field `valid_from_ms` must be before `valid_to_ms`");
        return false;
    }
    if (in->has_confidence && !(in->confidence >= 0.0 && in->confidence <= 1.0)) {
        refuse(r, BOARD_INVALID, "Send a number from 0 to 1.",
               "field `confidence` must be a number from 0 to 1");
        return false;
    }
    return true;
}

void board_fact(struct board *b, const struct actor *actor, const struct fact_in *in,
                struct result *r)
{
    struct entry e;
    struct hash content_hash;
    struct hash *from = NULL;
    result_init(r);
    if (!may_write(b, r) || !fact_checks(b, in, r)) {
        return;
    }
    entry_begin(b, &e, RECORD_FACT, actor->name);
    if (!content_prepare(b, &in->content, &e, &content_hash, r) ||
        !resolve_ids(b, in->from, RECORD_FACT, "from", &from, r)) {
        return;
    }
    if (in->under.given) {
        uint32_t slot;
        if (!resolve_claim(b, actor, in->under.intent, in->under.epoch, &slot, r)) {
            /* The Fact refers to the intent; it is not what is acted upon. */
            r->outcome = r->outcome == BOARD_NOT_FOUND ? BOARD_INVALID_REFERENCE : r->outcome;
            return;
        }
        e.flags |= ENTRY_UNDER;
        e.fact.under = b->rows[b->intents[slot].ordinal].id;
        e.fact.under_epoch = in->under.epoch;
    }
    e.fact.origin = in->origin;
    e.fact.topic = in->topic;
    e.fact.position = in->position;
    e.fact.from = (struct entry_ids){from->bytes, (uint32_t)in->from.count};
    e.fact.valid_from_ms = in->valid_from_ms;
    e.fact.valid_to_ms = in->valid_to_ms;
    e.fact.confidence = in->confidence;
    e.flags |= (uint8_t)((in->has_valid_from ? ENTRY_VALID_FROM : 0) |
                         (in->has_valid_to ? ENTRY_VALID_TO : 0) |
                         (in->has_confidence ? ENTRY_CONFIDENCE : 0));
    (void)fact_put(b, actor, &e, &content_hash, &in->content, r);
}

/* The Fact that says who asked for what, for intents that rest on nothing else. Its result
 * becomes that of the intent only when it is refused: an intent refused behind it takes it
 * back, and must not wait until it is durable. */
static bool ground(struct board *b, const struct actor *actor, struct str description,
                   struct hash *out_fact, struct result *r)
{
    struct result made;
    struct entry e;
    struct hash content_hash;
    struct content content = {STR("text/plain"), description};
    struct str origin =
        arena_printf(&b->arena, "request:%.*s", STR_ARG(actor->name));
    result_init(&made);
    entry_begin(b, &e, RECORD_FACT, actor->name);
    e.fact.origin = origin;
    if (!content_prepare(b, &content, &e, &content_hash, &made) ||
        !fact_put(b, actor, &e, &content_hash, &content, &made)) {
        *r = made;
        return false;
    }
    *out_fact = b->rows[made.record].id;
    return true;
}

static bool intent_checks(struct board *b, const struct intent_in *in, struct result *r)
{
    if (!want_text(b, in->description, "description", true, r) ||
        !want_name(b, in->capability, "capability", false, r) ||
        !want_name(b, in->dedupe_key, "dedupe_key", false, r) ||
        !want_name(b, in->topic, "topic", false, r)) {
        return false;
    }
    if (in->priority < 0 || in->priority > PRIORITY_MAX) {
        refuse(r, BOARD_INVALID, "Leave it out for 5.",
               "field `priority` must be an integer from 1 to 10");
        return false;
    }
    if (in->has_deadline &&
        (in->deadline_ms <= b->io->wall_ms(b->io->host) || in->deadline_ms > 1ll << 46)) {
        refuse(r, BOARD_INVALID, "Send a Unix time in milliseconds that is still to come.",
               "field `deadline_ms` is not in the future");
        return false;
    }
    if (in->max_run_ms > 366ull * 86400000) {
        refuse(r, BOARD_INVALID, "Send at most 31,622,400,000 (366 days).",
               "field `max_run_ms` is out of range");
        return false;
    }
    if (b->open_intents >= b->limits.open_intents_max) {
        refuse(r, BOARD_LIMIT, "Conclude or cancel intents first.",
               "%u intents are open, the limit", b->open_intents);
        r->retry_after_ms = 60000;
        return false;
    }
    return true;
}

/* The live intent that bears the key, ORDINAL_NONE when there is none. */
static uint32_t dedupe_find(const struct board *b, struct str key)
{
    uint32_t number = key.len == 0 ? NUMBER_NONE : dict_find(&b->keys, key);
    if (number == NUMBER_NONE || number >= b->dedupe_cap || b->dedupe_slot[number] == 0) {
        return ORDINAL_NONE;
    }
    return b->intents[b->dedupe_slot[number] - 1].ordinal;
}

static bool intent_links(struct board *b, const struct intent_in *in, struct entry *e,
                         struct result *r)
{
    struct hash *from, *depends_on, *parent;
    struct id_list parent_list = {&in->parent, 1};
    if (!resolve_ids(b, in->from_facts, RECORD_FACT, "from_facts", &from, r) ||
        !resolve_ids(b, in->depends_on, RECORD_INTENT, "depends_on", &depends_on, r)) {
        return false;
    }
    e->intent.from = (struct entry_ids){from->bytes, (uint32_t)in->from_facts.count};
    e->intent.depends_on = (struct entry_ids){depends_on->bytes, (uint32_t)in->depends_on.count};
    if (in->parent.len > 0) {
        if (!resolve_ids(b, parent_list, RECORD_INTENT, "parent", &parent, r)) {
            return false;
        }
        e->flags |= ENTRY_PARENT;
        e->intent.parent = *parent;
    }
    return true;
}

void board_intent(struct board *b, const struct actor *actor, const struct intent_in *in,
                  struct result *r)
{
    struct entry e;
    struct hash grounding;
    result_init(r);
    if (!may_write(b, r) || !intent_checks(b, in, r)) {
        return;
    }
    entry_begin(b, &e, RECORD_INTENT, actor->name);
    if (!intent_links(b, in, &e, r)) {
        return;
    }
    uint32_t existing = dedupe_find(b, in->dedupe_key);
    if (existing != ORDINAL_NONE) {
        r->record = r->intent = existing;
        r->hold_seq = board_hold_seq(b, existing);
        return;
    }
    if (in->from_facts.count == 0) {
        if (!ground(b, actor, in->description, &grounding, r)) {
            return;
        }
        e.intent.from = (struct entry_ids){grounding.bytes, 1};
    }
    e.intent.description = in->description;
    e.intent.capability = in->capability;
    e.intent.topic = in->topic;
    e.intent.dedupe_key = in->dedupe_key;
    e.intent.priority = (uint8_t)(in->priority == 0 ? 5 : in->priority);
    e.intent.max_run_ms = in->max_run_ms;
    if (in->has_deadline) {
        e.flags |= ENTRY_DEADLINE;
        e.intent.deadline_ms = in->deadline_ms;
    }
    if (!govern_allows(b, actor, &e, in->description, r)) {
        return;
    }
    if (!entry_emit(b, &e, &r->record)) {
        too_large(r);
        return;
    }
    r->outcome = BOARD_CREATED;
    r->intent = r->record;
    r->hold_seq = txn_last_seq(b);
}

void board_hint(struct board *b, const struct actor *actor, struct str content, struct str scope,
                uint64_t ttl_ms, struct result *r)
{
    struct entry e;
    result_init(r);
    if (!may_write(b, r) || !want_text(b, content, "content", true, r) ||
        !want_name(b, scope, "scope", false, r)) {
        return;
    }
    if (ttl_ms > 366ull * 86400000) {
        refuse(r, BOARD_INVALID, "Leave it out for a hint that stays.",
               "field `ttl_ms` is at most 31,622,400,000 (366 days)");
        return;
    }
    entry_begin(b, &e, RECORD_HINT, actor->name);
    e.hint.content = content;
    e.hint.scope = scope;
    e.hint.ttl_ms = ttl_ms;
    if (!govern_allows(b, actor, &e, content, r)) {
        return;
    }
    if (!entry_emit(b, &e, &r->record)) {
        too_large(r);
        return;
    }
    r->outcome = BOARD_CREATED;
    r->hold_seq = txn_last_seq(b);
}

/* A conclusion is a Fact: origin conclusion:<intent>, resting on the evidence, or on
 * what the intent rested on. Used by claim.c. */
bool conclusion_put(struct board *b, const struct actor *actor, uint32_t slot, uint64_t epoch,
                    const struct content *content, struct id_list evidence, struct result *r)
{
    struct entry e, intent;
    struct hash content_hash;
    struct hash *from;
    char id[ID_TEXT_LEN + 1];
    uint32_t ordinal = b->intents[slot].ordinal;
    entry_begin(b, &e, RECORD_FACT, actor->name);
    if (!content_prepare(b, content, &e, &content_hash, r) ||
        !resolve_ids(b, evidence, RECORD_FACT, "evidence", &from, r)) {
        return false;
    }
    e.fact.from = (struct entry_ids){from->bytes, (uint32_t)evidence.count};
    if (evidence.count == 0) {
        if (!row_entry(b, ordinal, &intent)) {
            refuse(r, BOARD_UNAVAILABLE, "Run nexusctl verify.",
                   "the intent's record is damaged on the disk");
            return false;
        }
        from = arena_alloc(&b->arena, (intent.intent.from.count + 1) * sizeof *from);
        memcpy(from, intent.intent.from.at, intent.intent.from.count * sizeof *from);
        e.fact.from = (struct entry_ids){from->bytes, intent.intent.from.count};
    }
    board_id(b, ordinal, id);
    e.fact.origin = arena_printf(&b->arena, "conclusion:%s", id);
    e.flags |= ENTRY_UNDER;
    e.fact.under = b->rows[ordinal].id;
    e.fact.under_epoch = epoch;
    return fact_put(b, actor, &e, &content_hash, content, r);
}
