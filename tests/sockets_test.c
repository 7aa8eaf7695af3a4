/* A real nexusd and the ways in which clients behave: slow, silent, half gone, greedy,
 * killed; and the daemon's own ends: SIGTERM with work under way, and kill -9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include "daemon_fixture.h"

#include <cmocka.h>


#define IDLE_COUNT 400
#define PIPELINE_COUNT 150
#define LARGE_BYTES (8u << 20)

static const char health_request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

static int setup(void **state)
{
    struct daemon_fixture *d = calloc(1, sizeof *d);
    assert_true(daemon_make(d));
    assert_true(daemon_start(d));
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    daemon_remove(*state);
    free(*state);
    return 0;
}

static void assert_healthy(const struct daemon_fixture *d)
{
    struct http_client client;
    assert_true(daemon_open(d, &client));
    assert_int_equal(http_call(&client, "GET", "/healthz", NULL, NULL, NULL), 200);
    http_close(&client);
}

static void requests_in_one_piece_are_answered_in_order(void **state)
{
    struct http_client client;
    assert_true(daemon_open(*state, &client));
    struct buf requests = {0};
    buf_add_text(&requests, health_request);
    buf_add_text(&requests, "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
    buf_add_text(&requests, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_true(http_send(&client, requests.at, requests.len));
    assert_int_equal(http_answer(&client, NULL), 200);
    int second = http_answer(&client, NULL);
    assert_true(second == 404 || second == 401);
    assert_int_equal(http_answer(&client, NULL), 200);
    buf_deinit(&requests);
    http_close(&client);
}

static void a_slow_client_is_answered(void **state)
{
    struct http_client client;
    assert_true(daemon_open(*state, &client));
    for (size_t i = 0; i < sizeof health_request - 1; i++) {
        assert_true(http_send(&client, health_request + i, 1));
    }
    assert_int_equal(http_answer(&client, NULL), 200);
    http_close(&client);
}

static void a_half_closed_client_is_answered(void **state)
{
    struct daemon_fixture *d = *state;
    struct http_client client;
    assert_true(daemon_open(d, &client));
    static const char json[] = "{\"origin\":\"o\",\"content\":{\"mime_type\":\"text/plain\","
                               "\"data\":\"half\"}}";
    struct buf request = {0};
    buf_printf(&request,
               "POST /api/v1/facts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
               d->token, strlen(json), json);
    assert_true(http_send(&client, request.at, request.len));
    assert_int_equal(shutdown(client.fd, SHUT_WR), 0);
    assert_int_equal(http_answer(&client, NULL), 201);
    assert_true(http_ended(&client));
    buf_deinit(&request);
    http_close(&client);
}

/* Far more than a socket takes at once, to a client that reads: nothing waits for a
 * timer in between, which would take twice as many seconds as there are mebibytes. */
static void a_large_answer_comes_at_once(void **state)
{
    struct daemon_fixture *d = *state;
    struct http_client client;
    struct buf json = {0};
    struct buf body = {0};
    buf_add_text(&json, "{\"origin\":\"o\",\"content\":{\"mime_type\":\"text/plain\",\"data\":\"");
    memset(buf_reserve(&json, LARGE_BYTES), 'x', LARGE_BYTES);
    json.len += LARGE_BYTES;
    buf_add_text(&json, "\"}}");
    assert_true(daemon_open(d, &client));
    struct timespec begun, done;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    assert_int_equal(
        http_call(&client, "POST", "/api/v1/facts", d->token, buf_cstr(&json), &body), 201);
    clock_gettime(CLOCK_MONOTONIC, &done);
    assert_true(body.len > LARGE_BYTES);
    assert_true(done.tv_sec - begun.tv_sec < 8);
    buf_deinit(&body);
    buf_deinit(&json);
    http_close(&client);
}

