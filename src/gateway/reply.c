/* reply.c - writes answers straight into the connection's output.
 *
 *     reply_begin   status line and the headers every answer has
 *     reply_header  further ones
 *     reply_body    room for the length, the empty line; the caller appends the body
 *     reply_end     fills the length in, and says what must be durable first
 *
 * The length is set into a field of fixed width padded with spaces in front, which
 * RFC 9112 section 5 allows, so that no body is built elsewhere and copied.
 */
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "gateway/gateway_internal.h"

#define LENGTH_WIDTH 10

struct str status_line(int status)
{
    switch (status) {
    case 200:
        return STR("HTTP/1.1 200 OK\r\n");
    case 201:
        return STR("HTTP/1.1 201 Created\r\n");
    case 204:
        return STR("HTTP/1.1 204 No Content\r\n");
    case 304:
        return STR("HTTP/1.1 304 Not Modified\r\n");
    case 400:
        return STR("HTTP/1.1 400 Bad Request\r\n");
    case 401:
        return STR("HTTP/1.1 401 Unauthorized\r\n");
    case 403:
        return STR("HTTP/1.1 403 Forbidden\r\n");
    case 404:
        return STR("HTTP/1.1 404 Not Found\r\n");
    case 405:
        return STR("HTTP/1.1 405 Method Not Allowed\r\n");
    case 408:
        return STR("HTTP/1.1 408 Request Timeout\r\n");
    case 409:
        return STR("HTTP/1.1 409 Conflict\r\n");
    case 413:
        return STR("HTTP/1.1 413 Content Too Large\r\n");
    case 414:
        return STR("HTTP/1.1 414 URI Too Long\r\n");
    case 417:
        return STR("HTTP/1.1 417 Expectation Failed\r\n");
    case 422:
        return STR("HTTP/1.1 422 Unprocessable Content\r\n");
    case 429:
        return STR("HTTP/1.1 429 Too Many Requests\r\n");
    case 431:
        return STR("HTTP/1.1 431 Request Header Fields Too Large\r\n");
    case 503:
        return STR("HTTP/1.1 503 Service Unavailable\r\n");
    case 505:
        return STR("HTTP/1.1 505 HTTP Version Not Supported\r\n");
    default:
        UNREACHABLE("an answer has a known status");
    }
}

#define NOSNIFF "X-Content-Type-Options: nosniff\r\n"
#define NO_STORE "Cache-Control: no-store\r\n"

static struct str type_headers(enum reply_type type)
{
    switch (type) {
    case REPLY_JSON:
        return STR("Content-Type: application/json\r\n" NOSNIFF NO_STORE);
    case REPLY_RECORD:
        return STR("Content-Type: application/json\r\n" NOSNIFF
                   "Cache-Control: private, no-cache\r\n");
    case REPLY_PROBLEM:
        return STR("Content-Type: application/problem+json\r\n" NOSNIFF NO_STORE);
    case REPLY_METRICS:
        return STR("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" NOSNIFF NO_STORE);
    case REPLY_HTML:
        return STR("Content-Type: text/html; charset=utf-8\r\n" NOSNIFF NO_STORE
                   "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n");
    }
    UNREACHABLE("an answer has a type");
}

static void put_two(char *at, int64_t value)
{
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
}

/* "Date: Sat, 21 Nov 2026 03:18:27 GMT" and CR LF, made once a second. The civil date
 * is found from the days since 1 March of year 0, in eras of 400 years. */
