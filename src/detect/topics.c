/* topics.c - positions per topic.
 *
 * 1. A topic has at most values_max entries. A subject with more different values than
 *    that has no one value, whatever its name promises: later ones are not compared.
 * 2. What one creator says of one origin is not compared with itself: several values there
 *    are a list or a revision. A value that a second source takes up is compared then. So
 *    each pair of values is compared at most once.
 * 3. Topics are told apart by a 64-bit key; before two positions are said to contradict
 *    each other their topics are compared in full.
 */
#include "detect/topics.h"

#include "base/mem.h"
#include "codec/json.h"

void topics_deinit(struct topics *topics)
{
    keymap_deinit(&topics->by_key);
    mem_free(topics->heads);
    mem_free(topics->values);
    *topics = (struct topics){0};
}

size_t topics_bytes(const struct topics *topics)
{
    return keymap_bytes(&topics->by_key) + topics->heads_cap * sizeof *topics->heads +
           topics->values_cap * sizeof *topics->values;
}

uint64_t stance_key(const struct position *position, int64_t from_ms, int64_t to_ms)
{
    return key_mix(key_mix(position->key, (uint64_t)from_ms), (uint64_t)to_ms);
}

void stance_validity(const struct entry *entry, int64_t *out_from_ms, int64_t *out_to_ms)
{
    *out_from_ms = (entry->flags & ENTRY_VALID_FROM) != 0 ? entry->fact.valid_from_ms : INT64_MIN;
    *out_to_ms = (entry->flags & ENTRY_VALID_TO) != 0 ? entry->fact.valid_to_ms : INT64_MAX;
}

/* -- words ---------------------------------------------------------------------------- */

static struct str member_words(const struct json *content, const char *name)
{
    const struct json *value = json_get(content, name);
    if (value == NULL) {
        return STR_NONE;
    }
    switch (value->kind) {
    case JSON_STRING:
        return value->string;
    case JSON_INT:
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
        return value->raw;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return STR_NONE;
}

bool stance_words(struct arena *arena, const struct entry *entry, struct str content,
                  struct str *out_topic, struct str *out_position, bool *out_additive)
{
    static const struct json_limits limits = {.depth_max = 16, .nodes_max = 1000};
    struct json *value = NULL;
    struct json_error error;
    *out_topic = entry->fact.topic;
    *out_position = entry->fact.position;
    *out_additive = false;
    if (str_is(entry->fact.mime_type, "application/json") && content.len > 0 &&
        content.at[0] == '{' && json_parse(arena, content, &limits, &value, &error)) {
        *out_additive = json_get_bool(value, "additive", false);
        if (out_topic->len == 0) {
            *out_topic = member_words(value, "topic");
        }
        if (out_position->len == 0) {
            *out_position = member_words(value, "position");
        }
    }
    return out_topic->len > 0;
}

/* -- comparing -------------------------------------------------------------------------- */

struct earlier {
    struct subject subject;
    struct position position;
    int64_t valid_from_ms, valid_to_ms;
};

static bool read_earlier(struct board *board, const struct lexicon *lexicon, uint32_t ordinal,
                         struct earlier *out)
{
    struct entry entry;
    struct content content = {0};
    struct arena arena = {0};
    struct buf scratch = {0};
    struct str topic, position;
    bool additive;
    bool whole = board_entry(board, ordinal, &entry);
    if (whole && (entry.fact.topic.len == 0 || entry.fact.position.len == 0)) {
        whole = board_peek(board, ordinal, &scratch, &content);
    }
    whole = whole && stance_words(&arena, &entry, content.data, &topic, &position, &additive);
    if (whole) {
        subject_read(lexicon, topic, &out->subject);
        position_parse(lexicon, position, &out->position);
        stance_validity(&entry, &out->valid_from_ms, &out->valid_to_ms);
    }
    arena_deinit(&arena);
    buf_deinit(&scratch);
    return whole;
}

static enum position_reason compare(struct board *board, const struct lexicon *lexicon,
                                    const struct stance *now, uint32_t ordinal)
{
    struct earlier then;
    if (!read_earlier(board, lexicon, ordinal, &then)) {
        return REASON_NONE;
    }
    if (!str_eq(str_n(then.subject.text, then.subject.len),
                str_n(now->subject->text, now->subject->len))) {
        return REASON_NONE;
    }
    if (then.valid_to_ms <= now->valid_from_ms || now->valid_to_ms <= then.valid_from_ms) {
        return REASON_NONE;
    }
    return position_compare(&then.position, now->position);
}

/* -- taking a stance ---------------------------------------------------------------------- */

static void add_value(struct topics *topics, struct topic_head *head, const struct stance *stance)
{
    mem_grow(&topics->values, &topics->values_cap, topics->values_count + 1,
             sizeof *topics->values);
    topics->values[topics->values_count++] = (struct topic_value){
        .key = stance->key,
        .ordinal = stance->ordinal,
        .origin = stance->origin,
        .next = head->first,
        .source = stance->source,
    };
    head->first = (uint32_t)topics->values_count;
    head->count++;
}

static struct topic_head *head_of(struct topics *topics, uint64_t key, bool *out_new)
{
    uint32_t index = keymap_get(&topics->by_key, key);
    *out_new = index == KEYMAP_NONE;
    if (*out_new) {
        index = (uint32_t)topics->heads_count;
        mem_grow(&topics->heads, &topics->heads_cap, topics->heads_count + 1,
                 sizeof *topics->heads);
        topics->heads[topics->heads_count++] = (struct topic_head){0};
        keymap_put(&topics->by_key, key, index);
    }
    return &topics->heads[index];
}

/* Compares with the values that `source` alone took (0: with all that it did not). */
static void compare_values(const struct topics *topics, const struct topic_head *head,
                           struct board *board, const struct lexicon *lexicon,
                           const struct stance *stance, uint32_t source, struct known *out)
{
    for (uint32_t at = head->first; at != 0; at = topics->values[at - 1].next) {
        const struct topic_value *value = &topics->values[at - 1];
        bool wanted = source == 0 ? value->source != stance->source : value->source == source;
        if (!wanted || value->key == stance->key) {
            continue;
        }
        struct known_other *other = &out->others[out->others_count++];
        other->value = *value;
        other->reason = compare(board, lexicon, stance, value->ordinal);
    }
}

void topics_take(struct topics *topics, struct board *board, const struct lexicon *lexicon,
                 const struct stance *stance, uint32_t values_max, struct known *out)
{
    struct topic_head *head = head_of(topics, stance->topic_key, &out->topic_is_new);
    struct topic_value *same = NULL;
    for (uint32_t at = head->first; at != 0 && same == NULL; at = topics->values[at - 1].next) {
        same = topics->values[at - 1].key == stance->key ? &topics->values[at - 1] : NULL;
    }
    out->same = same;
    out->others_count = 0;
    out->is_full = same == NULL && head->count >= values_max;
    if (same != NULL && same->source != 0 && same->source != stance->source) {
        if (stance->compare) {
            compare_values(topics, head, board, lexicon, stance, same->source, out);
        }
        same->source = 0;
    } else if (same == NULL && !out->is_full) {
        if (stance->compare) {
            compare_values(topics, head, board, lexicon, stance, 0, out);
        }
        add_value(topics, head, stance);
    }
}
