/* peer.c - one connection: read, feed, send, close.
 *
 * 1. Bytes go from one read buffer, shared by all, straight into conn_feed.
 * 2. Output is sent from where it lies. What the socket does not take is copied, at
 *    most WRITE_CHUNK_BYTES at a time, and the rest stays in the gateway, which
 *    bounds it and stops reading (conn_wants_read) from those who do not read.
 * 3. A peer is on the ready list at most once; the list is empty whenever close
 *    callbacks run, so a freed peer is never on it.
 */
#include "host/posix/server_internal.h"

#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"

static void on_closed(uv_handle_t *handle)
{
    struct peer *peer = (struct peer *)handle;
    CHECK(!peer->ready);
    mem_free(peer->chunk);
    mem_free(peer);
}

static void slow_begin(struct server *server)
{
    server->slow_count++;
}

static void slow_end(struct peer *peer)
{
    CHECK(peer->server->slow_count > 0);
    peer->server->slow_count--;
    peer->rounds = 0;
}

void peer_close(struct peer *peer)
{
    struct server *server = peer->server;
    if (peer->state == PEER_CLOSED) {
        return;
    }
    if (peer->state == PEER_LINGERING || peer->chunk != NULL) {
        slow_end(peer);
    }
    server->lingering_count -= peer->state == PEER_LINGERING ? 1 : 0;
    peer->state = PEER_CLOSED;
    conn_free(peer->conn);
    peer->conn = NULL;
    *(peer->previous != NULL ? &peer->previous->next : &server->peers) = peer->next;
    if (peer->next != NULL) {
        peer->next->previous = peer->previous;
    }
    CHECK(server->peers_count > 0);
    server->peers_count--;
    uv_close(&peer->handle, on_closed);
}

void peer_mark_ready(struct peer *peer)
{
    if (!peer->ready && peer->state == PEER_OPEN) {
        peer->ready = true;
        peer->ready_next = NULL;
        *peer->server->ready_end = peer;
        peer->server->ready_end = &peer->ready_next;
    }
}

/* -- reading --------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out_buffer)
{
    (void)suggested;
    struct server *server = ((struct peer *)handle)->server;
    *out_buffer = uv_buf_init(server->read_buffer, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct peer *peer = (struct peer *)stream;
    if (count == 0) {
        return;
    }
    if (count < 0 && (count != UV_EOF || peer->state == PEER_LINGERING)) {
        peer_close(peer);
        return;
    }
    if (peer->state == PEER_LINGERING) {
        return; /* thrown away */
    }
    if (count == UV_EOF) {
        peer->ended = true;
        peer->reading = false;
        uv_read_stop(stream);
        conn_feed_end(peer->conn);
    } else {
        conn_feed(peer->conn, buffer->base, (size_t)count);
    }
    peer_mark_ready(peer);
}

static void read_or_not(struct peer *peer)
{
    bool wanted = !peer->ended && conn_wants_read(peer->conn);
    if (wanted && !peer->reading) {
        peer->reading = uv_read_start(&peer->stream, on_alloc, on_read) == 0;
    } else if (!wanted && peer->reading) {
        uv_read_stop(&peer->stream);
        peer->reading = false;
    }
}

/* -- writing --------------------------------------------------------------------- */

static void on_written(uv_write_t *request, int status)
{
    struct peer *peer = (struct peer *)request->handle;
    if (peer->state == PEER_CLOSED) {
        return; /* on_closed frees the chunk */
    }
    mem_free(peer->chunk);
    peer->chunk = NULL;
    slow_end(peer);
    if (status != 0) {
        peer_close(peer);
        return;
    }
    peer_mark_ready(peer);
}

static void write_later(struct peer *peer, struct str output)
{
    size_t len = output.len < WRITE_CHUNK_BYTES ? output.len : WRITE_CHUNK_BYTES;
    peer->chunk = mem_alloc(len);
    memcpy(peer->chunk, output.at, len);
    peer->chunk_left = len;
    conn_sent(peer->conn, len);
    slow_begin(peer->server);
    uv_buf_t buffer = uv_buf_init(peer->chunk, (unsigned)len);
    if (uv_write(&peer->write, &peer->stream, &buffer, 1, on_written) != 0) {
        peer_close(peer);
    }
}

