/* log.c - opening and closing, appending, reading.
 *
 * Records live in three places, newest first: the batch that collects, the batch
 * in flight, and the mapped segments. A record's place is known when it is appended,
 * because a group's segment and offset are fixed when its first record comes.
 *
 * 1. durable <= head; the records between them are in the two batches.
 * 2. tail_segment, tail_offset is where the next frame goes (behind the open group's
 *    header) or, when no group is open, the next group.
 * 3. A group lies within one segment. One log_append lies within one group.
 * 4. Segments 1 .. segments_count are on the disk; a batch may hold groups for later
 *    ones, whose first group says so with segment_bytes.
 */
#include "log/log.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/bytes.h"
#include "log/log_internal.h"

#define SEGMENT_BYTES_MIN 512u
#define SEGMENT_ROUND     4096u

uint32_t segment_bytes_for(const struct log *log, uint32_t number, uint64_t need)
{
    CHECK(number > 0);
    uint64_t bytes = log->options.segment_bytes_first;
    for (uint32_t i = 1; i < number && bytes < log->options.segment_bytes_max; i++) {
        bytes *= 2;
    }
    if (bytes > log->options.segment_bytes_max) {
        bytes = log->options.segment_bytes_max;
    }
    if (SEGMENT_HEADER_BYTES + need > bytes) {
        bytes = (SEGMENT_HEADER_BYTES + need + SEGMENT_ROUND - 1) / SEGMENT_ROUND * SEGMENT_ROUND;
    }
    CHECK(bytes <= SEGMENT_BYTES_LIMIT);
    return (uint32_t)bytes;
}

enum err segment_map(struct log *log, uint32_t number)
{
    CHECK(number > 0);
    CHECK(number <= log->segments_count);
    struct segment *segment = &log->segments[number - 1];
    if (segment->view != NULL) {
        return ERR_OK;
    }
    const struct io *io = log->io;
    char name[NAME_BYTES_MAX];
    segment_name(name, number);
    struct io_file *file;
    enum err err = io->open(io->host, name, IO_READ, &file);
    if (err != ERR_OK) {
        return err;
    }
    uint64_t size = 0;
    err = io->size(io->host, file, &size);
    if (err == ERR_OK && size >= SEGMENT_HEADER_BYTES && size <= SEGMENT_BYTES_LIMIT) {
        err = io->map(io->host, file, (size_t)size, &segment->view);
        segment->bytes = (uint32_t)size;
        if (err != ERR_OK) {
            segment->view = NULL;
        }
    }
    io->close(io->host, file);
    return err;
}

void segments_close(struct log *log)
{
    for (uint32_t i = 0; i < log->segments_count; i++) {
        struct segment *segment = &log->segments[i];
        if (segment->view != NULL) {
            log->io->unmap(log->io->host, segment->view, segment->bytes);
        }
    }
    mem_free(log->segments);
    log->segments = NULL;
    log->segments_count = 0;
}

struct scan {
    struct log *log;
    uint32_t gap; /* the first number that is missing, 0 = none */
};

static void scan_name(void *context, const char *name)
{
    struct scan *scan = context;
    struct log *log = scan->log;
    const uint32_t number = segment_number(name);
    if (number == 0 || scan->gap != 0) {
        return;
    }
    if (number != log->segments_count + 1) {
        scan->gap = log->segments_count + 1;
        return;
    }
    mem_grow(&log->segments, &log->segments_cap, number, sizeof *log->segments);
    log->segments[log->segments_count++] = (struct segment){.view = NULL};
}

/* Finds the segments and the log's identity. */
static enum err find_files(struct log *log, struct trail *trail)
{
    const struct io *io = log->io;
    const bool read_only = log->options.read_only;
    enum err err = ERR_OK;
    if (!read_only) {
        err = io->make_dir(io->host, "log");
        if (err == ERR_OK) {
            err = io->make_dir(io->host, "blobs");
        }
    }
    struct scan scan = {.log = log};
    if (err == ERR_OK) {
        err = io->list(io->host, "log", scan_name, &scan);
    }
    if (err != ERR_OK) {
        return trail_err(trail, err, "log/: cannot be read or made");
    }
    const bool any = log->segments_count > 0 || scan.gap != 0;
    err = format_open(io, !any && !read_only, &log->who, trail);
    if (err == ERR_NOT_FOUND && any) {
        err = ERR_CORRUPT;
    }
    if (err == ERR_OK && scan.gap != 0) {
        char name[NAME_BYTES_MAX];
        segment_name(name, scan.gap);
        err = trail_err(trail, ERR_CORRUPT, "%s: missing, but there are later segments", name);
    }
    return err;
}

