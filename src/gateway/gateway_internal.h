/* gateway_internal.h - what the files of the gateway share.
 *
 * A *conn* turns bytes into requests (http.c) and keeps answers until they may leave
 * (conn.c). A *call* is one request being answered; it lives on the stack of
 * call_run. A *slot* is a board under its name. Only parked claims and event streams
 * outlive a call, and what they need lies in the conn.
 */
#pragma once
#include <llhttp.h>

#include "base/arena.h"
#include "base/timers.h"
#include "gateway/gateway.h"
#include "gateway/operations.h"

#define HEAD_BYTES_MAX 16384u
#define TARGET_BYTES_MAX 8192u
#define HEADERS_MAX 100u
#define OUTPUT_BYTES_HIGH (1u << 20) /* behind this much output nothing more is read */
#define INPUT_BYTES_HIGH (1u << 18)  /* nor behind this much input not yet looked at */
#define BUFFER_BYTES_KEPT (1u << 16) /* larger ones go back to the heap when empty */
#define SPARE_BUFFERS_MAX 64u
#define LINGER_MS 2000u
#define ANSWER_KEPT_MAX (768u << 10) /* longer answers are not remembered whole */

/* X(id, name in lower case, may be repeated) */
#define HEADER_TABLE(X)                                                                            \
    X(HEADER_HOST, "host")                                                                         \
    X(HEADER_ORIGIN, "origin")                                                                     \
    X(HEADER_AUTHORIZATION, "authorization")                                                       \
    X(HEADER_IDEMPOTENCY_KEY, "idempotency-key")                                                   \
    X(HEADER_IF_NONE_MATCH, "if-none-match")                                                       \
    X(HEADER_LAST_EVENT_ID, "last-event-id")                                                       \
    X(HEADER_EXPECT, "expect")                                                                     \
    X(HEADER_CONTENT_LENGTH, "content-length")                                                     \
    X(HEADER_TRANSFER_ENCODING, "transfer-encoding")
enum header {
#define X(id, name) id,
    HEADER_TABLE(X)
#undef X
    HEADER_COUNT
};

/* Part of a request head; at == 0 means that it is not there. */
struct span {
    uint16_t at;
    uint16_t len;
};

enum conn_state {
    CONN_HEAD = 1, /* waits for a request head, or more of it */
    CONN_BODY,     /* waits for more of the body */
    CONN_PARKED,   /* a claim waits for an intent */
    CONN_STREAM,   /* server-sent events */
    CONN_CLOSING,  /* takes no more requests */
};

/* Output from `start` on may not leave before `seq` of the slot's board is durable. */
struct hold {
    size_t start;
    struct slot *slot;
    uint64_t seq;
};

struct parked {
    struct slot *slot;
    uint64_t ticket;
    enum operation_id op;
    bool idempotent;
    struct hash key, body;
    char actor[72];
    enum role role;
};

struct conn {
    struct gateway *gateway;
    void *host;
    enum conn_kind kind;
    enum conn_state state;
    uint32_t index;      /* in gateway->conns */
    uint32_t generation; /* of that place */
    bool peer_ended;     /* the peer closed its sending side */
    bool in_feed;        /* the host looks at the output by itself afterwards */

    /* The request being read. Spans are relative to head_base. */
    llhttp_t parser;
    size_t scanned; /* bytes of the head looked at, and where its current line begins */
    size_t line_at;
    unsigned lines;
    const char *head_base;
    struct span headers[HEADER_COUNT];
    struct span target;
    bool head_done, message_done, keep_alive, old_http, is_head, body_refused, checked;
    struct str body_view; /* the body as long as it is one run of the input */
    struct buf in;        /* input not yet consumed */
    struct buf head;      /* copy of the head while its body is incomplete */
    struct buf body;

    struct buf out;
    size_t sent;
    struct hold *holds;
    size_t holds_first, holds_count, holds_cap;
    struct slot *waiting; /* whose list of waiting connections this is in */
    struct conn *waiting_prev, *waiting_next;

    uint64_t deadline_ns; /* UINT64_MAX: none */
    uint64_t timer_ns;    /* what the heap of timers knows, never later */
    size_t discarded;     /* input thrown away while closing */
    bool linger;

    struct parked parked;

    /* CONN_STREAM */
    uint64_t stream_cursor; /* last seq sent or skipped */
    enum record_kind stream_kind;
    struct conn *stream_prev, *stream_next;
    struct slot *stream_slot;

    /* The token this connection showed last, and its hash. */
    char token[64];
    size_t token_len;
    struct hash token_hash;
};

struct slot {
    char name[65];
    struct board *board; /* NULL: gone */
    struct conn *waiting;
    struct conn *streams;
    bool failed_due;      /* reported while a call was being answered */
    uint64_t signed_size; /* the tree head signed last */
    int64_t signed_ms;
    struct hash signed_root;
    struct signature signature;
};

