/* sim_replay.c - copies of the disk, opened beside the running board.
 *
 *   replay  what is on the platter now holds all that is durable, and the state
 *           it leads to is the same with and without a checkpoint
 *   past    a copy made at S shows what the board shows as of S
 *   flip    a copy with one bit flipped is refused, or loses at most its last group;
 *           it never shows anything else than what was written
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "host/sim/sim_internal.h"

/* A second machine with no faults of its own. */
struct twin {
    struct sim_host host;
    struct board *board;
};

static enum err twin_open(struct world *w, struct twin *twin, struct sim_disk *disk,
                          bool no_checkpoint, struct trail *trail)
{
    struct board_options options;
    struct board_report report;
    unit_options(w, &options);
    options.no_checkpoint = options.no_checkpoint || no_checkpoint;
    sim_host_init(&twin->host, rng_next(&w->rng), disk);
    twin->host.now_ns = w->host.now_ns + w->host.lag_ns;
    twin->host.wall_offset_ms = w->host.wall_offset_ms;
    twin->board = NULL;
    return board_open(&twin->board, &twin->host.io, &options, &report, trail);
}

static void twin_close(struct twin *twin)
{
    sim_host_finish_jobs(&twin->host);
    board_close(twin->board);
    sim_host_finish_jobs(&twin->host);
    sim_host_deinit(&twin->host);
}

/* The contents that lie outside the log, too. */
static void check_contents(struct world *w, struct board *board, bool damaged)
{
    const uint64_t head = board_head(board);
    for (uint32_t ordinal = 0; ordinal < head && sim_ok(w); ordinal++) {
        struct entry e;
        struct content content;
        struct hash hash;
        if (w->model.records[ordinal].kind != RECORD_FACT) {
            continue;
        }
        CHECK(entry_decode(model_body(&w->model, (uint64_t)ordinal + 1), &e));
        if ((e.flags & ENTRY_STORED) == 0) {
            continue;
        }
        if (!board_content(board, ordinal, &w->text, &content)) {
            if (!damaged) {
                sim_fail(w, "seq %u: its stored content is gone", ordinal + 1);
            }
            continue;
        }
        sha256(content.data.at, content.data.len, &hash);
        if (!hash_eq(&hash, &e.fact.content_hash)) {
            sim_fail(w, "seq %u: its stored content came back changed", ordinal + 1);
        }
    }
}

void check_replay(struct world *w)
{
    struct twin twin;
    struct trail trail = {0};
    struct hash ours, theirs;
    if (w->plan.lies || w->board == NULL) {
        return;
    }
    struct sim_disk *disk = sim_disk_copy(w->host.disk, true);
    const enum err err = twin_open(w, &twin, disk, rng_below(&w->rng, 2) == 0, &trail);
    if (err != ERR_OK) {
        sim_fail(w, "a copy of the disk does not open: %s: %.*s", err_name(err), (int)trail.len,
                 trail.text);
    } else {
        const uint64_t head = board_head(twin.board);
        if (head < w->model.durable || head > w->model.count) {
            sim_fail(w, "on the platter are %llu records, %llu are durable, %zu were written",
                     (unsigned long long)head, (unsigned long long)w->model.durable,
                     w->model.count);
        } else {
            check_bodies(w, twin.board, head, false);
            check_contents(w, twin.board, false);
        }
        if (sim_ok(w) && head == board_head(w->board)) {
            board_digest(w->board, &ours);
            board_digest(twin.board, &theirs);
            if (!hash_eq(&ours, &theirs)) {
                sim_fail(w, "the replay of %llu records leads to another state",
                         (unsigned long long)head);
            }
        }
    }
    twin_close(&twin);
}

/* -- flipped bits --------------------------------------------------------------------------- */

/* How much a damaged last group may take with it. */
static uint64_t least_head(const struct model *m)
{
    uint64_t least = 0;
    for (size_t i = 0; i < m->ends_count; i++) {
        if (m->ends[i] < m->durable) {
            least = m->ends[i];
        }
    }
    return least;
}

