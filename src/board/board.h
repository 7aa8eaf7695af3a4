/* board.h - the board: Facts, Intents, Hints and events of one unit.
 *
 * The board is a fold over the log. Every operation here checks its arguments
 * against the present state, encodes what happened as records, applies them to
 * memory and appends them to the log. Replaying the log applies the same records
 * and gives the same state. Nothing is acknowledged before it is durable: each
 * result names the seq that must be on the disk (`hold_seq`) before the answer
 * may leave.
 *
 * Operations lie between board_begin and board_commit (or board_rollback), so
 * that several can be all or nothing. Ordinals are seq - 1.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"
#include "codec/json.h"
#include "contract/contract.h"
#include "crypto/sha256.h"
#include "crypto/sign.h"
#include "log/log.h"

#define ORDINAL_NONE UINT32_MAX
#define TTL_MS_MIN 500u
#define TTL_MS_MAX 86400000u
#define TTL_MS_DEFAULT 60000u
#define EPOCH_MAX ((1ull << 53) - 1)
#define ID_TEXT_LEN 66 /* "f_" and 64 hex digits */

struct board;

/* X(name, letter, word) */
#define RECORD_KIND_TABLE(X)                                                                       \
    X(RECORD_FACT, 'f', "fact")                                                                    \
    X(RECORD_INTENT, 'i', "intent")                                                                \
    X(RECORD_HINT, 'h', "hint")                                                                    \
    X(RECORD_EVENT, 'e', "event")
enum record_kind {
    RECORD_NONE = 0,
#define X(name, letter, word) name,
    RECORD_KIND_TABLE(X)
#undef X
};
const char *record_kind_word(enum record_kind kind);
enum record_kind record_kind_from(struct str word); /* RECORD_NONE when unknown */

/* X(name, word) */
#define STATUS_TABLE(X)                                                                            \
    X(STATUS_SUBMITTED, "submitted")                                                               \
    X(STATUS_CLAIMED, "claimed")                                                                   \
    X(STATUS_CONCLUDED, "concluded")                                                               \
    X(STATUS_FAILED, "failed")                                                                     \
    X(STATUS_CANCELLED, "cancelled")                                                               \
    X(STATUS_REJECTED, "rejected")
enum status {
    STATUS_NONE = 0,
#define X(name, word) name,
    STATUS_TABLE(X)
#undef X
};
const char *status_word(enum status status);
enum status status_from(struct str word);

/* What an event tells. X(name, word) */
#define EVENT_TABLE(X)                                                                             \
    X(EVENT_CLAIMED, "claimed")                                                                    \
    X(EVENT_HEARTBEAT, "heartbeat")                                                                \
    X(EVENT_CHECKPOINT, "checkpoint")                                                              \
    X(EVENT_RELEASED, "released")                                                                  \
    X(EVENT_EXPIRED, "expired")                                                                    \
    X(EVENT_FAILED, "failed")                                                                      \
    X(EVENT_CONCLUDED, "concluded")                                                                \
    X(EVENT_CANCELLED, "cancelled")                                                                \
    X(EVENT_AGENT_ADDED, "agent_added")                                                            \
    X(EVENT_AGENT_REMOVED, "agent_removed")                                                        \
    X(EVENT_PAUSED, "paused")                                                                      \
    X(EVENT_RESUMED, "resumed")                                                                    \
    X(EVENT_IDEMPOTENCY, "idempotency")                                                            \
    X(EVENT_CONTRACT, "contract")
enum event_type {
    EVENT_NONE = 0,
#define X(name, word) name,
    EVENT_TABLE(X)
#undef X
};
const char *event_word(enum event_type type);

/* X(name, word); each role may do what the ones before it may, except that a human
 * or agent is not "more" than the other: see role_may in the gateway. */
#define ROLE_TABLE(X)                                                                              \
    X(ROLE_READER, "reader")                                                                       \
    X(ROLE_AGENT, "agent")                                                                         \
    X(ROLE_HUMAN, "human")                                                                         \
    X(ROLE_ADMIN, "admin")
