/* govern.c - the contract in force, and what it refuses.
 *
 * A contract comes into force with the event that carries its text and judges every record
 * behind it, until the next one. Which contract a record stood under is therefore a matter
 * of position: no record repeats it, and rulings[] is the whole memory of it. A board that was
 * given none stands under the default contract from its first record on.
 *
 * Invariants
 *  1. rulings[] is sorted by position; rulings[0] is the default contract, from record 1.
 *  2. What is written under a claim is judged by the contract under which the claim was
 *     given: changing the rules does not change what an agent agreed to.
 *  3. Only content is judged: Facts, Intents, Hints and conclusions. Claims are held to the
 *     contract's limits; what the service itself writes is not judged.
 *
 * Rates are counted in memory, per agent and minute of the records' time; what is rolled
 * back is not counted.
 */
#include <stdio.h>

#include "board/board_internal.h"
#include "codec/bytes.h"

#define NEXT_CONTRACT "Read the rules: nexusctl contract show."

static void push_ruling(struct board *b, uint32_t event, struct contract *contract)
{
    if (b->rulings_count == b->rulings_cap) {
        mem_grow(&b->rulings, &b->rulings_cap, b->rulings_count + 1, sizeof *b->rulings);
    }
    b->rulings[b->rulings_count++] = (struct ruling){event, contract};
}

void govern_init(struct board *b)
{
    struct nex_problems problems = {0};
    struct contract *contract = contract_compile(contract_default_text(), NULL, &problems);
    CHECK(contract != NULL);
    b->judgement = contract_scratch_new();
    push_ruling(b, ORDINAL_NONE, contract);
}

void govern_deinit(struct board *b)
{
    for (size_t i = 0; i < b->rulings_count; i++) {
        contract_free(b->rulings[i].contract);
    }
    mem_free(b->rulings);
    mem_free(b->rates);
    contract_scratch_free(b->judgement);
}

/* During a replay nothing is judged: govern_resume reads the texts when all are there. */
void govern_fold(struct board *b, const struct entry *e, uint32_t ordinal)
{
    struct nex_problems problems = {0};
    struct contract *contract = NULL;
    if (!b->replaying) {
        contract = contract_compile(e->event.text, NULL, &problems);
        CHECK(contract != NULL); /* board_contract_activate has tried it */
        b->offer_again = true;
    }
    push_ruling(b, ordinal, contract);
    if (b->txn.open) {
        undo_note(b, &(struct undo){.kind = UNDO_RULING});
    }
}

void govern_forget_newest(struct board *b)
{
    CHECK(b->rulings_count > 1);
    contract_free(b->rulings[--b->rulings_count].contract);
}

/* From a checkpoint, which knows the events only. */
void govern_restore(struct board *b, uint32_t event)
{
    push_ruling(b, event, NULL);
}

/* Once the log is open. A text was accepted when it was written; a later version that
 * reads it no more keeps the rules before it rather than none. */
bool govern_resume(struct board *b)
{
    for (size_t i = 1; i < b->rulings_count; i++) {
        struct entry e;
        CHECK(b->rulings[i].contract == NULL);
        if (!row_entry(b, b->rulings[i].event, &e) || e.type != EVENT_CONTRACT) {
            return false;
        }
        struct nex_problems problems = {0};
        b->rulings[i].contract = contract_compile(e.event.text, NULL, &problems);
        if (b->rulings[i].contract == NULL) {
            b->rulings[i].contract =
                contract_compile(contract_text(b->rulings[i - 1].contract), NULL, &problems);
        }
    }
    return true;
}

/* The ruling for a record at `ordinal`: the last one that lies before it. */
static const struct ruling *ruling_at(const struct board *b, uint32_t ordinal)
{
    size_t i = b->rulings_count - 1;
    while (i > 0 && b->rulings[i].event >= ordinal) {
        i--;
    }
    return &b->rulings[i];
}

/* The event that gave the claim. Epochs of an intent rise by one from claim to claim, so
 * counting back from the newest needs no look at the disk. */
static uint32_t claim_event_of(const struct board *b, uint32_t ordinal, uint64_t epoch)
{
    const struct intent *intent = &b->intents[b->rows[ordinal].aux];
    uint64_t at = intent->epoch;
    if (at == epoch) {
        return intent->claimed_by;
    }
    for (uint32_t l = b->rows[ordinal].cited; l != 0; l = b->links[l - 1].next) {
        const struct link *link = &b->links[l - 1];
        if (link->role != LINK_ABOUT || b->rows[link->from].aux != EVENT_CLAIMED) {
            continue;
        }
        if (at == epoch) {
            return link->from;
        }
        at--;
    }
    return ORDINAL_NONE;
}

const struct contract *govern_stands(const struct board *b, const struct entry *e,
                                     uint32_t ordinal)
{
    if (b->rulings_count > 1 && e->kind == RECORD_FACT && (e->flags & ENTRY_UNDER) != 0) {
        const uint32_t claimed =
            claim_event_of(b, row_find(b, &e->fact.under), e->fact.under_epoch);
        CHECK(claimed != ORDINAL_NONE);
        return ruling_at(b, claimed)->contract;
    }
    return ruling_at(b, ordinal)->contract;
}

