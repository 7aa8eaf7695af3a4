/* claim_quantity.c - numbers with units: "15 ms", "64 MiB", "99.9 %".
 *
 * The predicate is made of the words before the number in its clause, so that "the lease
 * lasts 60 s" and "the lease lasts 90 s" meet under one topic. Without such words there is
 * nothing that the number belongs to, and no claim.
 */
#include "ingest/claim_internal.h"

#define WORDS_BEFORE 6u

/* Longer ones first where one begins another. clang-format off: a list in rows. */
static const char *const units[] = {
    "\xc2\xb5s", "\xce\xbcs", ("\xc2\xb0" "C"),
    "requests/s", "tokens/s", "records/s", "facts/s", "cycles/s", "ops/s", "req/s",
    "GiB/s", "MiB/s", "KiB/s", "GB/s", "MB/s", "KB/s", "Gbit/s", "Mbit/s",
    "milliseconds", "seconds", "second", "minutes", "minute", "hours", "hour",
    "days", "day", "weeks", "week", "months", "month", "years", "year",
    "bytes", "byte", "KiB", "MiB", "GiB", "TiB", "KB", "kB", "MB", "GB", "TB", "bits", "bit",
    "kHz", "MHz", "GHz", "Hz", "ms", "us", "ns", "min", "kW", "mW", "km", "cm", "mm", "kg", "mg",
    "px", "USD", "EUR", "%", "s", "h", "W", "V",
};
/* clang-format on */

/* Length of the unit at `at`, 0 for none. */
static size_t unit_len(struct str text, size_t at)
{
    struct str rest = str_sub(text, at, text.len - at);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct str unit = str_of(units[i]);
        if (str_starts(rest, unit)) {
            char after = rest.len > unit.len ? rest.at[unit.len] : ' ';
            return is_word(after) || after == '/' || after == '-' ? 0 : unit.len;
        }
    }
    return 0;
}

/* End of the number at `at`: digits with ',', '_' or '.' between them. */
static size_t number_end(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.len &&
           (is_digit(text.at[end]) ||
            ((text.at[end] == ',' || text.at[end] == '.' || text.at[end] == '_') &&
             end + 1 < text.len && is_digit(text.at[end + 1])))) {
        end++;
    }
    return end;
}

static bool is_filler(struct str word)
{
    static const char *const fillers[] = {
        "a",    "an",    "the",   "is",     "are",   "of",    "at",   "to",    "in",
        "for",  "by",    "about", "than",   "most",  "least", "up",   "only",  "be",
        "was",  "and",   "or",    "within", "after", "every", "over", "under", "some",
        "with", "takes", "it",    "less",   "more",  "then",  "from",
    };
    for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++) {
        if (str_eq_nocase(word, str_of(fillers[i]))) {
            return true;
        }
    }
    return false;
}

/* Up to WORDS_BEFORE words before `at` in the same clause; fillers at the ends drop. */
static struct str words_before(struct str text, size_t at)
{
    size_t from = at, words = 0;
    while (from > 0 && words < WORDS_BEFORE) {
        size_t i = from;
        while (i > 0 && is_space(text.at[i - 1])) {
            i--;
        }
        size_t end = i;
        while (i > 0 && !is_space(text.at[i - 1])) {
            i--;
        }
        char last = end > i ? text.at[end - 1] : ' ';
        bool clause = last == '.' || last == ',' || last == ';' || last == ':' || last == '(' ||
                      last == '|' || last == ')' || last == '!' || last == '?';
        if (end == i || clause) {
            break;
        }
        from = i;
        words++;
    }
    struct str found = str_trim(str_sub(text, from, at - from));
    for (;;) {
        size_t first = str_find(found, ' ', 0);
        size_t last = found.len;
        while (last > 0 && !is_space(found.at[last - 1])) {
            last--;
        }
        if (is_filler(str_sub(found, 0, first))) {
            found = str_trim(str_sub(found, first, found.len - first));
        } else if (is_filler(str_sub(found, last, found.len - last))) {
            found = str_trim(str_sub(found, 0, last));
        } else {
            return found;
        }
        if (found.len == 0) {
            return found;
        }
    }
}

/* Words of a sentence, not pieces of markup that stands in the text. */
static bool is_prose(struct str text)
{
    bool letter = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '<' || c == '>' || c == '{' || c == '}') {
            return false;
        }
        letter = letter || is_letter(c);
    }
    return letter;
}

/* Where the value begins: "at least 48 hours" is another value than "48 hours". `from` is
 * where the words before it end. */
static size_t bound_start(struct str text, size_t from, size_t at)
{
    static const char *const bounds[] = {
        "at least", "at most", "up to", "less than", "more than", "over", "under", "about",
        "within",   "fewer than",
    };
    struct str between = str_sub(text, from, at - from);
    size_t found = between.len;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        size_t start = str_find_str(between, str_of(bounds[i]));
        found = start < found ? start : found;
    }
    return from + found;
}

void claims_from_quantities(struct claim_sink *sink, struct str prose)
{
    for (size_t at = 0; at < prose.len && !sink->claims->cut;) {
        if (prose.at[at] == '`') {
            size_t end = code_span_end(prose, at);
            at = end > at ? end : at + 1;
            continue;
        }
        char before = at > 0 ? prose.at[at - 1] : ' ';
        if (!is_digit(prose.at[at]) || is_word(before) || before == '.' || before == '/' ||
            before == '-' || before == '$') {
            at++;
            continue;
        }
        size_t end = number_end(prose, at);
        size_t unit = end;
        if (unit < prose.len && prose.at[unit] == ' ') {
            unit++;
        } else if (unit + 1 < prose.len && prose.at[unit] == '\xc2' &&
                   prose.at[unit + 1] == '\xa0') {
            unit += 2;
        }
        size_t len = unit_len(prose, unit);
        struct str words = len > 0 ? words_before(prose, at) : STR_NONE;
        if (len > 0 && is_prose(words)) {
            size_t from = (size_t)(words.at - prose.at);
            size_t start = bound_start(prose, from + words.len, at);
            struct str value = str_sub(prose, start, unit + len - start);
            struct str text = str_sub(prose, from, sentence_end(prose, unit) - from);
            claim_add(sink, CLAIM_QUANTITY, sink->section, words, value, value, text);
        }
        at = end;
    }
}
