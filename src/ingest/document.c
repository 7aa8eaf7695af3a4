/* document.c - decides what a document is, refuses what cannot be read, and puts the
 * steps together: bytes, lines, blocks, passages.
 *
 * Invariants:
 *  1. every slice lies inside the caller's bytes;
 *  2. passages are in order, do not overlap, and leave out white space and comments only;
 *  3. nothing here recurses on the input; limits bound every array.
 */
#include "ingest/document.h"

#include "codec/utf8.h"
#include "ingest/document_internal.h"

const char *document_format_word(enum document_format format)
{
    switch (format) {
    case DOCUMENT_NONE:
        return "none";
#define X(name, word)                                                                              \
    case name:                                                                                     \
        return word;
        DOCUMENT_FORMAT_TABLE(X)
#undef X
    }
    return "none";
}

enum document_format document_format_from(struct str word)
{
#define X(name, text)                                                                              \
    if (str_is(word, text)) {                                                                      \
        return name;                                                                               \
    }
    DOCUMENT_FORMAT_TABLE(X)
#undef X
    return DOCUMENT_NONE;
}

const char *block_kind_word(enum block_kind kind)
{
    switch (kind) {
    case BLOCK_NONE:
        return "none";
#define X(name, word)                                                                              \
    case name:                                                                                     \
        return word;
        BLOCK_TABLE_OF_KINDS(X)
#undef X
    }
    return "none";
}

enum document_format document_format_of(struct str file_name)
{
    static const struct {
        const char *ending;
        enum document_format format;
    } endings[] = {
        {"md", DOCUMENT_MARKDOWN},  {"markdown", DOCUMENT_MARKDOWN}, {"mdown", DOCUMENT_MARKDOWN},
        {"mkd", DOCUMENT_MARKDOWN}, {"txt", DOCUMENT_TEXT},          {"text", DOCUMENT_TEXT},
        {"rst", DOCUMENT_TEXT},     {"adoc", DOCUMENT_TEXT},         {"org", DOCUMENT_TEXT},
        {"json", DOCUMENT_JSON},    {"jsonl", DOCUMENT_JSONL},       {"ndjson", DOCUMENT_JSONL},
    };
    static const char *const plain[] = {
        "README",  "LICENSE", "COPYING",      "NOTICE",  "AUTHORS", "CHANGELOG",
        "CHANGES", "NEWS",    "CONTRIBUTING", "INSTALL", "HACKING", "MAINTAINERS",
    };

    size_t name = file_name.len;
    while (name > 0 && file_name.at[name - 1] != '/') {
        name--;
    }
    struct str base = str_sub(file_name, name, file_name.len - name);
    size_t dot = base.len;
    while (dot > 0 && base.at[dot - 1] != '.') {
        dot--;
    }
    if (dot == 0) {
        for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
            if (str_is(base, plain[i])) {
                return DOCUMENT_TEXT;
            }
        }
        return DOCUMENT_NONE;
    }
    struct str ending = str_sub(base, dot, base.len - dot);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (str_eq_nocase(ending, str_of(endings[i].ending))) {
            return endings[i].format;
        }
    }
    return DOCUMENT_NONE;
}

/* Where the text stops being UTF-8, or holds a NUL byte: text.len when it is fine. */
static size_t first_bad_byte(struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t before = at;
        uint32_t code_point = utf8_next(text, &at);
        if (code_point == UINT32_MAX || code_point == 0) {
            return before;
        }
    }
    return text.len;
}

/* The largest cut at or below `max` that leaves whole lines, else whole characters. */
static size_t cut_at(struct str bytes, size_t max)
{
    size_t cut = max;
    while (cut > max / 2 && bytes.at[cut - 1] != '\n') {
        cut--;
    }
    if (cut > max / 2) {
        return cut;
    }
    cut = max;
    while (cut > 0 && ((unsigned char)bytes.at[cut] & 0xc0u) == 0x80u) {
        cut--;
    }
    return cut;
}

static bool read_json(struct arena *arena, struct document *document, struct str *out_why)
{
    struct json_error error = {0};
    struct json_limits limits = {.depth_max = 128, .nodes_max = 500000, .repeat_keys = true};
    if (!json_parse(arena, document->bytes, &limits, &document->json, &error)) {
        *out_why = arena_printf(arena, "not JSON: %s at line %u", error.cause,
                                document_line_at(document, error.offset));
        return false;
    }
    return true;
}

