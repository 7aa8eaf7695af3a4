/* claim.c - walks the blocks of a document and lets each kind of reader look at the runs
 * of prose in them.
 *
 * A run is a slice of the document, so its lines are found from its address. A list item
 * is a run; so is a paragraph, a line of front matter and a cell.
 */
#include "ingest/claim_internal.h"

#define CELLS_MAX  64u
#define LABELS_MAX 4096u

const char *claim_kind_word(enum claim_kind kind)
{
    switch (kind) {
    case CLAIM_NONE:
        return "none";
#define X(name, word)                                                                              \
    case name:                                                                                     \
        return word;
        CLAIM_KIND_TABLE(X)
#undef X
    }
    return "none";
}

static size_t offset_of(const struct claim_sink *sink, struct str at)
{
    return (size_t)(at.at - sink->document->bytes.at);
}

static struct str topic_of(struct claim_sink *sink, enum claim_kind kind, struct str subject,
                           struct str predicate, struct str value)
{
    switch (kind) {
    case CLAIM_LINK:
    case CLAIM_IMAGE:
    case CLAIM_REFERENCE:
        return str_cut_at(
            arena_printf(sink->arena, "%s / %.*s", claim_kind_word(kind), STR_ARG(value)),
            CLAIM_TOPIC_BYTES_MAX);
    case CLAIM_HEADING:
        return claim_normal(sink->arena, value);
    case CLAIM_NONE:
    case CLAIM_KEY_VALUE:
    case CLAIM_CELL:
    case CLAIM_DEFINITION:
    case CLAIM_QUANTITY:
        break;
    }
    struct str left = claim_normal(sink->arena, subject);
    struct str right = claim_normal(sink->arena, predicate);
    if (left.len == 0 || str_is(right, "is")) {
        return left.len == 0 ? right : left;
    }
    return str_cut_at(arena_printf(sink->arena, "%.*s / %.*s", STR_ARG(left), STR_ARG(right)),
                      CLAIM_TOPIC_BYTES_MAX);
}

struct claim *claim_add(struct claim_sink *sink, enum claim_kind kind, struct str subject,
                        struct str predicate, struct str value, struct str at, struct str text)
{
    struct claims *claims = sink->claims;
    if (claims->count == sink->max) {
        claims->cut = true;
        return NULL;
    }
    if (claims->count == sink->cap) {
        sink->cap = sink->cap == 0 ? 64 : 2 * sink->cap;
        struct claim *bigger = arena_alloc(sink->arena, sink->cap * sizeof bigger[0]);
        if (claims->count > 0) {
            memcpy(bigger, claims->at, claims->count * sizeof bigger[0]);
        }
        claims->at = bigger;
    }
    size_t from = offset_of(sink, at);
    size_t last = at.len == 0 ? from : from + at.len - 1;
    bool competes = kind == CLAIM_KEY_VALUE || kind == CLAIM_CELL || kind == CLAIM_DEFINITION ||
                    kind == CLAIM_QUANTITY;
    struct claim *claim = &claims->at[claims->count++];
    *claim = (struct claim){
        .kind = kind,
        .subject = plain_words(sink->arena, subject, CLAIM_TEXT_BYTES_MAX),
        .predicate = plain_words(sink->arena, predicate, CLAIM_TEXT_BYTES_MAX),
        .value = kind == CLAIM_LINK || kind == CLAIM_IMAGE || kind == CLAIM_REFERENCE
                     ? str_cut_at(value, CLAIM_TEXT_BYTES_MAX)
                     : plain_words(sink->arena, value, CLAIM_TEXT_BYTES_MAX),
        .topic = topic_of(sink, kind, subject, predicate, value),
        .text = plain_words(sink->arena, text, CLAIM_TEXT_BYTES_MAX),
        .line_first = document_line_at(sink->document, from),
        .line_last = document_line_at(sink->document, last),
    };
    if (competes) {
        claim->position = claim_normal(sink->arena, value);
    }
    return claim;
}

static void read_prose(struct claim_sink *sink, struct str prose)
{
    claims_from_links(sink, prose);
    if (!sink->headline) {
        claims_from_references(sink, prose);
        claims_from_quantities(sink, prose);
    }
}

/* Lines [from, to) as one slice. */
static struct str lines_slice(const struct document *d, uint32_t from, uint32_t to)
{
    const struct line *last = &d->lines[to - 1];
    size_t start = d->lines[from].offset;
    return str_sub(d->bytes, start, last->offset + last->text.len - start);
}

