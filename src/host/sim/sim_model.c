/* sim_model.c - what must be true, kept apart from the board.
 *
 * The model has a copy of every record in order and folds the life of each intent
 * from these copies by the rules of the design:
 *
 * 1. A claim is given only to an intent that is open, unclaimed and waits for nothing,
 *    and its epoch is greater than every earlier one of that intent.
 * 2. Whatever is written under a claim bears the epoch of the live claim and is written
 *    by its holder.
 * 3. A lease ends by time only when its time is over.
 * 4. After a boot the board holds a prefix of the model that ends where a transaction
 *    ended and reaches at least as far as anything that was called durable.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "host/sim/sim_internal.h"

void model_deinit(struct model *m)
{
    mem_free(m->records);
    mem_free(m->intents);
    mem_free(m->roots);
    mem_free(m->ends);
    buf_deinit(&m->bodies);
    *m = (struct model){0};
}

struct str model_body(const struct model *m, uint64_t seq)
{
    CHECK(seq >= 1 && seq <= m->count);
    const struct sim_record *record = &m->records[seq - 1];
    return str_n(m->bodies.at + record->body_at, record->body_len);
}

uint64_t sim_fingerprint(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t h = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ at[i]) * 0x100000001b3ull;
    }
    return h == 0 ? 1 : h;
}

static void keep_name(char out[32], struct str name)
{
    const size_t len = name.len < 31 ? name.len : 31;
    if (len > 0) {
        memcpy(out, name.at, len);
    }
    out[len] = '\0';
}

/* Index of the intent with that hash; its record must be the model's. */
static uint32_t intent_of(struct world *w, const struct hash *id)
{
    struct model *m = &w->model;
    const uint32_t ordinal = board_find_hash(w->board, id);
    if (ordinal >= m->count || !hash_eq(&m->records[ordinal].id, id) ||
        m->records[ordinal].kind != RECORD_INTENT) {
        sim_fail(w, "an id leads to ordinal %u, which is not that intent", ordinal);
        return SIM_NONE;
    }
    return m->records[ordinal].intent;
}

struct sim_intent *model_intent(struct world *w, const char *id)
{
    const uint32_t ordinal = board_find(w->board, str_of(id));
    if (ordinal >= w->model.count || w->model.records[ordinal].kind != RECORD_INTENT) {
        return NULL;
    }
    return &w->model.intents[w->model.records[ordinal].intent];
}

static bool has_ended(const struct sim_intent *intent)
{
    return intent->status != STATUS_SUBMITTED && intent->status != STATUS_CLAIMED;
}

bool model_claimable(const struct world *w, const struct sim_intent *intent)
{
    if (intent->status != STATUS_SUBMITTED) {
        return false;
    }
    for (unsigned i = 0; i < intent->deps_count; i++) {
        if (w->model.intents[intent->deps[i]].status != STATUS_CONCLUDED) {
            return false;
        }
    }
    return true;
}

bool model_holds(const struct sim_intent *intent, const char *agent, uint64_t epoch)
{
    return intent->status == STATUS_CLAIMED && intent->epoch == epoch &&
           strcmp(intent->holder, agent) == 0;
}

/* -- folding ------------------------------------------------------------------------ */

static void fold_intent(struct world *w, struct sim_record *record, const struct entry *e)
{
    struct model *m = &w->model;
    struct sim_intent fresh = {
        .seq = (uint64_t)(record - m->records) + 1,
        .status = STATUS_SUBMITTED,
        .priority = e->intent.priority,
        .max_run_ms = e->intent.max_run_ms,
        .deadline_ms = (e->flags & ENTRY_DEADLINE) != 0 ? e->intent.deadline_ms : INT64_MAX};
    keep_name(fresh.creator, e->creator);
    keep_name(fresh.capability, e->intent.capability);
    keep_name(fresh.topic, e->intent.topic);
    keep_name(fresh.dedupe, e->intent.dedupe_key);
    for (size_t i = 0; i < m->intents_count && fresh.dedupe[0] != '\0'; i++) {
        if (!has_ended(&m->intents[i]) && strcmp(m->intents[i].dedupe, fresh.dedupe) == 0) {
            sim_fail(w, "seq %llu and %llu are open under one dedupe key",
                     (unsigned long long)m->intents[i].seq, (unsigned long long)fresh.seq);
        }
    }
    CHECK(e->intent.depends_on.count <= 4);
    for (uint32_t i = 0; i < e->intent.depends_on.count; i++) {
        struct hash id;
        memcpy(&id, entry_id(e->intent.depends_on, i), sizeof id);
        fresh.deps[fresh.deps_count++] = intent_of(w, &id);
    }
    mem_grow(&m->intents, &m->intents_cap, m->intents_count + 1, sizeof *m->intents);
    record->intent = (uint32_t)m->intents_count;
    m->intents[m->intents_count++] = fresh;
}

