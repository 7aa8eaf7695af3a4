/* gateway.h - HTTP over bytes: requests in, answers and event streams out.
 *
 * Sans-I/O: a host owns sockets and the clock; it feeds what it read, sends what
 * conn_output offers, and is told through `on_ready` which connections have
 * something to send or want to be closed. The gateway never calls out from inside
 * conn_feed except through the board.
 *
 * An answer that depends on records not yet durable stays in the connection until
 * gateway_durable says so. After each burst of reads the host calls gateway_settle,
 * which starts the commit.
 *
 * conn_feed and conn_sent do not call on_ready for their own connection: the host
 * looks at conn_output and conn_wants_close after them by itself. Inside on_ready it
 * may take output and free the connection.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/io.h"
#include "board/board.h"
#include "crypto/sign.h"

struct gateway;
struct conn;

struct gateway_options {
    const struct io *io;
    struct limits limits;
    struct hash admin_token_hash;
    struct sign_key tree_key;       /* signs tree heads */
    const char *version;            /* "0.1.0" */
    const char *listen;             /* "127.0.0.1:7700": what Host may name */
    uint64_t header_timeout_ms;     /* 0 = 10,000: a request head must be whole by then */
    uint64_t body_timeout_ms;       /* 0 = 60,000: likewise its body */
    uint64_t idle_timeout_ms;       /* 0 = 300,000: keep-alive without a request */
    uint64_t keepalive_ms;          /* 0 = 15,000: comment line on a silent stream */
    /* The connection has output, or is to be closed. May be NULL. */
    void (*on_ready)(void *context, struct conn *conn);
    /* An admin asked for another board: open or make it (name is valid). NULL: refused. */
    struct board *(*make_board)(void *context, struct str name);
    void (*on_stop)(void *context); /* an admin asked the service to stop; may be NULL */
    void *context;
};

struct gateway *gateway_new(const struct gateway_options *options);
void gateway_free(struct gateway *gateway);
#define GATEWAY_BOARDS_MAX 256u /* the main one counts */
/* What a further board may be called: [a-z0-9][a-z0-9._-]{0,63}, and not "main". */
bool gateway_board_name(struct str name);
/* The board at /api/v1 (name empty) or /api/v1/boards/NAME; NULL: it is gone (503).
 * The gateway borrows it. Its callbacks must reach the gateway: */
void gateway_set_board(struct gateway *gateway, struct str name, struct board *board);
void gateway_durable(struct gateway *gateway, struct board *board);
void gateway_failed(struct gateway *gateway, struct board *board, enum err err);
void gateway_unparked(struct gateway *gateway, struct board *board, uint64_t ticket,
                      const struct result *result);
/* False until the log is replayed: readyz and all operations answer 503. */
void gateway_set_ready(struct gateway *gateway, bool ready);
/* Draining: no new requests; parked claims and streams end; each connection closes
 * after its last answer. */
void gateway_drain(struct gateway *gateway);

/* Lets time pass: time-outs, keep-alive comments, board_step of every board. Returns
 * when it wants to be called again (monotonic ns). */
uint64_t gateway_step(struct gateway *gateway);
/* After a burst of reads: starts commits, lets streams follow. */
void gateway_settle(struct gateway *gateway);

enum conn_kind { CONN_TCP = 1, CONN_UNIX };
/* NULL: too many connections (the host closes the socket; a 503 was counted). */
struct conn *conn_new(struct gateway *gateway, enum conn_kind kind, void *host);
void conn_free(struct conn *conn); /* also when the peer went away */
void *conn_host(const struct conn *conn);
void conn_feed(struct conn *conn, const void *bytes, size_t len);
void conn_feed_end(struct conn *conn); /* the peer closed its sending side */
/* Bytes that may be sent now (possibly none), valid until the next call on the
 * connection; conn_sent says how many of them went out. */
struct str conn_output(const struct conn *conn);
void conn_sent(struct conn *conn, size_t len);
bool conn_wants_read(const struct conn *conn);  /* false: stop reading for now */
bool conn_wants_close(const struct conn *conn); /* close once the output is sent */

/* The OpenAPI 3.1 description, as served at /openapi.json. */
void gateway_openapi(struct gateway *gateway, struct buf *out);
