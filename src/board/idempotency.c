/* idempotency.c - answers remembered under the client's key, for 24 hours.
 *
 * The answer is an event in the same group as what it answers: after a crash either both
 * exist or neither. The table maps the first 8 bytes of the key's hash to the event; the
 * whole key is compared in the event itself. A ring of ordinals in order of age says what
 * to forget. A removed slot is closed by moving its followers back.
 */
#include "board/board_internal.h"

static uint64_t key_tag(const struct hash *key)
{
    uint64_t tag;
    memcpy(&tag, key->bytes, sizeof tag);
    return tag;
}

static void slot_put(struct idem *m, uint64_t tag, uint32_t ordinal)
{
    size_t mask = m->slots_count - 1;
    size_t at = tag & mask;
    while (m->slots[at].ordinal != 0) {
        at = (at + 1) & mask;
    }
    m->slots[at] = (struct idem_slot){.tag = tag, .ordinal = ordinal + 1};
    m->used++;
}

static void grow(struct idem *m)
{
    struct idem_slot *old = m->slots;
    size_t old_count = m->slots_count;
    m->slots_count = old_count == 0 ? 256 : old_count * 2;
    m->slots = mem_zalloc(m->slots_count * sizeof *m->slots);
    m->used = 0;
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].ordinal != 0) {
            slot_put(m, old[i].tag, old[i].ordinal - 1);
        }
    }
    mem_free(old);
}

static void slot_remove(struct idem *m, uint64_t tag, uint32_t ordinal)
{
    size_t mask = m->slots_count - 1;
    size_t at = tag & mask;
    while (m->slots[at].ordinal != ordinal + 1) {
        CHECK(m->slots[at].ordinal != 0);
        at = (at + 1) & mask;
    }
    size_t hole = at;
    m->slots[hole] = (struct idem_slot){0};
    m->used--;
    for (at = (hole + 1) & mask; m->slots[at].ordinal != 0; at = (at + 1) & mask) {
        size_t home = m->slots[at].tag & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            m->slots[hole] = m->slots[at];
            m->slots[at] = (struct idem_slot){0};
            hole = at;
        }
    }
}

static void queue_push(struct idem *m, uint64_t tag, uint32_t ordinal)
{
    if (m->queue_count == m->queue_cap) {
        size_t cap = m->queue_cap == 0 ? 256 : m->queue_cap * 2;
        struct idem_slot *queue = mem_alloc(cap * sizeof *queue);
        for (size_t i = 0; i < m->queue_count; i++) {
            queue[i] = m->queue[(m->queue_head + i) % m->queue_cap];
        }
        mem_free(m->queue);
        m->queue = queue;
        m->queue_cap = cap;
        m->queue_head = 0;
    }
    m->queue[(m->queue_head + m->queue_count) % m->queue_cap] =
        (struct idem_slot){.tag = tag, .ordinal = ordinal};
    m->queue_count++;
}

/* Forgets what is too old, or too much, seen from a record at `now_ms`. The bound is in
 * records so that replay forgets the same. */
static void forget_old(struct board *b, int64_t now_ms)
{
    struct idem *m = &b->idem;
    while (m->queue_count > 0) {
        struct idem_slot oldest = m->queue[m->queue_head];
        if (row_at_ms(&b->rows[oldest.ordinal]) + IDEMPOTENCY_MS > now_ms &&
            m->queue_count <= b->limits.idempotency_max) {
            break;
        }
        m->queue_head = (m->queue_head + 1) % m->queue_cap;
        m->queue_count--;
        slot_remove(m, oldest.tag, oldest.ordinal);
    }
}

void idem_fold(struct board *b, const struct entry *e, uint32_t ordinal)
{
    struct idem *m = &b->idem;
    if ((m->used + 1) * 4 > m->slots_count * 3) {
        grow(m);
    }
    if (b->txn.open) {
        undo_note(b, &(struct undo){.kind = UNDO_IDEM, .index = ordinal});
    } else {
        forget_old(b, e->at_ms);
    }
    slot_put(m, key_tag(&e->event.hash_a), ordinal);
    queue_push(m, key_tag(&e->event.hash_a), ordinal);
}

void idem_restore(struct board *b, uint64_t tag, uint32_t ordinal)
{
    if ((b->idem.used + 1) * 4 > b->idem.slots_count * 3) {
        grow(&b->idem);
    }
    slot_put(&b->idem, tag, ordinal);
    queue_push(&b->idem, tag, ordinal);
}

void idem_forget_newest(struct board *b)
{
    struct idem *m = &b->idem;
    CHECK(m->queue_count > 0);
    m->queue_count--;
    struct idem_slot newest = m->queue[(m->queue_head + m->queue_count) % m->queue_cap];
    slot_remove(m, newest.tag, newest.ordinal);
}

void idem_deinit(struct board *b)
{
    mem_free(b->idem.slots);
    mem_free(b->idem.queue);
    b->idem = (struct idem){0};
}

bool board_idempotency_find(struct board *b, const struct hash *key,
                            struct idempotency *out_stored)
{
    struct idem *m = &b->idem;
    if (m->slots_count == 0) {
        return false;
    }
    uint64_t tag = key_tag(key);
    int64_t now_ms = board_now_ms(b);
    forget_old(b, now_ms);
    for (size_t at = tag & (m->slots_count - 1); m->slots[at].ordinal != 0;
         at = (at + 1) & (m->slots_count - 1)) {
        struct entry e;
        uint32_t ordinal = m->slots[at].ordinal - 1;
        if (m->slots[at].tag != tag ||
            row_at_ms(&b->rows[ordinal]) + IDEMPOTENCY_MS <= now_ms ||
            (row_entry(b, ordinal, &e) && !hash_eq(&e.event.hash_a, key))) {
            continue;
        }
        out_stored->key = *key;
        out_stored->status = 0;
        if (!row_entry(b, ordinal, &e)) {
            return true; /* the first 8 bytes fit; doing it a second time would be worse */
        }
        out_stored->body = e.event.hash_b;
        out_stored->status = (int)e.event.number;
        out_stored->answer = e.event.text;
        if ((e.flags & ENTRY_STORED) != 0) {
            struct hash blob;
            CHECK(e.event.text.len == sizeof blob);
            memcpy(&blob, e.event.text.at, sizeof blob);
            buf_clear(&b->scratch);
            if (!log_read_blob(b->log, &blob, &b->scratch)) {
                out_stored->status = 0;
                return true;
            }
            out_stored->answer = buf_str(&b->scratch);
        }
        return true;
    }
    return false;
}

void board_idempotency_put(struct board *b, const struct actor *actor,
                           const struct idempotency *stored)
{
    struct entry e;
    struct hash blob;
    event_begin(b, &e, EVENT_IDEMPOTENCY, actor->name);
    e.event.fields = FIELD_HASH_A | FIELD_HASH_B | FIELD_NUMBER | FIELD_TEXT;
    e.event.hash_a = stored->key;
    e.event.hash_b = stored->body;
    e.event.number = (uint64_t)stored->status;
    e.event.text = stored->answer;
    if (stored->answer.len >= LOG_BLOB_BYTES_MIN) {
        sha256(stored->answer.at, stored->answer.len, &blob);
        log_put_blob(b->log, &blob, stored->answer);
        e.flags |= ENTRY_STORED;
        e.event.text = str_n(blob.bytes, sizeof blob.bytes);
    }
    /* A transaction too full for this line goes on without it: a repeat is then
     * judged by the state, as without a key. */
    (void)entry_emit(b, &e, NULL);
}
