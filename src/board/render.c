/* render.c - records as JSON, now or as they were at an earlier seq.
 *
 * What a record says never changes; only intents have a state that does. A past state is
 * folded anew from the events about the intent that lie at or before the asked seq, by
 * the same rules as fold.c; a test holds both against each other.
 */
#include "base/clock.h"
#include "board/board_internal.h"
#include "codec/bytes.h"
#include "codec/utf8.h"

void board_id(const struct board *b, uint32_t ordinal, char out_id[ID_TEXT_LEN + 1])
{
    CHECK(ordinal < b->rows_count);
    id_text(row_kind(&b->rows[ordinal]), &b->rows[ordinal].id, out_id);
}

static void kv_hash(struct json_writer *w, const char *key, enum record_kind kind,
                    const struct hash *hash)
{
    char id[ID_TEXT_LEN + 1];
    id_text(kind, hash, id);
    jw_kv_str(w, key, str_n(id, ID_TEXT_LEN));
}

static void kv_ordinal(struct board *b, struct json_writer *w, const char *key, uint32_t ordinal)
{
    kv_hash(w, key, row_kind(&b->rows[ordinal]), &b->rows[ordinal].id);
}

static void kv_ids(struct json_writer *w, const char *key, enum record_kind kind,
                   struct entry_ids ids)
{
    char id[ID_TEXT_LEN + 1];
    jw_key(w, key);
    jw_array(w);
    for (uint32_t i = 0; i < ids.count; i++) {
        struct hash hash;
        memcpy(&hash, entry_id(ids, i), sizeof hash);
        id_text(kind, &hash, id);
        jw_str(w, str_n(id, ID_TEXT_LEN));
    }
    jw_array_end(w);
}

static void kv_hex(struct json_writer *w, const char *key, const struct hash *hash)
{
    char hex[64];
    hex_encode(hash->bytes, sizeof hash->bytes, hex);
    jw_kv_str(w, key, str_n(hex, sizeof hex));
}

static void kv_optional(struct json_writer *w, const char *key, struct str text)
{
    if (text.len > 0) {
        jw_kv_str(w, key, text);
    }
}

static bool is_text(struct str mime)
{
    return str_starts(mime, STR("text/")) || str_starts(mime, STR("application/json")) ||
           str_ends(mime, STR("+json"));
}

static void render_content(struct json_writer *w, const struct content *content)
{
    jw_key(w, "content");
    jw_object(w);
    jw_kv_str(w, "mime_type", content->mime_type);
    if (is_text(content->mime_type) ? utf8_valid(content->data)
                                    : content->data.len < 65536 && utf8_valid(content->data)) {
        jw_kv_str(w, "data", content->data);
    } else {
        struct buf text = {0};
        base64_encode(&text, content->data.at, content->data.len);
        jw_kv_str(w, "data", buf_str(&text));
        jw_kv_text(w, "encoding", "base64");
        buf_deinit(&text);
    }
    jw_object_end(w);
}

static bool content_of(struct board *b, struct str body, struct buf *scratch,
                       struct content *out_content)
{
    struct hash hash;
    bool stored;
    if (!entry_decode_content(body, &out_content->mime_type, &out_content->data, &stored)) {
        return false;
    }
    if (stored) {
        memcpy(&hash, out_content->data.at, sizeof hash);
        buf_clear(scratch);
        if (!log_read_blob(b->log, &hash, scratch)) {
            return false;
        }
        out_content->data = buf_str(scratch);
    }
    return true;
}

bool board_content(struct board *b, uint32_t ordinal, struct buf *scratch,
                   struct content *out_content)
{
    struct str body;
    return row_body(b, ordinal, &body) && content_of(b, body, scratch, out_content);
}