static bool read_json_lines(struct arena *arena, struct document *document, struct str *out_why)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < document->lines_count; i++) {
        struct str text = str_trim(document->lines[i].text);
        struct json *value;
        struct json_error error;
        struct json_limits limits = {.depth_max = 64, .nodes_max = 100000, .repeat_keys = true};
        struct arena scratch = {0};
        if (text.len > 0) {
            if (json_parse(&scratch, text, &limits, &value, &error)) {
                good++;
            } else {
                document->bad_lines++;
            }
        }
        arena_deinit(&scratch);
    }
    if (good == 0 && document->bad_lines > 0) {
        *out_why = STR("no line of it is JSON");
        return false;
    }
    if (document->bad_lines > 0) {
        document->note = arena_printf(arena, "%u lines are not JSON", document->bad_lines);
    }
    return true;
}

/* UTF-8, no NUL, within the limits; sets bytes and note. */
static bool take_bytes(struct arena *arena, struct str bytes, size_t bytes_max,
                       struct document *document, struct str *out_why)
{
    if (bytes.len >= 3 && memcmp(bytes.at, "\xef\xbb\xbf", 3) == 0) {
        bytes = str_sub(bytes, 3, bytes.len - 3);
    }
    if (bytes.len > bytes_max) {
        if (document->format == DOCUMENT_JSON) {
            *out_why = arena_printf(arena, "larger than %zu bytes", bytes_max);
            return false;
        }
        bytes.len = cut_at(bytes, bytes_max);
        document->note = arena_printf(arena, "only the first %zu bytes were read", bytes.len);
    }
    size_t bad = first_bad_byte(bytes);
    if (bad < bytes.len) {
        *out_why = bytes.at[bad] == '\0'
                       ? arena_printf(arena, "binary: a NUL byte at byte %zu", bad)
                       : arena_printf(arena, "not UTF-8 at byte %zu", bad);
        return false;
    }
    document->bytes = bytes;
    return true;
}

bool document_read(struct arena *arena, struct str bytes, enum document_format format,
                   const struct document_limits *limits, struct document *out_document,
                   struct str *out_why)
{
    struct document_limits all = limits == NULL ? (struct document_limits){0} : *limits;
    size_t bytes_max = all.bytes_max == 0 ? (size_t)4 << 20 : all.bytes_max;
    uint32_t lines_max = all.lines_max == 0 ? 200000 : all.lines_max;
    uint32_t passages_max = all.passages_max == 0 ? 10000 : all.passages_max;

    struct document document = {.format = format};
    if (format == DOCUMENT_NONE) {
        *out_why = STR("not a kind of document that can be read");
        return false;
    }
    if (!take_bytes(arena, bytes, bytes_max, &document, out_why)) {
        return false;
    }
    if (!document_split_lines(arena, &document, lines_max)) {
        if (format == DOCUMENT_JSON) {
            *out_why = arena_printf(arena, "more than %u lines", lines_max);
            return false;
        }
        document.note = arena_printf(arena, "only the first %u lines were read", lines_max);
    }
    if (format == DOCUMENT_JSON
            ? !read_json(arena, &document, out_why)
            : format == DOCUMENT_JSONL && !read_json_lines(arena, &document, out_why)) {
        return false;
    }
    document_find_blocks(arena, &document);
    if (!document_cut_passages(arena, &document, passages_max)) {
        document.note = arena_printf(arena, "only the first %u passages were kept", passages_max);
    }
    *out_document = document;
    return true;
}

uint32_t document_line_at(const struct document *document, size_t offset)
{
    uint32_t low = 0, high = document->lines_count;
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        if (document->lines[middle].offset <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + 1;
}

uint32_t document_passage_at(const struct document *document, uint32_t line)
{
    for (uint32_t low = 0, high = document->passages_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        const struct passage *passage = &document->passages[middle];
        if (line < passage->line_first) {
            high = middle;
        } else if (line > passage->line_last) {
            low = middle + 1;
        } else {
            return middle;
        }
    }
    return UINT32_MAX;
}
