/* sim_check.c - the board against the model, and against itself.
 *
 *   bodies      every record is what was written, byte for byte
 *   renderings  what a record looked like at its own seq never changes
 *   queries     the index gives what looking at every record gives
 *   proofs      roots that were durable stay prefixes; records are included
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "codec/json.h"
#include "host/sim/sim_internal.h"

#define QUERY_MAX 64u

void sim_unreadable(struct world *w, uint64_t seq)
{
    w->report->refused = w->host.counts.sync_lies > 0;
    if (!w->report->refused) {
        sim_fail(w, "seq %llu cannot be read", (unsigned long long)seq);
    }
}

void check_bodies(struct world *w, struct board *board, uint64_t count, bool damaged)
{
    for (uint64_t seq = 1; seq <= count; seq++) {
        struct str body;
        if (!log_read(board_log(board), board_place(board, seq), &body)) {
            if (damaged) {
                continue;
            }
            sim_unreadable(w, seq);
            return;
        }
        if (!str_eq(body, model_body(&w->model, seq))) {
            sim_fail(w, "seq %llu came back changed", (unsigned long long)seq);
            return;
        }
    }
}

bool sim_render(struct world *w, struct board *board, uint32_t ordinal, uint64_t as_of,
                struct buf *out)
{
    struct json_writer writer;
    (void)w;
    buf_clear(out);
    jw_init(&writer, out, false);
    return board_render(board, ordinal, as_of, &writer);
}

/* The rendering is JSON and tells the record's own seq and id. */
static void check_json(struct world *w, uint32_t ordinal)
{
    struct json *value;
    struct json_error error;
    char id[ID_TEXT_LEN + 1];
    arena_reset(&w->arena);
    board_id(w->board, ordinal, id);
    if (!json_parse(&w->arena, buf_str(&w->text), NULL, &value, &error)) {
        sim_fail(w, "seq %u renders as bad JSON: %s", ordinal + 1, error.cause);
    } else if (json_get_int(value, "seq", 0) != (int64_t)ordinal + 1 ||
               !str_is(json_get_str(value, "id", STR_NONE), id)) {
        sim_fail(w, "seq %u renders as another record", ordinal + 1);
    }
}

/* The same version, the same rendering: clients keep copies by it. */
static void check_version(struct world *w, uint32_t ordinal)
{
    struct sim_record *record = &w->model.records[ordinal];
    const uint64_t version = board_version(w->board, ordinal);
    const uint64_t hold_seq = board_hold_seq(w->board, ordinal);
    const uint64_t changed_seq =
        record->kind == RECORD_INTENT ? w->model.intents[record->intent].last_seq : 0;
    if (hold_seq > board_head(w->board) || hold_seq <= ordinal || hold_seq < changed_seq) {
        sim_fail(w, "seq %u, last changed by %llu, may be shown after %llu", ordinal + 1,
                 (unsigned long long)changed_seq, (unsigned long long)hold_seq);
    }
    if (!sim_render(w, w->board, ordinal, 0, &w->text)) {
        sim_unreadable(w, (uint64_t)ordinal + 1);
        return;
    }
    sim_strip_present(&w->text);
    const uint64_t looks = sim_fingerprint(w->text.at, w->text.len);
    if (record->looked != 0 && record->looked != looks && record->version == version) {
        sim_fail(w, "seq %u changed and kept its version: %s", ordinal + 1, buf_cstr(&w->text));
    }
    record->looked = looks;
    record->version = version;
}

/* Breadth-first links of one step are each other's inverse. */
static void check_provenance(struct world *w, uint32_t ordinal)
{
    uint32_t made_from[64], makes[64];
    const size_t count = board_provenance(w->board, ordinal, false, 1, made_from, 64);
    for (size_t i = 0; i < count && sim_ok(w); i++) {
        const size_t back = board_provenance(w->board, made_from[i], true, 1, makes, 64);
        bool found = back == 64; /* cut off */
        for (size_t k = 0; k < back; k++) {
            found = found || makes[k] == ordinal;
        }
        if (!found || made_from[i] >= ordinal) {
            sim_fail(w, "seq %u is made from seq %u, which does not know", ordinal + 1,
                     made_from[i] + 1);
        }
    }
}

void check_renderings(struct world *w, unsigned samples)
{
    struct model *m = &w->model;
    for (unsigned i = 0; i < samples && m->count > 1 && sim_ok(w); i++) {
        const uint32_t ordinal = (uint32_t)rng_below(&w->rng, m->count - 1);
        if (!sim_render(w, w->board, ordinal, (uint64_t)ordinal + 1, &w->text)) {
            sim_unreadable(w, (uint64_t)ordinal + 1);
            return;
        }
        const uint64_t shown = sim_fingerprint(w->text.at, w->text.len);
        struct sim_record *record = &m->records[ordinal];
        if (record->shown != 0 && record->shown != shown) {
            sim_fail(w, "seq %u as of its own seq looks different now: %s", ordinal + 1,
                     buf_cstr(&w->text));
            return;
        }
        record->shown = shown;
        check_json(w, ordinal);
        check_version(w, ordinal);
        check_provenance(w, ordinal);
    }
}

/* -- queries ---------------------------------------------------------------------------- */

static void query_text(struct world *w, char out[16], const char *word, unsigned most,
                       struct str *out_text)
{
    const unsigned number = (unsigned)rng_below(&w->rng, most + 2);
    struct buf text = {.at = (uint8_t *)out, .cap = 16};
    buf_add_text(&text, word);
    buf_add_u64(&text, number);
    *out_text = buf_str(&text);
}