enum role {
    ROLE_NONE = 0,
#define X(name, word) name,
    ROLE_TABLE(X)
#undef X
};
const char *role_word(enum role role);
enum role role_from(struct str word);

/* Normal life. X(name, code, http, exit, title) */
#define OUTCOME_TABLE(X)                                                                           \
    X(BOARD_OK, "ok", 200, 0, "Done")                                                              \
    X(BOARD_CREATED, "created", 201, 0, "Created")                                                 \
    X(BOARD_NONE, "none", 204, 0, "Nothing to do")                                                 \
    X(BOARD_INVALID, "invalid", 400, 2, "The request is not valid")                                \
    X(BOARD_UNAUTHENTICATED, "unauthenticated", 401, 77, "A valid token is needed")                \
    X(BOARD_NOT_PERMITTED, "not_permitted", 403, 77, "This credential may not do that")            \
    X(BOARD_NOT_HOLDER, "not_holder", 403, 77, "The claim belongs to somebody else")               \
    X(BOARD_NOT_FOUND, "not_found", 404, 3, "There is no such thing")                              \
    X(BOARD_ALREADY_CLAIMED, "already_claimed", 409, 4, "Somebody holds this intent")              \
    X(BOARD_STALE_EPOCH, "stale_epoch", 409, 5, "That claim has ended")                            \
    X(BOARD_ALREADY_CONCLUDED, "already_concluded", 409, 4, "This intent has ended")               \
    X(BOARD_CONFLICT, "conflict", 409, 4, "The request does not fit the present state")            \
    X(BOARD_TOO_LARGE, "too_large", 413, 6, "That is larger than allowed")                         \
    X(BOARD_REFUSED, "refused_by_contract", 422, 6, "The contract refuses this record")            \
    X(BOARD_INVALID_REFERENCE, "invalid_reference", 422, 6, "A reference leads nowhere")           \
    X(BOARD_LIMIT, "limit_reached", 429, 6, "A limit is reached")                                  \
    X(BOARD_UNAVAILABLE, "unavailable", 503, 69, "The service cannot do that now")
enum outcome {
#define X(name, code, http, exit, title) name,
    OUTCOME_TABLE(X)
#undef X
};
const char *outcome_code(enum outcome outcome);
const char *outcome_title(enum outcome outcome);
int outcome_http(enum outcome outcome);
int outcome_exit(enum outcome outcome); /* exit code of a command line */

/* Who acts; always derived from a credential by the caller. */
struct actor {
    struct str name;
    enum role role;
};

/* What an operation answers. `detail` is the cause, `next` the safe next step. */
struct result {
    enum outcome outcome;
    char detail[320];
    char next[200];
    uint32_t record;        /* ordinal of the record the operation is about, or NONE */
    uint32_t intent;        /* conclude: the intent; record is the fact */
    uint64_t epoch;
    int64_t expires_at_ms;
    uint64_t expires_in_ms;
    char holder[72];        /* already_claimed: who */
    uint64_t retry_after_ms;
    uint64_t hold_seq;      /* durable before the answer leaves; 0 = may leave at once */
};

struct board_options {
    struct limits limits;
    uint32_t segment_bytes_first; /* see log_options */
    uint32_t segment_bytes_max;
    bool read_only;
    bool skip_sync;
    bool no_checkpoint;             /* neither read nor write one */
    uint64_t checkpoint_every_bytes; /* of log growth; 0 = 64 MiB */
    void (*on_durable)(void *context);
    void (*on_failed)(void *context, enum err err);
    /* A parked claim got its intent (or its time ran out: BOARD_NONE). */
    void (*on_unparked)(void *context, uint64_t ticket, const struct result *result);
    void *context;
};

struct board_report {
    struct log_report log;
    uint64_t from_checkpoint; /* records that came from it */
};

/* Opens or creates the board in io's directory and replays it. Errors as log_open. */
MUST_USE enum err board_open(struct board **out_board, const struct io *io,
                             const struct board_options *options, struct board_report *out_report,
                             struct trail *trail);
