/* conn.c - one connection: its buffers, its time-outs, and what may leave when.
 *
 * Output is one buffer in order of the requests. A *hold* is an offset in it behind
 * which nothing may leave until a record is durable; holds are met in order. While
 * the first hold is not met, the connection is in the list of its slot.
 *
 *     HEAD -> BODY -> (call_run) -> HEAD ...         conn_close_after -> CLOSING
 *                        |-> PARKED -> HEAD           from every state
 *                        `-> STREAM
 *
 * Time-outs are lazy: `deadline_ns` is what counts; the heap of timers may know an
 * earlier moment and finds out when it comes. So a request costs no heap operation.
 *
 * Invariants: sent <= the first hold's start <= out.len; input is kept in `in` only
 * while it is incomplete or must wait; a connection at rest owns no buffer.
 */
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "gateway/gateway_internal.h"

void buffer_wake(struct gateway *gateway, struct buf *buf)
{
    if (buf->at == NULL && gateway->spare_count > 0) {
        *buf = gateway->spare[--gateway->spare_count];
    }
}

void buffer_rest(struct gateway *gateway, struct buf *buf)
{
    CHECK(buf->len == 0);
    if (buf->at == NULL) {
        return;
    }
    if (buf->cap <= BUFFER_BYTES_KEPT && gateway->spare_count < SPARE_BUFFERS_MAX) {
        gateway->spare[gateway->spare_count++] = *buf;
        *buf = (struct buf){0};
    } else {
        buf_deinit(buf);
    }
}

static uint32_t place_take(struct gateway *gateway)
{
    if (gateway->free_count > 0) {
        return gateway->free_places[--gateway->free_count];
    }
    mem_grow(&gateway->conns, &gateway->conns_cap, gateway->conns_used + 1, sizeof(struct conn *));
    mem_grow(&gateway->generations, &gateway->generations_cap, gateway->conns_used + 1,
             sizeof(uint32_t));
    gateway->generations[gateway->conns_used] = 0;
    return (uint32_t)gateway->conns_used++;
}

struct conn *conn_new(struct gateway *gateway, enum conn_kind kind, void *host)
{
    if (gateway->conns_count >= gateway->options.limits.connections_max || gateway->draining) {
        gateway->connections_refused++;
        return NULL;
    }
    struct conn *conn = mem_zalloc(sizeof *conn);
    conn->gateway = gateway;
    conn->host = host;
    conn->kind = kind;
    conn->state = CONN_HEAD;
    conn->index = place_take(gateway);
    conn->generation = ++gateway->generations[conn->index];
    conn->timer_ns = UINT64_MAX;
    gateway->conns[conn->index] = conn;
    gateway->conns_count++;
    gateway->connections_total++;
    gateway->now_ns = gateway->options.io->mono_ns(gateway->options.io->host);
    llhttp_init(&conn->parser, HTTP_REQUEST, &gateway->settings);
    conn->parser.data = conn;
    http_begin(conn);
    conn_set_deadline(conn, gateway->options.idle_timeout_ms);
    return conn;
}

static void waiting_leave(struct conn *conn)
{
    if (conn->waiting == NULL) {
        return;
    }
    if (conn->waiting_prev != NULL) {
        conn->waiting_prev->waiting_next = conn->waiting_next;
    } else {
        conn->waiting->waiting = conn->waiting_next;
    }
    if (conn->waiting_next != NULL) {
        conn->waiting_next->waiting_prev = conn->waiting_prev;
    }
    conn->waiting = NULL;
    conn->waiting_prev = NULL;
    conn->waiting_next = NULL;
}

static void waiting_join(struct conn *conn, struct slot *slot)
{
    CHECK(conn->waiting == NULL);
    conn->waiting = slot;
    conn->waiting_next = slot->waiting;
    if (slot->waiting != NULL) {
        slot->waiting->waiting_prev = conn;
    }
    slot->waiting = conn;
}

void conn_stream_end(struct conn *conn)
{
    struct slot *slot = conn->stream_slot;
    if (slot == NULL) {
        return;
    }
    if (conn->stream_prev != NULL) {
        conn->stream_prev->stream_next = conn->stream_next;
    } else {
        slot->streams = conn->stream_next;
    }
    if (conn->stream_next != NULL) {
        conn->stream_next->stream_prev = conn->stream_prev;
    }
    conn->stream_slot = NULL;
    conn->stream_prev = NULL;
    conn->stream_next = NULL;
    conn->gateway->streams_count--;
    conn_close_after(conn, false);
}