static void fold_claim(struct world *w, struct sim_intent *intent, const struct entry *e,
                       uint64_t now_ns)
{
    if (!model_claimable(w, intent)) {
        sim_fail(w, "seq %zu claims an intent that is not claimable (%s)", w->model.count,
                 status_word(intent->status));
    } else if (e->event.epoch <= intent->epoch) {
        sim_fail(w, "seq %zu: epoch %llu after epoch %llu", w->model.count,
                 (unsigned long long)e->event.epoch, (unsigned long long)intent->epoch);
    }
    for (unsigned i = 0; i < w->plan.agents; i++) {
        if (strcmp(w->agents[i].name, intent->creator) == 0) {
            w->agents[i].served = w->model.count;
        }
    }
    intent->status = STATUS_CLAIMED;
    intent->epoch = e->event.epoch;
    intent->ttl_ms = (uint32_t)e->event.number;
    intent->claimed_at_ms = e->at_ms;
    intent->lease_ns = now_ns + intent->ttl_ms * NS_PER_MS;
    intent->run_end_ns =
        intent->max_run_ms == 0 ? UINT64_MAX : now_ns + intent->max_run_ms * NS_PER_MS;
    keep_name(intent->holder, e->creator);
}

/* Time alone may end a claim or an intent only when its time is over. */
static void fold_timeout(struct world *w, const struct sim_intent *intent, const struct entry *e,
                         bool live)
{
    if (!live) {
        return;
    }
    const struct io *io = &w->host.io;
    const uint64_t now_ns = io->mono_ns(io->host);
    const bool late = intent->deadline_ms <= io->wall_ms(io->host);
    const bool lease_over = intent->status == STATUS_CLAIMED &&
                            (now_ns >= intent->lease_ns || now_ns >= intent->run_end_ns);
    if (e->type == EVENT_EXPIRED ? !lease_over : !late) {
        sim_fail(w,
                 "seq %zu (%s) is early: the %s intent's lease has %lld us, its run %lld us, "
                 "its deadline %lld ms to go",
                 w->model.count, event_word(e->type), status_word(intent->status),
                 (long long)(intent->lease_ns - now_ns) / 1000,
                 (long long)(intent->run_end_ns - now_ns) / 1000,
                 (long long)(intent->deadline_ms - io->wall_ms(io->host)));
    }
}

static void fold_written_under(struct world *w, const struct sim_intent *intent, uint64_t epoch,
                               struct str creator)
{
    char name[32];
    keep_name(name, creator);
    if (!model_holds(intent, name, epoch)) {
        sim_fail(w, "seq %zu: %s wrote under epoch %llu; the intent is %s, epoch %llu of '%s'",
                 w->model.count, name, (unsigned long long)epoch, status_word(intent->status),
                 (unsigned long long)intent->epoch, intent->holder);
    }
}

