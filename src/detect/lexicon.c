/* lexicon.c - builds the look-ups from the tables in lexicon_tables.c.
 *
 * 1. A word has one entry; the first table row that names it wins.
 * 2. In a row of notions the words before '|' are synonyms, those behind it their
 *    opposites. A row without '|' is of synonyms only.
 */
#include "detect/lexicon_internal.h"

#include "base/check.h"
#include "base/mem.h"

#define WORD_BYTES_MAX 64u

static void add_word(struct lexicon *lexicon, struct str word, struct lexeme lexeme)
{
    if (dict_find(&lexicon->words, word) != DICT_NONE) {
        return;
    }
    uint32_t number = dict_intern(&lexicon->words, word);
    mem_grow(&lexicon->lexemes, &lexicon->lexemes_cap, (size_t)number + 1,
             sizeof *lexicon->lexemes);
    lexicon->lexemes[number] = lexeme;
}

static void add_row(struct lexicon *lexicon, struct str row, struct lexeme lexeme)
{
    struct str word;
    while (str_cut(&row, ' ', &word)) {
        if (str_is(word, "|")) {
            lexeme.against = true;
        } else if (word.len > 0) {
            add_word(lexicon, word, lexeme);
        }
    }
}

static void add_units(struct lexicon *lexicon)
{
    size_t count;
    const struct unit_word *units = lexicon_units(&count);
    for (size_t i = 0; i < count; i++) {
        uint32_t number = dict_intern(&lexicon->units, str_of(units[i].word));
        mem_grow(&lexicon->unit_of, &lexicon->unit_of_cap, (size_t)number + 1,
                 sizeof *lexicon->unit_of);
        lexicon->unit_of[number] = &units[i];
    }
}

void lexicon_init(struct lexicon *lexicon)
{
    size_t count;
    *lexicon = (struct lexicon){0};
    const struct lexicon_row *rows = lexicon_rows(&count);
    for (size_t i = 0; i < count; i++) {
        add_row(lexicon, str_of(rows[i].words), (struct lexeme){.class = rows[i].class});
    }
    const struct lexicon_number *numbers = lexicon_numbers(&count);
    for (size_t i = 0; i < count; i++) {
        add_word(lexicon, str_of(numbers[i].word),
                 (struct lexeme){.class = numbers[i].class, .number = numbers[i].value});
    }
    const char *const *notions = lexicon_notions(&count);
    for (size_t i = 0; i < count; i++) {
        struct lexeme lexeme = {.class = WORD_NOTION, .notion = (uint16_t)i};
        add_row(lexicon, str_of(notions[i]), lexeme);
    }
    add_units(lexicon);
    const struct lexicon_predicate *predicates = lexicon_predicates(&count);
    for (size_t i = 0; i < count; i++) {
        struct str row = str_of(predicates[i].words), name;
        while (str_cut(&row, ',', &name)) {
            lexicon_set_predicate(lexicon, str_trim(name), predicates[i].kind);
        }
    }
}

void lexicon_deinit(struct lexicon *lexicon)
{
    dict_deinit(&lexicon->words);
    dict_deinit(&lexicon->units);
    dict_deinit(&lexicon->predicates);
    mem_free(lexicon->lexemes);
    mem_free(lexicon->unit_of);
    mem_free(lexicon->kinds);
    *lexicon = (struct lexicon){0};
}

struct lexeme lexicon_word(const struct lexicon *lexicon, struct str word)
{
    static const struct lexeme plain = {.class = WORD_PLAIN};
    uint32_t number = dict_find(&lexicon->words, word);
    return number == DICT_NONE ? plain : lexicon->lexemes[number];
}

const struct unit_word *lexicon_unit(const struct lexicon *lexicon, struct str word)
{
    char lower[WORD_BYTES_MAX];
    uint32_t number = dict_find(&lexicon->units, word);
    if (number == DICT_NONE && word.len > 2 && word.len < sizeof lower) {
        for (size_t i = 0; i < word.len; i++) {
            char c = word.at[i];
            lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        }
        number = dict_find(&lexicon->units, str_n(lower, word.len));
    }
    return number == DICT_NONE ? NULL : lexicon->unit_of[number];
}

enum predicate_kind lexicon_predicate(const struct lexicon *lexicon, struct str predicate)
{
    uint32_t number = dict_find(&lexicon->predicates, predicate);
    return number == DICT_NONE ? PREDICATE_FUNCTIONAL : lexicon->kinds[number];
}

void lexicon_set_predicate(struct lexicon *lexicon, struct str predicate,
                           enum predicate_kind kind)
{
    uint32_t number = dict_intern(&lexicon->predicates, predicate);
    mem_grow(&lexicon->kinds, &lexicon->kinds_cap, (size_t)number + 1, sizeof *lexicon->kinds);
    lexicon->kinds[number] = kind;
}
