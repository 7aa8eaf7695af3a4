/* http.c - requests out, answers in; see http.h.
 *
 * The reader is a loop over "read more" and "is the next part whole?". It accepts what
 * RFC 9112 demands of a client: Content-Length, chunked, 204/304 without a body, and a
 * body that ends with the connection.
 */
#include "client/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEAD_BYTES_MAX 65536u
#define BODY_BYTES_MAX (256u << 20)

void http_init(struct http *http)
{
    *http = (struct http){.fd = -1, .timeout_ms = 30000};
}

static void http_close(struct http *http)
{
    if (http->fd >= 0) {
        close(http->fd);
    }
    http->fd = -1;
    http->in_at = 0;
    buf_clear(&http->in);
}

void http_deinit(struct http *http)
{
    if (http != NULL && (http->timeout_ms != 0 || http->in.at != NULL)) {
        http_close(http);
        buf_deinit(&http->in);
    }
}

bool http_set_url(struct http *http, const char *url, struct trail *trail)
{
    struct str text = str_of(url);
    if (str_starts(text, STR("unix:"))) {
        struct str path = str_sub(text, 5, text.len - 5);
        if (path.len == 0 || path.len >= sizeof http->socket_path) {
            trail_add(trail, "%s: no path of a socket", url);
            return false;
        }
        snprintf(http->socket_path, sizeof http->socket_path, "%.*s", STR_ARG(path));
        return true;
    }
    if (str_starts(text, STR("https://"))) {
        trail_add(trail, "%s: https is not spoken by this client; use a tunnel to http://", url);
        return false;
    }
    if (!str_starts(text, STR("http://"))) {
        trail_add(trail, "%s: must look like http://127.0.0.1:7700 or unix:/path", url);
        return false;
    }
    struct str rest = str_sub(text, 7, text.len - 7);
    rest = str_sub(rest, 0, str_find(rest, '/', 0));
    size_t from = rest.len > 0 && rest.at[0] == '[' ? str_find(rest, ']', 0) : 0;
    size_t colon = str_find(rest, ':', from);
    struct str host = from > 0 ? str_sub(rest, 1, from - 1) : str_sub(rest, 0, colon);
    struct str port = colon < rest.len ? str_sub(rest, colon + 1, rest.len - colon - 1) : STR("80");
    unsigned long long number;
    if (host.len == 0 || host.len >= sizeof http->host || !str_to_u64(port, &number) ||
        number == 0 || number > 65535) {
        trail_add(trail, "%s: must look like http://127.0.0.1:7700", url);
        return false;
    }
    snprintf(http->host, sizeof http->host, "%.*s", STR_ARG(host));
    snprintf(http->port, sizeof http->port, "%llu", number);
    http->socket_path[0] = '\0';
    return true;
}

