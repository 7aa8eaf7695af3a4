/* position.c - reads a position: tokens to terms, and the marks that stand around them.
 *
 *     text -> tokens -> phrases joined -> attribution -> years -> quantities -> terms
 *
 * 1. Each step spends the tokens that it understands; what is left over are words.
 * 2. Reading never fails: what is not understood stays a word.
 * 3. The result depends on the text alone.
 */
#include "detect/position.h"

#include <stdint.h>

#include "base/check.h"
#include "detect/key.h"
#include "detect/position_internal.h"

#define KEY_SEED 0x5eed0f9051710a11ull

static bool is_word(const struct tokens *t, uint32_t at, const char *word)
{
    return at < t->count && str_is(t->at[at].text, word);
}

/* -- phrases ------------------------------------------------------------------------ */

struct phrase {
    const char *words[3]; /* NULL: shorter */
    enum word_class class;
    const char *joined;
};

static const struct phrase phrases[] = {
    {{"no", "more", "than"}, WORD_ATMOST, "nomorethan"},
    {{"not", "more", "than"}, WORD_ATMOST, "nomorethan"},
    {{"no", "less", "than"}, WORD_ATLEAST, "nolessthan"},
    {{"not", "less", "than"}, WORD_ATLEAST, "nolessthan"},
    {{"no", "fewer", "than"}, WORD_ATLEAST, "nolessthan"},
    {{"at", "least", NULL}, WORD_ATLEAST, "atleast"},
    {{"at", "most", NULL}, WORD_ATMOST, "atmost"},
    {{"up", "to", NULL}, WORD_ATMOST, "upto"},
    {{"less", "than", NULL}, WORD_ATMOST, "lessthan"},
    {{"fewer", "than", NULL}, WORD_ATMOST, "fewerthan"},
    {{"more", "than", NULL}, WORD_ATLEAST, "morethan"},
    {{"greater", "than", NULL}, WORD_ATLEAST, "morethan"},
    {{"used", "to", NULL}, WORD_PAST, "usedto"},
    {{"according", "to", NULL}, WORD_SAYS, "accordingto"},
    {{"no", "longer", NULL}, WORD_NOT, "no"},
    {{"not", "specified", NULL}, WORD_OPEN, "unknown"},
    {{"not", "known", NULL}, WORD_OPEN, "unknown"},
    {{"not", "available", "yet"}, WORD_OPEN, "unknown"},
    {{"to", "be", "determined"}, WORD_OPEN, "unknown"},
    {{"to", "be", "decided"}, WORD_OPEN, "unknown"},
    {{"as", "well", "as"}, WORD_STOP, "and"},
    {{"read", "only", NULL}, WORD_NOTION, "readonly"},
    {{"out", "of", "date"}, WORD_PLAIN, "outdated"},
    {{"turned", "on", NULL}, WORD_NOTION, "enabled"},
    {{"turned", "off", NULL}, WORD_NOTION, "disabled"},
    {{"switched", "on", NULL}, WORD_NOTION, "enabled"},
    {{"switched", "off", NULL}, WORD_NOTION, "disabled"},
};

static uint32_t phrase_at(const struct tokens *t, uint32_t at, const struct phrase *phrase)
{
    uint32_t words = 0;
    while (words < 3 && phrase->words[words] != NULL) {
        if (!is_word(t, at + words, phrase->words[words])) {
            return 0;
        }
        words++;
    }
    return words;
}

static void join_phrases(const struct lexicon *lexicon, struct tokens *t)
{
    for (uint32_t at = 0; at + 1 < t->count; at++) {
        for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
            uint32_t words = phrase_at(t, at, &phrases[i]);
            if (words == 0) {
                continue;
            }
            t->at[at].text = str_of(phrases[i].joined);
            t->at[at].lexeme = lexicon_word(lexicon, t->at[at].text);
            t->at[at].lexeme.class = phrases[i].class;
            memmove(&t->at[at + 1], &t->at[at + words],
                    (t->count - at - words) * sizeof t->at[0]);
            t->count -= words - 1;
            break;
        }
    }
}

/* -- attribution -------------------------------------------------------------------- */

static void spend(struct tokens *t, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        t->at[i].is_spent = true;
    }
}

static uint64_t speaker_key(const struct tokens *t, uint32_t from, uint32_t to)
{
    uint64_t key = KEY_SEED;
    for (uint32_t i = from; i < to; i++) {
        if (t->at[i].lexeme.class != WORD_STOP) {
            key = key_mix(key, word_key(t->at[i].text));
        }
    }
    return key == 0 ? 1 : key;
}

