/* write.c - transactions: records are composed, folded, and appended together.
 *
 * Between board_begin and board_commit the new records live in txn.bodies and are
 * already folded into memory, so a later operation of the transaction sees the earlier
 * ones. board_commit hands all bodies to the log as one unit. board_rollback undoes the
 * folding in reverse order and forgets the new names: what is refused leaves nothing.
 */
#include <stdio.h>

#include "board/board_internal.h"
#include "codec/utf8.h"

#define POSITION_PENDING UINT64_MAX
/* Room below 2^32 for one transaction more. */
#define ORDINALS_END (UINT32_MAX - (1u << 16))
#define LINKS_END    (UINT32_MAX - (1u << 24))

void board_begin(struct board *b)
{
    struct txn *t = &b->txn;
    CHECK(!t->open);
    t->open = true;
    t->first = (uint32_t)b->rows_count;
    t->count = 0;
    t->undo_count = 0;
    t->links = (uint32_t)b->links_count;
    t->intents = (uint32_t)b->intents_count;
    t->validity = (uint32_t)b->validity_count;
    t->agents = (uint32_t)b->agents_count;
    t->last_at_ms = b->last_at_ms;
    for (size_t i = 0; i < DICTS_COUNT; i++) {
        t->names[i] = board_dict(b, i)->count;
    }
    buf_clear(&t->bodies);
}

uint64_t board_commit(struct board *b)
{
    struct txn *t = &b->txn;
    CHECK(t->open);
    if (t->count > 0) {
        struct str *bodies = arena_alloc(&b->arena, t->count * sizeof *bodies);
        struct log_place *places = arena_alloc(&b->arena, t->count * sizeof *places);
        size_t begin = 0;
        for (size_t i = 0; i < t->count; i++) {
            bodies[i] = str_n(t->bodies.at + begin, t->ends[i] - begin);
            begin = t->ends[i];
        }
        uint64_t seq = log_append(b->log, bodies, t->count, places);
        CHECK(seq == (uint64_t)t->first + 1);
        for (size_t i = 0; i < t->count; i++) {
            row_placed(b, t->first + (uint32_t)i, places[i].position);
        }
    }
    for (size_t i = 0; i < t->undo_count; i++) {
        if (t->undo[i].kind == UNDO_AGENT) {
            mem_free(t->undo[i].agent.capabilities);
        }
    }
    arena_reset(&b->arena);
    t->open = false;
    return t->count == 0 ? 0 : txn_last_seq(b);
}

static void undo_one(struct board *b, const struct undo *u)
{
    switch (u->kind) {
    case UNDO_INTENT:
        intent_put_quiet(b, u->index, &u->intent);
        break;
    case UNDO_AGENT:
        agent_put(b, u->index, &u->agent);
        break;
    case UNDO_PAUSE:
        b->paused = u->flag;
        break;
    case UNDO_IDEM:
        idem_forget_newest(b);
        break;
    case UNDO_RULING:
        govern_forget_newest(b);
        break;
    case UNDO_SERVED:
        b->served[u->index] = u->number;
        break;
    case UNDO_RATE:
        b->rates[u->index] = u->rate;
        break;
    }
}

void board_rollback(struct board *b)
{
    struct txn *t = &b->txn;
    CHECK(t->open);
    for (size_t i = t->undo_count; i > 0; i--) {
        undo_one(b, &t->undo[i - 1]);
    }
    while (b->links_count > t->links) {
        const struct link *link = &b->links[--b->links_count];
        b->rows[link->to].cited = link->next;
    }
    while (b->intents_count > t->intents) {
        intent_drop_last(b);
    }
    agents_drop(b, t->agents);
    b->validity_count = t->validity;
    while (b->rows_count > t->first) {
        row_remove_last(b);
    }
    b->last_at_ms = t->last_at_ms;
    for (size_t i = 0; i < DICTS_COUNT; i++) {
        dict_truncate(board_dict(b, i), t->names[i]);
    }
    /* Slots that no longer exist, or are no longer claimable, are passed over later. */
    arena_reset(&b->arena);
    t->open = false;
    t->count = 0;
}

uint64_t txn_last_seq(const struct board *b)
{
    return (uint64_t)b->txn.first + b->txn.count;
}

int64_t board_now_ms(struct board *b)
{
    int64_t wall_ms = b->io->wall_ms(b->io->host);
    wall_ms = wall_ms < ENTRY_TIME_MS_END ? wall_ms : ENTRY_TIME_MS_END - 1;
    return wall_ms > b->last_at_ms ? wall_ms : b->last_at_ms;
}

