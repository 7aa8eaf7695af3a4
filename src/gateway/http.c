/* http.c - bytes to requests (RFC 9112), strictly.
 *
 * Two judges look at every request head. The first is here: it finds the end of the
 * head, holds the limits, and refuses whatever two readers could understand
 * differently: bare line feeds, folded lines, space before a colon, control
 * characters, repeated framing headers. The second is llhttp, which knows methods,
 * versions, lengths and chunks; it sees a head only when it is whole, so that all
 * that was found in it lies in one piece. Both must agree.
 *
 * The head and the body are borrowed from the input when they came at once, which is
 * nearly always; otherwise they are copied to conn->head and conn->body.
 */
#include <string.h>

#include "base/check.h"
#include "gateway/gateway_internal.h"

/* The token characters of RFC 9110 section 5.6.2. */
static const bool token_chars[256] = {
    ['!'] = true,  ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true,
    ['*'] = true,  ['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true,
    ['`'] = true,  ['|'] = true, ['~'] = true, ['0'] = true, ['1'] = true, ['2'] = true,
    ['3'] = true,  ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true,
    ['9'] = true,  ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true,
    ['F'] = true,  ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true,
    ['L'] = true,  ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true, ['Q'] = true,
    ['R'] = true,  ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true,
    ['X'] = true,  ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true,
    ['d'] = true,  ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true,
    ['j'] = true,  ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true,
    ['p'] = true,  ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true,
    ['v'] = true,  ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,
};

static const struct str header_names[HEADER_COUNT] = {
#define X(id, name) {(name), sizeof(name) - 1},
    HEADER_TABLE(X)
#undef X
};

/* -- what llhttp tells --------------------------------------------------------------- */

static int on_headers_complete(llhttp_t *parser)
{
    struct conn *conn = parser->data;
    conn->head_done = true;
    conn->keep_alive = llhttp_should_keep_alive(parser) != 0;
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    struct conn *conn = parser->data;
    size_t have = conn->body.len + conn->body_view.len;
    if (len > conn->gateway->options.limits.request_bytes_max - have) {
        conn->body_refused = true;
        return HPE_USER;
    }
    if (have == 0) {
        conn->body_view = str_n(at, len);
        return 0;
    }
    buffer_wake(conn->gateway, &conn->body);
    buf_add_str(&conn->body, conn->body_view);
    conn->body_view = STR_NONE;
    buf_add(&conn->body, at, len);
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    struct conn *conn = parser->data;
    conn->message_done = true;
    return HPE_PAUSED;
}

void http_settings(llhttp_settings_t *settings)
{
    llhttp_settings_init(settings);
    settings->on_headers_complete = on_headers_complete;
    settings->on_body = on_body;
    settings->on_message_complete = on_message_complete;
}

void http_begin(struct conn *conn)
{
    llhttp_reset(&conn->parser);
    conn->scanned = 0;
    conn->line_at = 0;
    conn->lines = 0;
    memset(conn->headers, 0, sizeof conn->headers);
    conn->head_done = false;
    conn->message_done = false;
    conn->body_refused = false;
    conn->checked = false;
    conn->body_view = STR_NONE;
}

/* -- the first judge ------------------------------------------------------------------ */

static void refuse(struct conn *conn, const char *detail)
{
    call_refuse_http(conn, 400, BOARD_INVALID, detail,
                     "send a well-formed HTTP/1.1 request on a new connection");
}

static void refuse_large(struct conn *conn, int status, const char *detail)
{
    call_refuse_http(conn, status, BOARD_TOO_LARGE, detail,
                     status == 413 ? "split the content, or store it elsewhere and record a link"
                                   : "shorten the request and send it on a new connection");
}

/* "METHOD SP target SP version": notes the target. */
static bool check_request_line(struct conn *conn, const char *data, const char *line, size_t len)
{
    const char *first = memchr(line, ' ', len);
    if (first == NULL) {
        refuse(conn, "the request line must be METHOD SP target SP version");
        return false;
    }
    const char *target = first + 1;
    const char *end = line + len;
    const char *second = memchr(target, ' ', (size_t)(end - target));
    if (second == NULL || second == target || end - second != sizeof " HTTP/1.1" - 1) {
        refuse(conn, "the request line must be METHOD SP target SP version");
        return false;
    }
    if ((size_t)(second - target) > TARGET_BYTES_MAX) {
        refuse_large(conn, 414, "the request target is longer than 8192 bytes");
        return false;
    }
    for (const char *p = target; p < second; p++) {
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f) {
            refuse(conn, "the request target holds a character that must be percent-encoded");
            return false;
        }
    }
    conn->target = (struct span){.at = (uint16_t)(target - data),
                                 .len = (uint16_t)(second - target)};
    return true;
}

