/* checkpoint.c - the whole state in one file, so that a start need not replay the log.
 *
 * A checkpoint is a cache: if it is missing, damaged, of another build or of another log,
 * the log is replayed from its beginning. It holds rows, links and intents as they lie in
 * memory (META says which layout that is) and the names; axis sets, lanes and tables are
 * made again from them.
 *
 *   due --start_snapshot--> checkpoint.new --(its seq is durable)--> checkpoint
 *
 * The state may run ahead of the disk while it is written, therefore the second step: a
 * checkpoint never names a record that the log could still lose.
 */
#include "board/board_internal.h"

#define CHECKPOINT_NAME "checkpoint"
#define CHECKPOINT_NEW "checkpoint.new"
#define CHECKPOINT_LAYOUT 4u

enum section {
    SECTION_META = 1,
    SECTION_ROWS,
    SECTION_IDS,
    SECTION_LINKS,
    SECTION_VALIDITY,
    SECTION_INTENTS,
    SECTION_SERVED,
    SECTION_AGENTS,
    SECTION_CAPABILITIES_OF_AGENTS,
    SECTION_IDEMPOTENCY,
    SECTION_RULINGS,
    SECTION_TREE,
    SECTION_NAMES, /* and the four that follow */
};

struct meta {
    uint32_t layout;
    uint32_t row_bytes, intent_bytes, agent_bytes;
    uint64_t rows, links, validity, intents, agents;
    uint64_t seq;
    uint64_t group;
    struct merkle_range range;
    int64_t last_at_ms;
    uint64_t paused;
    struct board_counts counts;
};

static void write_dict(struct snapshot_writer *w, uint32_t tag, const struct dict *dict)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < dict->count; i++) {
        bytes += sizeof(uint32_t) + dict_name(dict, i).len;
    }
    snapshot_section_begin(w, tag, bytes);
    for (uint32_t i = 0; i < dict->count; i++) {
        struct str name = dict_name(dict, i);
        uint32_t len = (uint32_t)name.len;
        snapshot_section_add(w, &len, sizeof len);
        snapshot_section_add(w, name.at, name.len);
    }
    snapshot_section_end(w);
}

static void write_agents(struct board *b, struct snapshot_writer *w)
{
    uint64_t numbers = 0;
    snapshot_section_begin(w, SECTION_AGENTS, b->agents_count * sizeof *b->agents);
    for (size_t i = 0; i < b->agents_count; i++) {
        /* Field by field, without the address and what lies between: the file is a
         * function of the records. */
        const struct agent *agent = &b->agents[i];
        struct agent bare;
        memset(&bare, 0, sizeof bare);
        bare.name = agent->name;
        bare.role = agent->role;
        bare.removed = agent->removed;
        bare.has_key = agent->has_key;
        memcpy(bare.public_key, agent->public_key, sizeof bare.public_key);
        bare.token_hash = agent->token_hash;
        bare.capabilities_count = agent->capabilities_count;
        bare.added_ms = agent->added_ms;
        numbers += agent->capabilities_count;
        snapshot_section_add(w, &bare, sizeof bare);
    }
    snapshot_section_end(w);
    snapshot_section_begin(w, SECTION_CAPABILITIES_OF_AGENTS, numbers * sizeof(uint32_t));
    for (size_t i = 0; i < b->agents_count; i++) {
        snapshot_section_add(w, b->agents[i].capabilities,
                             b->agents[i].capabilities_count * sizeof(uint32_t));
    }
    snapshot_section_end(w);
}

static void write_idempotency(struct board *b, struct snapshot_writer *w)
{
    snapshot_section_begin(w, SECTION_IDEMPOTENCY, b->idem.queue_count * sizeof *b->idem.queue);
    for (size_t i = 0; i < b->idem.queue_count; i++) {
        snapshot_section_add(w, &b->idem.queue[(b->idem.queue_head + i) % b->idem.queue_cap],
                             sizeof *b->idem.queue);
    }
    snapshot_section_end(w);
}

