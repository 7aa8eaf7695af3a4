/* position.h - what is said of a subject, in a form that can be compared.
 *
 * "60 s", "one minute" and "1 min" are the same position; "not enabled" and "disabled"
 * too. Two positions of one subject agree, are compatible (both may be true) or
 * contradict each other. The comparison is lexical and deterministic: it would rather
 * miss a contradiction than report one that is none.
 */
#pragma once
#include "detect/lexicon.h"

enum { POSITION_TERMS_MAX = 32, POSITION_BYTES_MAX = 400 };

struct quantity {
    double low, high; /* in the dimension's own unit; equal for a plain number */
    double slack;     /* half a unit of the last decimal written */
    enum dimension dimension;
    bool has_unit;
};

enum tense { TENSE_NONE = 0, TENSE_PAST, TENSE_NOW, TENSE_FUTURE };

struct term {
    uint64_t key;    /* equal keys: the same word, or words of one notion */
    struct str text; /* the word as written, in lower case */
    bool is_quantity, is_notion, against;
    struct quantity quantity;
};

struct position {
    char text[POSITION_BYTES_MAX]; /* lower case; terms point into it */
    struct term terms[POSITION_TERMS_MAX];
    uint32_t terms_count;
    uint64_t key;     /* equal keys: the positions say the same */
    uint64_t speaker; /* whose words these are; 0 = the fact's own */
    enum tense tense;
    bool is_cut;      /* longer than is looked at */
    bool is_open;     /* no value: "unknown" */
    bool negated;
    bool additive;    /* the verb lets several objects be true */
    bool ordered;     /* the order of the words matters */
    bool has_span;    /* "as of 2019", "from 2010 to 2015": years, both included */
    bool span_weak;   /* only "in 2015", which may also be the value */
    int32_t year_from, year_to;
};

/* Reads any bytes. The position points into itself and must not be copied. */
void position_parse(const struct lexicon *lexicon, struct str text, struct position *out);

/* X(name, word): why. */
#define POSITION_REASON_TABLE(X)                                                                   \
    X(REASON_NONE, "none")                                                                         \
    X(REASON_NEGATION, "negation")                                                                 \
    X(REASON_ANTONYM, "antonym")                                                                   \
    X(REASON_NUMBER, "number")                                                                     \
    X(REASON_ORDER, "order")                                                                       \
    X(REASON_DATE, "date")                                                                         \
    X(REASON_VALUE, "other_value")
enum position_reason {
#define X(name, word) name,
    POSITION_REASON_TABLE(X)
#undef X
};
const char *position_reason_word(enum position_reason reason);

/* Whether two positions of one subject contradict each other; REASON_NONE: they do not. */
enum position_reason position_compare(const struct position *a, const struct position *b);
/* They say the same, in whatever words. */
bool position_same(const struct position *a, const struct position *b);
