/* sim_unit.c - the daemon's part: it owns the board, and it holds answers back.
 *
 *     request -> board_begin, operations, board_commit -> answer held
 *     turn    -> jobs, board_step, board_flush -> answers leave up to board_durable
 *
 * An answer that has left is a promise; the model remembers it. A crash forgets the
 * answers that had not left. A failed log ends the unit but not the machine: it is
 * opened again over the same page cache.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "host/sim/sim_internal.h"

#define TURNS_MAX 100000u

static void on_durable(void *context)
{
    struct world *w = context;
    if (!w->dead && w->board != NULL) {
        model_note_durable(w);
    }
}

static void on_failed(void *context, enum err err)
{
    struct world *w = context;
    w->unit_failed = err;
}

/* -- answers ------------------------------------------------------------------------------ */

static uint32_t answer_new(struct world *w)
{
    for (size_t i = 0; i < w->answers_count; i++) {
        if (w->answers[i].free) {
            w->answers[i] = (struct answer){0};
            return (uint32_t)i;
        }
    }
    mem_grow(&w->answers, &w->answers_cap, w->answers_count + 1, sizeof *w->answers);
    w->answers[w->answers_count] = (struct answer){0};
    return (uint32_t)w->answers_count++;
}

static uint32_t answer_from(struct world *w, uint32_t number, const struct result *result)
{
    const uint32_t index = answer_new(w);
    struct answer *answer = &w->answers[index];
    answer->request = number;
    answer->outcome = result->outcome;
    answer->epoch = result->epoch;
    answer->expires_in_ms = result->expires_in_ms;
    answer->hold_seq = result->hold_seq;
    if (result->intent != ORDINAL_NONE) {
        board_id(w->board, result->intent, answer->intent);
    }
    if (result->record != ORDINAL_NONE) {
        board_id(w->board, result->record, answer->record);
    }
    return index;
}

static void hold(struct world *w, uint32_t answer)
{
    mem_grow(&w->held, &w->held_cap, w->held_count + 1, sizeof *w->held);
    w->held[w->held_count++] = answer;
}

static void answer_text(const struct answer *answer, char out[160])
{
    (void)snprintf(out, 160, "%d %llu %.66s %.66s", (int)answer->outcome,
                   (unsigned long long)answer->epoch,
                   answer->intent[0] == '\0' ? "-" : answer->intent,
                   answer->record[0] == '\0' ? "-" : answer->record);
}

static bool id_parse(struct str word, char out_id[ID_TEXT_LEN + 1])
{
    if (str_is(word, "-")) {
        out_id[0] = '\0';
        return true;
    }
    if (word.len != ID_TEXT_LEN) {
        return false;
    }
    memcpy(out_id, word.at, word.len);
    out_id[word.len] = '\0';
    return true;
}

/* What answer_text wrote. */
static bool answer_parse(struct str text, struct answer *out_answer)
{
    struct str outcome, epoch, intent;
    unsigned long long outcome_number = 0, epoch_number = 0;
    if (!str_cut(&text, ' ', &outcome) || !str_cut(&text, ' ', &epoch) ||
        !str_cut(&text, ' ', &intent) || !str_to_u64(outcome, &outcome_number) ||
        !str_to_u64(epoch, &epoch_number)) {
        return false;
    }
    out_answer->outcome = (enum outcome)outcome_number;
    out_answer->epoch = epoch_number;
    return id_parse(intent, out_answer->intent) && id_parse(text, out_answer->record);
}

/* The promise is given here. */
static void answer_leaves(struct world *w, uint32_t index)
{
    const struct answer *answer = &w->answers[index];
    struct request *request = request_at(w, answer->request);
    w->report->replies++;
    if (answer->hold_seq > w->model.acked) {
        w->model.acked = answer->hold_seq;
    }
    const bool done = answer->outcome == BOARD_OK || answer->outcome == BOARD_CREATED;
    if (request->keyed && done) {
        char text[160];
        answer_text(answer, text);
        if (request->answered[0] != '\0' && strcmp(request->answered, text) != 0) {
            sim_fail(w, "request %u has a key and two answers: '%s' and '%s'", request->number,
                     request->answered, text);
        }
        memcpy(request->answered, text, sizeof text);
    }
    answer_send(w, index);
}

static void release_answers(struct world *w)
{
    const uint64_t durable = board_durable(w->board);
    size_t kept = 0;
    for (size_t i = 0; i < w->held_count; i++) {
        const uint32_t index = w->held[i];
        if (w->answers[index].hold_seq <= durable) {
            answer_leaves(w, index);
        } else {
            w->held[kept++] = index;
        }
    }
    w->held_count = kept;
}

