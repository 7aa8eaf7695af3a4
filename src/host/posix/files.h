/* files.h - whole small files, and directories by path. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"

/* Appends the file's bytes. ERR_LIMIT: it has more than bytes_max. */
MUST_USE enum err files_read(const struct io *io, const char *name, size_t bytes_max,
                             struct buf *out);
/* All or nothing, durable, mode 0600: a reader finds the old file or the new one. */
MUST_USE enum err files_write(const struct io *io, const char *name, struct str bytes);
/* All or nothing for readers, but not durable: for what is of no use after a crash. */
MUST_USE enum err files_put(const char *path, struct str bytes);
/* Makes the directory and those above it that are missing, mode 0700, durably. */
MUST_USE enum err files_make_dirs(const char *path, struct trail *trail);
