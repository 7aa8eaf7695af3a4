/* position_compare.c - whether two positions of one subject contradict each other.
 *
 * The words of both are matched; what remains on either side decides:
 *
 *     nothing remains           negation, opposites, numbers, order
 *     one word on each side     another value, unless they are kin or the verb is additive
 *     short and nothing common  another value
 *     more                      two statements that merely share a subject
 *
 * Whoever speaks and when it holds is looked at first: what A says does not contradict
 * what is, and what held in 2010 does not contradict what holds now.
 */
#include "detect/position_internal.h"

#define SHORT_TERMS 3u

const char *position_reason_word(enum position_reason reason)
{
    switch (reason) {
#define X(name, word)                                                                              \
    case name:                                                                                     \
        return word;
        POSITION_REASON_TABLE(X)
#undef X
    }
    return "none";
}

/* What remains of two positions once their common words are taken away. */
struct matched {
    const struct term *left[POSITION_TERMS_MAX], *right[POSITION_TERMS_MAX];
    uint32_t left_count, right_count; /* words without a partner */
    uint32_t common;
    uint32_t words_a, words_b;
    uint32_t opposed;    /* common notions on different sides */
    bool swapped;        /* the common words come in another order */
    const struct quantity *numbers_a[POSITION_TERMS_MAX], *numbers_b[POSITION_TERMS_MAX];
    uint32_t numbers_a_count, numbers_b_count;
};

static void match_terms(const struct position *a, const struct position *b, struct matched *m)
{
    uint32_t taken = 0, last = 0;
    for (uint32_t i = 0; i < a->terms_count; i++) {
        const struct term *term = &a->terms[i];
        if (term->is_quantity) {
            m->numbers_a[m->numbers_a_count++] = &term->quantity;
            continue;
        }
        m->words_a++;
        uint32_t k = 0;
        while (k < b->terms_count && (b->terms[k].is_quantity || b->terms[k].key != term->key ||
                                      (taken >> k & 1) != 0)) {
            k++;
        }
        if (k == b->terms_count) {
            m->left[m->left_count++] = term;
            continue;
        }
        taken |= 1u << k;
        m->common++;
        m->opposed += term->is_notion && term->against != b->terms[k].against;
        m->swapped = m->swapped || k < last;
        last = k;
    }
    for (uint32_t k = 0; k < b->terms_count; k++) {
        if (b->terms[k].is_quantity) {
            m->numbers_b[m->numbers_b_count++] = &b->terms[k].quantity;
            continue;
        }
        m->words_b++;
        if ((taken >> k & 1) == 0) {
            m->right[m->right_count++] = &b->terms[k];
        }
    }
}

/* -- words that are left over --------------------------------------------------------- */

static void drop(const struct term **terms, uint32_t *count, uint32_t at)
{
    memmove(&terms[at], &terms[at + 1], (*count - at - 1) * sizeof *terms);
    (*count)--;
}

/* Abbreviations and misspellings count as the same word. */
static void match_kin(struct matched *m)
{
    for (uint32_t i = 0; i < m->left_count;) {
        uint32_t k = 0;
        while (k < m->right_count && (words_opposed(m->left[i]->text, m->right[k]->text) ||
                                      !words_akin(m->left[i]->text, m->right[k]->text))) {
            k++;
        }
        if (k == m->right_count) {
            i++;
            continue;
        }
        drop(m->left, &m->left_count, i);
        drop(m->right, &m->right_count, k);
        m->common++;
    }
}

/* Opposites by their form ("stable", "unstable") count as one notion on its two sides. */
static void match_opposed(struct matched *m)
{
    for (uint32_t i = 0; i < m->left_count;) {
        uint32_t k = 0;
        while (k < m->right_count && !words_opposed(m->left[i]->text, m->right[k]->text)) {
            k++;
        }
        if (k == m->right_count) {
            i++;
            continue;
        }
        drop(m->left, &m->left_count, i);
        drop(m->right, &m->right_count, k);
        m->common++;
        m->opposed++;
    }
}

/* -- numbers -------------------------------------------------------------------------- */

/* Some pair of numbers lies apart; only when there are as many here as there. */
static bool numbers_apart(const struct matched *m)
{
    if (m->numbers_a_count != m->numbers_b_count) {
        return false;
    }
    for (uint32_t i = 0; i < m->numbers_a_count; i++) {
        if (quantity_compare(m->numbers_a[i], m->numbers_b[i]) == QUANTITY_APART) {
            return true;
        }
    }
    return false;
}

/* -- time ----------------------------------------------------------------------------- */

static bool spans_apart(const struct position *a, const struct position *b)
{
    return a->year_to < b->year_from || b->year_to < a->year_from;
}

/* They speak of different times, so both may be true. */
static bool times_differ(const struct position *a, const struct position *b)
{
    if (a->has_span && b->has_span) {
        return spans_apart(a, b) && !(a->span_weak && b->span_weak);
    }
    if (a->has_span != b->has_span) {
        return true;
    }
    bool a_now = a->tense == TENSE_NONE || a->tense == TENSE_NOW;
    bool b_now = b->tense == TENSE_NONE || b->tense == TENSE_NOW;
    return a->tense != b->tense && !(a_now && b_now);
}