static void on_unparked(void *context, uint64_t ticket, const struct result *result)
{
    struct world *w = context;
    if (w->dead || w->board == NULL) {
        return;
    }
    hold(w, answer_from(w, (uint32_t)ticket, result));
}

/* -- life and death ------------------------------------------------------------------------ */

void unit_options(const struct world *w, struct board_options *out_options)
{
    *out_options = (struct board_options){
        .limits = limits_default(),
        .segment_bytes_first = w->plan.segment_bytes,
        .segment_bytes_max = w->plan.segment_bytes * 8,
        .no_checkpoint = w->plan.checkpoint_bytes == 0,
        .checkpoint_every_bytes = w->plan.checkpoint_bytes,
    };
}

static void forget_answers(struct world *w)
{
    for (size_t i = 0; i < w->held_count; i++) {
        w->answers[w->held[i]].free = true;
    }
    w->held_count = 0;
}

/* Gives up the board's memory; its last io happens or not, as the machine's state is. */
void unit_close(struct world *w)
{
    w->dead = true;
    sim_host_finish_jobs(&w->host);
    board_close(w->board);
    sim_host_finish_jobs(&w->host);
    w->board = NULL;
    w->board_wake_ns = UINT64_MAX;
    forget_answers(w);
    w->dead = false;
}

void unit_crash(struct world *w, enum sim_cut cut)
{
    sim_say(w, "crash (%s) at call %llu, durable %llu, acknowledged %llu, head %zu",
            sim_cut_word(cut), (unsigned long long)w->host.calls,
            (unsigned long long)w->model.durable, (unsigned long long)w->model.acked,
            w->model.count);
    sim_host_stop(&w->host);
    unit_close(w);
    sim_host_reboot(&w->host, cut);
    w->report->crashes++;
    sim_schedule(w, rng_below(&w->rng, 4 * w->plan.think_ns_max), SIM_BOOT, 0);
}

static enum sim_cut any_cut(struct world *w)
{
    if (w->options.stop_at_call != 0) {
        return w->options.cut;
    }
    if (rng_chance(&w->rng, w->plan.process_deaths)) {
        return SIM_CUT_NONE;
    }
    return (enum sim_cut)rng_between(&w->rng, SIM_CUT_LOST, SIM_CUT_ALL);
}

static void arm_crash(struct world *w)
{
    if (w->options.stop_at_call > w->host.calls) {
        w->host.stop_at_call = w->options.stop_at_call;
        return;
    }
    const uint64_t most = w->calm ? 0 : w->plan.crash_calls_max;
    if (most == 0) {
        return;
    }
    /* One in four hits the recovery itself. */
    const uint64_t within = rng_below(&w->rng, 4) == 0 ? 40 : most;
    w->host.stop_at_call = w->host.calls + rng_between(&w->rng, 1, within);
}

static void boot_failed(struct world *w, enum err err, const struct sim_counts *before,
                        const struct trail *trail)
{
    const struct sim_counts *now = &w->host.counts;
    if (w->host.stopped) {
        unit_crash(w, any_cut(w));
        return;
    }
    sim_say(w, "boot failed: %s: %.*s", err_name(err), (int)trail->len, trail->text);
    const bool excused = (err == ERR_IO && (now->sync_fails > before->sync_fails ||
                                            now->write_fails > before->write_fails)) ||
                         (err == ERR_FULL && now->full > before->full);
    if (excused) {
        sim_schedule(w, rng_between(&w->rng, 1, 100) * NS_PER_MS, SIM_BOOT, 0);
        return;
    }
    if (now->sync_lies > 0 && (err == ERR_CORRUPT || err == ERR_FORMAT)) {
        w->report->refused = true;
        return;
    }
    sim_fail(w, "the board does not open: %s: %.*s", err_name(err), (int)trail->len, trail->text);
}

void unit_boot(struct world *w)
{
    struct board_options options;
    struct board_report report;
    struct trail trail = {0};
    const struct sim_counts before = w->host.counts;
    if (w->board != NULL) {
        return;
    }
    unit_options(w, &options);
    options.on_durable = on_durable;
    options.on_failed = on_failed;
    options.on_unparked = on_unparked;
    options.context = w;
    w->unit_failed = ERR_OK;
    arm_crash(w);
    w->boot_began_ns = w->host.io.mono_ns(&w->host);
    w->dead = true;
    struct board *board = NULL;
    const enum err err = board_open(&board, &w->host.io, &options, &report, &trail);
    w->dead = false;
    if (err != ERR_OK) {
        sim_host_finish_jobs(&w->host);
        boot_failed(w, err, &before, &trail);
        sim_host_settle(&w->host);
        return;
    }
    w->board = board;
    sim_say(w, "boot: head %llu, %llu from a checkpoint, %llu torn bytes",
            (unsigned long long)board_head(board), (unsigned long long)report.from_checkpoint,
            (unsigned long long)report.log.torn_bytes);
    if (w->host.stopped) {
        unit_crash(w, any_cut(w));
        return;
    }
    w->boot_took_ns = w->host.io.mono_ns(&w->host) - w->boot_began_ns;
    model_after_boot(w);
    sim_host_settle(&w->host);
}

