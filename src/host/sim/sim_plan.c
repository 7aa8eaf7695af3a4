/* sim_plan.c - swarm tuning: each seed turns on its own subset of troubles.
 *
 * A run with every fault at once mostly tests the first fault. So each kind is on for
 * some seeds only, and its rate is drawn over orders of magnitude.
 */
#include "base/clock.h"
#include "host/sim/sim_internal.h"

static bool one_in(struct rng *rng, uint64_t n)
{
    return rng_below(rng, n) == 0;
}

/* Between low and high, each order of magnitude as likely as the next. */
static uint64_t spread(struct rng *rng, uint64_t low, uint64_t high)
{
    uint64_t most = low;
    while (most < high && !one_in(rng, 3)) {
        most *= 2;
    }
    return rng_between(rng, low, most < high ? most : high);
}

static void plan_disk(struct plan *plan, struct rng *rng)
{
    plan->crash_calls_max = one_in(rng, 5) ? 0 : spread(rng, 60, 6000);
    plan->process_deaths = one_in(rng, 2) ? 0 : (uint32_t)rng_below(rng, 600000);
    plan->faults.call_ns_max = spread(rng, 20000, 20000000);
    plan->faults.slow = one_in(rng, 2) ? 0 : (uint32_t)spread(rng, 100, 50000);
    if (one_in(rng, 3)) {
        plan->faults.sync_fail = (uint32_t)spread(rng, 4000, 200000);
    }
    if (one_in(rng, 4)) {
        plan->faults.write_fail = (uint32_t)spread(rng, 2000, 60000);
    }
    plan->lies = one_in(rng, 8);
    if (plan->lies) {
        plan->faults.sync_lie = (uint32_t)spread(rng, 2000, 300000);
    }
    plan->full = one_in(rng, 5);
    plan->flips = one_in(rng, 3);
    plan->segment_bytes = 1024u << rng_below(rng, 7);
    plan->checkpoint_bytes = one_in(rng, 3) ? 0 : spread(rng, 2000, 100000);
}

void plan_make(struct plan *plan, struct rng *rng)
{
    *plan = (struct plan){0};
    plan->agents = (unsigned)spread(rng, 3, SIM_AGENTS_MAX);
    plan->capabilities = (unsigned)rng_below(rng, 4);
    plan->topics = (unsigned)rng_between(rng, 1, 5);
    plan->think_ns_max = spread(rng, 2, 400) * NS_PER_MS;
    plan->delay_ns_max = spread(rng, 1, 200) * NS_PER_MS / 2;
    plan->drop = one_in(rng, 2) ? 0 : (uint32_t)spread(rng, 1000, 200000);
    plan->repeat = one_in(rng, 2) ? 0 : (uint32_t)spread(rng, 1000, 200000);
    plan->pauses = one_in(rng, 2) ? 0 : (uint32_t)spread(rng, 5000, 200000);
    plan->zombies = one_in(rng, 3) ? 0 : (uint32_t)spread(rng, 10000, 250000);
    plan->keyed = one_in(rng, 3) ? 0 : (uint32_t)rng_below(rng, 1000000);
    plan->submitters = (uint32_t)rng_between(rng, 150000, 600000);
    plan->blobs = one_in(rng, 2) ? 0 : (uint32_t)spread(rng, 5000, 100000);
    plan->ttl_ms_max = spread(rng, TTL_MS_MIN, 20000);
    plan->clock_jumps = one_in(rng, 3);
    plan_disk(plan, rng);
    const uint64_t round_ns = plan->think_ns_max * 100 / plan->agents + NS_PER_MS;
    plan->event_every[SIM_CRASH] = one_in(rng, 2) ? 0 : round_ns * spread(rng, 2, 32);
    plan->event_every[SIM_RESTART] = one_in(rng, 2) ? 0 : round_ns * spread(rng, 2, 32);
    plan->event_every[SIM_JUMP] = plan->clock_jumps ? round_ns * spread(rng, 1, 16) : 0;
    plan->event_every[SIM_CHECK] = round_ns * spread(rng, 1, 8);
    plan->event_every[SIM_DISK_FULL] = plan->full ? round_ns * spread(rng, 4, 32) : 0;
}

void plan_one_crash(struct plan *plan)
{
    plan->faults = (struct sim_faults){0};
    plan->crash_calls_max = 0;
    plan->process_deaths = 0;
    plan->lies = plan->full = plan->flips = plan->clock_jumps = false;
    plan->blobs = 100000;
    plan->segment_bytes = 4096;
    plan->checkpoint_bytes = 3000;
    for (unsigned kind = 0; kind < sizeof plan->event_every / sizeof *plan->event_every; kind++) {
        plan->event_every[kind] = 0;
    }
}
