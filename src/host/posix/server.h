/* server.h - sockets of the daemon on a libuv loop, glued to the gateway.
 *
 * Listens on loopback TCP and on a Unix socket, feeds what it reads to conn_feed
 * and sends what conn_output offers. After each round of the loop it takes one
 * *turn*: time passes, commits start, answers leave.
 */
#pragma once
#include <uv.h>

#include "base/err.h"
#include "base/str.h"
#include "gateway/gateway.h"

struct server;

struct server_options {
    uv_loop_t *loop;                /* kept */
    void (*on_turn)(void *context); /* at the end of each turn; may be NULL */
    void *context;
};

struct server *server_new(const struct server_options *options);
/* Everything is closed first: server_close_all, then the loop has run dry. */
void server_free(struct server *server);

/* ERR_INVALID: server_bind_tcp would not take it. */
MUST_USE enum err server_check_address(struct str host_port, struct trail *trail);
/* "HOST:PORT", a loopback address; port 0 takes a free one. ERR_INVALID: not that;
 * ERR_LOCKED: the port is taken; ERR_READONLY: not permitted. */
MUST_USE enum err server_bind_tcp(struct server *server, struct str host_port, struct trail *trail);
/* Mode 0600; a socket that nobody answers is replaced. ERR_INVALID: the path is too
 * long or no socket; ERR_LOCKED: somebody answers. */
MUST_USE enum err server_bind_unix(struct server *server, const char *path, struct trail *trail);
/* The bound address as "127.0.0.1:7700" or "[::1]:7700"; valid after server_bind_tcp. */
const char *server_address(const struct server *server);

/* Begins to accept. The gateway is borrowed; its on_ready must call server_ready. */
MUST_USE enum err server_listen(struct server *server, struct gateway *gateway,
                                struct trail *trail);
void server_ready(struct server *server, struct conn *conn);
void server_turn(struct server *server);

void server_stop_accepting(struct server *server);
/* Cuts all connections. */
void server_drop_peers(struct server *server);
/* Drops all connections and closes the handles; run the loop afterwards. */
void server_close_all(struct server *server);
/* Those with a request or an answer still possible, lingering ones not. */
size_t server_connections(const struct server *server);
