/* passages.c - blocks joined or cut into passages of PASSAGE_BYTES_MIN .. _MAX.
 *
 * A heading starts a passage; small blocks of one section are joined; a block that is too
 * long is cut at the best place within the limits: an item of a list, a line of a table
 * or of code, the end of a sentence, a value of a JSON array or object, else a space,
 * else a character.
 */
#include "ingest/document_internal.h"

#define JOIN_BYTES 1200u /* a passage this long takes no further block */

struct cutter {
    struct arena *arena;
    struct document *document;
    size_t cap;
    uint32_t max;
    bool full;

    bool open; /* the passage being joined */
    bool only_headings;
    uint32_t blocks;
    uint32_t level;
    enum block_kind kind;
    struct str path;
    size_t from, to;
};

static bool byte_is_space(const struct document *d, size_t at)
{
    return is_space(d->bytes.at[at]);
}

/* Adds bytes[from, to) without the white space around it. */
static void add_passage(struct cutter *c, size_t from, size_t to, enum block_kind kind,
                        struct str path)
{
    struct document *d = c->document;
    while (to > from && byte_is_space(d, to - 1)) {
        to--;
    }
    /* Keep the indent of the first line: it has meaning. */
    size_t start = from;
    while (start < to && byte_is_space(d, start)) {
        start++;
        if (d->bytes.at[start - 1] == '\n') {
            from = start;
        }
    }
    if (start == to) {
        return;
    }
    if (d->passages_count == c->max) {
        c->full = true;
        return;
    }
    if (d->passages_count == c->cap) {
        c->cap = c->cap == 0 ? 32 : 2 * c->cap;
        struct passage *bigger = arena_alloc(c->arena, c->cap * sizeof bigger[0]);
        if (d->passages_count > 0) {
            memcpy(bigger, d->passages, d->passages_count * sizeof bigger[0]);
        }
        d->passages = bigger;
    }
    uint32_t first = document_line_at(d, from), last = document_line_at(d, to - 1);
    const struct line *line = &d->lines[last - 1];
    d->passages[d->passages_count++] = (struct passage){
        .kind = kind,
        .path = path,
        .text = str_sub(d->bytes, from, to - from),
        .offset = from,
        .line_first = first,
        .line_last = last,
        .part_of_line = from != d->lines[first - 1].offset ||
                        str_trim(str_sub(d->bytes, to, line->offset + line->text.len - to)).len > 0,
    };
}

/* How good a cut before byte `at` is, 0 = never; at > from. */
static int cut_quality(const struct document *d, enum block_kind kind, size_t at)
{
    char before = d->bytes.at[at - 1];
    char here = d->bytes.at[at];
    if (((unsigned char)here & 0xc0u) == 0x80u) {
        return 0;
    }
    if (before == '\n') {
        if (kind == BLOCK_LIST) {
            struct str line = d->lines[document_line_at(d, at) - 1].text;
            size_t start, indent = line_indent(line, &start);
            return list_marker(line, start) > 0 ? (indent < 2 ? 6 : 5) : 3;
        }
        return kind == BLOCK_TABLE || kind == BLOCK_CODE || kind == BLOCK_DATA ||
                       kind == BLOCK_HTML || kind == BLOCK_FRONT
                   ? 6
                   : 3;
    }
    if (byte_is_space(d, at - 1) && at >= 2) {
        char end = d->bytes.at[at - 2];
        return (end == '.' || end == '!' || end == '?') && kind != BLOCK_CODE ? 5 : 2;
    }
    return kind == BLOCK_DATA && before == ',' ? 4 : 1;
}

static void cut_long(struct cutter *c, size_t from, size_t to, enum block_kind kind,
                     struct str path)
{
    const struct document *d = c->document;
    while (to - from > PASSAGE_BYTES_MAX && !c->full) {
        size_t best = from + PASSAGE_BYTES_MAX;
        int best_quality = 0;
        for (size_t at = from + PASSAGE_BYTES_MAX; at > from + PASSAGE_BYTES_MIN; at--) {
            int quality = cut_quality(d, kind, at);
            if (quality > best_quality) {
                best = at;
                best_quality = quality;
            }
            /* The last good place is the best one: pieces stay long. */
            if (best_quality >= 5) {
                break;
            }
        }
        add_passage(c, from, best, kind, path);
        from = best;
    }
    add_passage(c, from, to, kind, path);
}

static void flush(struct cutter *c)
{
    if (c->open) {
        cut_long(c, c->from, c->to, c->blocks == 1 ? c->kind : BLOCK_PARAGRAPH, c->path);
    }
    c->open = false;
}

static void join(struct cutter *c, const struct block *block, size_t from, size_t to)
{
    bool heading = block->kind == BLOCK_HEADING;
    if (c->open && heading && !c->only_headings &&
        (c->to - c->from >= PASSAGE_BYTES_MIN || block->level <= c->level)) {
        flush(c);
    }
    if (c->open && !heading && to - c->from > PASSAGE_BYTES_MAX) {
        /* A heading goes with the text that follows, even if that is cut. */
        if (!c->only_headings) {
            flush(c);
        }
    } else if (c->open && !heading && to - c->from > JOIN_BYTES &&
               c->to - c->from >= PASSAGE_BYTES_MIN) {
        flush(c);
    }
    if (!c->open) {
        c->open = true;
        c->only_headings = true;
        c->blocks = 0;
        c->from = from;
        c->level = block->level == 0 ? 6 : block->level;
    }
    if (c->only_headings) {
        c->path = block->path;
        c->level = heading ? block->level : c->level;
    }
    c->kind = block->kind;
    c->blocks += heading && c->blocks == 0 ? 0 : 1;
    c->only_headings = c->only_headings && heading;
    c->to = to;
}

bool document_cut_passages(struct arena *arena, struct document *document, uint32_t passages_max)
{
    struct cutter c = {.arena = arena, .document = document, .max = passages_max};
    for (uint32_t i = 0; i < document->blocks_count && !c.full; i++) {
        const struct block *block = &document->blocks[i];
        const struct line *last = &document->lines[block->line + block->lines - 1];
        if (block->kind == BLOCK_COMMENT) {
            flush(&c);
            continue;
        }
        join(&c, block, document->lines[block->line].offset, last->offset + last->text.len);
    }
    flush(&c);
    return !c.full;
}
