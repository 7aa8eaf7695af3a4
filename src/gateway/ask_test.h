/* ask_test.h - whole requests and whole answers for the tests of the gateway.
 *
 * ask() sends one request on its own connection and gives the whole answer back;
 * conversations over one connection use conn_new, say() and take().
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json.h"
#include "gateway/world_test.h"

struct answer {
    int status;
    struct buf head; /* NUL-terminated */
    struct buf body;
};

static inline void answer_deinit(struct answer *answer)
{
    buf_deinit(&answer->head);
    buf_deinit(&answer->body);
}

/* Cuts the first answer off `bytes`. False: there is no whole one. `bodiless`: of a
 * HEAD request. */
static inline bool cut_answer(struct buf *bytes, bool bodiless, struct answer *out_answer)
{
    struct str text = buf_str(bytes);
    size_t head_end = str_find_str(text, STR("\r\n\r\n"));
    if (head_end == text.len) {
        return false;
    }
    memset(out_answer, 0, sizeof *out_answer);
    buf_add(&out_answer->head, text.at, head_end + 2);
    const char *head = buf_cstr(&out_answer->head);
    out_answer->status = (int)strtol(head + 9, NULL, 10);
    const char *length = strstr(head, "Content-Length:");
    size_t len = length == NULL || bodiless ? 0 : strtoul(length + 15, NULL, 10);
    size_t total = head_end + 4 + len;
    if (text.len < total) {
        answer_deinit(out_answer);
        return false;
    }
    buf_add(&out_answer->body, text.at + head_end + 4, len);
    (void)buf_cstr(&out_answer->body);
    buf_drop_front(bytes, total);
    return true;
}

/* One request with everything chosen; `headers` are whole lines. */
static inline struct answer ask_with(struct world *world, const char *method, const char *path,
                                     const char *token, const char *headers, const char *body)
{
    struct conn *conn = conn_new(world->gateway, CONN_TCP, NULL);
    assert_non_null(conn);
    struct buf request = {0};
    buf_printf(&request, "%s %s HTTP/1.1\r\n" WORLD_HOST, method, path);
    if (token != NULL) {
        buf_printf(&request, "Authorization: Bearer %s\r\n", token);
    }
    if (headers != NULL) {
        buf_add_text(&request, headers);
    }
    if (body != NULL) {
        buf_printf(&request, "Content-Length: %zu\r\n", strlen(body));
    }
    buf_add_text(&request, "\r\n");
    buf_add_text(&request, body == NULL ? "" : body);
    conn_feed(conn, request.at, request.len);
    buf_deinit(&request);
    world_settle(world);
    struct buf bytes = {0};
    take(conn, &bytes);
    struct answer answer;
    if (!cut_answer(&bytes, strcmp(method, "HEAD") == 0, &answer)) {
        fail_msg("%s %s: no answer", method, path);
    }
    assert_int_equal(bytes.len, 0);
    buf_deinit(&bytes);
    conn_free(conn);
    return answer;
}

static inline struct answer ask(struct world *world, const char *method, const char *path,
                                const char *token, const char *body)
{
    return ask_with(world, method, path, token, NULL, body);
}

/* The status alone, checked; prints the answer when it is another one. */
static inline void expect(struct world *world, const char *method, const char *path,
                          const char *token, const char *body, int status, const char *part)
{
    struct answer answer = ask(world, method, path, token, body);
    if (answer.status != status ||
        (part != NULL && strstr(buf_cstr(&answer.body), part) == NULL)) {
        fail_msg("%s %s %s: wanted %d %s, got\n%s\n%s", method, path, body == NULL ? "" : body,
                 status, part == NULL ? "" : part, buf_cstr(&answer.head),
                 buf_cstr(&answer.body));
    }
    answer_deinit(&answer);
}

/* A string or number out of an answer: dotted path into the object. */
static inline struct str dig(struct arena *arena, const struct answer *answer, const char *path)
{
    struct json *value = NULL;
    struct json_error error;
    if (!json_parse(arena, buf_str(&answer->body), NULL, &value, &error)) {
        fail_msg("not JSON: %s", (const char *)answer->body.at);
    }
    const struct json *at = value;
    struct str rest = str_of(path);
    struct str name;
    while (at != NULL && str_cut(&rest, '.', &name)) {
        if (at->kind == JSON_ARRAY) {
            at = at->first;
        }
        char key[64];
        snprintf(key, sizeof key, "%.*s", STR_ARG(name));
        at = json_get(at, key);
    }
    if (at == NULL) {
        fail_msg("no %s in %s", path, (const char *)answer->body.at);
    }
    return at->kind == JSON_STRING ? at->string : at->raw;
}

static inline void dig_text(const struct answer *answer, const char *path, char out_text[80])
{
    struct arena arena = {0};
    snprintf(out_text, 80, "%.*s", STR_ARG(dig(&arena, answer, path)));
    arena_deinit(&arena);
}

/* Posts and gives the string at `path` of the answer. */
static inline void post_for(struct world *world, const char *target, const char *token,
                            const char *body, const char *path, char out_text[80])
{
    struct answer answer = ask(world, "POST", target, token, body);
    if (answer.status / 100 != 2) {
        fail_msg("POST %s %s: %s", target, body, (const char *)answer.body.at);
    }
    dig_text(&answer, path, out_text);
    answer_deinit(&answer);
}

static inline void add_agent(struct world *world, const char *name, const char *role,
                             char out_token[64])
{
    char body[128];
    char token[80];
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"role\":\"%s\",\"capabilities\":[\"read\"]}",
             name, role);
    post_for(world, "/api/v1/agents", WORLD_ADMIN, body, "token", token);
    snprintf(out_token, 64, "%.63s", token);
}

static inline void world_open_with(struct world *world, const struct limits *limits)
{
    world_open_bare(world, limits);
    add_agent(world, "worker", "agent", world->agent);
    add_agent(world, "second", "agent", world->second);
    add_agent(world, "looker", "reader", world->reader);
    add_agent(world, "person", "human", world->human);
}

static inline void world_open(struct world *world)
{
    struct limits limits = limits_default();
    limits.request_bytes_max = 1u << 20;
    limits.content_bytes_max = 512u << 10;
    world_open_with(world, &limits);
}
