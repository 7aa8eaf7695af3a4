/* claim_internal.h - how the readers of the several kinds hand over what they found. */
#pragma once
#include "ingest/claim.h"
#include "ingest/document_internal.h"

struct claim_sink {
    struct arena *arena;
    const struct document *document;
    struct claims *claims;
    uint32_t cap, max;
    struct str section; /* the heading above, else the title */
    bool headline;      /* reading a heading: links only */
    struct str *labels; /* of link reference definitions, and where they lead */
    struct str *targets;
    uint32_t labels_count;
};

/* Adds a claim; lines come from the slice `at` of the document. The sink makes topic and
 * position. Returns the claim for further marks, NULL when there is no room. */
struct claim *claim_add(struct claim_sink *sink, enum claim_kind kind, struct str subject,
                        struct str predicate, struct str value, struct str at, struct str text);

/* One run of prose (a paragraph, a list item, a table cell): a slice of the document. */
void claims_from_links(struct claim_sink *sink, struct str prose);
void claims_from_references(struct claim_sink *sink, struct str prose);
void claims_from_quantities(struct claim_sink *sink, struct str prose);
/* Keys and definitions at the start of a run; true when it found a key. */
bool claims_from_key(struct claim_sink *sink, struct str prose, bool alone);
void claims_from_definition(struct claim_sink *sink, struct str prose);
void claims_from_json(struct claim_sink *sink, const struct json *root, struct str name);

/* The words without marks of emphasis, code, links and line ends; cut to `max`. */
struct str plain_words(struct arena *arena, struct str text, size_t max);
/* End of the sentence that begins at `from`. */
size_t sentence_end(struct str text, size_t from);
/* How many words. */
size_t words_count(struct str text);
/* At a '`': index behind the code span, or `at` when it is not closed. */
size_t code_span_end(struct str text, size_t at);
struct str str_cut_at(struct str text, size_t max); /* whole characters */
