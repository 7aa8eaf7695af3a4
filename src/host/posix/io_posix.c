/* io_posix.c - the table, the lock, clocks and jobs of one directory.
 *
 * The file calls are in io_posix_files.c and io_posix_dirs.c, the threads in
 * workers.c. This file is what holds them together.
 */
#include "host/posix/io_posix_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/posix/workers.h"

enum err io_posix_err(int error_number)
{
    switch (error_number) {
    case 0: return ERR_OK;
    case ENOENT: return ERR_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ERR_FULL;
    case EROFS:
    case EACCES:
    case EPERM: return ERR_READONLY;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return ERR_LIMIT;
    case ELOOP:
    case ENAMETOOLONG:
    case EISDIR:
    case ENOTDIR: return ERR_INVALID;
    default: return ERR_IO;
    }
}

static uint64_t posix_mono_ns(void *host)
{
    (void)host;
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int64_t posix_wall_ms(void *host)
{
    (void)host;
    struct timespec now;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void posix_random(void *host, void *bytes, size_t len)
{
    (void)host;
    uint8_t *at = bytes;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        CHECK(got > 0 || errno == EINTR);
        if (got > 0) {
            at += got;
            len -= (size_t)got;
        }
    }
}

/* -- jobs ------------------------------------------------------------------------------ */

static void posix_start(void *host, struct io_job *job)
{
    workers_start(((struct io_posix *)host)->workers, job);
}

static void posix_start_snapshot(void *host, struct io_job *job)
{
    workers_start_forked(((struct io_posix *)host)->workers, job);
}

/* Large pages where there are any; a refusal costs speed only. */
static void posix_hot(void *host, void *memory, size_t bytes)
{
    (void)host;
    const uintptr_t page = 4096;
    uintptr_t begin = ((uintptr_t)memory + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)memory + bytes) & ~(page - 1);
    if (bytes >= 4u << 20 && begin < end) {
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    }
}

bool io_posix_poll(struct io_posix *host)
{
    return workers_poll(host->workers);
}

bool io_posix_wait(struct io_posix *host)
{
    return workers_wait(host->workers);
}

/* -- life -------------------------------------------------------------------------------- */

/* The lock lives as long as the descriptor, so it cannot be left behind. The pid in
 * the file is for the message only. */
static enum err take_lock(struct io_posix *host, const char *dir, struct trail *trail)
{
    int fd = openat(host->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return trail_err(trail, io_posix_err(errno), "opening %s/lock: %s", dir, strerror(errno));
    }
    char text[24] = "";
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum err err = errno == EWOULDBLOCK ? ERR_LOCKED : io_posix_err(errno);
        ssize_t got = pread(fd, text, sizeof text - 1, 0);
        close(fd);
        struct str pid = str_trim(str_n(text, got > 0 ? (size_t)got : 0));
        return trail_err(trail, err, "process %.*s uses %s", STR_ARG(pid), dir);
    }
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
        enum err err = io_posix_err(errno);
        int error = errno;
        close(fd);
        return trail_err(trail, err, "writing %s/lock: %s", dir, strerror(error));
    }
    host->lock_fd = fd;
    return ERR_OK;
}

static void fill_table(struct io_posix *host, bool threads)
{
    host->io = (struct io){
        .host = host,
        .mono_ns = posix_mono_ns,
        .wall_ms = posix_wall_ms,
        .random = posix_random,
        .hot = posix_hot,
        .start = posix_start,
        .start_snapshot = threads ? posix_start_snapshot : NULL,
    };
    io_posix_fill_files(&host->io);
    io_posix_fill_dirs(&host->io);
}

enum err io_posix_new(struct io_posix **out_host, const struct io_posix_options *options,
                      struct trail *trail)
{
    struct io_posix *host = mem_zalloc(sizeof *host);
    host->lock_fd = -1;
    host->dir_fd = open(options->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = ERR_OK;
    if (host->dir_fd < 0) {
        err = trail_err(trail, io_posix_err(errno), "opening %s: %s", options->dir,
                        strerror(errno));
    }
    if (err == ERR_OK && options->lock) {
        err = take_lock(host, options->dir, trail);
    }
    if (err == ERR_OK) {
        host->workers = workers_new(options->threads, options->wake, options->context);
        if (host->workers == NULL) {
            err = trail_err(trail, ERR_LIMIT, "no thread can be made");
        }
    }
    if (err != ERR_OK) {
        io_posix_free(host);
        return err;
    }
    fill_table(host, options->threads);
    *out_host = host;
    return ERR_OK;
}

void io_posix_stop(struct io_posix *host)
{
    workers_free(host->workers);
    host->workers = NULL;
}

void io_posix_free(struct io_posix *host)
{
    if (host == NULL) {
        return;
    }
    io_posix_stop(host);
    if (host->lock_fd >= 0) {
        close(host->lock_fd);
    }
    if (host->dir_fd >= 0) {
        close(host->dir_fd);
    }
    mem_free(host);
}

const struct io *io_posix_io(const struct io_posix *host)
{
    return &host->io;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    (void)context;
    static const char words[] =
        "nexusd: the disk failed to give a page of a mapped log segment (SIGBUS). Nothing that was "
        "acknowledged is changed; check the disk, then run: nexusctl verify\n";
    ssize_t ignored = write(STDERR_FILENO, words, sizeof words - 1);
    (void)ignored;
    _exit(74);
}

void io_posix_catch_bus_errors(void)
{
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    CHECK(sigaction(SIGBUS, &action, NULL) == 0);
}