static void fold_on_intent(struct world *w, struct sim_intent *intent, const struct entry *e,
                           bool live)
{
    const struct io *io = &w->host.io;
    const bool by_system = str_is(e->creator, "nexusd");
    enum status after = STATUS_SUBMITTED;
    if (e->type != EVENT_HEARTBEAT) {
        intent->last_seq = w->model.count;
    }
    switch (e->type) {
    case EVENT_CLAIMED:
        fold_claim(w, intent, e, io->mono_ns(io->host));
        return;
    case EVENT_HEARTBEAT:
    case EVENT_CHECKPOINT:
        fold_written_under(w, intent, e->event.epoch, e->creator);
        return;
    case EVENT_EXPIRED:
        fold_timeout(w, intent, e, live);
        break;
    case EVENT_RELEASED:
        /* A person who removes an agent releases what it held. */
        fold_written_under(w, intent, e->event.epoch,
                           str_is(e->creator, w->agents[0].name) ? str_of(intent->holder)
                                                                 : e->creator);
        break;
    case EVENT_FAILED:
        after = e->event.number != 0 ? STATUS_SUBMITTED : STATUS_FAILED;
        if (by_system) {
            fold_timeout(w, intent, e, live);
        } else {
            fold_written_under(w, intent, e->event.epoch, e->creator);
        }
        break;
    case EVENT_CONCLUDED:
        after = STATUS_CONCLUDED;
        fold_written_under(w, intent, e->event.epoch, e->creator);
        break;
    case EVENT_CANCELLED:
        after = STATUS_CANCELLED;
        break;
    case EVENT_NONE:
    case EVENT_AGENT_ADDED:
    case EVENT_AGENT_REMOVED:
    case EVENT_PAUSED:
    case EVENT_RESUMED:
    case EVENT_IDEMPOTENCY:
    case EVENT_CONTRACT:
        return;
    }
    if (has_ended(intent)) {
        sim_fail(w, "seq %zu changes an intent that had ended", w->model.count);
    }
    intent->status = after;
    intent->holder[0] = '\0';
}

/* Contents say which request they come from: "r12 ...". */
static uint32_t request_in(struct str text)
{
    uint32_t number = 0;
    for (size_t i = 1; text.len > 1 && text.at[0] == 'r' && i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            break;
        }
        number = number * 10 + (uint32_t)(text.at[i] - '0');
    }
    return number;
}

/* Everything on the board was asked for, by the one who asked, and if the request had
 * a key then once. */
static void fold_origin(struct world *w, struct sim_record *record, const struct entry *e)
{
    const bool is_intent = e->kind == RECORD_INTENT;
    if (!is_intent && e->kind != RECORD_HINT) {
        return;
    }
    record->request = request_in(is_intent ? e->intent.description : e->hint.content);
    if (record->request == 0 || record->request > w->requests_count) {
        sim_fail(w, "seq %zu: nobody asked for this record", w->model.count);
        return;
    }
    const struct request *request = request_at(w, record->request);
    if (!str_is(e->creator, w->agents[request->agent].name)) {
        sim_fail(w, "seq %zu: request %u was not %.*s's", w->model.count, record->request,
                 STR_ARG(e->creator));
    }
    for (size_t i = 0; request->keyed && i + 1 < w->model.count; i++) {
        if (w->model.records[i].request == record->request) {
            sim_fail(w, "seq %zu and %zu come from one request with a key", i + 1, w->model.count);
        }
    }
}

static void fold_agent(struct world *w, const struct entry *e)
{
    for (unsigned i = 0; i < w->plan.agents; i++) {
        struct sim_agent *agent = &w->agents[i];
        if (!str_is(e->event.name, agent->name)) {
            continue;
        }
        agent->removed = e->type == EVENT_AGENT_REMOVED;
        if (agent->removed) {
            return;
        }
        size_t at = 0;
        struct str item;
        agent->registered = true;
        agent->can = 0;
        while (entry_list_next(e, &at, &item)) {
            agent->can |= 1u << (item.at[item.len - 1] - '0');
        }
    }
}