struct unparked {
    uint64_t ticket;
    struct result result;
};

struct gateway {
    struct gateway_options options;
    llhttp_settings_t settings;
    struct slot *slots[GATEWAY_BOARDS_MAX]; /* [0] is the main board */
    size_t slots_count;
    struct conn **conns; /* by index; NULL = free */
    uint32_t *generations;
    size_t conns_cap, generations_cap, conns_used, conns_count;
    uint32_t *free_places;
    size_t free_count, free_cap;
    struct timers timers;
    bool ready, draining, stop_due, busy;
    uint64_t start_ns, now_ns;
    struct arena arena; /* of the call being answered */
    struct buf scratch; /* decoded content, stored content; likewise */
    struct buf spare[SPARE_BUFFERS_MAX];
    size_t spare_count;
    struct unparked *unparked; /* reported while a call was being answered */
    size_t unparked_count, unparked_cap;
    size_t parked_count, streams_count;
    char date[40];
    int64_t date_s;
    char listen[272];
    struct str listen_port; /* in `listen` */
    struct buf openapi;
    char openapi_etag[24];
    uint64_t requests[OP_COUNT][6]; /* by status class */
    uint64_t refusals[BOARD_UNAVAILABLE + 1];
    uint64_t connections_total, connections_refused, bytes_in, bytes_out;
};

struct batch_ids;

/* Parsed fields (values) or query parameters (texts, numbers), by ARG_ number. */
struct args {
    const struct json *value[ARGS_MAX];
    struct str text[ARGS_MAX];
    int64_t number[ARGS_MAX];
    bool given[ARGS_MAX];
};

struct call {
    struct gateway *gateway;
    struct conn *conn;
    const struct operation *op; /* NULL: none was found */
    struct slot *slot;
    struct board *board;
    struct actor actor;
    struct str method, path, query, body;
    struct str param; /* {id} or {name} */
    struct args args;
    const struct batch_ids *batch; /* for "$N" */
    bool head_only;
    bool idempotent;
    struct hash key, body_hash;
    /* the answer being written */
    size_t reply_start, reply_length_at, reply_body_at;
    int reply_status;
    bool replied;
};

/* -- conn.c ------------------------------------------------------------------- */
struct str conn_header(const struct conn *conn, enum header header);
void conn_set_deadline(struct conn *conn, uint64_t after_ms); /* UINT64_MAX = never */
/* Output written from `start` on waits for seq on the slot's board (0 = it does not). */
void conn_hold(struct conn *conn, size_t start, struct slot *slot, uint64_t seq);
/* Takes no more requests; closes when the output is sent. `linger`: input that is
 * still coming is read and thrown away for a while, lest the answer be lost. */
void conn_close_after(struct conn *conn, bool linger);
void conn_released(struct conn *conn);   /* holds may have been met */
void conn_resume(struct conn *conn);     /* goes on with input kept back */
void conn_ready(struct conn *conn);      /* tells the host */
void conn_stream_end(struct conn *conn);
void conn_timer(struct conn *conn);
void conn_board_failed(struct conn *conn, struct slot *slot);
void buffer_wake(struct gateway *gateway, struct buf *buf);
void buffer_rest(struct gateway *gateway, struct buf *buf);
bool conn_idle(const struct conn *conn);

/* -- http.c ------------------------------------------------------------------- */
void http_settings(llhttp_settings_t *settings);
void http_begin(struct conn *conn); /* a new request */
/* Consumes from the data what it can; CONN_HEAD and CONN_BODY only. */
size_t http_feed(struct conn *conn, const char *data, size_t len);

/* -- route.c ------------------------------------------------------------------ */
/* Answers the request that the connection has read. */
void call_run(struct conn *conn, struct str body);
/* Whether the request would be refused whatever its body is; if so, it is answered. */
bool call_refuse_early(struct conn *conn);
/* A problem found before there is a request; closes the connection. */
void call_refuse_http(struct conn *conn, int status, enum outcome outcome, const char *detail,
                      const char *next);
#define X(ID, name, method, path, places, may, fields, query, answer, failures, summary)           \
    void run_##name(struct call *call);
OPERATION_TABLE(X)
#undef X

/* -- auth.c ------------------------------------------------------------------- */
/* Sets call->actor; false: answered with 401. */
bool auth_actor(struct call *call);
bool auth_may(struct call *call); /* false: answered with 403 */
bool auth_holds(const struct conn *conn); /* the token shown last is still good */
bool auth_host(struct conn *conn); /* Host and Origin; false: answered */

