/* regex.c - compiles a pattern into states and runs all of them side by side.
 *
 * parse:  alternation := sequence ("|" sequence)*; sequence := (atom quantifier?)*
 * Each piece is a run of states with one entry and one exit; joining pieces copies nothing
 * but {m,n}, which parses its atom's text once for each repetition. States and ranges are
 * bounded, so a search takes at most (bytes + 1) * regex_work() steps, whatever the pattern.
 */
#include "contract/regex_internal.h"

#include <string.h>

#include "codec/utf8.h"

#define DEPTH_MAX 32u

struct parser {
    struct regex *regex;
    struct str text;
    size_t at;
    uint32_t depth;
    bool fold, dot_all, lines;
    const char *cause;
    size_t cause_at;
};

struct piece {
    uint16_t first, last; /* `last` is a SPLIT whose `next` is still open */
};

static struct piece parse_alternation(struct parser *p);

static void fail(struct parser *p, const char *cause)
{
    if (p->cause == NULL) {
        p->cause = cause;
        p->cause_at = p->at;
    }
}

static int peek(const struct parser *p)
{
    return p->at < p->text.len ? (unsigned char)p->text.at[p->at] : -1;
}

static bool take(struct parser *p, char c)
{
    if (peek(p) != c) {
        return false;
    }
    p->at++;
    return true;
}

static uint16_t state_new(struct parser *p, enum state_kind kind)
{
    struct regex *r = p->regex;
    if (r->count == REGEX_STATES_MAX) {
        fail(p, "it is too large");
        return 0;
    }
    r->states[r->count] = (struct state){.kind = (uint8_t)kind, .next = NOWHERE, .other = NOWHERE};
    r->states[r->count].ranges = r->ranges_count;
    return r->count++;
}

static void range_add(struct parser *p, uint32_t first, uint32_t last)
{
    if (p->regex->ranges_count == RANGES_MAX) {
        fail(p, "it is too large");
        return;
    }
    p->regex->ranges[p->regex->ranges_count++] = (struct range){first, last};
    if (p->fold && last < 128) {
        uint32_t low = first > 'a' ? first : 'a';
        uint32_t high = last < 'z' ? last : 'z';
        bool fold = p->fold;
        p->fold = false;
        if (low <= high) {
            range_add(p, low - 32, high - 32);
        }
        low = first > 'A' ? first : 'A';
        high = last < 'Z' ? last : 'Z';
        if (low <= high) {
            range_add(p, low + 32, high + 32);
        }
        p->fold = fold;
    }
}

/* A state followed by an open one. */
static struct piece piece_of(struct parser *p, uint16_t state)
{
    struct piece piece = {.first = state, .last = state_new(p, STATE_SPLIT)};
    p->regex->states[state].next = piece.last;
    return piece;
}

static struct piece piece_empty(struct parser *p)
{
    uint16_t state = state_new(p, STATE_SPLIT);
    return (struct piece){state, state};
}

static struct piece set_end(struct parser *p, uint16_t state, bool negated)
{
    struct state *s = &p->regex->states[state];
    s->what = negated ? 1 : 0;
    s->ranges_count = (uint16_t)(p->regex->ranges_count - s->ranges);
    return piece_of(p, state);
}