static void write_rulings(struct board *b, struct snapshot_writer *w)
{
    snapshot_section_begin(w, SECTION_RULINGS, (b->rulings_count - 1) * sizeof(uint32_t));
    for (size_t i = 1; i < b->rulings_count; i++) {
        snapshot_section_add(w, &b->rulings[i].event, sizeof(uint32_t));
    }
    snapshot_section_end(w);
}

static enum err checkpoint_write(struct board *b)
{
    struct snapshot_writer w;
    struct log_resume resume;
    struct meta meta;
    log_checkpoint_state(b->log, &resume);
    CHECK(resume.seq == b->rows_count);
    memset(&meta, 0, sizeof meta);
    meta.layout = CHECKPOINT_LAYOUT;
    meta.row_bytes = sizeof(struct row);
    meta.intent_bytes = sizeof(struct intent);
    meta.agent_bytes = sizeof(struct agent);
    meta.rows = b->rows_count;
    meta.links = b->links_count;
    meta.validity = b->validity_count;
    meta.intents = b->intents_count;
    meta.agents = b->agents_count;
    meta.seq = resume.seq;
    meta.group = resume.group.position;
    meta.range = resume.range;
    meta.last_at_ms = b->last_at_ms;
    meta.paused = b->paused;
    meta.counts = b->counts;
    snapshot_begin(&w, b->io, CHECKPOINT_NEW, resume.seq, b->log_name_hex);
    snapshot_section(&w, SECTION_META, &meta, sizeof meta);
    snapshot_section(&w, SECTION_ROWS, b->rows, b->rows_count * sizeof *b->rows);
    snapshot_section(&w, SECTION_IDS, b->ids.at, b->ids.count * sizeof *b->ids.at);
    snapshot_section(&w, SECTION_LINKS, b->links, b->links_count * sizeof *b->links);
    snapshot_section(&w, SECTION_VALIDITY, b->validity, b->validity_count * sizeof *b->validity);
    snapshot_section(&w, SECTION_INTENTS, b->intents, b->intents_count * sizeof *b->intents);
    snapshot_section(&w, SECTION_SERVED, b->served, b->served_cap * sizeof *b->served);
    write_agents(b, &w);
    write_idempotency(b, &w);
    write_rulings(b, &w);
    snapshot_section(&w, SECTION_TREE, resume.tree_nodes,
                     resume.tree_nodes_count * sizeof *resume.tree_nodes);
    for (size_t i = 0; i < DICTS_COUNT; i++) {
        write_dict(&w, SECTION_NAMES + (uint32_t)i, board_dict(b, i));
    }
    return snapshot_finish(&w);
}

static enum err checkpoint_run(struct io_job *job)
{
    struct checkpoint_job *own = (struct checkpoint_job *)job;
    return checkpoint_write(own->board);
}

static void checkpoint_publish(struct board *b)
{
    if (b->checkpoint.written && log_durable(b->log) >= b->checkpoint.seq) {
        b->checkpoint.written = false;
        /* A failed rename leaves the older checkpoint, which is as good. */
        (void)b->io->rename(b->io->host, CHECKPOINT_NEW, CHECKPOINT_NAME);
    }
}

static void checkpoint_done(struct io_job *job, enum err result)
{
    struct checkpoint_job *own = (struct checkpoint_job *)job;
    own->running = false;
    own->written = result == ERR_OK;
    checkpoint_publish(own->board);
}

void checkpoint_maybe(struct board *b)
{
    struct log_counters counters;
    uint64_t every = b->options.checkpoint_every_bytes;
    checkpoint_publish(b);
    if (b->options.no_checkpoint || b->options.read_only || b->checkpoint.running ||
        b->checkpoint.written) {
        return;
    }
    log_counters(b->log, &counters);
    if (counters.bytes - b->checkpoint_bytes < (every == 0 ? 64ull << 20 : every)) {
        return;
    }
    b->checkpoint_bytes = counters.bytes;
    b->checkpoint.job = (struct io_job){.run = checkpoint_run, .done = checkpoint_done};
    b->checkpoint.board = b;
    b->checkpoint.seq = b->rows_count;
    b->checkpoint.running = true;
    if (b->io->start_snapshot != NULL) {
        b->io->start_snapshot(b->io->host, &b->checkpoint.job);
    } else {
        checkpoint_done(&b->checkpoint.job, checkpoint_write(b));
    }
}

