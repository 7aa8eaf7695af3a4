/* sim.h - one simulated life of a board: agents, a network, a disk, and what breaks.
 *
 * Everything follows from the seed: the same seed and steps give the same digest.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "host/sim/sim_disk.h"

#define SIM_STEPS_DEFAULT 4000u

struct sim_options {
    uint64_t seed;
    uint64_t steps;                /* events before the faults stop; 0 = SIM_STEPS_DEFAULT */
    uint64_t stop_at_call;         /* not 0: no fault but the machine's end in this io call */
    enum sim_cut cut;              /* ... and what it leaves */
    void (*say)(const char *line); /* what happens; NULL: nobody wants to know */
};

struct sim_report {
    bool failed;
    bool refused; /* a lying disk was found out and the board refused to serve */
    char why[512];
    uint64_t digest; /* over everything that happened */
    uint64_t steps, operations, records, claims, concluded;
    uint64_t crashes, restarts, lost; /* lost: unacknowledged records */
    uint64_t sync_fails, sync_lies, flips, stale_refused, replies;
    uint64_t calls; /* io calls */
};

void sim_run(const struct sim_options *options, struct sim_report *out_report);
