/* position_token.c - a position cut into words and numbers.
 *
 * A number is digits with thousands separators and decimals, and stands alone even where
 * a unit is glued to it ("10ms"). What looks like a number but is none (versions, dates,
 * addresses, times of day) is a word. Comparison signs and currency signs are words too.
 */
#include "detect/position_internal.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (uint8_t)c >= 0x80;
}

static bool at_digit(struct str s, size_t at)
{
    return at < s.len && is_digit(s.at[at]);
}

/* Signs of more than one byte that are words by themselves: their length, else 0. */
static size_t sign_len(struct str s, size_t at)
{
    static const char *const signs[] = {
        "<=", ">=", "..", "\xe2\x89\xa4", "\xe2\x89\xa5", "\xe2\x89\x88", "\xe2\x80\x93",
        "\xe2\x80\x94", "\xe2\x82\xac", "\xc2\xa3", "\xc2\xb1", ("\xc2\xb0" "C"), ("\xc2\xb0" "F"),
    };
    struct str rest = str_sub(s, at, s.len);
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (str_starts(rest, str_of(signs[i]))) {
            return strlen(signs[i]);
        }
    }
    char c = s.at[at];
    return c == '<' || c == '>' || c == '~' || c == '%' || c == '$' || c == '?' || c == '-' ? 1
                                                                                            : 0;
}

/* Quotation marks and dashes that are more than one byte and mean nothing here. */
static size_t blank_len(struct str s, size_t at)
{
    static const char *const blanks[] = {"\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x98",
                                         "\xe2\x80\x99", "\xc2\xa0", "\xc2\xab", "\xc2\xbb"};
    struct str rest = str_sub(s, at, s.len);
    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
        if (str_starts(rest, str_of(blanks[i]))) {
            return strlen(blanks[i]);
        }
    }
    return 0;
}

/* End of the digits from `at`; a ',' or '_' may stand before each group of three. */
static size_t digits_end(struct str s, size_t at, double *value)
{
    size_t end = at;
    while (end < s.len) {
        if (is_digit(s.at[end])) {
            *value = *value * 10 + (s.at[end++] - '0');
        } else if ((s.at[end] == ',' || s.at[end] == '_') && end - at <= 12 && end > at &&
                   at_digit(s, end + 1) && at_digit(s, end + 2) && at_digit(s, end + 3) &&
                   !at_digit(s, end + 4)) {
            end++;
        } else {
            break;
        }
    }
    return end;
}

/* A letter that would make one word of it and the digits: 'x' in "0x10", not a unit. */
static bool ends_number(const struct lexicon *lexicon, struct str s, size_t end)
{
    if (end == s.len || s.at[end] == '%') {
        return true;
    }
    char c = s.at[end];
    if (c == '/' || c == '@' || c == '#' || ((c == '.' || c == ':') && at_digit(s, end + 1))) {
        return false;
    }
    if (c == '-' && at_digit(s, end + 1)) { /* a range, unless it goes on as a date does */
        size_t next = end + 1;
        while (next < s.len && (is_digit(s.at[next]) || s.at[next] == '.')) {
            next++;
        }
        return !(next < s.len && (s.at[next] == '-' || s.at[next] == ':')) &&
               !(s.at[end + 1] == '0' && at_digit(s, end + 2));
    }
    size_t letters = end;
    while (letters < s.len && (is_letter(s.at[letters]) || s.at[letters] == '/')) {
        letters++;
    }
    return letters == end || (!at_digit(s, letters) &&
                              lexicon_unit(lexicon, str_sub(s, end, letters - end)) != NULL);
}

static bool number_at(const struct lexicon *lexicon, struct str s, size_t at, struct token *out,
                      size_t *out_end)
{
    bool minus = s.at[at] == '-' || s.at[at] == '+';
    size_t from = minus ? at + 1 : at;
    if (!at_digit(s, from) || (minus && at > 0 && is_digit(s.at[at - 1]))) {
        return false;
    }
    double value = 0, part = 0, scale = 1;
    size_t end = digits_end(s, from, &value);
    if (end < s.len && s.at[end] == '.' && at_digit(s, end + 1)) {
        for (end++; at_digit(s, end); end++) {
            part = part * 10 + (s.at[end] - '0');
            scale *= 10;
        }
    }
    if (!ends_number(lexicon, s, end) || end - from > 40) {
        return false;
    }
    value += part / scale;
    out->is_number = true;
    out->number = s.at[at] == '-' ? -value : value;
    out->slack = scale > 1 ? 0.5 / scale : 0;
    *out_end = end;
    return true;
}

/* A mark that may stand inside a word when letters or digits stand around it. */
static bool joins(struct str s, size_t at)
{
    char c = s.at[at];
    bool mark = c == '.' || c == '-' || c == '\'' || c == '_' || c == '/' || c == '@' || c == ':' ||
                c == '+' || c == '#';
    if ((c == '+' || c == '#') && at > 0 && is_letter(s.at[at - 1])) {
        return true; /* "C++", "C#" */
    }
    return mark && at + 1 < s.len && (is_letter(s.at[at + 1]) || is_digit(s.at[at + 1])) &&
           blank_len(s, at + 1) == 0 && sign_len(s, at + 1) == 0;
}

static size_t word_end(struct str s, size_t at)
{
    size_t end = at;
    if (!is_letter(s.at[at]) && !is_digit(s.at[at]) && s.at[at] != '_') {
        return at;
    }
    while (end < s.len && blank_len(s, end) == 0 &&
           (is_letter(s.at[end]) || is_digit(s.at[end]) || s.at[end] == '_' || joins(s, end)) &&
           (end == at || (uint8_t)s.at[end] < 0x80 || sign_len(s, end) == 0)) {
        end++;
    }
    return end;
}

void tokens_read(const struct lexicon *lexicon, struct str text, struct str lower,
                 struct tokens *out)
{
    bool after_paren = false;
    out->count = 0;
    out->is_cut = false;
    for (size_t at = 0, end; at < text.len; at = end) {
        struct token token = {0};
        size_t blank = blank_len(text, at);
        if (blank > 0) {
            end = at + blank;
            continue;
        }
        if (!number_at(lexicon, text, at, &token, &end)) {
            end = word_end(text, at);
        }
        if (end == at) {
            end = at + sign_len(text, at);
        }
        if (end == at) { /* white space, punctuation */
            after_paren = text.at[at] == '(' || (after_paren && text.at[at] == ' ');
            end = at + 1;
            continue;
        }
        if (out->count == TOKENS_MAX) {
            out->is_cut = true;
            return;
        }
        token.raw = str_sub(text, at, end - at);
        token.text = str_sub(lower, at, end - at);
        token.after_paren = after_paren;
        after_paren = false;
        if (!token.is_number) {
            token.lexeme = lexicon_word(lexicon, token.text);
        }
        out->at[out->count++] = token;
    }
}
