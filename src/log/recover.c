/* recover.c - reads the log from its beginning, or from a checkpoint, to its end.
 *
 * Groups follow each other without gaps; behind the last one in a segment are zeros
 * up to its end. What is met at a place is one of four things:
 *
 *     good    the checksums of header, frames and each frame, the seq and the Merkle
 *             root agree: its records are replayed
 *     end     zeros up to the end of the segment: go on in the next one
 *     torn    header or frames do not match their checksum: a crash in the middle of
 *             a write leaves this, and so does a damaged disk. cut.c tells which
 *     wrong   written whole, for its checksums match, but it does not belong here:
 *             corruption, whatever follows
 *
 * 1. Nothing is replayed before its whole group has been verified.
 * 2. A recovery that ends in ERR_CORRUPT has changed nothing on the disk.
 * 3. From a checkpoint, the group that holds its last record is read again, so a log
 *    that lost what the checkpoint knows, or whose root differs, is not served.
 * 4. What was read from the page cache is not yet known to be on the disk: a sync
 *    that failed before the restart leaves clean pages with bytes that never
 *    arrived. That can only be the last group, and the name of the last segment;
 *    both are written again before the log is served. The zeros of a cut may not
 *    have arrived either: what then comes back behind the last group of a segment is
 *    dead, as the first seq of the next segment shows.
 */
#include <string.h>

#include "base/check.h"
#include "codec/crc32c.h"
#include "codec/bytes.h"
#include "log/log_internal.h"

enum verdict { GROUP_GOOD, GROUP_END, GROUP_TORN, GROUP_WRONG };

static enum err corrupt_here(struct recovery *r, const char *what)
{
    char name[NAME_BYTES_MAX];
    segment_name(name, r->segment);
    return trail_err(r->trail, ERR_CORRUPT, "%s offset %u: %s", name, (unsigned)r->offset, what);
}

/* Is the checkpoint's group still to come? */
static bool resuming(const struct recovery *r)
{
    return r->next_seq <= r->resume->seq;
}

/* Header and frames as a whole; the records are looked at by group_records. */
static enum verdict group_whole(struct recovery *r, const struct segment *segment,
                                struct group_header *out_header)
{
    const uint8_t *bytes = segment->view + r->offset;
    const size_t room = segment->bytes - r->offset;
    const uint64_t position = place_of(r->segment, r->offset);
    if (!group_header_decode(&r->log->who, position, bytes, room, out_header)) {
        return is_zero(bytes, room) ? GROUP_END : GROUP_TORN;
    }
    const uint8_t *frames = bytes + GROUP_HEADER_BYTES;
    if (out_header->flags != 0 || out_header->count == 0 || out_header->first_seq == 0 ||
        out_header->body_bytes > room - GROUP_HEADER_BYTES) {
        return GROUP_WRONG;
    }
    if (crc32c(0, frames, out_header->body_bytes) != out_header->frames_crc) {
        return GROUP_TORN;
    }
    if (r->group == 0 && r->resume->seq > 0) {
        const uint64_t last = out_header->first_seq + out_header->count - 1;
        const bool holds = out_header->first_seq <= r->resume->seq && r->resume->seq <= last;
        return holds ? GROUP_GOOD : GROUP_WRONG;
    }
    return out_header->first_seq == r->next_seq ? GROUP_GOOD : GROUP_WRONG;
}

/* Every frame by itself, the leaves of the new records, and the root. */
static bool group_records(struct recovery *r, const struct group_header *header,
                          const uint8_t *frames)
{
    struct tree *tree = &r->log->tree;
    uint64_t position = header->position + GROUP_HEADER_BYTES;
    size_t at = 0;
    for (uint32_t i = 0; i < header->count; i++) {
        struct str body;
        if (!frame_decode(position + at, frames + at, header->body_bytes - at, &body)) {
            return false;
        }
        if (header->first_seq + i > r->resume->seq) {
            tree_add(tree, body);
        }
        at += frame_bytes(body.len);
    }
    if (at != header->body_bytes || tree->range.size != header->first_seq + header->count - 1) {
        return false;
    }
    struct hash root;
    merkle_range_root(&tree->range, &root);
    return hash_eq(&root, &header->root);
}