static struct log_options with_defaults(const struct log_options *options)
{
    struct log_options all = {0};
    if (options != NULL) {
        all = *options;
    }
    if (all.segment_bytes_first == 0) {
        all.segment_bytes_first = SEGMENT_BYTES_FIRST;
    }
    if (all.segment_bytes_max == 0) {
        all.segment_bytes_max = SEGMENT_BYTES_MAX;
    }
    if (all.segment_bytes_max < all.segment_bytes_first) {
        all.segment_bytes_max = all.segment_bytes_first;
    }
    CHECK(all.segment_bytes_first >= SEGMENT_BYTES_MIN);
    CHECK(all.segment_bytes_first % FRAME_ALIGN == 0);
    CHECK(all.segment_bytes_max <= SEGMENT_BYTES_LIMIT);
    return all;
}

enum err log_open(struct log **out_log, const struct io *io, const struct log_options *options,
                  const struct log_resume *resume, log_replay *replay, void *context,
                  struct log_report *out_report, struct trail *trail)
{
    static const struct log_resume from_start = {.seq = 0};
    struct log *log = mem_zalloc(sizeof *log);
    struct log_report report = {.records = 0};
    log->io = io;
    log->options = with_defaults(options);
    log->blobs_known = mem_zalloc(BLOB_KNOWN_COUNT * sizeof *log->blobs_known);
    enum err err = find_files(log, trail);
    if (err == ERR_OK) {
        err = recover(log, resume == NULL ? &from_start : resume, replay, context, &report, trail);
    }
    commit_init(log);
    spare_init(log);
    if (err != ERR_OK) {
        log_close(log);
        return err;
    }
    if (out_report != NULL) {
        *out_report = report;
    }
    *out_log = log;
    return ERR_OK;
}

void log_close(struct log *log)
{
    if (log == NULL) {
        return;
    }
    CHECK(!log_busy(log));
    if (log->commit.file != NULL) {
        log->io->close(log->io->host, log->commit.file);
    }
    segments_close(log);
    batch_deinit(&log->batches[0]);
    batch_deinit(&log->batches[1]);
    tree_deinit(&log->tree);
    mem_free(log->blobs_known);
    mem_free(log);
}

/* The group that takes `bytes` of frames more: the open one or a new one. */
static struct group *group_for(struct log *log, uint64_t bytes)
{
    struct batch *batch = log->open;
    if (log->group_open && log->tail_offset + bytes <= log->tail_bytes) {
        return &batch->groups[batch->groups_count - 1];
    }
    group_close(log);
    const uint64_t need = GROUP_HEADER_BYTES + bytes;
    uint32_t segment_bytes = 0;
    if (log->tail_offset + need > log->tail_bytes) {
        log->tail_segment++;
        segment_bytes = segment_bytes_for(log, log->tail_segment, need);
        log->tail_bytes = segment_bytes;
        log->tail_offset = SEGMENT_HEADER_BYTES;
    }
    mem_grow(&batch->groups, &batch->groups_cap, batch->groups_count + 1, sizeof *batch->groups);
    struct group *group = &batch->groups[batch->groups_count++];
    *group = (struct group){
        .position = place_of(log->tail_segment, log->tail_offset),
        .at = batch->bytes.len,
        .bytes = GROUP_HEADER_BYTES,
        .first_seq = log->head + 1,
        .segment_bytes = segment_bytes,
    };
    const uint8_t *header = buf_reserve(&batch->bytes, GROUP_HEADER_BYTES);
    CHECK(header != NULL);
    batch->bytes.len += GROUP_HEADER_BYTES;
    log->tail_offset += GROUP_HEADER_BYTES;
    log->group_open = true;
    return group;
}

