/* entry_read.c - reading of records; see entry.h for the layout.
 *
 * Reading trusts nothing: every length is checked against what is left, and what the
 * fold relies on must be there, so that a body that passed its checksum but was written
 * by a broken program is refused. What is accepted encodes to the same bytes again.
 */
#include "board/entry.h"

#include "base/check.h"
#include "codec/bytes.h"

struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static const uint8_t *take(struct reader *r, size_t len)
{
    static const uint8_t nothing[64];
    if (r->bad || len > r->left) {
        r->bad = true;
        CHECK(len <= sizeof nothing);
        return nothing;
    }
    const uint8_t *at = r->at;
    r->at += len;
    r->left -= len;
    return at;
}
static uint8_t take_u8(struct reader *r)
{
    return *take(r, 1);
}
static uint16_t take_u16(struct reader *r)
{
    return get_u16(take(r, 2));
}
static uint64_t take_u64(struct reader *r)
{
    return get_u64(take(r, 8));
}
static void take_hash(struct reader *r, struct hash *out)
{
    memcpy(out->bytes, take(r, sizeof out->bytes), sizeof out->bytes);
}
static struct str take_run(struct reader *r, size_t len)
{
    if (len > r->left) {
        r->bad = true;
        return STR_NONE;
    }
    return str_n(take(r, len), len);
}
static struct str take_s16(struct reader *r)
{
    size_t len = take_u16(r);
    return take_run(r, len);
}
static struct str take_s32(struct reader *r)
{
    size_t len = get_u32(take(r, 4));
    return take_run(r, len);
}
static struct entry_ids take_ids(struct reader *r)
{
    uint32_t count = take_u16(r);
    struct str run = take_run(r, (size_t)count * sizeof(struct hash));
    return (struct entry_ids){(const uint8_t *)run.at, r->bad ? 0 : count};
}

static void decode_fact(struct reader *r, struct entry *e)
{
    if ((e->flags & ~(ENTRY_STORED | ENTRY_VALID_FROM | ENTRY_VALID_TO | ENTRY_CONFIDENCE |
                      ENTRY_UNDER)) != 0) {
        r->bad = true;
    }
    e->fact.origin = take_s16(r);
    e->fact.mime_type = take_s16(r);
    e->fact.topic = take_s16(r);
    e->fact.position = take_s16(r);
    if ((e->flags & ENTRY_VALID_FROM) != 0) {
        e->fact.valid_from_ms = (int64_t)take_u64(r);
    }
    if ((e->flags & ENTRY_VALID_TO) != 0) {
        e->fact.valid_to_ms = (int64_t)take_u64(r);
    }
    if ((e->flags & ENTRY_CONFIDENCE) != 0) {
        uint64_t bits = take_u64(r);
        memcpy(&e->fact.confidence, &bits, sizeof bits);
    }
    if ((e->flags & ENTRY_UNDER) != 0) {
        take_hash(r, &e->fact.under);
        e->fact.under_epoch = take_u64(r);
    }
    e->fact.from = take_ids(r);
    if ((e->flags & ENTRY_STORED) != 0) {
        take_hash(r, &e->fact.content_hash);
        e->fact.content_bytes = take_u64(r);
    } else {
        e->fact.content = take_s32(r);
        e->fact.content_bytes = e->fact.content.len;
    }
}

static void decode_intent(struct reader *r, struct entry *e)
{
    e->intent.description = take_s32(r);
    e->intent.from = take_ids(r);
    if ((e->flags & ENTRY_PARENT) != 0) {
        take_hash(r, &e->intent.parent);
    }
    e->intent.capability = take_s16(r);
    e->intent.topic = take_s16(r);
    e->intent.dedupe_key = take_s16(r);
    e->intent.priority = take_u8(r);
    if ((e->flags & ENTRY_DEADLINE) != 0) {
        e->intent.deadline_ms = (int64_t)take_u64(r);
    }
    e->intent.max_run_ms = take_u64(r);
    e->intent.depends_on = take_ids(r);
    if (e->intent.priority < 1 || e->intent.priority > 10 ||
        (e->flags & ~(ENTRY_PARENT | ENTRY_DEADLINE)) != 0) {
        r->bad = true;
    }
}