/* Waits until the socket can do `events`; false after the time-out. */
static bool wait_for(int fd, short events, uint64_t timeout_ms)
{
    struct pollfd waited = {.fd = fd, .events = events};
    int ready;
    do {
        ready = poll(&waited, 1, timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

static bool connect_to(struct http *http, int fd, const struct sockaddr *address, socklen_t len)
{
    if (connect(fd, address, len) == 0) {
        return true;
    }
    if (errno != EINPROGRESS && errno != EAGAIN) {
        return false;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (!wait_for(fd, POLLOUT, http->timeout_ms)) {
        errno = ETIMEDOUT;
        return false;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        errno = error == 0 ? errno : error;
        return false;
    }
    return true;
}

static enum err connect_unix(struct http *http, struct trail *trail)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(http->socket_path) >= sizeof address.sun_path) {
        return trail_err(trail, ERR_INVALID,
                         "%s: path of a socket over %zu bytes; use a shorter "
                         "data directory",
                         http->socket_path, sizeof address.sun_path - 1);
    }
    memcpy(address.sun_path, http->socket_path, strlen(http->socket_path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !connect_to(http, fd, (const struct sockaddr *)&address, sizeof address)) {
        enum err err =
            trail_err(trail, ERR_NOT_FOUND, "%s: %s", http->socket_path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return err;
    }
    http->fd = fd;
    return ERR_OK;
}

static enum err connect_tcp(struct http *http, struct trail *trail)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int status = getaddrinfo(http->host, http->port, &hints, &found);
    if (status != 0) {
        return trail_err(trail, ERR_NOT_FOUND, "%s: %s", http->host, gai_strerror(status));
    }
    int error = 0;
    for (struct addrinfo *at = found; at != NULL && http->fd < 0; at = at->ai_next) {
        int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0 && connect_to(http, fd, at->ai_addr, at->ai_addrlen)) {
            int on = 1;
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            http->fd = fd;
        } else {
            error = errno;
            if (fd >= 0) {
                close(fd);
            }
        }
    }
    freeaddrinfo(found);
    if (http->fd < 0) {
        return trail_err(trail, ERR_NOT_FOUND, "http://%s:%s: %s", http->host, http->port,
                         strerror(error));
    }
    return ERR_OK;
}

static enum err http_connect(struct http *http, struct trail *trail)
{
    enum err err =
        http->socket_path[0] != '\0' ? connect_unix(http, trail) : connect_tcp(http, trail);
    if (err == ERR_OK) {
        int flags = fcntl(http->fd, F_GETFL);
        (void)fcntl(http->fd, F_SETFL, flags | O_NONBLOCK);
    }
    return err;
}

static enum err send_all(struct http *http, struct str bytes, struct trail *trail)
{
    while (bytes.len > 0) {
        ssize_t sent = send(http->fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes = str_sub(bytes, (size_t)sent, bytes.len - (size_t)sent);
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait_for(http->fd, POLLOUT, http->timeout_ms)) {
                return trail_err(trail, ERR_IO, "the daemon takes no more bytes");
            }
        } else if (sent < 0 && errno != EINTR) {
            return trail_err(trail, ERR_IO, "sending: %s", strerror(errno));
        }
    }
    return ERR_OK;
}

/* Reads once. *out_len 0: the peer closed. */
static enum err read_more(struct http *http, uint64_t timeout_ms, size_t *out_len,
                          struct trail *trail)
{
    if (http->in_at > 0 && http->in_at == http->in.len) {
        buf_clear(&http->in);
        http->in_at = 0;
    }
    uint8_t *room = buf_reserve(&http->in, 65536);
    for (;;) {
        ssize_t got = recv(http->fd, room, 65536, 0);
        if (got >= 0) {
            http->in.len += (size_t)got;
            *out_len = (size_t)got;
            return ERR_OK;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_for(http->fd, POLLIN, timeout_ms)) {
                return trail_err(trail, ERR_IO, "no answer within %llu ms",
                                 (unsigned long long)timeout_ms);
            }
        } else if (errno != EINTR) {
            return trail_err(trail, ERR_IO, "reading: %s", strerror(errno));
        }
    }
}

static struct str unread(const struct http *http)
{
    return str_sub(buf_str(&http->in), http->in_at, http->in.len - http->in_at);
}

static void take_header(struct http *http, struct str name, struct str value,
                        struct http_reply *reply)
{
    unsigned long long number;
    if (str_eq_nocase(name, STR("content-length")) && str_to_u64(value, &number)) {
        http->left = number;
        http->until_close = false;
    } else if (str_eq_nocase(name, STR("transfer-encoding"))) {
        http->chunked = str_eq_nocase(value, STR("chunked"));
        http->until_close = false;
        http->left = 0;
    } else if (str_eq_nocase(name, STR("connection"))) {
        http->keep_alive = !str_eq_nocase(value, STR("close"));
    } else if (str_eq_nocase(name, STR("content-type"))) {
        snprintf(reply->content_type, sizeof reply->content_type, "%.*s", STR_ARG(value));
    }
}