/* -- the verdict ---------------------------------------------------------------------- */

/* All words have partners. */
static enum position_reason judge_aligned(const struct position *a, const struct position *b,
                                          const struct matched *m)
{
    bool negated = a->negated != b->negated;
    if (m->opposed > 0) {
        if (negated || (a->negated && b->negated)) {
            return REASON_NONE; /* "not open", "closed"; "not hot", "not cold" */
        }
        return REASON_ANTONYM;
    }
    if (negated) {
        return m->numbers_a_count == m->numbers_b_count && !numbers_apart(m) ? REASON_NEGATION
                                                                             : REASON_NONE;
    }
    if (numbers_apart(m)) {
        return a->negated ? REASON_NONE : REASON_NUMBER;
    }
    if (m->numbers_a_count != m->numbers_b_count) {
        return REASON_NONE;
    }
    return m->swapped && (a->ordered || b->ordered) && !a->negated ? REASON_ORDER : REASON_NONE;
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

/* One side says all that the other says, and more. */
static enum position_reason judge_subset(const struct position *a, const struct position *b,
                                         const struct matched *m)
{
    const struct term *extra = m->left_count > 0 ? m->left[0] : m->right[0];
    uint32_t extras = m->left_count + m->right_count;
    bool negated = a->negated != b->negated;
    bool numbers_only = m->words_a == 0 || m->words_b == 0;
    if (extras > (numbers_only ? 2u : 1u) || (m->common == 0 && !numbers_only)) {
        return REASON_NONE;
    }
    if (m->opposed > 0 && !negated && !has_digit(extra->text)) {
        return REASON_ANTONYM;
    }
    if (m->numbers_a_count == 0 && m->numbers_b_count == 0) {
        return negated && m->opposed == 0 && !has_digit(extra->text) && m->common > 0
                   ? REASON_NEGATION
                   : REASON_NONE;
    }
    if (m->numbers_a_count != m->numbers_b_count) {
        /* "10" and "unlimited" are two values; "5 workers" and "workers" are not. */
        return m->common == 0 && extras == 1 && !negated ? REASON_VALUE : REASON_NONE;
    }
    return !negated && numbers_apart(m) ? REASON_NUMBER : REASON_NONE;
}

/* Each side has words that the other lacks. */
static enum position_reason judge_different(const struct position *a, const struct position *b,
                                            const struct matched *m)
{
    if (a->negated || b->negated || a->additive || b->additive || a->is_cut || b->is_cut ||
        m->opposed > 0) {
        return REASON_NONE; /* with opposites in other places too they speak of two things */
    }
    if (m->numbers_a_count > 0 || m->numbers_b_count > 0) {
        bool one_slot = m->left_count == 1 && m->right_count == 1 && !numbers_apart(m) &&
                        m->numbers_a_count == m->numbers_b_count;
        return one_slot && m->common > 0 ? REASON_VALUE : REASON_NONE;
    }
    if (m->left_count == 1 && m->right_count == 1) {
        return m->swapped ? REASON_NONE : REASON_VALUE;
    }
    bool is_short = m->words_a <= SHORT_TERMS && m->words_b <= SHORT_TERMS;
    bool one_phrase = m->common > 0 && m->left_count <= 2 && m->right_count <= 2 &&
                      m->common >= (m->left_count > m->right_count ? m->left_count
                                                                   : m->right_count);
    return is_short || one_phrase ? REASON_VALUE : REASON_NONE;
}

/* Only a year, or the same words with another year: the year is what is said. */
static enum position_reason judge_dates(const struct position *a, const struct position *b,
                                        const struct matched *m)
{
    if (!a->has_span || !a->span_weak || !b->has_span || !b->span_weak || !spans_apart(a, b)) {
        return REASON_NONE;
    }
    bool aligned = m->left_count == 0 && m->right_count == 0 && m->opposed == 0 &&
                   a->negated == b->negated && !numbers_apart(m);
    return aligned && !a->negated ? REASON_DATE : REASON_NONE;
}

enum position_reason position_compare(const struct position *a, const struct position *b)
{
    struct matched m;
    if (a->key == b->key || a->is_open || b->is_open || a->speaker != b->speaker) {
        return REASON_NONE;
    }
    if (times_differ(a, b)) {
        return REASON_NONE;
    }
    memset(&m, 0, sizeof m);
    match_terms(a, b, &m);
    match_opposed(&m);
    match_kin(&m);
    if (a->has_span && b->has_span && spans_apart(a, b)) {
        return judge_dates(a, b, &m);
    }
    if (m.left_count == 0 && m.right_count == 0) {
        return judge_aligned(a, b, &m);
    }
    if (m.left_count == 0 || m.right_count == 0) {
        return judge_subset(a, b, &m);
    }
    return judge_different(a, b, &m);
}

bool position_same(const struct position *a, const struct position *b)
{
    return a->key == b->key;
}
