/* sim_range.h - many seeds, each safe from the others.
 *
 * Seeds run in a child process, so that a broken belief (CHECK aborts) or a seed that
 * hangs costs one seed and not the run.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "host/sim/sim.h"

struct sim_range {
    struct sim_options options; /* but for the seed */
    uint64_t first, last;       /* both included */
    bool first_failure;         /* stop there */
    void (*failed)(void *context, uint64_t seed, const char *why);
    void *context;
};

struct sim_totals {
    struct sim_report sum;
    uint64_t seeds, failed;
    uint64_t digest; /* over the digests of all seeds, in order */
};

/* ERR_IO: no child process or pipe can be had. */
MUST_USE enum err sim_range_run(const struct sim_range *range, struct sim_totals *out_totals);
