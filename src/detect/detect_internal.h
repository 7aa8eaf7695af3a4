/* detect_internal.h - what a detector sees, what it may do, and how it is enrolled. */
#pragma once
#include "base/arena.h"
#include "board/view.h"
#include "codec/json.h"
#include "detect/detect.h"
#include "detect/key.h"
#include "detect/position.h"
#include "detect/subject.h"
#include "detect/topics.h"

#define SETTLE_MS_DEFAULT    5000u
#define WINDOW_MS_DEFAULT    1000u
#define UNCLAIMED_MS_DEFAULT 3600000u
#define NEAR_PERCENT_DEFAULT 10u
#define EVIDENCE_MAX         32u
#define NEVER_MS             INT64_MAX

/* A record, with what several detectors want to know of it worked out once. */
struct seen {
    uint32_t ordinal;
    int64_t at_ms;
    const struct entry *entry;
    const uint32_t *cites; /* ordinals of Facts: from, from_facts */
    uint32_t cites_count;
    /* Facts only: */
    uint32_t origin;       /* number, see detect_origin_name */
    struct str topic;      /* explicit, or of the JSON content; empty = none */
    struct str stated;     /* the position's words; empty = none */
    struct str content;    /* at most CONTENT_BYTES_MAX */
    bool additive;         /* by predicate or by the content's own word */
    bool structural;
    uint64_t topic_key;    /* of the normal form */
    const struct subject *subject;   /* NULL without a topic */
    const struct position *position; /* NULL without a position */
    const struct known *known;       /* NULL without a position: what was said before */
};

/* Capabilities: which kinds of change a detector wants to see. */
enum detect_capability {
    DETECT_FACTS = 1,
    DETECT_INTENTS = 2,
    DETECT_EVENTS = 4,
    DETECT_TIME = 8,
    DETECT_BASELINE = 16,
};

struct detector {
    const char *name;      /* Facts get the origin detector:NAME */
    uint32_t capabilities; /* bits of detect_capability */
    void *(*new)(struct detect *detect);
    void (*free)(void *state);
    void (*on_fact)(void *state, struct detect *detect, const struct seen *seen);
    void (*on_intent)(void *state, struct detect *detect, const struct seen *seen);
    void (*on_event)(void *state, struct detect *detect, const struct seen *seen);
    /* Time has come to now_ms; what was due before (not at) now_ms happens. */
    void (*on_time)(void *state, struct detect *detect, int64_t now_ms);
    int64_t (*due_ms)(const void *state); /* NEVER_MS = nothing waits */
    size_t (*bytes)(const void *state);
};
#define X(name, word) extern const struct detector detector_##name;
DETECTOR_TABLE(X)
#undef X

/* Something found. Strings are copied. */
struct finding {
    enum detector_number detector;
    struct str topic, position;
    const uint32_t *evidence; /* ordinals of Facts */
    uint32_t evidence_count;  /* at most EVIDENCE_MAX */
};
/* Begins the content of a finding: an object, with its type written. detect_found ends
 * it and queues the finding. */
struct json_writer *detect_content(struct detect *detect, const char *type);
void detect_found(struct detect *detect, const struct finding *finding);

const struct detect_options *detect_options_of(const struct detect *detect);
struct board *detect_board(const struct detect *detect);
uint64_t detect_key(const struct detect *detect, struct str text);
/* The name behind a number of seen.origin; lives in `scratch` of the step. */
struct str detect_origin_name(struct detect *detect, uint32_t origin);
/* The origin of a Fact. */
struct str detect_origin_at(struct detect *detect, uint32_t ordinal);
void detect_evicted(struct detect *detect, uint64_t count);
void *detect_state(const struct detect *detect, enum detector_number number);

/* state_change.c */
void state_change_get(const void *state, struct detect_baseline *out_baseline);
void state_change_set(void *state, const struct detect_baseline *baseline);
