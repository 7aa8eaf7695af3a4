/* novelty.c - how far a text is from what was said of its topic before.
 *
 * A text is the set of its runs of four words (of all its words, when it has fewer), held
 * as SKETCH_BINS least hashes, one per bin (one permutation MinHash). The share of equal
 * bins estimates the overlap of the sets. A text closer than near_percent to an earlier
 * one of the topic repeats it; one farther than far_percent from all of them is new.
 *
 * Memory is bounded: the last PER_TOPIC texts of a topic, SKETCHES_MAX in all, oldest out
 * first. Each full turn of that ring is told of, for comparisons were lost.
 */
#include "base/mem.h"
#include "detect/detect_internal.h"

#define SKETCH_BINS   32u
#define SKETCHES_MAX  32768u
#define PER_TOPIC     8u
#define RUN_WORDS     4u
#define TEXT_BYTES_MAX 4096u
#define TEXT_BYTES_MIN 64u /* shorter ones repeat each other by chance */
#define BIN_EMPTY     0xffffu

struct sketch {
    uint64_t topic_key;
    uint32_t ordinal;
    uint32_t previous; /* of the topic: number of insertion + 1, 0 = none */
    uint16_t bins[SKETCH_BINS];
};

struct novelty {
    uint32_t near_percent, far_percent;
    struct sketch *ring; /* grows to SKETCHES_MAX, then turns */
    size_t cap;
    uint32_t inserted;
    struct keymap topics; /* topic key -> number of its last insertion + 1 */
};

static void *novelty_new(struct detect *d)
{
    struct novelty *n = mem_zalloc(sizeof *n);
    n->near_percent = detect_options_of(d)->near_percent;
    n->far_percent = detect_options_of(d)->far_percent;
    return n;
}

static void novelty_free(void *state)
{
    struct novelty *n = state;
    mem_free(n->ring);
    keymap_deinit(&n->topics);
    mem_free(n);
}

static size_t novelty_bytes(const void *state)
{
    const struct novelty *n = state;
    return sizeof *n + n->cap * sizeof *n->ring + keymap_bytes(&n->topics);
}

/* -- sketches ------------------------------------------------------------------------------- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (uint8_t)c >= 0x80;
}

static void put(struct sketch *sketch, uint64_t hash)
{
    uint16_t *bin = &sketch->bins[hash >> 59];
    uint16_t value = (uint16_t)(hash >> 16 & 0xffff);
    if (value < *bin) {
        *bin = value;
    }
}

static void draw(struct str text, struct sketch *out)
{
    uint64_t words[RUN_WORDS] = {0}, word = 0;
    uint32_t count = 0;
    for (size_t i = 0; i < SKETCH_BINS; i++) {
        out->bins[i] = BIN_EMPTY;
    }
    for (size_t i = 0; i <= text.len; i++) {
        char c = i < text.len ? text.at[i] : ' ';
        if (is_word(c)) {
            c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
            word = (word ^ (uint8_t)c) * 0x100000001b3ull + 0x9e37ull;
            continue;
        }
        if (word == 0) {
            continue;
        }
        words[count++ % RUN_WORDS] = word;
        word = 0;
        if (count >= RUN_WORDS) {
            uint64_t run = 0;
            for (uint32_t k = 0; k < RUN_WORDS; k++) {
                run = key_mix(run, words[(count + k) % RUN_WORDS]);
            }
            put(out, run);
        }
    }
    if (count < RUN_WORDS) {
        put(out, key_mix(key_mix(words[0], words[1]), words[2]));
    }
}

/* Distance in percent; what neither has does not count. */
static uint32_t distance_percent(const struct sketch *a, const struct sketch *b)
{
    uint32_t same = 0, filled = 0;
    for (size_t i = 0; i < SKETCH_BINS; i++) {
        if (a->bins[i] != BIN_EMPTY || b->bins[i] != BIN_EMPTY) {
            filled++;
            same += a->bins[i] == b->bins[i];
        }
    }
    return filled == 0 ? 100 : 100 - same * 100 / filled;
}

/* -- what the detector is told ---------------------------------------------------------------- */