static void many_idle_connections_disturb_nobody(void **state)
{
    struct daemon_fixture *d = *state;
    struct http_client *idle = calloc(IDLE_COUNT, sizeof *idle);
    for (size_t i = 0; i < IDLE_COUNT; i++) {
        assert_true(daemon_open(d, &idle[i]));
        if (i % 2 == 0) { /* half of them in the middle of a request */
            assert_true(http_send(&idle[i], health_request, 10));
        }
    }
    assert_healthy(d);
    for (size_t i = 0; i < IDLE_COUNT; i++) {
        size_t sent = i % 2 == 0 ? 10 : 0;
        assert_true(http_send(&idle[i], health_request + sent, sizeof health_request - 1 - sent));
    }
    for (size_t i = 0; i < IDLE_COUNT; i++) {
        assert_int_equal(http_answer(&idle[i], NULL), 200);
        http_close(&idle[i]);
    }
    free(idle);
}

/* Some megabytes of answers that nobody takes: others are served meanwhile, and in the
 * end every byte is there. */
static void a_client_that_does_not_read_holds_up_nobody(void **state)
{
    static const char request[] = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct daemon_fixture *d = *state;
    struct http_client greedy;
    struct buf first = {0};
    struct buf body = {0};
    assert_true(daemon_open(d, &greedy));
    for (size_t i = 0; i < PIPELINE_COUNT; i++) {
        assert_true(http_send(&greedy, request, sizeof request - 1));
    }
    for (size_t i = 0; i < 20; i++) {
        assert_healthy(d);
    }
    for (size_t i = 0; i < PIPELINE_COUNT; i++) {
        assert_int_equal(http_answer(&greedy, i == 0 ? &first : &body), 200);
        assert_true(i == 0 || str_eq(buf_str(&first), buf_str(&body)));
    }
    buf_deinit(&first);
    buf_deinit(&body);
    http_close(&greedy);
}

/* Requests without end from somebody who takes no answer: the daemon stops reading, so
 * neither its memory nor anything else grows. */