static enum err parse_head(struct http *http, struct str head, struct http_reply *reply,
                           struct trail *trail)
{
    struct str line, rest = head;
    unsigned long long status = 0;
    if (!str_cut(&rest, '\n', &line) || !str_starts(line, STR("HTTP/1.")) ||
        !str_to_u64(str_sub(line, 9, 3), &status) || status < 100) {
        return trail_err(trail, ERR_INVALID, "the answer is not HTTP");
    }
    http->chunked = false;
    http->until_close = true;
    http->body_done = false;
    http->keep_alive = true;
    http->left = 0;
    *reply = (struct http_reply){.status = (int)status};
    while (str_cut(&rest, '\n', &line)) {
        size_t colon = str_find(line, ':', 0);
        if (colon < line.len) {
            take_header(http, str_sub(line, 0, colon),
                        str_trim(str_sub(line, colon + 1, line.len - colon - 1)), reply);
        }
    }
    if (status == 204 || status == 304 ||
        (!http->until_close && !http->chunked && http->left == 0)) {
        http->body_done = true;
        http->until_close = false;
    }
    return ERR_OK;
}

/* *out_stale: nothing came at all; the request may be sent again. */
static enum err read_head(struct http *http, uint64_t timeout_ms, struct http_reply *reply,
                          bool *out_stale, struct trail *trail)
{
    *out_stale = false;
    for (;;) {
        struct str text = unread(http);
        size_t end = str_find_str(text, STR("\r\n\r\n"));
        if (end < text.len) {
            enum err err = parse_head(http, str_sub(text, 0, end), reply, trail);
            http->in_at += end + 4;
            if (err != ERR_OK || reply->status >= 200) {
                return err;
            }
            continue; /* 1xx: the real answer follows */
        }
        if (text.len > HEAD_BYTES_MAX) {
            return trail_err(trail, ERR_INVALID, "the head of the answer is too long");
        }
        size_t got = 0;
        enum err err = read_more(http, timeout_ms, &got, trail);
        if (err != ERR_OK) {
            *out_stale = text.len == 0 && errno == ECONNRESET;
            return err;
        }
        if (got == 0) {
            *out_stale = text.len == 0;
            return trail_err(trail, ERR_IO, "the daemon closed the connection");
        }
    }
}

/* Moves body bytes that are already here to `out`; true when some part was consumed. */
static bool take_body(struct http *http, struct buf *out)
{
    struct str text = unread(http);
    if (http->until_close || (!http->chunked && http->left > 0) || http->left > 2) {
        uint64_t want = http->until_close ? text.len : http->chunked ? http->left - 2 : http->left;
        size_t len = want < text.len ? (size_t)want : text.len;
        buf_add(out, text.at, len);
        http->in_at += len;
        http->left -= http->until_close ? 0 : len;
        http->body_done = !http->until_close && !http->chunked && http->left == 0;
        return len > 0;
    }
    if (http->left > 0) { /* the line end behind a chunk */
        size_t len = http->left < text.len ? (size_t)http->left : text.len;
        http->in_at += len;
        http->left -= len;
        return len > 0;
    }
    size_t end = str_find_str(text, STR("\r\n"));
    if (end == text.len) {
        return false;
    }
    uint64_t size = 0;
    for (size_t i = 0; i < end && i < 15; i++) {
        char c = text.at[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit == 16) {
            break;
        }
        size = size * 16 + digit;
    }
    if (size == 0) { /* no trailers are asked for, so the empty line follows */
        if (text.len < end + 4) {
            return false;
        }
        http->in_at += end + 4;
        http->body_done = true;
        return true;
    }
    http->in_at += end + 2;
    http->left = size + 2;
    return true;
}

enum err http_read(struct http *http, uint64_t timeout_ms, struct buf *out, bool *out_end,
                   struct trail *trail)
{
    size_t before = out->len;
    while (!http->body_done && out->len == before) {
        if (take_body(http, out)) {
            continue;
        }
        size_t got = 0;
        enum err err =
            read_more(http, timeout_ms == 0 ? http->timeout_ms : timeout_ms, &got, trail);
        if (err != ERR_OK) {
            return err;
        }
        if (got == 0) {
            if (!http->until_close) {
                return trail_err(trail, ERR_IO, "the daemon closed the connection in an answer");
            }
            http->body_done = true;
        }
    }
    *out_end = http->body_done;
    if (http->body_done && (!http->keep_alive || http->until_close)) {
        http_close(http);
    }
    return ERR_OK;
}

