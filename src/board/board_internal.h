/* board_internal.h - what the files of the board share.
 *
 * Memory of a board, all of it derived from the log:
 *
 *   rows        one 64-byte line per record, by ordinal
 *   ids         open addressing over row ids: tag and ordinal in 8 bytes
 *   axes        kind, origin, creator, topic, status: a set of ordinals per value
 *   links       who cites a record: chains through `links`, newest first
 *   intents     the foldable state of each intent, by slot
 *   lanes       claimable intents of one (priority, creator, capability), oldest first
 *
 * Change happens in three places only: row_add (a record appears), intent_put (an
 * intent changes) and the small tables of agents and keys. Each leaves an undo note,
 * which is how board_rollback gets back.
 */
#pragma once
#include "base/check.h"
#include "base/dict.h"
#include "base/mem.h"
#include "base/ordset.h"
#include "base/timers.h"
#include "board/board.h"
#include "board/entry.h"
#include "log/snapshot.h"

#define SLOT_NONE UINT32_MAX
#define NUMBER_NONE DICT_NONE
#define NUMBER_UNKNOWN (DICT_NONE - 1) /* of a name that no record bears yet */
#define PRIORITY_MAX 10
#define IDEMPOTENCY_MS (24ll * 3600 * 1000)
#define SYSTEM_ACTOR "nexusd"
#define ADMIN_ACTOR "admin"

enum { DICTS_COUNT = 5 }; /* see board_dict */

#define ROW_AUX_AGAIN 256u /* in aux of a failure: to be tried again */
enum row_flag { ROW_VALIDITY = 1, ROW_STORED = 2 };

/* One cache line. stamp = at_ms << 16 | kind << 8 | flags. */
struct row {
    struct hash id;
    uint64_t position; /* of the body in the log */
    uint64_t stamp;
    uint32_t creator; /* number in `names` */
    uint32_t topic;   /* number in `topics`, NUMBER_NONE = none */
    uint32_t aux;     /* fact: number in `origins`; intent: slot; event: its type */
    uint32_t cited;   /* first link + 1, 0 = nobody */
};
_Static_assert(sizeof(struct row) == 64, "a row is one cache line");

static inline int64_t row_at_ms(const struct row *row)
{
    return (int64_t)(row->stamp >> 16);
}
static inline enum record_kind row_kind(const struct row *row)
{
    return (enum record_kind)(row->stamp >> 8 & 0xff);
}

enum link_role { LINK_FROM = 1, LINK_DEPENDS, LINK_PARENT, LINK_UNDER, LINK_ABOUT };
struct link {
    uint32_t from; /* the ordinal that cites */
    uint32_t to;   /* the ordinal cited */
    uint32_t next; /* link + 1, 0 = last */
    uint32_t role; /* enum link_role */
};

struct validity {
    uint32_t ordinal;
    uint32_t unused;
    int64_t from_ms; /* INT64_MIN = open */
    int64_t to_ms;   /* INT64_MAX = open */
};

/* One value of an axis: the set of ordinals that have it, by number. */
struct axis {
    struct ordset *sets;
    size_t cap;
};

struct intent {
    uint32_t ordinal;
    uint8_t status; /* enum status */
    uint8_t priority;
    uint16_t waits_for; /* depends_on not yet concluded */
    uint32_t creator, capability, dedupe; /* numbers, NUMBER_NONE = none */
    uint32_t holder;                      /* number in names */
    uint32_t parent;                      /* ordinal or NONE */
    uint32_t to_fact;                     /* ordinal or NONE */
    uint32_t checkpoint;                  /* ordinal of the event or NONE */
    uint32_t ended_by;                    /* ordinal of the event that ended it or the claim */
    uint32_t attempts;
    uint32_t heartbeats;
    uint32_t ttl_ms;
    uint32_t last_seq;   /* of the last record about it */
    uint32_t queued_seq; /* of the record that made it claimable */
    uint32_t claimed_by; /* ordinal of the event of the latest claim */
    uint64_t epoch;      /* of the latest claim, 0 = never claimed */
    int64_t claimed_at_ms;
    int64_t deadline_ms; /* INT64_MAX = none */
    uint64_t max_run_ms;
    uint64_t lease_ns;     /* monotonic: the claim ends then */
    uint64_t run_end_ns;   /* monotonic: max_run_ms is over; UINT64_MAX = none */
    uint64_t persisted_ns; /* last time that a heartbeat went to the log */
    /* place in a lane; lane == SLOT_NONE: not claimable */
    uint32_t lane, lane_next, lane_prev;
    uint32_t goal; /* ordinal of the root of the parent chain */
};

