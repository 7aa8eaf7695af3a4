/* store.h - one shape for our board and its peers, so that one loop drives them all.
 *
 * Each keeps a fact under three indexes: id, (origin, time), (creator, time). A store
 * stops the program when an operation fails or an answer is wrong.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts.h"

struct store; /* each kind has its own */

struct store_kind {
    const char *name;
    /* An empty store in the fresh directory. `durable`: commit returns once the facts
     * are on the disk; else the kind's quickest setting. */
    struct store *(*open)(const char *dir, bool durable);
    void (*begin)(struct store *store);
    void (*put)(struct store *store, const struct fact *fact);
    void (*commit)(struct store *store);
    /* The id under which the store knows the fact with that index. */
    void (*key)(struct store *store, const struct fact *facts, size_t index, uint8_t out[32]);
    /* Gets each key (32 bytes each), compares the full id, reads the content's first
     * byte; returns the sum of these bytes. */
    uint64_t (*get)(struct store *store, const uint8_t *keys, size_t count);
    /* Walks the index (origin, time) from end to end; returns the number of entries. */
    uint64_t (*scan)(struct store *store);
    void (*close)(struct store *store);
};

/* ours commits on a writer thread, as the daemon does; direct on the calling thread. */
extern const struct store_kind store_ours, store_direct, store_lmdb, store_sqlite, store_rocksdb;

/* The floor: each commit is one pwrite of as many bytes as ours writes, into a file of
 * zeros written before, and one fdatasync. */
struct store_raw;
struct store_raw *raw_open(const char *dir, uint64_t bytes_max);
void raw_commit(struct store_raw *raw, size_t bytes, bool sync);
void raw_close(struct store_raw *raw);

/* Of ours only. */
struct board;
struct board *ours_board(struct store *store);
double ours_group_bytes(struct store *store); /* what one commit wrote, on the average */
void ours_settle(struct store *store);        /* everything durable, no job in flight */
/* Opens what lies in `dir`; *out_records from the log and from a checkpoint. */
struct store *ours_reopen(const char *dir, bool checkpoint, uint64_t *out_replayed,
                          uint64_t *out_checkpointed);

/* What the peers keep under an id: time, origin, creator, content. */
#define VALUE_HEAD 12u
#define VALUE_MAX (VALUE_HEAD + sizeof((struct fact *)0)->content)
size_t value_encode(const struct fact *fact, uint8_t out[VALUE_MAX]);
/* Big-endian number and time, so that byte order is the order of the index. */
#define INDEX_KEY_BYTES 10u
void index_key(unsigned number, int64_t at_ms, uint8_t out[INDEX_KEY_BYTES]);
