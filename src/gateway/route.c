/* route.c - from a request to the operation that answers it.
 *
 *     target -> place, board, operation -> ready? -> token -> role -> board there?
 *            -> query -> body -> Idempotency-Key -> run_NAME
 *
 * Each step answers by itself when it refuses, so the rest is only reached by
 * requests that got that far.
 */
#include <string.h>

#include "base/check.h"
#include "gateway/gateway_internal.h"

/* Walks pattern and path together; `{...}` takes one segment. */
static bool path_fits(const char *pattern, struct str path, struct str *out_param)
{
    size_t at = 0;
    for (const char *p = pattern; *p != 0; p++) {
        if (*p == '{') {
            size_t end = str_find(path, '/', at);
            if (end == at) {
                return false;
            }
            *out_param = str_sub(path, at, end - at);
            at = end;
            p = strchr(p, '}');
            CHECK(p != NULL);
        } else if (at >= path.len || path.at[at++] != *p) {
            return false;
        }
    }
    return at == path.len;
}

struct place {
    unsigned bit;
    struct str board; /* name; empty = main */
    struct str rest;  /* path inside the place, with its '/' */
};

static struct place place_of(struct str path)
{
    if (str_is(path, "/api/status")) {
        return (struct place){.bit = PLACE_API, .rest = STR("/status")};
    }
    if (!str_starts(path, STR("/api/v1/"))) {
        return (struct place){.bit = PLACE_ROOT, .rest = path};
    }
    struct place place = {.bit = PLACE_API, .rest = str_sub(path, 7, path.len)};
    if (str_starts(place.rest, STR("/boards/"))) {
        size_t end = str_find(place.rest, '/', 8);
        if (end < place.rest.len) {
            place.board = str_sub(place.rest, 8, end - 8);
            place.rest = str_sub(place.rest, end, place.rest.len);
            place.bit = PLACE_BOARD;
        }
    }
    return place;
}

static enum method method_of(uint8_t method)
{
    switch (method) {
    case HTTP_GET:
    case HTTP_HEAD:
        return METHOD_GET;
    case HTTP_POST:
        return METHOD_POST;
    case HTTP_DELETE:
        return METHOD_DELETE;
    default:
        return 0;
    }
}

static void refuse_method(struct call *call, struct buf *allowed)
{
    struct result result;
    result_fail(&result, BOARD_INVALID, NULL, "this path takes %s only", buf_cstr(allowed));
    problem_reply(call, &(struct problem){.result = &result,
                                          .status = 405,
                                          .op_index = -1,
                                          .header_name = STR("Allow"),
                                          .header_value = buf_str(allowed)});
}

/* Finds the operation and its path parameter; false: answered with 404 or 405. */
static bool find_operation(struct call *call, const struct place *place)
{
    enum method method = method_of(call->conn->parser.method);
    struct buf *allowed = &call->gateway->scratch;
    buf_clear(allowed);
    for (int id = OP_NONE + 1; id < OP_COUNT; id++) {
        const struct operation *op = operation_of((enum operation_id)id);
        struct str param = STR_NONE;
        if ((op->places & place->bit) == 0 || !path_fits(op->path, place->rest, &param)) {
            continue;
        }
        if (op->method == method) {
            call->op = op;
            if (!percent_decode(&call->gateway->arena, param, false, &call->param)) {
                call_fail(call, BOARD_INVALID, NULL, "the path is not percent-encoded right");
                return false;
            }
            return true;
        }
        buf_add_text(allowed, allowed->len > 0 ? ", " : "");
        buf_add_text(allowed, method_word(op->method));
        if (op->method == METHOD_GET) {
            buf_add_text(allowed, ", HEAD");
        }
    }
    if (allowed->len > 0) {
        refuse_method(call, allowed);
    } else {
        call_fail(call, BOARD_NOT_FOUND, "GET /openapi.json lists all paths",
                  "there is nothing at this path");
    }
    return false;
}