/* "A says that X", "according to A, X", "X, A reported", "reportedly X". */
static void read_speaker(struct tokens *t, struct position *p)
{
    for (uint32_t at = 0; at < t->count && at < 12; at++) {
        struct str word = t->at[at].text;
        if (t->at[at].lexeme.class != WORD_SAYS) {
            continue;
        }
        if (str_is(word, "reportedly") || str_is(word, "allegedly") || str_is(word, "alleged")) {
            p->speaker = 1;
            spend(t, at, at + 1);
        } else if (str_is(word, "accordingto")) {
            uint32_t end = at + 1;
            while (end < t->count && end < at + 4 && t->at[end].lexeme.class != WORD_STOP &&
                   t->at[end - 1].raw.at + t->at[end - 1].raw.len + 1 >= t->at[end].raw.at) {
                end++; /* a comma ends the name: it leaves a wider gap */
            }
            p->speaker = speaker_key(t, at + 1, end);
            spend(t, at, end);
        } else if (at > 0 && at <= 5 && at + 1 < t->count) {
            p->speaker = speaker_key(t, 0, at);
            spend(t, 0, at + 1);
        } else if (at > 0 && at + 1 == t->count) {
            p->speaker = 1;
            spend(t, at - 1, at + 1);
        } else {
            continue;
        }
        return;
    }
}

/* -- years -------------------------------------------------------------------------- */

static void span(struct position *p, int32_t from, int32_t to, bool weak)
{
    p->has_span = true;
    p->span_weak = weak;
    p->year_from = from;
    p->year_to = to;
}

static bool is_month(struct str word)
{
    static const char *const months[] = {
        "january", "february", "march", "april", "may", "june", "july", "august", "september",
        "october", "november", "december", "q1", "q2", "q3", "q4", "early", "late", "mid", "year",
        "spring", "summer", "autumn", "winter",
    };
    for (size_t i = 0; i < sizeof months / sizeof months[0]; i++) {
        if (str_is(word, months[i])) {
            return true;
        }
    }
    return false;
}

/* The year at `at`, with a preposition before it that says how it is meant. */
static void read_year(struct tokens *t, uint32_t at, struct position *p)
{
    int32_t year = (int32_t)t->at[at].number;
    uint32_t from = at;
    while (from > 0 && is_month(t->at[from - 1].text)) {
        from--;
    }
    struct str before = from > 0 ? t->at[from - 1].text : STR_NONE;
    if (is_word(t, at + 1, "to") || is_word(t, at + 1, "-") || is_word(t, at + 1, "until") ||
        is_word(t, at + 1, "\xe2\x80\x93")) {
        if (at + 2 < t->count && token_is_year(&t->at[at + 2]) && (from > 0 || t->count > 3)) {
            span(p, year, (int32_t)t->at[at + 2].number, false);
            spend(t, str_is(before, "from") || str_is(before, "in") ? from - 1 : from, at + 3);
            return;
        }
    }
    if (str_is(before, "of") && from > 1 && str_is(t->at[from - 2].text, "as")) {
        span(p, year, year, false);
        spend(t, from - 2, at + 1);
    } else if (str_is(before, "since") || str_is(before, "after") || str_is(before, "from")) {
        span(p, str_is(before, "after") ? year + 1 : year, INT32_MAX, false);
        spend(t, from - 1, at + 1);
    } else if (str_is(before, "until") || str_is(before, "before")) {
        span(p, INT32_MIN, year - 1, false);
        spend(t, from - 1, at + 1);
    } else if (str_is(before, "in") || str_is(before, "during") || str_is(before, "by")) {
        span(p, year, year, true);
        spend(t, from - 1, at + 1);
    } else if (t->at[at].after_paren || (at == 0 && t->count > 1)) {
        span(p, year, year, true); /* "green (2015)", "2015: green" */
        spend(t, at, at + 1);
    }
}

static void read_years(struct tokens *t, struct position *p)
{
    for (uint32_t at = 0; at < t->count && !p->has_span; at++) {
        if (token_is_year(&t->at[at]) && !t->at[at].is_spent) {
            read_year(t, at, p);
        }
    }
}

/* -- terms -------------------------------------------------------------------------- */

static struct term *add_term(struct position *p)
{
    if (p->terms_count == POSITION_TERMS_MAX) {
        p->is_cut = true;
        return NULL;
    }
    p->terms[p->terms_count] = (struct term){0};
    return &p->terms[p->terms_count++];
}

static void add_word(struct position *p, const struct token *token)
{
    struct term *term = add_term(p);
    if (term == NULL) {
        return;
    }
    term->text = token->text;
    if (token->lexeme.class == WORD_NOTION) {
        term->is_notion = true;
        term->against = token->lexeme.against;
        term->key = key_mix(KEY_SEED, token->lexeme.notion);
    } else {
        term->key = word_key(token->text);
    }
}

/* A word that is the whole position is the value itself, whatever it is elsewhere. */
static void add_lone(struct position *p, const struct token *token)
{
    if (str_is(token->text, "no")) {
        add_word(p, &(struct token){.text = STR("no"),
                                    .lexeme = {.class = WORD_NOTION, .against = true}});
    } else {
        add_word(p, token);
    }
}

