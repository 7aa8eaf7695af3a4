/* sim_perform.c - one request becomes one operation on the board.
 *
 * Before an operation on a claim the model says what the answer must be; the board
 * has to agree, in both directions: it must not accept a dead claim, and it must not
 * refuse a live one.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "host/sim/sim_internal.h"

struct names {
    char capability[16], topic[16], dedupe[16];
};

static struct str numbered(char out[16], const char *word, unsigned number)
{
    if (number == 0) {
        return STR_NONE;
    }
    const int len = snprintf(out, 16, "%s%u", word, number);
    return str_n(out, (size_t)len);
}

/* What a request writes: recognisable, and different for each. */
static struct str content_of(struct world *w, const struct request *r)
{
    buf_clear(&w->text);
    buf_printf(&w->text, "r%u %016llx", r->number, (unsigned long long)r->salt);
    struct rng rng;
    rng_init(&rng, r->salt);
    while (w->text.len < r->content_bytes) {
        buf_printf(&w->text, " %016llx", (unsigned long long)rng_next(&rng));
    }
    return buf_str(&w->text);
}

static struct id_list links_of(const struct request *r, struct str out_ids[2])
{
    for (unsigned i = 0; i < r->links_count; i++) {
        out_ids[i] = str_of(r->links[i]);
    }
    return (struct id_list){out_ids, r->links_count};
}

static void perform_fact(struct world *w, const struct request *r, const struct actor *actor,
                         struct result *result)
{
    struct names names;
    struct str ids[2];
    const struct fact_in in = {
        .origin = STR("sim:agents"),
        .content = {STR("text/plain"), content_of(w, r)},
        .from = links_of(r, ids),
        .topic = numbered(names.topic, "topic", r->topic),
        .position = numbered(names.dedupe, "at", r->priority),
        .has_valid_from = r->priority % 3 == 1,
        .valid_from_ms = (int64_t)(r->salt % 1000000),
        .has_confidence = r->priority % 2 == 1,
        .confidence = r->priority / 10.0,
        .under = {r->under, str_of(r->intent), r->epoch},
    };
    board_fact(w->board, actor, &in, result);
}

static void perform_intent(struct world *w, const struct request *r, const struct actor *actor,
                           struct result *result)
{
    struct names names;
    struct str ids[2];
    const struct intent_in in = {
        .description = content_of(w, r),
        .parent = str_of(r->parent),
        .capability = numbered(names.capability, "can", r->capability),
        .dedupe_key = numbered(names.dedupe, "key", r->dedupe),
        .topic = numbered(names.topic, "topic", r->topic),
        .priority = (int)r->priority,
        .has_deadline = r->deadline_in_ms != 0,
        .deadline_ms = w->host.io.wall_ms(&w->host) + r->deadline_in_ms,
        .max_run_ms = r->max_run_ms,
        .depends_on = links_of(r, ids),
    };
    board_intent(w->board, actor, &in, result);
}

static void perform_claim_next(struct world *w, const struct request *r, const struct actor *actor,
                               struct result *result)
{
    char texts[8][16];
    char topic[16];
    struct str capabilities[8];
    struct str topics[1] = {numbered(topic, "topic", r->topic)};
    const unsigned count = r->all_capabilities ? w->plan.capabilities : r->capability > 0;
    CHECK(count <= 8);
    for (unsigned i = 0; i < count; i++) {
        capabilities[i] = numbered(texts[i], "can", r->all_capabilities ? i + 1 : r->capability);
    }
    const struct claim_template template = {capabilities, count, topics, r->topic > 0, r->ttl_ms};
    board_claim_next(w->board, actor, &template, result);
    if (r->kind == OP_PARK && result->outcome == BOARD_NONE) {
        /* Parking is no part of a transaction: leave the empty one. */
        board_rollback(w->board);
        board_park(w->board, actor, &template, r->wait_ms, r->number, result);
        board_begin(w->board);
    }
}

