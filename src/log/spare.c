/* spare.c - the next segment, zero-written before it is needed.
 *
 * Writing into a file that already has its blocks makes a sync cost one flush of
 * the disk; extending it costs the file system's own log as well, twice as much.
 * So segments are written with zeros over their whole size. That takes long for a
 * large one, hence a job does it while the segment before it fills up:
 *
 *     (none) --spare_consider--> running --spare_done--> ready --commit--> (none)
 *
 * It is considered after each commit, and by a flush that finds nothing to commit: not
 * by log_open, for whoever opens may yet find that he must close at once, which he may
 * not while a job is in flight.
 *
 * 1. log/spare.seg has been synced at its full size before it got that name.
 * 2. Nothing but zeros goes into service: one left by an earlier run is looked
 *    through, and made anew when it holds anything else.
 * 3. This job and a commit that begins a segment never run at the same time: they
 *    use the same names (log_flush waits).
 * 4. A spare that cannot be made is no fault of the log: the segment in use still
 *    has room. If the disk stays full, the commit that needs it will say so.
 */
#include "base/check.h"
#include "base/mem.h"
#include "log/log_internal.h"

#define LOOK_BYTES (256u << 10)
/* Zeros are synced in runs of this size: one sync of a whole segment would hold up the
 * commits that share the disk's queue for as long as it takes. */
#define SYNC_BYTES (2u << 20)

enum err spare_make(const struct io *io, const char *name, uint32_t bytes, bool skip_sync)
{
    struct io_file *file;
    enum err err = io->open(io->host, name, IO_WRITE | IO_CREATE, &file);
    if (err != ERR_OK) {
        return err;
    }
    if (skip_sync) {
        /* Nothing will be durable: two cuts make the zeros. */
        err = io->truncate(io->host, file, 0);
        if (err == ERR_OK) {
            err = io->truncate(io->host, file, bytes);
        }
    } else {
        err = io->truncate(io->host, file, bytes);
        for (uint32_t at = 0; at < bytes && err == ERR_OK; at += SYNC_BYTES) {
            err = zeros_write(io, file, at, bytes - at < SYNC_BYTES ? bytes - at : SYNC_BYTES);
            if (err == ERR_OK) {
                err = io->sync(io->host, file);
            }
        }
    }
    io->close(io->host, file);
    return err;
}

/* Is there a spare of that size with nothing in it? Trouble counts as no. */
static bool spare_usable(const struct io *io, uint32_t bytes)
{
    struct io_file *file;
    if (io->open(io->host, SPARE_NAME, IO_READ, &file) != ERR_OK) {
        return false;
    }
    uint64_t size = 0;
    bool usable = io->size(io->host, file, &size) == ERR_OK && size == bytes;
    uint8_t *buffer = usable ? mem_alloc(LOOK_BYTES) : NULL;
    for (uint32_t at = 0; usable && at < bytes; at += LOOK_BYTES) {
        const size_t run = bytes - at < LOOK_BYTES ? bytes - at : LOOK_BYTES;
        usable = io->read(io->host, file, at, buffer, run) == ERR_OK && is_zero(buffer, run);
    }
    mem_free(buffer);
    io->close(io->host, file);
    return usable;
}

static enum err spare_run(struct io_job *job)
{
    struct spare *spare = (struct spare *)job;
    const struct io *io = spare->io;
    if (spare_usable(io, spare->bytes)) {
        return ERR_OK;
    }
    const enum err err = spare_make(io, SPARE_TEMP, spare->bytes, spare->skip_sync);
    return err == ERR_OK ? io->rename(io->host, SPARE_TEMP, SPARE_NAME) : err;
}

static void spare_done(struct io_job *job, enum err result)
{
    struct spare *spare = (struct spare *)job;
    struct log *log = spare->log;
    CHECK(spare->running);
    spare->running = false;
    spare->ready = result == ERR_OK;
    spare->refused = result != ERR_OK;
    if (log->flush_wanted) {
        log->flush_wanted = false;
        log_flush(log);
    }
}

void spare_init(struct log *log)
{
    log->spare = (struct spare){
        .job = {.run = spare_run, .done = spare_done},
        .log = log,
        .io = log->io,
        .skip_sync = log->options.skip_sync,
    };
}

void spare_consider(struct log *log)
{
    struct spare *spare = &log->spare;
    CHECK(!log->committing);
    /* A quarter, not a half: the next segment may be twice as large. */
    const bool filling = log->tail_segment > 0 && log->tail_segment == log->segments_count &&
                         log->tail_offset > log->tail_bytes / 4;
    if (!filling || spare->running || spare->refused || log->failed != ERR_OK) {
        return;
    }
    const uint32_t bytes = segment_bytes_for(log, log->segments_count + 1, 0);
    if (spare->ready && spare->bytes == bytes) {
        return;
    }
    spare->ready = false;
    spare->bytes = bytes;
    spare->running = true;
    log->io->start(log->io->host, &spare->job);
}