/* Call board_drain first for a clean end; NULL is fine. */
void board_close(struct board *board);

/* -- transactions ------------------------------------------------------------- */

void board_begin(struct board *board);
/* Appends what the operations since board_begin produced. Nothing was produced:
 * nothing happens. Returns the seq of the last record appended (0 = none). */
uint64_t board_commit(struct board *board);
void board_rollback(struct board *board);

/* -- contents ----------------------------------------------------------------- */

struct content {
    struct str mime_type;
    struct str data; /* raw bytes, decoded */
};

/* -- operations (inside a transaction; results as listed) ---------------------- */

/* Ids are 66 characters as users write them. */
struct id_list {
    const struct str *ids;
    size_t count;
};
struct under {
    bool given;
    struct str intent;
    uint64_t epoch;
};

struct fact_in {
    struct str origin; /* 1 .. name_bytes_max */
    struct content content;
    struct id_list from;
    struct str topic, position; /* empty = none */
    bool has_valid_from, has_valid_to, has_confidence;
    int64_t valid_from_ms, valid_to_ms; /* from < to */
    double confidence;                  /* 0 .. 1 */
    struct under under;
};
/* CREATED, or OK with the same record when an identical Fact exists. INVALID,
 * TOO_LARGE, INVALID_REFERENCE, STALE_EPOCH, NOT_HOLDER, REFUSED, LIMIT. */
void board_fact(struct board *board, const struct actor *actor, const struct fact_in *in,
                struct result *out_result);

struct intent_in {
    struct str description;
    struct id_list from_facts; /* empty: a grounding Fact is written and linked */
    struct str parent;         /* intent id or empty */
    struct str capability, dedupe_key, topic;
    int priority; /* 0 = default 5; else 1 .. 10 */
    bool has_deadline;
    int64_t deadline_ms;
    uint64_t max_run_ms; /* 0 = none */
    struct id_list depends_on;
};
/* CREATED, or OK with the live intent of that dedupe_key. */
void board_intent(struct board *board, const struct actor *actor, const struct intent_in *in,
                  struct result *out_result);

/* content 1 .. text_bytes_max, scope may be empty, ttl_ms 0 = for ever. */
void board_hint(struct board *board, const struct actor *actor, struct str content,
                struct str scope, uint64_t ttl_ms, struct result *out_result);

/* OK with epoch and expiry; ALREADY_CLAIMED with holder and time left (also for the
 * holder); ALREADY_CONCLUDED for an ended one; CONFLICT when it waits for others. */
void board_claim(struct board *board, const struct actor *actor, struct str intent,
                 uint64_t ttl_ms, struct result *out_result);

struct claim_template {
    const struct str *capabilities; /* none: those of the agent's registration */
    size_t capabilities_count;
    const struct str *topics; /* none: any */
    size_t topics_count;
    uint64_t ttl_ms;
};
/* The next fitting intent: priority first, then fair between creators, then age.
 * OK, NONE, INVALID, LIMIT. */
void board_claim_next(struct board *board, const struct actor *actor,
                      const struct claim_template *template, struct result *out_result);
/* Waits up to wait_ms for one; answers through on_unparked with `ticket` (chosen by
 * the caller, unique). The template is copied. OK = parked; LIMIT; INVALID. Not part
 * of a transaction: call it after an empty board_claim_next. */
void board_park(struct board *board, const struct actor *actor,
                const struct claim_template *template, uint64_t wait_ms, uint64_t ticket,
                struct result *out_result);
bool board_unpark(struct board *board, uint64_t ticket); /* the asker is gone */

/* OK; STALE_EPOCH, NOT_HOLDER, NOT_FOUND. */
void board_heartbeat(struct board *board, const struct actor *actor, struct str intent,
                     uint64_t epoch, struct result *out_result);
/* `data` is JSON text of at most text_bytes_max. */
void board_checkpoint(struct board *board, const struct actor *actor, struct str intent,
                      uint64_t epoch, struct str data, struct result *out_result);