static void perform_conclude(struct world *w, const struct request *r, const struct actor *actor,
                             struct result *result)
{
    struct str ids[2];
    const struct content content = {STR("text/plain"), content_of(w, r)};
    board_conclude(w->board, actor, str_of(r->intent), r->epoch, &content, links_of(r, ids),
                   result);
}

static void perform_agent(struct world *w, const struct request *r, const struct actor *actor,
                          struct result *result)
{
    char texts[2][16];
    struct str capabilities[2];
    const struct str name = str_of(w->agents[r->salt % w->plan.agents].name);
    if (r->kind == OP_AGENT_REMOVE) {
        board_agent_remove(w->board, actor, name, result);
        return;
    }
    struct agent_in in = {
        .name = name, .role = ROLE_AGENT, .capabilities = capabilities, .rotate = r->retry};
    if (r->capability > 0) {
        capabilities[in.capabilities_count++] = numbered(texts[0], "can", r->capability);
    }
    if (r->topic > 0 && r->topic != r->capability) {
        capabilities[in.capabilities_count++] = numbered(texts[1], "can", r->topic);
    }
    sha256(&r->salt, sizeof r->salt, &in.token_hash);
    board_agent_add(w->board, actor, &in, result);
}

static void perform_op(struct world *w, const struct request *r, struct result *result)
{
    const struct sim_agent *agent = &w->agents[r->agent];
    const struct actor actor = {str_of(agent->name), agent->role};
    const struct str intent = str_of(r->intent);
    switch (r->kind) {
    case OP_FACT:
        perform_fact(w, r, &actor, result);
        break;
    case OP_INTENT:
        perform_intent(w, r, &actor, result);
        break;
    case OP_HINT:
        board_hint(w->board, &actor, content_of(w, r), STR("sim"), r->ttl_ms, result);
        break;
    case OP_CLAIM:
        board_claim(w->board, &actor, intent, r->ttl_ms, result);
        break;
    case OP_CLAIM_NEXT:
    case OP_PARK:
        perform_claim_next(w, r, &actor, result);
        break;
    case OP_HEARTBEAT:
        board_heartbeat(w->board, &actor, intent, r->epoch, result);
        break;
    case OP_CHECKPOINT:
        board_checkpoint(w->board, &actor, intent, r->epoch, STR("{\"half\":1}"), result);
        break;
    case OP_RELEASE:
        board_release(w->board, &actor, intent, r->epoch, STR("later"), result);
        break;
    case OP_FAIL:
        board_fail(w->board, &actor, intent, r->epoch, STR("no luck"), r->retry, result);
        break;
    case OP_CONCLUDE:
        perform_conclude(w, r, &actor, result);
        break;
    case OP_CANCEL:
        board_cancel(w->board, &actor, intent, STR("not wanted"), result);
        break;
    case OP_PAUSE:
    case OP_RESUME:
        board_pause(w->board, &actor, r->kind == OP_PAUSE, result);
        break;
    case OP_AGENT_ADD:
    case OP_AGENT_REMOVE:
        perform_agent(w, r, &actor, result);
        break;
    case OP_BATCH:
        UNREACHABLE("a batch in a batch");
    }
}

/* -- what the answer must be ------------------------------------------------------------ */

struct verdict {
    bool known;
    enum outcome outcome, or_else; /* either will do */
};

static struct verdict must_be(enum outcome outcome)
{
    return (struct verdict){true, outcome, outcome};
}

static bool ended(const struct sim_intent *intent)
{
    return intent->status != STATUS_SUBMITTED && intent->status != STATUS_CLAIMED;
}

/* Is the claim's time over, though nothing says so yet? After a boot nobody outside knows
 * to the moment when the board began to count. */
enum lapse { LAPSED_NO, LAPSED_PERHAPS, LAPSED_YES };

static enum lapse lapse_of(const struct world *w, const struct sim_intent *intent)
{
    const uint64_t now_ns = w->host.io.mono_ns(w->host.io.host);
    const uint64_t end_ns =
        intent->lease_ns < intent->run_end_ns ? intent->lease_ns : intent->run_end_ns;
    if (intent->status != STATUS_CLAIMED || now_ns < end_ns) {
        return LAPSED_NO;
    }
    return now_ns < end_ns + w->boot_took_ns + 3 * NS_PER_MS ? LAPSED_PERHAPS : LAPSED_YES;
}

