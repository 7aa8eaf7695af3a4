/* board_world_test.h - a board on a disk in memory, with clocks that stand until moved.
 *
 * DO wraps one operation in a transaction as the gateway does: a refusal rolls back,
 * everything else is committed. world_reopen and world_crash end a life of the board and
 * begin the next one on the same disk.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "board/board.h"
#include "log/memory_io_test.h"

enum { WORLD_UNPARKED_MAX = 16384 };

struct world {
    struct memory_disk disk; /* first: the io's host is this */
    int64_t wall_ms;
    struct board *board;
    struct board_options options;
    struct board_report report;
    struct trail trail;
    struct {
        uint64_t ticket;
        struct result result;
    } unparked[WORLD_UNPARKED_MAX];
    size_t unparked_count;
};

struct id {
    char text[ID_TEXT_LEN + 1];
};

#define DO(w, r, call)                                                                             \
    do {                                                                                           \
        board_begin((w)->board);                                                                   \
        call;                                                                                      \
        world_end((w), &(r));                                                                      \
    } while (0)

static inline uint64_t world_mono_ns(void *host)
{
    return ((struct world *)host)->disk.clock_ns;
}
static inline int64_t world_wall_ms(void *host)
{
    return ((struct world *)host)->wall_ms;
}

static inline void world_on_unparked(void *context, uint64_t ticket, const struct result *result)
{
    struct world *w = context;
    assert_true(w->unparked_count < WORLD_UNPARKED_MAX);
    w->unparked[w->unparked_count].ticket = ticket;
    w->unparked[w->unparked_count++].result = *result;
}

static inline void world_open(struct world *w)
{
    enum err err = board_open(&w->board, &w->disk.io, &w->options, &w->report, &w->trail);
    if (err != ERR_OK) {
        print_error("%s: %s\n", err_name(err), w->trail.text);
    }
    assert_int_equal(err, ERR_OK);
}

/* Not opened yet, so that a test can set limits first. */
static inline struct world *world_new(void)
{
    struct world *w = mem_zalloc(sizeof *w);
    memory_init(&w->disk);
    w->disk.io.mono_ns = world_mono_ns;
    w->disk.io.wall_ms = world_wall_ms;
    w->disk.clock_ns = 1000 * NS_PER_MS;
    w->wall_ms = 1700000000000;
    w->options.limits = limits_default();
    w->options.segment_bytes_first = 65536;
    w->options.on_unparked = world_on_unparked;
    w->options.context = w;
    return w;
}

static inline struct world *world_opened(void)
{
    struct world *w = world_new();
    world_open(w);
    return w;
}

static inline void world_settle(struct world *w)
{
    do {
        board_flush(w->board);
        memory_run_all(&w->disk);
    } while (board_durable(w->board) < board_head(w->board));
    assert_false(board_busy(w->board));
}

static inline void world_reopen(struct world *w)
{
    world_settle(w);
    board_close(w->board);
    world_open(w);
}

static inline void world_free(struct world *w)
{
    if (w->board != NULL) {
        world_settle(w);
        board_close(w->board);
    }
    memory_deinit(&w->disk);
    mem_free(w);
}

static inline void world_end(struct world *w, const struct result *r)
{
    if (r->outcome >= BOARD_INVALID) {
        assert_true(r->detail[0] != '\0' && r->next[0] != '\0');
        board_rollback(w->board);
    } else {
        (void)board_commit(w->board);
    }
}

static inline void world_sleep(struct world *w, uint64_t ms)
{
    w->disk.clock_ns += ms * NS_PER_MS;
    w->wall_ms += (int64_t)ms;
}

static inline void world_step_after(struct world *w, uint64_t ms)
{
    world_sleep(w, ms);
    (void)board_step(w->board);
}

static inline struct hash world_digest(struct world *w)
{
    struct hash digest;
    board_digest(w->board, &digest);
    return digest;
}

#define assert_same_state(a, b) assert_memory_equal((a).bytes, (b).bytes, sizeof(struct hash))

