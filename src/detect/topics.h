/* topics.h - per topic, the positions taken so far: one entry per distinct value, with the
 * first Fact that took it. Texts are not kept; they are read from the board again when a
 * different value of the topic turns up.
 */
#pragma once
#include "board/view.h"
#include "detect/key.h"
#include "detect/position.h"
#include "detect/subject.h"

enum { TOPIC_VALUES_MAX = 64 };

struct topic_value {
    uint64_t key;     /* of the position and its validity */
    uint32_t ordinal; /* the first Fact that says so */
    uint32_t origin;
    uint32_t next;    /* value + 1, 0 = last */
    uint32_t source;  /* of origin and creator; 0 = several say it */
};

struct topics {
    struct keymap by_key;   /* topic key -> index in heads */
    struct topic_head {
        uint32_t first;     /* value + 1 */
        uint32_t count;
    } *heads;
    struct topic_value *values;
    size_t heads_count, heads_cap, values_count, values_cap;
};
void topics_deinit(struct topics *topics);
size_t topics_bytes(const struct topics *topics);

/* What was said of the topic before a Fact, and how its position stands to that. */
struct known {
    bool topic_is_new;
    bool is_full;                   /* more values than are compared */
    const struct topic_value *same; /* it was said before; NULL = not */
    struct known_other {
        struct topic_value value;
        enum position_reason reason; /* NONE: compatible */
    } others[TOPIC_VALUES_MAX];      /* those it was not compared with before */
    uint32_t others_count;
};

struct stance {
    uint32_t ordinal, origin;
    uint32_t source; /* not 0 */
    uint64_t topic_key;
    uint64_t key; /* see topic_value */
    const struct subject *subject;
    const struct position *position;
    int64_t valid_from_ms, valid_to_ms;
    bool compare; /* the predicate is functional */
};
uint64_t stance_key(const struct position *position, int64_t from_ms, int64_t to_ms);
void stance_validity(const struct entry *entry, int64_t *out_from_ms, int64_t *out_to_ms);

/* Fills `out` with what was known and then adds the stance. */
void topics_take(struct topics *topics, struct board *board, const struct lexicon *lexicon,
                 const struct stance *stance, uint32_t values_max, struct known *out);

/* The words of a Fact's topic and position: its fields, else members of its JSON content
 * (`arena` keeps what the content said). False: it has none. */
bool stance_words(struct arena *arena, const struct entry *entry, struct str content,
                  struct str *out_topic, struct str *out_position, bool *out_additive);
