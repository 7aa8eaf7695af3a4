/* commit.c - batches, and the job that carries one to the disk.
 *
 * Two batches take turns: one collects, the other is in flight. A batch mostly
 * holds a single group; it holds more when a group did not fit into its segment.
 *
 *     log_append -> open group --group_close--> closed --log_flush--> in flight
 *                                                        --commit_done--> durable
 *
 * 1. One commit is in flight at a time, and within it each group is written with
 *    one write and synced before the next one is touched. So when a crash tears a
 *    group, nothing valid follows it; a bad group before a good one is corruption.
 * 2. Blobs of the batch are on the disk before its first group.
 * 3. The job touches `struct commit` and its batch, nothing else of the log; the
 *    unit meanwhile only reads the batch (log_read of what is not durable yet).
 * 4. A segment's header is on the disk before the segment has its number, so that
 *    a header that cannot be read is never the trace of a crash in here.
 * 5. The first error is the last thing a commit does.
 */
#include "base/check.h"
#include "base/mem.h"
#include "codec/crc32c.h"
#include "log/log_internal.h"

static void trim(struct buf *buf)
{
    if (buf->cap > BUFFER_KEEP_BYTES) {
        buf_deinit(buf);
    }
    buf_clear(buf);
}

void batch_clear(struct batch *batch)
{
    trim(&batch->bytes);
    trim(&batch->blob_bytes);
    batch->groups_count = 0;
    batch->blobs_count = 0;
}

void batch_deinit(struct batch *batch)
{
    buf_deinit(&batch->bytes);
    buf_deinit(&batch->blob_bytes);
    mem_free(batch->groups);
    mem_free(batch->blobs);
    *batch = (struct batch){0};
}

const uint8_t *batch_find(const struct batch *batch, uint64_t position, size_t *out_room)
{
    if (batch->groups_count == 0 || position < batch->groups[0].position) {
        return NULL;
    }
    for (size_t i = batch->groups_count; i-- > 0;) {
        const struct group *group = &batch->groups[i];
        if (position < group->position) {
            continue;
        }
        const uint64_t from = position - group->position;
        if (from < GROUP_HEADER_BYTES || from >= group->bytes) {
            return NULL;
        }
        *out_room = group->bytes - (size_t)from;
        return batch->bytes.at + group->at + from;
    }
    return NULL;
}

void group_close(struct log *log)
{
    if (!log->group_open) {
        return;
    }
    struct batch *batch = log->open;
    CHECK(batch->groups_count > 0);
    struct group *group = &batch->groups[batch->groups_count - 1];
    CHECK(group->at + group->bytes == batch->bytes.len);
    CHECK(group->first_seq + group->count == log->head + 1);
    uint8_t *bytes = batch->bytes.at + group->at;
    merkle_range_root(&log->tree.range, &group->root);
    const uint32_t body_bytes = group->bytes - GROUP_HEADER_BYTES;
    const struct group_header header = {
        .position = group->position,
        .first_seq = group->first_seq,
        .body_bytes = body_bytes,
        .frames_crc = crc32c(0, bytes + GROUP_HEADER_BYTES, body_bytes),
        .count = group->count,
        .root = group->root,
    };
    group_header_encode(&log->who, &header, bytes);
    log->group_open = false;
}

static enum err sync_file(struct commit *commit, struct io_file *file)
{
    if (commit->skip_sync) {
        return ERR_OK;
    }
    commit->syncs++;
    return commit->io->sync(commit->io->host, file);
}

static void leave_segment(struct commit *commit)
{
    if (commit->file != NULL) {
        commit->io->close(commit->io->host, commit->file);
        commit->file = NULL;
    }
}

/* Writes the header into a zeroed file and gives the file its number. */
static enum err begin_segment(struct commit *commit, const struct group *group)
{
    const struct io *io = commit->io;
    const struct segment_header header = {
        .number = place_segment(group->position),
        .bytes = group->segment_bytes,
        .first_seq = group->first_seq,
        .format = LOG_FORMAT,
    };
    const char *from = SPARE_NAME;
    enum err err = ERR_OK;
    leave_segment(commit);
    if (commit->spare_ready && commit->spare_bytes == header.bytes) {
        commit->spare_ready = false;
        commit->spare_used = true;
    } else {
        from = SPARE_TEMP;
        err = spare_make(io, from, header.bytes, commit->skip_sync);
    }
    struct io_file *file = NULL;
    if (err == ERR_OK) {
        err = io->open(io->host, from, IO_WRITE, &file);
    }
    if (err != ERR_OK) {
        return err;
    }
    uint8_t bytes[SEGMENT_HEADER_BYTES];
    segment_header_encode(&commit->who, &header, bytes);
    err = io->write(io->host, file, 0, bytes, sizeof bytes);
    if (err == ERR_OK) {
        err = sync_file(commit, file);
    }
    io->close(io->host, file);
    if (err != ERR_OK) {
        return err;
    }
    char name[NAME_BYTES_MAX];
    segment_name(name, header.number);
    return io->rename(io->host, from, name);
}

