/* store_ours.c - the board over the POSIX io, in process.
 *
 * As in the daemon, commits run on a worker thread of the host; store_direct lets them run
 * on the calling thread, as in a tool that has no loop. The board does the whole
 * of its work inside the clock: it hashes the content, computes the identity, extends the
 * Merkle tree and makes its indexes. The peers are handed finished ids.
 */
#include <stdlib.h>
#include <string.h>

#include "board/board.h"
#include "codec/bytes.h"
#include "host/posix/io_posix.h"
#include "measure.h"
#include "store.h"

#define BEHIND_BYTES (8u << 20)

struct store {
    struct io_posix *host;
    struct board *board;
    uint64_t waits_for; /* seq of the last commit */
    bool durable;
};

/* A checkpoint is for a quick start from what is on the disk, so there is none without
 * sync. */
struct way {
    bool durable, checkpoint, threads;
};

static struct store *open_board(const char *dir, struct way way, struct board_report *out_report)
{
    struct store *store = calloc(1, sizeof *store);
    struct trail trail = {0};
    struct io_posix_options place = {.dir = dir, .lock = true, .threads = way.threads};
    if (store == NULL || io_posix_new(&store->host, &place, &trail) != ERR_OK) {
        die("ours: %s", trail.text);
    }
    struct board_options options = {
        .limits = limits_default(),
        .skip_sync = !way.durable,
        .no_checkpoint = !way.checkpoint,
    };
    store->durable = way.durable;
    if (board_open(&store->board, io_posix_io(store->host), &options, out_report, &trail) !=
        ERR_OK) {
        die("ours: %s", trail.text);
    }
    return store;
}

static struct store *open_new(const char *dir, bool durable)
{
    return open_board(dir, (struct way){durable, durable, true}, NULL);
}

static struct store *open_direct(const char *dir, bool durable)
{
    return open_board(dir, (struct way){durable, durable, false}, NULL);
}

struct store *ours_reopen(const char *dir, bool checkpoint, uint64_t *out_replayed,
                          uint64_t *out_checkpointed)
{
    struct board_report report;
    struct store *store = open_board(dir, (struct way){true, checkpoint, true}, &report);
    *out_replayed = report.log.records;
    *out_checkpointed = report.from_checkpoint;
    return store;
}

static void begin(struct store *store)
{
    board_begin(store->board);
}

static void put(struct store *store, const struct fact *fact)
{
    struct actor actor = {str_of(creator_name(fact->creator)), ROLE_AGENT};
    struct fact_in in = {
        .origin = str_of(origin_name(fact->origin)),
        .content = {STR("text/plain"), str_n(fact->content, fact->content_len)},
    };
    struct result result;
    board_fact(store->board, &actor, &in, &result);
    if (result.outcome != BOARD_CREATED) {
        die("ours: a fact was refused: %s", result.detail);
    }
}

static void commit(struct store *store)
{
    store->waits_for = board_commit(store->board);
    board_flush(store->board);
    if (!store->durable) {
        /* Nothing is waited for, unless the writer thread falls behind. */
        (void)io_posix_poll(store->host);
        while (log_waiting_bytes(board_log(store->board)) > BEHIND_BYTES &&
               io_posix_wait(store->host)) {
            board_flush(store->board);
        }
        return;
    }
    while (board_durable(store->board) < store->waits_for) {
        if (!io_posix_wait(store->host)) {
            die("ours: the disk failed");
        }
        board_flush(store->board);
    }
}

void ours_settle(struct store *store)
{
    board_flush(store->board);
    while (board_busy(store->board)) {
        (void)io_posix_wait(store->host);
        board_flush(store->board);
    }
}

static void key(struct store *store, const struct fact *facts, size_t index, uint8_t out[32])
{
    char id[ID_TEXT_LEN + 1];
    (void)facts;
    board_id(store->board, (uint32_t)index, id);
    if (!hex_decode(str_n(id + 2, 64), out, 32)) {
        die("ours: a strange id %s", id);
    }
}

static uint64_t get(struct store *store, const uint8_t *keys, size_t count)
{
    uint64_t sum = 0;
    struct buf scratch = {0};
    for (size_t i = 0; i < count; i++) {
        struct hash hash;
        struct content content;
        memcpy(&hash, keys + 32 * i, sizeof hash);
        uint32_t ordinal = board_find_hash(store->board, &hash); /* compares all 32 bytes */
        if (ordinal == ORDINAL_NONE || !board_peek(store->board, ordinal, &scratch, &content)) {
            die("ours: a fact is missing");
        }
        sum += (uint8_t)content.data.at[0];
    }
    buf_deinit(&scratch);
    return sum;
}

static uint64_t scan(struct store *store)
{
    uint32_t page[1000];
    uint64_t count = 0, sum = 0;
    for (unsigned origin = 0; origin < FACTS_ORIGINS; origin++) {
        struct query query = {.origin = str_of(origin_name(origin)), .limit = 1000};
        bool more = true;
        while (more) {
            size_t got = board_query(store->board, &query, page, &more);
            for (size_t i = 0; i < got; i++) {
                sum += page[i];
            }
            count += got;
            query.after = got > 0 ? (uint64_t)page[got - 1] + 1 : query.after;
        }
    }
    return sum == 0 ? 0 : count;
}

static void close_board(struct store *store)
{
    ours_settle(store);
    board_close(store->board);
    io_posix_free(store->host);
    free(store);
}

struct board *ours_board(struct store *store)
{
    return store->board;
}

double ours_group_bytes(struct store *store)
{
    struct log_counters counters;
    log_counters(board_log(store->board), &counters);
    return counters.groups == 0 ? 0 : (double)counters.bytes / (double)counters.groups;
}

const struct store_kind store_ours = {
    .name = "ours",
    .open = open_new,
    .begin = begin,
    .put = put,
    .commit = commit,
    .key = key,
    .get = get,
    .scan = scan,
    .close = close_board,
};

const struct store_kind store_direct = {
    .name = "direct",
    .open = open_direct,
    .begin = begin,
    .put = put,
    .commit = commit,
    .key = key,
    .get = get,
    .scan = scan,
    .close = close_board,
};