static void on_shut_down(uv_shutdown_t *request, int status)
{
    (void)request;
    (void)status; /* the other side is gone already: reading tells */
}

/* The last answer is sent. Closing now, with bytes unread, would reset the connection
 * and could destroy that answer on its way. */
static void linger(struct peer *peer)
{
    conn_free(peer->conn);
    peer->conn = NULL;
    if (peer->ended || uv_shutdown(&peer->shutdown, &peer->stream, on_shut_down) != 0) {
        peer_close(peer);
        return;
    }
    peer->state = PEER_LINGERING;
    peer->server->lingering_count++;
    slow_begin(peer->server);
    if (!peer->reading && uv_read_start(&peer->stream, on_alloc, on_read) != 0) {
        peer_close(peer);
    }
}

void peer_flush(struct peer *peer)
{
    if (peer->state != PEER_OPEN) {
        return;
    }
    if (peer->chunk != NULL) {
        read_or_not(peer); /* on_written comes back for the rest */
        return;
    }
    struct str output = conn_output(peer->conn);
    if (output.len > 0) {
        size_t want = output.len < WRITE_CHUNK_BYTES ? output.len : WRITE_CHUNK_BYTES;
        uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)output.at, (unsigned)want);
        int sent = uv_try_write(&peer->stream, &buffer, 1);
        if (sent < 0 && sent != UV_EAGAIN) {
            peer_close(peer);
            return;
        }
        if (sent > 0) {
            conn_sent(peer->conn, (size_t)sent);
            output = conn_output(peer->conn);
        }
        if (output.len > 0) {
            write_later(peer, output);
            return; /* on_read or on_written sees whether to read on */
        }
    }
    if (conn_wants_close(peer->conn)) {
        linger(peer);
        return;
    }
    read_or_not(peer);
}

void peer_care(struct peer *peer)
{
    if (peer->state == PEER_LINGERING) {
        if (++peer->rounds > LINGER_ROUNDS) {
            peer_close(peer);
        }
        return;
    }
    if (peer->chunk == NULL) {
        return;
    }
    size_t left = uv_stream_get_write_queue_size(&peer->stream);
    peer->rounds = left == peer->chunk_left ? peer->rounds + 1 : 0;
    peer->chunk_left = left;
    if (peer->rounds > STALLED_ROUNDS) {
        peer_close(peer);
    }
}

/* -- accepting ----------------------------------------------------------------------- */

/* There is no room for another connection: told, and not served. */
static void refuse(struct peer *peer)
{
    static const char body[] =
        "{\"type\":\"urn:nexus:error:limit_reached\",\"title\":\"A limit is reached\","
        "\"status\":429,\"code\":\"limit_reached\","
        "\"detail\":\"no further connection is taken at the moment\","
        "\"next\":\"Use fewer connections, and keep them open; wait before trying again.\","
        "\"retry_after_ms\":1000}";
    char text[1024];
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 429 Too Many Requests\r\n"
                       "Content-Type: application/problem+json\r\nRetry-After: 1\r\n"
                       "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                       sizeof body - 1, body);
    CHECK(len > 0 && (size_t)len < sizeof text);
    uv_buf_t buffer = uv_buf_init(text, (unsigned)len);
    if (uv_try_write(&peer->stream, &buffer, 1) != len) {
        peer_close(peer);
        return;
    }
    linger(peer);
}

void peer_accept(struct server *server, uv_stream_t *listener, enum conn_kind kind)
{
    struct peer *peer = mem_zalloc(sizeof *peer);
    int failed = kind == CONN_TCP ? uv_tcp_init(server->options.loop, &peer->tcp)
                                  : uv_pipe_init(server->options.loop, &peer->pipe, 0);
    CHECK(failed == 0);
    peer->server = server;
    peer->state = PEER_OPEN;
    peer->next = server->peers;
    if (peer->next != NULL) {
        peer->next->previous = peer;
    }
    server->peers = peer;
    server->peers_count++;
    if (uv_accept(listener, &peer->stream) != 0) {
        peer_close(peer);
        return;
    }
    if (kind == CONN_TCP) {
        uv_tcp_nodelay(&peer->tcp, 1);
    }
    peer->conn = conn_new(server->gateway, kind, peer);
    if (peer->conn == NULL) {
        refuse(peer);
        return;
    }
    peer_flush(peer); /* begins to read */
}