const struct contract *board_contract_at(struct board *b, uint32_t ordinal)
{
    struct entry e;
    return row_entry(b, ordinal, &e) ? govern_stands(b, &e, ordinal)
                                     : ruling_at(b, ordinal)->contract;
}

const struct contract *board_contract(const struct board *b, uint32_t *out_event)
{
    const struct ruling *last = &b->rulings[b->rulings_count - 1];
    if (out_event != NULL) {
        *out_event = last->event;
    }
    return last->contract;
}

/* -- limits per agent --------------------------------------------------------------------- */

static bool over(struct result *r, const char *what, uint64_t limit, struct str name)
{
    refuse(r, BOARD_LIMIT, NEXT_CONTRACT, "the contract allows %.*s %llu %s", STR_ARG(name),
           (unsigned long long)limit, what);
    return true;
}

static bool rate_exceeded(struct board *b, const struct actor *actor, enum record_kind kind,
                          const struct contract_limit_set *limits, int64_t at_ms,
                          struct result *r)
{
    uint32_t name = dict_intern(&b->names, actor->name);
    ROOM_FOR(b->rates, b->rates_cap, name);
    struct rate *rate = &b->rates[name];
    CHECK(b->txn.open);
    if (rate->minute != at_ms / 60000) {
        *rate = (struct rate){.minute = at_ms / 60000};
    }
    const uint64_t by_kind[] = {[RECORD_FACT] = limits->facts_per_minute,
                                [RECORD_INTENT] = limits->intents_per_minute,
                                [RECORD_HINT] = limits->hints_per_minute};
    if (rate->all >= limits->per_minute) {
        (void)over(r, "records a minute", limits->per_minute, actor->name);
    } else if (rate->count[kind] >= by_kind[kind]) {
        (void)over(r,
                   kind == RECORD_FACT     ? "Facts a minute"
                   : kind == RECORD_INTENT ? "intents a minute"
                                           : "hints a minute",
                   by_kind[kind], actor->name);
    } else {
        undo_note(b, &(struct undo){.kind = UNDO_RATE, .index = name, .rate = *rate});
        rate->all++;
        rate->count[kind]++;
        return false;
    }
    r->retry_after_ms = (uint64_t)(60000 - at_ms % 60000);
    return true;
}

static uint64_t open_intents_of(const struct board *b, struct str creator)
{
    uint32_t name = dict_find(&b->names, creator);
    return name != NUMBER_NONE && name < b->opened_cap ? b->opened[name] : 0;
}

bool govern_claim(struct board *b, const struct actor *actor, uint32_t held, struct result *r)
{
    if (b->rulings_count == 1) {
        return true;
    }
    struct contract_limit_set limits = contract_limits(
        board_contract(b, NULL), actor->name, str_of(role_word(actor->role)));
    if (held >= limits.open_claims) {
        r->retry_after_ms = 1000;
        return !over(r, "open claims", limits.open_claims, actor->name);
    }
    return true;
}

/* -- judging --------------------------------------------------------------------------------- */

static uint32_t distinct_origins(const struct board *b, struct entry_ids ids)
{
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < ids.count; i++) {
        struct hash id;
        memcpy(&id, entry_id(ids, i), sizeof id);
        uint32_t origin = b->rows[row_find(b, &id)].aux;
        bool seen = false;
        for (uint32_t k = 0; k < i && !seen; k++) {
            memcpy(&id, entry_id(ids, k), sizeof id);
            seen = b->rows[row_find(b, &id)].aux == origin;
        }
        distinct += !seen;
    }
    return distinct;
}

static void view_fact(const struct board *b, const struct entry *e, struct contract_record *v)
{
    v->origin = e->fact.origin;
    v->topic = e->fact.topic;
    v->position = e->fact.position;
    v->mime = e->fact.mime_type;
    v->has_confidence = (e->flags & ENTRY_CONFIDENCE) != 0;
    v->confidence = e->fact.confidence;
    v->has_valid_from = (e->flags & ENTRY_VALID_FROM) != 0;
    v->has_valid_to = (e->flags & ENTRY_VALID_TO) != 0;
    v->valid_from_ms = e->fact.valid_from_ms;
    v->valid_to_ms = e->fact.valid_to_ms;
    v->from_count = e->fact.from.count;
    v->unseen_edges = e->fact.from.count; /* a new Fact's links are all new */
    v->evidence_count = e->fact.from.count;
    v->evidence_origins = distinct_origins(b, e->fact.from);
}

