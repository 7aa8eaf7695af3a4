/* entry.c - encoding of records, and their identities; see entry.h for the layout. */
#include "board/entry.h"

#include "base/check.h"
#include "codec/bytes.h"

static void add_u16(struct buf *out, size_t value)
{
    uint8_t bytes[2];
    CHECK(value <= UINT16_MAX);
    put_u16(bytes, (uint16_t)value);
    buf_add(out, bytes, sizeof bytes);
}
static void add_u64(struct buf *out, uint64_t value)
{
    uint8_t bytes[8];
    put_u64(bytes, value);
    buf_add(out, bytes, sizeof bytes);
}
static void add_s16(struct buf *out, struct str text)
{
    add_u16(out, text.len);
    buf_add(out, text.at, text.len);
}
static void add_s32(struct buf *out, struct str text)
{
    uint8_t bytes[4];
    CHECK(text.len <= UINT32_MAX);
    put_u32(bytes, (uint32_t)text.len);
    buf_add(out, bytes, sizeof bytes);
    buf_add(out, text.at, text.len);
}
static void add_ids(struct buf *out, struct entry_ids ids)
{
    add_u16(out, ids.count);
    buf_add(out, ids.at, (size_t)ids.count * sizeof(struct hash));
}
static uint64_t double_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void encode_fact(const struct entry *e, struct buf *out)
{
    add_s16(out, e->fact.origin);
    add_s16(out, e->fact.mime_type);
    add_s16(out, e->fact.topic);
    add_s16(out, e->fact.position);
    if ((e->flags & ENTRY_VALID_FROM) != 0) {
        add_u64(out, (uint64_t)e->fact.valid_from_ms);
    }
    if ((e->flags & ENTRY_VALID_TO) != 0) {
        add_u64(out, (uint64_t)e->fact.valid_to_ms);
    }
    if ((e->flags & ENTRY_CONFIDENCE) != 0) {
        add_u64(out, double_bits(e->fact.confidence));
    }
    if ((e->flags & ENTRY_UNDER) != 0) {
        buf_add(out, e->fact.under.bytes, sizeof e->fact.under.bytes);
        add_u64(out, e->fact.under_epoch);
    }
    add_ids(out, e->fact.from);
    if ((e->flags & ENTRY_STORED) != 0) {
        buf_add(out, e->fact.content_hash.bytes, sizeof e->fact.content_hash.bytes);
        add_u64(out, e->fact.content_bytes);
    } else {
        add_s32(out, e->fact.content);
    }
}

static void encode_intent(const struct entry *e, struct buf *out)
{
    add_s32(out, e->intent.description);
    add_ids(out, e->intent.from);
    if ((e->flags & ENTRY_PARENT) != 0) {
        buf_add(out, e->intent.parent.bytes, sizeof e->intent.parent.bytes);
    }
    add_s16(out, e->intent.capability);
    add_s16(out, e->intent.topic);
    add_s16(out, e->intent.dedupe_key);
    buf_add_byte(out, e->intent.priority);
    if ((e->flags & ENTRY_DEADLINE) != 0) {
        add_u64(out, (uint64_t)e->intent.deadline_ms);
    }
    add_u64(out, e->intent.max_run_ms);
    add_ids(out, e->intent.depends_on);
}

static void encode_event(const struct entry *e, struct buf *out)
{
    add_u16(out, e->event.fields);
    if ((e->event.fields & FIELD_INTENT) != 0) {
        buf_add(out, e->event.intent.bytes, sizeof e->event.intent.bytes);
    }
    if ((e->event.fields & FIELD_EPOCH) != 0) {
        add_u64(out, e->event.epoch);
    }
    if ((e->event.fields & FIELD_NUMBER) != 0) {
        add_u64(out, e->event.number);
    }
    if ((e->event.fields & FIELD_TEXT) != 0) {
        add_s32(out, e->event.text);
    }
    if ((e->event.fields & FIELD_HASH_A) != 0) {
        buf_add(out, e->event.hash_a.bytes, sizeof e->event.hash_a.bytes);
    }
    if ((e->event.fields & FIELD_HASH_B) != 0) {
        buf_add(out, e->event.hash_b.bytes, sizeof e->event.hash_b.bytes);
    }
    if ((e->event.fields & FIELD_NAME) != 0) {
        add_s16(out, e->event.name);
    }
    if ((e->event.fields & FIELD_LIST) != 0) {
        add_u16(out, e->event.list_count);
        add_s32(out, e->event.list_bytes);
    }
}