static void take_mark(struct position *p, const struct token *token)
{
    switch (token->lexeme.class) {
    case WORD_STOP:
    case WORD_SCALE:
    case WORD_BETWEEN:
    case WORD_ABOUT:
        break;
    case WORD_NOT:
        p->negated = !p->negated;
        break;
    case WORD_PAST:
        p->tense = TENSE_PAST;
        break;
    case WORD_NOW:
        p->tense = TENSE_NOW;
        break;
    case WORD_FUTURE:
        p->tense = TENSE_FUTURE;
        break;
    case WORD_ADDITIVE:
        p->additive = true;
        add_word(p, token);
        break;
    case WORD_ORDER:
        p->ordered = true;
        add_word(p, token);
        break;
    case WORD_PLAIN:
    case WORD_NOTION:
    case WORD_NUMBER:
    case WORD_ATMOST:
    case WORD_ATLEAST:
    case WORD_SAYS:
    case WORD_OPEN:
        add_word(p, token);
        break;
    }
}

static void read_terms(const struct lexicon *lexicon, struct tokens *t, struct position *p)
{
    uint32_t live = 0, last = 0;
    for (uint32_t at = 0; at < t->count; at++) {
        if (!t->at[at].is_spent) {
            live++;
            last = at;
        }
    }
    if (live == 1 && !t->at[last].is_number && t->at[last].lexeme.class != WORD_NUMBER) {
        p->is_open = t->at[last].lexeme.class == WORD_OPEN;
        add_lone(p, &t->at[last]);
        return;
    }
    for (uint32_t at = 0, end; at < t->count; at = end) {
        struct quantity quantity;
        end = at + 1;
        if (t->at[at].is_spent) {
            continue;
        }
        uint32_t behind = quantity_read(lexicon, t, at, &quantity);
        if (behind > at) {
            struct term *term = add_term(p);
            if (term != NULL) {
                *term = (struct term){.is_quantity = true, .quantity = quantity};
            }
            end = behind;
        } else if (at < last && str_is(t->at[at].text, "on")) {
            continue; /* a preposition; at the end it is a state */
        } else if (!str_is(t->at[at].text, "-") && !str_is(t->at[at].text, "..")) {
            p->is_open = p->is_open || (at < 2 && t->at[at].lexeme.class == WORD_OPEN);
            take_mark(p, &t->at[at]);
        }
    }
}

/* -- the whole ---------------------------------------------------------------------- */

static uint64_t bits_of(double value)
{
    uint64_t bits;
    value += 0.0; /* one zero */
    memcpy(&bits, &value, sizeof bits);
    return bits & ~0xfffull; /* conversions differ in the last bits */
}

static uint64_t whole_key(const struct position *p)
{
    uint32_t notions = 0;
    for (uint32_t i = 0; i < p->terms_count; i++) {
        notions += p->terms[i].is_notion;
    }
    /* One notion negated is its opposite; with more, each keeps its side. */
    bool fold = notions == 1;
    uint64_t key = key_mix(p->speaker, !fold && p->negated);
    key = key_mix(key, (uint64_t)p->tense << 2 | (uint64_t)p->has_span << 1 | p->is_open);
    if (p->has_span) {
        key = key_mix(key, (uint64_t)(uint32_t)p->year_from << 32 | (uint32_t)p->year_to);
    }
    for (uint32_t i = 0; i < p->terms_count; i++) {
        const struct term *term = &p->terms[i];
        if (term->is_quantity) {
            key = key_mix(key, bits_of(term->quantity.low));
            key = key_mix(key, bits_of(term->quantity.high));
            key = key_mix(key, term->quantity.dimension);
        } else {
            bool against = term->is_notion && (term->against != (fold && p->negated));
            key = key_mix(key, term->key + against);
        }
    }
    return key;
}

void position_parse(const struct lexicon *lexicon, struct str text, struct position *out)
{
    struct tokens tokens;
    memset(out, 0, offsetof(struct position, terms));
    memset(&out->terms_count, 0, sizeof *out - offsetof(struct position, terms_count));
    text = str_trim(text);
    if (text.len > POSITION_BYTES_MAX) {
        text.len = POSITION_BYTES_MAX;
        out->is_cut = true;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        out->text[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    tokens_read(lexicon, text, str_n(out->text, text.len), &tokens);
    out->is_cut = out->is_cut || tokens.is_cut;
    join_phrases(lexicon, &tokens);
    read_speaker(&tokens, out);
    read_years(&tokens, out);
    read_terms(lexicon, &tokens, out);
    out->is_open = out->is_open || (out->terms_count == 0 && !out->has_span && !out->negated);
    out->key = whole_key(out);
    if (out->is_cut) {
        out->key = key_of(out->key, text);
    }
    CHECK(out->terms_count <= POSITION_TERMS_MAX);
}