bool board_peek(struct board *b, uint32_t ordinal, struct buf *scratch,
                struct content *out_content)
{
    struct str body;
    if (b->txn.open) {
        return board_content(b, ordinal, scratch, out_content);
    }
    CHECK(ordinal < b->rows_count);
    return log_peek(b->log, (struct log_place){b->rows[ordinal].position}, &body) &&
           content_of(b, body, scratch, out_content);
}

static bool render_fact(struct board *b, const struct entry *e, struct json_writer *w)
{
    struct hash hash = e->fact.content_hash;
    struct content content = {e->fact.mime_type, e->fact.content};
    jw_kv_str(w, "origin", e->fact.origin);
    if ((e->flags & ENTRY_STORED) != 0) {
        buf_clear(&b->scratch);
        if (!log_read_blob(b->log, &hash, &b->scratch)) {
            return false;
        }
        content.data = buf_str(&b->scratch);
    } else {
        sha256(content.data.at, content.data.len, &hash);
    }
    render_content(w, &content);
    kv_hex(w, "content_hash", &hash);
    jw_kv_uint(w, "content_bytes", e->fact.content_bytes);
    kv_ids(w, "from", RECORD_FACT, e->fact.from);
    kv_optional(w, "topic", e->fact.topic);
    kv_optional(w, "position", e->fact.position);
    if ((e->flags & ENTRY_VALID_FROM) != 0) {
        jw_kv_int(w, "valid_from_ms", e->fact.valid_from_ms);
    }
    if ((e->flags & ENTRY_VALID_TO) != 0) {
        jw_kv_int(w, "valid_to_ms", e->fact.valid_to_ms);
    }
    if ((e->flags & ENTRY_CONFIDENCE) != 0) {
        jw_key(w, "confidence");
        jw_double(w, e->fact.confidence);
    }
    if ((e->flags & ENTRY_UNDER) != 0) {
        jw_key(w, "under");
        jw_object(w);
        kv_hash(w, "intent", RECORD_INTENT, &e->fact.under);
        jw_kv_uint(w, "epoch", e->fact.under_epoch);
        jw_object_end(w);
    }
    jw_kv_text(w, "verification", "reported");
    return true;
}

/* -- intents --------------------------------------------------------------------------- */

/* The part of an intent that changes. */
struct view {
    enum status status;
    uint64_t epoch;
    uint32_t attempts, holder, to_fact, checkpoint, ended_by, waits_for;
    bool now; /* leases are known */
};

static struct view view_now(const struct intent *i)
{
    return (struct view){(enum status)i->status, i->epoch,    i->attempts,  i->holder, i->to_fact,
                         i->checkpoint,          i->ended_by, i->waits_for, true};
}

/* Events about the intent up to `as_of`, oldest first; arena-allocated. */
static uint32_t *events_about(struct board *b, uint32_t ordinal, uint64_t as_of, size_t *out_count)
{
    size_t count = 0;
    for (uint32_t l = b->rows[ordinal].cited; l != 0; l = b->links[l - 1].next) {
        count += b->links[l - 1].role == LINK_ABOUT && b->links[l - 1].from < as_of;
    }
    uint32_t *events = mem_alloc((count + 1) * sizeof *events);
    size_t at = count;
    for (uint32_t l = b->rows[ordinal].cited; l != 0; l = b->links[l - 1].next) {
        if (b->links[l - 1].role == LINK_ABOUT && b->links[l - 1].from < as_of) {
            events[--at] = b->links[l - 1].from;
        }
    }
    *out_count = count;
    return events;
}