void entry_encode(const struct entry *e, struct buf *out)
{
    CHECK(e->kind >= RECORD_FACT && e->kind <= RECORD_EVENT);
    buf_add_byte(out, (uint8_t)e->kind);
    buf_add_byte(out, 1);
    buf_add_byte(out, e->kind == RECORD_EVENT ? (uint8_t)e->type : 0);
    buf_add_byte(out, e->flags);
    add_u64(out, (uint64_t)e->at_ms);
    buf_add(out, e->id.bytes, sizeof e->id.bytes);
    add_s16(out, e->creator);
    switch (e->kind) {
    case RECORD_FACT:
        encode_fact(e, out);
        break;
    case RECORD_INTENT:
        encode_intent(e, out);
        break;
    case RECORD_HINT:
        add_s32(out, e->hint.content);
        add_s16(out, e->hint.scope);
        add_u64(out, e->hint.ttl_ms);
        break;
    case RECORD_EVENT:
        encode_event(e, out);
        break;
    case RECORD_NONE:
        UNREACHABLE("a record without a kind");
    }
}

/* -- identity ----------------------------------------------------------------------- */

/* Gathers short fields, so that the hash is fed in few large runs. */
struct gather {
    struct sha256 hash;
    size_t len;
    uint8_t bytes[512];
};

static void gather_flush(struct gather *g)
{
    sha256_add(&g->hash, g->bytes, g->len);
    g->len = 0;
}

static void hash_field(struct gather *g, const void *bytes, size_t len)
{
    if (g->len + 8 > sizeof g->bytes) {
        gather_flush(g);
    }
    put_u64(g->bytes + g->len, len);
    g->len += 8;
    if (len > sizeof g->bytes - g->len) {
        gather_flush(g);
        sha256_add(&g->hash, bytes, len);
    } else if (len > 0) {
        memcpy(g->bytes + g->len, bytes, len);
        g->len += len;
    }
}

static void hash_begin(struct gather *g)
{
    sha256_init(&g->hash);
    g->len = 0;
}
static void hash_end(struct gather *g, struct hash *out_hash)
{
    gather_flush(g);
    sha256_end(&g->hash, out_hash);
}
static void hash_str(struct gather *g, struct str text)
{
    hash_field(g, text.at, text.len);
}
/* Present or absent, and the value: 1 or 9 bytes after the length. */
static void hash_optional_i64(struct gather *g, bool present, int64_t value)
{
    uint8_t bytes[9] = {present};
    put_u64(bytes + 1, (uint64_t)value);
    hash_field(g, bytes, present ? sizeof bytes : 1);
}

void entry_fact_identity(const struct entry *e, const struct hash *content_hash,
                         struct hash *out_id)
{
    struct gather h;
    hash_begin(&h);
    hash_str(&h, STR("nexus.fact.v1"));
    hash_str(&h, e->fact.origin);
    hash_str(&h, e->creator);
    hash_str(&h, e->fact.topic);
    hash_str(&h, e->fact.position);
    hash_optional_i64(&h, (e->flags & ENTRY_VALID_FROM) != 0, e->fact.valid_from_ms);
    hash_optional_i64(&h, (e->flags & ENTRY_VALID_TO) != 0, e->fact.valid_to_ms);
    hash_str(&h, e->fact.mime_type);
    hash_field(&h, content_hash->bytes, sizeof content_hash->bytes);
    hash_field(&h, e->fact.from.at, (size_t)e->fact.from.count * sizeof(struct hash));
    hash_end(&h, out_id);
}

void entry_unique_identity(const struct entry *e, const struct hash *log_name, uint64_t seq,
                           struct hash *out_id)
{
    struct gather h;
    uint8_t numbers[18];
    hash_begin(&h);
    hash_str(&h, STR("nexus.record.v1"));
    hash_field(&h, log_name->bytes, sizeof log_name->bytes);
    numbers[0] = (uint8_t)e->kind;
    numbers[1] = (uint8_t)e->type;
    put_u64(numbers + 2, seq);
    put_u64(numbers + 10, (uint64_t)e->at_ms);
    hash_field(&h, numbers, sizeof numbers);
    hash_str(&h, e->creator);
    hash_end(&h, out_id);
}
