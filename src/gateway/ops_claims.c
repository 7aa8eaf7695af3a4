/* ops_claims.c - claims: of one intent, of the next fitting one, and waiting for one.
 *
 * A claim that waits is *parked* in the board under a ticket that names its
 * connection and that connection's generation. Meanwhile the connection takes no
 * other request. It is answered by claim_unparked, or ends with the connection.
 */
#include <string.h>

#include "base/check.h"
#include "gateway/gateway_internal.h"

static void apply_claim(struct call *call, const struct args *args, struct str intent,
                        struct result *result)
{
    board_claim(call->board, &call->actor, intent, (uint64_t)arg_int(args, ARG_CLAIM_TTL, 0),
                result);
}

bool render_claim(struct call *call, const struct result *result, struct json_writer *w)
{
    jw_object(w);
    jw_key(w, "intent");
    if (!board_render(call->board, result->record, 0, w)) {
        return false;
    }
    jw_kv_uint(w, "epoch", result->epoch);
    jw_kv_int(w, "expires_at_ms", result->expires_at_ms);
    jw_kv_uint(w, "expires_in_ms", result->expires_in_ms);
    jw_object_end(w);
    return true;
}

const struct write_op write_claim = {apply_claim, render_claim, true};

void run_intent_claim(struct call *call)
{
    (void)call_write(call, &write_claim);
}

static struct claim_template template_of(struct call *call, const struct args *args)
{
    struct claim_template template = {.ttl_ms = (uint64_t)arg_int(args, ARG_CLAIMS_TTL, 0)};
    (void)arg_names(call, args, ARG_CLAIMS_CAPABILITIES, &template.capabilities,
                    &template.capabilities_count);
    (void)arg_names(call, args, ARG_CLAIMS_TOPICS, &template.topics, &template.topics_count);
    return template;
}

/* Finds nothing and may wait: parks, which is told by call->conn's state. */
static void park(struct call *call, const struct claim_template *template, uint64_t wait_ms,
                 struct result *result)
{
    struct conn *conn = call->conn;
    uint64_t ticket = (uint64_t)conn->generation << 32 | conn->index;
    board_park(call->board, &call->actor, template, wait_ms, ticket, result);
    if (result->outcome != BOARD_OK) {
        return;
    }
    conn->state = CONN_PARKED;
    conn->parked = (struct parked){
        .slot = call->slot,
        .ticket = ticket,
        .op = call->op->id,
        .idempotent = call->idempotent,
        .key = call->key,
        .body = call->body_hash,
        .role = call->actor.role,
    };
    size_t len = call->actor.name.len;
    CHECK(len < sizeof conn->parked.actor);
    memcpy(conn->parked.actor, call->actor.name.at, len);
    conn_set_deadline(conn, UINT64_MAX);
    call->gateway->parked_count++;
}

static void apply_claim_next(struct call *call, const struct args *args, struct str intent,
                             struct result *result)
{
    (void)intent;
    struct claim_template template = template_of(call, args);
    board_claim_next(call->board, &call->actor, &template, result);
}

const struct write_op write_claim_next = {apply_claim_next, render_claim, true};

void run_claim_next(struct call *call)
{
    if (call_write(call, &write_claim_next) != BOARD_NONE) {
        return;
    }
    int64_t wait_ms = arg_int(&call->args, ARG_CLAIMS_WAIT, 0);
    if (wait_ms == 0) {
        reply_empty(call, 204, 0);
        return;
    }
    struct claim_template template = template_of(call, &call->args);
    struct result result = {.record = ORDINAL_NONE, .intent = ORDINAL_NONE};
    park(call, &template, (uint64_t)wait_ms, &result);
    if (result.outcome != BOARD_OK) {
        problem_result(call, &result);
    }
}

/* -- the end of waiting ----------------------------------------------------------------- */

static struct call call_of_parked(struct conn *conn)
{
    const struct parked *parked = &conn->parked;
    return (struct call){
        .gateway = conn->gateway,
        .conn = conn,
        .op = operation_of(parked->op),
        .slot = parked->slot,
        .board = parked->slot->board,
        .actor = {.name = str_of(parked->actor), .role = parked->role},
        .idempotent = parked->idempotent,
        .key = parked->key,
        .body_hash = parked->body,
    };
}

/* The answer to a claim that was given while it waited. */
static void answer_claim(struct call *call, const struct result *result)
{
    struct json_writer w = reply_json(call, 200);
    if (!render_claim(call, result, &w)) {
        reply_undo(call);
        call_damaged(call);
        return;
    }
    uint64_t seq = result->hold_seq;
    if (call->idempotent && reply_written(call).len <= ANSWER_KEPT_MAX) {
        board_begin(call->board);
        idempotency_keep(call, 200, reply_written(call));
        uint64_t last = board_commit(call->board);
        seq = last > seq ? last : seq;
    }
    reply_end(call, seq);
}

/* The connection goes on with what it was sent meanwhile. */
static void go_on(struct conn *conn)
{
    conn->gateway->parked_count--;
    conn->state = CONN_HEAD;
    if (!conn->keep_alive || conn->gateway->draining) {
        conn_close_after(conn, false);
    }
    conn_resume(conn);
    conn_ready(conn);
}

void claim_unparked(struct conn *conn, const struct result *result)
{
    CHECK(conn->state == CONN_PARKED);
    struct call call = call_of_parked(conn);
    bool busy = conn->gateway->busy;
    conn->gateway->busy = true;
    arena_reset(&conn->gateway->arena);
    if (result->outcome == BOARD_NONE) {
        reply_empty(&call, 204, 0);
    } else if (result->outcome >= BOARD_INVALID) {
        problem_result(&call, result);
    } else {
        answer_claim(&call, result);
    }
    conn->gateway->busy = busy;
    go_on(conn);
}

void claim_abandon(struct conn *conn)
{
    CHECK(conn->state == CONN_PARKED);
    struct board *board = conn->parked.slot->board;
    if (board != NULL && !board_unpark(board, conn->parked.ticket)) {
        return; /* it has its intent already, and the report is on its way */
    }
    struct call call = call_of_parked(conn);
    if (board == NULL) {
        call_fail(&call, BOARD_UNAVAILABLE, NULL, "the board is not there at the moment");
    } else {
        reply_empty(&call, 204, 0);
    }
    go_on(conn);
}
