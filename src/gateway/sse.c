/* sse.c - the records as server-sent events (the HTML standard, section 9.2).
 *
 * A stream is a cursor into the log: it shows what is durable and stops while the
 * client is slow, so that it never holds more than it may buffer, and loses nothing.
 * Each record is shown as it was when it was written; later events tell the rest.
 * A stream ends with its token: before anything more is shown, the token is looked up.
 */
#include "base/check.h"
#include "gateway/gateway_internal.h"

#define STREAM_FILL_BYTES (256u << 10) /* unsent bytes up to which a stream goes on */

static bool last_event_id(struct call *call, uint64_t *out_after)
{
    if (call->conn->headers[HEADER_LAST_EVENT_ID].at == 0) {
        return true;
    }
    unsigned long long value = 0;
    if (!str_to_u64(conn_header(call->conn, HEADER_LAST_EVENT_ID), &value)) {
        call_fail(call, BOARD_INVALID, NULL, "the header Last-Event-ID must be a seq");
        return false;
    }
    *out_after = value;
    return true;
}

void run_events(struct call *call)
{
    struct conn *conn = call->conn;
    struct gateway *gateway = call->gateway;
    uint64_t after = (uint64_t)call->args.number[ARG_EVENTS_AFTER];
    if (!last_event_id(call, &after)) {
        return;
    }
    if (gateway->streams_count >= gateway->options.limits.streams_max) {
        call_fail(call, BOARD_LIMIT, "close another stream, or poll GET /records?after=SEQ",
                  "there are %zu open event streams already", gateway->streams_count);
        return;
    }
    if (after > board_head(call->board)) {
        call_fail(call, BOARD_INVALID, "begin anew with after=0: this is another log",
                  "seq %llu lies in the future: the last one is %llu", (unsigned long long)after,
                  (unsigned long long)board_head(call->board));
        return;
    }
    reply_stream(call);
    if (call->head_only) {
        return;
    }
    conn->state = CONN_STREAM;
    conn->stream_cursor = after;
    conn->stream_kind = record_kind_from(call->args.text[ARG_EVENTS_KIND]);
    conn->stream_slot = call->slot;
    conn->stream_next = call->slot->streams;
    if (conn->stream_next != NULL) {
        conn->stream_next->stream_prev = conn;
    }
    call->slot->streams = conn;
    gateway->streams_count++;
    conn_set_deadline(conn, gateway->options.keepalive_ms);
    stream_follow(conn);
}

static void write_event(struct conn *conn, struct board *board, uint64_t seq,
                        enum record_kind kind)
{
    struct buf *out = &conn->out;
    buf_add_str(out, STR("id: "));
    buf_add_u64(out, seq);
    buf_add_str(out, STR("\nevent: "));
    buf_add_text(out, record_kind_word(kind));
    buf_add_str(out, STR("\ndata: "));
    struct json_writer w;
    jw_init(&w, out, false);
    render_or_damaged(board, (uint32_t)(seq - 1), seq, &w);
    buf_add(out, "\n\n", 2);
}

/* The next durable record of the stream's kind, 0 when there is none. Found through the
 * index: the others are not looked at. */
static uint64_t next_seq(const struct conn *conn, struct board *board, uint64_t durable)
{
    struct query query = {.kind = conn->stream_kind,
                          .after = conn->stream_cursor,
                          .as_of = durable,
                          .limit = 1};
    uint32_t ordinal;
    bool more;
    return board_query(board, &query, &ordinal, &more) == 0 ? 0 : (uint64_t)ordinal + 1;
}

void stream_follow(struct conn *conn)
{
    const struct slot *slot = conn->stream_slot;
    if (conn->state != CONN_STREAM || slot->board == NULL) {
        return;
    }
    struct gateway *gateway = conn->gateway;
    uint64_t durable = board_durable(slot->board);
    if (conn->stream_cursor < durable && !auth_holds(conn)) {
        conn_stream_end(conn);
        conn_ready(conn);
        return;
    }
    size_t before = conn->out.len;
    buffer_wake(gateway, &conn->out);
    while (conn->stream_cursor < durable && conn->out.len - conn->sent < STREAM_FILL_BYTES) {
        uint64_t seq = next_seq(conn, slot->board, durable);
        if (seq == 0) {
            conn->stream_cursor = durable;
            break;
        }
        write_event(conn, slot->board, seq, board_kind(slot->board, (uint32_t)(seq - 1)));
        conn->stream_cursor = seq;
    }
    if (conn->out.len > before) {
        conn_set_deadline(conn, gateway->options.keepalive_ms);
        conn_ready(conn);
    } else if (conn->out.len == 0) {
        buffer_rest(gateway, &conn->out);
    }
}

void stream_follow_all(struct slot *slot)
{
    struct conn *next = NULL;
    for (struct conn *conn = slot->streams; conn != NULL; conn = next) {
        next = conn->stream_next;
        stream_follow(conn);
    }
}

void stream_keepalive(struct conn *conn)
{
    if (!auth_holds(conn)) {
        conn_stream_end(conn);
        return;
    }
    if (conn->out.len == conn->sent) {
        buffer_wake(conn->gateway, &conn->out);
        buf_add_str(&conn->out, STR(": still here\n\n"));
    }
    conn_set_deadline(conn, conn->gateway->options.keepalive_ms);
}
