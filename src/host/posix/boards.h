/* boards.h - the boards of one daemon.
 *
 * The main board lies in the data directory, further ones in DIR/boards/NAME. They
 * are replayed beside the loop, so that the daemon answers while it is not ready. A
 * board whose disk failed is closed and replayed again, later and later: its state in
 * memory is never trusted after a failed write.
 */
#pragma once
#include <uv.h>

#include "base/err.h"
#include "base/limits.h"
#include "gateway/gateway.h"
#include "host/posix/logger.h"

struct boards;

struct boards_options {
    uv_loop_t *loop;
    const char *dir; /* exists; borrowed for life */
    struct limits limits;
    const struct logger *logger;
    bool detectors; /* watch the boards: findings and intents from them */
    /* The boards of the start were tried; err is the main board's. */
    void (*on_opened)(void *context, enum err err, const struct trail *trail);
    void *context;
};

/* Takes the directory's lock. Errors as io_posix_new. */
MUST_USE enum err boards_new(struct boards **out_boards, const struct boards_options *options,
                             struct trail *trail);
/* The main board's directory. */
const struct io *boards_io(const struct boards *boards);
/* Begins to open what is there; the gateway learns of each one. */
void boards_open(struct boards *boards, struct gateway *gateway);
/* Opens or makes DIR/boards/NAME now; NULL: it cannot be. */
struct board *boards_make(struct boards *boards, struct str name);
/* After commits: lets the detectors look; arms a timer for what falls due later. */
void boards_watch(struct boards *boards);
/* Starts what is left to commit; true when all is durable and no job is in flight. */
bool boards_settled(struct boards *boards);
/* Writes checkpoints, so that the next start is quick, closes all, and closes the
 * handles on the loop, which is then to be run dry before boards_free. Call after
 * boards_settled, or lose what was not durable. */
void boards_close(struct boards *boards);
void boards_free(struct boards *boards); /* gives up the lock */