struct lane {
    uint32_t creator, capability;
    uint32_t head, tail; /* slots */
    uint32_t priority;
    uint32_t place;     /* in the open list of its priority, SLOT_NONE = empty lane */
    uint32_t hash_next; /* lane + 1 */
    uint32_t unused;
};
struct lanes {
    struct lane *all;
    size_t count, cap;
    uint32_t *buckets;
    size_t buckets_count;
    struct {
        uint32_t *open;
        size_t count, cap;
    } by_priority[PRIORITY_MAX + 1];
    uint64_t waiting; /* intents in all lanes */
};

struct agent {
    uint32_t name; /* number in names */
    uint8_t role;
    bool removed;
    bool has_key;
    uint8_t public_key[32];
    struct hash token_hash;
    uint32_t *capabilities; /* numbers in capabilities; owned */
    uint32_t capabilities_count;
    int64_t added_ms;
};

/* A contract and the event that put it into force (NONE: the default, from the start). */
struct ruling {
    uint32_t event;
    struct contract *contract;
};
/* What one agent wrote in the current minute. */
struct rate {
    int64_t minute;
    uint32_t all;
    uint32_t count[RECORD_EVENT + 1]; /* by kind */
};

struct parked {
    uint64_t ticket;
    uint64_t until_ns;
    uint64_t ttl_ms;
    uint32_t name;
    enum role role;
    uint32_t *wants; /* capabilities, then topics; owned; numbers or NUMBER_UNKNOWN */
    struct str *names; /* the same in words, copied: an intent may bring them tomorrow */
    uint32_t capabilities_count, topics_count;
    uint32_t capabilities_seen, topics_seen; /* names known when wants was last filled in */
    bool held_back; /* something fitted, and a limit was in the way */
    struct parked *next, *prev;
};

/* The place of the body stands here too, so that a look-up can ask memory for the row
 * and for the body at the same time. */
struct id_slot {
    uint32_t tag;     /* upper half of the first word of the id */
    uint32_t ordinal; /* + 1, 0 = empty */
    uint64_t position;
};
#define ID_BUCKET 4u /* slots in a bucket: one cache line */
struct id_slots {
    struct id_slot *at; /* at a cache line's beginning, inside memory */
    void *memory;
    uint64_t count; /* slots, a power of two */
    uint64_t used;
};

struct idem_slot {
    uint64_t tag;
    uint32_t ordinal; /* + 1, 0 = empty */
    uint32_t unused;
};
struct idem {
    struct idem_slot *slots;
    size_t slots_count;
    size_t used;
    struct idem_slot *queue; /* oldest first, a ring */
    size_t queue_cap, queue_head, queue_count;
};

enum undo_kind {
    UNDO_INTENT = 1,
    UNDO_AGENT,
    UNDO_PAUSE,
    UNDO_IDEM,
    UNDO_SERVED,
    UNDO_RULING,
    UNDO_RATE
};
struct undo {
    enum undo_kind kind;
    uint32_t index;
    bool flag;
    uint64_t number;
    struct intent intent;
    struct agent agent;
    struct rate rate;
};

struct txn {
    bool open;
    uint32_t first;        /* ordinal of the first record */
    struct buf bodies;
    size_t *ends;          /* end of each body in bodies */
    size_t count, ends_cap;
    uint32_t links, intents, validity, agents; /* counts at the beginning */
    uint32_t names[DICTS_COUNT];
    int64_t last_at_ms;
    struct undo *undo;
    size_t undo_count, undo_cap;
};

struct board {
    const struct io *io;
    struct board_options options;
    struct limits limits;
    struct log *log;
    struct hash log_name;
    char log_name_hex[33];

    struct row *rows;
    size_t rows_count, rows_cap;
    struct id_slots ids;
    struct dict names, origins, topics, capabilities, keys;
    struct axis by_kind, by_creator, by_origin, by_topic, by_status;
    struct link *links;
    size_t links_count, links_cap;
    struct validity *validity;
    size_t validity_count, validity_cap;

    struct intent *intents;
    size_t intents_count, intents_cap;
    struct lanes lanes;
    struct timers timers;   /* by intent slot */
    uint32_t *dedupe_slot;  /* by key number: slot + 1 of the live intent */
    size_t dedupe_cap;
    uint64_t *served;       /* by name number: seq of the last claim of its intents */
    size_t served_cap;
    uint32_t *held;         /* by name number: claims held */
    size_t held_cap;
    uint32_t *opened;       /* by name number: its intents that have not ended */
    size_t opened_cap;
    uint32_t open_intents;

    struct agent *agents;
    size_t agents_count, agents_cap;
    uint32_t *agent_of; /* by name number: agent + 1 */
    size_t agent_of_cap;
    struct idem_slot *tokens; /* tag of the token hash -> agent + 1 */
    size_t tokens_count;