/* -- reply.c ------------------------------------------------------------------ */
enum reply_type { REPLY_JSON = 1, REPLY_RECORD, REPLY_PROBLEM, REPLY_METRICS, REPLY_HTML };
void reply_begin(struct call *call, int status, enum reply_type type);
void reply_header(struct call *call, struct str name, struct str value);
struct buf *reply_body(struct call *call); /* the header section ends here */
/* Ends the answer, which waits for seq on the call's board (0 = it does not). */
void reply_end(struct call *call, uint64_t seq);
void reply_undo(struct call *call); /* as if reply_begin had not been */
struct str reply_written(const struct call *call); /* the body so far */
/* begin, body and writer in one: an object is to be written. */
struct json_writer reply_json(struct call *call, int status);
void reply_empty(struct call *call, int status, uint64_t seq); /* 204, 304 */
void reply_stream(struct call *call);                          /* head of an event stream */
struct str status_line(int status);

/* -- problem.c ---------------------------------------------------------------- */
struct problem {
    const struct result *result;
    int status;        /* 0 = that of the outcome */
    int64_t op_index;  /* -1 = none */
    struct str header_name, header_value;
};
void problem_reply(struct call *call, const struct problem *problem);
void problem_result(struct call *call, const struct result *result);
void call_fail(struct call *call, enum outcome outcome, const char *next, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* The record, or in its place {id, kind, seq, damaged: true}: lists and streams must not
 * end at a record that the disk gives back damaged. */
void render_or_damaged(struct board *board, uint32_t ordinal, uint64_t as_of,
                       struct json_writer *w);
void result_fail(struct result *result, enum outcome outcome, const char *next,
                 const char *format, ...) PRINTF_LIKE(4, 5);
/* A record could not be read from the disk. */
void call_damaged(struct call *call);

/* -- args.c, query.c ---------------------------------------------------------- */
/* Reads the body by the operation's fields; false: answered. */
bool args_body(struct call *call);
/* The same for one object of a batch, which may have "op" (and "intent") as well. */
bool args_object(struct gateway *gateway, const struct operation *op, const struct json *object,
                 bool in_batch, struct args *out_args, struct result *out_result);
bool args_query(struct call *call);
/* Percent-decodes, strictly; '+' is a space in a query. False: malformed. */
bool percent_decode(struct arena *arena, struct str text, bool plus, struct str *out_text);

struct str arg_str(const struct args *args, int arg);
int64_t arg_int(const struct args *args, int arg, int64_t fallback);
bool arg_bool(const struct args *args, int arg);
/* "$N" becomes the id that operation N of the batch made. False: *result says why. */
bool arg_id(struct call *call, struct str text, struct str *out_id, struct result *result);
bool arg_ids(struct call *call, const struct args *args, int arg, struct id_list *out_ids,
             struct result *result);
bool arg_names(struct call *call, const struct args *args, int arg, const struct str **out_names,
               size_t *out_count);
bool arg_content(struct call *call, const struct args *args, int arg, struct content *out_content,
                 struct result *result);

/* -- write.c, ops_*.c: what one POST or one operation of a batch does ------------------- */
typedef void op_apply(struct call *call, const struct args *args, struct str intent,
                      struct result *result);
/* Writes the JSON answer; false: damaged on the disk. */
typedef bool op_render(struct call *call, const struct result *result, struct json_writer *w);
struct write_op {
    op_apply *apply;
    op_render *render;
    bool lasting; /* remembered for Idempotency-Key, durable before it is answered */
};
extern const struct write_op write_fact, write_intent, write_hint, write_claim, write_heartbeat,
    write_checkpoint, write_release, write_fail, write_conclude, write_cancel, write_claim_next;
/* One transaction, its answer, and what is remembered of it. BOARD_NONE: there is no
 * answer yet. */
enum outcome call_write(struct call *call, const struct write_op *op);
void call_get(struct call *call, enum record_kind kind);
/* The ordinal of the id in the path; false: answered with 400 or 404. */
bool call_record(struct call *call, enum record_kind kind, uint32_t *out_ordinal);
bool render_record(struct call *call, const struct result *result, struct json_writer *w);
bool render_claim(struct call *call, const struct result *result, struct json_writer *w);
void claim_unparked(struct conn *conn, const struct result *result);
void claim_abandon(struct conn *conn); /* the asker is gone, or the service ends */
struct batch_ids {
    char (*ids)[ID_TEXT_LEN + 1]; /* by operation; empty = made none */
    size_t done;
};

/* -- idempotency.c ------------------------------------------------------------ */
/* False: answered (replayed, or refused). */
bool idempotency_check(struct call *call);
/* Inside the transaction: remembers the answer, or {"id":...} for one too long. */
void idempotency_keep(struct call *call, int status, struct str answer);

/* -- sse.c -------------------------------------------------------------------- */
void stream_follow(struct conn *conn);
void stream_follow_all(struct slot *slot);
void stream_keepalive(struct conn *conn);

/* -- gateway.c ---------------------------------------------------------------- */
struct slot *gateway_slot(struct gateway *gateway, struct str name);
struct str hash_hex(const struct hash *hash, char out_hex[65]);