static inline struct id id_at(const struct world *w, uint32_t ordinal)
{
    struct id id;
    assert_true(ordinal != ORDINAL_NONE);
    board_id(w->board, ordinal, id.text);
    return id;
}

static inline struct actor agent_named(const char *name)
{
    return (struct actor){str_of(name), ROLE_AGENT};
}

static inline struct content text_of(const char *data)
{
    return (struct content){STR("text/plain"), str_of(data)};
}

static inline struct result add_fact(struct world *w, const char *actor, const char *origin,
                                     const char *data)
{
    struct actor who = agent_named(actor);
    struct fact_in in = {.origin = str_of(origin), .content = text_of(data)};
    struct result r;
    DO(w, r, board_fact(w->board, &who, &in, &r));
    return r;
}

static inline struct result add_intent_in(struct world *w, const char *actor,
                                          const struct intent_in *in)
{
    struct actor who = agent_named(actor);
    struct result r;
    DO(w, r, board_intent(w->board, &who, in, &r));
    return r;
}

/* A new intent, which must be accepted. */
static inline struct id add_intent(struct world *w, const char *actor, const char *description,
                                   int priority)
{
    struct intent_in in = {.description = str_of(description), .priority = priority};
    struct result r = add_intent_in(w, actor, &in);
    assert_int_equal(r.outcome, BOARD_CREATED);
    return id_at(w, r.record);
}

static inline struct result claim(struct world *w, const char *actor, const struct id *intent,
                                  uint64_t ttl_ms)
{
    struct actor who = agent_named(actor);
    struct result r;
    DO(w, r, board_claim(w->board, &who, str_of(intent->text), ttl_ms, &r));
    return r;
}

static inline struct result claim_next(struct world *w, const char *actor)
{
    struct actor who = agent_named(actor);
    struct claim_template any = {0};
    struct result r;
    DO(w, r, board_claim_next(w->board, &who, &any, &r));
    return r;
}

static inline struct result conclude(struct world *w, const char *actor, const struct id *intent,
                                     uint64_t epoch, const char *data)
{
    struct actor who = agent_named(actor);
    struct content content = text_of(data);
    struct result r;
    DO(w, r,
       board_conclude(w->board, &who, str_of(intent->text), epoch, &content,
                      (struct id_list){NULL, 0}, &r));
    return r;
}

static inline struct result release(struct world *w, const char *actor, const struct id *intent,
                                    uint64_t epoch)
{
    struct actor who = agent_named(actor);
    struct result r;
    DO(w, r, board_release(w->board, &who, str_of(intent->text), epoch, STR("later"), &r));
    return r;
}

static inline struct result heartbeat(struct world *w, const char *actor, const struct id *intent,
                                      uint64_t epoch)
{
    struct actor who = agent_named(actor);
    struct result r;
    DO(w, r, board_heartbeat(w->board, &who, str_of(intent->text), epoch, &r));
    return r;
}

static inline struct result cancel(struct world *w, struct actor who, const struct id *intent)
{
    struct result r;
    DO(w, r, board_cancel(w->board, &who, str_of(intent->text), STR("no longer wanted"), &r));
    return r;
}

/* The record as parsed JSON; `arena` keeps the tree and its text. */
static inline struct json *rendered(struct world *w, uint32_t ordinal, uint64_t as_of,
                                    struct arena *arena)
{
    struct buf text = {0};
    struct json_writer writer;
    struct json *value = NULL;
    struct json_error error;
    jw_init(&writer, &text, false);
    assert_true(board_render(w->board, ordinal, as_of, &writer));
    assert_true(json_parse(arena, arena_str(arena, buf_str(&text)), NULL, &value, &error));
    buf_deinit(&text);
    return value;
}

static inline void assert_status(struct world *w, const struct id *intent, const char *status)
{
    struct arena arena = {0};
    struct json *record = rendered(w, board_find(w->board, str_of(intent->text)), 0, &arena);
    struct str is = arena_str(&arena, json_get_str(record, "status", STR("none")));
    assert_string_equal(is.at, status);
    arena_deinit(&arena);
}
