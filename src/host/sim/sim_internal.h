/* sim_internal.h - what the files of the simulation share.
 *
 *   sim_run     the event loop: time moves from event to event
 *   sim_agents  what agents want, and what they make of answers
 *   sim_unit    the daemon's side: boots, performs requests, holds answers back
 *   sim_model   what must be true: every record in order, every intent's state
 *   sim_check   compares the board with the model, with itself, and with replays
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rng.h"
#include "board/board.h"
#include "board/entry.h"
#include "host/sim/sim.h"
#include "host/sim/sim_io.h"

#define SIM_AGENTS_MAX 40u
#define SIM_OLD_CLAIMS 4u
#define SIM_BATCH_MAX  4u
#define SIM_NONE       UINT32_MAX

/* -- the plan: what this seed turns on ------------------------------------------- */

struct plan {
    unsigned agents;
    unsigned capabilities, topics; /* how many names are in use */
    uint64_t think_ns_max;         /* between an agent's acts */
    uint64_t delay_ns_max;         /* of a message */
    uint32_t drop, repeat;         /* messages, per million */
    uint32_t pauses;               /* an agent stops for longer than its lease */
    uint32_t zombies;              /* writes with a claim that ended */
    uint32_t keyed;                /* requests with an idempotency key */
    uint32_t submitters;           /* acts that submit instead of working */
    uint32_t blobs;                /* contents stored by hash */
    uint64_t ttl_ms_max;
    uint64_t crash_calls_max; /* a crash within that many io calls; 0 = none */
    uint32_t process_deaths;  /* crashes that leave the page cache */
    bool clock_jumps;
    bool flips; /* copies of the disk with a bit flipped are opened */
    bool lies;  /* syncs may lie: acknowledged records may go */
    bool full;  /* the disk fills up now and then */
    struct sim_faults faults;
    uint32_t segment_bytes;
    uint64_t checkpoint_bytes; /* 0 = no checkpoints */
    uint64_t event_every[10];  /* mean time between scheduled events, by kind */
};

/* -- the model ------------------------------------------------------------------- */

struct sim_record {
    struct hash id;
    size_t body_at, body_len; /* in model.bodies */
    enum record_kind kind;
    enum event_type type;
    uint32_t intent;          /* index in model.intents, SIM_NONE = not about one */
    uint32_t request;         /* number of the request that made it, 0 = unknown */
    bool commit_end;          /* a transaction may end here */
    uint64_t shown;           /* fingerprint of its rendering at its own seq, 0 = not taken */
    uint64_t version, looked; /* board_version, and the rendering that went with it */
};

struct sim_intent {
    uint64_t seq;
    uint64_t last_seq; /* of the last record that changed it */
    char creator[32], holder[32];
    char capability[32], topic[32], dedupe[32];
    enum status status;
    unsigned priority;
    uint64_t epoch;
    uint32_t ttl_ms;
    uint64_t lease_ns, run_end_ns; /* of the present claim, at the earliest */
    uint64_t max_run_ms;
    int64_t claimed_at_ms, deadline_ms;
    uint32_t deps[4]; /* indexes of intents */
    unsigned deps_count;
};

struct sim_root {
    uint64_t size;
    struct hash root;
};

struct model {
    struct sim_record *records; /* [seq - 1] */
    size_t count, cap;
    struct buf bodies;
    struct sim_intent *intents;
    size_t intents_count, intents_cap;
    struct merkle_range range;
    struct sim_root *roots; /* durable ones, rising */
    size_t roots_count, roots_cap;
    uint64_t *ends; /* durable ends of groups, rising */
    size_t ends_count, ends_cap;
    uint64_t acked;   /* greatest seq behind an answer that left */
    uint64_t durable; /* greatest seq that the board called durable */
    bool paused;
};

/* -- messages -------------------------------------------------------------------- */