uint64_t log_append(struct log *log, const struct str *bodies, size_t count,
                    struct log_place *out_places)
{
    CHECK(log->failed == ERR_OK);
    CHECK(!log->options.read_only);
    CHECK(count > 0);
    CHECK(count <= APPEND_COUNT_MAX);
    uint64_t content = 0;
    uint64_t frames = 0;
    for (size_t i = 0; i < count; i++) {
        CHECK(bodies[i].len <= LOG_BODY_BYTES_MAX);
        content += bodies[i].len;
        frames += frame_bytes(bodies[i].len);
    }
    CHECK(content <= LOG_APPEND_BYTES_MAX);
    struct group *group = group_for(log, frames);
    struct buf *bytes = &log->open->bytes;
    CHECK(group->at + group->bytes == bytes->len);
    uint8_t *at = buf_reserve(bytes, frames);
    CHECK(at != NULL);
    for (size_t i = 0; i < count; i++) {
        const uint64_t position = place_of(log->tail_segment, log->tail_offset);
        const size_t len = frame_encode(position, bodies[i], at);
        tree_add(&log->tree, bodies[i]);
        out_places[i].position = position;
        at += len;
        log->tail_offset += (uint32_t)len;
    }
    bytes->len += frames;
    group->bytes += (uint32_t)frames;
    group->count += (uint32_t)count;
    CHECK(log->tail_offset <= log->tail_bytes);
    const uint64_t first = log->head + 1;
    log->head += count;
    log->head_group = group->position;
    CHECK(log->head == log->tree.range.size);
    return first;
}

/* The frame at `position` and how many bytes there are from it; NULL: no such place. */
static const uint8_t *frame_at(struct log *log, uint64_t position, size_t *out_room)
{
    size_t room = 0;
    const uint8_t *bytes = NULL;
    if (log->batches[0].groups_count > 0) {
        bytes = batch_find(&log->batches[0], position, &room);
    }
    if (bytes == NULL && log->batches[1].groups_count > 0) {
        bytes = batch_find(&log->batches[1], position, &room);
    }
    if (bytes == NULL) {
        const uint32_t number = place_segment(position);
        const uint32_t offset = place_offset(position);
        if (number == 0 || number > log->segments_count) {
            return NULL;
        }
        const struct segment *segment = &log->segments[number - 1];
        if (segment->view == NULL && segment_map(log, number) != ERR_OK) {
            return NULL;
        }
        if (segment->view == NULL || offset < SEGMENT_HEADER_BYTES || offset % FRAME_ALIGN != 0 ||
            offset >= segment->bytes) {
            return NULL;
        }
        bytes = segment->view + offset;
        room = segment->bytes - offset;
    }
    *out_room = room;
    return bytes;
}

bool log_read(struct log *log, struct log_place place, struct str *out_body)
{
    size_t room;
    const uint8_t *bytes = frame_at(log, place.position, &room);
    return bytes != NULL && frame_decode(place.position, bytes, room, out_body);
}

bool log_peek(struct log *log, struct log_place place, struct str *out_body)
{
    size_t room;
    const uint8_t *bytes = frame_at(log, place.position, &room);
    return bytes != NULL && frame_peek(bytes, room, out_body);
}

void log_prefetch(const struct log *log, struct log_place place)
{
    const uint32_t number = place_segment(place.position);
    if (number > 0 && number <= log->segments_count && log->segments[number - 1].view != NULL) {
        const uint8_t *bytes = log->segments[number - 1].view + place_offset(place.position);
        __builtin_prefetch(bytes);
        __builtin_prefetch(bytes + 64);
        __builtin_prefetch(bytes + 128); /* where a short content begins, more often than not */
    }
}

uint64_t log_head(const struct log *log)
{
    return log->head;
}

uint64_t log_durable(const struct log *log)
{
    return log->durable;
}

enum err log_failed(const struct log *log)
{
    return log->failed;
}

bool log_busy(const struct log *log)
{
    return log->committing || log->spare.running;
}

size_t log_waiting_bytes(const struct log *log)
{
    return log->open->bytes.len + log->open->blob_bytes.len;
}

void log_durable_root(const struct log *log, uint64_t *out_size, struct hash *out_root)
{
    *out_size = log->durable;
    *out_root = log->durable_root;
}

void log_checkpoint_state(const struct log *log, struct log_resume *out_resume)
{
    *out_resume = (struct log_resume){
        .seq = log->head,
        .group = {log->head_group},
        .range = log->tree.range,
        .tree_nodes = log->tree.nodes,
        .tree_nodes_count = log->tree.count,
    };
}

void log_name(const struct log *log, char out_hex[33])
{
    hex_encode(log->who.id, ID_BYTES, out_hex);
    out_hex[2 * ID_BYTES] = '\0';
}

void log_counters(const struct log *log, struct log_counters *out_counters)
{
    *out_counters = log->counters;
    out_counters->segments = log->segments_count;
}