static struct verdict expect_claim(const struct world *w, const struct sim_intent *intent)
{
    if (intent == NULL) {
        return must_be(BOARD_NOT_FOUND);
    }
    const enum lapse lapse = lapse_of(w, intent);
    const enum outcome given = w->model.paused ? BOARD_UNAVAILABLE : BOARD_OK;
    if (lapse == LAPSED_PERHAPS) {
        return (struct verdict){true, BOARD_ALREADY_CLAIMED, given};
    }
    if (intent->status == STATUS_CLAIMED && lapse == LAPSED_NO) {
        return must_be(BOARD_ALREADY_CLAIMED);
    }
    if (lapse == LAPSED_YES) {
        return must_be(given);
    }
    if (ended(intent)) {
        return must_be(BOARD_ALREADY_CONCLUDED);
    }
    if (!model_claimable(w, intent)) {
        return must_be(BOARD_CONFLICT);
    }
    return must_be(given);
}

static struct verdict expect_under(const struct world *w, const struct request *r,
                                   const struct sim_intent *intent)
{
    if (intent == NULL) {
        return must_be(r->kind == OP_FACT ? BOARD_INVALID_REFERENCE : BOARD_NOT_FOUND);
    }
    if (r->kind == OP_CONCLUDE && intent->status == STATUS_CONCLUDED && intent->epoch == r->epoch) {
        return (struct verdict){true, BOARD_OK, BOARD_ALREADY_CONCLUDED};
    }
    const enum lapse lapse = lapse_of(w, intent);
    if (intent->status != STATUS_CLAIMED || intent->epoch != r->epoch || lapse == LAPSED_YES) {
        return must_be(BOARD_STALE_EPOCH);
    }
    const bool holds = model_holds(intent, w->agents[r->agent].name, r->epoch);
    const enum outcome alive = !holds               ? BOARD_NOT_HOLDER
                               : r->kind == OP_FACT ? BOARD_CREATED
                                                    : BOARD_OK;
    if (lapse == LAPSED_PERHAPS) {
        return (struct verdict){true, BOARD_STALE_EPOCH, alive};
    }
    return (struct verdict){true, alive, alive == BOARD_CREATED ? BOARD_OK : alive};
}

static struct verdict expect_cancel(const struct world *w, const struct request *r,
                                    const struct sim_intent *intent)
{
    const struct sim_agent *agent = &w->agents[r->agent];
    if (intent == NULL) {
        return must_be(BOARD_NOT_FOUND);
    }
    if (agent->role == ROLE_AGENT && strcmp(agent->name, intent->creator) != 0) {
        return must_be(BOARD_NOT_PERMITTED);
    }
    return must_be(ended(intent) ? BOARD_ALREADY_CONCLUDED : BOARD_OK);
}

static bool fits(const struct world *w, const struct request *r, const struct sim_intent *intent)
{
    char text[16];
    if (!model_claimable(w, intent)) {
        return false;
    }
    if (r->topic > 0 && !str_eq(str_of(intent->topic), numbered(text, "topic", r->topic))) {
        return false;
    }
    if (intent->capability[0] == '\0' || r->all_capabilities) {
        return true;
    }
    if (r->capability > 0) {
        return str_eq(str_of(intent->capability), numbered(text, "can", r->capability));
    }
    /* It names none: what it was registered with counts. */
    for (unsigned n = 1; n <= w->plan.capabilities; n++) {
        if ((w->agents[r->agent].can >> n & 1) != 0 &&
            str_eq(str_of(intent->capability), numbered(text, "can", n))) {
            return true;
        }
    }
    return false;
}

static uint64_t served_of(const struct world *w, const struct sim_intent *intent)
{
    for (unsigned i = 0; i < w->plan.agents; i++) {
        if (strcmp(w->agents[i].name, intent->creator) == 0) {
            return w->agents[i].served;
        }
    }
    return 0;
}

