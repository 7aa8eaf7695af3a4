/* document.h - bytes of a document in, lines, blocks and passages out.
 *
 * Markdown (the block structure of CommonMark plus tables and front matter), plain
 * text, JSON and JSON lines. Everything is a slice of the caller's bytes, which must
 * outlive the document; the arrays live in the arena. The same bytes always give the
 * same passages.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/json.h"

#define PASSAGE_BYTES_MIN 200u /* shorter only where a section or the document ends */
#define PASSAGE_BYTES_MAX 2000u

/* X(name, word) */
#define DOCUMENT_FORMAT_TABLE(X)                                                                   \
    X(DOCUMENT_MARKDOWN, "markdown")                                                               \
    X(DOCUMENT_TEXT, "text")                                                                       \
    X(DOCUMENT_JSON, "json")                                                                       \
    X(DOCUMENT_JSONL, "jsonl")
enum document_format {
    DOCUMENT_NONE = 0,
#define X(name, word) name,
    DOCUMENT_FORMAT_TABLE(X)
#undef X
};
const char *document_format_word(enum document_format format);
enum document_format document_format_from(struct str word);
/* By the name's ending (".md", ".txt", ".json", ..., or README and its like). NONE: no
 * document of ours. */
enum document_format document_format_of(struct str file_name);

/* X(name, word) */
#define BLOCK_TABLE_OF_KINDS(X)                                                                    \
    X(BLOCK_HEADING, "heading")                                                                    \
    X(BLOCK_PARAGRAPH, "paragraph")                                                                \
    X(BLOCK_LIST, "list")                                                                          \
    X(BLOCK_TABLE, "table")                                                                        \
    X(BLOCK_CODE, "code")                                                                          \
    X(BLOCK_QUOTE, "quote")                                                                        \
    X(BLOCK_HTML, "html")                                                                          \
    X(BLOCK_FRONT, "front matter")                                                                 \
    X(BLOCK_COMMENT, "comment")                                                                    \
    X(BLOCK_DATA, "data")
enum block_kind {
    BLOCK_NONE = 0,
#define X(name, word) name,
    BLOCK_TABLE_OF_KINDS(X)
#undef X
};
const char *block_kind_word(enum block_kind kind);

struct line {
    struct str text; /* without the line end */
    size_t offset;   /* of its first byte in the document */
};

struct block {
    enum block_kind kind;
    uint32_t line;   /* index of the first line, from 0 */
    uint32_t lines;  /* how many */
    uint32_t level;  /* of a heading, 1 .. 6 */
    struct str text; /* of a heading: its words, without marks */
    struct str path; /* "Guide > Install": the headings above, and a heading itself */
};

struct passage {
    enum block_kind kind; /* of its one block; PARAGRAPH when several were joined */
    struct str path;
    struct str text;
    size_t offset;
    uint32_t line_first, line_last; /* from 1, as people count */
    bool part_of_line;              /* begins or ends inside a line */
};

struct document_limits {
    size_t bytes_max;      /* 0 = 4 MiB; what lies behind is not read */
    uint32_t lines_max;    /* 0 = 200,000 */
    uint32_t passages_max; /* 0 = 10,000 */
};

struct document {
    enum document_format format;
    struct str bytes; /* what was read: a byte order mark and a cut tail are gone */
    struct str title; /* front matter's title or the first heading; may be empty */
    struct line *lines;
    uint32_t lines_count;
    struct block *blocks;
    uint32_t blocks_count;
    struct passage *passages;
    uint32_t passages_count;
    struct json *json;  /* of a JSON document */
    uint32_t bad_lines; /* JSON lines that are no JSON */
    struct str note;    /* why only a part was read; empty = all of it */
};

/* False: the document is refused, and *out_why says why ("not UTF-8 at byte 17"). */
MUST_USE bool document_read(struct arena *arena, struct str bytes, enum document_format format,
                            const struct document_limits *limits, struct document *out_document,
                            struct str *out_why);
/* The line (from 1) in which the byte at `offset` lies. */
uint32_t document_line_at(const struct document *document, size_t offset);
/* The passage that holds the line (from 1), UINT32_MAX when none does. */
uint32_t document_passage_at(const struct document *document, uint32_t line);

/* The fragment by which a heading is linked to: lower case, marks dropped, spaces as
 * '-', as the common Markdown hosts make it (without their -1, -2 for repetitions). */
struct str document_anchor(struct arena *arena, struct str heading);
/* True when the document has such an anchor: a heading's (with or without a repetition
 * number) or an explicit id="..." / name="...". */
bool document_has_anchor(const struct document *document, struct arena *arena, struct str anchor);