/* What a supervisor does about a unit whose log failed. */
static void reopen(struct world *w)
{
    sim_say(w, "the log failed: %s", err_name(w->unit_failed));
    unit_close(w);
    if (w->host.stopped) {
        sim_host_reboot(&w->host, any_cut(w));
        w->report->crashes++;
    }
    sim_schedule(w, rng_below(&w->rng, 2 * w->plan.think_ns_max), SIM_BOOT, 0);
}

/* True while the unit lives; else it has been put to rest. */
static bool still_alive(struct world *w)
{
    if (w->board == NULL) {
        return false;
    }
    if (w->host.stopped) {
        unit_crash(w, any_cut(w));
        return false;
    }
    if (w->unit_failed != ERR_OK || board_failed(w->board) != ERR_OK) {
        if (w->unit_failed == ERR_OK) {
            sim_fail(w, "the board failed and did not say so");
        }
        reopen(w);
        return false;
    }
    return true;
}

void unit_turn(struct world *w)
{
    if (w->board == NULL) {
        return;
    }
    sim_host_turn(&w->host);
    if (!still_alive(w)) {
        return;
    }
    w->board_wake_ns = board_step(w->board);
    model_take(w, 0);
    model_no_overdue(w);
    board_flush(w->board);
    model_take(w, 0);
    if (!sim_ok(w) || !still_alive(w)) {
        return;
    }
    release_answers(w);
    sim_host_settle(&w->host);
}

bool unit_drain(struct world *w)
{
    for (unsigned i = 0; i < TURNS_MAX && w->board != NULL && sim_ok(w); i++) {
        if (board_durable(w->board) == board_head(w->board) && !board_busy(w->board)) {
            return true;
        }
        const uint64_t due_ns = sim_host_due_ns(&w->host);
        if (due_ns != UINT64_MAX && due_ns > w->host.now_ns) {
            w->host.now_ns = due_ns;
        }
        unit_turn(w);
    }
    if (w->board != NULL && sim_ok(w)) {
        sim_fail(w, "the board does not come to rest");
    }
    return false;
}

void unit_restart(struct world *w)
{
    struct hash before, after;
    struct trail trail = {0};
    if (w->board == NULL || !unit_drain(w)) {
        return;
    }
    board_digest(w->board, &before);
    if (w->plan.checkpoint_bytes > 0 && rng_below(&w->rng, 2) == 0) {
        const struct sim_counts had = w->host.counts;
        const enum err err = board_checkpoint_now(w->board, &trail);
        const struct sim_counts *has = &w->host.counts;
        const bool excused = w->host.stopped || has->sync_fails > had.sync_fails ||
                             has->write_fails > had.write_fails || has->full > had.full;
        if (err != ERR_OK && !excused) {
            sim_fail(w, "no checkpoint: %s: %.*s", err_name(err), (int)trail.len, trail.text);
        }
    }
    if (!still_alive(w)) {
        return;
    }
    unit_close(w);
    if (w->host.stopped) {
        sim_host_reboot(&w->host, any_cut(w));
        w->report->crashes++;
    }
    w->report->restarts++;
    unit_boot(w);
    if (w->board == NULL || !sim_ok(w) || w->plan.lies) {
        return;
    }
    board_digest(w->board, &after);
    if (!hash_eq(&before, &after)) {
        sim_fail(w, "the state after a clean restart is another one");
    }
}

/* -- requests ------------------------------------------------------------------------------- */

static void key_of(const struct request *r, struct idempotency *out_stored)
{
    char text[48];
    const int len = snprintf(text, sizeof text, "%u/%u", r->agent, r->number);
    sha256(text, (size_t)len, &out_stored->key);
    sha256(&r->salt, sizeof r->salt, &out_stored->body);
}

