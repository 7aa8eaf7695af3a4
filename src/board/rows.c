/* rows.c - the row of each record, its identity, its axes and who cites it.
 *
 * Invariants
 *  1. rows[o] is the record with seq o + 1; rows are only added at the end, and
 *     removed from the end by a rollback.
 *  2. Every row is in `ids`, and in the axis sets that its fields name; ordinals
 *     enter a set in rising order, which makes that O(1).
 *  3. at_ms never falls from row to row, so a time is a position.
 *
 * ids is open addressing with linear probing at a load of at most 3/4. A slot keeps
 * 32 bits of the identity beside the ordinal, so a look-up touches one slot and one
 * row: two cache lines, and the row holds the whole id to compare.
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
static inline uint64_t id_slot_of(uint64_t word, uint32_t ordinal)
{
    return (word & 0xffffffff00000000ull) | ((uint64_t)ordinal + 1);
}

uint32_t row_find(const struct board *b, const struct hash *id)
{
    if (b->ids.count == 0) {
        return ORDINAL_NONE;
    }
    uint64_t mask = b->ids.count - 1;
    uint64_t word = id_word(id);
    for (uint64_t at = word & mask;; at = (at + 1) & mask) {
        uint64_t slot = b->ids.at[at];
        if (slot == 0) {
            return ORDINAL_NONE;
        }
        if ((slot ^ word) >> 32 == 0) {
            uint32_t ordinal = (uint32_t)slot - 1;
            if (hash_eq(&b->rows[ordinal].id, id)) {
                return ordinal;
            }
        }
    }
}

static void ids_put(struct id_slots *ids, const struct hash *id, uint32_t ordinal)
{
    uint64_t mask = ids->count - 1;
    uint64_t word = id_word(id);
    uint64_t at = word & mask;
    while (ids->at[at] != 0) {
        at = (at + 1) & mask;
    }
    ids->at[at] = id_slot_of(word, ordinal);
    ids->used++;
}

void row_ids_rebuild(struct board *b, uint64_t slots)
{
    CHECK((slots & (slots - 1)) == 0);
    mem_free(b->ids.at);
    b->ids.at = mem_zalloc(slots * sizeof *b->ids.at);
    b->ids.count = slots;
    b->ids.used = 0;
    for (size_t i = 0; i < b->rows_count; i++) {
        ids_put(&b->ids, &b->rows[i].id, (uint32_t)i);
    }
}

static void ids_add(struct board *b, uint32_t ordinal)
{
    if ((b->ids.used + 1) * 4 > b->ids.count * 3) {
        /* The new row is in rows already: the rebuild enters it too. */
        row_ids_rebuild(b, b->ids.count == 0 ? IDS_MIN : b->ids.count * 2);
        return;
    }
    ids_put(&b->ids, &b->rows[ordinal].id, ordinal);
}

/* Removes by moving later members of the probe run back (no tombstones). */
static void ids_remove(struct board *b, uint32_t ordinal)
{
    struct id_slots *ids = &b->ids;
    uint64_t mask = ids->count - 1;
    uint64_t at = id_word(&b->rows[ordinal].id) & mask;
    while ((uint32_t)ids->at[at] != ordinal + 1) {
        CHECK(ids->at[at] != 0);
        at = (at + 1) & mask;
    }
    uint64_t hole = at;
    ids->at[hole] = 0;
    ids->used--;
    for (at = (hole + 1) & mask; ids->at[at] != 0; at = (at + 1) & mask) {
        uint64_t home = id_word(&b->rows[(uint32_t)ids->at[at] - 1].id) & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            ids->at[hole] = ids->at[at];
            ids->at[at] = 0;
            hole = at;
        }
    }
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

uint32_t row_add(struct board *b, const struct entry *e, uint64_t position)
{
    uint32_t ordinal = (uint32_t)b->rows_count;
    if (b->rows_count == b->rows_cap) {
        mem_grow(&b->rows, &b->rows_cap, b->rows_count + 1, sizeof *b->rows);
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
    ids_remove(b, ordinal);
    b->rows_count--;
}

bool row_entry(struct board *b, uint32_t ordinal, struct entry *out_entry)
{
    CHECK(ordinal < b->rows_count);
    struct str body;
    if (b->txn.open && ordinal >= b->txn.first) {
        size_t index = ordinal - b->txn.first;
        size_t begin = index == 0 ? 0 : b->txn.ends[index - 1];
        body = str_n(b->txn.bodies.at + begin, b->txn.ends[index] - begin);
    } else if (!log_read(b->log, (struct log_place){b->rows[ordinal].position}, &body)) {
        return false;
    }
    return entry_decode(body, out_entry) && hash_eq(&out_entry->id, &b->rows[ordinal].id);
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
