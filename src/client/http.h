/* http.h - a small blocking HTTP/1.1 client: one connection, kept alive, over TCP or a
 * Unix socket.
 *
 * A request that meets a connection the peer had already closed is sent once more on a
 * fresh one; every POST carries an Idempotency-Key, so that is safe.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct http {
    char socket_path[256]; /* set: a Unix socket; else host and port */
    char host[256];
    char port[8];
    char token[256];     /* empty: none is sent */
    uint64_t timeout_ms; /* for connecting and for silence; 0 = 30,000 */
    int fd;              /* -1: not connected */
    struct buf in;       /* read and not yet consumed */
    size_t in_at;
    /* the body being read */
    bool chunked, until_close, body_done, keep_alive;
    uint64_t left; /* of the body or the chunk */
};

struct http_reply {
    int status;
    struct str body; /* borrowed until the next call on the connection */
    char content_type[64];
};

void http_init(struct http *http);
void http_deinit(struct http *http);

/* "http://HOST:PORT" or "unix:/path"; false: the trail says what is wrong with it. */
MUST_USE bool http_set_url(struct http *http, const char *url, struct trail *trail);

/* Sends and reads the whole answer into `out`. extra_wait_ms is added to the time-out
 * (for calls that wait at the daemon). ERR_NOT_FOUND: nobody listens there; ERR_IO: the
 * connection broke or stayed silent. */
MUST_USE enum err http_call(struct http *http, const char *method, struct str path, struct str body,
                            const char *idempotency_key, uint64_t extra_wait_ms, struct buf *out,
                            struct http_reply *out_reply, struct trail *trail);

/* The same, but returns when the head is read; then http_read gives the body in pieces. */
MUST_USE enum err http_open(struct http *http, const char *method, struct str path,
                            const char *header, struct http_reply *out_reply, struct trail *trail);
/* Appends what came next; *out_end: the body is over. timeout_ms 0: that of the client. */
MUST_USE enum err http_read(struct http *http, uint64_t timeout_ms, struct buf *out, bool *out_end,
                            struct trail *trail);
