/* io.h - the only doors between the state machine and the world.
 *
 * A component never calls the operating system: time, randomness and files come
 * through this table, which a host fills in (POSIX, simulator, memory). A
 * component that can tell which host it runs on has a bug.
 *
 * Two kinds of calls. The file calls act at once and return; they are used while
 * a unit opens or closes, and inside jobs. `start` hands a job to the host, which
 * runs it beside the unit (another thread, a later simulated moment) and calls
 * job->done on the unit's own thread, never from inside `start`. A job touches
 * only its own memory and the file calls until it is done.
 *
 * Names are relative to the unit's directory, with '/' between parts.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct io_file; /* the host's */

struct io_job {
    enum err (*run)(struct io_job *job);                /* beside the unit */
    void (*done)(struct io_job *job, enum err result);  /* on the unit's thread */
    void *host;                                         /* for the host's own use */
};

enum io_open { IO_READ = 1, IO_WRITE = 2, IO_CREATE = 4 }; /* CREATE: new or existing */

struct io {
    void *host;
    uint64_t (*mono_ns)(void *host); /* never goes back; unrelated to the wall clock */
    int64_t (*wall_ms)(void *host);  /* Unix time; may jump */
    void (*random)(void *host, void *bytes, size_t len); /* unguessable */

    enum err (*open)(void *host, const char *name, unsigned flags, struct io_file **out_file);
    void (*close)(void *host, struct io_file *file); /* does not sync */
    enum err (*size)(void *host, struct io_file *file, uint64_t *out_bytes);
    /* All or nothing for the caller: a short read is ERR_IO. */
    enum err (*read)(void *host, struct io_file *file, uint64_t offset, void *bytes, size_t len);
    enum err (*write)(void *host, struct io_file *file, uint64_t offset, const void *bytes,
                      size_t len);
    /* ERR_OK means: everything written to the file before is on the disk. After
     * any failure the file's unsynced bytes are in an unknown state. */
    enum err (*sync)(void *host, struct io_file *file);
    enum err (*truncate)(void *host, struct io_file *file, uint64_t bytes);
    /* A read-only view of the first `len` bytes that follows later writes. */
    enum err (*map)(void *host, struct io_file *file, size_t len, const uint8_t **out_view);
    void (*unmap)(void *host, const uint8_t *view, size_t len);
    /* Directory changes are durable when they return ERR_OK. */
    enum err (*rename)(void *host, const char *from, const char *to);
    enum err (*remove)(void *host, const char *name);
    enum err (*make_dir)(void *host, const char *name); /* fine when it exists */
    /* Calls `each` for every plain file in the directory, in byte order of names. */
    enum err (*list)(void *host, const char *dir, void (*each)(void *context, const char *name),
                     void *context);

    /* A hint: this memory is read at random all the time. May be NULL. */
    void (*hot)(void *host, void *memory, size_t bytes);

    void (*start)(void *host, struct io_job *job);
    /* Like start, but the job sees the memory as it is at this call while the unit
     * goes on changing it (a forked copy). May be NULL: then use start's rules by
     * running the job to its end before anything else happens. */
    void (*start_snapshot)(void *host, struct io_job *job);
};