/* The fields without which an event of the type cannot be folded. */
static unsigned fields_needed(enum event_type type)
{
    switch (type) {
    case EVENT_CLAIMED:
        return FIELD_INTENT | FIELD_EPOCH | FIELD_NUMBER;
    case EVENT_CONCLUDED:
        return FIELD_INTENT | FIELD_HASH_A;
    case EVENT_CHECKPOINT:
        return FIELD_INTENT | FIELD_TEXT;
    case EVENT_HEARTBEAT:
    case EVENT_RELEASED:
    case EVENT_EXPIRED:
    case EVENT_FAILED:
    case EVENT_CANCELLED:
        return FIELD_INTENT;
    case EVENT_AGENT_ADDED:
        return FIELD_NAME | FIELD_NUMBER | FIELD_HASH_A;
    case EVENT_AGENT_REMOVED:
        return FIELD_NAME;
    case EVENT_IDEMPOTENCY:
        return FIELD_HASH_A | FIELD_HASH_B | FIELD_TEXT;
    case EVENT_CONTRACT:
        return FIELD_HASH_A | FIELD_TEXT;
    case EVENT_NONE:
    case EVENT_PAUSED:
    case EVENT_RESUMED:
        break;
    }
    return 0;
}

static bool event_ok(const struct entry *e)
{
    const unsigned fields = e->event.fields, needed = fields_needed(e->type);
    const bool about_intent = (needed & FIELD_INTENT) != 0;
    size_t at = 0;
    uint32_t items = 0;
    struct str item;
    if (fields > FIELD_ALL || (fields & needed) != needed ||
        about_intent != ((fields & FIELD_INTENT) != 0) || (e->flags & ~ENTRY_STORED) != 0) {
        return false;
    }
    if ((e->flags & ENTRY_STORED) != 0 && e->event.text.len != sizeof(struct hash)) {
        return false;
    }
    while (entry_list_next(e, &at, &item)) {
        items++;
    }
    return at == e->event.list_bytes.len && items == e->event.list_count;
}

static void decode_event(struct reader *r, struct entry *e)
{
    e->event.fields = take_u16(r);
    if ((e->event.fields & FIELD_INTENT) != 0) {
        take_hash(r, &e->event.intent);
    }
    if ((e->event.fields & FIELD_EPOCH) != 0) {
        e->event.epoch = take_u64(r);
    }
    if ((e->event.fields & FIELD_NUMBER) != 0) {
        e->event.number = take_u64(r);
    }
    if ((e->event.fields & FIELD_TEXT) != 0) {
        e->event.text = take_s32(r);
    }
    if ((e->event.fields & FIELD_HASH_A) != 0) {
        take_hash(r, &e->event.hash_a);
    }
    if ((e->event.fields & FIELD_HASH_B) != 0) {
        take_hash(r, &e->event.hash_b);
    }
    if ((e->event.fields & FIELD_NAME) != 0) {
        e->event.name = take_s16(r);
    }
    if ((e->event.fields & FIELD_LIST) != 0) {
        e->event.list_count = take_u16(r);
        e->event.list_bytes = take_s32(r);
    }
    r->bad = r->bad || !event_ok(e);
}

