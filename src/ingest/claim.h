/* claim.h - what a document states: headings, keys and their values, table cells,
 * definitions, links, references and quantities, each with its lines.
 *
 * A claim is what the text says, never whether it is true. `topic` is the subject and the
 * predicate in a normal form, so that two documents that speak of the same thing in
 * different spellings meet under one topic; `position` is what is said of it. Code is
 * never a claim, comments are skipped.
 */
#pragma once
#include "ingest/document.h"

/* X(name, word) */
#define CLAIM_KIND_TABLE(X)                                                                        \
    X(CLAIM_HEADING, "heading")                                                                    \
    X(CLAIM_KEY_VALUE, "key_value")                                                                \
    X(CLAIM_CELL, "table_cell")                                                                    \
    X(CLAIM_DEFINITION, "definition")                                                              \
    X(CLAIM_LINK, "link")                                                                          \
    X(CLAIM_IMAGE, "image")                                                                        \
    X(CLAIM_REFERENCE, "reference")                                                                \
    X(CLAIM_QUANTITY, "quantity")
enum claim_kind {
    CLAIM_NONE = 0,
#define X(name, word) name,
    CLAIM_KIND_TABLE(X)
#undef X
};
const char *claim_kind_word(enum claim_kind kind);

#define CLAIM_TEXT_BYTES_MAX  400u /* of `text`, subject and value */
#define CLAIM_TOPIC_BYTES_MAX 300u

struct claim {
    enum claim_kind kind;
    struct str subject;   /* as written: the section, the row, the term, the link's words */
    struct str predicate; /* the key, the column, "is", ... */
    struct str value;     /* as written; of a link or reference its target */
    struct str topic;     /* normal form of subject and predicate */
    struct str position;  /* normal form of the value; empty where values do not compete */
    struct str text;      /* the words around it */
    uint32_t line_first, line_last; /* from 1 */
    bool additive;                  /* several values beside each other are no disagreement */
    bool unresolved;                /* a reference whose definition is missing in the document */
};

struct claims {
    struct claim *at;
    uint32_t count;
    bool cut; /* there were more than claims_max */
};

/* claims_max 0 = 5,000. Slices and arrays live in the arena and in the document. */
void claims_read(struct arena *arena, const struct document *document, uint32_t claims_max,
                 struct claims *out_claims);

/* Lower case, marks and doubled white space dropped, '_' and '-' as spaces; cut to
 * CLAIM_TOPIC_BYTES_MAX. */
struct str claim_normal(struct arena *arena, struct str words);