static enum err write_group(struct commit *commit, const struct group *group)
{
    const struct io *io = commit->io;
    const uint32_t number = place_segment(group->position);
    enum err err = ERR_OK;
    if (group->segment_bytes != 0) {
        err = begin_segment(commit, group);
    }
    if (err == ERR_OK && commit->file == NULL) {
        char name[NAME_BYTES_MAX];
        segment_name(name, number);
        err = io->open(io->host, name, IO_WRITE, &commit->file);
        commit->file_segment = number;
    }
    if (err != ERR_OK) {
        return err;
    }
    CHECK(commit->file_segment == number);
    err = io->write(io->host, commit->file, place_offset(group->position),
                    commit->batch->bytes.at + group->at, group->bytes);
    return err == ERR_OK ? sync_file(commit, commit->file) : err;
}

enum err commit_write(struct commit *commit)
{
    const struct batch *batch = commit->batch;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < batch->blobs_count; i++) {
        err = blob_write(commit, &batch->blobs[i]);
    }
    for (size_t i = 0; err == ERR_OK && i < batch->groups_count; i++) {
        err = write_group(commit, &batch->groups[i]);
    }
    return err;
}

static enum err commit_run(struct io_job *job)
{
    return commit_write((struct commit *)job);
}

/* What the written batch changes in the log. */
static void take_over(struct log *log, const struct batch *batch)
{
    for (size_t i = 0; i < batch->groups_count; i++) {
        const struct group *group = &batch->groups[i];
        CHECK(group->first_seq == log->durable + 1);
        if (group->segment_bytes != 0) {
            CHECK(place_segment(group->position) == log->segments_count + 1);
            mem_grow(&log->segments, &log->segments_cap, log->segments_count + 1,
                     sizeof *log->segments);
            log->segments[log->segments_count++] = (struct segment){.view = NULL};
            log->spare.refused = false;
        }
        log->durable += group->count;
        log->durable_root = group->root;
        log->counters.groups++;
        log->counters.records += group->count;
        log->counters.bytes += group->bytes;
        if (group->count > log->counters.group_records_max) {
            log->counters.group_records_max = group->count;
        }
    }
}

static void commit_done(struct io_job *job, enum err result)
{
    struct commit *commit = (struct commit *)job;
    struct log *log = commit->log;
    CHECK(log->committing);
    CHECK(commit->batch != log->open);
    log->committing = false;
    if (commit->spare_used) {
        log->spare.ready = false;
    }
    log->counters.syncs = commit->syncs;
    log->counters.sync_ns += log->io->mono_ns(log->io->host) - log->commit_began_ns;
    if (result != ERR_OK) {
        log->failed = result;
        if (log->options.on_failed != NULL) {
            log->options.on_failed(log->options.context, result);
        }
        return;
    }
    take_over(log, commit->batch);
    batch_clear(commit->batch);
    CHECK(log->durable <= log->head);
    spare_consider(log);
    if (log->options.on_durable != NULL) {
        log->options.on_durable(log->options.context);
    }
}

void commit_init(struct log *log)
{
    log->commit = (struct commit){
        .job = {.run = commit_run, .done = commit_done},
        .log = log,
        .io = log->io,
        .who = log->who,
        .skip_sync = log->options.skip_sync,
    };
    log->open = &log->batches[0];
}

/* Must the open batch wait until the spare is made? */
static bool must_wait(const struct log *log)
{
    if (!log->spare.running) {
        return false;
    }
    const struct batch *batch = log->open;
    for (size_t i = 0; i < batch->groups_count; i++) {
        if (batch->groups[i].segment_bytes != 0) {
            return true;
        }
    }
    return false;
}

void log_flush(struct log *log)
{
    struct batch *batch = log->open;
    if (log->failed != ERR_OK || log->committing || log->options.read_only) {
        return;
    }
    if (batch->groups_count == 0 && batch->blobs_count == 0) {
        spare_consider(log);
        return;
    }
    if (must_wait(log)) {
        log->flush_wanted = true;
        return;
    }
    group_close(log);
    log->open = batch == &log->batches[0] ? &log->batches[1] : &log->batches[0];
    CHECK(log->open->groups_count == 0);
    CHECK(log->open->blobs_count == 0);
    log->commit.batch = batch;
    log->commit.spare_ready = log->spare.ready;
    log->commit.spare_used = false;
    log->commit.spare_bytes = log->spare.bytes;
    log->committing = true;
    log->commit_began_ns = log->io->mono_ns(log->io->host);
    log->io->start(log->io->host, &log->commit.job);
}
