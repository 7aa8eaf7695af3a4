/* scheduler.h - the loop: observe what was committed, find, ask.
 *
 * A tick lets the detectors look (detect.h) and turns what they found into Intents by the
 * rules (rules.h). It happens at most once in tick_ms, and only when something was
 * committed or has fallen due: the host calls scheduler_step after its commits and at the
 * time that it returned, and a call with nothing to do costs a few comparisons.
 *
 * Nothing is asked twice: the dedupe_keys of all intents that the scheduler ever wrote are
 * known again after a restart, whether or not those intents are still open.
 */
#pragma once
#include "detect/detect.h"
#include "detect/rules.h"

#define SCHEDULER_NEVER_NS UINT64_MAX

struct scheduler_options {
    struct detect_options detect;
    struct str rules;     /* empty: rules_default() */
    uint64_t tick_ms;     /* 0 = 100 */
    uint32_t asks_max;    /* intents written in one tick; 0 = 100 */
};

struct scheduler;

/* Keeps the board. False: the rules are not valid. */
bool scheduler_open(struct scheduler **out_scheduler, struct board *board,
                    const struct scheduler_options *options, struct rules_error *out_error);
void scheduler_close(struct scheduler *scheduler); /* before its board; NULL is fine */
/* Outside a transaction. Returns the monotonic time at which it wants to be called again,
 * if nothing is committed before; SCHEDULER_NEVER_NS: not at all. */
uint64_t scheduler_step(struct scheduler *scheduler, uint64_t mono_ns, int64_t wall_ms);
/* Takes other rules; they hold for what is found from now on. */
bool scheduler_set_rules(struct scheduler *scheduler, struct str text,
                         struct rules_error *out_error);
struct detect *scheduler_detect(struct scheduler *scheduler);

struct scheduler_counts {
    uint64_t ticks;
    uint64_t asked;   /* intents written */
    uint64_t known;   /* findings whose intent was written before */
    uint64_t refused; /* intents that the board would not take, for good */
    uint64_t waiting; /* findings not yet looked at */
};
void scheduler_counts(const struct scheduler *scheduler, struct scheduler_counts *out_counts);
