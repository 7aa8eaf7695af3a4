/* seen.c - the common part of reading a record: origin, citations, content, topic, position
 * and what was known of the topic before. Done once, for all detectors.
 */
#include "detect/seen.h"

#include "base/check.h"
#include "base/mem.h"
#include "contract/contract.h"

void reader_init(struct reader *r, struct board *board, uint64_t seed, uint32_t values_max)
{
    *r = (struct reader){.board = board, .seed = seed, .values_max = values_max};
    lexicon_init(&r->lexicon);
}

void reader_deinit(struct reader *r)
{
    lexicon_deinit(&r->lexicon);
    topics_deinit(&r->topics);
    keymap_deinit(&r->origins);
    mem_free(r->origin_facts);
    mem_free(r->cites);
    arena_deinit(&r->arena);
    buf_deinit(&r->scratch);
}

size_t reader_bytes(const struct reader *r)
{
    return topics_bytes(&r->topics) + keymap_bytes(&r->origins) +
           r->origins_cap * sizeof *r->origin_facts + r->scratch.cap;
}

uint32_t reader_origin_fact(const struct reader *r, uint32_t origin)
{
    CHECK(origin < r->origins_count);
    return r->origin_facts[origin];
}

static uint32_t origin_number(struct reader *r, struct str origin, uint32_t ordinal)
{
    uint64_t key = key_of(r->seed, origin);
    uint32_t number = keymap_get(&r->origins, key);
    if (number == KEYMAP_NONE) {
        number = (uint32_t)r->origins_count;
        mem_grow(&r->origin_facts, &r->origins_cap, r->origins_count + 1,
                 sizeof *r->origin_facts);
        r->origin_facts[r->origins_count++] = ordinal;
        keymap_put(&r->origins, key, number);
    }
    return number;
}

static void read_cites(struct reader *r, struct entry_ids ids, struct seen *out)
{
    if (ids.count > r->cites_cap) {
        mem_grow(&r->cites, &r->cites_cap, ids.count, sizeof *r->cites);
    }
    for (uint32_t i = 0; i < ids.count; i++) {
        struct hash id;
        memcpy(&id, entry_id(ids, i), sizeof id);
        uint32_t ordinal = board_find_hash(r->board, &id);
        if (ordinal != ORDINAL_NONE) {
            r->cites[out->cites_count++] = ordinal;
        }
    }
    out->cites = r->cites;
}

/* Contents of moderate size only; a larger one counts as empty here. */
static struct str read_content(struct reader *r, const struct entry *entry, uint32_t ordinal)
{
    struct content content;
    if ((entry->flags & ENTRY_STORED) == 0) {
        return entry->fact.content;
    }
    if (entry->fact.content_bytes > CONTENT_BYTES_MAX ||
        !board_peek(r->board, ordinal, &r->scratch, &content)) {
        return STR_NONE;
    }
    return content.data;
}

static uint32_t source_of(const struct entry *entry)
{
    uint64_t key = key_of(key_of(0, entry->creator), entry->fact.origin);
    return (uint32_t)(key >> 32) | 1u;
}

static void read_position(struct reader *r, const struct entry *entry, struct seen *out)
{
    struct stance stance = {
        .ordinal = out->ordinal,
        .origin = out->origin,
        .source = source_of(entry),
        .topic_key = out->topic_key,
        .subject = &r->subject,
        .position = &r->position,
        .compare = !out->additive && !out->structural,
    };
    position_parse(&r->lexicon, out->stated, &r->position);
    stance_validity(entry, &stance.valid_from_ms, &stance.valid_to_ms);
    stance.key = stance_key(&r->position, stance.valid_from_ms, stance.valid_to_ms);
    topics_take(&r->topics, r->board, &r->lexicon, &stance, r->values_max, &r->known);
    out->position = &r->position;
    out->known = &r->known;
}

/* What the contract says of the predicate outranks the lexicon: the contract under which
 * the Fact stands, so that what was found before another one came stays as it is. */
static enum predicate_kind kind_of(struct reader *r, const struct subject *subject,
                                   uint32_t ordinal)
{
    const struct contract_predicate *predicate =
        contract_predicate(board_contract_at(r->board, ordinal), subject->predicate);
    if (subject->kind == PREDICATE_STRUCTURAL || predicate == NULL) {
        return subject->kind;
    }
    if (predicate->additive || predicate->functional) {
        return predicate->additive ? PREDICATE_ADDITIVE : PREDICATE_FUNCTIONAL;
    }
    return subject->kind;
}

static void read_fact(struct reader *r, const struct entry *entry, struct seen *out)
{
    read_cites(r, entry->fact.from, out);
    out->origin = origin_number(r, entry->fact.origin, out->ordinal);
    out->content = read_content(r, entry, out->ordinal);
    arena_reset(&r->arena);
    if (!stance_words(&r->arena, entry, out->content, &out->topic, &out->stated,
                      &out->additive)) {
        out->stated = STR_NONE;
        return;
    }
    subject_read(&r->lexicon, out->topic, &r->subject);
    out->subject = &r->subject;
    r->subject.kind = kind_of(r, &r->subject, out->ordinal);
    out->topic_key = key_of(r->seed, str_n(r->subject.text, r->subject.len));
    out->additive = out->additive || r->subject.kind == PREDICATE_ADDITIVE;
    out->structural = r->subject.kind == PREDICATE_STRUCTURAL;
    if (out->stated.len > 0 && !out->structural) {
        read_position(r, entry, out);
    }
}

bool reader_read(struct reader *r, uint32_t ordinal, const struct entry *entry, struct seen *out)
{
    *out = (struct seen){.ordinal = ordinal, .at_ms = entry->at_ms, .entry = entry};
    switch (entry->kind) {
    case RECORD_FACT:
        if (str_starts(entry->fact.origin, STR(DETECT_ORIGIN))) {
            return false;
        }
        read_fact(r, entry, out);
        return true;
    case RECORD_INTENT:
        read_cites(r, entry->intent.from, out);
        return true;
    case RECORD_EVENT:
        return true;
    case RECORD_NONE:
    case RECORD_HINT:
        return false;
    }
    return false;
}