static void read_paragraph(struct claim_sink *sink, const struct block *block)
{
    const struct document *d = sink->document;
    bool key = true;
    uint32_t keys = 0;
    for (uint32_t i = 0; i < block->lines && key; i++) {
        struct str line = d->lines[block->line + i].text;
        /* One line alone, or lines that are keys from the first one on. */
        key = str_trim(line).len > 0 && claims_from_key(sink, line, block->lines > 1);
        keys += key;
    }
    struct str prose = lines_slice(d, block->line, block->line + block->lines);
    if (keys == 0) {
        claims_from_definition(sink, prose);
    }
    read_prose(sink, prose);
}

static void read_item(struct claim_sink *sink, uint32_t from, uint32_t to, size_t skip)
{
    struct str prose = lines_slice(sink->document, from, to);
    prose = str_sub(prose, skip, prose.len - skip);
    if (prose.len > 4 && prose.at[0] == '[' && prose.at[2] == ']' && is_space(prose.at[3])) {
        prose = str_sub(prose, 4, prose.len - 4); /* a task's box */
    }
    if (!claims_from_key(sink, prose, false)) {
        claims_from_definition(sink, prose);
    }
    read_prose(sink, prose);
}

/* Items of all levels, one run each; code fences in them are left out. */
static void read_list(struct claim_sink *sink, const struct block *block)
{
    const struct document *d = sink->document;
    uint32_t item = block->line, end = block->line + block->lines;
    size_t skip = 0;
    bool open = false;
    for (uint32_t i = block->line; i < end;) {
        struct str line = d->lines[i].text;
        size_t at;
        char c;
        line_indent(line, &at);
        size_t marker = list_marker(line, at);
        size_t fence = d->format == DOCUMENT_MARKDOWN ? line_fence(line, at + marker, &c) : 0;
        if ((marker > 0 || fence > 0) && open) {
            read_item(sink, item, i, skip);
            open = false;
        }
        if (fence > 0) {
            i++;
            while (i < end && !line_closes_fence(d->lines[i].text, c, fence)) {
                i++;
            }
            i++;
            continue;
        }
        if (marker > 0 || (!open && at < line.len)) {
            item = i;
            skip = at + marker;
            open = true;
        }
        i++;
    }
    if (open) {
        read_item(sink, item, end, skip);
    }
}

static void read_table(struct claim_sink *sink, const struct block *block)
{
    const struct document *d = sink->document;
    struct str names[CELLS_MAX], cells[CELLS_MAX];
    struct str head = d->lines[block->line].text;
    uint32_t columns = table_cells(head, names, CELLS_MAX);
    columns = columns > CELLS_MAX ? CELLS_MAX : columns;
    read_prose(sink, head);
    for (uint32_t i = 2; i < block->lines; i++) {
        struct str row = d->lines[block->line + i].text;
        uint32_t count = table_cells(row, cells, CELLS_MAX);
        count = count > columns ? columns : count;
        for (uint32_t column = 1; column < count; column++) {
            struct str subject = plain_words(sink->arena, cells[0], CLAIM_TEXT_BYTES_MAX);
            if (subject.len > 0 && cells[column].len > 0 && names[column].len > 0) {
                claim_add(sink, CLAIM_CELL, subject, names[column], cells[column], cells[column],
                          row);
            }
        }
        claims_from_links(sink, row);
        claims_from_references(sink, row);
    }
}

/* "key: value" and "key = value"; items of a key without a value are additive. */
static void read_front(struct claim_sink *sink, const struct block *block)
{
    const struct document *d = sink->document;
    struct str subject = d->title.len > 0 ? d->title : STR("document"), key = STR_NONE;
    for (uint32_t i = 1; i + 1 < block->lines; i++) {
        struct str line = d->lines[block->line + i].text;
        struct str text = str_trim(line);
        size_t colon = str_find(text, ':', 0), equals = str_find(text, '=', 0);
        size_t at = colon < equals ? colon : equals;
        if (text.len > 2 && text.at[0] == '-' && key.len > 0) {
            struct claim *claim = claim_add(sink, CLAIM_KEY_VALUE, subject, key,
                                            str_sub(text, 2, text.len - 2), text, text);
            if (claim != NULL) {
                claim->additive = true;
            }
        } else if (at < text.len && at > 0 && text.at[0] != '#' && !is_space(line.at[0])) {
            key = str_trim(str_sub(text, 0, at));
            struct str value = str_trim(str_sub(text, at + 1, text.len - at - 1));
            if (value.len > 0) {
                claim_add(sink, CLAIM_KEY_VALUE, subject, key, value, text, text);
            }
        }
    }
}