static void a_client_that_never_reads_is_not_read_from(void **state)
{
    static const char request[] = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct daemon_fixture *d = *state;
    struct http_client greedy;
    struct buf many = {0};
    size_t sent = 0;
    assert_true(daemon_open(d, &greedy));
    while (many.len < 1u << 20) {
        buf_add_text(&many, request);
    }
    struct pollfd wait = {.fd = greedy.fd, .events = POLLOUT};
    while (sent < 64u << 20 && poll(&wait, 1, 300) == 1) {
        size_t at = sent % many.len; /* where the last run was cut */
        ssize_t put = send(greedy.fd, many.at + at, many.len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        assert_true(put > 0);
        sent += (size_t)put;
    }
    assert_true(sent < 8u << 20);
    assert_healthy(d);
    buf_deinit(&many);
    http_close(&greedy);
}

/* The answer comes although the body is not read, and is not lost in a reset. */
static void an_endless_upload_is_told(void **state)
{
    struct daemon_fixture *d = *state;
    struct http_client client;
    struct buf head = {0};
    assert_true(daemon_open(d, &client));
    buf_printf(&head,
               "POST /api/v1/facts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
               "Content-Type: application/json\r\nContent-Length: 100000000\r\n\r\n",
               d->token);
    assert_true(http_send(&client, head.at, head.len));
    char *bytes = calloc(1, 1 << 20);
    for (size_t i = 0; i < 4 && http_send(&client, bytes, 1 << 20); i++) {
    }
    assert_int_equal(http_answer(&client, NULL), 413);
    free(bytes);
    buf_deinit(&head);
    http_close(&client);
    assert_healthy(d);
}

static void a_client_that_vanishes_does_no_harm(void **state)
{
    struct daemon_fixture *d = *state;
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    for (size_t i = 0; i < sizeof health_request; i += 7) {
        struct http_client client;
        assert_true(daemon_open(d, &client));
        assert_true(http_send(&client, health_request, i));
        setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        http_close(&client);
    }
    assert_healthy(d);
}

/* -- ends ---------------------------------------------------------------------------- */

static void post_fact(struct daemon_fixture *d, const char *data, char out_id[80])
{
    struct http_client client;
    struct buf body = {0};
    char json[200];
    snprintf(json, sizeof json,
             "{\"origin\":\"test\",\"content\":{\"mime_type\":\"text/plain\",\"data\":\"%s\"}}",
             data);
    assert_true(daemon_open(d, &client));
    assert_int_equal(http_call(&client, "POST", "/api/v1/facts", d->token, json, &body), 201);
    struct str text = buf_str(&body);
    size_t at = str_find_str(text, STR("\"id\":\"f_"));
    assert_true(at + 6 + 66 < text.len);
    snprintf(out_id, 80, "%.66s", text.at + at + 6);
    buf_deinit(&body);
    http_close(&client);
}

static void assert_fact(struct daemon_fixture *d, const char *id, const char *data)
{
    struct http_client client;
    struct buf body = {0};
    char path[120];
    snprintf(path, sizeof path, "/api/v1/facts/%s", id);
    assert_true(daemon_open(d, &client));
    assert_int_equal(http_call(&client, "GET", path, d->token, NULL, &body), 200);
    assert_true(str_find_str(buf_str(&body), str_of(data)) < body.len);
    buf_deinit(&body);
    http_close(&client);
}

static void what_was_answered_survives_a_kill(void **state)
{
    struct daemon_fixture *d = *state;
    char ids[3][80];
    static const char *const data[] = {"first", "second", "third"};
    for (size_t i = 0; i < 3; i++) {
        post_fact(d, data[i], ids[i]);
        assert_int_equal(daemon_end(d, SIGKILL), 128 + SIGKILL);
        assert_true(daemon_start(d));
        for (size_t j = 0; j <= i; j++) {
            assert_fact(d, ids[j], data[j]);
        }
    }
    assert_int_equal(daemon_end(d, SIGTERM), 0);
    assert_true(daemon_start(d)); /* now from the checkpoint */
    for (size_t j = 0; j < 3; j++) {
        assert_fact(d, ids[j], data[j]);
    }
}

static void a_stop_answers_those_who_wait(void **state)
{
    struct daemon_fixture *d = *state;
    struct http_client idle;
    struct http_client waiting;
    struct buf request = {0};
    static const char json[] = "{\"wait_ms\":60000}";
    assert_true(daemon_open(d, &idle));
    assert_int_equal(http_call(&idle, "GET", "/healthz", NULL, NULL, NULL), 200);
    assert_true(daemon_open(d, &waiting));
    buf_printf(&request,
               "POST /api/v1/claims HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
               d->token, strlen(json), json);
    assert_true(http_send(&waiting, request.at, request.len));
    assert_healthy(d); /* by now the claim was read: one loop, in order of arrival */
    assert_int_equal(daemon_end(d, SIGTERM), 0);
    int status = http_answer(&waiting, NULL);
    assert_true(status == 204 || status == 503 || status == 403);
    assert_true(http_ended(&idle));
    assert_int_equal(access(d->socket_path, F_OK), -1);
    buf_deinit(&request);
    http_close(&idle);
    http_close(&waiting);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(requests_in_one_piece_are_answered_in_order),
        CASE(a_slow_client_is_answered),
        CASE(a_half_closed_client_is_answered),
        CASE(a_large_answer_comes_at_once),
        CASE(many_idle_connections_disturb_nobody),
        CASE(a_client_that_does_not_read_holds_up_nobody),
        CASE(a_client_that_never_reads_is_not_read_from),
        CASE(an_endless_upload_is_told),
        CASE(a_client_that_vanishes_does_no_harm),
        CASE(what_was_answered_survives_a_kill),
        CASE(a_stop_answers_those_who_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