enum op_kind {
    OP_FACT = 1,
    OP_INTENT,
    OP_HINT,
    OP_CLAIM,
    OP_CLAIM_NEXT,
    OP_PARK,
    OP_HEARTBEAT,
    OP_CHECKPOINT,
    OP_RELEASE,
    OP_FAIL,
    OP_CONCLUDE,
    OP_CANCEL,
    OP_PAUSE,
    OP_RESUME,
    OP_AGENT_ADD,
    OP_AGENT_REMOVE,
    OP_BATCH,
};

struct request {
    enum op_kind kind;
    uint32_t number; /* from 1; its index + 1 */
    uint32_t agent;
    bool keyed;
    bool retry; /* fail */
    bool under; /* fact */
    bool all_capabilities;
    uint64_t salt; /* contents are made from it */
    uint64_t epoch, ttl_ms, wait_ms, max_run_ms;
    int64_t deadline_in_ms;
    char intent[ID_TEXT_LEN + 1];
    char links[2][ID_TEXT_LEN + 1]; /* from facts, evidence or depends_on */
    char parent[ID_TEXT_LEN + 1];
    unsigned links_count;
    unsigned priority, capability, topic, dedupe; /* 0 = none */
    size_t content_bytes;
    uint32_t parts[SIM_BATCH_MAX]; /* batch: numbers of requests */
    unsigned parts_count;
    char answered[160]; /* keyed: the first answer that left, "" = none */
};

struct answer {
    uint32_t request;
    enum outcome outcome;
    uint64_t epoch, expires_in_ms, hold_seq;
    char intent[ID_TEXT_LEN + 1], record[ID_TEXT_LEN + 1];
    bool free;
};

/* -- agents ------------------------------------------------------------------------ */

struct old_claim {
    char intent[ID_TEXT_LEN + 1];
    uint64_t epoch;
};

struct sim_agent {
    char name[32];
    bool registered, removed; /* as the records say */
    uint64_t served;          /* seq of the last claim of an intent of its making */
    unsigned can;             /* capabilities of the registration: bit n is "can<n>" */
    enum role role;
    bool holds;
    struct old_claim claim;
    uint64_t ttl_ms;
    struct old_claim old[SIM_OLD_CLAIMS];
    unsigned old_count;
    uint32_t last_request; /* number, 0 = none */
};

/* -- the world ----------------------------------------------------------------------- */

enum event_kind {
    SIM_WAKE = 0, /* an agent acts */
    SIM_REQUEST,  /* a message reaches the unit */
    SIM_REPLY,    /* an answer reaches its agent */
    SIM_CRASH,
    SIM_BOOT,
    SIM_RESTART, /* a clean one */
    SIM_JUMP,    /* the wall clock */
    SIM_CHECK,
    SIM_DISK_FULL,
    SIM_DISK_FREE,
};

struct event {
    uint64_t at_ns, order;
    enum event_kind kind;
    uint32_t number;
};

/* A replica of the disk at a moment when everything was durable. */
struct past {
    struct sim_disk *disk;
    uint64_t seq;
};

struct world {
    struct sim_options options;
    struct sim_report *report;
    struct plan plan;
    struct rng rng; /* the world's; the disk has its own */
    struct sim_host host;
    struct model model;
    struct board *board; /* NULL: down */
    uint64_t board_wake_ns;
    uint64_t boot_began_ns, boot_took_ns;
    bool dead;     /* callbacks of a dying board mean nothing */
    bool calm;     /* the faults have stopped */
    bool in_batch; /* the operations are not committed one by one */
    enum err unit_failed;
    int64_t jumped_ms; /* the wall clock, in all */
    struct sim_agent agents[SIM_AGENTS_MAX];
    struct request *requests; /* [number - 1] */
    size_t requests_count, requests_cap;
    struct answer *answers;
    size_t answers_count, answers_cap;
    uint32_t *held; /* answers that wait for the disk */
    size_t held_count, held_cap;
    struct event *events; /* a heap */
    size_t events_count, events_cap;
    uint64_t events_order;
    struct past past;
    struct arena arena;
    struct buf text, text2;
};

