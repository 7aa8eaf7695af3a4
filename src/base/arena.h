/* arena.h - memory with one lifetime: allocate often, free all at once.
 *
 * Zeroed memory is an empty arena. Reset keeps the first chunk, so a per-request
 * arena soon stops calling the heap. Results are aligned to 16 bytes.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct arena {
    struct arena_chunk *chunk; /* the one being filled; older ones behind it */
    size_t total_bytes;        /* handed out since the last reset */
};

void arena_deinit(struct arena *arena);
void arena_reset(struct arena *arena);
MUST_USE void *arena_alloc(struct arena *arena, size_t bytes);
MUST_USE void *arena_zalloc(struct arena *arena, size_t bytes);
struct str arena_str(struct arena *arena, struct str text); /* a copy, NUL behind it */
struct str arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
