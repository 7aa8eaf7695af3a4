/* gap.c - what is missing: Facts that nobody took up, and references that lead nowhere.
 *
 * A Fact is an orphan when no intent and no other Fact cites it settle_ms after it was
 * written. Orphans of one origin are gathered for a window and told of together, from the
 * second one of the origin on; each orphan is in at most one finding, so what is written
 * grows with the orphans, not with their square.
 *
 * Orphans of one topic from two origins are told of once per topic and pair of origins. A
 * topic pairs a new origin with its first PAIRS_MAX origins only.
 *
 * An id in a Fact's content that is not on the board after the same time dangles.
 */
#include "base/check.h"
#include "base/mem.h"
#include "detect/detect_internal.h"
#include "detect/gather.h"
#include "detect/ring.h"

#define PAIRS_MAX      8u
#define REFERENCES_MAX 16u

struct waiting { /* a Fact that may turn out to be an orphan */
    int64_t at_ms;
    uint64_t topic_key; /* 0 = none */
    uint32_t ordinal, origin;
};
struct dangling {
    int64_t at_ms;
    struct hash id;
    uint32_t ordinal;
    char letter;
};
struct place { /* an orphan of a topic */
    uint32_t origin, ordinal;
    uint32_t next; /* place + 1 */
};
struct origin_state {
    bool told;     /* a finding about it was made */
    uint32_t lone; /* its only orphan so far, + 1 */
};

struct gap {
    int64_t settle_ms;
    struct ring waiting;  /* struct waiting */
    struct ring dangling; /* struct dangling */
    uint8_t *cited;       /* a bit per ordinal */
    size_t cited_cap;
    struct gather gather;
    struct origin_state *origins;
    size_t origins_cap;
    struct keymap topics; /* topic key -> place + 1 */
    struct place *places;
    size_t places_count, places_cap;
    struct keyset pairs;
};

static void *gap_new(struct detect *d)
{
    struct gap *gap = mem_zalloc(sizeof *gap);
    gap->settle_ms = (int64_t)detect_options_of(d)->settle_ms;
    gap->gather.window_ms = (int64_t)detect_options_of(d)->window_ms;
    gap->waiting.item_bytes = sizeof(struct waiting);
    gap->dangling.item_bytes = sizeof(struct dangling);
    return gap;
}

static void gap_free(void *state)
{
    struct gap *gap = state;
    ring_deinit(&gap->waiting);
    ring_deinit(&gap->dangling);
    mem_free(gap->cited);
    gather_deinit(&gap->gather);
    mem_free(gap->origins);
    keymap_deinit(&gap->topics);
    mem_free(gap->places);
    keyset_deinit(&gap->pairs);
    mem_free(gap);
}

static size_t gap_bytes(const void *state)
{
    const struct gap *gap = state;
    return sizeof *gap + ring_bytes(&gap->waiting) + ring_bytes(&gap->dangling) +
           gap->cited_cap + gather_bytes(&gap->gather) +
           gap->origins_cap * sizeof *gap->origins + keymap_bytes(&gap->topics) +
           gap->places_cap * sizeof *gap->places + keyset_bytes(&gap->pairs);
}

/* -- citations ---------------------------------------------------------------------------- */

static bool is_cited(const struct gap *gap, uint32_t ordinal)
{
    return ordinal / 8 < gap->cited_cap && (gap->cited[ordinal / 8] >> ordinal % 8 & 1) != 0;
}

static void cite(struct gap *gap, const struct seen *seen)
{
    for (uint32_t i = 0; i < seen->cites_count; i++) {
        uint32_t ordinal = seen->cites[i];
        size_t had = gap->cited_cap;
        if (ordinal / 8 >= had) {
            mem_grow(&gap->cited, &gap->cited_cap, ordinal / 8 + 1, 1);
            memset(gap->cited + had, 0, gap->cited_cap - had);
        }
        gap->cited[ordinal / 8] = (uint8_t)(gap->cited[ordinal / 8] | 1u << ordinal % 8);
    }
}

/* -- orphans of an origin -------------------------------------------------------------------- */

static struct origin_state *origin_state(struct gap *gap, uint32_t origin)
{
    size_t had = gap->origins_cap;
    if (origin >= had) {
        mem_grow(&gap->origins, &gap->origins_cap, (size_t)origin + 1, sizeof *gap->origins);
        memset(gap->origins + had, 0, (gap->origins_cap - had) * sizeof *gap->origins);
    }
    return &gap->origins[origin];
}

static void tell_orphans(struct detect *d, uint32_t origin, const uint32_t *orphans,
                         uint32_t count)
{
    struct json_writer *w = detect_content(d, "gap");
    struct str name = detect_origin_name(d, origin);
    jw_kv_text(w, "subtype", "origin-orphan");
    jw_kv_str(w, "origin", name);
    jw_kv_uint(w, "orphan_count", count);
    detect_found(d, &(struct finding){.detector = DETECTOR_gap,
                                      .topic = name,
                                      .position = STR("origin-orphan"),
                                      .evidence = orphans,
                                      .evidence_count = count});
}