static bool view_apply(struct board *b, uint32_t event, struct view *v)
{
    struct entry e;
    if (!row_entry(b, event, &e)) {
        return false;
    }
    switch (e.type) {
    case EVENT_CLAIMED:
        v->status = STATUS_CLAIMED;
        v->epoch = e.event.epoch;
        v->attempts++;
        v->holder = b->rows[event].creator;
        v->ended_by = ORDINAL_NONE;
        return true;
    case EVENT_CHECKPOINT:
        v->checkpoint = event;
        return true;
    case EVENT_RELEASED:
    case EVENT_EXPIRED:
        v->status = STATUS_SUBMITTED;
        break;
    case EVENT_FAILED:
        v->status = e.event.number != 0 ? STATUS_SUBMITTED : STATUS_FAILED;
        break;
    case EVENT_CONCLUDED:
        v->status = STATUS_CONCLUDED;
        v->to_fact = row_find(b, &e.event.hash_a);
        break;
    case EVENT_CANCELLED:
        v->status = STATUS_CANCELLED;
        break;
    case EVENT_HEARTBEAT:
    case EVENT_NONE:
    case EVENT_AGENT_ADDED:
    case EVENT_AGENT_REMOVED:
    case EVENT_PAUSED:
    case EVENT_RESUMED:
    case EVENT_IDEMPOTENCY:
    case EVENT_CONTRACT:
        return true;
    }
    v->holder = NUMBER_NONE;
    v->ended_by = event;
    return true;
}

/* The status that an event leaves behind, NONE when it leaves it as it was. */
static enum status status_after(uint32_t aux)
{
    switch ((enum event_type)(aux & 0xff)) {
    case EVENT_CLAIMED:
        return STATUS_CLAIMED;
    case EVENT_RELEASED:
    case EVENT_EXPIRED:
        return STATUS_SUBMITTED;
    case EVENT_FAILED:
        return (aux & ROW_AUX_AGAIN) != 0 ? STATUS_SUBMITTED : STATUS_FAILED;
    case EVENT_CONCLUDED:
        return STATUS_CONCLUDED;
    case EVENT_CANCELLED:
        return STATUS_CANCELLED;
    case EVENT_CHECKPOINT:
    case EVENT_HEARTBEAT:
    case EVENT_NONE:
    case EVENT_AGENT_ADDED:
    case EVENT_AGENT_REMOVED:
    case EVENT_PAUSED:
    case EVENT_RESUMED:
    case EVENT_IDEMPOTENCY:
    case EVENT_CONTRACT:
        break;
    }
    return STATUS_NONE;
}

static bool view_as_of(struct board *b, uint32_t ordinal, uint64_t as_of, struct view *v)
{
    size_t count;
    uint32_t *events = events_about(b, ordinal, as_of, &count);
    bool whole = true;
    *v = (struct view){.status = STATUS_SUBMITTED,
                       .holder = NUMBER_NONE,
                       .to_fact = ORDINAL_NONE,
                       .checkpoint = ORDINAL_NONE,
                       .ended_by = ORDINAL_NONE};
    for (size_t i = 0; i < count && whole; i++) {
        whole = view_apply(b, events[i], v);
    }
    mem_free(events);
    return whole;
}

enum status status_as_of(struct board *b, uint32_t ordinal, uint64_t as_of)
{
    const struct intent *i = &b->intents[b->rows[ordinal].aux];
    if (as_of == 0 || as_of >= i->last_seq) {
        return (enum status)i->status;
    }
    /* The newest event in time that changes the status, told by the rows alone: a query
     * may ask this of every intent. */
    for (uint32_t l = b->rows[ordinal].cited; l != 0; l = b->links[l - 1].next) {
        const uint32_t from = b->links[l - 1].from;
        if (b->links[l - 1].role == LINK_ABOUT && from < as_of) {
            const enum status status = status_after(b->rows[from].aux);
            if (status != STATUS_NONE) {
                return status;
            }
        }
    }
    return STATUS_SUBMITTED;
}

static bool render_checkpoint(struct board *b, uint32_t event, struct json_writer *w)
{
    struct entry e;
    if (!row_entry(b, event, &e)) {
        return false;
    }
    jw_key(w, "checkpoint");
    jw_object(w);
    jw_key(w, "data");
    jw_raw(w, e.event.text);
    jw_kv_int(w, "at_ms", e.at_ms);
    jw_kv_str(w, "by", e.creator);
    jw_kv_uint(w, "epoch", e.event.epoch);
    jw_object_end(w);
    return true;
}

