/* io_posix_dirs.c - names, and the calls that change directories.
 *
 * A name is walked part by part from the directory's descriptor and no part may be
 * a symbolic link, "." or "..": whatever is planted in the directory, nothing
 * outside it is read or written. Names have one or two parts, so the walk is cheap.
 *
 * What was made, renamed or removed is durable when the call returns: the directory
 * that names it was synced.
 */
#include "host/posix/io_posix_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define NAME_PART_MAX 255u

void place_close(struct place *place)
{
    if (place->opened) {
        close(place->fd);
    }
}

static bool part_is_plain(const char *part, size_t len)
{
    return len > 0 && len <= NAME_PART_MAX && !(part[0] == '.' && len == 1) &&
           !(part[0] == '.' && part[1] == '.' && len == 2);
}

static int open_dir_at(int fd, const char *part, size_t len)
{
    char name[NAME_PART_MAX + 1];
    memcpy(name, part, len);
    name[len] = '\0';
    return openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

enum err place_find(const struct io_posix *host, const char *name, struct place *out_place)
{
    struct place place = {.fd = host->dir_fd};
    for (;;) {
        size_t len = strcspn(name, "/");
        if (!part_is_plain(name, len)) {
            place_close(&place);
            return ERR_INVALID;
        }
        if (name[len] == '\0') {
            place.last = name;
            *out_place = place;
            return ERR_OK;
        }
        int fd = open_dir_at(place.fd, name, len);
        int error = errno;
        place_close(&place);
        if (fd < 0) {
            return io_posix_err(error);
        }
        place = (struct place){.fd = fd, .opened = true};
        name += len + 1;
    }
}

enum err io_posix_sync_fd(int fd)
{
    while (fsync(fd) != 0) {
        if (errno != EINTR) {
            return io_posix_err(errno);
        }
    }
    return ERR_OK;
}

static enum err posix_rename(void *host, const char *from, const char *to)
{
    struct place old;
    struct place new;
    enum err err = place_find(host, from, &old);
    if (err != ERR_OK) {
        return err;
    }
    err = place_find(host, to, &new);
    if (err != ERR_OK) {
        place_close(&old);
        return err;
    }
    if (renameat(old.fd, old.last, new.fd, new.last) != 0) {
        err = io_posix_err(errno);
    }
    if (err == ERR_OK) {
        err = io_posix_sync_fd(new.fd);
    }
    bool same = !old.opened && !new.opened;
    if (err == ERR_OK && !same) {
        err = io_posix_sync_fd(old.fd);
    }
    place_close(&old);
    place_close(&new);
    return err;
}

static enum err posix_remove(void *host, const char *name)
{
    struct place place;
    enum err err = place_find(host, name, &place);
    if (err != ERR_OK) {
        return err;
    }
    if (unlinkat(place.fd, place.last, 0) != 0) {
        err = io_posix_err(errno);
    }
    if (err == ERR_OK) {
        err = io_posix_sync_fd(place.fd);
    }
    place_close(&place);
    return err;
}

static enum err posix_make_dir(void *host, const char *name)
{
    struct place place;
    enum err err = place_find(host, name, &place);
    if (err != ERR_OK) {
        return err;
    }
    struct stat st;
    if (mkdirat(place.fd, place.last, 0700) == 0) {
        err = io_posix_sync_fd(place.fd);
    } else if (errno != EEXIST) {
        err = io_posix_err(errno);
    } else if (fstatat(place.fd, place.last, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
               !S_ISDIR(st.st_mode)) {
        err = ERR_INVALID;
    }
    place_close(&place);
    return err;
}

struct names {
    char **at;
    size_t count;
    size_t cap;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_plain_file(DIR *dir, const struct dirent *entry)
{
    if (entry->d_type != DT_UNKNOWN) {
        return entry->d_type == DT_REG;
    }
    struct stat st;
    return fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(st.st_mode);
}

static enum err collect_names(int fd, struct names *out_names)
{
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return ERR_IO;
    }
    errno = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (is_plain_file(dir, entry)) {
            size_t bytes = strlen(entry->d_name) + 1;
            mem_grow(&out_names->at, &out_names->cap, out_names->count + 1, sizeof(char *));
            out_names->at[out_names->count] = mem_alloc(bytes);
            memcpy(out_names->at[out_names->count++], entry->d_name, bytes);
        }
        errno = 0;
    }
    enum err err = errno == 0 ? ERR_OK : ERR_IO;
    closedir(dir);
    return err;
}

/* The names are read to the end first, so that `each` may remove files. */
static enum err posix_list(void *host, const char *name,
                           void (*each)(void *context, const char *name), void *context)
{
    struct io_posix *io = host;
    struct place place = {.fd = io->dir_fd, .last = "."};
    bool itself = name[0] == '\0' || strcmp(name, ".") == 0;
    enum err err = itself ? ERR_OK : place_find(io, name, &place);
    if (err != ERR_OK) {
        return err;
    }
    int fd = openat(place.fd, place.last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    err = fd < 0 ? io_posix_err(errno) : ERR_OK;
    place_close(&place);
    if (err != ERR_OK) {
        return err;
    }
    struct names names = {0};
    err = collect_names(fd, &names);
    if (names.count > 0) {
        qsort(names.at, names.count, sizeof(char *), compare_names);
    }
    for (size_t i = 0; i < names.count; i++) {
        if (err == ERR_OK) {
            each(context, names.at[i]);
        }
        mem_free(names.at[i]);
    }
    mem_free(names.at);
    return err;
}

void io_posix_fill_dirs(struct io *io)
{
    io->rename = posix_rename;
    io->remove = posix_remove;
    io->make_dir = posix_make_dir;
    io->list = posix_list;
}
