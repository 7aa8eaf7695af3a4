/* new_document.c - what a new source adds to what is known.
 *
 * The first origin that takes a position is the baseline. For each later origin:
 *
 *     +factor   it says what another origin said before
 *     -factor   it contradicts what another origin said before
 *     gap       it speaks of a topic that nobody spoke of; gathered, many to a finding
 *
 * A factor is told of once per topic, position and origin.
 */
#include "base/check.h"
#include "base/mem.h"
#include "detect/detect_internal.h"
#include "detect/gather.h"

struct new_document {
    bool has_baseline;
    uint32_t baseline_origin;
    struct keyset told;
    struct gather gather; /* Facts with new topics, by origin */
};

static void *new_document_new(struct detect *d)
{
    struct new_document *n = mem_zalloc(sizeof *n);
    n->gather.window_ms = (int64_t)detect_options_of(d)->window_ms;
    return n;
}

static void new_document_free(void *state)
{
    struct new_document *n = state;
    keyset_deinit(&n->told);
    gather_deinit(&n->gather);
    mem_free(n);
}

static size_t new_document_bytes(const void *state)
{
    const struct new_document *n = state;
    return sizeof *n + keyset_bytes(&n->told) + gather_bytes(&n->gather);
}

/* -- factors ----------------------------------------------------------------------------- */

static void tell_factor(struct new_document *n, struct detect *d, const struct seen *seen,
                        const struct topic_value *earlier, const char *factor)
{
    uint64_t key = key_mix(key_mix(seen->topic_key, seen->position->key), seen->origin);
    const uint32_t evidence[2] = {seen->ordinal, earlier->ordinal};
    if (!keyset_add(&n->told, key_mix(key, earlier->key))) {
        return;
    }
    struct json_writer *w = detect_content(d, "doc_analysis");
    jw_kv_text(w, "factor", factor);
    jw_kv_str(w, "topic", seen->topic);
    jw_kv_str(w, "claim", seen->stated);
    jw_kv_str(w, "source", seen->entry->fact.origin);
    jw_kv_str(w, "detail", detect_origin_at(d, earlier->ordinal));
    detect_found(d, &(struct finding){.detector = DETECTOR_new_document,
                                      .topic = seen->topic,
                                      .position = str_of(factor),
                                      .evidence = evidence,
                                      .evidence_count = 2});
}

/* -- new topics --------------------------------------------------------------------------- */

static void tell_topics(struct detect *d, const struct gather_group *group)
{
    struct json_writer *w = detect_content(d, "doc_analysis");
    struct arena arena = {0};
    struct buf scratch = {0};
    jw_kv_text(w, "factor", "gap");
    jw_kv_str(w, "source", detect_origin_name(d, group->group));
    jw_key(w, "topics");
    jw_array(w);
    for (uint32_t i = 0; i < group->count; i++) {
        struct entry entry;
        struct content content;
        struct str topic, position;
        bool additive;
        if (board_entry(detect_board(d), group->members[i], &entry) &&
            board_peek(detect_board(d), group->members[i], &scratch, &content) &&
            stance_words(&arena, &entry, content.data, &topic, &position, &additive)) {
            jw_str(w, topic);
        }
    }
    jw_array_end(w);
    arena_deinit(&arena);
    buf_deinit(&scratch);
    detect_found(d, &(struct finding){.detector = DETECTOR_new_document,
                                      .topic = detect_origin_name(d, group->group),
                                      .position = STR("gap"),
                                      .evidence = group->members,
                                      .evidence_count = group->count});
}

/* -- what the detector is told --------------------------------------------------------------- */

static void new_document_on_fact(void *state, struct detect *d, const struct seen *seen)
{
    struct new_document *n = state;
    const struct known *known = seen->known;
    struct gather_group full;
    if (known == NULL) {
        return;
    }
    if (!n->has_baseline) {
        n->has_baseline = true;
        n->baseline_origin = seen->origin;
    }
    if (known->topic_is_new) {
        if (seen->origin != n->baseline_origin &&
            gather_add(&n->gather, seen->origin, seen->ordinal, seen->at_ms, &full)) {
            tell_topics(d, &full);
        }
        return;
    }
    if (known->same != NULL && known->same->origin != seen->origin) {
        tell_factor(n, d, seen, known->same, "+factor");
    }
    for (uint32_t i = 0; i < known->others_count; i++) {
        if (known->others[i].reason != REASON_NONE &&
            known->others[i].value.origin != seen->origin) {
            tell_factor(n, d, seen, &known->others[i].value, "-factor");
            return;
        }
    }
}

static void new_document_on_time(void *state, struct detect *d, int64_t now_ms)
{
    struct new_document *n = state;
    struct gather_group group;
    while (gather_next(&n->gather, now_ms, &group)) {
        tell_topics(d, &group);
    }
}

static int64_t new_document_due_ms(const void *state)
{
    return gather_due_ms(&((const struct new_document *)state)->gather);
}

const struct detector detector_new_document = {
    .name = "new_document",
    .capabilities = DETECT_FACTS | DETECT_TIME,
    .new = new_document_new,
    .free = new_document_free,
    .on_fact = new_document_on_fact,
    .on_time = new_document_on_time,
    .due_ms = new_document_due_ms,
    .bytes = new_document_bytes,
};
