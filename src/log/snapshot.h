/* snapshot.h - a checkpoint file: named sections, each with a checksum, written
 * beside the old file and renamed over it, so that there is always a whole one.
 *
 * Layout: header { "NXSNAP1\0", u32 format, u32 sections, u64 seq, log name, u32 0,
 * u32 crc32c } and then sections { tag u32, crc32c u32, length u64, bytes padded to
 * 16 }, and a closing section of tag 0 whose bytes repeat the seq. A file without it
 * is torn. A section's bytes begin at a multiple of 16.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/str.h"

struct snapshot_writer {
    const struct io *io;
    struct io_file *file;
    struct buf waiting;   /* not yet written ... */
    uint64_t offset;      /* ... from here on */
    uint64_t seq;
    enum err err;
    char name[64];
    char log_name[33];
    uint32_t sections;
    bool in_section;
    uint32_t tag;         /* of the section that is being written */
    uint32_t crc;
    uint64_t section_at;
    uint64_t section_len;
    uint64_t section_left;
};
/* Errors stick: check what snapshot_finish returns, which must be called. Tags are
 * not 0 and differ. `name` has at most 59 bytes. */
void snapshot_begin(struct snapshot_writer *w, const struct io *io, const char *name, uint64_t seq,
                    const char log_name[33]);
void snapshot_section(struct snapshot_writer *w, uint32_t tag, const void *bytes, size_t len);
/* A section in several runs: begin with the total, then exactly that many bytes. */
void snapshot_section_begin(struct snapshot_writer *w, uint32_t tag, uint64_t len);
void snapshot_section_add(struct snapshot_writer *w, const void *bytes, size_t len);
void snapshot_section_end(struct snapshot_writer *w);
MUST_USE enum err snapshot_finish(struct snapshot_writer *w); /* sync, rename */

struct snapshot_reader {
    const struct io *io;
    struct io_file *file;
    const uint8_t *view;
    uint64_t bytes;
    uint64_t seq;
    char log_name[33];
};
/* ERR_NOT_FOUND: there is none. ERR_CORRUPT: torn or damaged (every section's
 * checksum is verified here). ERR_FORMAT: of a newer version. The reader needs
 * snapshot_close only after ERR_OK. */
MUST_USE enum err snapshot_open(struct snapshot_reader *r, const struct io *io, const char *name);
void snapshot_close(struct snapshot_reader *r);
/* The section's bytes, borrowed until snapshot_close; false when it is missing. */
bool snapshot_get(const struct snapshot_reader *r, uint32_t tag, struct str *out_bytes);
