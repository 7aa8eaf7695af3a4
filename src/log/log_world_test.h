/* log_world_test.h - a log on a disk in memory, and what the tests know about it.
 *
 * The body of record `seq` is a function of seq, so what comes back can be judged
 * without a copy: body_of says what it must be.
 */
#pragma once
#include <stdio.h>

#include "base/buf.h"
#include "log/log.h"
#include "log/memory_io_test.h"

enum { WORLD_RECORDS_MAX = 4096, WORLD_BODY_MAX = 256 };

struct world {
    struct memory_disk disk;
    struct log *log;
    struct log_options options;
    struct log_report report;
    struct trail trail;
    struct log_place places[WORLD_RECORDS_MAX + 1]; /* by seq */
    uint64_t replayed;                              /* last seq seen by replay in this open */
    uint64_t replay_from;                           /* and the first one */
    unsigned durable_calls;
    unsigned failed_calls;
    bool bad_replay;
};

/* Lengths differ and include 0; bytes differ from record to record. */
static inline struct str body_of(uint64_t seq, uint8_t bytes[WORLD_BODY_MAX])
{
    const size_t len = (size_t)(seq * 37 % 120);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(seq * 31 + i * 7);
    }
    return str_n(bytes, len);
}

static inline void world_on_durable(void *context)
{
    struct world *w = context;
    w->durable_calls++;
}

static inline void world_on_failed(void *context, enum err err)
{
    struct world *w = context;
    CHECK(err != ERR_OK);
    w->failed_calls++;
}

static inline enum err world_replay(void *context, uint64_t seq, struct log_place place,
                                    struct str body)
{
    struct world *w = context;
    uint8_t bytes[WORLD_BODY_MAX];
    if (w->replayed == 0) {
        w->replay_from = seq;
    } else if (seq != w->replayed + 1) {
        w->bad_replay = true;
    }
    if (!str_eq(body, body_of(seq, bytes))) {
        w->bad_replay = true;
    }
    w->replayed = seq;
    if (seq <= WORLD_RECORDS_MAX) {
        w->places[seq] = place;
    }
    return ERR_OK;
}

/* Small segments, so that a few records fill several. */
static inline void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    memory_init(&w->disk);
    w->options = (struct log_options){
        .segment_bytes_first = 1024,
        .segment_bytes_max = 4096,
        .on_durable = world_on_durable,
        .on_failed = world_on_failed,
        .context = w,
    };
}

static inline enum err world_open_from(struct world *w, const struct log_resume *resume)
{
    w->replayed = 0;
    w->replay_from = 0;
    w->bad_replay = false;
    trail_clear(&w->trail);
    w->log = NULL;
    const enum err err =
        log_open(&w->log, &w->disk.io, &w->options, resume, world_replay, w, &w->report, &w->trail);
    CHECK(err == ERR_OK || w->log == NULL);
    CHECK(err == ERR_OK || w->trail.len > 0);
    return err;
}

static inline enum err world_open(struct world *w)
{
    return world_open_from(w, NULL);
}

static inline void world_close(struct world *w)
{
    memory_run_all(&w->disk);
    log_close(w->log);
    w->log = NULL;
}

static inline void world_deinit(struct world *w)
{
    world_close(w);
    memory_deinit(&w->disk);
}

/* `count` records in one append. */
static inline void world_append(struct world *w, size_t count)
{
    static uint8_t bytes[64][WORLD_BODY_MAX];
    struct str bodies[64];
    struct log_place places[64];
    CHECK(count <= 64);
    const uint64_t first = log_head(w->log) + 1;
    for (size_t i = 0; i < count; i++) {
        bodies[i] = body_of(first + i, bytes[i]);
    }
    const uint64_t got = log_append(w->log, bodies, count, places);
    CHECK(got == first);
    for (size_t i = 0; i < count && first + i <= WORLD_RECORDS_MAX; i++) {
        w->places[first + i] = places[i];
    }
}

static inline void world_commit(struct world *w, size_t count)
{
    world_append(w, count);
    log_flush(w->log);
    memory_run_all(&w->disk);
}

/* Can every record from 1 to `head` be read, and is it the right one? */
static inline bool world_reads(struct world *w, uint64_t head)
{
    for (uint64_t seq = 1; seq <= head; seq++) {
        uint8_t bytes[WORLD_BODY_MAX];
        struct str body;
        if (!log_read(w->log, w->places[seq], &body) || !str_eq(body, body_of(seq, bytes))) {
            return false;
        }
    }
    return true;
}

static inline struct log_place world_locate(void *context, uint64_t seq)
{
    const struct world *w = context;
    CHECK(seq > 0);
    CHECK(seq <= WORLD_RECORDS_MAX);
    return w->places[seq];
}