/* \d \w \s into the set; with a capital letter, what they leave out. False: no such letter. */
static bool class_add(struct parser *p, int letter)
{
    static const struct {
        char letter;
        uint8_t count;
        struct range ranges[5];
    } classes[] = {
        {'d', 1, {{'0', '9'}}},
        {'w', 4, {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
        {'s', 3, {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}},
    };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (letter != classes[i].letter && letter != classes[i].letter - 32) {
            continue;
        }
        uint32_t from = 0;
        for (size_t j = 0; j < classes[i].count; j++) {
            struct range r = classes[i].ranges[j];
            if (letter == classes[i].letter) {
                range_add(p, r.first, r.last);
            } else if (r.first > from) {
                range_add(p, from, r.first - 1);
            }
            from = r.last + 1;
        }
        if (letter != classes[i].letter) {
            range_add(p, from, 0x10ffff);
        }
        return true;
    }
    return false;
}

static uint32_t read_hex(struct parser *p)
{
    bool braces = take(p, '{');
    uint32_t value = 0;
    uint32_t digits = 0;
    for (; digits < (braces ? 6u : 2u); digits++, p->at++) {
        int c = peek(p);
        int low = c | 0x20;
        if (c >= '0' && c <= '9') {
            value = value * 16 + (uint32_t)(c - '0');
        } else if (low >= 'a' && low <= 'f') {
            value = value * 16 + (uint32_t)(low - 'a' + 10);
        } else {
            break;
        }
    }
    if (digits == 0 || value > 0x10ffff || (braces && !take(p, '}'))) {
        fail(p, "\\x wants hexadecimal digits");
    }
    return value;
}

/* The character of an escape; p->at is behind the backslash. */
static uint32_t read_escape(struct parser *p)
{
    static const char from[] = "nrtfva";
    static const char to[] = "\n\r\t\f\v\a";
    int c = peek(p);
    if (c < 0) {
        fail(p, "it ends behind a backslash");
        return 0;
    }
    const char *known = strchr(from, c);
    p->at++;
    if (known != NULL && *known != '\0') {
        return (uint32_t)to[known - from];
    }
    if (c == 'x') {
        return read_hex(p);
    }
    bool letter = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c >= 128;
    if (letter) {
        p->at--;
        fail(p, "it has an escape that is not known here");
    }
    return (uint32_t)c;
}

static uint32_t read_char(struct parser *p)
{
    if (take(p, '\\')) {
        return read_escape(p);
    }
    return utf8_next(p->text, &p->at);
}

/* [...] */
static struct piece parse_set(struct parser *p)
{
    uint16_t state = state_new(p, STATE_SET);
    bool negated = take(p, '^');
    bool first = true;
    while (p->cause == NULL && (first || peek(p) != ']')) {
        first = false;
        if (peek(p) < 0) {
            fail(p, "']' is missing");
            break;
        }
        if (peek(p) == '[' && p->at + 1 < p->text.len && p->text.at[p->at + 1] == ':') {
            fail(p, "[:names:] of sets are not known here");
            break;
        }
        if (peek(p) == '\\' && p->at + 1 < p->text.len && class_add(p, p->text.at[p->at + 1])) {
            p->at += 2;
            continue;
        }
        uint32_t low = read_char(p);
        uint32_t high = low;
        if (peek(p) == '-' && p->at + 1 < p->text.len && p->text.at[p->at + 1] != ']') {
            p->at++;
            high = read_char(p);
        }
        if (high < low) {
            fail(p, "a range in a set runs backwards");
        }
        range_add(p, low, high);
    }
    (void)take(p, ']');
    return set_end(p, state, negated);
}

static struct piece parse_assert(struct parser *p, enum assertion what)
{
    uint16_t state = state_new(p, STATE_ASSERT);
    p->regex->states[state].what = (uint8_t)what;
    return piece_of(p, state);
}

static struct piece parse_backslash(struct parser *p)
{
    int c = peek(p);
    static const struct {
        char letter;
        enum assertion what;
    } asserts[] = {{'A', AT_BEGIN}, {'z', AT_END}, {'b', AT_WORD}, {'B', AT_NO_WORD}};
    for (size_t i = 0; i < sizeof asserts / sizeof *asserts; i++) {
        if (c == asserts[i].letter) {
            p->at++;
            return parse_assert(p, asserts[i].what);
        }
    }
    uint16_t state = state_new(p, STATE_SET);
    if (c >= 0 && class_add(p, c)) {
        p->at++;
    } else {
        uint32_t code = read_escape(p);
        range_add(p, code, code);
    }
    return set_end(p, state, false);
}

static struct piece parse_group(struct parser *p)
{
    if (take(p, '?') && !take(p, ':')) {
        fail(p, "only (?:...) is known here; flags stand at the beginning");
    }
    if (++p->depth > DEPTH_MAX) {
        fail(p, "it is nested too deeply");
        return piece_empty(p);
    }
    struct piece piece = parse_alternation(p);
    p->depth--;
    if (!take(p, ')')) {
        fail(p, "')' is missing");
    }
    return piece;
}

static struct piece parse_atom(struct parser *p)
{
    if (take(p, '(')) {
        return parse_group(p);
    }
    if (take(p, '[')) {
        return parse_set(p);
    }
    if (take(p, '\\')) {
        return parse_backslash(p);
    }
    if (take(p, '^')) {
        return parse_assert(p, p->lines ? AT_LINE_BEGIN : AT_BEGIN);
    }
    if (take(p, '$')) {
        return parse_assert(p, p->lines ? AT_LINE_END : AT_END);
    }
    if (peek(p) >= 0 && strchr("*+?{", peek(p)) != NULL) {
        fail(p, "there is nothing to repeat");
    }
    uint16_t state = state_new(p, STATE_SET);
    if (take(p, '.')) {
        range_add(p, 0, p->dot_all ? 0x10ffff : '\n' - 1);
        if (!p->dot_all) {
            range_add(p, '\n' + 1, 0x10ffff);
        }
    } else {
        uint32_t code = read_char(p);
        range_add(p, code, code);
    }
    return set_end(p, state, false);
}

static struct piece join(struct parser *p, struct piece a, struct piece b)
{
    p->regex->states[a.last].next = b.first;
    return (struct piece){a.first, b.last};
}

/* Zero or more, zero or one: a split before, and for the star the way back. */
static struct piece optional(struct parser *p, struct piece piece, bool again)
{
    uint16_t split = state_new(p, STATE_SPLIT);
    uint16_t end = state_new(p, STATE_SPLIT);
    p->regex->states[split].next = piece.first;
    p->regex->states[split].other = end;
    p->regex->states[piece.last].next = again ? split : end;
    return (struct piece){split, end};
}

static bool read_count(struct parser *p, uint32_t *out_count)
{
    size_t begin = p->at;
    uint32_t count = 0;
    while (peek(p) >= '0' && peek(p) <= '9') {
        count = count * 10 + (uint32_t)(peek(p) - '0');
        count = count > 100000 ? 100000 : count;
        p->at++;
    }
    *out_count = count;
    return p->at > begin;
}

/* {m}, {m,}, {m,n}: the atom's text is parsed again for every repetition. */
static struct piece parse_repeat(struct parser *p, struct piece piece, size_t atom)
{
    uint32_t least = 0;
    uint32_t most = 0;
    bool open = false;
    if (!read_count(p, &least)) {
        fail(p, "'{' wants a number");
    }
    most = least;
    if (take(p, ',')) {
        open = !read_count(p, &most);
    }
    if (!take(p, '}') || (!open && most < least) || least > REGEX_STATES_MAX ||
        most > REGEX_STATES_MAX) {
        fail(p, "the numbers in {} cannot be");
    }
    size_t after = p->at;
    struct piece all = piece_empty(p);
    uint32_t copies = open ? least + 1 : most;
    for (uint32_t i = 0; i < copies && p->cause == NULL; i++) {
        if (i > 0) {
            p->at = atom;
            piece = parse_atom(p);
        }
        struct piece part = piece;
        if (i >= least) {
            part = optional(p, piece, open);
        }
        all = join(p, all, part);
    }
    p->at = after;
    return all;
}

static struct piece parse_quantified(struct parser *p)
{
    size_t atom = p->at;
    struct piece piece = parse_atom(p);
    int c = peek(p);
    if (c == '*') {
        p->at++;
        piece = optional(p, piece, true);
    } else if (c == '?') {
        p->at++;
        piece = optional(p, piece, false);
    } else if (c == '+') {
        p->at++;
        uint16_t end = state_new(p, STATE_SPLIT);
        p->regex->states[piece.last].next = piece.first;
        p->regex->states[piece.last].other = end;
        piece.last = end;
    } else if (c == '{') {
        p->at++;
        piece = parse_repeat(p, piece, atom);
    } else {
        return piece;
    }
    (void)take(p, '?'); /* lazy: the same texts match */
    if (peek(p) >= 0 && strchr("*+?{", peek(p)) != NULL) {
        fail(p, "it repeats a repetition");
    }
    return piece;
}

static struct piece parse_sequence(struct parser *p)
{
    struct piece all = piece_empty(p);
    while (p->cause == NULL && peek(p) >= 0 && peek(p) != '|' && peek(p) != ')') {
        all = join(p, all, parse_quantified(p));
    }
    return all;
}

static struct piece parse_alternation(struct parser *p)
{
    struct piece all = parse_sequence(p);
    while (p->cause == NULL && take(p, '|')) {
        struct piece way = parse_sequence(p);
        uint16_t split = state_new(p, STATE_SPLIT);
        uint16_t end = state_new(p, STATE_SPLIT);
        p->regex->states[split].next = all.first;
        p->regex->states[split].other = way.first;
        p->regex->states[all.last].next = end;
        p->regex->states[way.last].next = end;
        all = (struct piece){split, end};
    }
    return all;
}

/* (?ism) at the very beginning. */
static void parse_flags(struct parser *p)
{
    if (!str_starts(p->text, STR("(?")) || str_starts(p->text, STR("(?:"))) {
        return;
    }
    p->at = 2;
    while (p->at < p->text.len && !take(p, ')')) {
        int c = peek(p);
        p->fold = p->fold || c == 'i';
        p->dot_all = p->dot_all || c == 's';
        p->lines = p->lines || c == 'm';
        if (c != 'i' && c != 's' && c != 'm') {
            fail(p, "only the flags i, s and m are known here");
            return;
        }
        p->at++;
    }
}

static void parse(struct parser *p)
{
    if (!utf8_valid(p->text)) {
        fail(p, "it is not UTF-8");
        return;
    }
    parse_flags(p);
    struct piece all = parse_alternation(p);
    if (p->at < p->text.len) {
        fail(p, "')' has no '(' before it");
    }
    uint16_t match = state_new(p, STATE_MATCH);
    p->regex->states[all.last].next = match;
    p->regex->start = all.first;
}

const struct regex *regex_compile(struct arena *life, struct str pattern, const char **out_cause,
                                  size_t *out_offset)
{
    struct arena scratch = {0};
    struct regex *work = arena_alloc(&scratch, sizeof *work);
    work->count = 0;
    work->ranges_count = 0;
    struct parser p = {.regex = work, .text = pattern};
    parse(&p);
    struct regex *regex = NULL;
    if (p.cause == NULL) {
        regex = arena_alloc(life, sizeof *regex);
        memcpy(regex, work, sizeof *regex);
    } else {
        *out_cause = p.cause;
        *out_offset = p.cause_at;
    }
    arena_deinit(&scratch);
    return regex;
}

uint32_t regex_work(const struct regex *regex)
{
    return (uint32_t)regex->count + regex->ranges_count;
}