    struct parked *parked_first, *parked_last;
    size_t parked_count;
    uint64_t parked_due_ns; /* no wait ends before; 0 = nothing known */
    uint32_t *parked_of; /* by name number */
    size_t parked_of_cap;
    bool offer_again; /* a limit may have got room: offer to those held back by it */
    uint32_t *fresh; /* slots that became claimable since parked claims were served */
    size_t fresh_count, fresh_cap;

    struct ruling *rulings;
    size_t rulings_count, rulings_cap;
    struct rate *rates; /* by name number */
    size_t rates_cap;
    struct contract_scratch *judgement;

    struct idem idem;
    bool paused;
    bool replaying;
    bool serving;
    int64_t last_at_ms;
    struct txn txn;
    struct buf scratch;
    struct arena arena;
    struct board_counts counts;

    uint64_t checkpoint_bytes; /* log bytes at the last checkpoint */
    struct checkpoint_job {
        struct io_job job;
        struct board *board;
        uint64_t seq;
        bool running;  /* the host has the job */
        bool written;  /* checkpoint.new is whole and waits for its seq to be durable */
    } checkpoint;
};

/* rows.c */
uint32_t row_add(struct board *b, const struct entry *e, uint64_t position);
void row_remove_last(struct board *b);
void row_ids_room(struct board *b, uint64_t slots); /* an empty table of that size */
void row_placed(struct board *b, uint32_t ordinal, uint64_t position); /* now in the log */
uint32_t row_find(const struct board *b, const struct hash *id);
void row_index(struct board *b, uint32_t ordinal);
void axis_add(struct axis *axis, uint32_t number, uint32_t ordinal);
void axis_remove(struct axis *axis, uint32_t number, uint32_t ordinal);
const struct ordset *axis_get(const struct axis *axis, uint32_t number);
void axis_deinit(struct axis *axis);
size_t axis_bytes(const struct axis *axis);
void link_add(struct board *b, uint32_t from, uint32_t to, enum link_role role);
/* Body of a record, wherever it lies; false: damaged. Borrowed until the next append. */
MUST_USE bool row_body(struct board *b, uint32_t ordinal, struct str *out_body);
MUST_USE bool row_entry(struct board *b, uint32_t ordinal, struct entry *out_entry);
/* "f_..." of an ordinal or hash into out[67]. */
void id_text(enum record_kind kind, const struct hash *hash, char out[ID_TEXT_LEN + 1]);
/* Parses an id of the wanted kind (RECORD_NONE = any). */
bool id_parse(struct str text, enum record_kind want, enum record_kind *out_kind,
              struct hash *out_hash);

/* board.c */
struct dict *board_dict(struct board *b, size_t index); /* index < DICTS_COUNT */

/* fold.c */
void fold(struct board *b, const struct entry *e, uint32_t ordinal);
void undo_note(struct board *b, const struct undo *undo);

/* intent.c */
uint32_t intent_new(struct board *b, const struct intent *fresh);
void intent_put(struct board *b, uint32_t slot, const struct intent *now);
void intent_put_quiet(struct board *b, uint32_t slot, const struct intent *now);
void intent_drop_last(struct board *b);
void intent_watch(struct board *b, uint32_t slot); /* sets its timer */
static inline bool intent_ended(const struct intent *i)
{
    return i->status == STATUS_CONCLUDED || i->status == STATUS_FAILED ||
           i->status == STATUS_CANCELLED || i->status == STATUS_REJECTED;
}
void intents_restore(struct board *b); /* after a checkpoint: what hangs on intents[] */
void intents_resume(struct board *b);  /* after replay: leases and timers */

/* lane.c */
void lane_enter(struct board *b, uint32_t slot);
void lane_leave(struct board *b, uint32_t slot);
void lanes_deinit(struct lanes *lanes);
struct wants {
    const uint32_t *capabilities, *topics; /* numbers */
    uint32_t capabilities_count, topics_count;
};
/* The slot to give next, SLOT_NONE when nothing fits. */
uint32_t lane_pick(struct board *b, const struct wants *wants);
bool lane_fits(const struct board *b, uint32_t slot, const struct wants *wants);