static enum err group_replay(struct recovery *r, const struct group_header *header,
                             const uint8_t *frames)
{
    const uint64_t position = header->position + GROUP_HEADER_BYTES;
    size_t at = 0;
    for (uint32_t i = 0; i < header->count; i++) {
        const uint64_t seq = header->first_seq + i;
        const struct str body = str_n(frames + at + FRAME_HEADER_BYTES, get_u32(frames + at));
        const struct log_place place = {position + at};
        at += frame_bytes(body.len);
        if (seq <= r->resume->seq) {
            continue;
        }
        r->report->records++;
        if (r->replay == NULL) {
            continue;
        }
        const enum err err = r->replay(r->context, seq, place, body);
        if (err != ERR_OK) {
            return trail_err(r->trail, err, "record %llu was refused", (unsigned long long)seq);
        }
    }
    return ERR_OK;
}

static enum err group_take(struct recovery *r, const struct segment *segment,
                           const struct group_header *header)
{
    const uint8_t *frames = segment->view + r->offset + GROUP_HEADER_BYTES;
    if (!group_records(r, header, frames)) {
        return corrupt_here(r, "the group's root or frames do not match its records");
    }
    const enum err err = group_replay(r, header, frames);
    if (err != ERR_OK) {
        return err;
    }
    r->group = header->position;
    r->group_bytes = GROUP_HEADER_BYTES + header->body_bytes;
    r->next_seq = header->first_seq + header->count;
    r->offset += r->group_bytes;
    r->report->groups++;
    r->report->verified_bytes += r->group_bytes;
    r->log->durable_root = header->root;
    return ERR_OK;
}

/* Reads groups from r->offset to the end of the segment's records. *out_torn: there
 * is something that cannot be read. */
static enum err read_groups(struct recovery *r, const struct segment *segment, bool *out_torn)
{
    *out_torn = false;
    for (;;) {
        CHECK(r->offset <= segment->bytes);
        struct group_header header;
        switch (group_whole(r, segment, &header)) {
        case GROUP_GOOD: {
            const enum err err = group_take(r, segment, &header);
            if (err != ERR_OK) {
                return err;
            }
            break;
        }
        case GROUP_END:
            return ERR_OK;
        case GROUP_TORN:
            *out_torn = true;
            return ERR_OK;
        case GROUP_WRONG:
            return corrupt_here(r, "a group that does not continue the ones before it");
        }
    }
}

/* Maps segment r->segment and judges its header. */
static enum err enter_segment(struct recovery *r, bool *out_torn)
{
    *out_torn = false;
    const enum err err = segment_map(r->log, r->segment);
    if (err != ERR_OK) {
        char name[NAME_BYTES_MAX];
        segment_name(name, r->segment);
        return trail_err(r->trail, err, "%s: cannot be read", name);
    }
    const struct segment *segment = &r->log->segments[r->segment - 1];
    struct segment_header header;
    if (segment->view == NULL || !segment_header_decode(&r->log->who, segment->view, &header)) {
        r->offset = 0;
        *out_torn = true;
        return ERR_OK;
    }
    if (header.format != LOG_FORMAT) {
        return trail_err(r->trail, ERR_FORMAT,
                         "segment %u: written in format %u, this program "
                         "knows up to %u",
                         (unsigned)r->segment, (unsigned)header.format, (unsigned)LOG_FORMAT);
    }
    const bool first_seq_fits = r->group == 0 && r->resume->seq > 0
                                    ? header.first_seq <= r->resume->seq
                                    : header.first_seq == r->next_seq;
    if (header.number != r->segment || header.bytes != segment->bytes || !first_seq_fits) {
        r->offset = 0;
        return corrupt_here(r, "the header is that of another segment, or records are missing");
    }
    if (r->offset > segment->bytes) {
        return corrupt_here(r, "the checkpoint points past the end of the segment");
    }
    return ERR_OK;
}