static void forget_parked(struct conn *conn)
{
    conn->gateway->parked_count--;
    if (conn->parked.slot->board != NULL) {
        (void)board_unpark(conn->parked.slot->board, conn->parked.ticket);
    }
}

void conn_free(struct conn *conn)
{
    if (conn == NULL) {
        return;
    }
    struct gateway *gateway = conn->gateway;
    if (conn->state == CONN_PARKED) {
        forget_parked(conn);
    }
    conn_stream_end(conn);
    waiting_leave(conn);
    (void)timers_cancel(&gateway->timers, conn->index);
    gateway->conns[conn->index] = NULL;
    gateway->conns_count--;
    mem_grow(&gateway->free_places, &gateway->free_cap, gateway->free_count + 1, sizeof(uint32_t));
    gateway->free_places[gateway->free_count++] = conn->index;
    struct buf *bufs[] = {&conn->in, &conn->head, &conn->body, &conn->out};
    for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++) {
        buf_clear(bufs[i]);
        buffer_rest(gateway, bufs[i]);
    }
    mem_free(conn->holds);
    mem_free(conn);
}

void *conn_host(const struct conn *conn)
{
    return conn->host;
}

struct str conn_header(const struct conn *conn, enum header header)
{
    struct span span = conn->headers[header];
    return span.at == 0 ? STR_NONE : str_n(conn->head_base + span.at, span.len);
}

void conn_set_deadline(struct conn *conn, uint64_t after_ms)
{
    conn->deadline_ns =
        after_ms == UINT64_MAX ? UINT64_MAX : conn->gateway->now_ns + after_ms * NS_PER_MS;
    if (conn->deadline_ns < conn->timer_ns) {
        conn->timer_ns = conn->deadline_ns;
        timers_set(&conn->gateway->timers, conn->index, conn->timer_ns);
    }
}

static size_t backlog(const struct conn *conn)
{
    return conn->out.len - conn->sent;
}

static bool accepts(const struct conn *conn)
{
    return (conn->state == CONN_HEAD || conn->state == CONN_BODY) &&
           backlog(conn) <= OUTPUT_BYTES_HIGH;
}

bool conn_idle(const struct conn *conn)
{
    return conn->state == CONN_HEAD && conn->in.len == 0 && backlog(conn) == 0;
}

void conn_ready(struct conn *conn)
{
    if (!conn->in_feed && conn->gateway->options.on_ready != NULL) {
        conn->gateway->options.on_ready(conn->gateway->options.context, conn);
    }
}

/* -- holds ------------------------------------------------------------------------ */

void conn_hold(struct conn *conn, size_t start, struct slot *slot, uint64_t seq)
{
    if (seq == 0 || slot == NULL || slot->board == NULL) {
        return;
    }
    if (conn->holds_count > conn->holds_first) {
        const struct hold *last = &conn->holds[conn->holds_count - 1];
        if (last->slot == slot && last->seq >= seq) {
            return;
        }
    } else if (seq <= board_durable(slot->board)) {
        return;
    }
    mem_grow(&conn->holds, &conn->holds_cap, conn->holds_count + 1, sizeof(struct hold));
    conn->holds[conn->holds_count++] = (struct hold){.start = start, .slot = slot, .seq = seq};
    if (conn->waiting == NULL) {
        waiting_join(conn, slot);
    }
}

void conn_released(struct conn *conn)
{
    size_t before = conn->holds_first;
    while (conn->holds_first < conn->holds_count) {
        const struct hold *hold = &conn->holds[conn->holds_first];
        if (hold->slot->board == NULL || hold->seq > board_durable(hold->slot->board)) {
            break;
        }
        conn->holds_first++;
    }
    if (conn->holds_first == before) {
        return;
    }
    waiting_leave(conn);
    if (conn->holds_first == conn->holds_count) {
        conn->holds_first = 0;
        conn->holds_count = 0;
    } else {
        waiting_join(conn, conn->holds[conn->holds_first].slot);
    }
    conn_ready(conn);
}

/* What waited for the board will never be known to be durable: the answers behind the
 * first such hold are withdrawn. Those of other boards behind it go with them, since
 * answers keep the order of their requests. */
