/* verify.h - a data directory re-checked offline, from its first byte; nothing is changed. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "board/board.h"

struct verify_report {
    uint64_t records, groups, segments, verified_bytes, torn_bytes;
    uint64_t contents, content_bytes; /* Facts whose content was read and hashed */
    bool checkpoint;                  /* there is one, and it tells the same state */
    bool checkpoint_missing;
    bool checkpoint_unused;        /* there is a file, damaged or of another build */
    uint64_t blobs;                /* stored contents whose bytes have the hash they are named by */
};
/* One board's directory. ERR_CORRUPT: the trail names segment and offset, or the record. */
MUST_USE enum err verify_board(const char *dir, struct verify_report *out_report,
                               struct trail *trail);
/* The main board and every one under DIR/boards; `each` hears of each (name empty: main). */
MUST_USE enum err verify_dir(const char *dir,
                             void (*each)(void *context, const char *name, enum err err,
                                          const struct verify_report *report,
                                          const struct trail *trail),
                             void *context);
