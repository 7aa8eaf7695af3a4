/* board.c - opening, closing and asking the board; see board_internal.h for the model.
 *
 * The walk of one write: an operation checks its arguments and the state (submit.c,
 * claim.c, agents.c), composes an entry, entry_emit encodes it, gives it a row (rows.c)
 * and folds it (fold.c, intent.c); board_commit appends the bodies to the log; board_flush
 * starts the group commit; on_durable tells the gateway, which lets the answer go.
 *
 * Invariants
 *  1. State is a function of the records: open with or without a checkpoint gives the
 *     same board_digest.
 *  2. Nothing is answered before its record is durable: hold_seq.
 *  3. A claim is alive under exactly one epoch, and epochs of an intent only rise.
 */
#include "board/board_internal.h"
#include "codec/bytes.h"

#define COUNTED_MAX 65000u

static void forward_durable(void *context)
{
    struct board *b = context;
    if (b->options.on_durable != NULL) {
        b->options.on_durable(b->options.context);
    }
}

static void forward_failed(void *context, enum err err)
{
    struct board *b = context;
    if (b->options.on_failed != NULL) {
        b->options.on_failed(b->options.context, err);
    }
}

static enum err replay_one(void *context, uint64_t seq, struct log_place place, struct str body)
{
    struct board *b = context;
    struct entry e;
    if (seq <= b->rows_count) {
        return ERR_OK; /* the checkpoint has it */
    }
    CHECK(seq == b->rows_count + 1);
    if (!entry_decode(body, &e)) {
        return ERR_CORRUPT;
    }
    uint32_t ordinal = row_add(b, &e, place.position);
    fold(b, &e, ordinal);
    return ERR_OK;
}

/* out_owner: the log that the checkpoint in use belongs to, empty without one. */
static enum err open_log(struct board *b, struct board_report *report, char out_owner[33],
                         struct trail *trail)
{
    struct log_options options = {
        .segment_bytes_first = b->options.segment_bytes_first,
        .segment_bytes_max = b->options.segment_bytes_max,
        .read_only = b->options.read_only,
        .skip_sync = b->options.skip_sync,
        .on_durable = forward_durable,
        .on_failed = forward_failed,
        .context = b,
    };
    struct snapshot_reader reader;
    struct log_resume resume = {0};
    bool resumed = checkpoint_load(b, &reader, &resume);
    report->from_checkpoint = resume.seq;
    out_owner[0] = '\0';
    if (resumed) {
        memcpy(out_owner, reader.log_name, sizeof reader.log_name);
    }
    enum err err = log_open(&b->log, b->io, &options, resumed ? &resume : NULL, replay_one, b,
                            &report->log, trail);
    if (resumed) {
        if (err == ERR_OK) {
            log_name(b->log, b->log_name_hex);
            if (strcmp(b->log_name_hex, reader.log_name) != 0) {
                err = trail_err(trail, ERR_CORRUPT, "the checkpoint belongs to another log");
            }
        }
        snapshot_close(&reader);
    }
    return err;
}

struct dict *board_dict(struct board *b, size_t index)
{
    struct dict *all[DICTS_COUNT] = {&b->names, &b->origins, &b->topics, &b->capabilities,
                                     &b->keys};
    CHECK(index < DICTS_COUNT);
    return all[index];
}

static struct board *board_new(const struct io *io, const struct board_options *options)
{
    struct board *b = mem_zalloc(sizeof *b);
    b->io = io;
    b->options = *options;
    b->limits = options->limits;
    /* Records have two bytes for the length of a name and for a number of links. */
    if (b->limits.name_bytes_max > COUNTED_MAX) {
        b->limits.name_bytes_max = COUNTED_MAX;
    }
    if (b->limits.links_max > COUNTED_MAX) {
        b->limits.links_max = COUNTED_MAX;
    }
    b->replaying = true;
    govern_init(b);
    uint64_t seed;
    io->random(io->host, &seed, sizeof seed);
    for (size_t i = 0; i < DICTS_COUNT; i++) {
        board_dict(b, i)->seed = seed;
    }
    return b;
}

/* Log and checkpoint disagree. Of one and the same log, the checkpoint names records that
 * were durable: then the log is damaged. Of another log, or without its format file, it is
 * in the wrong place and says nothing. Looks without changing anything. */
static bool checkpoint_is_foreign(const struct io *io, const struct board_options *options,
                                  const char owner[33])
{
    struct board_options look = *options;
    struct board_report report = {0};
    char none[33];
    char name[33] = "";
    look.read_only = true;
    look.no_checkpoint = true;
    struct board *b = board_new(io, &look);
    if (open_log(b, &report, none, NULL) == ERR_OK) {
        log_name(b->log, name);
    }
    board_close(b);
    return name[0] != '\0' && strcmp(name, owner) != 0;
}

