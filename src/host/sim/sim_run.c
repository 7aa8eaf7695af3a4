/* sim_run.c - the event loop of one simulated life.
 *
 *     troubled: agents act and things break, for options.steps events
 *     calm:     the faults stop; all work that can be done must get done
 *     end:      everything is compared once more
 *
 * Time stands still inside an event and jumps to the next one. Events at the same
 * moment happen in the order in which they were scheduled.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "host/sim/sim_internal.h"

#define JUMP_MS_MAX 36000000

void sim_fail(struct world *w, const char *format, ...)
{
    if (w->report->failed) {
        return; /* the first one is the cause */
    }
    va_list args;
    va_start(args, format);
    w->report->failed = true;
    (void)vsnprintf(w->report->why, sizeof w->report->why, format, args);
    va_end(args);
    sim_say(w, "FAILED: %s", w->report->why);
}

void sim_say(const struct world *w, const char *format, ...)
{
    if (w->options.say == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    char line[400];
    const int at = snprintf(line, sizeof line, "%12.6f ", (double)w->host.now_ns / 1e9);
    (void)vsnprintf(line + at, sizeof line - (size_t)at, format, args);
    w->options.say(line);
    va_end(args);
}

/* -- the queue of events --------------------------------------------------------------------- */

static bool sooner(const struct event *a, const struct event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

void sim_schedule(struct world *w, uint64_t in_ns, enum event_kind kind, uint32_t number)
{
    mem_grow(&w->events, &w->events_cap, w->events_count + 1, sizeof *w->events);
    const struct event event = {w->host.now_ns + in_ns, w->events_order++, kind, number};
    size_t at = w->events_count++;
    while (at > 0 && sooner(&event, &w->events[(at - 1) / 2])) {
        w->events[at] = w->events[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    w->events[at] = event;
}

static struct event next_event(struct world *w)
{
    CHECK(w->events_count > 0);
    const struct event first = w->events[0];
    const struct event last = w->events[--w->events_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= w->events_count) {
            break;
        }
        if (child + 1 < w->events_count && sooner(&w->events[child + 1], &w->events[child])) {
            child++;
        }
        if (!sooner(&w->events[child], &last)) {
            break;
        }
        w->events[at] = w->events[child];
        at = child;
    }
    w->events[at] = last;
    return first;
}

/* -- events ------------------------------------------------------------------------------------ */

static void recur(struct world *w, enum event_kind kind)
{
    const uint64_t every_ns = w->plan.event_every[kind];
    if (every_ns > 0) {
        sim_schedule(w, rng_between(&w->rng, 1, 2 * every_ns), kind, 0);
    }
}

static void jump_clock(struct world *w)
{
    static const int64_t reach_ms[] = {5, 1000, 60000, 3600000, JUMP_MS_MAX};
    const int64_t reach = reach_ms[rng_below(&w->rng, 5)];
    int64_t by_ms = (int64_t)rng_below(&w->rng, (uint64_t)(2 * reach + 1)) - reach;
    /* Keys are kept for 24 hours of the wall clock: stay well within them. */
    if (w->jumped_ms + by_ms > JUMP_MS_MAX || w->jumped_ms + by_ms < -JUMP_MS_MAX) {
        by_ms = -w->jumped_ms;
    }
    w->jumped_ms += by_ms;
    w->host.wall_offset_ms += by_ms;
    sim_say(w, "the wall clock jumps by %lld ms", (long long)by_ms);
    recur(w, SIM_JUMP);
}

static void fill_disk(struct world *w)
{
    w->host.faults.capacity_bytes =
        sim_disk_bytes(w->host.disk) + rng_below(&w->rng, 2 * w->plan.segment_bytes);
    sim_say(w, "the disk is full at %llu bytes", (unsigned long long)w->host.faults.capacity_bytes);
    sim_schedule(w, rng_between(&w->rng, 1, 2000) * NS_PER_MS, SIM_DISK_FREE, 0);
}

static void check(struct world *w)
{
    recur(w, SIM_CHECK);
    if (w->board == NULL) {
        return;
    }
    w->host.hushed = true;
    check_renderings(w, 8);
    check_queries(w, 4);
    check_proofs(w, 2);
    const uint64_t what = rng_below(&w->rng, 4);
    if (what == 0) {
        check_replay(w);
    } else if (what == 1 && w->plan.flips) {
        check_flip(w);
    } else if (what == 2 && w->past.disk == NULL) {
        check_past_keep(w);
    } else if (what == 3) {
        check_past(w);
    }
    w->host.hushed = false;
}

static void crash(struct world *w)
{
    recur(w, SIM_CRASH);
    if (w->board != NULL) {
        unit_crash(w, (enum sim_cut)rng_between(&w->rng, SIM_CUT_LOST, SIM_CUT_ALL));
    }
}

static void handle(struct world *w, const struct event *event)
{
    switch (event->kind) {
    case SIM_WAKE:
        agent_wake(w, event->number);
        break;
    case SIM_REQUEST:
        if (rng_below(&w->rng, 2) == 0) {
            unit_turn(w); /* else a lease may have run out with nobody noticing */
        }
        if (sim_ok(w)) {
            unit_request(w, event->number);
        }
        break;
    case SIM_REPLY:
        agent_hears(w, &w->answers[event->number]);
        w->answers[event->number].free = true;
        break;
    case SIM_CRASH:
        crash(w);
        break;
    case SIM_BOOT:
        unit_boot(w);
        break;
    case SIM_RESTART:
        recur(w, SIM_RESTART);
        unit_restart(w);
        break;
    case SIM_JUMP:
        jump_clock(w);
        break;
    case SIM_CHECK:
        check(w);
        break;
    case SIM_DISK_FULL:
        recur(w, SIM_DISK_FULL);
        fill_disk(w);
        break;
    case SIM_DISK_FREE:
        w->host.faults.capacity_bytes = 0;
        break;
    }
}

/* One event, or one moment at which the board or a job wants to be called. */
static void step(struct world *w)
{
    uint64_t next_ns = w->events_count > 0 ? w->events[0].at_ns : UINT64_MAX;
    const uint64_t due_ns = sim_host_due_ns(&w->host);
    const uint64_t wake_ns = w->board == NULL ? UINT64_MAX : w->board_wake_ns;
    const bool by_event = next_ns <= due_ns && next_ns <= wake_ns;
    next_ns = due_ns < next_ns ? due_ns : next_ns;
    next_ns = wake_ns < next_ns ? wake_ns : next_ns;
    CHECK(next_ns != UINT64_MAX);
    if (next_ns > w->host.now_ns) {
        w->host.now_ns = next_ns;
    }
    if (by_event) {
        const struct event event = next_event(w);
        sim_note(&w->host, event.at_ns ^ (uint64_t)event.kind << 56 ^ event.number);
        handle(w, &event);
    }
    if (sim_ok(w)) {
        unit_turn(w);
    }
    w->report->steps++;
}

static void world_deinit(struct world *w)
{
    if (w->board != NULL) {
        unit_close(w);
    }
    sim_disk_free(w->past.disk);
    sim_host_finish_jobs(&w->host);
    sim_host_deinit(&w->host);
    model_deinit(&w->model);
    mem_free(w->requests);
    mem_free(w->answers);
    mem_free(w->held);
    mem_free(w->events);
    arena_deinit(&w->arena);
    buf_deinit(&w->text);
    buf_deinit(&w->text2);
    mem_free(w);
}

void sim_run(const struct sim_options *options, struct sim_report *out_report)
{
    struct world *w = mem_zalloc(sizeof *w);
    *out_report = (struct sim_report){0};
    w->options = *options;
    w->report = out_report;
    rng_init(&w->rng, options->seed);
    plan_make(&w->plan, &w->rng);
    if (options->stop_at_call != 0) {
        plan_one_crash(&w->plan);
    }
    sim_host_init(&w->host, rng_next(&w->rng), NULL);
    w->host.faults = w->plan.faults;
    w->board_wake_ns = UINT64_MAX;
    agents_init(w);
    sim_schedule(w, 0, SIM_BOOT, 0);
    recur(w, SIM_CRASH);
    recur(w, SIM_RESTART);
    recur(w, SIM_JUMP);
    recur(w, SIM_CHECK);
    recur(w, SIM_DISK_FULL);
    const uint64_t steps = options->steps == 0 ? SIM_STEPS_DEFAULT : options->steps;
    for (uint64_t i = 0; i < steps && sim_ok(w); i++) {
        step(w);
    }
    if (sim_ok(w)) {
        live_until_done(w);
    }
    if (sim_ok(w)) {
        check_all(w);
    }
    sim_note(&w->host, out_report->failed);
    out_report->digest = w->host.digest;
    out_report->records = w->model.count;
    out_report->calls = w->host.calls;
    out_report->sync_fails = w->host.counts.sync_fails;
    out_report->sync_lies = w->host.counts.sync_lies;
    world_deinit(w);
}