void check_flip(struct world *w)
{
    struct twin twin;
    struct trail trail = {0};
    const char *name = NULL;
    size_t offset = 0;
    if (w->plan.lies || w->board == NULL) {
        return;
    }
    struct sim_disk *disk = sim_disk_copy(w->host.disk, true);
    if (!sim_disk_flip(disk, &w->rng, &name, &offset)) {
        sim_disk_free(disk);
        return;
    }
    w->report->flips++;
    const enum err err = twin_open(w, &twin, disk, rng_below(&w->rng, 2) == 0, &trail);
    if (err == ERR_OK) {
        const uint64_t head = board_head(twin.board);
        const uint64_t least = least_head(&w->model);
        if (head < least || head > w->model.count) {
            sim_fail(w, "a flipped bit (%s, byte %zu) left %llu of %llu records and no complaint",
                     name, offset, (unsigned long long)head, (unsigned long long)w->model.durable);
        } else {
            check_bodies(w, twin.board, head, true);
            check_contents(w, twin.board, true);
        }
        if (!sim_ok(w)) {
            sim_say(w, "after a flipped bit in %s, byte %zu", name, offset);
        }
    } else if (err != ERR_CORRUPT && err != ERR_FORMAT) {
        sim_fail(w, "a flipped bit (%s, byte %zu) is called %s: %.*s", name, offset, err_name(err),
                 (int)trail.len, trail.text);
    }
    twin_close(&twin);
}

/* -- the past ---------------------------------------------------------------------------------- */

void check_past_keep(struct world *w)
{
    if (w->plan.lies || w->board == NULL || w->model.count == 0 ||
        board_durable(w->board) != board_head(w->board)) {
        return;
    }
    w->past.disk = sim_disk_copy(w->host.disk, true);
    w->past.seq = board_head(w->board);
}

/* Cuts ,"key":value out of a rendering; values here hold no commas or braces. */
static void strip(struct buf *text, const char *key)
{
    struct buf mark = {0};
    buf_printf(&mark, ",\"%s\":", key);
    size_t at;
    while ((at = str_find_str(buf_str(text), buf_str(&mark))) < text->len) {
        size_t end = at + mark.len;
        while (end < text->len && text->at[end] != ',' && text->at[end] != '}') {
            end++;
        }
        memmove(text->at + at, text->at + end, text->len - end);
        text->len -= end - at;
    }
    buf_deinit(&mark);
}

void sim_strip_present(struct buf *text)
{
    strip(text, "expires_at_ms");
    strip(text, "expires_in_ms");
    strip(text, "waits_for");
    strip(text, "expired");
}

static void compare_renderings(struct world *w, struct board *then, uint64_t seq)
{
    for (uint32_t ordinal = 0; ordinal < seq && sim_ok(w); ordinal++) {
        if (w->model.records[ordinal].kind == RECORD_FACT && rng_below(&w->rng, 4) != 0) {
            continue;
        }
        if (!sim_render(w, then, ordinal, 0, &w->text) ||
            !sim_render(w, w->board, ordinal, seq, &w->text2)) {
            sim_fail(w, "seq %u cannot be rendered as of %llu", ordinal + 1,
                     (unsigned long long)seq);
            return;
        }
        sim_strip_present(&w->text);
        sim_strip_present(&w->text2);
        if (!str_eq(buf_str(&w->text), buf_str(&w->text2))) {
            sim_say(w, "then: %s", buf_cstr(&w->text));
            sim_say(w, "as of: %s", buf_cstr(&w->text2));
            sim_fail(w, "seq %u as of %llu is not what the replay of that prefix shows",
                     ordinal + 1, (unsigned long long)seq);
        }
    }
}

static void compare_statuses(struct world *w, struct board *then, uint64_t seq)
{
    for (int status = STATUS_SUBMITTED; status <= STATUS_REJECTED && sim_ok(w); status++) {
        uint32_t a[64], b[64];
        bool a_more, b_more;
        struct query q = {.status = (enum status)status, .limit = 64, .newest_first = true};
        const size_t a_count = board_query(then, &q, a, &a_more);
        q.as_of = seq;
        const size_t b_count = board_query(w->board, &q, b, &b_more);
        if (a_count != b_count || a_more != b_more || memcmp(a, b, a_count * sizeof *a) != 0) {
            sim_fail(w, "as of %llu, %zu intents are %s; the replay of that prefix has %zu",
                     (unsigned long long)seq, b_count, status_word((enum status)status), a_count);
        }
    }
}

void check_past(struct world *w)
{
    struct twin twin;
    struct trail trail = {0};
    if (w->past.disk == NULL || w->board == NULL || board_head(w->board) <= w->past.seq) {
        return;
    }
    const enum err err = twin_open(w, &twin, w->past.disk, rng_below(&w->rng, 2) == 0, &trail);
    w->past.disk = NULL;
    if (err != ERR_OK || board_head(twin.board) != w->past.seq) {
        sim_fail(w, "the replica of seq %llu does not open: %s: %.*s",
                 (unsigned long long)w->past.seq, err_name(err), (int)trail.len, trail.text);
    } else {
        compare_renderings(w, twin.board, w->past.seq);
        compare_statuses(w, twin.board, w->past.seq);
    }
    twin_close(&twin);
}
