/* io_posix_internal.h - what the parts of io_posix share. */
#pragma once
#include "host/posix/io_posix.h"

struct io_posix {
    struct io io;
    int dir_fd;
    int lock_fd; /* -1: not locked */
    struct workers *workers;
};

/* The directory that holds the last part of a name. */
struct place {
    int fd;
    bool opened; /* fd is the place's own */
    const char *last;
};
/* Walks to the last part. ERR_INVALID: a part is empty, "." or "..", or a link. */
MUST_USE enum err place_find(const struct io_posix *host, const char *name,
                             struct place *out_place);
void place_close(struct place *place);
MUST_USE enum err io_posix_sync_fd(int fd);

/* The entries of the table that io_posix_files.c and io_posix_dirs.c give. */
void io_posix_fill_files(struct io *io);
void io_posix_fill_dirs(struct io *io);