/* The sketch with that number of insertion, NULL when it is gone. */
static struct sketch *sketch_at(const struct novelty *n, uint32_t number, uint64_t topic_key)
{
    if (n->inserted - number > SKETCHES_MAX) {
        return NULL;
    }
    struct sketch *sketch = &n->ring[number % SKETCHES_MAX];
    return sketch->topic_key == topic_key ? sketch : NULL;
}

static void tell(struct detect *d, const struct seen *seen, const char *subtype,
                 uint32_t nearest, uint32_t percent)
{
    const uint32_t evidence[2] = {seen->ordinal, nearest};
    struct json_writer *w = detect_content(d, "novelty");
    jw_kv_text(w, "subtype", subtype);
    jw_kv_str(w, "topic", seen->topic);
    jw_kv_str(w, "origin", seen->entry->fact.origin);
    jw_kv_uint(w, "distance_percent", percent);
    detect_found(d, &(struct finding){.detector = DETECTOR_novelty,
                                      .topic = seen->topic,
                                      .position = str_of(subtype),
                                      .evidence = evidence,
                                      .evidence_count = 2});
}

static void tell_turn(struct detect *d, uint32_t turn)
{
    struct json_writer *w = detect_content(d, "eviction");
    jw_kv_text(w, "what", "novelty sketches");
    jw_kv_uint(w, "turn", turn);
    detect_found(d, &(struct finding){.detector = DETECTOR_novelty,
                                      .topic = STR("board"),
                                      .position = STR("eviction")});
}

static void remember(struct novelty *n, struct detect *d, struct sketch *fresh)
{
    uint32_t number = n->inserted;
    uint32_t last = keymap_get(&n->topics, fresh->topic_key);
    fresh->previous = last == KEYMAP_NONE ? 0 : last;
    if (number < SKETCHES_MAX) {
        mem_grow(&n->ring, &n->cap, (size_t)number + 1, sizeof *n->ring);
    } else {
        struct sketch *oldest = &n->ring[number % SKETCHES_MAX];
        if (keymap_get(&n->topics, oldest->topic_key) == number - SKETCHES_MAX + 1) {
            (void)keymap_remove(&n->topics, oldest->topic_key);
        }
        detect_evicted(d, 1);
        if (number % SKETCHES_MAX == 0) {
            tell_turn(d, number / SKETCHES_MAX);
        }
    }
    n->ring[number % SKETCHES_MAX] = *fresh;
    n->inserted++;
    keymap_put(&n->topics, fresh->topic_key, number + 1);
}

static void novelty_on_fact(void *state, struct detect *d, const struct seen *seen)
{
    struct novelty *n = state;
    struct sketch fresh = {.topic_key = seen->topic_key, .ordinal = seen->ordinal};
    uint32_t nearest = ORDINAL_NONE, least = 101, at = 0;
    if (seen->subject == NULL || seen->content.len < TEXT_BYTES_MIN) {
        return;
    }
    draw(str_sub(seen->content, 0, TEXT_BYTES_MAX), &fresh);
    at = keymap_get(&n->topics, fresh.topic_key);
    at = at == KEYMAP_NONE ? 0 : at;
    for (uint32_t i = 0; at != 0 && i < PER_TOPIC; i++) {
        const struct sketch *earlier = sketch_at(n, at - 1, fresh.topic_key);
        if (earlier == NULL) {
            break;
        }
        uint32_t percent = distance_percent(&fresh, earlier);
        if (percent < least) {
            least = percent;
            nearest = earlier->ordinal;
        }
        at = earlier->previous;
    }
    if (nearest != ORDINAL_NONE && least < n->near_percent) {
        tell(d, seen, "near-duplicate", nearest, least);
    } else if (nearest != ORDINAL_NONE && n->far_percent > 0 && least > n->far_percent) {
        tell(d, seen, "novel", nearest, least);
    }
    remember(n, d, &fresh);
}

const struct detector detector_novelty = {
    .name = "novelty",
    .capabilities = DETECT_FACTS,
    .new = novelty_new,
    .free = novelty_free,
    .on_fact = novelty_on_fact,
    .bytes = novelty_bytes,
};