static void write_request(struct http *http, const char *method, struct str path, struct str body,
                          const char *key, const char *header, struct buf *out)
{
    buf_printf(out, "%s %.*s HTTP/1.1\r\nHost: %s%s%s\r\nAccept: */*\r\n", method, STR_ARG(path),
               http->socket_path[0] != '\0' ? "localhost" : http->host,
               http->socket_path[0] != '\0' ? "" : ":",
               http->socket_path[0] != '\0' ? "" : http->port);
    if (http->token[0] != '\0') {
        buf_printf(out, "Authorization: Bearer %s\r\n", http->token);
    }
    if (key != NULL) {
        buf_printf(out, "Idempotency-Key: %s\r\n", key);
    }
    if (header != NULL) {
        buf_printf(out, "%s\r\n", header);
    }
    if (body.len > 0) {
        buf_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.len);
    } else if (strcmp(method, "GET") != 0) {
        buf_add_text(out, "Content-Length: 0\r\n");
    }
    buf_add_text(out, "\r\n");
    buf_add_str(out, body);
}

/* Sends the request, on a fresh connection when the kept one had gone stale. */
static enum err exchange(struct http *http, struct str request, uint64_t timeout_ms,
                         struct http_reply *reply, struct trail *trail)
{
    for (int attempt = 0;; attempt++) {
        bool kept = http->fd >= 0, stale = false;
        enum err err = kept ? ERR_OK : http_connect(http, trail);
        if (err != ERR_OK) {
            return err;
        }
        err = send_all(http, request, trail);
        stale = err != ERR_OK;
        /* A daemon that refuses early may answer before it has read everything. */
        if (err == ERR_OK || !kept) {
            err = read_head(http, timeout_ms, reply, &stale, trail);
        }
        if (err == ERR_OK) {
            return ERR_OK;
        }
        http_close(http);
        if (!kept || !stale || attempt > 0) {
            return err;
        }
        trail_clear(trail);
    }
}

enum err http_open(struct http *http, const char *method, struct str path, const char *header,
                   struct http_reply *out_reply, struct trail *trail)
{
    struct buf request = {0};
    write_request(http, method, path, STR_NONE, NULL, header, &request);
    enum err err = exchange(http, buf_str(&request), http->timeout_ms, out_reply, trail);
    buf_deinit(&request);
    return err;
}

enum err http_call(struct http *http, const char *method, struct str path, struct str body,
                   const char *idempotency_key, uint64_t extra_wait_ms, struct buf *out,
                   struct http_reply *out_reply, struct trail *trail)
{
    struct buf request = {0};
    uint64_t timeout_ms = http->timeout_ms + extra_wait_ms;
    write_request(http, method, path, body, idempotency_key, NULL, &request);
    struct http_reply reply = {0};
    enum err err = exchange(http, buf_str(&request), timeout_ms, &reply, trail);
    buf_deinit(&request);
    size_t start = out->len;
    for (bool end = err != ERR_OK; !end;) {
        err = http->body_done ? ERR_OK : http_read(http, timeout_ms, out, &end, trail);
        end = end || http->body_done || err != ERR_OK;
        if (out->len - start > BODY_BYTES_MAX) {
            err = trail_err(trail, ERR_LIMIT, "the answer is larger than %u bytes", BODY_BYTES_MAX);
            break;
        }
    }
    if (err != ERR_OK) {
        http_close(http);
        return err;
    }
    if (!http->keep_alive) {
        http_close(http);
    }
    reply.body = str_sub(buf_str(out), start, out->len - start);
    *out_reply = reply;
    return ERR_OK;
}
