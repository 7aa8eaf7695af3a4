/* http_client.h - a blocking HTTP client for tests: bytes out, one answer in.
 *
 * Small and strict on purpose: it understands Content-Length answers only, waits at
 * most HTTP_WAIT_MS for anything, and never retries.
 */
#pragma once
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"

#define HTTP_WAIT_MS 20000

struct http_client {
    int fd;
    struct buf in; /* read and not yet taken */
};

static inline bool http_open_unix(struct http_client *client, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    *client = (struct http_client){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    return client->fd >= 0 &&
           connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static inline void http_close(struct http_client *client)
{
    close(client->fd);
    buf_deinit(&client->in);
}

static inline bool http_send(struct http_client *client, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t put = send(client->fd, at, len, MSG_NOSIGNAL);
        if (put <= 0) {
            return false;
        }
        at += put;
        len -= (size_t)put;
    }
    return true;
}

/* Reads what there is into client->in; false: the end, an error or nothing for long. */
static inline bool http_more(struct http_client *client)
{
    struct pollfd wait = {.fd = client->fd, .events = POLLIN};
    if (poll(&wait, 1, HTTP_WAIT_MS) != 1) {
        return false;
    }
    uint8_t *room = buf_reserve(&client->in, 65536);
    ssize_t got = read(client->fd, room, 65536);
    if (got <= 0) {
        return false;
    }
    client->in.len += (size_t)got;
    return true;
}

/* The other side has closed, and sent nothing more. */
static inline bool http_ended(struct http_client *client)
{
    struct pollfd wait = {.fd = client->fd, .events = POLLIN};
    char byte;
    return client->in.len == 0 && poll(&wait, 1, HTTP_WAIT_MS) == 1 &&
           read(client->fd, &byte, 1) == 0;
}

static inline size_t http_length(struct str head)
{
    struct str line;
    while (str_cut(&head, '\n', &line)) {
        static const char name[] = "content-length:";
        if (line.len > sizeof name && strncasecmp(line.at, name, sizeof name - 1) == 0) {
            return strtoul(line.at + sizeof name - 1, NULL, 10);
        }
    }
    return 0;
}

/* Takes one answer. Its status, or 0 when none came; the body goes to `body`, which
 * may be NULL. */
static inline int http_answer(struct http_client *client, struct buf *body)
{
    struct str end = STR("\r\n\r\n");
    size_t head_len;
    while ((head_len = str_find_str(buf_str(&client->in), end)) == client->in.len) {
        if (!http_more(client)) {
            return 0;
        }
    }
    size_t body_len = http_length(str_n(client->in.at, head_len + 2));
    size_t whole = head_len + 4 + body_len;
    while (client->in.len < whole) {
        if (!http_more(client)) {
            return 0;
        }
    }
    int status = (int)strtol((const char *)client->in.at + 9, NULL, 10);
    if (body != NULL) {
        buf_clear(body);
        buf_add(body, client->in.at + head_len + 4, body_len);
    }
    buf_drop_front(&client->in, whole);
    return status;
}

/* One request and its answer. token and json may be NULL. */
static inline int http_call(struct http_client *client, const char *method, const char *path,
                            const char *token, const char *json, struct buf *body)
{
    struct buf request = {0};
    buf_printf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\n", method, path);
    if (token != NULL) {
        buf_printf(&request, "Authorization: Bearer %s\r\n", token);
    }
    if (json != NULL) {
        buf_printf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                   strlen(json));
    }
    buf_add_text(&request, "\r\n");
    if (json != NULL) {
        buf_add_text(&request, json);
    }
    bool sent = http_send(client, request.at, request.len);
    buf_deinit(&request);
    return sent ? http_answer(client, body) : 0;
}