enum err board_checkpoint_now(struct board *b, struct trail *trail)
{
    CHECK(!b->txn.open && !b->checkpoint.running);
    if (log_durable(b->log) != log_head(b->log) || log_failed(b->log) != ERR_OK) {
        return trail_err(trail, ERR_STOPPED, "writing a checkpoint: the log is not settled");
    }
    enum err err = checkpoint_write(b);
    if (err == ERR_OK) {
        err = b->io->rename(b->io->host, CHECKPOINT_NEW, CHECKPOINT_NAME);
    }
    return err == ERR_OK ? ERR_OK : trail_err(trail, err, "writing a checkpoint");
}

/* -- loading -------------------------------------------------------------------------------- */

static bool load_array(const struct snapshot_reader *r, uint32_t tag, uint64_t count,
                       size_t item_bytes, void *items, size_t *out_count, size_t *out_cap)
{
    struct str bytes;
    void *copy;
    if (!snapshot_get(r, tag, &bytes) || bytes.len != count * item_bytes) {
        return false;
    }
    copy = mem_alloc(bytes.len + 1);
    if (r->io->hot != NULL) {
        r->io->hot(r->io->host, copy, bytes.len);
    }
    if (bytes.len > 0) {
        memcpy(copy, bytes.at, bytes.len);
    }
    memcpy(items, &copy, sizeof copy);
    *out_cap = count;
    if (out_count != NULL) {
        *out_count = count;
    }
    return true;
}

static bool load_dict(const struct snapshot_reader *r, uint32_t tag, struct dict *dict)
{
    struct str bytes;
    if (!snapshot_get(r, tag, &bytes)) {
        return false;
    }
    for (size_t at = 0; at < bytes.len;) {
        uint32_t len;
        if (bytes.len - at < sizeof len) {
            return false;
        }
        memcpy(&len, bytes.at + at, sizeof len);
        at += sizeof len;
        if (bytes.len - at < len) {
            return false;
        }
        (void)dict_intern(dict, str_n(bytes.at + at, len));
        at += len;
    }
    return true;
}

static bool load_agents(struct board *b, const struct snapshot_reader *r, const struct meta *meta)
{
    struct str numbers;
    size_t at = 0;
    if (!load_array(r, SECTION_AGENTS, meta->agents, sizeof *b->agents, &b->agents,
                    &b->agents_count, &b->agents_cap) ||
        !snapshot_get(r, SECTION_CAPABILITIES_OF_AGENTS, &numbers)) {
        return false;
    }
    for (size_t i = 0; i < b->agents_count; i++) {
        struct agent *agent = &b->agents[i];
        size_t bytes = agent->capabilities_count * sizeof(uint32_t);
        agent->capabilities = mem_alloc(bytes + sizeof(uint32_t));
        CHECK(numbers.len - at >= bytes);
        if (bytes > 0) {
            memcpy(agent->capabilities, numbers.at + at, bytes);
        }
        at += bytes;
        ROOM_FOR(b->agent_of, b->agent_of_cap, agent->name);
        b->agent_of[agent->name] = (uint32_t)i + 1;
    }
    return true;
}

static bool load_ids(struct board *b, const struct snapshot_reader *r)
{
    struct str bytes;
    if (!snapshot_get(r, SECTION_IDS, &bytes)) {
        return false;
    }
    uint64_t slots = bytes.len / sizeof *b->ids.at;
    if (slots == 0) {
        return b->rows_count == 0;
    }
    if ((slots & (slots - 1)) != 0 || slots < b->rows_count) {
        return false;
    }
    row_ids_room(b, slots);
    memcpy(b->ids.at, bytes.at, bytes.len);
    b->ids.used = b->rows_count;
    return true;
}

