/* state_change.c - the board is not what it was: by content, not by count.
 *
 * The baseline is a sum over the ids of all Facts and of all open intents, beside their
 * numbers; one intent that ended and one that opened leave the number and change the sum.
 * The first change opens a window; when it closes, the state is compared with the baseline
 * and becomes the new one.
 */
#include <stdio.h>

#include "base/mem.h"
#include "detect/detect_internal.h"

#define EVIDENCE_STATE_MAX 16u

struct state_change {
    struct detect_baseline baseline, current;
    int64_t window_ms;
    int64_t closes_ms; /* NEVER_MS = no window is open */
    uint32_t evidence[EVIDENCE_STATE_MAX];
    uint32_t evidence_count;
};

static void *state_change_new(struct detect *d)
{
    struct state_change *s = mem_zalloc(sizeof *s);
    s->window_ms = (int64_t)detect_options_of(d)->window_ms;
    s->closes_ms = NEVER_MS;
    return s;
}

static size_t state_change_bytes(const void *state)
{
    (void)state;
    return sizeof(struct state_change);
}

static void fold(uint64_t sum[2], const struct hash *id, bool add)
{
    for (size_t i = 0; i < 2; i++) {
        uint64_t part;
        memcpy(&part, id->bytes + i * sizeof part, sizeof part);
        sum[i] = add ? sum[i] + part : sum[i] - part;
    }
}

static void changed(struct state_change *s, int64_t at_ms)
{
    if (s->closes_ms == NEVER_MS) {
        s->closes_ms = at_ms + s->window_ms;
        s->evidence_count = 0;
    }
}

static void state_change_on_fact(void *state, struct detect *d, const struct seen *seen)
{
    struct state_change *s = state;
    (void)d;
    changed(s, seen->at_ms);
    s->current.facts++;
    fold(s->current.facts_fold, &seen->entry->id, true);
    if (s->evidence_count < EVIDENCE_STATE_MAX) {
        s->evidence[s->evidence_count++] = seen->ordinal;
    }
}

static void state_change_on_intent(void *state, struct detect *d, const struct seen *seen)
{
    struct state_change *s = state;
    (void)d;
    changed(s, seen->at_ms);
    s->current.open_intents++;
    fold(s->current.intents_fold, &seen->entry->id, true);
}

static void state_change_on_event(void *state, struct detect *d, const struct seen *seen)
{
    struct state_change *s = state;
    const struct entry *e = seen->entry;
    bool ended = e->type == EVENT_CONCLUDED || e->type == EVENT_CANCELLED ||
                 (e->type == EVENT_FAILED && e->event.number == 0);
    (void)d;
    if (ended && (e->event.fields & FIELD_INTENT) != 0) {
        changed(s, seen->at_ms);
        s->current.open_intents--;
        fold(s->current.intents_fold, &e->event.intent, false);
    }
}

static void add_trigger(struct json_writer *w, const char *what, const uint64_t then[2],
                        const uint64_t now[2], uint64_t then_count, uint64_t now_count)
{
    char text[80];
    if (then_count != now_count || then[0] != now[0] || then[1] != now[1]) {
        (void)snprintf(text, sizeof text, "%s:%llu->%llu", what, (unsigned long long)then_count,
                       (unsigned long long)now_count);
        jw_text(w, text);
    }
}

static void add_state(struct json_writer *w, const char *key, const struct detect_baseline *b)
{
    char digest[80];
    (void)snprintf(digest, sizeof digest, "%016llx%016llx-%016llx%016llx",
                   (unsigned long long)b->facts_fold[0], (unsigned long long)b->facts_fold[1],
                   (unsigned long long)b->intents_fold[0], (unsigned long long)b->intents_fold[1]);
    jw_key(w, key);
    jw_object(w);
    jw_kv_uint(w, "facts", b->facts);
    jw_kv_uint(w, "open_intents", b->open_intents);
    jw_kv_text(w, "digest", digest);
    jw_object_end(w);
}

static bool same_fold(const uint64_t a[2], const uint64_t b[2])
{
    return a[0] == b[0] && a[1] == b[1];
}

static void state_change_on_time(void *state, struct detect *d, int64_t now_ms)
{
    struct state_change *s = state;
    const struct detect_baseline *then = &s->baseline, *now = &s->current;
    if (s->closes_ms >= now_ms) {
        return;
    }
    s->closes_ms = NEVER_MS;
    if (then->facts == now->facts && then->open_intents == now->open_intents &&
        same_fold(then->facts_fold, now->facts_fold) &&
        same_fold(then->intents_fold, now->intents_fold)) {
        return;
    }
    struct json_writer *w = detect_content(d, "state_change");
    jw_key(w, "triggers");
    jw_array(w);
    add_trigger(w, "facts", then->facts_fold, now->facts_fold, then->facts, now->facts);
    add_trigger(w, "open_intents", then->intents_fold, now->intents_fold, then->open_intents,
                now->open_intents);
    jw_array_end(w);
    add_state(w, "previous", then);
    add_state(w, "current", now);
    detect_found(d, &(struct finding){.detector = DETECTOR_state_change,
                                      .topic = STR("board"),
                                      .position = STR("changed"),
                                      .evidence = s->evidence,
                                      .evidence_count = s->evidence_count});
    s->baseline = s->current;
}

static int64_t state_change_due_ms(const void *state)
{
    return ((const struct state_change *)state)->closes_ms;
}

void state_change_get(const void *state, struct detect_baseline *out_baseline)
{
    *out_baseline = ((const struct state_change *)state)->current;
}

void state_change_set(void *state, const struct detect_baseline *baseline)
{
    struct state_change *s = state;
    s->baseline = *baseline;
    if (s->closes_ms == NEVER_MS) {
        s->closes_ms = 0; /* due at once */
        s->evidence_count = 0;
    }
}

const struct detector detector_state_change = {
    .name = "state_change",
    .capabilities = DETECT_FACTS | DETECT_INTENTS | DETECT_EVENTS | DETECT_TIME | DETECT_BASELINE,
    .new = state_change_new,
    .free = mem_free,
    .on_fact = state_change_on_fact,
    .on_intent = state_change_on_intent,
    .on_event = state_change_on_event,
    .on_time = state_change_on_time,
    .due_ms = state_change_due_ms,
    .bytes = state_change_bytes,
};