static void fold(struct world *w, struct sim_record *record, const struct entry *e, bool live)
{
    struct model *m = &w->model;
    record->intent = SIM_NONE;
    fold_origin(w, record, e);
    if (e->kind == RECORD_INTENT) {
        fold_intent(w, record, e);
    } else if (e->kind == RECORD_FACT && (e->flags & ENTRY_UNDER) != 0) {
        record->intent = intent_of(w, &e->fact.under);
        if (record->intent != SIM_NONE) {
            fold_written_under(w, &m->intents[record->intent], e->fact.under_epoch, e->creator);
        }
    } else if (e->kind == RECORD_EVENT && (e->event.fields & FIELD_INTENT) != 0) {
        record->intent = intent_of(w, &e->event.intent);
        if (record->intent != SIM_NONE) {
            fold_on_intent(w, &m->intents[record->intent], e, live);
        }
    } else if (e->type == EVENT_AGENT_ADDED || e->type == EVENT_AGENT_REMOVED) {
        fold_agent(w, e);
    } else if (e->type == EVENT_PAUSED || e->type == EVENT_RESUMED) {
        m->paused = e->type == EVENT_PAUSED;
    }
}

/* -- taking what is new --------------------------------------------------------------- */

static void take_one(struct world *w, uint64_t seq)
{
    struct model *m = &w->model;
    struct str body;
    struct entry e;
    if (!log_read(board_log(w->board), board_place(w->board, seq), &body) ||
        !entry_decode(body, &e)) {
        sim_fail(w, "seq %llu cannot be read back", (unsigned long long)seq);
        return;
    }
    mem_grow(&m->records, &m->cap, m->count + 1, sizeof *m->records);
    struct sim_record *record = &m->records[m->count++];
    *record = (struct sim_record){
        .id = e.id, .body_at = m->bodies.len, .body_len = body.len, .kind = e.kind, .type = e.type};
    buf_add_str(&m->bodies, body);
    sim_note_bytes(&w->host, body.at, body.len);
    struct hash leaf;
    merkle_leaf(body.at, body.len, &leaf);
    merkle_range_add(&m->range, &leaf);
    fold(w, record, &e, true);
}

void model_take(struct world *w, uint64_t commit_end)
{
    struct model *m = &w->model;
    const uint64_t head = board_head(w->board);
    if (head < m->count) {
        sim_fail(w, "the head went back from %zu to %llu", m->count, (unsigned long long)head);
        return;
    }
    w->host.hushed = true;
    while (m->count < head && sim_ok(w)) {
        take_one(w, m->count + 1);
        const bool at_end = commit_end == 0 || m->count >= commit_end;
        m->records[m->count - 1].commit_end = at_end;
    }
    w->host.hushed = false;
}

void model_note_durable(struct world *w)
{
    struct model *m = &w->model;
    const uint64_t durable = board_durable(w->board);
    if (durable <= m->durable) {
        if (durable < m->durable) {
            sim_fail(w, "durable went back from %llu to %llu", (unsigned long long)m->durable,
                     (unsigned long long)durable);
        }
        return;
    }
    m->durable = durable;
    mem_grow(&m->ends, &m->ends_cap, m->ends_count + 1, sizeof *m->ends);
    m->ends[m->ends_count++] = durable;
    struct sim_root root;
    log_durable_root(board_log(w->board), &root.size, &root.root);
    if (root.size != durable) {
        sim_fail(w, "the durable root is of %llu records, durable are %llu",
                 (unsigned long long)root.size, (unsigned long long)durable);
    }
    mem_grow(&m->roots, &m->roots_cap, m->roots_count + 1, sizeof *m->roots);
    m->roots[m->roots_count++] = root;
}

/* -- after a boot ---------------------------------------------------------------------- */

