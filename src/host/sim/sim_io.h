/* sim_io.h - the simulated host: an `struct io` over a simulated disk and clock.
 *
 * Every choice comes from one seed, so a run repeats byte for byte. Each io call is
 * a numbered boundary at which the machine may stop; from then on every call answers
 * ERR_STOPPED and changes nothing until sim_host_reboot.
 *
 * A job started by the unit runs at a later simulated moment and its done() comes
 * later still, both inside sim_host_turn; in between the unit goes on.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/io.h"
#include "base/rng.h"
#include "host/sim/sim_disk.h"

/* Chances are parts per million of the calls of that kind. */
struct sim_faults {
    uint32_t write_fail;
    uint32_t sync_fail;      /* says so, loses the sectors, the cache may go on lying */
    uint32_t sync_lie;       /* says nothing, the sectors stay unsynced */
    uint64_t capacity_bytes; /* growth past it is ERR_FULL; 0 = endless */
    uint64_t call_ns_max;    /* how long one call may take; 0 = 20 us */
    uint32_t slow;           /* calls that take a hundred times as long */
};

struct sim_counts {
    uint64_t reads, writes, syncs, jobs;
    uint64_t write_fails, sync_fails, sync_lies, full, stops;
};

struct sim_host {
    struct io io; /* io.host is this struct: it must not move */
    struct sim_disk *disk;
    struct rng rng;
    struct sim_faults faults;
    struct sim_counts counts;
    uint64_t now_ns;
    int64_t wall_offset_ms; /* wall clock minus now; jumps */
    uint64_t lag_ns;        /* time the calls since the last settle took */
    uint64_t calls;
    uint64_t stop_at_call; /* the machine stops in this call; 0 = never */
    bool stopped;
    bool hushed;     /* whoever looks is not part of the story: no faults, no boundaries */
    uint64_t digest; /* over everything that happened */
    struct sim_job *jobs;
    size_t jobs_count;
    size_t jobs_cap;
    struct sim_view *views;
    size_t views_count;
    size_t views_cap;
};

/* Takes the disk (NULL: a new, empty one). */
void sim_host_init(struct sim_host *host, uint64_t seed, struct sim_disk *disk);
void sim_host_deinit(struct sim_host *host);

/* Stops the machine now (or lets stop_at_call do it), as a power cut does. */
void sim_host_stop(struct sim_host *host);
/* Ends all jobs, so that the unit's memory can be given up. Their io has no effect
 * when the machine has stopped. */
void sim_host_finish_jobs(struct sim_host *host);
/* Decides what survives and starts the machine again. No job may be left. */
void sim_host_reboot(struct sim_host *host, enum sim_cut cut);

/* When a job wants to run or be done; UINT64_MAX = none. */
uint64_t sim_host_due_ns(const struct sim_host *host);
/* Runs what is due by now_ns. */
void sim_host_turn(struct sim_host *host);
/* Lets the time that calls took pass. */
void sim_host_settle(struct sim_host *host);

/* Folds something that happened into the digest. */
void sim_note(struct sim_host *host, uint64_t value);
void sim_note_bytes(struct sim_host *host, const void *bytes, size_t len);