/* Where the log goes on: behind the last thing that was read. */
static void set_tail(struct log *log, uint32_t segment, uint32_t offset)
{
    log->tail_segment = segment;
    log->tail_offset = offset;
    log->tail_bytes = segment == 0 ? 0 : log->segments[segment - 1].bytes;
}

/* The next segment begins with the very record that would come here: nothing can be
 * missing, so what lies between is a torn write that was cut, and whose zeros did not
 * arrive although the page cache showed them. */
static bool is_dead_space(struct recovery *r)
{
    struct log *log = r->log;
    struct segment_header next;
    if (r->segment == log->segments_count || segment_map(log, r->segment + 1) != ERR_OK) {
        return false;
    }
    const uint8_t *view = log->segments[r->segment].view;
    return view != NULL && segment_header_decode(&log->who, view, &next) &&
           next.number == r->segment + 1 && next.first_seq == r->next_seq;
}

static enum err read_segments(struct recovery *r)
{
    struct log *log = r->log;
    const uint32_t count = log->segments_count;
    for (; r->segment <= count; r->segment++, r->offset = SEGMENT_HEADER_BYTES) {
        bool torn;
        enum err err = enter_segment(r, &torn);
        if (err == ERR_OK && !torn) {
            r->report->segments++;
            err = read_groups(r, &log->segments[r->segment - 1], &torn);
        }
        if (err != ERR_OK) {
            return err;
        }
        if (torn && r->offset == 0) {
            return cut_tail(r, "the segment's header does not match its checksum");
        }
        if (resuming(r)) {
            return corrupt_here(r,
                                "the group with the checkpoint's last record is damaged or gone");
        }
        set_tail(log, r->segment, r->offset);
        if (torn && !is_dead_space(r)) {
            return cut_tail(r, "a group does not match its checksums");
        }
    }
    return ERR_OK;
}

static enum err start_at(struct recovery *r)
{
    struct log *log = r->log;
    const struct log_resume *resume = r->resume;
    if (resume->seq == 0) {
        r->segment = 1;
        r->offset = SEGMENT_HEADER_BYTES;
        return ERR_OK;
    }
    r->segment = place_segment(resume->group.position);
    r->offset = place_offset(resume->group.position);
    if (!tree_resume(&log->tree, resume)) {
        return trail_err(r->trail, ERR_CORRUPT, "the checkpoint's tree does not fit together");
    }
    if (r->segment == 0 || r->offset < SEGMENT_HEADER_BYTES || r->offset % FRAME_ALIGN != 0) {
        return trail_err(r->trail, ERR_CORRUPT, "the checkpoint points to no group");
    }
    if (r->segment > log->segments_count) {
        r->offset = 0;
        return corrupt_here(r, "missing, but a checkpoint knows it");
    }
    return ERR_OK;
}

enum err recover(struct log *log, const struct log_resume *resume, log_replay *replay,
                 void *context, struct log_report *report, struct trail *trail)
{
    struct recovery r = {
        .log = log,
        .resume = resume,
        .replay = replay,
        .context = context,
        .report = report,
        .trail = trail,
        .next_seq = 1,
    };
    enum err err = start_at(&r);
    if (err == ERR_OK) {
        err = read_segments(&r);
    }
    if (err == ERR_OK && !log->options.read_only && log->segments_count > 0) {
        err = rewrite_last(&r);
    }
    if (err != ERR_OK) {
        return err;
    }
    CHECK(r.next_seq == log->tree.range.size + 1);
    CHECK(r.next_seq > resume->seq);
    log->head = r.next_seq - 1;
    log->durable = log->head;
    log->head_group = r.group;
    if (log->head == 0) {
        merkle_empty(&log->durable_root);
    }
    return ERR_OK;
}