static void cut_to(struct world *w, uint64_t head)
{
    struct model *m = &w->model;
    w->report->lost += m->count - head;
    m->count = head;
    m->intents_count = 0;
    m->range = (struct merkle_range){0};
    m->paused = false;
    for (unsigned i = 0; i < w->plan.agents; i++) {
        w->agents[i].registered = w->agents[i].removed = false;
        w->agents[i].can = 0;
        w->agents[i].served = 0;
    }
    m->bodies.len = head == 0 ? 0 : m->records[head - 1].body_at + m->records[head - 1].body_len;
    /* Fold again from the copies; `count` rises with it, as fold's checks expect. */
    m->count = 0;
    for (uint64_t seq = 1; seq <= head; seq++) {
        struct entry e;
        struct hash leaf;
        m->count++;
        const struct str body = model_body(m, seq);
        CHECK(entry_decode(body, &e));
        merkle_leaf(body.at, body.len, &leaf);
        merkle_range_add(&m->range, &leaf);
        m->records[seq - 1].looked = 0; /* what came after it may come anew */
        fold(w, &m->records[seq - 1], &e, false);
    }
    while (m->roots_count > 0 && m->roots[m->roots_count - 1].size > head) {
        m->roots_count--;
    }
    while (m->ends_count > 0 && m->ends[m->ends_count - 1] > head) {
        m->ends_count--;
    }
    m->durable = m->durable < head ? m->durable : head;
    m->acked = m->acked < head ? m->acked : head;
}

/* Live leases begin anew: the monotonic clock of before means nothing now. */
static void renew_leases(struct world *w)
{
    const struct io *io = &w->host.io;
    const uint64_t now_ns = w->boot_began_ns;
    const int64_t now_ms = io->wall_ms(io->host) - (int64_t)(w->boot_took_ns / NS_PER_MS);
    for (size_t i = 0; i < w->model.intents_count; i++) {
        struct sim_intent *intent = &w->model.intents[i];
        if (intent->status != STATUS_CLAIMED) {
            continue;
        }
        intent->lease_ns = now_ns + intent->ttl_ms * NS_PER_MS;
        if (intent->max_run_ms > 0) {
            const int64_t ran_ms = now_ms - intent->claimed_at_ms;
            const uint64_t used_ms = ran_ms < 0 ? 0 : (uint64_t)ran_ms;
            /* One less, for what was cut off to whole milliseconds. */
            const uint64_t left_ms =
                used_ms + 1 >= intent->max_run_ms ? 0 : intent->max_run_ms - used_ms - 1;
            intent->run_end_ns = now_ns + left_ms * NS_PER_MS;
        }
    }
}

void model_no_overdue(struct world *w)
{
    /* After a boot the board counts from some moment of the boot. */
    const uint64_t slack_ns = w->boot_took_ns + 3 * NS_PER_MS;
    const uint64_t now_ns = w->host.io.mono_ns(&w->host);
    for (size_t i = 0; i < w->model.intents_count; i++) {
        const struct sim_intent *intent = &w->model.intents[i];
        if (intent->status == STATUS_CLAIMED &&
            (intent->lease_ns + slack_ns < now_ns ||
             (intent->run_end_ns != UINT64_MAX && intent->run_end_ns + slack_ns < now_ns))) {
            sim_fail(w, "intent %llu is still %s's, whose time is over",
                     (unsigned long long)intent->seq, intent->holder);
        }
    }
}

void model_after_boot(struct world *w)
{
    struct model *m = &w->model;
    const uint64_t head = board_head(w->board);
    const uint64_t promised = m->durable > m->acked ? m->durable : m->acked;
    if (head > m->count) {
        sim_fail(w, "phantoms: %llu records, only %zu were written", (unsigned long long)head,
                 m->count);
        return;
    }
    if (head < promised && !w->plan.lies) {
        sim_fail(w, "lost: %llu records came back, %llu were durable, %llu acknowledged",
                 (unsigned long long)head, (unsigned long long)m->durable,
                 (unsigned long long)m->acked);
        return;
    }
    if (head > 0 && !m->records[head - 1].commit_end) {
        sim_fail(w, "half a transaction came back: it ends at seq %llu", (unsigned long long)head);
        return;
    }
    w->host.hushed = true;
    check_bodies(w, w->board, head, false);
    w->host.hushed = false;
    if (!sim_ok(w)) {
        return;
    }
    if (head < promised) {
        /* A lying disk took back promises, answers with keys among them. */
        for (size_t i = 0; i < w->requests_count; i++) {
            w->requests[i].answered[0] = '\0';
        }
    }
    if (head < m->count) {
        cut_to(w, head);
    }
    renew_leases(w);
    model_note_durable(w);
}