/* "[label]: target", collected before anything is read: use may come before definition. */
static void collect_labels(struct claim_sink *sink)
{
    const struct document *d = sink->document;
    uint32_t cap = 0;
    for (uint32_t i = 0; i < d->lines_count && sink->labels_count < LABELS_MAX; i++) {
        struct str text = str_trim(d->lines[i].text);
        size_t close = str_find(text, ']', 0);
        if (text.len < 5 || text.at[0] != '[' || text.at[1] == '^' || close + 2 >= text.len ||
            text.at[close + 1] != ':') {
            continue;
        }
        if (sink->labels_count == cap) {
            cap = cap == 0 ? 32 : 2 * cap;
            struct str *labels = arena_alloc(sink->arena, cap * sizeof labels[0]);
            struct str *targets = arena_alloc(sink->arena, cap * sizeof targets[0]);
            if (sink->labels_count > 0) {
                memcpy(labels, sink->labels, sink->labels_count * sizeof labels[0]);
                memcpy(targets, sink->targets, sink->labels_count * sizeof targets[0]);
            }
            sink->labels = labels;
            sink->targets = targets;
        }
        struct str rest = str_trim(str_sub(text, close + 2, text.len - close - 2));
        struct str target = str_sub(rest, 0, str_find(rest, ' ', 0));
        if (target.len > 2 && target.at[0] == '<') {
            target = str_sub(target, 1, str_find(target, '>', 0) - 1);
        }
        sink->labels[sink->labels_count] = str_sub(text, 1, close - 1);
        sink->targets[sink->labels_count++] = target;
        claim_add(sink, CLAIM_LINK, str_sub(text, 1, close - 1), STR("links to"), target, text,
                  text);
    }
}

static void read_heading(struct claim_sink *sink, const struct block *block)
{
    const struct document *d = sink->document;
    struct str at = d->lines[block->line].text;
    claim_add(sink, CLAIM_HEADING, d->title, STR("section"), block->text, at, block->path);
    sink->headline = true;
    read_prose(sink, at);
    sink->headline = false;
    sink->section = block->text;
}

static void read_block(struct claim_sink *sink, const struct block *block)
{
    const struct document *d = sink->document;
    switch (block->kind) {
    case BLOCK_HEADING:
        read_heading(sink, block);
        break;
    case BLOCK_PARAGRAPH:
        read_paragraph(sink, block);
        break;
    case BLOCK_LIST:
        read_list(sink, block);
        break;
    case BLOCK_TABLE:
        read_table(sink, block);
        break;
    case BLOCK_FRONT:
        read_front(sink, block);
        break;
    case BLOCK_QUOTE:
    case BLOCK_HTML:
        claims_from_links(sink, lines_slice(d, block->line, block->line + block->lines));
        break;
    case BLOCK_DATA:
    case BLOCK_CODE:
    case BLOCK_COMMENT:
    case BLOCK_NONE:
        break;
    }
}

static void read_json_lines(struct claim_sink *sink)
{
    const struct document *d = sink->document;
    for (uint32_t i = 0; i < d->lines_count && !sink->claims->cut; i++) {
        struct json_limits limits = {.depth_max = 64, .nodes_max = 100000, .repeat_keys = true};
        struct json_error error;
        struct json *value;
        struct str text = str_trim(d->lines[i].text);
        if (text.len > 0 && json_parse(sink->arena, text, &limits, &value, &error)) {
            claims_from_json(sink, value, arena_printf(sink->arena, "line %u", i + 1));
        }
    }
}

void claims_read(struct arena *arena, const struct document *document, uint32_t claims_max,
                 struct claims *out_claims)
{
    *out_claims = (struct claims){0};
    struct claim_sink sink = {
        .arena = arena,
        .document = document,
        .claims = out_claims,
        .max = claims_max == 0 ? 5000 : claims_max,
        .section = document->title,
    };
    if (document->format == DOCUMENT_JSON) {
        claims_from_json(&sink, document->json, STR_NONE);
        return;
    }
    if (document->format == DOCUMENT_JSONL) {
        read_json_lines(&sink);
        return;
    }
    if (document->format == DOCUMENT_MARKDOWN) {
        collect_labels(&sink);
    }
    for (uint32_t i = 0; i < document->blocks_count && !out_claims->cut; i++) {
        read_block(&sink, &document->blocks[i]);
    }
}
