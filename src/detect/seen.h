/* seen.h - works out of a record what the detectors want to know of it.
 */
#pragma once
#include "detect/detect_internal.h"

enum { CONTENT_BYTES_MAX = 65536 };

struct reader {
    struct board *board;
    uint64_t seed;
    uint32_t values_max;
    struct lexicon lexicon;
    struct topics topics;
    struct keymap origins;  /* key -> number */
    uint32_t *origin_facts; /* by number: the first Fact of the origin */
    size_t origins_count, origins_cap;
    uint32_t *cites;
    size_t cites_cap;
    struct arena arena;
    struct buf scratch;
    struct subject subject;
    struct position position;
    struct known known;
};
void reader_init(struct reader *reader, struct board *board, uint64_t seed, uint32_t values_max);
void reader_deinit(struct reader *reader);
size_t reader_bytes(const struct reader *reader);
uint32_t reader_origin_fact(const struct reader *reader, uint32_t origin);
/* False: a record that no detector may see. Borrowed until the next call. */
bool reader_read(struct reader *reader, uint32_t ordinal, const struct entry *entry,
                 struct seen *out);