void board_release(struct board *board, const struct actor *actor, struct str intent,
                   uint64_t epoch, struct str reason, struct result *out_result);
void board_fail(struct board *board, const struct actor *actor, struct str intent, uint64_t epoch,
                struct str reason, bool retry, struct result *out_result);
/* OK with record = the Fact and intent = the intent; the same content and epoch again
 * is OK too; else ALREADY_CONCLUDED or STALE_EPOCH. */
void board_conclude(struct board *board, const struct actor *actor, struct str intent,
                    uint64_t epoch, const struct content *content, struct id_list evidence,
                    struct result *out_result);
/* By its creator, a human or an admin. */
void board_cancel(struct board *board, const struct actor *actor, struct str intent,
                  struct str reason, struct result *out_result);

/* -- agents --------------------------------------------------------------------- */

struct agent_in {
    struct str name; /* [a-z0-9][a-z0-9._-]{0,63} */
    enum role role;  /* agent, human or reader */
    const struct str *capabilities;
    size_t capabilities_count;
    struct str public_key;   /* 64 hex digits or empty */
    struct hash token_hash;  /* SHA-256 of the token */
    bool rotate;             /* replace an existing agent's token */
};
/* CREATED; CONFLICT when the name exists (without rotate); NOT_FOUND to rotate. */
void board_agent_add(struct board *board, const struct actor *actor, const struct agent_in *in,
                     struct result *out_result);
/* Removes the credential and releases the agent's claims. */
void board_agent_remove(struct board *board, const struct actor *actor, struct str name,
                        struct result *out_result);
/* Finds who holds the token; false when nobody does. Borrowed until the next call. */
bool board_agent_by_token(const struct board *board, const struct hash *token_hash,
                          struct actor *out_actor);
/* Writes {name, role, capabilities, public_key?, added_ms, claims} ; false = none. */
bool board_agent_render(struct board *board, struct str name, struct json_writer *w);
/* All of them as an array, by name. */
void board_agents_render(struct board *board, struct json_writer *w);

/* -- pause ------------------------------------------------------------------------ */

/* While paused no new claims are given; held claims go on. OK either way. */
void board_pause(struct board *board, const struct actor *actor, bool pause,
                 struct result *out_result);
bool board_paused(const struct board *board);

/* -- contract ----------------------------------------------------------------------- */

/* Puts the text into force for every record behind it. CREATED; OK when it is in force
 * already; INVALID with line, column and cause; NOT_PERMITTED for all but humans. */
void board_contract_activate(struct board *board, const struct actor *actor, struct str text,
                             struct result *out_result);
/* The contract in force and the event that brought it (NONE: the default). Borrowed. */
const struct contract *board_contract(const struct board *board, uint32_t *out_event);
/* The one under which the record stands: that of its claim, else that of its time. */
const struct contract *board_contract_at(struct board *board, uint32_t ordinal);
/* Judges a record again by the contract of its time and says how; its creator's role is
 * taken as it is now. False: damaged on the disk. */
MUST_USE bool board_contract_judge(struct board *board, uint32_t ordinal, struct buf *out_words);

/* -- idempotency ------------------------------------------------------------------ */

struct idempotency {
    struct hash key;  /* over actor, method, path and the client's key */
    struct hash body; /* over the request's body */
    int status;       /* HTTP status of the stored answer */
    struct str answer; /* stored body; borrowed from the log until the next append */
};
/* True when the key is remembered (24 h); fills the rest. A status of 0: it was used,
 * but the answer is damaged on the disk. */
bool board_idempotency_find(struct board *board, const struct hash *key,
                            struct idempotency *out_stored);
/* Inside a transaction: remembers the answer together with what was done. */
void board_idempotency_put(struct board *board, const struct actor *actor,
                           const struct idempotency *stored);

/* -- reads ------------------------------------------------------------------------- */

