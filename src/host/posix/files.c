/* files.c - see files.h. A file is replaced by writing NAME.new and renaming it. */
#include "host/posix/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/posix/io_posix_internal.h"

enum err files_read(const struct io *io, const char *name, size_t bytes_max, struct buf *out)
{
    struct io_file *file;
    enum err err = io->open(io->host, name, IO_READ, &file);
    if (err != ERR_OK) {
        return err;
    }
    uint64_t bytes = 0;
    err = io->size(io->host, file, &bytes);
    if (err == ERR_OK && bytes > bytes_max) {
        err = ERR_LIMIT;
    }
    if (err == ERR_OK) {
        err = io->read(io->host, file, 0, buf_reserve(out, (size_t)bytes), (size_t)bytes);
    }
    if (err == ERR_OK) {
        out->len += (size_t)bytes;
    }
    io->close(io->host, file);
    return err;
}

enum err files_write(const struct io *io, const char *name, struct str bytes)
{
    struct buf new_name = {0};
    buf_printf(&new_name, "%s.new", name);
    struct io_file *file;
    enum err err = io->open(io->host, buf_cstr(&new_name), IO_WRITE | IO_CREATE, &file);
    if (err == ERR_OK) {
        err = io->truncate(io->host, file, 0);
        if (err == ERR_OK) {
            err = io->write(io->host, file, 0, bytes.at, bytes.len);
        }
        if (err == ERR_OK) {
            err = io->sync(io->host, file);
        }
        io->close(io->host, file);
    }
    if (err == ERR_OK) {
        err = io->rename(io->host, buf_cstr(&new_name), name);
    }
    buf_deinit(&new_name);
    return err;
}

enum err files_put(const char *path, struct str bytes)
{
    struct buf new_path = {0};
    buf_printf(&new_path, "%s.new", path);
    const char *name = buf_cstr(&new_path);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    enum err err = fd < 0 ? io_posix_err(errno) : ERR_OK;
    if (err == ERR_OK) {
        ssize_t put = write(fd, bytes.at, bytes.len); /* short ones are small disks */
        err = put < 0 ? io_posix_err(errno) : (size_t)put < bytes.len ? ERR_FULL : ERR_OK;
        close(fd);
    }
    if (err == ERR_OK && rename(name, path) != 0) {
        err = io_posix_err(errno);
    }
    buf_deinit(&new_path);
    return err;
}

/* The name of a new directory must outlive a crash, as what is put into it does. */
static enum err sync_parent(const char *path)
{
    struct buf parent = {0};
    const char *slash = strrchr(path, '/');
    buf_add(&parent, path, slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path));
    int fd = open(parent.len == 0 ? "." : buf_cstr(&parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = fd < 0 ? io_posix_err(errno) : io_posix_sync_fd(fd);
    if (fd >= 0) {
        close(fd);
    }
    buf_deinit(&parent);
    return err;
}

enum err files_make_dirs(const char *path, struct trail *trail)
{
    struct buf part = {0};
    enum err err = ERR_OK;
    for (const char *at = path; err == ERR_OK && *at != '\0';) {
        size_t len = strspn(at, "/");
        len += strcspn(at + len, "/");
        buf_add(&part, at, len);
        at += len;
        struct stat st;
        int error = mkdir(buf_cstr(&part), 0700) == 0 ? 0 : errno;
        if (error == 0 && sync_parent(buf_cstr(&part)) != ERR_OK) {
            err = trail_err(trail, ERR_IO, "making %s: its name is not on the disk",
                            buf_cstr(&part));
        } else if (error != 0 && error != EEXIST &&
            (stat(buf_cstr(&part), &st) != 0 || !S_ISDIR(st.st_mode))) {
            err = trail_err(trail, io_posix_err(error), "making %s: %s", buf_cstr(&part),
                            strerror(error));
        }
    }
    buf_deinit(&part);
    return err;
}
