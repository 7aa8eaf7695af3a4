/* lexicon.h - what single words do in a position: negate, hedge, date, count, or stand
 * for a notion together with their synonyms and against their antonyms.
 *
 * Built once from the tables in lexicon.c and read-only from then on.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/dict.h"
#include "base/str.h"

enum word_class {
    WORD_PLAIN = 0,
    WORD_STOP,      /* articles, copulas: carries nothing */
    WORD_NOT,       /* turns the rest into its opposite */
    WORD_NOTION,    /* belongs to a row of synonyms and antonyms */
    WORD_NUMBER,    /* "five" */
    WORD_SCALE,     /* "million" behind a number */
    WORD_ABOUT,     /* the number behind it is rough */
    WORD_ATMOST,    /* the number behind it is an upper bound */
    WORD_ATLEAST,   /* ... a lower bound */
    WORD_BETWEEN,   /* two numbers follow */
    WORD_PAST,      /* what is said holds no longer */
    WORD_NOW,       /* ... holds at present */
    WORD_FUTURE,    /* ... will hold */
    WORD_SAYS,      /* somebody's words follow */
    WORD_OPEN,      /* no value: "unknown", "configurable" */
    WORD_ADDITIVE,  /* verbs whose objects stand beside each other */
    WORD_ORDER,     /* the order of what stands around it matters */
};

struct lexeme {
    enum word_class class;
    uint16_t notion; /* NOTION: its row */
    bool against;    /* NOTION: on the far side of the row */
    double number;   /* NUMBER and SCALE */
};

/* X(name, symbol); numbers of one dimension can be compared. */
#define DIMENSION_TABLE(X)                                                                         \
    X(DIMENSION_TIME, "s")                                                                         \
    X(DIMENSION_BYTES, "B")                                                                        \
    X(DIMENSION_BYTES_RATE, "B/s")                                                                 \
    X(DIMENSION_RATE, "1/s")                                                                       \
    X(DIMENSION_LENGTH, "m")                                                                       \
    X(DIMENSION_MASS, "g")                                                                         \
    X(DIMENSION_FREQUENCY, "Hz")                                                                   \
    X(DIMENSION_POWER, "W")                                                                        \
    X(DIMENSION_ENERGY, "J")                                                                       \
    X(DIMENSION_VOLTAGE, "V")                                                                      \
    X(DIMENSION_CURRENT, "A")                                                                      \
    X(DIMENSION_TEMPERATURE, "K")                                                                  \
    X(DIMENSION_VOLUME, "l")                                                                       \
    X(DIMENSION_SPEED, "m/s")                                                                      \
    X(DIMENSION_PRESSURE, "Pa")                                                                    \
    X(DIMENSION_DOLLAR, "USD")                                                                     \
    X(DIMENSION_EURO, "EUR")                                                                       \
    X(DIMENSION_POUND, "GBP")                                                                      \
    X(DIMENSION_PIXEL, "px")
enum dimension {
    DIMENSION_NONE = 0, /* a plain number, also a ratio */
#define X(name, symbol) name,
    DIMENSION_TABLE(X)
#undef X
};

struct unit_word {
    const char *word;
    enum dimension dimension;
    double factor; /* to the dimension's own unit */
    double offset; /* degrees only */
};

/* How the positions of a predicate stand to each other. */
enum predicate_kind {
    PREDICATE_FUNCTIONAL = 0, /* one value at a time: another one disagrees */
    PREDICATE_ADDITIVE,       /* values stand beside each other */
    PREDICATE_STRUCTURAL,     /* housekeeping of the explorer: "document", "passage" */
};

struct lexicon {
    struct dict words, units, predicates;
    struct lexeme *lexemes;        /* by number in words */
    const struct unit_word **unit_of;   /* by number in units */
    enum predicate_kind *kinds;    /* by number in predicates */
    size_t lexemes_cap, unit_of_cap, kinds_cap;
};

void lexicon_init(struct lexicon *lexicon);
void lexicon_deinit(struct lexicon *lexicon);
/* `word` in lower case. */
struct lexeme lexicon_word(const struct lexicon *lexicon, struct str word);
/* As written, for "Mb" and "mb" differ; then in lower case. NULL: not a unit. */
const struct unit_word *lexicon_unit(const struct lexicon *lexicon, struct str word);
/* `predicate` in normal form (see subject.h). */
enum predicate_kind lexicon_predicate(const struct lexicon *lexicon, struct str predicate);
void lexicon_set_predicate(struct lexicon *lexicon, struct str predicate,
                           enum predicate_kind kind);