void conn_board_failed(struct conn *conn, struct slot *slot)
{
    size_t i = conn->holds_first;
    while (i < conn->holds_count && conn->holds[i].slot != slot) {
        i++;
    }
    if (i == conn->holds_count) {
        return;
    }
    conn->out.len = conn->holds[i].start;
    conn->holds_count = i;
    if (conn->holds_first == conn->holds_count) {
        waiting_leave(conn);
        conn->holds_first = 0;
        conn->holds_count = 0;
    }
    if (conn->state == CONN_PARKED) {
        /* Its answer must not be taken for one that was withdrawn. */
        forget_parked(conn);
        conn->state = CONN_HEAD;
    }
    conn_stream_end(conn);
    call_refuse_http(conn, 503, BOARD_UNAVAILABLE,
                     "the disk failed before the answer was durable; whether the request took "
                     "effect will be known when the service is back",
                     "wait until readyz is 200, then look for the record, or send the same "
                     "request again with the same Idempotency-Key");
    conn_ready(conn);
}

/* -- output ----------------------------------------------------------------------- */

struct str conn_output(const struct conn *conn)
{
    size_t end = conn->holds_count > conn->holds_first ? conn->holds[conn->holds_first].start
                                                       : conn->out.len;
    CHECK(conn->sent <= end);
    if (conn->sent == end) {
        return STR_NONE;
    }
    return str_n(conn->out.at + conn->sent, end - conn->sent);
}

static void set_idle(struct conn *conn)
{
    if (conn->state == CONN_HEAD && conn->in.len == 0) {
        conn_set_deadline(conn, conn->gateway->options.idle_timeout_ms);
    }
}

void conn_sent(struct conn *conn, size_t len)
{
    CHECK(len <= conn_output(conn).len);
    conn->sent += len;
    conn->gateway->bytes_out += len;
    if (conn->sent == conn->out.len) {
        buf_clear(&conn->out);
        conn->sent = 0;
        buffer_rest(conn->gateway, &conn->out);
    } else if (conn->sent > BUFFER_BYTES_KEPT && conn->sent >= conn->out.len / 2) {
        buf_drop_front(&conn->out, conn->sent);
        for (size_t i = conn->holds_first; i < conn->holds_count; i++) {
            conn->holds[i].start -= conn->sent;
        }
        conn->sent = 0;
    }
    bool in_feed = conn->in_feed;
    conn->in_feed = true; /* the host asks for further output by itself */
    if (conn->state == CONN_STREAM) {
        stream_follow(conn);
    } else if (conn->in.len > 0) {
        conn_resume(conn);
    } else {
        set_idle(conn);
    }
    conn->in_feed = in_feed;
}

/* -- input ------------------------------------------------------------------------ */

/* Lets requests be read and answered as long as there is room for the answers;
 * returns how much of the data was used. */
static size_t process(struct conn *conn, const char *data, size_t len)
{
    bool in_feed = conn->in_feed;
    conn->in_feed = true;
    size_t used = 0;
    while (used < len && accepts(conn)) {
        size_t step = http_feed(conn, data + used, len - used);
        if (step == 0) {
            break;
        }
        used += step;
    }
    conn->in_feed = in_feed;
    return conn->state == CONN_CLOSING ? len : used;
}

/* The peer sends no more: what it left unfinished is refused, and then it is over. */
static void end_of_input(struct conn *conn)
{
    const bool unfinished = conn->state == CONN_BODY || conn->in.len > 0;
    if (unfinished) {
        call_refuse_http(conn, 400, BOARD_INVALID, "the request ended before it was complete",
                         "send the whole request again, on a new connection");
    } else {
        conn_close_after(conn, false);
    }
}

/* After input was looked at: the time-outs, and the end if the peer has ended. */
static void settle_input(struct conn *conn, size_t in_before)
{
    if (conn->in.len == 0) {
        buffer_rest(conn->gateway, &conn->in);
    }
    if (conn->peer_ended && accepts(conn)) {
        end_of_input(conn);
    }
    if (conn->state != CONN_HEAD) {
        return;
    }
    if (conn->in.len == 0 || !accepts(conn)) {
        conn_set_deadline(conn, conn->gateway->options.idle_timeout_ms);
    } else if (in_before == 0) {
        conn_set_deadline(conn, conn->gateway->options.header_timeout_ms);
    }
}

