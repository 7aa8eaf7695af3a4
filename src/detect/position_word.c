/* position_word.c - the forms of a word: stems, opposites by their shape, kin.
 */
#include "detect/position_internal.h"

#include "detect/key.h"

#define WORD_KEY_SEED 0x706f736974696f6eull

static struct str without(struct str word, const char *suffix, size_t least)
{
    struct str end = str_of(suffix);
    return word.len >= least && str_ends(word, end) ? str_sub(word, 0, word.len - end.len) : word;
}

static struct str stem(struct str word)
{
    struct str s = without(word, "'s", 3);
    size_t len = s.len;
    s = without(s, "ing", 6);
    if (s.len == len) {
        s = without(s, "ed", 5);
    }
    if (s.len == len && !str_ends(s, STR("ss")) && !str_ends(s, STR("us")) &&
        !str_ends(s, STR("is"))) {
        s = without(s, "s", 4);
    }
    if (s.len != len && s.len >= 4 && s.at[s.len - 1] == s.at[s.len - 2] &&
        s.at[s.len - 1] != 's' && s.at[s.len - 1] != 'l') {
        s.len--; /* "running" */
    }
    return without(s, "e", 4);
}

uint64_t word_key(struct str word)
{
    return key_of(WORD_KEY_SEED, stem(word));
}

static bool prefixed(struct str longer, struct str word)
{
    static const char *const prefixes[] = {"un",  "in", "im",  "il",   "ir",  "non", "non-",
                                           "dis", "de", "mis", "anti", "anti-", "counter"};
    if (longer.len <= word.len || word.len < 3 || !str_ends(longer, word)) {
        return false;
    }
    struct str prefix = str_sub(longer, 0, longer.len - word.len);
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (str_is(prefix, prefixes[i])) {
            return true;
        }
    }
    return false;
}

/* The same word but for one end that turns its sense around. */
static bool swapped(struct str a, struct str b)
{
    static const struct {
        const char *one, *other;
        bool at_end;
    } pairs[] = {
        {"less", "ful", true},     {"en", "dis", false},     {"over", "under", false},
        {"pre", "post", false},    {"hyper", "hypo", false}, {"ex", "in", false},
        {"in", "out", false},      {"up", "down", false},    {"as", "des", false},
        {"ac", "de", false},       {"max", "min", false},    {"im", "ex", false},
        {"in", "de", false},       {"inter", "intra", false}, {"micro", "macro", false},
        {"pro", "anti", false},    {"en", "de", false},      {"for", "back", false},
        {"homo", "hetero", false}, {"mono", "poly", false},  {"multi", "single", false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct str one = str_of(pairs[i].one), other = str_of(pairs[i].other);
        bool fits = pairs[i].at_end ? str_ends(a, one) && str_ends(b, other)
                                    : str_starts(a, one) && str_starts(b, other);
        if (!fits || a.len - one.len != b.len - other.len || a.len - one.len < 3) {
            continue;
        }
        size_t from_a = pairs[i].at_end ? 0 : one.len, from_b = pairs[i].at_end ? 0 : other.len;
        if (str_eq(str_sub(a, from_a, a.len - one.len), str_sub(b, from_b, b.len - other.len))) {
            return true;
        }
    }
    return false;
}

bool words_opposed(struct str a, struct str b)
{
    return prefixed(a, b) || prefixed(b, a) || swapped(a, b) || swapped(b, a);
}

static bool has_digit(struct str word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] >= '0' && word.at[i] <= '9') {
            return true;
        }
    }
    return false;
}

/* One byte inserted, dropped or changed. */
static bool one_apart(struct str a, struct str b)
{
    size_t same = 0, most = a.len < b.len ? a.len : b.len;
    while (same < most && a.at[same] == b.at[same]) {
        same++;
    }
    size_t skip_a = a.len >= b.len ? 1 : 0, skip_b = b.len >= a.len ? 1 : 0;
    if (same + skip_a > a.len || same + skip_b > b.len) {
        return false;
    }
    return str_eq(str_sub(a, same + skip_a, a.len), str_sub(b, same + skip_b, b.len));
}

bool words_akin(struct str a, struct str b)
{
    if (has_digit(a) || has_digit(b)) {
        return false;
    }
    if ((a.len == 1 || b.len == 1) && a.len > 0 && b.len > 0 && a.at[0] == b.at[0]) {
        return true; /* an initial */
    }
    if (a.len >= 5 && b.len >= 5 && (str_starts(a, b) || str_starts(b, a))) {
        return true;
    }
    return a.len >= 6 && b.len >= 6 && one_apart(a, b);
}
