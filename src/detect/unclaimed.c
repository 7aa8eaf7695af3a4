/* unclaimed.c - intents that nobody takes.
 *
 *     submitted, released, expired, to be tried again --> waits
 *     claimed, concluded, failed, cancelled           --> does not
 *
 * One that has waited for unclaimed_ms without a break is told of, once in its life: the
 * finding names the intent and the limit. It stays as it is.
 */
#include "base/mem.h"
#include "detect/detect_internal.h"
#include "detect/ring.h"

struct wait {
    int64_t at_ms;
    uint32_t intent;
    uint32_t since; /* ordinal of the record from which on it waits */
};

struct unclaimed {
    int64_t limit_ms;
    struct ring waits;
    struct keymap since; /* intent -> the record from which on it waits */
};

static void *unclaimed_new(struct detect *d)
{
    struct unclaimed *u = mem_zalloc(sizeof *u);
    u->limit_ms = (int64_t)detect_options_of(d)->unclaimed_ms;
    u->waits.item_bytes = sizeof(struct wait);
    return u;
}

static void unclaimed_free(void *state)
{
    struct unclaimed *u = state;
    ring_deinit(&u->waits);
    keymap_deinit(&u->since);
    mem_free(u);
}

static size_t unclaimed_bytes(const void *state)
{
    const struct unclaimed *u = state;
    return sizeof *u + ring_bytes(&u->waits) + keymap_bytes(&u->since);
}

static void begin(struct unclaimed *u, uint32_t intent, const struct seen *seen)
{
    keymap_put(&u->since, intent, seen->ordinal);
    *(struct wait *)ring_push(&u->waits) = (struct wait){seen->at_ms, intent, seen->ordinal};
}

static void unclaimed_on_intent(void *state, struct detect *d, const struct seen *seen)
{
    (void)d;
    begin(state, seen->ordinal, seen);
}

static void unclaimed_on_event(void *state, struct detect *d, const struct seen *seen)
{
    struct unclaimed *u = state;
    const struct entry *e = seen->entry;
    uint32_t intent = (e->event.fields & FIELD_INTENT) != 0
                          ? board_find_hash(detect_board(d), &e->event.intent)
                          : ORDINAL_NONE;
    if (intent == ORDINAL_NONE) {
        return;
    }
    bool again = e->type == EVENT_RELEASED || e->type == EVENT_EXPIRED ||
                 (e->type == EVENT_FAILED && e->event.number != 0);
    bool ended = e->type == EVENT_CLAIMED || e->type == EVENT_CONCLUDED ||
                 e->type == EVENT_CANCELLED || e->type == EVENT_FAILED;
    if (again) {
        begin(u, intent, seen);
    } else if (ended) {
        (void)keymap_remove(&u->since, intent);
    }
}

static void tell(struct unclaimed *u, struct detect *d, uint32_t intent)
{
    struct entry entry;
    uint32_t evidence[EVIDENCE_MAX], count = 0;
    char id[ID_TEXT_LEN + 1];
    if (!board_entry(detect_board(d), intent, &entry)) {
        return;
    }
    for (uint32_t i = 0; i < entry.intent.from.count && count < EVIDENCE_MAX; i++) {
        struct hash fact;
        memcpy(&fact, entry_id(entry.intent.from, i), sizeof fact);
        uint32_t ordinal = board_find_hash(detect_board(d), &fact);
        if (ordinal != ORDINAL_NONE) {
            evidence[count++] = ordinal;
        }
    }
    board_id(detect_board(d), intent, id);
    struct json_writer *w = detect_content(d, "unclaimed");
    jw_kv_text(w, "intent", id);
    jw_kv_int(w, "waited_ms", u->limit_ms);
    detect_found(d, &(struct finding){.detector = DETECTOR_unclaimed,
                                      .topic = entry.intent.topic,
                                      .position = STR("unclaimed"),
                                      .evidence = evidence,
                                      .evidence_count = count});
}

static void unclaimed_on_time(void *state, struct detect *d, int64_t now_ms)
{
    struct unclaimed *u = state;
    for (const struct wait *first;
         (first = ring_first(&u->waits)) != NULL && first->at_ms + u->limit_ms < now_ms;) {
        struct wait wait = *first;
        ring_pop(&u->waits);
        if (keymap_get(&u->since, wait.intent) == wait.since) {
            (void)keymap_remove(&u->since, wait.intent);
            tell(u, d, wait.intent);
        }
    }
}

static int64_t unclaimed_due_ms(const void *state)
{
    const struct unclaimed *u = state;
    const struct wait *first = ring_first(&u->waits);
    return first == NULL ? NEVER_MS : first->at_ms + u->limit_ms;
}

const struct detector detector_unclaimed = {
    .name = "unclaimed",
    .capabilities = DETECT_INTENTS | DETECT_EVENTS | DETECT_TIME,
    .new = unclaimed_new,
    .free = unclaimed_free,
    .on_intent = unclaimed_on_intent,
    .on_event = unclaimed_on_event,
    .on_time = unclaimed_on_time,
    .due_ms = unclaimed_due_ms,
    .bytes = unclaimed_bytes,
};
