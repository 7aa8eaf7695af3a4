/* sim_agents.c - agents that mean well and behave badly, and the network between.
 *
 * An agent submits work, takes work, holds it, and ends it. It also repeats requests
 * whose answers got lost, sleeps through its lease and then goes on, and uses claims
 * that ended long ago. The board must not be hurt by any of it.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "codec/bytes.h"
#include "host/sim/sim_internal.h"

#define ID_TRIES 12u

struct request *request_at(struct world *w, uint32_t number)
{
    CHECK(number >= 1 && number <= w->requests_count);
    return &w->requests[number - 1];
}

struct request *request_new(struct world *w, uint32_t agent, enum op_kind kind)
{
    mem_grow(&w->requests, &w->requests_cap, w->requests_count + 1, sizeof *w->requests);
    struct request *r = &w->requests[w->requests_count++];
    *r = (struct request){.kind = kind,
                          .number = (uint32_t)w->requests_count,
                          .agent = agent,
                          .salt = rng_next(&w->rng)};
    return r;
}

/* -- the network ------------------------------------------------------------------------- */

static uint64_t delay_ns(struct world *w)
{
    return rng_between(&w->rng, w->plan.delay_ns_max / 20, w->plan.delay_ns_max);
}

void request_send(struct world *w, uint32_t number)
{
    if (!rng_chance(&w->rng, w->plan.drop)) {
        sim_schedule(w, delay_ns(w), SIM_REQUEST, number);
    }
    if (rng_chance(&w->rng, w->plan.repeat)) {
        sim_schedule(w, 4 * delay_ns(w), SIM_REQUEST, number);
    }
}

void answer_send(struct world *w, uint32_t answer)
{
    if (w->calm || rng_chance(&w->rng, w->plan.drop)) {
        w->answers[answer].free = true;
    } else {
        sim_schedule(w, delay_ns(w), SIM_REPLY, answer);
    }
}

/* -- choosing ------------------------------------------------------------------------------ */

static void id_of(const struct sim_record *record, char out_id[ID_TEXT_LEN + 1])
{
    out_id[0] = record->kind == RECORD_FACT ? 'f' : 'i';
    out_id[1] = '_';
    hex_encode(record->id.bytes, sizeof record->id.bytes, out_id + 2);
    out_id[ID_TEXT_LEN] = '\0';
}

/* The id of some record of that kind, the recent ones more often; false: none met. */
static bool any_id(struct world *w, enum record_kind kind, char out_id[ID_TEXT_LEN + 1])
{
    const struct model *m = &w->model;
    for (unsigned i = 0; i < ID_TRIES && m->count > 0; i++) {
        const size_t reach = rng_below(&w->rng, 2) == 0 && m->count > 60 ? 60 : m->count;
        const struct sim_record *record = &m->records[m->count - 1 - rng_below(&w->rng, reach)];
        if (record->kind == kind) {
            id_of(record, out_id);
            return true;
        }
    }
    return false;
}

static void add_links(struct world *w, struct request *r, enum record_kind kind, uint64_t one_in)
{
    while (r->links_count < 2 && rng_below(&w->rng, one_in) == 0) {
        if (!any_id(w, kind, r->links[r->links_count]) ||
            (r->links_count == 1 && strcmp(r->links[0], r->links[1]) == 0)) {
            return;
        }
        r->links_count++;
    }
}

static void size_content(struct world *w, struct request *r)
{
    if (rng_chance(&w->rng, w->plan.blobs)) {
        r->content_bytes = LOG_BLOB_BYTES_MIN + rng_below(&w->rng, 4000);
    } else if (rng_below(&w->rng, 4) == 0) {
        /* Groups of several sectors, so that there is something to tear. */
        r->content_bytes = rng_below(&w->rng, rng_below(&w->rng, 3) == 0 ? 4000 : 600);
    }
}

static uint64_t any_ttl(struct world *w)
{
    return rng_between(&w->rng, TTL_MS_MIN, w->plan.ttl_ms_max);
}

static struct request *submit(struct world *w, uint32_t agent)
{
    const uint64_t what = rng_below(&w->rng, 100);
    struct request *r = request_new(w, agent,
                                    what < 50   ? OP_INTENT
                                    : what < 93 ? OP_FACT
                                                : OP_HINT);
    r->topic = (unsigned)rng_below(&w->rng, w->plan.topics + 1);
    if (r->kind == OP_FACT) {
        r->priority = (unsigned)rng_below(&w->rng, 11);
        size_content(w, r);
        add_links(w, r, RECORD_FACT, 3);
    } else if (r->kind == OP_INTENT) {
        r->priority = (unsigned)rng_below(&w->rng, 11);
        r->capability = (unsigned)rng_below(&w->rng, w->plan.capabilities + 1);
        r->dedupe = rng_below(&w->rng, 4) == 0 ? (unsigned)rng_between(&w->rng, 1, 6) : 0;
        r->deadline_in_ms =
            rng_below(&w->rng, 10) == 0 ? (int64_t)rng_between(&w->rng, 1, 20000) : 0;
        r->max_run_ms = rng_below(&w->rng, 8) == 0 ? rng_between(&w->rng, 1, 20000) : 0;
        add_links(w, r, RECORD_INTENT, 5);
        if (rng_below(&w->rng, 6) != 0 || !any_id(w, RECORD_INTENT, r->parent)) {
            r->parent[0] = '\0';
        }
    } else {
        r->ttl_ms = rng_below(&w->rng, 20000);
    }
    return r;
}

