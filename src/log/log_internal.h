/* log_internal.h - what the files of the log share.
 *
 *     log/format          who this log is: 64 bytes, made first, never changed
 *     log/%08x.seg        segments 1, 2, 3 ...: a header and groups, then zeros
 *     log/spare.seg       the next segment, already zero-written (see spare.c)
 *     log/spare.tmp       one in the making
 *     blobs/ab/cdef...    contents by hash
 *
 *     group = header { magic, header_crc, body_bytes, frames_crc, first_seq, count,
 *                      flags, root[32] } and `count` frames
 *     frame = { len, crc, body, zeros up to a multiple of 8 }
 *
 * All integers are little-endian; groups and frames begin at multiples of 8.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/io.h"
#include "log/log.h"

enum {
    FORMAT_BYTES = 64,
    SEGMENT_HEADER_BYTES = 64,
    GROUP_HEADER_BYTES = 64,
    FRAME_HEADER_BYTES = 8,
    FRAME_ALIGN = 8,
    ID_BYTES = 16,
    NAME_BYTES_MAX = 80, /* of any file the log makes, with the NUL */
    TREE_LEVEL_MIN = 4,  /* nodes below are recomputed from bodies */
    BLOB_KNOWN_COUNT = 256,
    APPEND_COUNT_MAX = 1 << 20, /* records of one log_append */
};
#define SEGMENT_BYTES_FIRST (1u << 20)
#define SEGMENT_BYTES_MAX   (64u << 20)
#define SEGMENT_BYTES_LIMIT (1u << 30) /* no segment is larger, whatever the options */
#define BUFFER_KEEP_BYTES   (4u << 20) /* a larger commit buffer is given back */

/* Who the log is; both go into every checksum's seed or header. */
struct identity {
    uint8_t id[ID_BYTES];
    uint32_t salt;
};

static inline uint64_t place_of(uint32_t segment, uint32_t offset)
{
    return (uint64_t)segment << 32 | offset;
}
static inline uint32_t place_segment(uint64_t position)
{
    return (uint32_t)(position >> 32);
}
static inline uint32_t place_offset(uint64_t position)
{
    return (uint32_t)position;
}

/* ---- segment.c: files, their names and headers ---- */

struct segment_header {
    uint32_t number;
    uint32_t bytes;
    uint64_t first_seq; /* of the first record in it */
    uint32_t format;
};

void segment_name(char out_name[NAME_BYTES_MAX], uint32_t number);
/* The number of a file called `name`, 0 when it is no segment. */
uint32_t segment_number(const char *name);
void segment_header_encode(const struct identity *who, const struct segment_header *header,
                           uint8_t out_bytes[SEGMENT_HEADER_BYTES]);
/* True: the checksum matches. The fields are as they were written. */
MUST_USE bool segment_header_decode(const struct identity *who, const uint8_t *bytes,
                                    struct segment_header *out_header);
/* Writes zeros over [from, from + len). */
MUST_USE enum err zeros_write(const struct io *io, struct io_file *file, uint64_t from,
                              uint64_t len);
MUST_USE bool is_zero(const uint8_t *bytes, size_t len);
/* Reads log/format, or makes it when `make` is set and there is none. */
MUST_USE enum err format_open(const struct io *io, bool make, struct identity *out_who,
                              struct trail *trail);
/* Writes log/format afresh: the directory is on the disk when this returns. */
MUST_USE enum err format_write(const struct io *io, const struct identity *who);

/* ---- group.c: bytes of groups and frames ---- */

struct group_header {
    uint64_t position;
    uint64_t first_seq;
    uint32_t body_bytes; /* of its frames */
    uint32_t frames_crc;
    uint32_t count;
    uint32_t flags; /* 0: none is defined */
    struct hash root;
};

size_t frame_bytes(size_t body_len);
/* Writes the frame of `body` that lies at `position`; returns frame_bytes. */
size_t frame_encode(uint64_t position, struct str body, uint8_t *out_bytes);
/* The frame at `bytes`, of which `room` exist; false when it is damaged. */
MUST_USE bool frame_decode(uint64_t position, const uint8_t *bytes, size_t room,
                           struct str *out_body);
/* The body as its length says, its checksum not looked at. */
bool frame_peek(const uint8_t *bytes, size_t room, struct str *out_body);
void group_header_encode(const struct identity *who, const struct group_header *header,
                         uint8_t out_bytes[GROUP_HEADER_BYTES]);
/* `bytes` lie at `position`, and `room` of them exist in the segment. True: these
 * bytes were once written here as a header; whether they make sense is not judged. */
MUST_USE bool group_header_decode(const struct identity *who, uint64_t position,
                                  const uint8_t *bytes, size_t room,
                                  struct group_header *out_header);

/* ---- tree.c: the Merkle tree ---- */

/* Nodes of levels >= TREE_LEVEL_MIN, in the order in which they became complete:
 * every 16 leaves a node of level 4, followed by the nodes it completes. */
struct tree {
    struct merkle_range range;
    struct hash *nodes;
    size_t count;
    size_t cap;
};
void tree_deinit(struct tree *tree);
void tree_add(struct tree *tree, struct str body);
/* False when the parts of `resume` do not fit together. */
MUST_USE bool tree_resume(struct tree *tree, const struct log_resume *resume);