static void view_of(const struct board *b, const struct actor *actor, const struct entry *e,
                    struct str content, struct contract_record *v)
{
    memset(v, 0, sizeof *v);
    v->kind = str_of(record_kind_word(e->kind));
    v->creator = actor->name;
    v->role = str_of(role_word(actor->role));
    v->content = content;
    v->at_ms = e->at_ms;
    if (e->kind == RECORD_FACT) {
        view_fact(b, e, v);
        v->concludes = str_starts(e->fact.origin, STR("conclusion:"));
    } else if (e->kind == RECORD_INTENT) {
        v->topic = e->intent.topic;
        v->capability = e->intent.capability;
        v->priority = e->intent.priority;
        v->from_count = e->intent.from.count;
        v->unseen_edges = e->intent.from.count;
    } else {
        v->scope = e->hint.scope;
    }
}

bool govern_allows(struct board *b, const struct actor *actor, const struct entry *e,
                   struct str content, struct result *r)
{
    const struct contract *contract = govern_stands(b, e, (uint32_t)b->rows_count);
    struct contract_limit_set limits =
        contract_limits(contract, actor->name, str_of(role_word(actor->role)));
    struct contract_record view;
    struct contract_verdict verdict;
    view_of(b, actor, e, content, &view);
    contract_judge(contract, b->judgement, &view, &verdict);
    if (!verdict.admitted) {
        struct buf words = {0};
        contract_explain(&words, "contract.nex", &verdict);
        refuse(r, BOARD_REFUSED, NEXT_CONTRACT, "%s", buf_cstr(&words));
        if (verdict.refusal.cure.len > 0) {
            (void)snprintf(r->next, sizeof r->next, "%.*s", STR_ARG(verdict.refusal.cure));
        }
        buf_deinit(&words);
        return false;
    }
    if (e->kind == RECORD_INTENT && limits.open_intents != CONTRACT_NO_LIMIT &&
        open_intents_of(b, actor->name) >= limits.open_intents) {
        r->retry_after_ms = 60000;
        return !over(r, "open intents", limits.open_intents, actor->name);
    }
    return !rate_exceeded(b, actor, e->kind, &limits, e->at_ms, r);
}

/* -- changing it --------------------------------------------------------------------------- */

void board_contract_activate(struct board *b, const struct actor *actor, struct str text,
                             struct result *r)
{
    struct entry e;
    struct nex_problems problems = {0};
    result_init(r);
    if (actor->role != ROLE_HUMAN) {
        refuse(r, BOARD_NOT_PERMITTED, "Ask a person: it takes a human credential.",
               "only a human may put a contract into force");
        return;
    }
    if (!may_write(b, r)) {
        return;
    }
    struct contract *contract = contract_compile(text, NULL, &problems);
    if (contract == NULL) {
        struct buf words = {0};
        nex_problems_print(&words, "contract.nex", &problems);
        for (size_t i = 0; i < words.len; i++) {
            words.at[i] = words.at[i] == '\n' ? ' ' : words.at[i]; /* one line, as details are */
        }
        refuse(r, BOARD_INVALID, "Correct it; the contract in force stays.", "%.*s",
               STR_ARG(str_trim(buf_str(&words))));
        buf_deinit(&words);
        return;
    }
    struct hash hash = contract_hash(contract);
    struct hash now = contract_hash(board_contract(b, NULL));
    contract_free(contract);
    if (hash_eq(&hash, &now)) {
        r->record = b->rulings[b->rulings_count - 1].event;
        return; /* it is in force already */
    }
    event_begin(b, &e, EVENT_CONTRACT, actor->name);
    e.event.fields = FIELD_TEXT | FIELD_HASH_A;
    e.event.text = text;
    e.event.hash_a = hash;
    if (!entry_emit(b, &e, &r->record)) {
        refuse(r, BOARD_TOO_LARGE, "Shorten it.", "the contract is too large for one record");
        return;
    }
    r->outcome = BOARD_CREATED;
    r->hold_seq = txn_last_seq(b);
}

bool board_contract_judge(struct board *b, uint32_t ordinal, struct buf *out_words)
{
    struct entry e;
    struct content content = {STR_NONE, STR_NONE};
    struct contract_record view;
    struct contract_verdict verdict;
    if (!row_entry(b, ordinal, &e) || e.kind == RECORD_EVENT) {
        return e.kind == RECORD_EVENT;
    }
    if (e.kind == RECORD_FACT && !board_content(b, ordinal, &b->scratch, &content)) {
        return false;
    }
    struct actor actor = {e.creator, ROLE_AGENT};
    uint32_t agent = agent_index(b, dict_find(&b->names, e.creator));
    if (agent != SLOT_NONE) {
        actor.role = (enum role)b->agents[agent].role;
    } else if (str_is(e.creator, ADMIN_ACTOR)) {
        actor.role = ROLE_ADMIN;
    }
    view_of(b, &actor, &e,
            e.kind == RECORD_FACT     ? content.data
            : e.kind == RECORD_INTENT ? e.intent.description
                                      : e.hint.content,
            &view);
    contract_judge(govern_stands(b, &e, ordinal), b->judgement, &view, &verdict);
    contract_explain(out_words, "contract.nex", &verdict);
    return true;
}
