/* io_posix.h - struct io over one directory of a POSIX file system.
 *
 * With `threads`, jobs run on worker threads and their results are delivered by
 * io_posix_poll on the unit's thread, which `wake` asks for. Without, start() runs
 * the job at once (tools and benchmarks that have no loop) and only the delivery
 * waits for io_posix_poll.
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/io.h"

struct io_posix;

struct io_posix_options {
    const char *dir; /* exists; see files_make_dirs */
    bool lock;       /* hold DIR/lock: ERR_LOCKED while another process does */
    bool threads;
    void (*wake)(void *context); /* from any thread: results wait for io_posix_poll */
    void *context;
};

/* ERR_NOT_FOUND, ERR_READONLY, ERR_LOCKED (the trail names the pid), ERR_IO. */
MUST_USE enum err io_posix_new(struct io_posix **out_host, const struct io_posix_options *options,
                               struct trail *trail);
/* Lets running jobs end and takes no more; results not yet delivered are dropped. The
 * lock stays. */
void io_posix_stop(struct io_posix *host);
/* Stops, and gives up the lock. NULL is fine. */
void io_posix_free(struct io_posix *host);
const struct io *io_posix_io(const struct io_posix *host);

/* Delivers the results there are; true when there was one. */
bool io_posix_poll(struct io_posix *host);
/* The same, but waits for at least one; false: no job is in flight. */
bool io_posix_wait(struct io_posix *host);

/* What an errno means to a unit. */
enum err io_posix_err(int error_number);

/* A page of a mapped file that the disk no longer gives arrives as SIGBUS. From
 * this call on the process then says so on stderr and exits with 74; acknowledged
 * records are on the disk, so a restart verifies them and goes on. */
void io_posix_catch_bus_errors(void);