/* A write under a claim, alive or not. */
static struct request *write_under(struct world *w, uint32_t agent, const struct old_claim *claim)
{
    static const enum op_kind kinds[] = {OP_HEARTBEAT, OP_HEARTBEAT, OP_HEARTBEAT, OP_CHECKPOINT,
                                         OP_FACT,      OP_FACT,      OP_CONCLUDE,  OP_CONCLUDE,
                                         OP_CONCLUDE,  OP_RELEASE,   OP_FAIL};
    const struct old_claim copy = *claim;
    struct request *r =
        request_new(w, agent, kinds[rng_below(&w->rng, sizeof kinds / sizeof *kinds)]);
    memcpy(r->intent, copy.intent, sizeof r->intent);
    r->epoch = copy.epoch;
    r->under = r->kind == OP_FACT;
    r->retry = rng_below(&w->rng, 3) != 0;
    if (r->kind == OP_FACT || r->kind == OP_CONCLUDE) {
        size_content(w, r);
        add_links(w, r, RECORD_FACT, 2);
    }
    return r;
}

static struct request *seek_work(struct world *w, uint32_t agent)
{
    const uint64_t what = rng_below(&w->rng, 100);
    struct request *r = request_new(w, agent,
                                    what < 50   ? OP_CLAIM_NEXT
                                    : what < 65 ? OP_PARK
                                    : what < 95 ? OP_CLAIM
                                                : OP_CANCEL);
    r->ttl_ms = any_ttl(w);
    r->wait_ms = rng_between(&w->rng, 1, 10000);
    r->all_capabilities = rng_below(&w->rng, 2) == 0;
    r->capability = (unsigned)rng_below(&w->rng, w->plan.capabilities + 1);
    r->topic = rng_below(&w->rng, 5) == 0 ? (unsigned)rng_between(&w->rng, 1, w->plan.topics) : 0;
    if (r->kind == OP_CLAIM || r->kind == OP_CANCEL) {
        if (!any_id(w, RECORD_INTENT, r->intent)) {
            r->kind = OP_CLAIM_NEXT;
        }
    }
    return r;
}

/* A live claim of anybody, with its true epoch; false: none met. */
static bool any_claim(struct world *w, struct old_claim *out_claim)
{
    const struct model *m = &w->model;
    for (unsigned i = 0; i < ID_TRIES && m->intents_count > 0; i++) {
        const struct sim_intent *intent = &m->intents[rng_below(&w->rng, m->intents_count)];
        if (intent->status == STATUS_CLAIMED) {
            id_of(&m->records[intent->seq - 1], out_claim->intent);
            out_claim->epoch = intent->epoch;
            return true;
        }
    }
    return false;
}

/* Adds, rotates or removes an agent's credential. */
static struct request *change_agent(struct world *w, uint32_t index)
{
    const bool removes = rng_below(&w->rng, 5) == 0;
    struct request *r = request_new(w, index, removes ? OP_AGENT_REMOVE : OP_AGENT_ADD);
    r->retry = rng_below(&w->rng, 3) == 0;
    r->capability = (unsigned)rng_below(&w->rng, w->plan.capabilities + 1);
    r->topic = (unsigned)rng_below(&w->rng, w->plan.capabilities + 1);
    return r;
}

static uint32_t make_batch(struct world *w, uint32_t agent)
{
    uint32_t parts[SIM_BATCH_MAX];
    const unsigned count = (unsigned)rng_between(&w->rng, 2, SIM_BATCH_MAX);
    const struct sim_agent *a = &w->agents[agent];
    for (unsigned i = 0; i < count; i++) {
        struct request *part = submit(w, agent);
        if (rng_below(&w->rng, 3) == 0) {
            part = a->role == ROLE_HUMAN ? change_agent(w, agent)
                   : a->holds            ? write_under(w, agent, &a->claim)
                                         : seek_work(w, agent);
        }
        if (part->kind == OP_PARK) {
            part->kind = OP_CLAIM_NEXT;
        }
        parts[i] = part->number;
    }
    struct request *r = request_new(w, agent, OP_BATCH);
    memcpy(r->parts, parts, sizeof parts);
    r->parts_count = count;
    return r->number;
}