static bool note_header(struct conn *conn, const char *data, struct str name, struct str value)
{
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        if (header_names[i].len != name.len || !str_eq_nocase(header_names[i], name)) {
            continue;
        }
        if (conn->headers[i].at != 0) {
            refuse(conn, "a header that may be given once is given twice");
            return false;
        }
        conn->headers[i] = (struct span){.at = (uint16_t)(value.at - data),
                                         .len = (uint16_t)value.len};
        break;
    }
    return true;
}

static bool check_header_line(struct conn *conn, const char *data, const char *line, size_t len)
{
    if (line[0] == ' ' || line[0] == '\t') {
        refuse(conn, "a header is folded over two lines");
        return false;
    }
    size_t colon = 0;
    while (colon < len && token_chars[(unsigned char)line[colon]]) {
        colon++;
    }
    if (colon == 0 || colon == len || line[colon] != ':') {
        refuse(conn, "a header name must be a token with a colon directly behind it");
        return false;
    }
    size_t from = colon + 1;
    size_t to = len;
    while (from < to && (line[from] == ' ' || line[from] == '\t')) {
        from++;
    }
    while (to > from && (line[to - 1] == ' ' || line[to - 1] == '\t')) {
        to--;
    }
    for (size_t i = from; i < to; i++) {
        unsigned char c = (unsigned char)line[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            refuse(conn, "a header value holds a control character");
            return false;
        }
    }
    return note_header(conn, data, str_n(line, colon), str_n(line + from, to - from));
}

enum scan { SCAN_MORE = 1, SCAN_DONE, SCAN_REFUSED };

static enum scan scan_incomplete(struct conn *conn, size_t len)
{
    conn->scanned = len;
    if (conn->lines == 0 && len > TARGET_BYTES_MAX + 64) {
        refuse_large(conn, 414, "the request line is longer than 8192 bytes");
        return SCAN_REFUSED;
    }
    if (len >= HEAD_BYTES_MAX) {
        refuse_large(conn, 431, "the request head is longer than 16384 bytes");
        return SCAN_REFUSED;
    }
    return SCAN_MORE;
}

/* Goes on where it stopped; *out_len is the length of the head with its empty line. */
static enum scan scan_head(struct conn *conn, const char *data, size_t len, size_t *out_len)
{
    for (;;) {
        const char *feed = conn->scanned < len
                               ? memchr(data + conn->scanned, '\n', len - conn->scanned)
                               : NULL;
        if (feed == NULL) {
            return scan_incomplete(conn, len);
        }
        size_t end = (size_t)(feed - data) + 1;
        const char *line = data + conn->line_at;
        size_t line_len = end - conn->line_at - 1;
        if (line_len == 0 || line[line_len - 1] != '\r') {
            refuse(conn, "lines of the request head must end with CR LF");
            return SCAN_REFUSED;
        }
        line_len--;
        if (conn->lines > 0 && line_len == 0 && end <= HEAD_BYTES_MAX) {
            *out_len = end;
            return SCAN_DONE;
        }
        if (conn->lines > 0 && (end > HEAD_BYTES_MAX || conn->lines > HEADERS_MAX)) {
            refuse_large(conn, 431, "the request head has more than 16384 bytes or 100 headers");
            return SCAN_REFUSED;
        }
        bool fine = conn->lines == 0 ? check_request_line(conn, data, line, line_len)
                                     : check_header_line(conn, data, line, line_len);
        if (!fine) {
            return SCAN_REFUSED;
        }
        conn->lines++;
        conn->line_at = end;
        conn->scanned = end;
    }
}

/* -- both judges ------------------------------------------------------------------------ */

static void refuse_parse(struct conn *conn, llhttp_errno_t error)
{
    if (conn->body_refused) {
        refuse_large(conn, 413, "the request body is larger than this service takes");
    } else if (error == HPE_INVALID_VERSION || error == HPE_PAUSED_H2_UPGRADE) {
        call_refuse_http(conn, 505, BOARD_INVALID, "only HTTP/1.1 and HTTP/1.0 are spoken here",
                         "send the request as HTTP/1.1 on a new connection");
    } else if (!conn->head_done) {
        refuse(conn, "the request head is malformed");
    } else {
        refuse(conn, "the request body is malformed");
    }
}

