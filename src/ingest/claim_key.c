/* claim_key.c - keys with values, and definitions.
 *
 *     **Key**: value     - Key: value     key = value
 *     X is a ...         **Term** — ...   `term` - ...      Term: a whole sentence
 *
 * Prose has colons too ("Note: ..."), so a plain key must be short, begin with a letter,
 * hold no other punctuation, and not be one of the words that introduce a remark.
 */
#include "ingest/claim_internal.h"

#define KEY_BYTES_MAX   60u
#define KEY_WORDS_MAX   4u
#define VALUE_BYTES_MAX 500u
#define SENTENCE_WORDS  6u /* a value of so many words is a definition */

static bool is_remark(struct str key)
{
    static const char *const remarks[] = {
        "note",      "notes",   "warning", "tip",    "example",  "examples",
        "important", "caution", "info",    "hint",   "caveat",   "see",
        "e.g",       "i.e",     "result",  "answer", "question", "for example",
        "in short",  "that is", "also",    "but",    "however",  "remember",
        "reminder",  "ps",      "nb",      "so",     "why",      "how",
    };
    for (size_t i = 0; i < sizeof remarks / sizeof remarks[0]; i++) {
        if (str_eq_nocase(key, str_of(remarks[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_pronoun(struct str word)
{
    static const char *const words[] = {
        "it",   "this",    "that",  "there", "these", "those",   "he",         "she",
        "we",   "what",    "which", "who",   "here",  "each",    "every",      "they",
        "if",   "when",    "where", "one",   "then",  "nothing", "everything", "something",
        "such", "not",     "so",    "but",   "and",   "or",      "all",        "any",
        "no",   "because", "while", "as",    "in",    "on",      "for",        "with",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_eq_nocase(word, str_of(words[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_plain_key(struct str key)
{
    if (key.len == 0 || key.len > KEY_BYTES_MAX || !is_letter(key.at[0]) ||
        words_count(key) > KEY_WORDS_MAX || is_remark(key) ||
        is_pronoun(str_sub(key, 0, str_find(key, ' ', 0)))) {
        return false;
    }
    for (size_t i = 0; i < key.len; i++) {
        char c = key.at[i];
        if (!is_word(c) && c != ' ' && c != '-' && c != '/' && c != '(' && c != ')' && c != '.') {
            return false;
        }
    }
    return true;
}

/* The text between marks at the start: "**Key**", "`key`"; *out_end is behind the marks. */
static bool marked_term(struct str text, struct str *out_term, size_t *out_end)
{
    size_t from = 0, to = 0;
    if (text.len > 1 && text.at[0] == '`') {
        *out_end = code_span_end(text, 0);
        from = 1;
        to = *out_end == 0 ? 0 : *out_end - 1;
    } else if (str_starts(text, STR("**")) || str_starts(text, STR("__"))) {
        struct str rest = str_sub(text, 2, text.len - 2);
        size_t close = str_find_str(rest, str_sub(text, 0, 2));
        from = 2;
        to = close == rest.len ? 0 : 2 + close;
        *out_end = to + 2;
    }
    if (to <= from || to - from > KEY_BYTES_MAX * 2) {
        return false;
    }
    *out_term = str_trim(str_sub(text, from, to - from));
    return out_term->len > 0;
}

/* The value: up to the line's end for a line of its own, else the first sentence, or all
 * when that is short. */
static struct str value_of(struct str rest)
{
    rest = str_trim(rest);
    struct str line = str_trim(str_sub(rest, 0, str_find(rest, '\n', 0)));
    if (line.len < rest.len) {
        line = str_trim(str_sub(rest, 0, sentence_end(rest, 0)));
    }
    return str_cut_at(line, VALUE_BYTES_MAX);
}

static void add_key(struct claim_sink *sink, struct str key, struct str rest, struct str prose)
{
    struct str value = value_of(rest);
    struct str first = str_trim(str_sub(rest, 0, sentence_end(rest, 0)));
    bool sentence = words_count(value) >= SENTENCE_WORDS;
    if (sentence) {
        claim_add(sink, CLAIM_DEFINITION, key, STR("is"), first, first, prose);
    } else {
        claim_add(sink, CLAIM_KEY_VALUE, sink->section, key, value, value, prose);
    }
}

/* "key = value" of configuration-like lines. */
static bool assignment(struct claim_sink *sink, struct str text)
{
    size_t equals = str_find_str(text, STR(" = "));
    if (equals == text.len || equals > KEY_BYTES_MAX) {
        return false;
    }
    struct str key = str_sub(text, 0, equals);
    if (words_count(key) != 1 || !is_plain_key(key)) {
        return false;
    }
    struct str value = value_of(str_sub(text, equals + 3, text.len - equals - 3));
    if (value.len == 0) {
        return false;
    }
    claim_add(sink, CLAIM_KEY_VALUE, sink->section, key, value, value, text);
    return true;
}

bool claims_from_key(struct claim_sink *sink, struct str prose, bool alone)
{
    struct str text = str_trim(prose);
    struct str key = STR_NONE, rest;
    size_t end = 0;
    if (marked_term(text, &key, &end)) {
        rest = str_sub(text, end, text.len - end);
        if (key.at[key.len - 1] == ':') {
            key.len--;
        } else if (rest.len > 0 && rest.at[0] == ':') {
            rest = str_sub(rest, 1, rest.len - 1);
        } else {
            return false;
        }
        if (is_remark(key)) {
            return false;
        }
    } else {
        size_t colon = str_find(text, ':', 0);
        if (colon + 1 >= text.len || !is_space(text.at[colon + 1]) ||
            !is_plain_key(str_trim(str_sub(text, 0, colon)))) {
            return assignment(sink, text);
        }
        key = str_trim(str_sub(text, 0, colon));
        rest = str_sub(text, colon + 1, text.len - colon - 1);
    }
    if (str_trim(rest).len == 0 || key.len == 0) {
        return false;
    }
    if (alone) {
        struct str value = str_cut_at(str_trim(rest), VALUE_BYTES_MAX);
        claim_add(sink, CLAIM_KEY_VALUE, sink->section, key, value, value, text);
    } else {
        add_key(sink, key, rest, text);
    }
    return true;
}

/* "X is a ..." within the first sentence: X of one to six words, nothing like "It". */
static bool is_a(struct claim_sink *sink, struct str sentence)
{
    static const char *const joints[] = {" is a ", " is an ", " is the ", " are the ", " means "};
    for (size_t i = 0; i < sizeof joints / sizeof joints[0]; i++) {
        size_t at = str_find_str(sentence, str_of(joints[i]));
        if (at == sentence.len || at > 2 * KEY_BYTES_MAX) {
            continue;
        }
        struct str subject = str_trim(str_sub(sentence, 0, at));
        struct str first = str_sub(subject, 0, str_find(subject, ' ', 0));
        static const char *const articles[] = {"a", "an", "the"};
        for (size_t k = 0; k < 3; k++) {
            if (str_eq_nocase(first, str_of(articles[k]))) {
                subject = str_trim(str_sub(subject, first.len, subject.len - first.len));
                break;
            }
        }
        size_t words = words_count(subject);
        first = str_sub(subject, 0, str_find(subject, ' ', 0));
        if (words == 0 || words > 6 || is_pronoun(first) ||
            str_find(subject, ',', 0) < subject.len || str_find(subject, ':', 0) < subject.len ||
            str_find(subject, '(', 0) < subject.len || str_find(subject, ';', 0) < subject.len) {
            return false;
        }
        size_t skip = i == 4 ? 7 : i == 3 ? 5 : 4; /* keep "a ..." in the value */
        struct str value = str_trim(str_sub(sentence, at + skip, sentence.len - at - skip));
        claim_add(sink, CLAIM_DEFINITION, subject, STR("is"), value, sentence, sentence);
        return true;
    }
    return false;
}

void claims_from_definition(struct claim_sink *sink, struct str prose)
{
    struct str text = str_trim(prose);
    struct str term = STR_NONE;
    size_t end = 0;
    if (marked_term(text, &term, &end)) {
        struct str rest = str_trim(str_sub(text, end, text.len - end));
        static const char *const dashes[] = {"\xe2\x80\x94", "\xe2\x80\x93", "--", "- "};
        for (size_t i = 0; i < sizeof dashes / sizeof dashes[0]; i++) {
            struct str dash = str_of(dashes[i]);
            if (str_starts(rest, dash)) {
                rest = str_trim(str_sub(rest, dash.len, rest.len - dash.len));
                struct str value = str_trim(str_sub(rest, 0, sentence_end(rest, 0)));
                if (value.len > 0) {
                    claim_add(sink, CLAIM_DEFINITION, term, STR("is"), value, value, text);
                }
                return;
            }
        }
    }
    for (size_t from = 0; from < text.len;) {
        size_t to = sentence_end(text, from);
        struct str sentence = str_trim(str_sub(text, from, to - from));
        is_a(sink, sentence);
        from = to > from ? to : from + 1;
        while (from < text.len && is_space(text.at[from])) {
            from++;
        }
    }
}