/* sim_run.c */
void sim_fail(struct world *w, const char *format, ...) PRINTF_LIKE(2, 3);
void sim_say(const struct world *w, const char *format, ...) PRINTF_LIKE(2, 3);
void sim_schedule(struct world *w, uint64_t in_ns, enum event_kind kind, uint32_t number);
static inline bool sim_ok(const struct world *w)
{
    return !w->report->failed && !w->report->refused;
}

/* sim_plan.c */
void plan_make(struct plan *plan, struct rng *rng);
/* Only the load stays, with small segments, checkpoints and stored contents. */
void plan_one_crash(struct plan *plan);

/* sim_agents.c */
void agents_init(struct world *w);
void agent_wake(struct world *w, uint32_t agent);
void agent_hears(struct world *w, const struct answer *answer);
struct request *request_new(struct world *w, uint32_t agent, enum op_kind kind);
/* Sends the request, with whatever the network does to it. */
void request_send(struct world *w, uint32_t number);
void answer_send(struct world *w, uint32_t answer);
struct request *request_at(struct world *w, uint32_t number);

/* sim_unit.c */
void unit_boot(struct world *w);
void unit_crash(struct world *w, enum sim_cut cut);
void unit_close(struct world *w);
void unit_restart(struct world *w);
/* Lets time, jobs and answers that may leave happen. */
void unit_turn(struct world *w);
/* Until everything is durable and no job is left; false: it crashed or failed. */
bool unit_drain(struct world *w);
void unit_request(struct world *w, uint32_t number);
void unit_options(const struct world *w, struct board_options *out_options);

/* sim_perform.c: one operation on the board, checked against the model before and after */
void perform(struct world *w, const struct request *r, struct result *out_result);
void perform_expect(struct world *w, const struct request *r, const struct result *result);

/* sim_model.c */
void model_deinit(struct model *m);
/* Takes the records that are new on the board; `commit_end`: seq at which the last
 * transaction ended (0 = any of them may be an end). */
void model_take(struct world *w, uint64_t commit_end);
/* After a boot: the board must be a prefix that holds what was promised. */
void model_after_boot(struct world *w);
void model_note_durable(struct world *w);
struct str model_body(const struct model *m, uint64_t seq);
struct sim_intent *model_intent(struct world *w, const char *id);
bool model_claimable(const struct world *w, const struct sim_intent *intent);
/* The claim (intent, epoch) is alive and held by this agent. */
/* No claim outlives its time. */
void model_no_overdue(struct world *w);
bool model_holds(const struct sim_intent *intent, const char *agent, uint64_t epoch);

/* sim_check.c */
/* A failure, unless a disk that lied lost it: a lie below a checkpoint or in a stored
 * content comes out when the record is read, and no answer is a refusal, too. */
void sim_unreadable(struct world *w, uint64_t seq);
void check_bodies(struct world *w, struct board *board, uint64_t count, bool damaged);
void check_renderings(struct world *w, unsigned samples);
void check_queries(struct world *w, unsigned samples);
void check_proofs(struct world *w, unsigned samples);
void check_all(struct world *w);
/* sim_replay.c */
void check_replay(struct world *w); /* a copy of the disk replays to the same state */
void check_flip(struct world *w);   /* a copy with one bit flipped is found out */
void check_past_keep(struct world *w);
void check_past(struct world *w); /* as-of equals a replay of the prefix */
/* sim_live.c */
void live_until_done(struct world *w); /* the faults have stopped: all work gets done */
uint64_t sim_fingerprint(const void *bytes, size_t len);
/* Cuts out what the present knows and no record says: leases, and the clock. */
void sim_strip_present(struct buf *text);
/* Renders a record; false: damaged. The text is in w->text. */
bool sim_render(struct world *w, struct board *board, uint32_t ordinal, uint64_t as_of,
                struct buf *out);
