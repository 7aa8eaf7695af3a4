/* blob.c - contents that are too large for a frame, each in a file named by its hash.
 *
 *     blobs/ab/cdef...     "abcdef..." is the SHA-256 of the bytes
 *
 * 1. A blob has its name only when its bytes are on the disk, and both are before
 *    the group that was open when it came is written.
 * 2. What is read is checked against the name, so a damaged blob is never served.
 * 3. A file that was already there is replaced: it may be damaged, or its name may
 *    never have reached the disk (a rename that failed in an earlier run shows in
 *    the directory all the same). Only what this log itself stored since it was
 *    opened is passed over; a small table remembers the latest.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "codec/bytes.h"
#include "log/log_internal.h"

#define BLOB_DIR  "blobs/"
#define BLOB_TEMP "blobs/put.tmp"

/* "blobs/ab" when `dir_only`, else the whole name. */
static void blob_name(char out_name[NAME_BYTES_MAX], const struct hash *hash, bool dir_only)
{
    const size_t dir_len = sizeof BLOB_DIR - 1;
    memcpy(out_name, BLOB_DIR, dir_len);
    hex_encode(hash->bytes, 1, out_name + dir_len);
    size_t len = dir_len + 2;
    if (!dir_only) {
        out_name[len++] = '/';
        hex_encode(hash->bytes + 1, sizeof hash->bytes - 1, out_name + len);
        len += 2 * (sizeof hash->bytes - 1);
    }
    CHECK(len < NAME_BYTES_MAX);
    out_name[len] = '\0';
}

static enum err make_dir_of(struct commit *commit, const struct hash *hash)
{
    const struct io *io = commit->io;
    const uint8_t first = hash->bytes[0];
    uint8_t *known = &commit->blob_dirs[first / 8];
    const uint8_t bit = (uint8_t)(1u << first % 8);
    if ((*known & bit) != 0) {
        return ERR_OK;
    }
    char name[NAME_BYTES_MAX];
    blob_name(name, hash, true);
    const enum err err = io->make_dir(io->host, name);
    if (err == ERR_OK) {
        *known |= bit;
    }
    return err;
}

static enum err write_whole(struct commit *commit, const uint8_t *bytes, size_t len)
{
    const struct io *io = commit->io;
    struct io_file *file;
    enum err err = io->open(io->host, BLOB_TEMP, IO_WRITE | IO_CREATE, &file);
    if (err != ERR_OK) {
        return err;
    }
    err = io->truncate(io->host, file, 0);
    if (err == ERR_OK && len > 0) {
        err = io->write(io->host, file, 0, bytes, len);
    }
    if (err == ERR_OK && !commit->skip_sync) {
        err = io->sync(io->host, file);
        commit->syncs++;
    }
    io->close(io->host, file);
    return err;
}

enum err blob_write(struct commit *commit, const struct blob *blob)
{
    const struct io *io = commit->io;
    enum err err = make_dir_of(commit, &blob->hash);
    if (err == ERR_OK) {
        err = write_whole(commit, commit->batch->blob_bytes.at + blob->at, blob->len);
    }
    if (err != ERR_OK) {
        return err;
    }
    char name[NAME_BYTES_MAX];
    blob_name(name, &blob->hash, false);
    return io->rename(io->host, BLOB_TEMP, name);
}

void log_put_blob(struct log *log, const struct hash *hash, struct str content)
{
    CHECK(log->failed == ERR_OK);
    CHECK(!log->options.read_only);
    struct hash *known = &log->blobs_known[hash->bytes[0] % BLOB_KNOWN_COUNT];
    if (hash_eq(known, hash)) {
        return;
    }
    struct batch *batch = log->open;
    mem_grow(&batch->blobs, &batch->blobs_cap, batch->blobs_count + 1, sizeof *batch->blobs);
    batch->blobs[batch->blobs_count++] =
        (struct blob){.hash = *hash, .at = batch->blob_bytes.len, .len = content.len};
    buf_add_str(&batch->blob_bytes, content);
    *known = *hash;
}

static bool find_waiting(const struct batch *batch, const struct hash *hash, struct buf *out)
{
    for (size_t i = 0; i < batch->blobs_count; i++) {
        const struct blob *blob = &batch->blobs[i];
        if (hash_eq(&blob->hash, hash)) {
            buf_add(out, batch->blob_bytes.at + blob->at, blob->len);
            return true;
        }
    }
    return false;
}

/* Appends the bytes of the file, if they are what its name says. */
static bool read_file(const struct io *io, struct io_file *file, const struct hash *hash,
                      struct buf *out)
{
    uint64_t size = 0;
    if (io->size(io->host, file, &size) != ERR_OK || size > SIZE_MAX / 2) {
        return false;
    }
    uint8_t *bytes = buf_reserve(out, (size_t)size);
    if (bytes == NULL || io->read(io->host, file, 0, bytes, (size_t)size) != ERR_OK) {
        return false;
    }
    struct hash found;
    sha256(bytes, (size_t)size, &found);
    if (!hash_eq(&found, hash)) {
        return false;
    }
    out->len += (size_t)size;
    return true;
}

bool log_read_blob(struct log *log, const struct hash *hash, struct buf *out)
{
    if (find_waiting(&log->batches[0], hash, out) || find_waiting(&log->batches[1], hash, out)) {
        return true;
    }
    char name[NAME_BYTES_MAX];
    blob_name(name, hash, false);
    struct io_file *file;
    if (log->io->open(log->io->host, name, IO_READ, &file) != ERR_OK) {
        return false;
    }
    const bool whole = read_file(log->io, file, hash, out);
    log->io->close(log->io->host, file);
    return whole;
}