void entry_begin(struct board *b, struct entry *e, enum record_kind kind, struct str creator)
{
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->creator = creator;
    e->at_ms = board_now_ms(b);
}

void event_begin(struct board *b, struct entry *e, enum event_type type, struct str creator)
{
    entry_begin(b, e, RECORD_EVENT, creator);
    e->type = type;
}

bool entry_emit(struct board *b, struct entry *e, uint32_t *out_ordinal)
{
    struct txn *t = &b->txn;
    CHECK(t->open);
    /* A record composed before another of the same operation must not seem older. */
    e->at_ms = e->at_ms > b->last_at_ms ? e->at_ms : b->last_at_ms;
    if (e->kind != RECORD_FACT) {
        entry_unique_identity(e, &b->log_name, txn_last_seq(b) + 1, &e->id);
    }
    size_t before = t->bodies.len;
    entry_encode(e, &t->bodies);
    size_t body_bytes = t->bodies.len - before;
    if (body_bytes > LOG_BODY_BYTES_MAX || t->bodies.len + 64 * (t->count + 2) >
                                               LOG_APPEND_BYTES_MAX) {
        t->bodies.len = before;
        return false;
    }
    if (t->count == t->ends_cap) {
        mem_grow(&t->ends, &t->ends_cap, t->count + 1, sizeof *t->ends);
    }
    t->ends[t->count++] = t->bodies.len;
    uint32_t ordinal = row_add(b, e, POSITION_PENDING);
    fold(b, e, ordinal);
    if (out_ordinal != NULL) {
        *out_ordinal = ordinal;
    }
    return true;
}

void result_init(struct result *r)
{
    /* Field by field: the texts are long, and only their beginnings matter. */
    r->outcome = BOARD_OK;
    r->detail[0] = r->next[0] = r->holder[0] = '\0';
    r->record = ORDINAL_NONE;
    r->intent = ORDINAL_NONE;
    r->epoch = r->expires_in_ms = r->retry_after_ms = r->hold_seq = 0;
    r->expires_at_ms = 0;
}

void refuse(struct result *r, enum outcome outcome, const char *next, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    r->outcome = outcome;
    (void)vsnprintf(r->detail, sizeof r->detail, format, args);
    va_end(args);
    (void)snprintf(r->next, sizeof r->next, "%s", next);
}

bool may_end(struct board *b, struct result *r)
{
    if (log_failed(b->log) != ERR_OK || b->options.read_only) {
        refuse(r, BOARD_UNAVAILABLE, "Wait and repeat the request.",
               "the log takes no records now: %s", err_text(log_failed(b->log)));
        r->retry_after_ms = 1000;
        return false;
    }
    if (log_waiting_bytes(b->log) > b->limits.waiting_bytes_max) {
        refuse(r, BOARD_LIMIT, "Wait and repeat the request.",
               "the disk is behind: more than %llu bytes wait to be written",
               (unsigned long long)b->limits.waiting_bytes_max);
        r->retry_after_ms = 50;
        return false;
    }
    return true;
}

bool may_write(struct board *b, struct result *r)
{
    if (!may_end(b, r)) {
        return false;
    }
    if (b->rows_count >= b->limits.records_max || b->rows_count >= ORDINALS_END ||
        b->links_count >= LINKS_END) {
        refuse(r, BOARD_LIMIT, "Raise records_max, or begin a new board.",
               "the board holds %zu records, its limit", b->rows_count);
        r->retry_after_ms = 3600000;
        return false;
    }
    return true;
}

static bool check_run(struct str text, const char *field, bool required, uint64_t max,
                      struct result *r)
{
    if (text.len == 0 && required) {
        refuse(r, BOARD_INVALID, "Give a value.", "field `%s` must not be empty", field);
        return false;
    }
    if (text.len > max) {
        refuse(r, BOARD_TOO_LARGE, "Shorten it, or put the text into a Fact's content.",
               "field `%s` has %zu bytes; at most %llu are allowed", field, text.len,
               (unsigned long long)max);
        return false;
    }
    if (!utf8_valid(text)) {
        refuse(r, BOARD_INVALID, "Send UTF-8.", "field `%s` is not valid UTF-8", field);
        return false;
    }
    return true;
}

bool want_name(struct board *b, struct str text, const char *field, bool required,
                struct result *r)
{
    return check_run(text, field, required, b->limits.name_bytes_max, r);
}

bool want_text(struct board *b, struct str text, const char *field, bool required,
                struct result *r)
{
    return check_run(text, field, required, b->limits.text_bytes_max, r);
}
