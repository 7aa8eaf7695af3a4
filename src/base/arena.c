/* arena.c - a stack of chunks, filled front to back.
 *
 * The head chunk is the one being filled. Ordinary chunks double from 4 KiB to
 * 1 MiB; a request above half of that gets a chunk of its own *behind* the head,
 * so that the room left in the head is not lost. Reset keeps the largest
 * ordinary chunk, which after a few rounds is one that holds a whole round; it
 * never keeps an outsized one, so a single huge request does not stay resident.
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define CHUNK_FIRST_BYTES ((size_t)4096)
#define CHUNK_MAX_BYTES   ((size_t)1 << 20)
#define ALIGN_BYTES       ((size_t)16)

struct arena_chunk {
    struct arena_chunk *older;
    size_t cap_bytes; /* behind the header */
    size_t used_bytes;
    size_t padding; /* keeps data on a multiple of 16 */
    uint8_t data[];
};

_Static_assert(sizeof(struct arena_chunk) % 16 == 0, "chunk data is aligned to 16 bytes");

static struct arena_chunk *chunk_new(size_t cap_bytes)
{
    CHECK(cap_bytes <= SIZE_MAX / 2);
    struct arena_chunk *chunk = mem_alloc(sizeof *chunk + cap_bytes);
    chunk->older = NULL;
    chunk->cap_bytes = cap_bytes;
    chunk->used_bytes = 0;
    chunk->padding = 0;
    return chunk;
}

static void free_chunks(struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *older = chunk->older;
        mem_free(chunk);
        chunk = older;
    }
}

void arena_deinit(struct arena *arena)
{
    if (arena != NULL) {
        free_chunks(arena->chunk);
        *arena = (struct arena){0};
    }
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = NULL;
    struct arena_chunk *chunk = arena->chunk;
    while (chunk != NULL) {
        struct arena_chunk *older = chunk->older;
        struct arena_chunk *lost = chunk;
        if (chunk->cap_bytes <= CHUNK_MAX_BYTES &&
            (kept == NULL || chunk->cap_bytes > kept->cap_bytes)) {
            lost = kept;
            kept = chunk;
        }
        mem_free(lost);
        chunk = older;
    }
    if (kept != NULL) {
        kept->older = NULL;
        kept->used_bytes = 0;
    }
    arena->chunk = kept;
    arena->total_bytes = 0;
}

static struct arena_chunk *chunk_for(struct arena *arena, size_t bytes)
{
    struct arena_chunk *head = arena->chunk;
    if (bytes > CHUNK_MAX_BYTES / 2) {
        struct arena_chunk *own = chunk_new(bytes);
        if (head == NULL) {
            arena->chunk = own;
        } else {
            own->older = head->older;
            head->older = own;
        }
        return own;
    }
    size_t cap_bytes = CHUNK_FIRST_BYTES - sizeof *head;
    if (head != NULL && head->cap_bytes < CHUNK_MAX_BYTES / 2) {
        cap_bytes = (head->cap_bytes + sizeof *head) * 2 - sizeof *head;
    } else if (head != NULL) {
        cap_bytes = CHUNK_MAX_BYTES - sizeof *head;
    }
    while (cap_bytes < bytes) {
        cap_bytes = (cap_bytes + sizeof *head) * 2 - sizeof *head;
    }
    struct arena_chunk *chunk = chunk_new(cap_bytes);
    chunk->older = head;
    arena->chunk = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    CHECK(bytes <= SIZE_MAX / 4);
    const size_t rounded = (bytes + (ALIGN_BYTES - 1)) & ~(ALIGN_BYTES - 1);
    struct arena_chunk *chunk = arena->chunk;
    if (chunk == NULL || chunk->cap_bytes - chunk->used_bytes < rounded) {
        chunk = chunk_for(arena, rounded);
    }
    void *memory = chunk->data + chunk->used_bytes;
    chunk->used_bytes += rounded;
    arena->total_bytes += rounded;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t bytes)
{
    return memset(arena_alloc(arena, bytes), 0, bytes);
}

struct str arena_str(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    if (text.len > 0) {
        memcpy(copy, text.at, text.len);
    }
    copy[text.len] = '\0';
    return str_n(copy, text.len);
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    char small[256];
    va_list args;
    va_start(args, format);
    const int wanted = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    CHECK(wanted >= 0);
    const size_t len = (size_t)wanted;
    if (len < sizeof small) {
        return arena_str(arena, str_n(small, len));
    }
    char *text = arena_alloc(arena, len + 1);
    va_start(args, format);
    const int written = vsnprintf(text, len + 1, format, args);
    va_end(args);
    CHECK(written == wanted);
    return str_n(text, len);
}
