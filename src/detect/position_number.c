/* position_number.c - quantities: bounds, ranges, scales and units, and how two of them
 * stand to each other.
 *
 *     quantity = [bound | about | "between"] number [to number] [± number]
 *     number   = [currency] digits [scale] [unit]
 *
 * Quantities are intervals. Those that overlap do not contradict each other: the bound
 * "at most 10" and the value 5 are both true.
 */
#include <math.h>

#include "detect/position_internal.h"

#define ROUGH 0.1    /* "about 10" is 9 to 11 */
#define STRICT 1e-6  /* how far "< 10" stays away from 10 */
#define NEAR 1e-9

static bool number_token(const struct token *token)
{
    return token->is_number || token->lexeme.class == WORD_NUMBER;
}

bool token_is_year(const struct token *token)
{
    return token->is_number && token->raw.len == 4 && token->number >= 1000 &&
           token->number <= 2200;
}

struct one {
    double value, slack;
    const struct unit_word *unit;
};

static const struct unit_word *unit_at(const struct lexicon *lexicon, const struct tokens *t,
                                  uint32_t at)
{
    return at < t->count && !t->at[at].is_number ? lexicon_unit(lexicon, t->at[at].raw) : NULL;
}

/* [currency] digits [scale] [unit] */
static uint32_t one_read(const struct lexicon *lexicon, const struct tokens *t, uint32_t at,
                         struct one *out)
{
    uint32_t from = at;
    const struct unit_word *before = unit_at(lexicon, t, at);
    *out = (struct one){0};
    if (before != NULL && (before->dimension == DIMENSION_DOLLAR ||
                           before->dimension == DIMENSION_EURO ||
                           before->dimension == DIMENSION_POUND)) {
        out->unit = before;
        at++;
    }
    if (at >= t->count || !number_token(&t->at[at])) {
        return from;
    }
    const struct token *token = &t->at[at++];
    out->value = token->is_number ? token->number : token->lexeme.number;
    out->slack = token->slack;
    while (at < t->count && t->at[at].lexeme.class == WORD_SCALE) {
        out->value *= t->at[at].lexeme.number;
        out->slack *= t->at[at++].lexeme.number;
    }
    const struct unit_word *unit = unit_at(lexicon, t, at);
    if (unit != NULL && (unit->dimension != DIMENSION_NONE || unit->factor < 1)) {
        out->unit = unit;
        at++;
    } else if (unit != NULL) { /* "10k", "5M" */
        out->value *= unit->factor;
        out->slack *= unit->factor;
        at++;
    }
    return at;
}

static bool is_text(const struct tokens *t, uint32_t at, const char *text)
{
    return at < t->count && str_is(t->at[at].text, text);
}

static bool is_range_mark(const struct tokens *t, uint32_t at, bool between)
{
    return is_text(t, at, "to") || is_text(t, at, "-") || is_text(t, at, "..") ||
           is_text(t, at, "\xe2\x80\x93") || is_text(t, at, "\xe2\x80\x94") ||
           (between && is_text(t, at, "and"));
}

static double in_base(double value, const struct unit_word *unit)
{
    return unit == NULL ? value : value * unit->factor + unit->offset;
}

/* Makes the interval of `low` .. `high`, either of which may lack the unit. */
static void interval(struct one low, struct one high, struct quantity *out)
{
    const struct unit_word *unit = high.unit != NULL ? high.unit : low.unit;
    if (low.unit == NULL) {
        low.unit = unit;
    }
    out->low = in_base(low.value, low.unit);
    out->high = in_base(high.value, unit);
    if (out->low > out->high) {
        double swap = out->low;
        out->low = out->high;
        out->high = swap;
    }
    out->slack = low.slack * (unit == NULL ? 1 : unit->factor);
    out->dimension = unit == NULL ? DIMENSION_NONE : unit->dimension;
    out->has_unit = unit != NULL;
}