/* What is to be given: of the highest priority, and in it of the creator who was served
 * longest ago. Priority 0: nothing fits. */
struct best {
    unsigned priority;
    uint64_t served;
};

static struct best best_of(const struct world *w, const struct request *r)
{
    struct best best = {0};
    for (size_t i = 0; i < w->model.intents_count; i++) {
        const struct sim_intent *intent = &w->model.intents[i];
        if (intent->priority < best.priority || !fits(w, r, intent)) {
            continue;
        }
        const uint64_t served = served_of(w, intent);
        if (intent->priority > best.priority || served < best.served) {
            best = (struct best){intent->priority, served};
        }
    }
    return best;
}

static void check_choice(struct world *w, const struct request *r, const struct best *best,
                         const struct result *result)
{
    if (best->priority == 0 || result->outcome != BOARD_OK || result->intent == ORDINAL_NONE) {
        return;
    }
    const struct sim_intent *given = &w->model.intents[w->model.records[result->intent].intent];
    if (given->priority != best->priority || served_of(w, given) != best->served) {
        sim_fail(w,
                 "request %u: an intent of priority %u was given, its creator served at %llu; "
                 "there is one of priority %u, served at %llu",
                 r->number, given->priority, (unsigned long long)served_of(w, given),
                 best->priority, (unsigned long long)best->served);
    }
}

static struct verdict expect_claim_next(const struct world *w, const struct request *r)
{
    const bool named = r->capability > 0 || (r->all_capabilities && w->plan.capabilities > 0);
    if (w->agents[r->agent].removed && !named) {
        return (struct verdict){0}; /* who has no credential cannot ask */
    }
    if (w->model.paused) {
        return must_be(BOARD_UNAVAILABLE);
    }
    if (best_of(w, r).priority > 0) {
        return must_be(BOARD_OK);
    }
    return must_be(r->kind == OP_PARK ? BOARD_OK : BOARD_NONE); /* parked is OK too */
}

static struct verdict expect_agent(const struct world *w, const struct request *r)
{
    const struct sim_agent *agent = &w->agents[r->salt % w->plan.agents];
    const bool there = agent->registered && !agent->removed;
    if (r->kind == OP_AGENT_REMOVE) {
        return must_be(there ? BOARD_OK : BOARD_NOT_FOUND);
    }
    if (r->retry) { /* rotate */
        return there ? (struct verdict){true, BOARD_CREATED, BOARD_OK} : must_be(BOARD_NOT_FOUND);
    }
    return must_be(there ? BOARD_CONFLICT : BOARD_CREATED);
}

static struct verdict expect(struct world *w, const struct request *r)
{
    const struct sim_intent *intent = r->intent[0] == '\0' ? NULL : model_intent(w, r->intent);
    switch (r->kind) {
    case OP_CLAIM:
        return expect_claim(w, intent);
    case OP_CLAIM_NEXT:
    case OP_PARK:
        return expect_claim_next(w, r);
    case OP_HEARTBEAT:
    case OP_CHECKPOINT:
    case OP_RELEASE:
    case OP_FAIL:
    case OP_CONCLUDE:
        return expect_under(w, r, intent);
    case OP_FACT:
        if (r->under) {
            return expect_under(w, r, intent);
        }
        return (struct verdict){true, BOARD_CREATED, BOARD_OK};
    case OP_CANCEL:
        return expect_cancel(w, r, intent);
    case OP_INTENT:
        return (struct verdict){true, BOARD_CREATED, BOARD_OK};
    case OP_HINT:
        return must_be(BOARD_CREATED);
    case OP_PAUSE:
    case OP_RESUME:
        return must_be(BOARD_OK);
    case OP_AGENT_ADD:
    case OP_AGENT_REMOVE:
        return expect_agent(w, r);
    case OP_BATCH:
        break;
    }
    return (struct verdict){0};
}