/* ---- commit.c: batches and the job that writes them ---- */

/* A group in memory. Its bytes, header first, are at `at` in the batch's bytes. */
struct group {
    uint64_t position;
    size_t at;
    uint32_t bytes;
    uint32_t count;
    uint64_t first_seq;
    uint32_t segment_bytes; /* not 0: the group begins a segment of that size */
    struct hash root;       /* set when the group is closed */
};
struct blob {
    struct hash hash;
    size_t at;
    size_t len;
};
/* What one commit writes. */
struct batch {
    struct buf bytes;
    struct group *groups;
    size_t groups_count;
    size_t groups_cap;
    struct buf blob_bytes;
    struct blob *blobs;
    size_t blobs_count;
    size_t blobs_cap;
};
void batch_deinit(struct batch *batch);
void batch_clear(struct batch *batch);
/* The bytes of a frame that still lies in the batch; NULL when it does not. */
const uint8_t *batch_find(const struct batch *batch, uint64_t position, size_t *out_room);

/* Everything the commit job touches while it runs. */
struct commit {
    struct io_job job;
    struct log *log; /* for commit_done only */
    const struct io *io;
    struct identity who;
    struct batch *batch;
    struct io_file *file;  /* of the segment written last, or NULL */
    uint32_t file_segment; /* its number */
    bool spare_ready;      /* log/spare.seg may be used, and has ... */
    uint32_t spare_bytes;  /* ... this size */
    bool spare_used;       /* set by the job when it took it */
    bool skip_sync;
    uint64_t syncs;
    uint8_t blob_dirs[256 / 8]; /* directories of blobs/ known to exist */
};
void commit_init(struct log *log);
/* Closes the group that is still open, if there is one. */
void group_close(struct log *log);
MUST_USE enum err commit_write(struct commit *commit);

/* ---- spare.c: the next segment, made in the background ---- */

struct spare {
    struct io_job job;
    struct log *log; /* for the end of the job only */
    const struct io *io;
    uint32_t bytes;
    bool skip_sync;
    bool running;
    bool ready;
    bool refused; /* the last try failed: no other before the next segment */
};
void spare_init(struct log *log);
/* Starts the job when the tail segment is filling up and no spare is there. */
void spare_consider(struct log *log);
/* Makes `name` a synced file of `bytes` zeros. */
MUST_USE enum err spare_make(const struct io *io, const char *name, uint32_t bytes, bool skip_sync);
#define SPARE_NAME "log/spare.seg"
#define SPARE_TEMP "log/spare.tmp"

/* ---- blob.c ---- */

MUST_USE enum err blob_write(struct commit *commit, const struct blob *blob);

/* ---- recover.c, cut.c, log.c ---- */

struct segment {
    const uint8_t *view; /* NULL until it is read for the first time */
    uint32_t bytes;
};

struct log {
    const struct io *io;
    struct log_options options;
    struct identity who;
    struct segment *segments; /* [number - 1] */
    uint32_t segments_count;
    size_t segments_cap;

    uint32_t tail_segment; /* where the next group goes; 0 = there is no segment yet */
    uint32_t tail_offset;
    uint32_t tail_bytes; /* size of that segment */
    uint64_t head;
    uint64_t head_group; /* position of the group that holds record `head` */
    uint64_t durable;
    struct hash durable_root;
    struct tree tree;

    struct batch batches[2];
    struct batch *open; /* collects */
    bool group_open;    /* the last group of `open` takes more records */
    bool committing;    /* the other batch is in flight */
    bool flush_wanted;  /* a flush waits for the spare */
    uint64_t commit_began_ns;
    struct commit commit;
    struct spare spare;
    enum err failed;
    struct hash *blobs_known; /* stored by this log since it was opened, by first byte */
    struct log_counters counters;
};

/* Size of segment `number` when a group of `need` bytes must fit. */
uint32_t segment_bytes_for(const struct log *log, uint32_t number, uint64_t need);
/* Maps a segment file once and remembers it; says nothing about its contents. A
 * file too small for a header or too large gives a NULL view. */
MUST_USE enum err segment_map(struct log *log, uint32_t number);
void segments_close(struct log *log);
MUST_USE enum err recover(struct log *log, const struct log_resume *resume, log_replay *replay,
                          void *context, struct log_report *report, struct trail *trail);

/* The state of one recovery; see recover.c. */
struct recovery {
    struct log *log;
    const struct log_resume *resume;
    log_replay *replay;
    void *context;
    struct log_report *report;
    struct trail *trail;
    uint64_t next_seq;
    uint32_t segment; /* where it reads */
    uint32_t offset;
    uint64_t group; /* last good group, 0 = none */
    uint32_t group_bytes;
};
/* From r->segment, r->offset on nothing can be read. Cuts it off as a torn tail,
 * unless a later group or segment shows that it is corruption. */
MUST_USE enum err cut_tail(struct recovery *r, const char *what);
/* Writes the last good group again, in place, and syncs it. */
MUST_USE enum err rewrite_last(struct recovery *r);