enum err board_open(struct board **out_board, const struct io *io,
                    const struct board_options *options, struct board_report *out_report,
                    struct trail *trail)
{
    struct board_report report = {0};
    char owner[33];
    struct board *b = board_new(io, options);
    enum err err = open_log(b, &report, owner, trail);
    if (err == ERR_CORRUPT && owner[0] != '\0' && checkpoint_is_foreign(io, options, owner)) {
        board_close(b);
        if (trail != NULL) {
            trail_clear(trail);
        }
        report = (struct board_report){0};
        b = board_new(io, options);
        b->options.no_checkpoint = true;
        err = open_log(b, &report, owner, trail);
        b->options.no_checkpoint = options->no_checkpoint;
    }
    if (err == ERR_OK && !govern_resume(b)) {
        err = trail_err(trail, ERR_CORRUPT, "the record of a contract is damaged");
    }
    if (err != ERR_OK) {
        board_close(b);
        return trail_err(trail, err, "opening the board");
    }
    b->replaying = false;
    agents_restore(b);
    log_name(b->log, b->log_name_hex);
    sha256(b->log_name_hex, 32, &b->log_name);
    intents_resume(b);
    if (out_report != NULL) {
        *out_report = report;
    }
    *out_board = b;
    return ERR_OK;
}

void board_close(struct board *b)
{
    if (b == NULL) {
        return;
    }
    CHECK(!b->checkpoint.running);
    log_close(b->log);
    parked_deinit(b);
    agents_deinit(b);
    idem_deinit(b);
    govern_deinit(b);
    lanes_deinit(&b->lanes);
    timers_deinit(&b->timers);
    struct axis *axes[] = {&b->by_kind, &b->by_creator, &b->by_origin, &b->by_topic,
                           &b->by_status};
    for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++) {
        axis_deinit(axes[i]);
    }
    for (size_t i = 0; i < DICTS_COUNT; i++) {
        dict_deinit(board_dict(b, i));
    }
    void *arrays[] = {b->rows,        b->ids.memory,    b->links,     b->validity,
                      b->intents,     b->served,    b->held,        b->opened,      b->dedupe_slot,
                      b->parked_of,   b->fresh,     b->txn.ends,  b->txn.undo};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        mem_free(arrays[i]);
    }
    buf_deinit(&b->txn.bodies);
    buf_deinit(&b->scratch);
    arena_deinit(&b->arena);
    mem_free(b);
}

/* -- asking -------------------------------------------------------------------------------- */

uint32_t board_find(const struct board *b, struct str id)
{
    enum record_kind kind;
    struct hash hash;
    if (!id_parse(id, RECORD_NONE, &kind, &hash)) {
        return ORDINAL_NONE;
    }
    uint32_t ordinal = row_find(b, &hash);
    return ordinal != ORDINAL_NONE && row_kind(&b->rows[ordinal]) == kind ? ordinal
                                                                           : ORDINAL_NONE;
}

uint32_t board_find_hash(const struct board *b, const struct hash *hash)
{
    return row_find(b, hash);
}

enum record_kind board_kind(const struct board *b, uint32_t ordinal)
{
    CHECK(ordinal < b->rows_count);
    return row_kind(&b->rows[ordinal]);
}

uint64_t board_hold_seq(const struct board *b, uint32_t ordinal)
{
    CHECK(ordinal < b->rows_count);
    if (row_kind(&b->rows[ordinal]) == RECORD_INTENT) {
        return b->intents[b->rows[ordinal].aux].last_seq;
    }
    return (uint64_t)ordinal + 1;
}

uint64_t board_version(const struct board *b, uint32_t ordinal)
{
    CHECK(ordinal < b->rows_count);
    const struct row *row = &b->rows[ordinal];
    if (row_kind(row) != RECORD_INTENT) {
        return 1;
    }
    const struct intent *i = &b->intents[row->aux];
    return (uint64_t)i->last_seq << 20 ^ (uint64_t)i->heartbeats << 4 ^ i->waits_for;
}

void board_flush(struct board *b)
{
    if (log_failed(b->log) != ERR_OK) {
        return;
    }
    parked_serve(b);
    checkpoint_maybe(b);
    log_flush(b->log);
}

uint64_t board_head(const struct board *b)
{
    return b->rows_count;
}
uint64_t board_durable(const struct board *b)
{
    return log_durable(b->log);
}
enum err board_failed(const struct board *b)
{
    return log_failed(b->log);
}
bool board_busy(const struct board *b)
{
    return b->checkpoint.running || log_busy(b->log);
}
struct log *board_log(struct board *b)
{
    return b->log;
}
struct log_place board_place(const struct board *b, uint64_t seq)
{
    CHECK(seq >= 1 && seq <= b->rows_count);
    return (struct log_place){b->rows[seq - 1].position};
}
const struct limits *board_limits(const struct board *b)
{
    return &b->limits;
}

static uint64_t index_bytes(const struct board *b)
{
    const struct dict *dicts[] = {&b->names, &b->origins, &b->topics, &b->capabilities, &b->keys};
    uint64_t bytes = b->rows_cap * sizeof *b->rows + b->ids.count * sizeof *b->ids.at +
                     b->links_cap * sizeof *b->links +
                     b->validity_cap * sizeof *b->validity + b->intents_cap * sizeof *b->intents;
    bytes += axis_bytes(&b->by_kind) + axis_bytes(&b->by_creator) + axis_bytes(&b->by_origin) +
             axis_bytes(&b->by_topic) + axis_bytes(&b->by_status);
    for (size_t i = 0; i < sizeof dicts / sizeof dicts[0]; i++) {
        bytes += dict_bytes(dicts[i]);
    }
    return bytes;
}