/* A crash may have taken away what the request refers to. */
static bool link_missing(struct world *w, const struct request *r)
{
    bool missing = r->parent[0] != '\0' && board_find(w->board, str_of(r->parent)) == ORDINAL_NONE;
    for (unsigned i = 0; i < r->links_count; i++) {
        missing = missing || board_find(w->board, str_of(r->links[i])) == ORDINAL_NONE;
    }
    return missing;
}

void perform(struct world *w, const struct request *r, struct result *out_result)
{
    /* In a batch the model lags behind the transaction: the folding checks that. */
    const bool alone = board_head(w->board) == w->model.count && !w->in_batch;
    const struct verdict verdict = alone ? expect(w, r) : (struct verdict){0};
    const bool chooses = alone && verdict.known && r->kind == OP_CLAIM_NEXT;
    const struct best best = chooses ? best_of(w, r) : (struct best){0};
    perform_op(w, r, out_result);
    w->report->operations++;
    const enum outcome got = out_result->outcome;
    w->report->stale_refused += got == BOARD_STALE_EPOCH;
    if (w->host.stopped) {
        return; /* the machine stopped inside it */
    }
    /* The same Fact again is no new record, and just as good. */
    const bool again = r->kind == OP_FACT && got == BOARD_OK && verdict.or_else == BOARD_CREATED;
    if (!verdict.known || got == verdict.outcome || got == verdict.or_else || again) {
        check_choice(w, r, &best, out_result);
        return;
    }
    if ((got == BOARD_INVALID_REFERENCE && link_missing(w, r)) ||
        (got == BOARD_UNAVAILABLE && board_failed(w->board) != ERR_OK)) {
        return;
    }
    sim_fail(w, "request %u (op %d) of %s: %s (%s), the model says %s", r->number, (int)r->kind,
             w->agents[r->agent].name, outcome_code(got), out_result->detail,
             outcome_code(verdict.outcome));
}

/* After the commit: what the answer claims is what the records say. */
void perform_expect(struct world *w, const struct request *r, const struct result *result)
{
    const char *name = w->agents[r->agent].name;
    if (result->outcome != BOARD_OK && result->outcome != BOARD_CREATED) {
        return;
    }
    if (result->hold_seq > board_head(w->board)) {
        sim_fail(w, "request %u: the answer waits for seq %llu, which does not exist", r->number,
                 (unsigned long long)result->hold_seq);
        return;
    }
    if (result->epoch != 0 && r->kind != OP_HEARTBEAT && result->intent != ORDINAL_NONE) {
        const struct sim_record *record = &w->model.records[result->intent];
        if (record->kind != RECORD_INTENT ||
            !model_holds(&w->model.intents[record->intent], name, result->epoch)) {
            sim_fail(w, "request %u: epoch %llu was given and is not %s's", r->number,
                     (unsigned long long)result->epoch, name);
        }
        w->report->claims++;
    }
    struct sim_intent *intent = r->intent[0] == '\0' ? NULL : model_intent(w, r->intent);
    if (r->kind == OP_HEARTBEAT && intent != NULL) {
        intent->lease_ns = w->host.io.mono_ns(&w->host) + intent->ttl_ms * 1000000ull;
    }
    w->report->concluded += r->kind == OP_CONCLUDE;
    for (size_t i = 0; i < w->model.intents_count && r->kind == OP_AGENT_REMOVE; i++) {
        const char *gone = w->agents[r->salt % w->plan.agents].name;
        if (strcmp(w->model.intents[i].holder, gone) == 0) {
            sim_fail(w, "request %u: %s is removed and holds intent %llu", r->number, gone,
                     (unsigned long long)w->model.intents[i].seq);
        }
    }
    if (r->kind != OP_FACT || w->in_batch) {
        return;
    }
    struct content content;
    const struct str sent = content_of(w, r);
    w->host.hushed = true;
    if (!board_content(w->board, result->record, &w->text2, &content)) {
        sim_unreadable(w, (uint64_t)result->record + 1);
    } else if (!str_eq(content.data, sent)) {
        sim_fail(w, "request %u: another content came back", r->number);
    }
    w->host.hushed = false;
}