/* What the head says about the body, the host and the version. False: refused. */
static bool check_head(struct conn *conn)
{
    const llhttp_t *parser = &conn->parser;
    conn->old_http = parser->http_major == 1 && parser->http_minor == 0;
    conn->is_head = parser->method == HTTP_HEAD;
    if (parser->http_major != 1 || parser->http_minor > 1) {
        refuse_parse(conn, HPE_INVALID_VERSION);
        return false;
    }
    struct str coding = conn_header(conn, HEADER_TRANSFER_ENCODING);
    if (conn->headers[HEADER_TRANSFER_ENCODING].at != 0 &&
        (!str_eq_nocase(coding, STR("chunked")) || conn->old_http ||
         conn->headers[HEADER_CONTENT_LENGTH].at != 0)) {
        refuse(conn, "the only transfer coding is chunked, in HTTP/1.1, without Content-Length");
        return false;
    }
    struct str expect = conn_header(conn, HEADER_EXPECT);
    if (expect.len > 0 && !str_eq_nocase(expect, STR("100-continue"))) {
        call_refuse_http(conn, 417, BOARD_INVALID, "the only expectation known is 100-continue",
                         "send the request without the Expect header");
        return false;
    }
    if (!auth_host(conn)) {
        return false;
    }
    if (!conn->message_done &&
        parser->content_length > conn->gateway->options.limits.request_bytes_max) {
        refuse_large(conn, 413, "the request body is larger than this service takes");
        return false;
    }
    return true;
}

/* The request is whole: answer it and get ready for the next one. */
static void finish(struct conn *conn)
{
    struct gateway *gateway = conn->gateway;
    conn->state = CONN_HEAD;
    call_run(conn, conn->body.len > 0 ? buf_str(&conn->body) : conn->body_view);
    buf_clear(&conn->body);
    buf_clear(&conn->head);
    buffer_rest(gateway, &conn->body);
    buffer_rest(gateway, &conn->head);
    if (conn->state == CONN_HEAD && (!conn->keep_alive || gateway->draining)) {
        conn_close_after(conn, false);
    }
    if (conn->state != CONN_CLOSING) {
        http_begin(conn);
    }
}

/* Copies what was only borrowed from the input. */
static void keep_parts(struct conn *conn, size_t head_len)
{
    if (head_len > 0) {
        buffer_wake(conn->gateway, &conn->head);
        buf_add(&conn->head, conn->head_base, head_len);
        conn->head_base = (const char *)conn->head.at;
    }
    if (conn->body_view.len > 0) {
        buffer_wake(conn->gateway, &conn->body);
        buf_add_str(&conn->body, conn->body_view);
        conn->body_view = STR_NONE;
    }
}

static void invite_body(struct conn *conn)
{
    if (conn->checked) {
        return;
    }
    conn->checked = true;
    if (call_refuse_early(conn)) {
        return;
    }
    if (conn->headers[HEADER_EXPECT].at != 0 && !conn->old_http && conn->body.len == 0) {
        buffer_wake(conn->gateway, &conn->out);
        buf_add_str(&conn->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    conn_set_deadline(conn, conn->gateway->options.body_timeout_ms);
}

/* `head_len` bytes of head are borrowed from the input (0: it was copied before). */
static size_t feed_body(struct conn *conn, const char *data, size_t len, size_t head_len)
{
    llhttp_errno_t error = HPE_OK;
    if (len > 0) {
        error = llhttp_execute(&conn->parser, data, len);
    }
    if (error == HPE_OK) {
        CHECK(!conn->message_done);
        keep_parts(conn, head_len);
        invite_body(conn);
        return len;
    }
    if (!conn->message_done || (error != HPE_PAUSED && error != HPE_PAUSED_UPGRADE)) {
        refuse_parse(conn, error);
        return len;
    }
    size_t used = (size_t)(llhttp_get_error_pos(&conn->parser) - data);
    CHECK(used <= len);
    finish(conn);
    return used;
}

static size_t feed_head(struct conn *conn, const char *data, size_t len)
{
    if (conn->lines == 0 && data[0] == '\r' && (len == 1 || data[1] == '\n')) {
        return len == 1 ? 0 : 2; /* an empty line before a request is passed over */
    }
    size_t head_len = 0;
    enum scan scan = scan_head(conn, data, len, &head_len);
    if (scan != SCAN_DONE) {
        return scan == SCAN_MORE ? 0 : len;
    }
    conn->head_base = data;
    llhttp_errno_t error = llhttp_execute(&conn->parser, data, head_len);
    bool whole = conn->message_done && (error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE);
    if (!conn->head_done || (error != HPE_OK && !whole)) {
        refuse_parse(conn, error);
        return len;
    }
    if (!check_head(conn)) {
        return len;
    }
    if (whole) {
        finish(conn);
        return head_len;
    }
    conn->state = CONN_BODY;
    return head_len + feed_body(conn, data + head_len, len - head_len, head_len);
}

size_t http_feed(struct conn *conn, const char *data, size_t len)
{
    CHECK(len > 0);
    return conn->state == CONN_HEAD ? feed_head(conn, data, len) : feed_body(conn, data, len, 0);
}