static void close_group(struct gap *gap, struct detect *d, const struct gather_group *group)
{
    struct origin_state *origin = origin_state(gap, group->group);
    uint32_t orphans[EVIDENCE_MAX + 1], count = 0;
    if (origin->lone != 0 && !is_cited(gap, origin->lone - 1)) {
        orphans[count++] = origin->lone - 1;
    }
    origin->lone = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        if (!is_cited(gap, group->members[i])) {
            orphans[count++] = group->members[i];
        }
    }
    if (count == 0) {
        return;
    }
    if (count == 1 && !origin->told) {
        origin->lone = orphans[0] + 1; /* one alone may be all that the origin has */
        return;
    }
    origin->told = true;
    uint32_t first = count <= EVIDENCE_MAX ? count : count / 2;
    tell_orphans(d, group->group, orphans, first);
    if (first < count) {
        tell_orphans(d, group->group, orphans + first, count - first);
    }
}

/* -- orphans of a topic ------------------------------------------------------------------------ */

static void tell_pair(struct gap *gap, struct detect *d, const struct waiting *fact,
                      const struct place *earlier)
{
    uint32_t low = fact->origin < earlier->origin ? fact->origin : earlier->origin;
    uint32_t high = fact->origin ^ earlier->origin ^ low;
    uint64_t key = key_mix(fact->topic_key, (uint64_t)low << 32 | high);
    struct entry entry;
    const uint32_t evidence[2] = {earlier->ordinal, fact->ordinal};
    if (!keyset_add(&gap->pairs, key) ||
        !board_entry(detect_board(d), fact->ordinal, &entry)) {
        return;
    }
    struct json_writer *w = detect_content(d, "gap");
    jw_kv_text(w, "subtype", "cross-origin");
    jw_kv_str(w, "topic", entry.fact.topic);
    jw_kv_str(w, "origin_a", detect_origin_at(d, earlier->ordinal));
    jw_kv_str(w, "origin_b", entry.fact.origin);
    detect_found(d, &(struct finding){.detector = DETECTOR_gap,
                                      .topic = entry.fact.topic,
                                      .position = STR("cross-origin"),
                                      .evidence = evidence,
                                      .evidence_count = 2});
}

static void join_topic(struct gap *gap, struct detect *d, const struct waiting *fact)
{
    uint32_t first = keymap_get(&gap->topics, fact->topic_key), places = 0;
    bool stands = false;
    first = first == KEYMAP_NONE ? 0 : first;
    for (uint32_t at = first; at != 0; at = gap->places[at - 1].next) {
        struct place *place = &gap->places[at - 1];
        bool orphan = !is_cited(gap, place->ordinal);
        places++;
        if (place->origin != fact->origin && orphan) {
            tell_pair(gap, d, fact, place);
        } else if (place->origin == fact->origin) {
            stands = true;
            place->ordinal = orphan ? place->ordinal : fact->ordinal;
        }
    }
    if (stands || places >= PAIRS_MAX) {
        return;
    }
    mem_grow(&gap->places, &gap->places_cap, gap->places_count + 1, sizeof *gap->places);
    gap->places[gap->places_count++] = (struct place){fact->origin, fact->ordinal, first};
    keymap_put(&gap->topics, fact->topic_key, (uint32_t)gap->places_count);
}

/* -- references that lead nowhere ------------------------------------------------------------- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_word(char c)
{
    return is_hex(c) || (c >= 'g' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* An id that begins at `at`: a letter, '_', 64 hex digits, and no more word around it. */
static bool id_at(struct str text, size_t at)
{
    if (at + ID_TEXT_LEN > text.len || (at > 0 && is_word(text.at[at - 1])) ||
        (at + ID_TEXT_LEN < text.len && is_word(text.at[at + ID_TEXT_LEN]))) {
        return false;
    }
    char letter = text.at[at];
    for (size_t i = at + 2; i < at + ID_TEXT_LEN; i++) {
        if (!is_hex(text.at[i])) {
            return false;
        }
    }
    return letter == 'f' || letter == 'i' || letter == 'h';
}

static void watch_references(struct gap *gap, struct detect *d, const struct seen *seen)
{
    struct str text = seen->content;
    uint32_t found = 0;
    for (size_t at = str_find(text, '_', 0); at < text.len && found < REFERENCES_MAX;
         at = str_find(text, '_', at + 1)) {
        if (at == 0 || !id_at(text, at - 1)) {
            continue;
        }
        struct str id = str_sub(text, at - 1, ID_TEXT_LEN);
        uint32_t target = board_find(detect_board(d), id);
        if (target != ORDINAL_NONE && target < seen->ordinal) {
            continue;
        }
        struct dangling *wait = ring_push(&gap->dangling);
        *wait = (struct dangling){.at_ms = seen->at_ms, .ordinal = seen->ordinal,
                                  .letter = id.at[0]};
        for (size_t i = 0; i < sizeof wait->id.bytes; i++) {
            uint8_t high = (uint8_t)id.at[2 + 2 * i], low = (uint8_t)id.at[3 + 2 * i];
            high = (uint8_t)(high <= '9' ? high - '0' : high - 'a' + 10);
            low = (uint8_t)(low <= '9' ? low - '0' : low - 'a' + 10);
            wait->id.bytes[i] = (uint8_t)(high << 4 | low);
        }
        found++;
    }
}