void board_counts(const struct board *b, struct board_counts *out_counts)
{
    *out_counts = b->counts;
    out_counts->records = b->rows_count;
    out_counts->facts = axis_get(&b->by_kind, RECORD_FACT)->count;
    out_counts->intents = axis_get(&b->by_kind, RECORD_INTENT)->count;
    out_counts->hints = axis_get(&b->by_kind, RECORD_HINT)->count;
    out_counts->events = axis_get(&b->by_kind, RECORD_EVENT)->count;
    for (int status = STATUS_SUBMITTED; status <= STATUS_REJECTED; status++) {
        out_counts->by_status[status] = axis_get(&b->by_status, (uint32_t)status)->count;
    }
    out_counts->agents = 0;
    for (size_t i = 0; i < b->agents_count; i++) {
        out_counts->agents += !b->agents[i].removed;
    }
    out_counts->parked = b->parked_count;
    out_counts->index_bytes = index_bytes(b);
}

/* -- digest ---------------------------------------------------------------------------------- */

static void digest_str(struct sha256 *h, struct str text)
{
    uint8_t len[4];
    put_u32(len, (uint32_t)text.len);
    sha256_add(h, len, sizeof len);
    sha256_add(h, text.at, text.len);
}

static void digest_number(struct sha256 *h, const struct dict *dict, uint32_t number)
{
    digest_str(h, number == NUMBER_NONE ? STR("\xff") : dict_name(dict, number));
}

static void digest_u64(struct sha256 *h, uint64_t value)
{
    uint8_t bytes[8];
    put_u64(bytes, value);
    sha256_add(h, bytes, sizeof bytes);
}

static void digest_intent(const struct board *b, struct sha256 *h, const struct intent *i)
{
    digest_u64(h, (uint64_t)i->ordinal << 32 | (uint64_t)i->status << 16 | i->priority);
    digest_u64(h, (uint64_t)i->waits_for << 32 | i->attempts);
    digest_u64(h, (uint64_t)i->parent << 32 | i->goal);
    digest_u64(h, (uint64_t)i->to_fact << 32 | i->checkpoint);
    digest_u64(h, (uint64_t)i->ended_by << 32 | i->ttl_ms);
    digest_u64(h, (uint64_t)i->last_seq << 32 | i->queued_seq);
    digest_u64(h, i->epoch);
    digest_u64(h, i->max_run_ms);
    digest_u64(h, (uint64_t)i->deadline_ms);
    digest_u64(h, i->lane != SLOT_NONE);
    digest_number(h, &b->names, i->creator);
    digest_number(h, &b->names, i->holder);
    digest_number(h, &b->capabilities, i->capability);
    digest_number(h, &b->keys, i->dedupe);
}

void board_digest(struct board *b, struct hash *out_digest)
{
    struct sha256 h;
    sha256_init(&h);
    digest_u64(&h, b->rows_count);
    digest_u64(&h, b->paused);
    digest_u64(&h, b->lanes.waiting);
    for (size_t i = 0; i < b->rows_count; i++) {
        const struct row *row = &b->rows[i];
        sha256_add(&h, row->id.bytes, sizeof row->id.bytes);
        digest_u64(&h, row->stamp);
        digest_number(&h, &b->names, row->creator);
        digest_number(&h, &b->topics, row->topic);
        if (row_kind(row) == RECORD_FACT) {
            digest_number(&h, &b->origins, row->aux);
        }
        for (uint32_t l = row->cited; l != 0; l = b->links[l - 1].next) {
            digest_u64(&h, (uint64_t)b->links[l - 1].from << 32 | b->links[l - 1].role);
        }
    }
    for (size_t i = 0; i < b->intents_count; i++) {
        digest_intent(b, &h, &b->intents[i]);
        uint32_t creator = b->intents[i].creator;
        digest_u64(&h, creator < b->served_cap ? b->served[creator] : 0);
    }
    for (size_t i = 1; i < b->rulings_count; i++) {
        digest_u64(&h, b->rulings[i].event);
    }
    for (size_t i = 0; i < b->agents_count; i++) {
        const struct agent *agent = &b->agents[i];
        digest_number(&h, &b->names, agent->name);
        digest_u64(&h, (uint64_t)agent->role << 16 | (uint64_t)agent->has_key << 8 |
                           agent->removed);
        digest_u64(&h, (uint64_t)agent->added_ms);
        sha256_add(&h, agent->public_key, sizeof agent->public_key);
        sha256_add(&h, agent->token_hash.bytes, sizeof agent->token_hash.bytes);
        for (uint32_t k = 0; k < agent->capabilities_count; k++) {
            digest_number(&h, &b->capabilities, agent->capabilities[k]);
        }
    }
    sha256_end(&h, out_digest);
}
