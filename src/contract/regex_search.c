/* regex_search.c - runs all states of a pattern side by side over a text.
 *
 * Two sets of states: those for the present character and those for the next. A state is in a
 * set at most once, so a character takes at most regex_work() steps.
 */
#include <string.h>

#include "codec/utf8.h"
#include "contract/regex_internal.h"

struct set {
    uint16_t members[REGEX_STATES_MAX];
    uint16_t places[REGEX_STATES_MAX]; /* members[places[s]] == s: s is in it */
    uint16_t count;
};

struct search {
    const struct regex *regex;
    struct set *now, *then;
    uint32_t before, after; /* characters around the present place; UINT32_MAX: none */
    bool matched;
};

static bool is_word(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool holds(const struct search *s, uint8_t what)
{
    switch ((enum assertion)what) {
    case AT_BEGIN:
        return s->before == UINT32_MAX;
    case AT_END:
        return s->after == UINT32_MAX;
    case AT_LINE_BEGIN:
        return s->before == UINT32_MAX || s->before == '\n';
    case AT_LINE_END:
        return s->after == UINT32_MAX || s->after == '\n';
    case AT_WORD:
        return is_word(s->before) != is_word(s->after);
    case AT_NO_WORD:
        return is_word(s->before) == is_word(s->after);
    }
    return false;
}

static bool set_has(const struct set *set, uint16_t state)
{
    uint16_t place = set->places[state];
    return place < set->count && set->members[place] == state;
}

/* Adds a state; those reached without a character follow while the set is walked. */
static void set_add(struct set *set, uint16_t state)
{
    if (state != NOWHERE && !set_has(set, state)) {
        set->places[state] = set->count;
        set->members[set->count++] = state;
    }
}

static bool in_set(const struct regex *r, const struct state *state, uint32_t c)
{
    bool in = false;
    for (uint16_t i = 0; i < state->ranges_count && !in; i++) {
        const struct range *range = &r->ranges[state->ranges + i];
        in = c >= range->first && c <= range->last;
    }
    return in != (state->what != 0);
}

/* Walks `now`, which grows meanwhile, and fills `then`. */
static void step(struct search *s)
{
    const struct regex *r = s->regex;
    s->then->count = 0;
    for (uint16_t i = 0; i < s->now->count && !s->matched; i++) {
        const struct state *state = &r->states[s->now->members[i]];
        switch ((enum state_kind)state->kind) {
        case STATE_MATCH:
            s->matched = true;
            break;
        case STATE_SPLIT:
            set_add(s->now, state->next);
            set_add(s->now, state->other);
            break;
        case STATE_ASSERT:
            if (holds(s, state->what)) {
                set_add(s->now, state->next);
            }
            break;
        case STATE_SET:
            if (s->after != UINT32_MAX && in_set(r, state, s->after)) {
                set_add(s->then, state->next);
            }
            break;
        }
    }
}

bool regex_search(const struct regex *regex, struct str text)
{
    struct set sets[2];
    memset(sets, 0, sizeof sets);
    struct search s = {.regex = regex, .now = &sets[0], .then = &sets[1], .before = UINT32_MAX};
    size_t at = 0;
    bool more = true;
    while (more && !s.matched) {
        more = at < text.len;
        s.after = more ? utf8_next(text, &at) : UINT32_MAX;
        if (more && s.after == UINT32_MAX) {
            s.after = 0xfffd; /* a bad byte is some character */
        }
        set_add(s.now, regex->start);
        step(&s);
        struct set *spare = s.now;
        s.now = s.then;
        s.then = spare;
        s.before = s.after;
    }
    return s.matched;
}
