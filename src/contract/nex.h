/* nex.h - the text form of a contract: named blocks, and lines of key and value.
 *
 *     file  := item*
 *     item  := word [name] "{" item* "}"  |  word ":" value  [","|";"]
 *     value := 3 | 0.7 | 50% | 30s | true | word | "text" | `raw text` | [value, value]
 *
 * Comments run from # or // to the end of the line. A text in double quotes has the escapes
 * \n \t \r \" \\ \uXXXX; one in backquotes has none and may span lines. Durations are in ms,
 * s, m, h or d. Reading goes on behind a mistake, so one run reports several.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define NEX_PROBLEMS_MAX 50u
#define NEX_DEPTH_MAX    16u
#define NEX_NODES_MAX    20000u

struct nex_place {
    uint32_t line, column; /* from 1; columns in characters */
};

struct nex_problem {
    struct nex_place place;
    char cause[224];
    char cure[160]; /* may be empty */
};
struct nex_problems {
    struct nex_problem items[NEX_PROBLEMS_MAX];
    uint32_t count; /* kept */
    uint32_t total; /* seen */
};
void nex_problem(struct nex_problems *problems, struct nex_place place, const char *cure,
                 const char *format, ...) PRINTF_LIKE(4, 5);
/* One line for each: NAME:LINE:COLUMN: cause (cure). */
void nex_problems_print(struct buf *out, const char *name, const struct nex_problems *problems);

enum nex_kind { NEX_NUMBER = 1, NEX_PERCENT, NEX_DURATION, NEX_BOOL, NEX_WORD, NEX_TEXT, NEX_LIST };

struct nex_value {
    enum nex_kind kind;
    bool whole; /* NUMBER: neither point nor exponent */
    bool boolean;
    bool raw;        /* TEXT: in backquotes */
    double number;   /* PERCENT: 50% is 0.5; DURATION: milliseconds */
    struct str text; /* WORD, TEXT (decoded); of the others the source */
    struct nex_value *items;
    uint32_t count;
    uint32_t begin; /* byte of the source at which it begins; of a TEXT behind the quote */
    struct nex_place place;
};

struct nex_node {
    bool block;
    struct str word; /* the key, or the kind of block */
    struct str name; /* of a block; may be empty */
    struct nex_value value;
    struct nex_place place;
    struct nex_node *first, *last, *next;
};

/* Always gives a tree of what could be read; it borrows from `source`. */
struct nex_node *nex_parse(struct arena *life, struct str source, struct nex_problems *problems);
struct nex_place nex_place_at(struct str source, size_t offset);
/* Where byte `offset` of a decoded text stands in the source. */
struct nex_place nex_place_in(struct str source, const struct nex_value *text, size_t offset);
/* The canonical form: reading it gives the same tree, printing that the same text. */
void nex_print(struct buf *out, const struct nex_node *root);
void nex_print_value(struct buf *out, const struct nex_value *value);
bool nex_same(const struct nex_node *a, const struct nex_node *b);
