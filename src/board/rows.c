/* rows.c - the row of each record, its identity, its axes and who cites it.
 *
 * Invariants
 *  1. rows[o] is the record with seq o + 1; rows are only added at the end, and
 *     removed from the end by a rollback.
 *  2. Every row is in `ids`, and in the axis sets that its fields name; ordinals
 *     enter a set in rising order, which makes that O(1).
 *  3. at_ms never falls from row to row, so a time is a position.
 *
 * ids is open addressing over buckets of four slots, one cache line each, at a load of at
 * most 3/4; a full bucket flows over into the next. A slot keeps 32 bits of the identity
 * beside the ordinal and the place, so a look-up waits for memory twice: for the bucket,
 * and then for row and body together.
 */
#include "board/board_internal.h"
#include "codec/bytes.h"

#define IDS_MIN 1024u

static inline uint64_t id_word(const struct hash *id)
{
    uint64_t word;
    memcpy(&word, id->bytes, sizeof word);
    return word;
}
static inline uint32_t id_tag(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

/* Slots of the bucket whose tag fits, as bits. Without a branch, so that the processor
 * can begin the next look-up while this one waits for memory. */
static inline unsigned bucket_match(const struct id_slot *bucket, uint32_t tag)
{
    return (unsigned)(bucket[0].tag == tag) | (unsigned)(bucket[1].tag == tag) << 1 |
           (unsigned)(bucket[2].tag == tag) << 2 | (unsigned)(bucket[3].tag == tag) << 3;
}
static inline uint64_t bucket_next(const struct id_slots *ids, uint64_t first)
{
    return (first + ID_BUCKET) & (ids->count - 1);
}
static inline uint64_t bucket_home(const struct id_slots *ids, uint64_t word)
{
    return word & (ids->count - 1) & ~(uint64_t)(ID_BUCKET - 1);
}

uint32_t row_find(const struct board *b, const struct hash *id)
{
    if (b->ids.count == 0) {
        return ORDINAL_NONE;
    }
    uint64_t word = id_word(id);
    for (uint64_t at = bucket_home(&b->ids, word);; at = bucket_next(&b->ids, at)) {
        const struct id_slot *bucket = &b->ids.at[at];
        for (unsigned match = bucket_match(bucket, id_tag(word)); match != 0;
             match &= match - 1) {
            const struct id_slot *slot = &bucket[__builtin_ctz(match)];
            if (slot->ordinal == 0) {
                continue;
            }
            if (b->log != NULL) {
                log_prefetch(b->log, (struct log_place){slot->position});
            }
            if (hash_eq(&b->rows[slot->ordinal - 1].id, id)) {
                return slot->ordinal - 1;
            }
        }
        if (bucket[ID_BUCKET - 1].ordinal == 0) {
            return ORDINAL_NONE; /* not full: nothing flowed over */
        }
    }
}

static void ids_put(struct id_slots *ids, const struct row *row, uint32_t ordinal)
{
    uint64_t word = id_word(&row->id);
    for (uint64_t at = bucket_home(ids, word);; at = bucket_next(ids, at)) {
        for (unsigned i = 0; i < ID_BUCKET; i++) {
            if (ids->at[at + i].ordinal == 0) {
                ids->at[at + i] = (struct id_slot){id_tag(word), ordinal + 1, row->position};
                ids->used++;
                return;
            }
        }
    }
}

static struct id_slot *ids_slot_of(const struct board *b, uint32_t ordinal)
{
    uint64_t word = id_word(&b->rows[ordinal].id);
    for (uint64_t at = bucket_home(&b->ids, word);; at = bucket_next(&b->ids, at)) {
        for (unsigned i = 0; i < ID_BUCKET; i++) {
            CHECK(b->ids.at[at + i].ordinal != 0);
            if (b->ids.at[at + i].ordinal == ordinal + 1) {
                return &b->ids.at[at + i];
            }
        }
    }
}

void row_placed(struct board *b, uint32_t ordinal, uint64_t position)
{
    b->rows[ordinal].position = position;
    ids_slot_of(b, ordinal)->position = position;
}

void row_ids_room(struct board *b, uint64_t slots)
{
    CHECK((slots & (slots - 1)) == 0 && slots >= ID_BUCKET);
    mem_free(b->ids.memory);
    size_t bytes = slots * sizeof *b->ids.at;
    b->ids.memory = mem_zalloc(bytes + 64);
    b->ids.at = (struct id_slot *)(((uintptr_t)b->ids.memory + 63) & ~(uintptr_t)63);
    b->ids.count = slots;
    b->ids.used = 0;
    if (b->io->hot != NULL) {
        b->io->hot(b->io->host, b->ids.memory, bytes);
    }
}

static void ids_grow(struct board *b)
{
    row_ids_room(b, b->ids.count == 0 ? IDS_MIN : b->ids.count * 2);
    for (size_t i = 0; i < b->rows_count; i++) {
        ids_put(&b->ids, &b->rows[i], (uint32_t)i);
    }
}

static void ids_add(struct board *b, uint32_t ordinal)
{
    if ((b->ids.used + 1) * 4 > b->ids.count * 3) {
        ids_grow(b); /* the new row is in rows already and enters with the others */
    } else {
        ids_put(&b->ids, &b->rows[ordinal], ordinal);
    }
}

/* Only ever the youngest: what was put last is the last of its probe run, so taking it
 * away leaves no gap behind. */
static void ids_remove_youngest(struct board *b, uint32_t ordinal)
{
    *ids_slot_of(b, ordinal) = (struct id_slot){0};
    b->ids.used--;
}

/* -- axes --------------------------------------------------------------------------- */

void axis_add(struct axis *axis, uint32_t number, uint32_t ordinal)
{
    ROOM_FOR(axis->sets, axis->cap, number);
    ordset_add(&axis->sets[number], ordinal);
}
void axis_remove(struct axis *axis, uint32_t number, uint32_t ordinal)
{
    CHECK(number < axis->cap);
    ordset_remove(&axis->sets[number], ordinal);
}
const struct ordset *axis_get(const struct axis *axis, uint32_t number)
{
    static const struct ordset empty = {0};
    return number < axis->cap ? &axis->sets[number] : &empty;
}
void axis_deinit(struct axis *axis)
{
    for (size_t i = 0; i < axis->cap; i++) {
        ordset_deinit(&axis->sets[i]);
    }
    mem_free(axis->sets);
    *axis = (struct axis){0};
}
size_t axis_bytes(const struct axis *axis)
{
    size_t bytes = axis->cap * sizeof *axis->sets;
    for (size_t i = 0; i < axis->cap; i++) {
        bytes += ordset_bytes(&axis->sets[i]);
    }
    return bytes;
}

void row_index(struct board *b, uint32_t ordinal)
{
    const struct row *row = &b->rows[ordinal];
    axis_add(&b->by_kind, row_kind(row), ordinal);
    axis_add(&b->by_creator, row->creator, ordinal);
    if (row->topic != NUMBER_NONE) {
        axis_add(&b->by_topic, row->topic, ordinal);
    }
    if (row_kind(row) == RECORD_FACT) {
        axis_add(&b->by_origin, row->aux, ordinal);
    }
}

static void row_unindex(struct board *b, uint32_t ordinal)
{
    const struct row *row = &b->rows[ordinal];
    axis_remove(&b->by_kind, row_kind(row), ordinal);
    axis_remove(&b->by_creator, row->creator, ordinal);
    if (row->topic != NUMBER_NONE) {
        axis_remove(&b->by_topic, row->topic, ordinal);
    }
    if (row_kind(row) == RECORD_FACT) {
        axis_remove(&b->by_origin, row->aux, ordinal);
    }
}

/* -- links -------------------------------------------------------------------------- */

void link_add(struct board *b, uint32_t from, uint32_t to, enum link_role role)
{
    CHECK(from < b->rows_count && to < b->rows_count);
    if (b->links_count == b->links_cap) {
        mem_grow(&b->links, &b->links_cap, b->links_count + 1, sizeof *b->links);
    }
    b->links[b->links_count++] = (struct link){from, to, b->rows[to].cited, (uint32_t)role};
    b->rows[to].cited = (uint32_t)b->links_count;
}

/* -- rows --------------------------------------------------------------------------- */

/* Into fresh memory, not by moving the old: moved pages would stay small ones, and rows
 * are read at random. */
static void rows_grow(struct board *b)
{
    size_t cap = b->rows_cap == 0 ? 1024 : b->rows_cap * 2;
    struct row *rows = mem_alloc(cap * sizeof *rows);
    if (b->io->hot != NULL) {
        b->io->hot(b->io->host, rows, cap * sizeof *rows);
    }
    if (b->rows_count > 0) {
        memcpy(rows, b->rows, b->rows_count * sizeof *rows);
    }
    mem_free(b->rows);
    b->rows = rows;
    b->rows_cap = cap;
}

uint32_t row_add(struct board *b, const struct entry *e, uint64_t position)
{
    uint32_t ordinal = (uint32_t)b->rows_count;
    if (b->rows_count == b->rows_cap) {
        rows_grow(b);
    }
    struct row *row = &b->rows[b->rows_count++];
    uint64_t flags = 0;
    *row = (struct row){
        .id = e->id,
        .position = position,
        .creator = dict_intern(&b->names, e->creator),
        .topic = NUMBER_NONE,
        .aux = SLOT_NONE,
    };
    if (e->kind == RECORD_FACT) {
        row->aux = dict_intern(&b->origins, e->fact.origin);
        if (e->fact.topic.len > 0) {
            row->topic = dict_intern(&b->topics, e->fact.topic);
        }
        if ((e->flags & (ENTRY_VALID_FROM | ENTRY_VALID_TO)) != 0) {
            flags |= ROW_VALIDITY;
        }
        if ((e->flags & ENTRY_STORED) != 0) {
            flags |= ROW_STORED;
        }
    } else if (e->kind == RECORD_INTENT && e->intent.topic.len > 0) {
        row->topic = dict_intern(&b->topics, e->intent.topic);
    } else if (e->kind == RECORD_EVENT) {
        const bool again = e->type == EVENT_FAILED && e->event.number != 0;
        row->aux = (uint32_t)e->type | (again ? ROW_AUX_AGAIN : 0);
    }
    CHECK(e->at_ms >= 0 && e->at_ms < ENTRY_TIME_MS_END);
    row->stamp = (uint64_t)e->at_ms << 16 | (uint64_t)e->kind << 8 | flags;
    ids_add(b, ordinal);
    row_index(b, ordinal);
    return ordinal;
}

void row_remove_last(struct board *b)
{
    CHECK(b->rows_count > 0);
    uint32_t ordinal = (uint32_t)b->rows_count - 1;
    row_unindex(b, ordinal);
    ids_remove_youngest(b, ordinal);
    b->rows_count--;
}

bool row_body(struct board *b, uint32_t ordinal, struct str *out_body)
{
    CHECK(ordinal < b->rows_count);
    if (b->txn.open && ordinal >= b->txn.first) {
        size_t index = ordinal - b->txn.first;
        size_t begin = index == 0 ? 0 : b->txn.ends[index - 1];
        *out_body = str_n(b->txn.bodies.at + begin, b->txn.ends[index] - begin);
        return true;
    }
    return log_read(b->log, (struct log_place){b->rows[ordinal].position}, out_body);
}

bool row_entry(struct board *b, uint32_t ordinal, struct entry *out_entry)
{
    struct str body;
    return row_body(b, ordinal, &body) && entry_decode(body, out_entry) &&
           hash_eq(&out_entry->id, &b->rows[ordinal].id);
}

void id_text(enum record_kind kind, const struct hash *hash, char out[ID_TEXT_LEN + 1])
{
    static const char letters[] = "?fihe";
    out[0] = letters[kind];
    out[1] = '_';
    hex_encode(hash->bytes, sizeof hash->bytes, out + 2);
    out[ID_TEXT_LEN] = '\0';
}

bool id_parse(struct str text, enum record_kind want, enum record_kind *out_kind,
              struct hash *out_hash)
{
    if (text.len != ID_TEXT_LEN || text.at[1] != '_') {
        return false;
    }
    enum record_kind kind = RECORD_NONE;
    switch (text.at[0]) {
#define X(name, letter, word)                                                                      \
    case letter:                                                                                   \
        kind = name;                                                                               \
        break;
        RECORD_KIND_TABLE(X)
#undef X
    default:
        return false;
    }
    for (size_t i = 2; i < text.len; i++) {
        if (text.at[i] >= 'A' && text.at[i] <= 'F') {
            return false; /* one spelling per id */
        }
    }
    if (!hex_decode(str_sub(text, 2, 64), out_hash->bytes, sizeof out_hash->bytes)) {
        return false;
    }
    *out_kind = kind;
    return want == RECORD_NONE || want == kind;
}
