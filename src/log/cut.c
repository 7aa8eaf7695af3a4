/* cut.c - the torn tail, and what has to be written again before the log is served.
 *
 * Where something cannot be read there are two stories. A crash tore the last write:
 * then nobody was told that those records are safe, and they are cut off. Or bytes
 * went bad that had been safe: cutting would silently lose acknowledged records. Each
 * group is synced before the next is begun, and each segment's header before its
 * number is given, so the stories differ in what follows: behind a torn write there
 * is no valid header of a group or a segment.
 *
 * 1. The search looks at every place a group may begin at, in the rest of the segment
 *    and in all later ones, and touches nothing.
 * 2. Any valid header that does not belong to the past means corruption.
 * 3. A cut that is itself interrupted leaves something that is cut the same way.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "log/log_internal.h"

/* Is there a group's header from `from` on, for a record not yet read? */
static bool group_in(const struct recovery *r, uint32_t number, uint32_t from, uint32_t *out_offset)
{
    const struct segment *segment = &r->log->segments[number - 1];
    if (segment->view == NULL) {
        return false;
    }
    for (uint32_t at = from; segment->bytes - at >= GROUP_HEADER_BYTES; at += FRAME_ALIGN) {
        struct group_header header;
        if (group_header_decode(&r->log->who, place_of(number, at), segment->view + at,
                                segment->bytes - at, &header) &&
            header.first_seq >= r->next_seq) {
            *out_offset = at;
            return true;
        }
        if (segment->bytes - at < GROUP_HEADER_BYTES + FRAME_ALIGN) {
            break;
        }
    }
    return false;
}

static bool segment_is_valid(const struct recovery *r, uint32_t number)
{
    const struct segment *segment = &r->log->segments[number - 1];
    struct segment_header header;
    return segment->view != NULL && segment_header_decode(&r->log->who, segment->view, &header);
}

static enum err corrupt(struct recovery *r, const char *what, uint32_t next, uint32_t next_offset)
{
    char name[NAME_BYTES_MAX];
    char next_name[NAME_BYTES_MAX];
    segment_name(name, r->segment);
    segment_name(next_name, next);
    return trail_err(r->trail, ERR_CORRUPT, "%s offset %u: %s, but %s offset %u can be read", name,
                     (unsigned)r->offset, what, next_name, (unsigned)next_offset);
}

/* ERR_CORRUPT when something valid follows. */
static enum err look_onward(struct recovery *r, const char *what)
{
    const bool header_bad = r->offset == 0;
    uint32_t found = 0;
    const uint32_t from = header_bad ? SEGMENT_HEADER_BYTES : r->offset + FRAME_ALIGN;
    const uint32_t bytes = r->log->segments[r->segment - 1].bytes;
    if (from <= bytes && group_in(r, r->segment, from, &found)) {
        return corrupt(r, what, r->segment, found);
    }
    for (uint32_t number = r->segment + 1; number <= r->log->segments_count; number++) {
        const enum err err = segment_map(r->log, number);
        if (err != ERR_OK) {
            return trail_err(r->trail, err, "segment %u cannot be read", (unsigned)number);
        }
        if (segment_is_valid(r, number)) {
            return corrupt(r, what, number, 0);
        }
        if (group_in(r, number, SEGMENT_HEADER_BYTES, &found)) {
            return corrupt(r, what, number, found);
        }
    }
    return ERR_OK;
}

/* Bytes from `from` to the last one that is not zero. */
static uint32_t dirty_bytes(const struct segment *segment, uint32_t from)
{
    uint32_t end = segment->view == NULL ? from : segment->bytes;
    while (end > from && segment->view[end - 1] == 0) {
        end--;
    }
    return end - from;
}

/* Takes away a segment in which nothing can be read. */
static enum err drop_segment(struct recovery *r, uint32_t number)
{
    struct log *log = r->log;
    struct segment *segment = &log->segments[number - 1];
    r->report->torn_bytes += dirty_bytes(segment, 0);
    if (log->options.read_only) {
        return ERR_OK;
    }
    CHECK(number == log->segments_count);
    if (segment->view != NULL) {
        log->io->unmap(log->io->host, segment->view, segment->bytes);
        segment->view = NULL;
    }
    char name[NAME_BYTES_MAX];
    segment_name(name, number);
    const enum err err = log->io->remove(log->io->host, name);
    if (err != ERR_OK) {
        return trail_err(r->trail, err, "%s: cannot be removed", name);
    }
    log->segments_count--;
    return ERR_OK;
}

static enum err zero_tail(struct recovery *r)
{
    struct log *log = r->log;
    const struct io *io = log->io;
    const uint32_t dirty = dirty_bytes(&log->segments[r->segment - 1], r->offset);
    r->report->torn_bytes += dirty;
    if (log->options.read_only) {
        return ERR_OK;
    }
    char name[NAME_BYTES_MAX];
    segment_name(name, r->segment);
    struct io_file *file;
    enum err err = io->open(io->host, name, IO_WRITE, &file);
    if (err == ERR_OK) {
        err = zeros_write(io, file, r->offset, dirty);
        if (err == ERR_OK) {
            err = io->sync(io->host, file);
        }
        io->close(io->host, file);
    }
    return err == ERR_OK ? ERR_OK : trail_err(r->trail, err, "%s: its tail cannot be cut", name);
}

enum err cut_tail(struct recovery *r, const char *what)
{
    struct log *log = r->log;
    CHECK(r->segment <= log->segments_count);
    enum err err = look_onward(r, what);
    if (err == ERR_OK && r->next_seq <= r->resume->seq) {
        err = trail_err(
            r->trail, ERR_CORRUPT, "segment %u offset %u: %s, but a checkpoint knows record %llu",
            (unsigned)r->segment, (unsigned)r->offset, what, (unsigned long long)r->resume->seq);
    }
    if (err != ERR_OK) {
        return err;
    }
    /* From the last one down, so that an interrupted cut leaves no gap in the numbers. */
    const uint32_t keep = r->offset == 0 ? r->segment - 1 : r->segment;
    for (uint32_t number = log->segments_count; err == ERR_OK && number > keep; number--) {
        err = drop_segment(r, number);
    }
    return err == ERR_OK && r->offset != 0 ? zero_tail(r) : err;
}

static enum err rewrite_group(struct recovery *r)
{
    const struct io *io = r->log->io;
    const struct segment *segment = &r->log->segments[place_segment(r->group) - 1];
    char name[NAME_BYTES_MAX];
    segment_name(name, place_segment(r->group));
    struct io_file *file;
    enum err err = io->open(io->host, name, IO_WRITE, &file);
    if (err != ERR_OK) {
        return err;
    }
    /* A copy: the view shows the very bytes that are being written. */
    uint8_t *copy = mem_alloc(r->group_bytes);
    memcpy(copy, segment->view + place_offset(r->group), r->group_bytes);
    err = io->write(io->host, file, place_offset(r->group), copy, r->group_bytes);
    if (err == ERR_OK) {
        err = io->sync(io->host, file);
    }
    io->close(io->host, file);
    mem_free(copy);
    return err;
}

enum err rewrite_last(struct recovery *r)
{
    enum err err = ERR_OK;
    if (r->group != 0) {
        err = rewrite_group(r);
    }
    if (err == ERR_OK) {
        err = format_write(r->log->io, &r->log->who);
    }
    return err == ERR_OK ? ERR_OK
                         : trail_err(r->trail, err, "the last group cannot be written again");
}
