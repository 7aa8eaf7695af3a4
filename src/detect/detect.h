/* detect.h - detectors: what is missing, what disagrees, what changed, noticed by itself.
 *
 * A detector is a view of the log that is kept up to date record by record. What it finds
 * it writes to the board as a Fact of origin `detector:NAME`, by the actor `nexusd`, made
 * `from` its evidence. Finding and writing are apart: findings wait in a queue until the
 * board takes them.
 *
 * 1. A finding is a function of the records before it and of their times, never of when
 *    detect_step was called: looking once at the end finds what looking after each record
 *    finds.
 * 2. Contents hold no times of writing, so a finding has one identity. After a restart the
 *    state is made again from the board, and what was written already leaves no trace.
 * 3. Facts of origin `detector:*` feed no detector.
 * 4. detect_step costs what was committed since the last one; nothing, when nothing was.
 */
#pragma once
#include "board/board.h"

#define DETECT_ORIGIN "detector:"
#define DETECT_ACTOR  "nexusd"

/* Adding a detector: one row here, one file that exports `detector_NAME`.
 * X(name, word) */
#define DETECTOR_TABLE(X)                                                                          \
    X(gap, "gap")                                                                                  \
    X(contradiction, "contradiction")                                                              \
    X(state_change, "state_change")                                                                \
    X(new_document, "new_document")                                                                \
    X(novelty, "novelty")                                                                          \
    X(unclaimed, "unclaimed")
enum detector_number {
#define X(name, word) DETECTOR_##name,
    DETECTOR_TABLE(X)
#undef X
    DETECTORS_COUNT,
};

struct detect_options {
    uint64_t seed;           /* for hashing, unguessable; changes no finding */
    uint32_t off;            /* bit per detector_number: not run */
    uint64_t settle_ms;      /* 0 = 5,000: what is cited this late is no orphan */
    uint64_t window_ms;      /* 0 = 1,000: findings of one kind are gathered this long */
    uint64_t unclaimed_ms;   /* 0 = 3,600,000: an intent that waits longer is reported */
    uint32_t near_percent;   /* 0 = 10: a text this close to an earlier one is a repetition */
    uint32_t far_percent;    /* 0 = never: a text this far from all of its topic is new */
    uint32_t values_max;     /* 0 = 16: positions compared in one topic */
};

struct detect;

struct detect_report {
    uint64_t records; /* looked at */
    uint64_t written; /* new Facts */
    bool more;        /* the board refused or there was too much: call again soon */
    int64_t wake_ms;  /* wall time at which something falls due; INT64_MAX = nothing */
};

/* Reads the board once and writes nothing; what is missing waits for the first step.
 * Keeps the board. */
struct detect *detect_open(struct board *board, const struct detect_options *options);
void detect_close(struct detect *detect);
/* Looks at what was committed since; outside a transaction. now_ms: the wall clock. */
void detect_step(struct detect *detect, int64_t now_ms, struct detect_report *out_report);
/* Nothing was committed and nothing is due: detect_step would do nothing. */
bool detect_idle(const struct detect *detect, int64_t now_ms);
/* Records looked at so far; the next one has this ordinal. */
uint32_t detect_cursor(const struct detect *detect);

struct detect_counts {
    uint64_t found[DETECTORS_COUNT];   /* findings, written or already there */
    uint64_t written[DETECTORS_COUNT]; /* new Facts among them */
    uint64_t refused;                  /* the board would not take them, for good */
    uint64_t damaged;                  /* records that could not be read */
    uint64_t evicted;                  /* remembered texts that made room for younger ones */
    uint64_t pending;                  /* findings that wait */
    uint64_t bytes;                    /* heap in use */
};
void detect_counts(const struct detect *detect, struct detect_counts *out_counts);

/* What `state_change` compares with. */
struct detect_baseline {
    uint64_t facts, open_intents;
    uint64_t facts_fold[2], intents_fold[2]; /* sums over ids: order does not matter */
};
void detect_baseline_get(const struct detect *detect, struct detect_baseline *out_baseline);
/* The next window is compared with `baseline`. Not kept over a restart. */
void detect_baseline_set(struct detect *detect, const struct detect_baseline *baseline);
