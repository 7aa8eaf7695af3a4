/* contradiction.c - Facts that cannot both be true: the same subject, another position.
 *
 * Candidates come from the exact topic only, never from similarity. What counts as a
 * contradiction is position_compare's and the predicate's affair; an additive predicate
 * has none. A contradiction is a Fact about two Facts: neither is changed.
 *
 * Each unordered pair of values of a topic is looked at once (topics.c says when), so it
 * is told of at most once.
 */
#include "base/mem.h"
#include "detect/detect_internal.h"

static void *contradiction_new(struct detect *d)
{
    (void)d;
    return mem_zalloc(1); /* all it knows is in the topics */
}

static size_t contradiction_bytes(const void *state)
{
    (void)state;
    return 1;
}

struct side {
    uint32_t ordinal;
    struct str position, origin;
};

static void tell(struct detect *d, const struct seen *seen, const struct known_other *other)
{
    struct entry entry;
    struct content content = {0};
    struct arena arena = {0};
    struct buf scratch = {0};
    struct str topic, position;
    bool additive;
    bool whole = board_entry(detect_board(d), other->value.ordinal, &entry) &&
                 board_peek(detect_board(d), other->value.ordinal, &scratch, &content) &&
                 stance_words(&arena, &entry, content.data, &topic, &position, &additive);
    if (whole) {
        struct side a = {other->value.ordinal, position, entry.fact.origin};
        struct side b = {seen->ordinal, seen->stated, seen->entry->fact.origin};
        bool turned = str_compare(a.position, b.position) > 0;
        const struct side *one = turned ? &b : &a, *two = turned ? &a : &b;
        const uint32_t evidence[2] = {one->ordinal, two->ordinal};
        struct json_writer *w = detect_content(d, "contradiction");
        jw_kv_str(w, "topic", seen->topic);
        jw_kv_text(w, "reason", position_reason_word(other->reason));
        jw_kv_str(w, "position_a", one->position);
        jw_kv_str(w, "position_b", two->position);
        jw_kv_str(w, "origin_a", one->origin);
        jw_kv_str(w, "origin_b", two->origin);
        detect_found(d, &(struct finding){.detector = DETECTOR_contradiction,
                                          .topic = seen->topic,
                                          .position = STR("contradiction"),
                                          .evidence = evidence,
                                          .evidence_count = 2});
    }
    arena_deinit(&arena);
    buf_deinit(&scratch);
}

static void contradiction_on_fact(void *state, struct detect *d, const struct seen *seen)
{
    (void)state;
    for (uint32_t i = 0; seen->known != NULL && i < seen->known->others_count; i++) {
        if (seen->known->others[i].reason != REASON_NONE) {
            tell(d, seen, &seen->known->others[i]);
        }
    }
}

const struct detector detector_contradiction = {
    .name = "contradiction",
    .capabilities = DETECT_FACTS,
    .new = contradiction_new,
    .free = mem_free,
    .on_fact = contradiction_on_fact,
    .bytes = contradiction_bytes,
};
