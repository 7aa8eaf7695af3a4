/* sim_live.c - when the faults stop, the work gets done.
 *
 * Safety says that nothing bad happened; this says that something good still can. One
 * honest worker who can do everything takes what is offered and concludes it. When
 * nothing is offered, time passes until leases of the lost end. In the end each intent
 * has ended, or waits for one that ended without a conclusion.
 */
#include <string.h>

#include "base/clock.h"
#include "host/sim/sim_internal.h"

static void calm_down(struct world *w)
{
    w->calm = true;
    w->events_count = 0;
    w->host.stop_at_call = 0;
    w->host.faults = (struct sim_faults){.call_ns_max = w->plan.faults.call_ns_max};
    w->plan.drop = w->plan.repeat = 0;
    /* What failed before may only now be told: the unit then opens once more. */
    for (unsigned tries = 0; tries < 4 && sim_ok(w); tries++) {
        if (w->board == NULL) {
            unit_boot(w);
        }
        (void)unit_drain(w);
        w->events_count = 0;
    }
    if (w->board == NULL && sim_ok(w)) {
        sim_fail(w, "without faults the board does not open");
    }
}

/* One request of the honest worker, answered when it is durable. */
static void ask(struct world *w, const struct request *r, struct result *out_result)
{
    const uint32_t number = r->number;
    const struct request copy = *r;
    unit_turn(w);
    if (w->board == NULL || !sim_ok(w)) {
        return;
    }
    board_begin(w->board);
    perform(w, &copy, out_result);
    model_take(w, board_commit(w->board));
    if (sim_ok(w)) {
        perform_expect(w, request_at(w, number), out_result);
    }
    (void)unit_drain(w);
    if (sim_ok(w) && (w->board == NULL || board_durable(w->board) < out_result->hold_seq)) {
        sim_fail(w, "without faults request %u does not become durable", number);
    }
}

static void resume_if_paused(struct world *w)
{
    struct result result = {0};
    if (w->model.paused) {
        ask(w, request_new(w, 0, OP_RESUME), &result);
    }
}

/* Claims one intent and concludes it; false: none was offered. */
static bool work_once(struct world *w)
{
    struct result claimed = {0}, concluded = {0};
    struct request *r = request_new(w, 0, OP_CLAIM_NEXT);
    r->all_capabilities = true;
    r->ttl_ms = TTL_MS_MAX;
    ask(w, r, &claimed);
    if (!sim_ok(w) || claimed.outcome != BOARD_OK) {
        return false;
    }
    r = request_new(w, 0, OP_CONCLUDE);
    board_id(w->board, claimed.intent, r->intent);
    r->epoch = claimed.epoch;
    ask(w, r, &concluded);
    return true;
}

static bool somebody_holds(const struct world *w)
{
    for (size_t i = 0; i < w->model.intents_count; i++) {
        if (w->model.intents[i].status == STATUS_CLAIMED) {
            return true;
        }
    }
    return false;
}

/* A lease may have ended while the answer "none" became durable. */
static bool something_claimable(const struct world *w)
{
    for (size_t i = 0; i < w->model.intents_count; i++) {
        if (model_claimable(w, &w->model.intents[i])) {
            return true;
        }
    }
    return false;
}

static void check_left_over(struct world *w)
{
    for (size_t i = 0; i < w->model.intents_count && sim_ok(w); i++) {
        const struct sim_intent *intent = &w->model.intents[i];
        const bool open = intent->status == STATUS_SUBMITTED || intent->status == STATUS_CLAIMED;
        if (open && model_claimable(w, intent)) {
            sim_fail(w, "intent %llu is never done", (unsigned long long)intent->seq);
        }
    }
}

void live_until_done(struct world *w)
{
    calm_down(w);
    if (!sim_ok(w)) {
        return;
    }
    resume_if_paused(w);
    const size_t rounds_max = 4 * w->model.intents_count + 1000;
    for (size_t round = 0; sim_ok(w); round++) {
        if (round == rounds_max) {
            sim_fail(w, "the work does not end");
            return;
        }
        if (work_once(w) || something_claimable(w)) {
            continue;
        }
        if (!sim_ok(w) || !somebody_holds(w)) {
            break;
        }
        if (w->board_wake_ns == UINT64_MAX) {
            sim_fail(w, "somebody holds an intent, and the board waits for nothing");
            return;
        }
        if (w->board_wake_ns > w->host.now_ns) {
            w->host.now_ns = w->board_wake_ns;
        }
        unit_turn(w);
    }
    check_left_over(w);
}