static struct str date_header(struct gateway *gateway)
{
    static const char days_words[] = "ThuFriSatSunMonTueWed";
    static const char months_words[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const struct io *io = gateway->options.io;
    int64_t now_s = io->wall_ms(io->host) / (int64_t)MS_PER_S;
    const size_t len = sizeof "Date: Sat, 21 Nov 2026 03:18:27 GMT\r\n" - 1;
    if ((now_s == gateway->date_s && gateway->date[0] != 0) || now_s < 0 ||
        now_s > 253402300799) {
        return str_n(gateway->date, gateway->date[0] == 0 ? 0 : len);
    }
    gateway->date_s = now_s;
    int64_t days = now_s / 86400;
    int64_t second = now_s % 86400;
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    char *at = gateway->date;
    memcpy(at, "Date: Sat, 21 Nov 2026 03:18:27 GMT\r\n", len);
    memcpy(at + 6, days_words + days % 7 * 3, 3);
    put_two(at + 11, day_of_year - (153 * march_month + 2) / 5 + 1);
    memcpy(at + 14, months_words + (month - 1) * 3, 3);
    put_two(at + 18, year / 100);
    put_two(at + 20, year % 100);
    put_two(at + 23, second / 3600);
    put_two(at + 26, second / 60 % 60);
    put_two(at + 29, second % 60);
    return str_n(at, len);
}

static void begin(struct call *call, int status, struct str type)
{
    struct conn *conn = call->conn;
    CHECK(!call->replied);
    buffer_wake(call->gateway, &conn->out);
    call->reply_start = conn->out.len;
    call->reply_status = status;
    call->reply_length_at = 0;
    buf_add_str(&conn->out, status_line(status));
    buf_add_str(&conn->out, type);
    buf_add_str(&conn->out, date_header(call->gateway));
    if (!conn->keep_alive || call->gateway->draining) {
        buf_add_str(&conn->out, STR("Connection: close\r\n"));
    } else if (conn->old_http) {
        buf_add_str(&conn->out, STR("Connection: keep-alive\r\n"));
    }
}

void reply_begin(struct call *call, int status, enum reply_type type)
{
    begin(call, status, type_headers(type));
}

void reply_header(struct call *call, struct str name, struct str value)
{
    struct buf *out = &call->conn->out;
    buf_add_str(out, name);
    buf_add(out, ": ", 2);
    buf_add_str(out, value);
    buf_add(out, "\r\n", 2);
}

struct buf *reply_body(struct call *call)
{
    struct buf *out = &call->conn->out;
    buf_add_str(out, STR("Content-Length: "));
    call->reply_length_at = out->len;
    buf_add_str(out, STR("          \r\n\r\n"));
    call->reply_body_at = out->len;
    return out;
}

static void finish(struct call *call, uint64_t seq)
{
    struct gateway *gateway = call->gateway;
    call->replied = true;
    enum operation_id id = call->op == NULL ? OP_NONE : call->op->id;
    gateway->requests[id][call->reply_status / 100]++;
    conn_hold(call->conn, call->reply_start, call->slot, seq);
}

void reply_end(struct call *call, uint64_t seq)
{
    struct buf *out = &call->conn->out;
    size_t len = out->len - call->reply_body_at;
    char *end = (char *)out->at + call->reply_length_at + LENGTH_WIDTH;
    do {
        *--end = (char)('0' + len % 10);
        len /= 10;
    } while (len > 0);
    CHECK(end >= (char *)out->at + call->reply_length_at);
    if (call->head_only) {
        out->len = call->reply_body_at;
    }
    finish(call, seq);
}

void reply_undo(struct call *call)
{
    CHECK(!call->replied);
    call->conn->out.len = call->reply_start;
}

struct str reply_written(const struct call *call)
{
    const struct buf *out = &call->conn->out;
    return str_n(out->at + call->reply_body_at, out->len - call->reply_body_at);
}

struct json_writer reply_json(struct call *call, int status)
{
    reply_begin(call, status, REPLY_JSON);
    struct json_writer w;
    jw_init(&w, reply_body(call), false);
    return w;
}

void reply_empty(struct call *call, int status, uint64_t seq)
{
    if (call->reply_status != status) {
        begin(call, status, STR(NO_STORE));
    }
    buf_add(&call->conn->out, "\r\n", 2);
    finish(call, seq);
}

void reply_stream(struct call *call)
{
    struct conn *conn = call->conn;
    conn->keep_alive = false; /* the stream ends with the connection */
    begin(call, 200, STR("Content-Type: text/event-stream; charset=utf-8\r\n" NOSNIFF NO_STORE
                         "X-Accel-Buffering: no\r\n"));
    buf_add(&conn->out, "\r\n", 2);
    if (!call->head_only) {
        buf_add_str(&conn->out, STR("retry: 2000\n\n"));
    }
    finish(call, 0);
}
