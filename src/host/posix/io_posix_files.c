/* io_posix_files.c - open, read, write, sync, map.
 *
 * 1. Reads and writes are whole or an error; interrupted calls go on.
 * 2. An open file is its descriptor and nothing else, so files may be used from any
 *    thread.
 * 3. A new file is named durably before anybody can write to it.
 */
#include "host/posix/io_posix_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

struct io_file {
    int fd;
};

/* Does not wait, whatever stands there: a pipe is refused afterwards. */
static int open_existing(const struct place *place, unsigned flags)
{
    int mode = (flags & (IO_WRITE | IO_CREATE)) != 0 ? O_RDWR : O_RDONLY;
    return openat(place->fd, place->last, mode | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

static enum err create(const struct place *place, int *out_fd)
{
    int fd = openat(place->fd, place->last, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return io_posix_err(errno);
    }
    enum err err = io_posix_sync_fd(place->fd);
    if (err != ERR_OK) {
        close(fd);
        return err;
    }
    *out_fd = fd;
    return ERR_OK;
}

static enum err posix_open(void *host, const char *name, unsigned flags, struct io_file **out_file)
{
    struct place place;
    enum err err = place_find(host, name, &place);
    if (err != ERR_OK) {
        return err;
    }
    int fd = open_existing(&place, flags);
    if (fd < 0) {
        err = io_posix_err(errno);
    }
    if (err == ERR_NOT_FOUND && (flags & IO_CREATE) != 0) {
        err = create(&place, &fd);
    }
    place_close(&place);
    if (err != ERR_OK) {
        return err;
    }
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return ERR_INVALID;
    }
    struct io_file *file = mem_alloc(sizeof *file);
    file->fd = fd;
    *out_file = file;
    return ERR_OK;
}

static void posix_close(void *host, struct io_file *file)
{
    (void)host;
    if (file != NULL) {
        close(file->fd);
        mem_free(file);
    }
}

static enum err posix_size(void *host, struct io_file *file, uint64_t *out_bytes)
{
    (void)host;
    struct stat st;
    if (fstat(file->fd, &st) != 0) {
        return io_posix_err(errno);
    }
    *out_bytes = (uint64_t)st.st_size;
    return ERR_OK;
}

static enum err posix_read(void *host, struct io_file *file, uint64_t offset, void *bytes,
                           size_t len)
{
    (void)host;
    uint8_t *at = bytes;
    while (len > 0) {
        ssize_t got = pread(file->fd, at, len, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return ERR_IO;
        }
        at += got;
        len -= (size_t)got;
        offset += (uint64_t)got;
    }
    return ERR_OK;
}

static enum err posix_write(void *host, struct io_file *file, uint64_t offset, const void *bytes,
                            size_t len)
{
    (void)host;
    const uint8_t *at = bytes;
    while (len > 0) {
        ssize_t put = pwrite(file->fd, at, len, (off_t)offset);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return put < 0 ? io_posix_err(errno) : ERR_IO;
        }
        at += put;
        len -= (size_t)put;
        offset += (uint64_t)put;
    }
    return ERR_OK;
}

static enum err posix_sync(void *host, struct io_file *file)
{
    (void)host;
    while (fdatasync(file->fd) != 0) {
        if (errno != EINTR) {
            return io_posix_err(errno);
        }
    }
    return ERR_OK;
}

static enum err posix_truncate(void *host, struct io_file *file, uint64_t bytes)
{
    (void)host;
    while (ftruncate(file->fd, (off_t)bytes) != 0) {
        if (errno != EINTR) {
            return io_posix_err(errno);
        }
    }
    return ERR_OK;
}

static enum err posix_map(void *host, struct io_file *file, size_t len, const uint8_t **out_view)
{
    (void)host;
    CHECK(len > 0);
    void *view = mmap(NULL, len, PROT_READ, MAP_SHARED, file->fd, 0);
    if (view == MAP_FAILED) {
        return io_posix_err(errno);
    }
    *out_view = view;
    return ERR_OK;
}

static void posix_unmap(void *host, const uint8_t *view, size_t len)
{
    (void)host;
    if (view != NULL) {
        CHECK(munmap((void *)(uintptr_t)view, len) == 0);
    }
}

void io_posix_fill_files(struct io *io)
{
    io->open = posix_open;
    io->close = posix_close;
    io->size = posix_size;
    io->read = posix_read;
    io->write = posix_write;
    io->sync = posix_sync;
    io->truncate = posix_truncate;
    io->map = posix_map;
    io->unmap = posix_unmap;
}