void conn_resume(struct conn *conn)
{
    if (conn->in.len > 0) {
        size_t used = process(conn, (const char *)conn->in.at, conn->in.len);
        buf_drop_front(&conn->in, used < conn->in.len ? used : conn->in.len);
    }
    settle_input(conn, 0);
}

void conn_feed(struct conn *conn, const void *bytes, size_t len)
{
    struct gateway *gateway = conn->gateway;
    gateway->now_ns = gateway->options.io->mono_ns(gateway->options.io->host);
    gateway->bytes_in += len;
    if (conn->state == CONN_CLOSING || conn->state == CONN_STREAM) {
        conn->discarded += len;
        if (conn->discarded > gateway->options.limits.request_bytes_max) {
            conn->linger = false;
        }
        return;
    }
    if (!accepts(conn)) {
        buffer_wake(gateway, &conn->in);
        buf_add(&conn->in, bytes, len);
        return;
    }
    size_t in_before = conn->in.len;
    if (in_before == 0) {
        size_t used = process(conn, bytes, len);
        if (used < len) {
            buffer_wake(gateway, &conn->in);
            buf_add(&conn->in, (const char *)bytes + used, len - used);
        }
    } else {
        buf_add(&conn->in, bytes, len);
        size_t used = process(conn, (const char *)conn->in.at, conn->in.len);
        if (used > 0) {
            /* Whatever is left begins a new request (or waits for one). */
            buf_drop_front(&conn->in, used < conn->in.len ? used : conn->in.len);
            in_before = 0;
        }
    }
    settle_input(conn, in_before);
}

void conn_feed_end(struct conn *conn)
{
    conn->peer_ended = true;
    if (conn->state == CONN_PARKED) {
        claim_abandon(conn);
    }
    if (conn->state == CONN_STREAM) {
        conn_stream_end(conn);
    }
    if (accepts(conn)) {
        end_of_input(conn);
    }
}

void conn_close_after(struct conn *conn, bool linger)
{
    if (conn->state == CONN_CLOSING) {
        return;
    }
    conn->state = CONN_CLOSING;
    conn->linger = linger && !conn->peer_ended;
    conn->discarded = 0;
    conn_set_deadline(conn, conn->linger ? LINGER_MS : conn->gateway->options.idle_timeout_ms);
}

bool conn_wants_read(const struct conn *conn)
{
    switch (conn->state) {
    case CONN_HEAD:
    case CONN_BODY:
        return backlog(conn) <= OUTPUT_BYTES_HIGH && conn->in.len < INPUT_BYTES_HIGH;
    case CONN_PARKED: /* so that the host sees the peer go away */
        return conn->in.len < INPUT_BYTES_HIGH;
    case CONN_STREAM:
        return true;
    case CONN_CLOSING:
        return conn->linger && !conn->peer_ended;
    }
    UNREACHABLE("a connection is in a state");
}

bool conn_wants_close(const struct conn *conn)
{
    return conn->state == CONN_CLOSING && backlog(conn) == 0 &&
           (!conn->linger || conn->peer_ended);
}

/* Nobody reads what we write, or nobody writes what we read. */
static void give_up(struct conn *conn)
{
    waiting_leave(conn);
    conn->holds_first = 0;
    conn->holds_count = 0;
    buf_clear(&conn->out);
    conn->sent = 0;
    conn->linger = false;
    conn->state = CONN_CLOSING;
    conn_set_deadline(conn, UINT64_MAX);
}

void conn_timer(struct conn *conn)
{
    conn_set_deadline(conn, UINT64_MAX);
    switch (conn->state) {
    case CONN_HEAD:
    case CONN_BODY:
        if (conn->state == CONN_HEAD && (conn->in.len == 0 || !accepts(conn))) {
            give_up(conn);
        } else {
            call_refuse_http(conn, 408, BOARD_UNAVAILABLE,
                             "the request did not arrive in time",
                             "send the whole request at once, on a new connection");
        }
        break;
    case CONN_STREAM:
        stream_keepalive(conn);
        break;
    case CONN_CLOSING:
        if (conn->linger && backlog(conn) > 0) {
            conn->linger = false;
            conn_set_deadline(conn, conn->gateway->options.idle_timeout_ms);
        } else {
            give_up(conn);
        }
        break;
    case CONN_PARKED: /* the board keeps its time */
        return;
    }
    conn_ready(conn);
}