static bool find_board(struct call *call, const struct place *place)
{
    struct gateway *gateway = call->gateway;
    struct slot *slot = gateway_slot(gateway, place->board);
    if (slot == NULL) {
        call_fail(call, BOARD_NOT_FOUND, "GET /api/v1/boards lists the boards",
                  "there is no board `%.*s`", (int)(place->board.len < 64 ? place->board.len : 64),
                  place->board.at);
        return false;
    }
    if (slot->board == NULL) {
        call_fail(call, BOARD_UNAVAILABLE, NULL, "the board is not there at the moment");
        return false;
    }
    call->slot = slot;
    call->board = slot->board;
    if (call->op->method != METHOD_GET && board_failed(slot->board) != ERR_OK) {
        call_fail(call, BOARD_UNAVAILABLE,
                  "wait until readyz is 200; what was acknowledged is not lost",
                  "the board takes no writes: %s", err_text(board_failed(slot->board)));
        return false;
    }
    return true;
}

/* The target as path and query; an absolute one must name the host of the header. */
static bool split_target(struct call *call)
{
    struct conn *conn = call->conn;
    struct str target = str_n(conn->head_base + conn->target.at, conn->target.len);
    if (str_starts(target, STR("http://"))) {
        size_t slash = str_find(target, '/', 7);
        struct str authority = str_sub(target, 7, slash - 7);
        if (!str_eq_nocase(authority, conn_header(conn, HEADER_HOST))) {
            call_fail(call, BOARD_INVALID, NULL, "target and Host header name different hosts");
            return false;
        }
        target = slash < target.len ? str_sub(target, slash, target.len) : STR("/");
    }
    size_t mark = str_find(target, '?', 0);
    call->path = str_sub(target, 0, mark);
    call->query = mark < target.len ? str_sub(target, mark + 1, target.len) : STR_NONE;
    if (call->path.len == 0 || call->path.at[0] != '/') {
        call_fail(call, BOARD_INVALID, NULL, "the request target must begin with /");
        return false;
    }
    return true;
}

/* All that does not need the body. False: answered. */
static bool prepare(struct call *call)
{
    if (!split_target(call)) {
        return false;
    }
    struct place place = place_of(call->path);
    if (!find_operation(call, &place)) {
        return false;
    }
    call->method = str_of(method_word(call->op->method));
    if (call->op->may == MAY_ANYBODY) {
        return true;
    }
    if (!call->gateway->ready) {
        call_fail(call, BOARD_UNAVAILABLE, "wait until GET /readyz answers 200",
                  "the log is still being replayed");
        return false;
    }
    return auth_actor(call) && auth_may(call) && find_board(call, &place);
}

static struct call call_of(struct conn *conn)
{
    if (!conn->gateway->busy) {
        arena_reset(&conn->gateway->arena);
    }
    return (struct call){
        .gateway = conn->gateway,
        .conn = conn,
        .head_only = conn->head_done && conn->is_head,
    };
}

static void run(struct call *call)
{
    switch (call->op->id) {
#define X(ID, name, method, path, places, may, fields, query, answer, failures, summary)           \
    case OP_##ID:                                                                                  \
        run_##name(call);                                                                          \
        return;
        OPERATION_TABLE(X)
#undef X
    case OP_NONE:
    case OP_COUNT:
        break;
    }
    UNREACHABLE("an operation was found");
}

void call_run(struct conn *conn, struct str body)
{
    struct gateway *gateway = conn->gateway;
    struct call call = call_of(conn);
    call.body = body;
    bool busy = gateway->busy;
    gateway->busy = true;
    if (gateway->draining) {
        call_fail(&call, BOARD_UNAVAILABLE, "connect again; the service is restarting",
                  "the service is stopping");
    } else if (prepare(&call) && args_query(&call)) {
        bool posts = call.op->method == METHOD_POST;
        if (!posts || (args_body(&call) && idempotency_check(&call))) {
            run(&call);
        }
    }
    gateway->busy = busy;
    CHECK(call.replied || conn->state == CONN_PARKED);
}

bool call_refuse_early(struct conn *conn)
{
    struct call call = call_of(conn);
    bool keep_alive = conn->keep_alive;
    conn->keep_alive = false; /* an answer before the body is the last one */
    if (prepare(&call)) {
        conn->keep_alive = keep_alive;
        return false;
    }
    conn_close_after(conn, true);
    return true;
}

void call_refuse_http(struct conn *conn, int status, enum outcome outcome, const char *detail,
                      const char *next)
{
    struct call call = call_of(conn);
    struct result result;
    conn->keep_alive = false;
    result_fail(&result, outcome, next, "%s", detail);
    problem_reply(&call,
                  &(struct problem){.result = &result, .status = status, .op_index = -1});
    conn_close_after(conn, true);
}