static bool meta_fits(struct board *b, const struct snapshot_reader *r, struct meta *meta)
{
    struct str bytes;
    if (!snapshot_get(r, SECTION_META, &bytes) || bytes.len != sizeof *meta) {
        return false;
    }
    memcpy(meta, bytes.at, sizeof *meta);
    return meta->layout == CHECKPOINT_LAYOUT && meta->row_bytes == sizeof(struct row) &&
           meta->intent_bytes == sizeof(struct intent) &&
           meta->agent_bytes == sizeof(struct agent) && meta->seq == meta->rows &&
           meta->rows <= b->limits.records_max + b->limits.batch_ops_max;
}

static bool load_arrays(struct board *b, const struct snapshot_reader *r, const struct meta *meta)
{
    struct str served;
    if (!snapshot_get(r, SECTION_SERVED, &served)) {
        return false;
    }
    return load_array(r, SECTION_ROWS, meta->rows, sizeof *b->rows, &b->rows, &b->rows_count,
                      &b->rows_cap) &&
           load_array(r, SECTION_LINKS, meta->links, sizeof *b->links, &b->links,
                      &b->links_count, &b->links_cap) &&
           load_array(r, SECTION_VALIDITY, meta->validity, sizeof *b->validity, &b->validity,
                      &b->validity_count, &b->validity_cap) &&
           load_array(r, SECTION_INTENTS, meta->intents, sizeof *b->intents, &b->intents,
                      &b->intents_count, &b->intents_cap) &&
           load_array(r, SECTION_SERVED, served.len / sizeof *b->served, sizeof *b->served,
                      &b->served, NULL, &b->served_cap) &&
           load_ids(b, r) && load_agents(b, r, meta);
}

static bool load_idempotency(struct board *b, const struct snapshot_reader *r)
{
    struct str bytes;
    if (!snapshot_get(r, SECTION_IDEMPOTENCY, &bytes)) {
        return false;
    }
    for (size_t at = 0; at + sizeof(struct idem_slot) <= bytes.len;
         at += sizeof(struct idem_slot)) {
        struct idem_slot slot;
        memcpy(&slot, bytes.at + at, sizeof slot);
        idem_restore(b, slot.tag, slot.ordinal);
    }
    return true;
}

static bool load_rulings(struct board *b, const struct snapshot_reader *r)
{
    struct str bytes;
    if (!snapshot_get(r, SECTION_RULINGS, &bytes)) {
        return false;
    }
    for (size_t at = 0; at + sizeof(uint32_t) <= bytes.len; at += sizeof(uint32_t)) {
        uint32_t event;
        memcpy(&event, bytes.at + at, sizeof event);
        govern_restore(b, event);
    }
    return true;
}

bool checkpoint_load(struct board *b, struct snapshot_reader *r, struct log_resume *out_resume)
{
    struct meta meta;
    struct str tree;
    if (b->options.no_checkpoint || snapshot_open(r, b->io, CHECKPOINT_NAME) != ERR_OK) {
        return false;
    }
    /* Every section passed its checksum in snapshot_open; what can still be wrong is a
     * file of another build, which META tells before anything is touched. */
    if (!meta_fits(b, r, &meta) || !snapshot_get(r, SECTION_TREE, &tree)) {
        snapshot_close(r);
        return false;
    }
    CHECK(load_arrays(b, r, &meta));
    for (size_t i = 0; i < DICTS_COUNT; i++) {
        CHECK(load_dict(r, SECTION_NAMES + (uint32_t)i, board_dict(b, i)));
    }
    for (uint32_t i = 0; i < b->rows_count; i++) {
        row_index(b, i);
    }
    intents_restore(b);
    CHECK(load_rulings(b, r));
    CHECK(load_idempotency(b, r));
    b->last_at_ms = meta.last_at_ms;
    b->paused = meta.paused != 0;
    b->counts = meta.counts;
    *out_resume = (struct log_resume){
        .seq = meta.seq,
        .group = {meta.group},
        .range = meta.range,
        .tree_nodes = (const struct hash *)tree.at,
        .tree_nodes_count = tree.len / sizeof(struct hash),
    };
    return true;
}
