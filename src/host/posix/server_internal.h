/* server_internal.h - one connection, as server.c and peer.c see it. */
#pragma once
#include "host/posix/server.h"

#define READ_BYTES 65536u
#define WRITE_CHUNK_BYTES 262144u /* copied for a peer that does not keep up */
#define CARE_MS 1000u             /* how often slow and closing peers are looked at */
#define STALLED_ROUNDS 60u        /* no byte taken for so long: dropped */
#define LINGER_ROUNDS 2u

/* States of a peer:
 *
 *   open --(answers sent, gateway wants it closed)--> lingering --(peer closes)--> closed
 *     \---------------------(error, stalled, server_close_all)------------------->/
 *
 * A lingering peer has no conn: its last answer is on the way and what it still sends
 * is thrown away, so that the answer is not destroyed by a reset. */
enum peer_state { PEER_OPEN = 1, PEER_LINGERING, PEER_CLOSED };

struct peer {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    };
    union {
        uv_req_t request;
        uv_write_t write;
        uv_shutdown_t shutdown;
    };
    struct server *server;
    struct conn *conn; /* NULL when not open */
    struct peer *previous, *next;
    struct peer *ready_next;
    char *chunk; /* being written; NULL: nothing is */
    size_t chunk_left;
    enum peer_state state;
    unsigned rounds; /* of care without progress */
    bool ready;
    bool reading;
    bool ended; /* the other side sends no more */
};

struct server {
    struct server_options options;
    struct gateway *gateway;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
    } tcp;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_pipe_t pipe;
    } local;
    bool tcp_open, local_open;
    char address[64];
    uv_check_t check;
    uv_prepare_t prepare;
    uv_timer_t timer; /* the gateway's next deadline */
    uint64_t timer_ns;
    uv_timer_t care;  /* runs only while a peer is slow or closing */
    struct peer *peers;
    size_t peers_count;
    size_t slow_count; /* peers being written to, or lingering */
    size_t lingering_count;
    struct peer *ready_first, **ready_end;
    char read_buffer[READ_BYTES];
};

void peer_accept(struct server *server, uv_stream_t *listener, enum conn_kind kind);
void peer_mark_ready(struct peer *peer);
/* Sends what there is to send, reads on or not, closes when it is time. */
void peer_flush(struct peer *peer);
void peer_close(struct peer *peer);
/* One round of care: lingering and stalled peers are closed in the end. */
void peer_care(struct peer *peer);