/* Ordinal of the record with that id, ORDINAL_NONE when unknown or malformed. */
uint32_t board_find(const struct board *board, struct str id);
uint32_t board_find_hash(const struct board *board, const struct hash *hash);
void board_id(const struct board *board, uint32_t ordinal, char out_id[ID_TEXT_LEN + 1]);
enum record_kind board_kind(const struct board *board, uint32_t ordinal);
/* Seq that must be durable before the record, as it is now, may be shown. */
uint64_t board_hold_seq(const struct board *board, uint32_t ordinal);
/* Changes whenever the record's rendering changes, for an ETag. */
uint64_t board_version(const struct board *board, uint32_t ordinal);
/* The bytes of a Fact's content, wherever they lie (scratch keeps a stored one).
 * False: damaged on the disk. */
MUST_USE bool board_content(struct board *board, uint32_t ordinal, struct buf *scratch,
                            struct content *out_content);

/* The same without looking at the checksum again (it was right when the record was
 * written or replayed): for those who read very many. What is served is checked. */
MUST_USE bool board_peek(struct board *board, uint32_t ordinal, struct buf *scratch,
                         struct content *out_content);

/* The record as a JSON object, as it was when `as_of` was the last seq (0 = now).
 * False: damaged on the disk (what was written is to be thrown away). */
MUST_USE bool board_render(struct board *board, uint32_t ordinal, uint64_t as_of,
                           struct json_writer *w);

struct query {
    enum record_kind kind; /* NONE = all */
    struct str origin, creator, topic; /* empty = any */
    enum status status;                /* implies intents */
    bool has_since, has_until, has_valid_at;
    int64_t since_ms, until_ms; /* of at_ms, both included */
    int64_t valid_at_ms;        /* Facts valid at that time */
    uint64_t as_of;             /* seq; 0 = now */
    uint64_t after;             /* records with a greater seq */
    uint64_t before;            /* records with a smaller seq; 0 = any */
    bool newest_first;
    size_t limit;               /* 1 .. page_max */
};
/* Ordinals in rising (or falling) order; out has room for query->limit.
 * *out_more: there are further ones. */
size_t board_query(struct board *board, const struct query *query, uint32_t *out, bool *out_more);
/* The same answer by looking at every record, for tests and the simulator. */
size_t board_query_plain(struct board *board, const struct query *query, uint32_t *out,
                         bool *out_more);

/* Provenance: what `ordinal` was made from (back) or what was made from it. Breadth
 * first, up to `depth` steps and `out_max` ordinals, without `ordinal` itself. */
size_t board_provenance(struct board *board, uint32_t ordinal, bool forwards, uint32_t depth,
                        uint32_t *out, size_t out_max);

/* -- time and service ----------------------------------------------------------------- */

/* Lets leases expire, deadlines pass and parked claims end. Returns the monotonic
 * time at which it wants to be called again (UINT64_MAX: whenever). */
uint64_t board_step(struct board *board);
/* Starts a commit when something waits and none is in flight; writes a checkpoint
 * in the background when it is due. */
void board_flush(struct board *board);
uint64_t board_head(const struct board *board);    /* last seq */
uint64_t board_durable(const struct board *board); /* last durable seq */
enum err board_failed(const struct board *board);
bool board_busy(const struct board *board); /* a job is in flight */
/* Writes a checkpoint now (needs all durable and no job in flight). */
MUST_USE enum err board_checkpoint_now(struct board *board, struct trail *trail);
struct log *board_log(struct board *board);
struct log_place board_place(const struct board *board, uint64_t seq);
const struct limits *board_limits(const struct board *board);

struct board_counts {
    uint64_t records, facts, intents, hints, events, agents;
    uint64_t by_status[STATUS_REJECTED + 1];
    uint64_t parked;
    uint64_t claims_given, claims_refused, leases_expired, stale_refused, heartbeats;
    uint64_t facts_repeated;
    uint64_t index_bytes; /* heap held by rows and indexes */
};
void board_counts(const struct board *board, struct board_counts *out_counts);
/* A digest of the whole logical state: equal states, equal digests. For the simulator:
 * replay must give what was there before. Heartbeats not persisted do not count. */
void board_digest(struct board *board, struct hash *out_digest);
