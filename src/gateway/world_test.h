/* world_test.h - a gateway over a real board on a disk in memory, driven by hand; for
 * tests (see ask_test.h) and fuzz targets. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "board/board.h"
#include "gateway/gateway.h"
#include "log/memory_io_test.h"

#define WORLD_ADMIN "admin-token-of-the-tests"
#define WORLD_HOST "Host: 127.0.0.1:7700\r\n"

struct world {
    struct memory_disk disk;
    struct board *board;
    struct gateway *gateway;
    struct limits limits;
    struct board *other; /* what make_board gives; made by the test */
    size_t ready_count;
    size_t stop_count;
    char agent[64];  /* tokens */
    char second[64];
    char reader[64];
    char human[64];
};

static inline int64_t world_wall_ms(void *host)
{
    const struct memory_disk *disk = host;
    return 1795230000000 + (int64_t)(disk->clock_ns / NS_PER_MS);
}

static inline void world_durable(void *context)
{
    struct world *world = context;
    if (world->gateway != NULL) {
        gateway_durable(world->gateway, world->board);
    }
}

static inline void world_failed(void *context, enum err err)
{
    struct world *world = context;
    gateway_failed(world->gateway, world->board, err);
}

static inline void world_unparked(void *context, uint64_t ticket, const struct result *result)
{
    struct world *world = context;
    gateway_unparked(world->gateway, world->board, ticket, result);
}

static inline void world_ready(void *context, struct conn *conn)
{
    struct world *world = context;
    (void)conn;
    world->ready_count++;
}

static inline void world_stop(void *context)
{
    struct world *world = context;
    world->stop_count++;
}

static inline struct board *world_make_board(void *context, struct str name)
{
    struct world *world = context;
    return str_is(name, "refused") ? NULL : world->other;
}

static inline void world_open_board(struct world *world, struct board **out_board)
{
    struct trail trail = {0};
    struct board_report report;
    struct board_options options = {
        .limits = world->limits,
        .segment_bytes_first = 1u << 16,
        .on_durable = world_durable,
        .on_failed = world_failed,
        .on_unparked = world_unparked,
        .context = world,
    };
    enum err err = board_open(out_board, &world->disk.io, &options, &report, &trail);
    CHECK(err == ERR_OK);
}

static inline void world_open_gateway(struct world *world)
{
    struct gateway_options options = {
        .io = &world->disk.io,
        .limits = world->limits,
        .version = "0.1.0",
        .listen = "127.0.0.1:7700",
        .on_ready = world_ready,
        .make_board = world_make_board,
        .on_stop = world_stop,
        .context = world,
    };
    sha256(WORLD_ADMIN, strlen(WORLD_ADMIN), &options.admin_token_hash);
    memset(options.tree_key.seed, 7, sizeof options.tree_key.seed);
    CHECK(sign_key_from_seed(&options.tree_key));
    world->gateway = gateway_new(&options);
    gateway_set_board(world->gateway, STR(""), world->board);
    gateway_set_ready(world->gateway, true);
}

/* Lets commits happen until nothing is left to do. */
static inline void world_settle(struct world *world)
{
    for (int i = 0; i < 64; i++) {
        gateway_settle(world->gateway);
        memory_run_all(&world->disk);
        if (board_durable(world->board) == board_head(world->board) &&
            world->disk.jobs_count == 0) {
            break;
        }
    }
    gateway_settle(world->gateway);
}

static inline void world_pass_ms(struct world *world, uint64_t ms)
{
    world->disk.clock_ns += ms * NS_PER_MS;
    (void)gateway_step(world->gateway);
    world_settle(world);
}

/* Without agents: only the admin's token is known. */
static inline void world_open_bare(struct world *world, const struct limits *limits)
{
    memset(world, 0, sizeof *world);
    world->limits = *limits;
    memory_init(&world->disk);
    world->disk.io.wall_ms = world_wall_ms;
    world_open_board(world, &world->board);
    world_open_gateway(world);
}

static inline void world_close(struct world *world)
{
    memory_run_all(&world->disk);
    gateway_free(world->gateway);
    world->gateway = NULL;
    board_close(world->board);
    memory_deinit(&world->disk);
}

/* -- conversations -------------------------------------------------------------------- */

static inline void say(struct conn *conn, const char *text)
{
    conn_feed(conn, text, strlen(text));
}

/* Takes what may be sent, adding it to `out`. */
static inline void take(struct conn *conn, struct buf *out)
{
    for (;;) {
        struct str output = conn_output(conn);
        if (output.len == 0) {
            return;
        }
        buf_add_str(out, output);
        conn_sent(conn, output.len);
    }
}
