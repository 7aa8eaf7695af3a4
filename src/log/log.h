/* log.h - the append-only log: every record, in order, durable and provable.
 *
 * Users append the bodies of records and are told when they are on the disk.
 *
 *     log_append ... log_append      records get their seq at once, are readable at once
 *     log_flush                      starts a commit when none is in flight
 *     on_durable                     the commit reached the disk: seqs up to log_durable()
 *
 * A commit writes one *group*: all that was appended while the previous sync was
 * in flight. Each group carries the RFC 6962 root over all bodies from the first
 * to its last, so every prefix that was ever durable can be proved.
 * seq runs from 1 without gaps. After a failed write or sync the log is *failed*:
 * it takes nothing more, and its owner closes and reopens it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "crypto/merkle.h"
#include "crypto/sha256.h"

#define LOG_FORMAT 1u
#define LOG_BODY_BYTES_MAX (1u << 20)   /* one record's body */
#define LOG_APPEND_BYTES_MAX (8u << 20) /* what one log_append may hold */
#define LOG_BLOB_BYTES_MIN 4097u        /* contents from this size on go to log_put_blob */

struct log;

/* Where a body lies: segment number << 32 | byte offset of its frame. */
struct log_place {
    uint64_t position;
};

struct log_options {
    uint32_t segment_bytes_first; /* 0 = 1 MiB; doubles from segment to segment ... */
    uint32_t segment_bytes_max;   /* 0 = 64 MiB ... up to this */
    bool read_only;               /* verify, export: change nothing on disk */
    bool skip_sync;               /* benchmarks only: nothing is durable */
    void (*on_durable)(void *context);            /* a commit is done: see log_durable() */
    void (*on_failed)(void *context, enum err err); /* the log is failed */
    void *context;
};

/* Called for each record during log_open, in order. */
typedef enum err log_replay(void *context, uint64_t seq, struct log_place place, struct str body);

/* Where to begin replaying: what an earlier checkpoint knew. Zeroed = the start. */
struct log_resume {
    uint64_t seq;                 /* last record the checkpoint holds */
    struct log_place group;       /* the group that holds that record: reading begins there */
    struct merkle_range range;    /* over records 1..seq */
    const struct hash *tree_nodes; /* log_tree_nodes() of that time; borrowed */
    size_t tree_nodes_count;
};

struct log_report {
    uint64_t records;         /* replayed */
    uint64_t groups;
    uint32_t segments;
    uint64_t torn_bytes;      /* cut from the tail */
    uint64_t verified_bytes;
};

/* Opens or creates the log, verifies what it reads, replays it into `replay`.
 * ERR_CORRUPT: a bad group before good ones; the trail names segment and offset,
 * nothing was changed. ERR_FORMAT, ERR_IO, ERR_FULL, ERR_READONLY as named. */
MUST_USE enum err log_open(struct log **out_log, const struct io *io,
                           const struct log_options *options, const struct log_resume *resume,
                           log_replay *replay, void *context, struct log_report *out_report,
                           struct trail *trail);
/* Gives up the memory and handles; what was not durable is gone. No job may be in
 * flight (see log_busy). NULL is fine. */
void log_close(struct log *log);

/* Appends `count` bodies as one unit: all in one group, so all or nothing after a
 * crash. Writes the place of each into out_places; returns the seq of the first.
 * Their sizes are within LOG_BODY_BYTES_MAX and LOG_APPEND_BYTES_MAX; the log is
 * not failed. Bodies are copied. */
uint64_t log_append(struct log *log, const struct str *bodies, size_t count,
                    struct log_place *out_places);
/* Stores a content under its hash; it reaches the disk before the group that is
 * open now. Bytes are copied. Already stored: written again at worst. */
void log_put_blob(struct log *log, const struct hash *hash, struct str content);
/* Starts a commit if something waits and no commit is in flight; if nothing does, it may
 * prepare the next segment. */
void log_flush(struct log *log);

uint64_t log_head(const struct log *log);    /* last appended seq, 0 = none */
uint64_t log_durable(const struct log *log); /* last durable seq */
enum err log_failed(const struct log *log);  /* ERR_OK while it works */
bool log_busy(const struct log *log);        /* a job is in flight */
size_t log_waiting_bytes(const struct log *log); /* appended, not yet in a commit */

/* The body at `place`, checked against its checksum; borrowed until the next call
 * that appends or closes. False: the bytes on the disk are damaged. */
MUST_USE bool log_read(struct log *log, struct log_place place, struct str *out_body);
/* The same without the checksum, for reading very many: damage since the record was
 * written or replayed goes unseen. Lengths are still checked against the segment. */
MUST_USE bool log_peek(struct log *log, struct log_place place, struct str *out_body);
/* Asks memory for the body at `place`, which is likely to be read next. */
void log_prefetch(const struct log *log, struct log_place place);
/* The stored content, appended to `out` and checked against its hash. */
MUST_USE bool log_read_blob(struct log *log, const struct hash *hash, struct buf *out);

/* Merkle tree over the bodies. `locate` finds a record's place by seq. Sizes are
 * numbers of records, at most log_head(). Proof arrays as in crypto/merkle.h;
 * SIZE_MAX: a body needed for the proof is damaged. */
typedef struct log_place log_locate(void *context, uint64_t seq);
void log_root(const struct log *log, struct hash *out_root); /* of all appended */
/* The root as the last durable group states it, and its size. */
void log_durable_root(const struct log *log, uint64_t *out_size, struct hash *out_root);
size_t log_prove_inclusion(struct log *log, log_locate *locate, void *context, uint64_t seq,
                           uint64_t size, struct hash out_proof[MERKLE_DEPTH_MAX]);
size_t log_prove_consistency(struct log *log, log_locate *locate, void *context, uint64_t size1,
                             uint64_t size2, struct hash out_proof[2 * MERKLE_DEPTH_MAX]);
MUST_USE bool log_root_at(struct log *log, log_locate *locate, void *context, uint64_t size,
                          struct hash *out_root);

/* What a checkpoint of the state at log_head() must keep so that log_resume can be
 * made again; tree_nodes are borrowed until the next append. The checkpoint may
 * replace an older one only once log_durable() has reached its seq. */
void log_checkpoint_state(const struct log *log, struct log_resume *out_resume);
/* Identity of this log (random, made once): 32 hex digits and NUL. */
void log_name(const struct log *log, char out_hex[33]);

struct log_counters {
    uint64_t groups;
    uint64_t records;
    uint64_t bytes;
    uint64_t syncs;
    uint64_t sync_ns;        /* spent inside commits */
    uint64_t segments;
    uint64_t group_records_max;
};
void log_counters(const struct log *log, struct log_counters *out_counters);