static bool render_end(struct board *b, uint32_t event, struct json_writer *w)
{
    struct entry e;
    if (!row_entry(b, event, &e)) {
        return false;
    }
    if (e.event.text.len > 0) {
        jw_kv_str(w, "reason", e.event.text);
    }
    jw_kv_text(w, "last_event", event_word(e.type));
    jw_kv_int(w, "changed_ms", e.at_ms);
    return true;
}

static void render_lease(struct board *b, const struct intent *i, struct json_writer *w)
{
    uint64_t now_ns = b->io->mono_ns(b->io->host);
    uint64_t end_ns = i->lease_ns < i->run_end_ns ? i->lease_ns : i->run_end_ns;
    uint64_t left_ms = end_ns > now_ns ? (end_ns - now_ns) / NS_PER_MS : 0;
    jw_kv_int(w, "expires_at_ms", b->io->wall_ms(b->io->host) + (int64_t)left_ms);
    jw_kv_uint(w, "expires_in_ms", left_ms);
}

static bool render_view(struct board *b, uint32_t ordinal, const struct view *v,
                        struct json_writer *w)
{
    const struct intent *i = &b->intents[b->rows[ordinal].aux];
    jw_kv_text(w, "status", status_word(v->status));
    jw_kv_uint(w, "epoch", v->epoch);
    jw_kv_uint(w, "attempts", v->attempts);
    if (v->holder != NUMBER_NONE) {
        jw_kv_str(w, "holder", dict_name(&b->names, v->holder));
    }
    if (v->status == STATUS_CLAIMED && v->now) {
        render_lease(b, i, w);
    }
    if (v->now && v->waits_for > 0) {
        jw_kv_uint(w, "waits_for", v->waits_for);
    }
    if (v->to_fact != ORDINAL_NONE) {
        kv_ordinal(b, w, "to_fact", v->to_fact);
    }
    if (v->ended_by != ORDINAL_NONE && !render_end(b, v->ended_by, w)) {
        return false;
    }
    return v->checkpoint == ORDINAL_NONE || render_checkpoint(b, v->checkpoint, w);
}

static bool render_intent(struct board *b, const struct entry *e, uint32_t ordinal,
                          uint64_t as_of, struct json_writer *w)
{
    const struct intent *i = &b->intents[b->rows[ordinal].aux];
    struct view v = view_now(i);
    jw_kv_str(w, "description", e->intent.description);
    kv_ids(w, "from_facts", RECORD_FACT, e->intent.from);
    if (i->parent != ORDINAL_NONE) {
        kv_ordinal(b, w, "parent", i->parent);
    }
    kv_ordinal(b, w, "goal", i->goal);
    kv_optional(w, "capability", e->intent.capability);
    jw_kv_int(w, "priority", e->intent.priority);
    kv_optional(w, "dedupe_key", e->intent.dedupe_key);
    kv_optional(w, "topic", e->intent.topic);
    if ((e->flags & ENTRY_DEADLINE) != 0) {
        jw_kv_int(w, "deadline_ms", e->intent.deadline_ms);
    }
    if (e->intent.max_run_ms > 0) {
        jw_kv_uint(w, "max_run_ms", e->intent.max_run_ms);
    }
    kv_ids(w, "depends_on", RECORD_INTENT, e->intent.depends_on);
    if (as_of != 0 && as_of < b->rows_count && !view_as_of(b, ordinal, as_of, &v)) {
        return false;
    }
    return render_view(b, ordinal, &v, w);
}

