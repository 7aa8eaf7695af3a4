/* lexicon_internal.h - the tables of lexicon_tables.c. */
#pragma once
#include <stddef.h>

#include "detect/lexicon.h"

struct lexicon_row {
    enum word_class class;
    const char *words; /* between single spaces */
};
struct lexicon_number {
    enum word_class class;
    const char *word;
    double value;
};
struct lexicon_predicate {
    enum predicate_kind kind;
    const char *words; /* between commas */
};

const struct lexicon_row *lexicon_rows(size_t *out_count);
const struct lexicon_number *lexicon_numbers(size_t *out_count);
const char *const *lexicon_notions(size_t *out_count);
const struct unit_word *lexicon_units(size_t *out_count);
const struct lexicon_predicate *lexicon_predicates(size_t *out_count);