bool entry_decode(struct str body, struct entry *out_entry)
{
    struct reader r = {(const uint8_t *)body.at, body.len, false};
    struct entry e;
    memset(&e, 0, sizeof e);
    uint8_t kind = take_u8(&r);
    uint8_t version = take_u8(&r);
    uint8_t type = take_u8(&r);
    e.flags = take_u8(&r);
    e.at_ms = (int64_t)take_u64(&r);
    take_hash(&r, &e.id);
    e.creator = take_s16(&r);
    if (r.bad || version != 1 || kind < RECORD_FACT || kind > RECORD_EVENT ||
        e.at_ms < 0 || e.at_ms >= ENTRY_TIME_MS_END) {
        return false;
    }
    e.kind = (enum record_kind)kind;
    if (e.kind == RECORD_EVENT ? type <= EVENT_NONE || type > EVENT_CONTRACT : type != 0) {
        return false;
    }
    if (e.kind == RECORD_EVENT) {
        e.type = (enum event_type)type;
        decode_event(&r, &e);
    } else if (e.kind == RECORD_FACT) {
        decode_fact(&r, &e);
    } else if (e.kind == RECORD_INTENT) {
        decode_intent(&r, &e);
    } else {
        r.bad = e.flags != 0;
        e.hint.content = take_s32(&r);
        e.hint.scope = take_s16(&r);
        e.hint.ttl_ms = take_u64(&r);
    }
    if (r.bad || r.left != 0) {
        return false;
    }
    *out_entry = e;
    return true;
}

/* Moves *at behind a string of 16-bit length; false when there is not room for it and
 * `behind` more bytes. */
static inline bool skip_s16(struct str body, size_t *at, size_t behind, struct str *out_text)
{
    if (body.len - *at < 2 + behind) {
        return false;
    }
    size_t len = get_u16((const uint8_t *)body.at + *at);
    if (body.len - *at - 2 - behind < len) {
        return false;
    }
    *out_text = str_n(body.at + *at + 2, len);
    *at += 2 + len;
    return true;
}

/* The same walk as decode_fact without keeping what is passed; few instructions, so that
 * many of these can wait for memory at the same time. */
bool entry_decode_content(struct str body, struct str *out_mime, struct str *out_data,
                          bool *out_stored)
{
    const uint8_t *bytes = (const uint8_t *)body.at;
    struct str skipped;
    size_t at = 4 + 8 + sizeof(struct hash);
    if (body.len < at + 16 || bytes[0] != RECORD_FACT ||
        !skip_s16(body, &at, 14, &skipped) || !skip_s16(body, &at, 12, &skipped) ||
        !skip_s16(body, &at, 10, out_mime) || !skip_s16(body, &at, 8, &skipped) ||
        !skip_s16(body, &at, 6, &skipped)) {
        return false;
    }
    unsigned flags = bytes[3];
    if ((flags & (ENTRY_VALID_FROM | ENTRY_VALID_TO | ENTRY_CONFIDENCE | ENTRY_UNDER)) != 0) {
        at += (flags & ENTRY_VALID_FROM) != 0 ? 8 : 0;
        at += (flags & ENTRY_VALID_TO) != 0 ? 8 : 0;
        at += (flags & ENTRY_CONFIDENCE) != 0 ? 8 : 0;
        at += (flags & ENTRY_UNDER) != 0 ? sizeof(struct hash) + 8 : 0;
        if (body.len < at + 6) {
            return false;
        }
    }
    at += 2 + (size_t)get_u16(bytes + at) * sizeof(struct hash);
    *out_stored = (flags & ENTRY_STORED) != 0;
    if (body.len < at + 4) {
        return false;
    }
    size_t len = *out_stored ? sizeof(struct hash) : get_u32(bytes + at);
    at += *out_stored ? 0 : 4;
    *out_data = str_n(body.at + at, len);
    return body.len - at >= len;
}

bool entry_list_next(const struct entry *entry, size_t *at, struct str *out_item)
{
    struct str bytes = entry->event.list_bytes;
    if (*at + 2 > bytes.len) {
        return false;
    }
    size_t len = get_u16((const uint8_t *)bytes.at + *at);
    if (*at + 2 + len > bytes.len) {
        return false;
    }
    *out_item = str_n(bytes.at + *at + 2, len);
    *at += 2 + len;
    return true;
}
