/* archive.h - a data directory as one file: a plain tar (ustar) archive, readable with tar,
 * whose last member MANIFEST.sha256 lists the SHA-256 of every other one. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

struct archive {
    FILE *file;
    struct buf manifest;
    uint64_t members, bytes;
};

/* Adds the file DIR/name as `name`, mode 0600. `backwards`: the file is being appended to;
 * read it from its end, so that what is read is a prefix of what will be there. */
MUST_USE enum err archive_add(struct archive *archive, const char *dir, const char *name,
                              bool backwards, struct trail *trail);
/* Writes manifest and end, and makes the file durable. */
MUST_USE enum err archive_finish(struct archive *archive, struct trail *trail);

/* Unpacks into the empty directory and checks every hash; every member must be in the
 * manifest and every name plain. */
MUST_USE enum err archive_unpack(FILE *from, const char *dir, uint64_t *out_members,
                                 uint64_t *out_bytes, struct trail *trail);