static void render_hint(struct board *b, const struct entry *e, uint64_t as_of,
                        struct json_writer *w)
{
    jw_kv_str(w, "content", e->hint.content);
    kv_optional(w, "scope", e->hint.scope);
    if (e->hint.ttl_ms > 0) {
        int64_t end_ms = e->at_ms + (int64_t)e->hint.ttl_ms;
        int64_t now_ms = b->io->wall_ms(b->io->host);
        if (as_of != 0 && as_of < b->rows_count) {
            now_ms = row_at_ms(&b->rows[as_of - 1]);
        }
        jw_kv_uint(w, "ttl_ms", e->hint.ttl_ms);
        jw_kv_int(w, "expires_at_ms", end_ms);
        jw_kv_bool(w, "expired", end_ms <= now_ms);
    }
}

static void render_agent_event(const struct entry *e, struct json_writer *w)
{
    jw_kv_str(w, "agent", e->event.name);
    if (e->type == EVENT_AGENT_ADDED) {
        size_t at = 0;
        struct str item;
        jw_kv_text(w, "role", role_word((enum role)e->event.number));
        jw_key(w, "capabilities");
        jw_array(w);
        while (entry_list_next(e, &at, &item)) {
            jw_str(w, item);
        }
        jw_array_end(w);
    }
}

static void render_event(const struct entry *e, struct json_writer *w)
{
    jw_kv_text(w, "type", event_word(e->type));
    if ((e->event.fields & FIELD_INTENT) != 0) {
        kv_hash(w, "intent", RECORD_INTENT, &e->event.intent);
    }
    if ((e->event.fields & FIELD_EPOCH) != 0) {
        jw_kv_uint(w, "epoch", e->event.epoch);
    }
    if (e->type == EVENT_CLAIMED) {
        jw_kv_uint(w, "ttl_ms", e->event.number);
    } else if (e->type == EVENT_FAILED) {
        jw_kv_bool(w, "retry", e->event.number != 0);
    } else if (e->type == EVENT_CONCLUDED) {
        kv_hash(w, "fact", RECORD_FACT, &e->event.hash_a);
    } else if (e->type == EVENT_CONTRACT) {
        kv_hex(w, "hash", &e->event.hash_a);
        jw_kv_str(w, "text", e->event.text);
        return;
    } else if (e->type == EVENT_IDEMPOTENCY) {
        /* The answer is its actor's alone. */
        jw_kv_uint(w, "status", e->event.number);
        return;
    } else if (e->type == EVENT_CHECKPOINT) {
        jw_key(w, "data");
        jw_raw(w, e->event.text);
        return;
    }
    if ((e->event.fields & FIELD_NAME) != 0) {
        render_agent_event(e, w);
    }
    if ((e->event.fields & FIELD_TEXT) != 0 && e->event.text.len > 0) {
        jw_kv_str(w, "reason", e->event.text);
    }
}

bool board_render(struct board *b, uint32_t ordinal, uint64_t as_of, struct json_writer *w)
{
    struct entry e;
    bool whole = true;
    if (!row_entry(b, ordinal, &e)) {
        return false;
    }
    jw_object(w);
    kv_ordinal(b, w, "id", ordinal);
    jw_kv_text(w, "kind", record_kind_word(e.kind));
    jw_kv_uint(w, "seq", (uint64_t)ordinal + 1);
    jw_kv_int(w, "at_ms", e.at_ms);
    jw_kv_str(w, "creator", e.creator);
    struct hash contract = contract_hash(govern_stands(b, &e, ordinal));
    kv_hex(w, "contract", &contract);
    switch (e.kind) {
    case RECORD_FACT:
        whole = render_fact(b, &e, w);
        break;
    case RECORD_INTENT:
        whole = render_intent(b, &e, ordinal, as_of, w);
        break;
    case RECORD_HINT:
        render_hint(b, &e, as_of, w);
        break;
    case RECORD_EVENT:
        render_event(&e, w);
        break;
    case RECORD_NONE:
        UNREACHABLE("a record without a kind");
    }
    jw_object_end(w);
    return whole;
}