/* write.c: composing records inside a transaction */
int64_t board_now_ms(struct board *b);
void entry_begin(struct board *b, struct entry *e, enum record_kind kind, struct str creator);
/* Encodes, applies and queues the record; false: the transaction would be too large. */
bool entry_emit(struct board *b, struct entry *e, uint32_t *out_ordinal);
void event_begin(struct board *b, struct entry *e, enum event_type type, struct str creator);
void result_init(struct result *r);
void refuse(struct result *r, enum outcome outcome, const char *next, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* Common gates: log alive, room for records and bytes, text lengths. */
bool may_write(struct board *b, struct result *r);
/* The same without the ceiling of records: what ends a claim must always be possible, and
 * there is at most one end for each claim that was given. */
bool may_end(struct board *b, struct result *r);
bool want_name(struct board *b, struct str text, const char *field, bool required,
                struct result *r);
bool want_text(struct board *b, struct str text, const char *field, bool required,
                struct result *r);
uint64_t txn_last_seq(const struct board *b);

/* resolve.c: ids in requests */
/* Parses and looks up ids of Facts; appends their hashes to b->scratch region `out`. */
bool resolve_ids(struct board *b, struct id_list ids, enum record_kind kind, const char *field,
                 struct hash **out_hashes, struct result *r);
/* The slot of an intent id, or a refusal. */
bool resolve_intent(struct board *b, struct str id, uint32_t *out_slot, struct result *r);
/* The claim named by (intent, epoch) is alive and the actor's, or a refusal. */
bool resolve_claim(struct board *b, const struct actor *actor, struct str id, uint64_t epoch,
                   uint32_t *out_slot, struct result *r);
/* submit.c: writes the Fact that concludes an intent; r->record is it. */
bool conclusion_put(struct board *b, const struct actor *actor, uint32_t slot, uint64_t epoch,
                    const struct content *content, struct id_list evidence, struct result *r);
bool content_prepare(struct board *b, const struct content *content, struct entry *e,
                     struct hash *out_hash, struct result *r);

/* claim.c */
/* The lease has ended, though no record says so yet. */
bool claim_lapsed(const struct board *b, const struct intent *i);
bool claim_expire(struct board *b, uint32_t slot); /* writes that down; false: no room */
void claim_give(struct board *b, const struct actor *actor, uint32_t slot, uint64_t ttl_ms,
                struct result *r);
bool claim_allowed(struct board *b, const struct actor *actor, uint64_t *ttl_ms,
                   struct result *r);
/* parked.c */
void parked_serve(struct board *b);
uint64_t parked_expire(struct board *b, uint64_t now_ns);
void parked_deinit(struct board *b);

/* govern.c */
void govern_init(struct board *b);
void govern_deinit(struct board *b);
void govern_fold(struct board *b, const struct entry *e, uint32_t ordinal);
void govern_forget_newest(struct board *b);
void govern_restore(struct board *b, uint32_t event);
MUST_USE bool govern_resume(struct board *b); /* false: a contract's record is damaged */
/* The contract admits the record that is about to be emitted, or r says why not. */
bool govern_allows(struct board *b, const struct actor *actor, const struct entry *e,
                   struct str content, struct result *r);
/* The contract under which the record of `e`, at `ordinal`, stands. */
const struct contract *govern_stands(const struct board *b, const struct entry *e,
                                     uint32_t ordinal);
bool govern_claim(struct board *b, const struct actor *actor, uint32_t held, struct result *r);

/* render.c */
enum status status_as_of(struct board *b, uint32_t ordinal, uint64_t as_of);

/* agents.c */
void agents_fold(struct board *b, const struct entry *e);
void agents_restore(struct board *b); /* after replay: the tokens */
void agents_deinit(struct board *b);
void agent_put(struct board *b, uint32_t index, const struct agent *now);
void agents_drop(struct board *b, size_t count); /* those a rollback takes back */
uint32_t agent_index(const struct board *b, uint32_t name);

/* idempotency.c */
void idem_fold(struct board *b, const struct entry *e, uint32_t ordinal);
void idem_restore(struct board *b, uint64_t tag, uint32_t ordinal); /* from a checkpoint */
void idem_forget_newest(struct board *b);
void idem_deinit(struct board *b);

/* checkpoint.c */
/* True when the state was loaded; reader stays open while out_resume is used. False:
 * there is no usable checkpoint, and the board is as empty as before. */
bool checkpoint_load(struct board *b, struct snapshot_reader *reader,
                     struct log_resume *out_resume);
void checkpoint_maybe(struct board *b);

/* Room for index `number` in an array of T, new room zeroed. */
#define ROOM_FOR(array, cap, number)                                                               \
    do {                                                                                           \
        size_t old_cap_ = (cap);                                                                   \
        if ((size_t)(number) >= old_cap_) {                                                        \
            mem_grow(&(array), &(cap), (size_t)(number) + 1, sizeof *(array));                     \
            memset((array) + old_cap_, 0, ((cap)-old_cap_) * sizeof *(array));                     \
        }                                                                                          \
    } while (0)