/* The answer given before, if the key is remembered. */
static bool answer_again(struct world *w, const struct request *r)
{
    struct idempotency stored = {0};
    struct idempotency wanted;
    key_of(r, &wanted);
    if (!board_idempotency_find(w->board, &wanted.key, &stored)) {
        return false;
    }
    if (stored.status == 0) {
        return true; /* damaged on the disk: no answer, and not done a second time */
    }
    if (stored.status == 0 && w->host.stopped) {
        return true; /* it cannot be read any more */
    }
    if (!hash_eq(&stored.body, &wanted.body) || stored.status != 200) {
        sim_fail(w, "request %u: the key leads to another request", r->number);
        return true;
    }
    const uint32_t index = answer_new(w);
    struct answer *answer = &w->answers[index];
    if (!answer_parse(stored.answer, answer)) {
        sim_fail(w, "request %u: the stored answer is damaged", r->number);
    }
    answer->request = r->number;
    answer->hold_seq = board_head(w->board);
    hold(w, index);
    return true;
}

static void remember(struct world *w, const struct request *r, const struct result *result)
{
    struct idempotency stored = {.status = 200};
    char text[160];
    const uint32_t index = answer_from(w, r->number, result);
    answer_text(&w->answers[index], text);
    w->answers[index].free = true;
    key_of(r, &stored);
    stored.answer = str_of(text);
    const struct actor actor = {str_of(w->agents[r->agent].name), w->agents[r->agent].role};
    board_idempotency_put(w->board, &actor, &stored);
}

static bool went_well(const struct result *result)
{
    return result->outcome == BOARD_OK || result->outcome == BOARD_CREATED;
}

/* What the heartbeats of a batch did; they may leave no record. */
static void extend_leases(struct world *w, const struct request *r)
{
    const uint64_t now_ns = w->host.io.mono_ns(w->host.io.host);
    for (unsigned i = 0; i < r->parts_count; i++) {
        const struct request *part = request_at(w, r->parts[i]);
        struct sim_intent *intent =
            part->kind == OP_HEARTBEAT ? model_intent(w, part->intent) : NULL;
        if (intent != NULL && model_holds(intent, w->agents[part->agent].name, part->epoch)) {
            intent->lease_ns = now_ns + intent->ttl_ms * NS_PER_MS;
        }
    }
}

/* All operations of a batch, or none: a rollback must leave no trace. */
static void batch(struct world *w, const struct request *r, struct result *out_result)
{
    struct hash before, after;
    bool all = true;
    const uint64_t head = board_head(w->board);
    board_digest(w->board, &before);
    board_begin(w->board);
    w->in_batch = true;
    for (unsigned i = 0; i < r->parts_count && all; i++) {
        const struct request part = *request_at(w, r->parts[i]);
        perform(w, &part, out_result);
        all = went_well(out_result);
    }
    w->in_batch = false;
    if (all) {
        if (r->keyed) {
            remember(w, r, out_result);
        }
        out_result->hold_seq = board_commit(w->board);
        model_take(w, out_result->hold_seq);
        extend_leases(w, r);
        return;
    }
    board_rollback(w->board);
    if (out_result->hold_seq > head) {
        out_result->hold_seq = head; /* it spoke of records that are gone */
    }
    board_digest(w->board, &after);
    if (!hash_eq(&before, &after) || board_head(w->board) != head) {
        sim_fail(w, "request %u: a rollback left something behind", r->number);
    }
}

static void single(struct world *w, const struct request *r, struct result *out_result)
{
    board_begin(w->board);
    perform(w, r, out_result);
    if (!went_well(out_result)) {
        board_rollback(w->board);
        return;
    }
    const bool parked = r->kind == OP_PARK && out_result->epoch == 0;
    if (r->keyed && !parked) {
        remember(w, r, out_result);
    }
    const uint64_t end = board_commit(w->board);
    if (end > out_result->hold_seq && r->keyed) {
        out_result->hold_seq = end;
    }
    if (end > out_result->hold_seq && r->kind != OP_HEARTBEAT) {
        sim_fail(w, "request %u: the answer waits for seq %llu, it wrote up to %llu", r->number,
                 (unsigned long long)out_result->hold_seq, (unsigned long long)end);
    }
    model_take(w, end);
    if (sim_ok(w)) {
        perform_expect(w, r, out_result);
    }
}

void unit_request(struct world *w, uint32_t number)
{
    const struct request r = *request_at(w, number);
    struct result result = {0};
    if (w->board == NULL || (r.keyed && answer_again(w, &r)) || w->host.stopped) {
        return; /* a machine that has stopped remembers nothing */
    }
    if (r.kind == OP_BATCH) {
        batch(w, &r, &result);
    } else {
        single(w, &r, &result);
    }
    const bool parked = r.kind == OP_PARK && result.outcome == BOARD_OK && result.epoch == 0;
    if (!parked && sim_ok(w)) {
        if (result.hold_seq > board_head(w->board)) {
            sim_fail(w, "request %u: a refusal waits for seq %llu", number,
                     (unsigned long long)result.hold_seq);
        }
        hold(w, answer_from(w, number, &result));
    }
}