static void any_query(struct world *w, char texts[3][16], struct query *q)
{
    struct rng *rng = &w->rng;
    *q = (struct query){.limit = rng_between(rng, 1, QUERY_MAX)};
    q->kind = (enum record_kind)rng_below(rng, RECORD_EVENT + 1);
    if (rng_below(rng, 3) == 0) {
        query_text(w, texts[0], "agent-", w->plan.agents, &q->creator);
    }
    if (rng_below(rng, 3) == 0) {
        query_text(w, texts[1], "topic", w->plan.topics, &q->topic);
    }
    if (rng_below(rng, 4) == 0) {
        q->origin = STR("sim:agents");
    }
    if (rng_below(rng, 3) == 0) {
        q->status = (enum status)rng_between(rng, STATUS_SUBMITTED, STATUS_REJECTED);
        q->kind = rng_below(rng, 2) == 0 ? RECORD_NONE : RECORD_INTENT;
    }
    if (rng_below(rng, 3) == 0) {
        q->as_of = rng_below(rng, w->model.count + 2);
    }
    if (rng_below(rng, 4) == 0) {
        q->after = rng_below(rng, w->model.count + 2);
    }
    if (rng_below(rng, 4) == 0) {
        q->has_valid_at = true;
        q->valid_at_ms = (int64_t)rng_below(rng, 1000000);
    }
    const int64_t now_ms = w->host.io.wall_ms(&w->host);
    if (rng_below(rng, 4) == 0) {
        q->has_since = true;
        q->since_ms = now_ms - (int64_t)rng_below(rng, 60000);
    }
    if (rng_below(rng, 4) == 0) {
        q->has_until = true;
        q->until_ms = now_ms - (int64_t)rng_below(rng, 60000);
    }
    q->newest_first = rng_below(rng, 2) == 0;
}

void check_queries(struct world *w, unsigned samples)
{
    for (unsigned i = 0; i < samples && sim_ok(w); i++) {
        char texts[3][16];
        struct query q;
        uint32_t fast[QUERY_MAX], plain[QUERY_MAX];
        bool fast_more = false, plain_more = false;
        any_query(w, texts, &q);
        const size_t fast_count = board_query(w->board, &q, fast, &fast_more);
        const size_t plain_count = board_query_plain(w->board, &q, plain, &plain_more);
        if (fast_count != plain_count || fast_more != plain_more ||
            memcmp(fast, plain, fast_count * sizeof *fast) != 0) {
            sim_fail(w,
                     "a query (kind %d, status %d, as_of %llu, after %llu) gives %zu by index "
                     "and %zu by scan",
                     (int)q.kind, (int)q.status, (unsigned long long)q.as_of,
                     (unsigned long long)q.after, fast_count, plain_count);
        }
    }
}

/* -- proofs ------------------------------------------------------------------------------- */

static struct log_place locate(void *context, uint64_t seq)
{
    const struct world *w = context;
    return board_place(w->board, seq);
}

static void check_inclusion(struct world *w, const struct sim_root *root)
{
    struct hash proof[MERKLE_DEPTH_MAX];
    struct hash leaf;
    const uint64_t seq = rng_between(&w->rng, 1, root->size);
    const size_t count =
        log_prove_inclusion(board_log(w->board), locate, w, seq, root->size, proof);
    const struct str body = model_body(&w->model, seq);
    merkle_leaf(body.at, body.len, &leaf);
    if (count == SIZE_MAX ||
        !merkle_verify_inclusion(seq - 1, root->size, &leaf, proof, count, &root->root)) {
        sim_fail(w, "seq %llu: its inclusion in the root of %llu cannot be shown",
                 (unsigned long long)seq, (unsigned long long)root->size);
    }
}

static void check_consistency(struct world *w, const struct sim_root *early,
                              const struct sim_root *late)
{
    struct hash proof[2 * MERKLE_DEPTH_MAX];
    const size_t count =
        log_prove_consistency(board_log(w->board), locate, w, early->size, late->size, proof);
    if (count == SIZE_MAX || !merkle_verify_consistency(early->size, late->size, &early->root,
                                                        &late->root, proof, count)) {
        sim_fail(w, "the root of %llu cannot be shown to begin with that of %llu",
                 (unsigned long long)late->size, (unsigned long long)early->size);
    }
}

void check_proofs(struct world *w, unsigned samples)
{
    const struct model *m = &w->model;
    struct hash ours;
    struct sim_root now = {.size = board_head(w->board)};
    if (now.size == 0 || now.size != m->count) {
        return;
    }
    log_root(board_log(w->board), &now.root);
    merkle_range_root(&m->range, &ours);
    if (!hash_eq(&ours, &now.root)) {
        sim_fail(w, "the root of %llu records is not that of the records",
                 (unsigned long long)now.size);
    }
    for (unsigned i = 0; i < samples && m->roots_count > 0 && sim_ok(w); i++) {
        const struct sim_root *a = &m->roots[rng_below(&w->rng, m->roots_count)];
        const struct sim_root *b = &m->roots[rng_below(&w->rng, m->roots_count)];
        check_inclusion(w, a);
        check_consistency(w, a->size < b->size ? a : b, a->size < b->size ? b : a);
        check_consistency(w, a, &now);
    }
}

/* -- everything ------------------------------------------------------------------------------ */

void check_all(struct world *w)
{
    check_bodies(w, w->board, w->model.count, false);
    check_renderings(w, 60);
    check_queries(w, 30);
    check_proofs(w, 10);
    if (sim_ok(w)) {
        check_replay(w);
    }
    if (sim_ok(w)) {
        check_past(w);
    }
    if (sim_ok(w) && w->plan.flips) {
        check_flip(w);
    }
    if (sim_ok(w)) {
        unit_restart(w);
    }
}