static void bound(enum word_class class, bool strict, struct quantity *q)
{
    double margin = strict ? fabs(q->low) * STRICT + 1e-300 : 0;
    if (class == WORD_ATMOST) {
        q->high -= margin;
        q->low = -INFINITY;
        q->slack = 0;
    } else if (class == WORD_ATLEAST) {
        q->low += margin;
        q->high = INFINITY;
        q->slack = 0;
    } else if (class == WORD_ABOUT) {
        double rough = (fabs(q->low) > fabs(q->high) ? fabs(q->low) : fabs(q->high)) * ROUGH;
        q->low -= rough;
        q->high += rough;
    }
}

static bool is_strict(struct str word)
{
    return str_is(word, "<") || str_is(word, ">") || str_is(word, "lessthan") ||
           str_is(word, "morethan") || str_is(word, "below") || str_is(word, "above") ||
           str_is(word, "under") || str_is(word, "fewerthan");
}

uint32_t quantity_read(const struct lexicon *lexicon, struct tokens *t, uint32_t at,
                       struct quantity *out)
{
    uint32_t from = at, end;
    enum word_class class = t->at[at].lexeme.class;
    bool bounded = class == WORD_ATMOST || class == WORD_ATLEAST || class == WORD_ABOUT;
    bool strict = bounded && is_strict(t->at[at].text);
    struct one low, high;
    if (bounded || class == WORD_BETWEEN) {
        at++;
        while (at < t->count && t->at[at].lexeme.class == WORD_STOP) {
            at++; /* "maximum of 10", "range from 5 to 10" */
        }
    }
    if (at >= t->count || (end = one_read(lexicon, t, at, &low)) == at) {
        return from;
    }
    at = end;
    high = low;
    if (is_range_mark(t, at, class == WORD_BETWEEN) &&
        (end = one_read(lexicon, t, at + 1, &high)) != at + 1) {
        at = end;
    } else if (is_text(t, at, "\xc2\xb1") &&
               (end = one_read(lexicon, t, at + 1, &high)) != at + 1) {
        struct one around = high;
        high = low;
        low.value -= around.value;
        high.value += around.value;
        high.unit = around.unit != NULL ? around.unit : low.unit;
        low.unit = high.unit;
        at = end;
    } else {
        high = low;
    }
    interval(low, high, out);
    if (at < t->count && !bounded && t->at[at].lexeme.class == WORD_ATMOST &&
        !is_strict(t->at[at].text)) {
        class = WORD_ATMOST; /* "10 max" */
        at++;
    } else if (at < t->count && !bounded && t->at[at].lexeme.class == WORD_ATLEAST &&
               !is_strict(t->at[at].text)) {
        class = WORD_ATLEAST;
        at++;
    }
    bound(class, strict, out);
    return at;
}

static bool is_near(double a, double b)
{
    if (isinf(a) || isinf(b)) {
        return a == b;
    }
    return a == b || fabs(a - b) <= NEAR * (fabs(a) > fabs(b) ? fabs(a) : fabs(b));
}

/* A number without a unit may have had the other's unit, in a larger or smaller size. */
static bool is_scaled(double plain, double based)
{
    static const double steps[] = {1, 60, 3600, 86400, 1e3, 1e6, 1e9, 1024, 1048576, 1073741824,
                                   100};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (is_near(plain, based * steps[i]) || is_near(plain * steps[i], based)) {
            return true;
        }
    }
    return false;
}

enum quantity_relation quantity_compare(const struct quantity *a, const struct quantity *b)
{
    bool points = a->low == a->high && b->low == b->high;
    if (a->dimension != b->dimension) {
        if (a->has_unit && b->has_unit) {
            return QUANTITY_COMPATIBLE; /* they speak of different things */
        }
        return points && is_scaled(a->has_unit ? b->low : a->low, a->has_unit ? a->low : b->low)
                   ? QUANTITY_COMPATIBLE
                   : QUANTITY_APART;
    }
    if (is_near(a->low, b->low) && is_near(a->high, b->high)) {
        return QUANTITY_SAME;
    }
    if (points && a->has_unit != b->has_unit && is_scaled(a->low, b->low)) {
        return QUANTITY_COMPATIBLE; /* "50" and "50 %" */
    }
    double slack = (a->slack > b->slack ? a->slack : b->slack) * 0.999;
    bool overlap = a->low <= b->high + slack && b->low <= a->high + slack;
    return overlap ? QUANTITY_COMPATIBLE : QUANTITY_APART;
}