/* -- acting -------------------------------------------------------------------------------- */

static void drop_claim(struct sim_agent *a)
{
    if (a->holds) {
        a->old[a->old_count % SIM_OLD_CLAIMS] = a->claim;
        a->old_count++;
        a->holds = false;
    }
}

static uint32_t next_request(struct world *w, uint32_t index)
{
    struct sim_agent *a = &w->agents[index];
    if (a->last_request != 0 && rng_below(&w->rng, 12) == 0) {
        return a->last_request; /* no answer came, perhaps */
    }
    if (a->role == ROLE_HUMAN && rng_below(&w->rng, w->model.paused ? 3 : 40) == 0) {
        return request_new(w, index, w->model.paused ? OP_RESUME : OP_PAUSE)->number;
    }
    if (a->role == ROLE_HUMAN && rng_below(&w->rng, 12) == 0) {
        return change_agent(w, index)->number;
    }
    if (a->old_count > 0 && rng_chance(&w->rng, w->plan.zombies)) {
        const unsigned kept = a->old_count < SIM_OLD_CLAIMS ? a->old_count : SIM_OLD_CLAIMS;
        return write_under(w, index, &a->old[rng_below(&w->rng, kept)])->number;
    }
    struct old_claim others;
    if (rng_below(&w->rng, 25) == 0 && any_claim(w, &others)) {
        return write_under(w, index, &others)->number; /* it guessed the epoch */
    }
    if (rng_below(&w->rng, 20) == 0) {
        return make_batch(w, index);
    }
    if (a->holds && rng_below(&w->rng, 8) != 0) {
        return write_under(w, index, &a->claim)->number;
    }
    if (rng_chance(&w->rng, w->plan.submitters)) {
        return submit(w, index)->number;
    }
    return seek_work(w, index)->number;
}

void agent_wake(struct world *w, uint32_t index)
{
    struct sim_agent *a = &w->agents[index];
    uint64_t think_ns = rng_between(&w->rng, w->plan.think_ns_max / 50, w->plan.think_ns_max);
    const uint32_t number = next_request(w, index);
    struct request *r = request_at(w, number);
    /* Parked claims answer later, under their ticket: a key would not fit them. */
    r->keyed = r->keyed || (number != a->last_request && r->kind != OP_PARK &&
                            r->kind != OP_HEARTBEAT && rng_chance(&w->rng, w->plan.keyed));
    a->last_request = number;
    request_send(w, number);
    if (rng_chance(&w->rng, w->plan.pauses)) {
        think_ns += w->plan.ttl_ms_max * NS_PER_MS * rng_between(&w->rng, 1, 4) / 2;
    }
    sim_schedule(w, think_ns, SIM_WAKE, index);
}

static bool is_under(enum op_kind kind)
{
    return kind == OP_HEARTBEAT || kind == OP_CHECKPOINT || kind == OP_RELEASE || kind == OP_FAIL ||
           kind == OP_CONCLUDE;
}

static void hears_of_claim(struct sim_agent *a, const struct request *r,
                           const struct answer *answer)
{
    if (a->holds && a->claim.epoch == r->epoch && strcmp(a->claim.intent, r->intent) == 0) {
        const bool goes_on =
            answer->outcome == BOARD_OK && (r->kind == OP_HEARTBEAT || r->kind == OP_CHECKPOINT);
        if (!goes_on && answer->outcome != BOARD_UNAVAILABLE &&
            answer->outcome != BOARD_INVALID_REFERENCE) {
            drop_claim(a);
        }
    }
}

void agent_hears(struct world *w, const struct answer *answer)
{
    const struct request *r = request_at(w, answer->request);
    struct sim_agent *a = &w->agents[r->agent];
    if (is_under(r->kind)) {
        hears_of_claim(a, r, answer);
        return;
    }
    const bool claims = r->kind == OP_CLAIM || r->kind == OP_CLAIM_NEXT || r->kind == OP_PARK;
    if (claims && answer->outcome == BOARD_OK && answer->epoch > 0) {
        drop_claim(a);
        a->holds = true;
        a->claim.epoch = answer->epoch;
        memcpy(a->claim.intent, answer->intent, sizeof a->claim.intent);
    }
}

void agents_init(struct world *w)
{
    for (unsigned i = 0; i < w->plan.agents; i++) {
        struct sim_agent *a = &w->agents[i];
        (void)snprintf(a->name, sizeof a->name, "agent-%u", i);
        a->role = i == 0 ? ROLE_HUMAN : ROLE_AGENT;
        sim_schedule(w, rng_below(&w->rng, w->plan.think_ns_max), SIM_WAKE, i);
    }
}