static void judge_reference(struct detect *d, const struct dangling *wait)
{
    static const char digits[] = "0123456789abcdef";
    char id[ID_TEXT_LEN + 1] = {wait->letter, '_'};
    struct entry entry;
    /* Only what stood there when the time was over counts, however late we look. */
    uint32_t target = board_find_hash(detect_board(d), &wait->id);
    if ((target != ORDINAL_NONE && target < detect_cursor(d)) ||
        !board_entry(detect_board(d), wait->ordinal, &entry)) {
        return;
    }
    for (size_t i = 0; i < sizeof wait->id.bytes; i++) {
        id[2 + 2 * i] = digits[wait->id.bytes[i] >> 4];
        id[3 + 2 * i] = digits[wait->id.bytes[i] & 15];
    }
    struct json_writer *w = detect_content(d, "gap");
    jw_kv_text(w, "subtype", "dangling-reference");
    jw_kv_str(w, "origin", entry.fact.origin);
    jw_kv_text(w, "reference", id);
    detect_found(d, &(struct finding){.detector = DETECTOR_gap,
                                      .topic = entry.fact.topic.len > 0 ? entry.fact.topic
                                                                        : entry.fact.origin,
                                      .position = STR("dangling-reference"),
                                      .evidence = &wait->ordinal,
                                      .evidence_count = 1});
}

/* -- what the detector is told ---------------------------------------------------------------- */

static void gap_on_fact(void *state, struct detect *d, const struct seen *seen)
{
    struct gap *gap = state;
    cite(gap, seen);
    *(struct waiting *)ring_push(&gap->waiting) = (struct waiting){
        .at_ms = seen->at_ms,
        .topic_key = seen->entry->fact.topic.len > 0 && !seen->structural ? seen->topic_key : 0,
        .ordinal = seen->ordinal,
        .origin = seen->origin,
    };
    watch_references(gap, d, seen);
}

static void gap_on_intent(void *state, struct detect *d, const struct seen *seen)
{
    (void)d;
    cite(state, seen);
}

/* The next thing to fall due, in time order: 0 none, 1 a Fact, 2 a group, 3 a reference. */
static int next_due(const struct gap *gap, int64_t *out_ms)
{
    const struct waiting *fact = ring_first(&gap->waiting);
    const struct dangling *reference = ring_first(&gap->dangling);
    int which = 0;
    *out_ms = NEVER_MS;
    if (fact != NULL) {
        *out_ms = fact->at_ms + gap->settle_ms;
        which = 1;
    }
    if (gather_due_ms(&gap->gather) < *out_ms) {
        *out_ms = gather_due_ms(&gap->gather);
        which = 2;
    }
    if (reference != NULL && reference->at_ms + gap->settle_ms < *out_ms) {
        *out_ms = reference->at_ms + gap->settle_ms;
        which = 3;
    }
    return which;
}

static void settle_fact(struct gap *gap, struct detect *d)
{
    struct waiting fact = *(const struct waiting *)ring_first(&gap->waiting);
    struct gather_group full;
    ring_pop(&gap->waiting);
    if (is_cited(gap, fact.ordinal)) {
        return;
    }
    if (fact.topic_key != 0) {
        join_topic(gap, d, &fact);
    }
    if (gather_add(&gap->gather, fact.origin, fact.ordinal, fact.at_ms + gap->settle_ms, &full)) {
        close_group(gap, d, &full);
    }
}

static void gap_on_time(void *state, struct detect *d, int64_t now_ms)
{
    struct gap *gap = state;
    struct gather_group group;
    int64_t due_ms;
    for (int which; (which = next_due(gap, &due_ms)) != 0 && due_ms < now_ms;) {
        if (which == 1) {
            settle_fact(gap, d);
        } else if (which == 2) {
            CHECK(gather_next(&gap->gather, now_ms, &group));
            close_group(gap, d, &group);
        } else {
            struct dangling wait = *(const struct dangling *)ring_first(&gap->dangling);
            ring_pop(&gap->dangling);
            judge_reference(d, &wait);
        }
    }
}

static int64_t gap_due_ms(const void *state)
{
    int64_t due_ms;
    (void)next_due(state, &due_ms);
    return due_ms;
}

const struct detector detector_gap = {
    .name = "gap",
    .capabilities = DETECT_FACTS | DETECT_INTENTS | DETECT_TIME,
    .new = gap_new,
    .free = gap_free,
    .on_fact = gap_on_fact,
    .on_intent = gap_on_intent,
    .on_time = gap_on_time,
    .due_ms = gap_due_ms,
    .bytes = gap_bytes,
};
