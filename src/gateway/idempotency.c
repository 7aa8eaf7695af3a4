/* idempotency.c - the Idempotency-Key header.
 *
 * The same request sent again under the same key is answered as it was the first
 * time. Keys belong to (actor, method, path). The answer is remembered in the
 * transaction of what was done, so there is never one without the other. An answer
 * too long for the log is made again from the record it showed.
 */
#include <string.h>

#include "base/check.h"
#include "codec/bytes.h"
#include "gateway/gateway_internal.h"

#define KEY_BYTES_MAX 255

static void add_part(struct sha256 *h, struct str part)
{
    uint8_t len[8];
    put_u64(len, part.len);
    sha256_add(h, len, sizeof len);
    sha256_add(h, part.at, part.len);
}

static void key_hash(struct call *call, struct str key, struct hash *out_hash)
{
    struct sha256 h;
    sha256_init(&h);
    add_part(&h, STR("nexus-idempotency"));
    add_part(&h, call->actor.name);
    add_part(&h, call->method);
    add_part(&h, call->path);
    add_part(&h, key);
    sha256_end(&h, out_hash);
}

static bool key_formed(struct str key)
{
    if (key.len == 0 || key.len > KEY_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < key.len; i++) {
        if (key.at[i] <= 0x20 || key.at[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* Only a parked claim can still be running: everything else is answered at once. */
static bool still_running(const struct gateway *gateway, const struct hash *key)
{
    if (gateway->parked_count == 0) {
        return false;
    }
    for (size_t i = 0; i < gateway->conns_used; i++) {
        const struct conn *conn = gateway->conns[i];
        if (conn != NULL && conn->state == CONN_PARKED && conn->parked.idempotent &&
            hash_eq(&conn->parked.key, key)) {
            return true;
        }
    }
    return false;
}

/* An answer of which only the id was kept: made again from the record. */
static bool render_again(struct call *call, struct str id, struct json_writer *w)
{
    uint32_t ordinal = board_find(call->board, id);
    if (ordinal == ORDINAL_NONE) {
        return false;
    }
    struct result result = {.record = ordinal, .intent = ORDINAL_NONE};
    if (call->op->id == OP_INTENT_CONCLUDE) {
        result.intent = board_find(call->board, call->param);
        return result.intent != ORDINAL_NONE && write_conclude.render(call, &result, w);
    }
    return render_record(call, &result, w);
}

static void replay(struct call *call, const struct idempotency *stored)
{
    struct buf *scratch = &call->gateway->scratch;
    const size_t compact_len = sizeof "{\"id\":\"\"}" - 1 + ID_TEXT_LEN;
    bool compact = stored->answer.len == compact_len && str_starts(stored->answer, STR("{\"id\":"));
    buf_clear(scratch); /* the answer is borrowed from the log, whose bytes may move */
    buf_add_str(scratch, stored->answer);
    reply_begin(call, stored->status, REPLY_JSON);
    reply_header(call, STR("Idempotency-Replayed"), STR("true"));
    struct buf *out = reply_body(call);
    struct json_writer w;
    jw_init(&w, out, false);
    if (!compact) {
        buf_add_str(out, buf_str(scratch));
    } else if (!render_again(call, str_sub(buf_str(scratch), 7, ID_TEXT_LEN), &w)) {
        reply_undo(call);
        call_damaged(call);
        return;
    }
    reply_end(call, board_head(call->board));
}

bool idempotency_check(struct call *call)
{
    if (call->conn->headers[HEADER_IDEMPOTENCY_KEY].at == 0 || call->op->id == OP_AGENT_ADD) {
        return true;
    }
    struct str key = conn_header(call->conn, HEADER_IDEMPOTENCY_KEY);
    if (!key_formed(key)) {
        call_fail(call, BOARD_INVALID, NULL,
                  "the header Idempotency-Key must have 1 to 255 visible ASCII characters");
        return false;
    }
    key_hash(call, key, &call->key);
    sha256(call->body.at, call->body.len, &call->body_hash);
    if (still_running(call->gateway, &call->key)) {
        call_fail(call, BOARD_CONFLICT, "wait for the answer to the first one",
                  "a request with this Idempotency-Key is still running");
        return false;
    }
    struct idempotency stored;
    if (!board_idempotency_find(call->board, &call->key, &stored)) {
        call->idempotent = true;
        return true;
    }
    if (stored.status == 0) {
        call_damaged(call);
        return false;
    }
    if (hash_eq(&stored.body, &call->body_hash)) {
        replay(call, &stored);
        return false;
    }
    struct result result;
    result_fail(&result, BOARD_CONFLICT, "use a new Idempotency-Key for a new request",
                "this Idempotency-Key was used with another body");
    problem_reply(call,
                  &(struct problem){.result = &result, .status = 422, .op_index = -1});
    return false;
}

void idempotency_keep(struct call *call, int status, struct str answer)
{
    CHECK(call->idempotent);
    board_idempotency_put(call->board, &call->actor,
                          &(struct idempotency){
                              .key = call->key,
                              .body = call->body_hash,
                              .status = status,
                              .answer = answer,
                          });
}
