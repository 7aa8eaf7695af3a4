/* write.c - what all operations on records share: one transaction per POST, and the
 * reading of one record.
 *
 * The answer is written before the commit, because what is remembered for an
 * Idempotency-Key must be in the same transaction. It leaves when the last record of
 * the transaction is durable.
 */
#include <string.h>

#include "base/check.h"
#include "gateway/gateway_internal.h"

bool render_record(struct call *call, const struct result *result, struct json_writer *w)
{
    return board_render(call->board, result->record, 0, w);
}

void render_or_damaged(struct board *board, uint32_t ordinal, uint64_t as_of,
                       struct json_writer *w)
{
    const struct json_writer before = *w;
    const size_t len = w->out->len;
    if (board_render(board, ordinal, as_of, w)) {
        return;
    }
    char id[ID_TEXT_LEN + 1];
    *w = before;
    w->out->len = len;
    board_id(board, ordinal, id);
    jw_object(w);
    jw_kv_text(w, "id", id);
    jw_kv_text(w, "kind", record_kind_word(board_kind(board, ordinal)));
    jw_kv_uint(w, "seq", (uint64_t)ordinal + 1);
    jw_kv_bool(w, "damaged", true);
    jw_object_end(w);
}

static const char *plural(enum record_kind kind)
{
    switch (kind) {
    case RECORD_FACT:
        return "facts/";
    case RECORD_INTENT:
        return "intents/";
    case RECORD_HINT:
        return "hints/";
    case RECORD_NONE:
    case RECORD_EVENT:
        break;
    }
    UNREACHABLE("only Facts, intents and hints are created");
}

static void location_header(struct call *call, uint32_t ordinal)
{
    struct buf *out = &call->conn->out;
    char id[ID_TEXT_LEN + 1];
    board_id(call->board, ordinal, id);
    buf_add_str(out, STR("Location: /api/v1/"));
    if (call->slot->name[0] != 0) {
        buf_add_str(out, STR("boards/"));
        buf_add_text(out, call->slot->name);
        buf_add_byte(out, '/');
    }
    buf_add_text(out, plural(board_kind(call->board, ordinal)));
    buf_add(out, id, ID_TEXT_LEN);
    buf_add(out, "\r\n", 2);
}

/* Where an answer is too long to be remembered: the id of its record. */
static struct str compact_of(struct call *call, uint32_t ordinal)
{
    char id[ID_TEXT_LEN + 1];
    board_id(call->board, ordinal, id);
    return arena_printf(&call->gateway->arena, "{\"id\":\"%s\"}", id);
}

enum outcome call_write(struct call *call, const struct write_op *op)
{
    struct board *board = call->board;
    struct result result = {.record = ORDINAL_NONE, .intent = ORDINAL_NONE};
    board_begin(board);
    op->apply(call, &call->args, call->param, &result);
    if (result.outcome >= BOARD_INVALID) {
        board_rollback(board);
        problem_result(call, &result);
        return result.outcome;
    }
    if (result.outcome == BOARD_NONE) {
        (void)board_commit(board);
        return result.outcome;
    }
    int status = outcome_http(result.outcome);
    reply_begin(call, status, REPLY_JSON);
    if (status == 201 && board_kind(board, result.record) != RECORD_EVENT) {
        location_header(call, result.record);
    }
    struct json_writer w;
    jw_init(&w, reply_body(call), false);
    if (!op->render(call, &result, &w)) {
        reply_undo(call);
        board_rollback(board);
        call_damaged(call);
        return BOARD_UNAVAILABLE;
    }
    if (call->idempotent && op->lasting) {
        struct str answer = reply_written(call);
        idempotency_keep(call, status,
                         answer.len <= ANSWER_KEPT_MAX ? answer : compact_of(call, result.record));
    }
    uint64_t last = board_commit(board);
    reply_end(call, op->lasting && last > result.hold_seq ? last : result.hold_seq);
    return result.outcome;
}

/* -- reading one record --------------------------------------------------------------- */

static bool id_formed(struct str id)
{
    if (id.len != ID_TEXT_LEN || id.at[1] != '_' || memchr("fihe", id.at[0], 4) == NULL) {
        return false;
    }
    for (size_t i = 2; i < id.len; i++) {
        char c = id.at[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return true;
}

bool call_record(struct call *call, enum record_kind kind, uint32_t *out_ordinal)
{
    if (!id_formed(call->param)) {
        call_fail(call, BOARD_INVALID, "copy the id whole, as it was given to you",
                  "an id is f_, i_, h_ or e_ and 64 lower-case hex digits");
        return false;
    }
    uint32_t ordinal = board_find(call->board, call->param);
    if (ordinal == ORDINAL_NONE) {
        call_fail(call, BOARD_NOT_FOUND, NULL, "there is no record with this id");
        return false;
    }
    enum record_kind found = board_kind(call->board, ordinal);
    if (kind != RECORD_NONE && found != kind) {
        call_fail(call, BOARD_NOT_FOUND, NULL, "this id is of kind %s, not %s",
                  record_kind_word(found), record_kind_word(kind));
        return false;
    }
    *out_ordinal = ordinal;
    return true;
}

/* `"<16 digits of the id>-<version>"`. */
static struct str etag_of(struct call *call, uint32_t ordinal, char out_text[48])
{
    char digits[20];
    char *at = digits + sizeof digits;
    uint64_t version = board_version(call->board, ordinal);
    do {
        *--at = (char)('0' + version % 10);
        version /= 10;
    } while (version > 0);
    size_t digits_len = (size_t)(digits + sizeof digits - at);
    out_text[0] = '"';
    memcpy(out_text + 1, call->param.at + 2, 16);
    out_text[17] = '-';
    memcpy(out_text + 18, at, digits_len);
    out_text[18 + digits_len] = '"';
    return str_n(out_text, 19 + digits_len);
}

static bool etag_matches(struct str wanted, struct str etag)
{
    if (wanted.len == 0) {
        return false;
    }
    return str_is(wanted, "*") || str_find_str(wanted, etag) < wanted.len;
}

void call_get(struct call *call, enum record_kind kind)
{
    uint32_t ordinal = 0;
    if (!call_record(call, kind, &ordinal)) {
        return;
    }
    uint64_t hold_seq = board_hold_seq(call->board, ordinal);
    char text[48];
    struct str etag = etag_of(call, ordinal, text);
    const bool lasting = kind != RECORD_HINT; /* a hint expires without a record of it */
    if (lasting && etag_matches(conn_header(call->conn, HEADER_IF_NONE_MATCH), etag)) {
        reply_begin(call, 304, REPLY_RECORD);
        reply_header(call, STR("ETag"), etag);
        reply_empty(call, 304, hold_seq);
        return;
    }
    reply_begin(call, 200, REPLY_RECORD);
    if (lasting) {
        reply_header(call, STR("ETag"), etag);
    }
    struct json_writer w;
    jw_init(&w, reply_body(call), false);
    if (!board_render(call->board, ordinal, 0, &w)) {
        reply_undo(call);
        call_damaged(call);
        return;
    }
    reply_end(call, hold_seq);
}

void run_fact_get(struct call *call)
{
    call_get(call, RECORD_FACT);
}

void run_intent_get(struct call *call)
{
    call_get(call, RECORD_INTENT);
}

void run_hint_get(struct call *call)
{
    call_get(call, RECORD_HINT);
}
