/* http_test.c - requests that are well-formed, nearly so, and malicious. */
#include "gateway/ask_test.h"

static struct world world;

static int setup(void **state)
{
    (void)state;
    world_open(&world);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

#define AUTH "Authorization: Bearer " WORLD_ADMIN "\r\n"
#define GET_ME "GET /api/v1/me HTTP/1.1\r\n" WORLD_HOST AUTH "\r\n"

/* Sends raw bytes on a new connection and checks the first status and whether the
 * connection wants to end. */
static void raw(const char *bytes, size_t len, int status, bool closes)
{
    struct conn *conn = conn_new(world.gateway, CONN_TCP, NULL);
    struct buf out = {0};
    conn_feed(conn, bytes, len);
    world_settle(&world);
    take(conn, &out);
    int got = out.len > 12 ? (int)strtol((const char *)out.at + 9, NULL, 10) : 0;
    if (got != status) {
        fail_msg("wanted %d, got %d for\n%.*s\n%s", status, got, (int)len, bytes, buf_cstr(&out));
    }
    conn_feed_end(conn);
    if (closes && !conn_wants_close(conn)) {
        fail_msg("the connection stays open after\n%.*s", (int)len, bytes);
    }
    buf_deinit(&out);
    conn_free(conn);
}

static void text(const char *request, int status)
{
    raw(request, strlen(request), status, status >= 400);
}

static void plain_requests_are_answered(void **state)
{
    (void)state;
    text(GET_ME, 200);
    text("\r\n\r\n" GET_ME, 200);
    text("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 200);
    text("GET /healthz HTTP/1.1\r\nHost: [::1]:7700\r\n\r\n", 200);
    text("GET http://localhost:7700/healthz HTTP/1.1\r\nHost: localhost:7700\r\n\r\n", 200);
    text("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n", 200);
    text("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Odd: \t padded \t\r\n\r\n", 200);
}

static void smuggling_shapes_are_refused(void **state)
{
    (void)state;
#define POST_FACTS "POST /api/v1/facts HTTP/1.1\r\n" WORLD_HOST AUTH
    static const char *const shapes[] = {
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n Host: localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\nHost: localhost\n\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: a\rb\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n: b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX(A): b\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /healthz  HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /healthz\r\nHost: localhost\r\n\r\n",
        "GET /heal\x01thz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "G@T /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET http://evil/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        POST_FACTS "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST_FACTS "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        POST_FACTS "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        POST_FACTS "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        POST_FACTS "Content-Length: 2, 2\r\n\r\n{}",
        POST_FACTS "Content-Length: +2\r\n\r\n{}",
        POST_FACTS "Content-Length: -2\r\n\r\n{}",
        POST_FACTS "Content-Length: 0x2\r\n\r\n{}",
        POST_FACTS "Content-Length:\r\n\r\n{}",
        POST_FACTS "Content-Length: 99999999999999999999999\r\n\r\n{}",
        POST_FACTS "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST_FACTS "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        POST_FACTS "Transfer-Encoding: identity\r\n\r\n{}",
        POST_FACTS "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST_FACTS "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST_FACTS "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        POST_FACTS "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
        POST_FACTS "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
        POST_FACTS "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        POST_FACTS "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        text(shapes[i], 400);
    }
    static const char nul[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b\r\n\r\n";
    raw(nul, sizeof nul - 1, 400, true);
    static const char nul_name[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX\0A: b\r\n\r\n";
    raw(nul_name, sizeof nul_name - 1, 400, true);
    text("POST /api/v1/facts HTTP/1.0\r\n" WORLD_HOST AUTH
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400);
    text("GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n", 505);
    text("GET /healthz HTTP/0.9\r\nHost: localhost\r\n\r\n", 505);
    text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400);
    text(POST_FACTS "Expect: the-spanish-inquisition\r\nContent-Length: 2\r\n\r\n{}", 417);
}

static void foreign_hosts_and_origins_are_refused(void **state)
{
    (void)state;
    text("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403);
    text("GET /healthz HTTP/1.1\r\nHost: evil.example:7700\r\n\r\n", 403);
    text("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:7701\r\n\r\n", 403);
    text("GET /healthz HTTP/1.1\r\nHost: localhost.evil.example:7700\r\n\r\n", 403);
    text("GET /healthz HTTP/1.1\r\n" WORLD_HOST "Origin: http://evil.example\r\n\r\n", 403);
    text("GET /healthz HTTP/1.1\r\n" WORLD_HOST "Origin: null\r\n\r\n", 403);
    text("GET /healthz HTTP/1.1\r\n" WORLD_HOST "Origin: http://localhost\r\n\r\n", 403);
    text("GET /healthz HTTP/1.1\r\n" WORLD_HOST "Origin: https://127.0.0.1:7700\r\n\r\n", 403);
    text("GET /healthz HTTP/1.1\r\n" WORLD_HOST "Origin: http://127.0.0.1:7700\r\n\r\n", 200);
    struct conn *conn = conn_new(world.gateway, CONN_UNIX, NULL);
    say(conn, "GET /healthz HTTP/1.1\r\nHost: nexusd\r\n\r\n");
    assert_true(str_starts(conn_output(conn), STR("HTTP/1.1 200")));
    conn_free(conn);
}

static void limits_hold_at_and_over(void **state)
{
    (void)state;
    struct buf request = {0};
    for (size_t over = 0; over < 2; over++) {
        buf_clear(&request);
        buf_add_text(&request, "GET /");
        for (size_t i = 0; i < 8191 + over; i++) {
            buf_add_byte(&request, 'a');
        }
        buf_add_text(&request, " HTTP/1.1\r\n" WORLD_HOST "\r\n");
        raw((const char *)request.at, request.len, over == 0 ? 404 : 414, over > 0);

        buf_clear(&request);
        buf_add_text(&request, "GET /healthz HTTP/1.1\r\n" WORLD_HOST "X-Long: ");
        while (request.len < 16384 - 4 + over) {
            buf_add_byte(&request, 'a');
        }
        buf_add_text(&request, "\r\n\r\n");
        raw((const char *)request.at, request.len, over == 0 ? 200 : 431, over > 0);

        buf_clear(&request);
        buf_add_text(&request, "GET /healthz HTTP/1.1\r\n" WORLD_HOST);
        for (size_t i = 0; i < 99 + over; i++) {
            buf_add_text(&request, "X-Many: a\r\n");
        }
        buf_add_text(&request, "\r\n");
        raw((const char *)request.at, request.len, over == 0 ? 200 : 431, over > 0);
    }
    buf_clear(&request);
    buf_add_text(&request, "GET /");
    for (size_t i = 0; i < 9000; i++) {
        buf_add_byte(&request, 'a');
    }
    raw((const char *)request.at, request.len, 414, true);
    text("POST /api/v1/facts HTTP/1.1\r\n" WORLD_HOST AUTH "Content-Length: 1048577\r\n\r\n", 413);
    buf_clear(&request);
    buf_add_text(&request, "POST /api/v1/facts HTTP/1.1\r\n" WORLD_HOST AUTH
                           "Transfer-Encoding: chunked\r\n\r\n100001\r\n");
    for (size_t i = 0; i < 0x100001; i++) {
        buf_add_byte(&request, 'a');
    }
    raw((const char *)request.at, request.len, 413, true);
    buf_deinit(&request);
}

/* The answer to `first` must be the same however its bytes are cut. */
static void split_everywhere(const char *request, int status)
{
    size_t len = strlen(request);
    for (size_t at = 0; at <= len; at++) {
        struct conn *conn = conn_new(world.gateway, CONN_TCP, NULL);
        struct buf out = {0};
        if (at > 0) {
            conn_feed(conn, request, at);
        }
        if (at < len) {
            conn_feed(conn, request + at, len - at);
        }
        world_settle(&world);
        take(conn, &out);
        struct answer answer;
        assert_true(cut_answer(&out, false, &answer));
        if (answer.status == 100) {
            answer_deinit(&answer);
            assert_true(cut_answer(&out, false, &answer));
        }
        if (answer.status != status) {
            fail_msg("cut at %zu: %s%s", at, (char *)answer.head.at, (char *)answer.body.at);
        }
        assert_int_equal(out.len, 0);
        answer_deinit(&answer);
        buf_deinit(&out);
        conn_free(conn);
    }
    struct conn *conn = conn_new(world.gateway, CONN_TCP, NULL);
    struct buf out = {0};
    for (size_t i = 0; i < len; i++) {
        conn_feed(conn, request + i, 1);
    }
    world_settle(&world);
    take(conn, &out);
    assert_true(out.len > 0);
    buf_deinit(&out);
    conn_free(conn);
}

#define HINT_BODY "{\"content\":\"prefer primary sources\"}"

static void requests_may_be_cut_anywhere(void **state)
{
    (void)state;
    split_everywhere(GET_ME, 200);
    split_everywhere("POST /api/v1/hints HTTP/1.1\r\n" WORLD_HOST AUTH
                     "Content-Length: 36\r\n\r\n" HINT_BODY,
                     201);
    split_everywhere("POST /api/v1/hints HTTP/1.1\r\n" WORLD_HOST AUTH
                     "Transfer-Encoding: chunked\r\n\r\n"
                     "1\r\n{\r\n22;a=b\r\n\"content\":\"prefer primary sources\"\r\n"
                     "1\r\n}\r\n0\r\nTrailer: x\r\n\r\n",
                     201);
    split_everywhere("POST /api/v1/hints HTTP/1.1\r\n" WORLD_HOST AUTH
                     "Expect: 100-continue\r\nContent-Length: 36\r\n\r\n" HINT_BODY,
                     201);
    split_everywhere("GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n", 400);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct conn *conn = conn_new(world.gateway, CONN_TCP, NULL);
    say(conn, GET_ME "POST /api/v1/hints HTTP/1.1\r\n" WORLD_HOST AUTH
                     "Content-Length: 36\r\n\r\n" HINT_BODY
                     "GET /nowhere HTTP/1.1\r\n" WORLD_HOST AUTH "\r\n" GET_ME);
    struct buf out = {0};
    take(conn, &out);
    struct answer answer;
    assert_true(cut_answer(&out, false, &answer));
    assert_int_equal(answer.status, 200);
    answer_deinit(&answer);
    /* The hint is not durable yet: neither its answer nor what follows may leave. */
    assert_int_equal(out.len, 0);
    world.ready_count = 0;
    world_settle(&world);
    assert_int_equal(world.ready_count, 1);
    take(conn, &out);
    static const int statuses[] = {201, 404, 200};
    for (size_t i = 0; i < 3; i++) {
        assert_true(cut_answer(&out, false, &answer));
        assert_int_equal(answer.status, statuses[i]);
        answer_deinit(&answer);
    }
    assert_false(conn_wants_close(conn));
    buf_deinit(&out);
    conn_free(conn);
}

static void head_answers_without_a_body(void **state)
{
    (void)state;
    struct answer answer = ask(&world, "HEAD", "/api/v1/me", WORLD_ADMIN, NULL);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(buf_cstr(&answer.head), "Content-Length:"));
    assert_int_equal(answer.body.len, 0);
    answer_deinit(&answer);
    answer = ask(&world, "HEAD", "/nowhere", WORLD_ADMIN, NULL);
    assert_int_equal(answer.status, 404);
    answer_deinit(&answer);
}

static void connections_end_as_asked(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        bool closes;
        const char *header;
    } cases[] = {
        {"GET /healthz HTTP/1.1\r\n" WORLD_HOST "\r\n", false, NULL},
        {"GET /healthz HTTP/1.1\r\n" WORLD_HOST "Connection: close\r\n\r\n", true,
         "Connection: close\r\n"},
        {"GET /healthz HTTP/1.0\r\n" WORLD_HOST "\r\n", true, "Connection: close\r\n"},
        {"GET /healthz HTTP/1.0\r\n" WORLD_HOST "Connection: keep-alive\r\n\r\n", false,
         "Connection: keep-alive\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct conn *conn = conn_new(world.gateway, CONN_TCP, NULL);
        struct buf out = {0};
        say(conn, cases[i].request);
        assert_false(conn_wants_close(conn));
        take(conn, &out);
        assert_int_equal(conn_wants_close(conn), cases[i].closes);
        if (cases[i].header != NULL) {
            assert_non_null(strstr(buf_cstr(&out), cases[i].header));
        }
        buf_deinit(&out);
        conn_free(conn);
    }
}

static void half_closed_connections_are_answered_and_ended(void **state)
{
    (void)state;
    struct conn *conn = conn_new(world.gateway, CONN_TCP, NULL);
    struct buf out = {0};
    say(conn, "POST /api/v1/hints HTTP/1.1\r\n" WORLD_HOST AUTH
              "Content-Length: 36\r\n\r\n" HINT_BODY);
    conn_feed_end(conn);
    assert_int_equal(conn_output(conn).len, 0);
    assert_false(conn_wants_close(conn));
    world_settle(&world);
    take(conn, &out);
    assert_true(str_starts(buf_str(&out), STR("HTTP/1.1 201")));
    assert_true(conn_wants_close(conn));
    buf_deinit(&out);
    conn_free(conn);
}

static void what_a_peer_leaves_unfinished_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "GET /hea",
        "GET /healthz HTTP/1.1\r\n" WORLD_HOST,
        "POST /api/v1/hints HTTP/1.1\r\n" WORLD_HOST AUTH "Content-Length: 36\r\n\r\n{\"con",
        "POST /api/v1/hints HTTP/1.1\r\n" WORLD_HOST AUTH
        "Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct conn *conn = conn_new(world.gateway, CONN_TCP, NULL);
        struct buf out = {0};
        say(conn, cases[i]);
        conn_feed_end(conn);
        take(conn, &out);
        assert_true(str_starts(buf_str(&out), STR("HTTP/1.1 400")));
        assert_non_null(strstr(buf_cstr(&out), "ended before it was complete"));
        assert_true(conn_wants_close(conn));
        buf_deinit(&out);
        conn_free(conn);
    }
}

static void a_refused_upload_is_not_invited(void **state)
{
    (void)state;
    struct conn *conn = conn_new(world.gateway, CONN_TCP, NULL);
    say(conn, "POST /api/v1/facts HTTP/1.1\r\n" WORLD_HOST "Authorization: Bearer wrong\r\n"
              "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n");
    assert_true(str_starts(conn_output(conn), STR("HTTP/1.1 401")));
    struct buf out = {0};
    take(conn, &out);
    assert_false(conn_wants_close(conn)); /* lingers: the body may be on its way */
    assert_true(conn_wants_read(conn));
    say(conn, "{\"rest\":\"of the body\"}");
    world_pass_ms(&world, 2100);
    assert_true(conn_wants_close(conn));
    conn_free(conn);
    conn = conn_new(world.gateway, CONN_TCP, NULL);
    say(conn, "POST /api/v1/hints HTTP/1.1\r\n" WORLD_HOST AUTH
              "Expect: 100-continue\r\nContent-Length: 36\r\n\r\n");
    assert_true(str_eq(conn_output(conn), STR("HTTP/1.1 100 Continue\r\n\r\n")));
    conn_free(conn);
    buf_deinit(&out);
}

static void slow_clients_are_timed_out(void **state)
{
    (void)state;
    struct conn *idle = conn_new(world.gateway, CONN_TCP, NULL);
    struct conn *slow_head = conn_new(world.gateway, CONN_TCP, NULL);
    struct conn *slow_body = conn_new(world.gateway, CONN_TCP, NULL);
    say(slow_head, "GET /healthz HT");
    say(slow_body, "POST /api/v1/hints HTTP/1.1\r\n" WORLD_HOST AUTH "Content-Length: 36\r\n\r\n{");
    world_pass_ms(&world, 9000);
    say(slow_head, "TP");
    assert_int_equal(conn_output(slow_head).len, 0);
    world_pass_ms(&world, 1100);
    assert_true(str_starts(conn_output(slow_head), STR("HTTP/1.1 408")));
    assert_int_equal(conn_output(slow_body).len, 0);
    world_pass_ms(&world, 50000);
    assert_true(str_starts(conn_output(slow_body), STR("HTTP/1.1 408")));
    assert_false(conn_wants_close(idle));
    world_pass_ms(&world, 250000);
    assert_true(conn_wants_close(idle));
    assert_int_equal(conn_output(idle).len, 0);
    conn_free(idle);
    conn_free(slow_head);
    conn_free(slow_body);
}

static void unread_answers_stop_the_reading(void **state)
{
    (void)state;
    struct conn *conn = conn_new(world.gateway, CONN_TCP, NULL);
    size_t sent = 0;
    while (conn_wants_read(conn) && sent < 10000) {
        say(conn, "GET /openapi.json HTTP/1.1\r\n" WORLD_HOST "\r\n");
        sent++;
    }
    assert_true(sent < 10000);
    say(conn, "GET /openapi.json HTTP/1.1\r\n" WORLD_HOST "\r\n" GET_ME);
    struct buf out = {0};
    take(conn, &out);
    struct answer answer;
    size_t answers = 0;
    while (cut_answer(&out, false, &answer)) {
        assert_int_equal(answer.status, 200);
        answer_deinit(&answer);
        answers++;
    }
    assert_int_equal(answers, sent + 2);
    assert_int_equal(out.len, 0);
    assert_true(conn_wants_read(conn));
    buf_deinit(&out);
    conn_free(conn);
}

static void connections_are_counted_and_limited(void **state)
{
    (void)state;
    struct world small;
    struct limits limits = limits_default();
    limits.connections_max = 2;
    world_open_with(&small, &limits);
    struct conn *first = conn_new(small.gateway, CONN_TCP, &small);
    struct conn *second = conn_new(small.gateway, CONN_TCP, NULL);
    assert_ptr_equal(conn_host(first), &small);
    assert_null(conn_new(small.gateway, CONN_TCP, NULL));
    conn_free(first);
    first = conn_new(small.gateway, CONN_TCP, NULL);
    assert_non_null(first);
    conn_free(first);
    conn_free(second);
    world_close(&small);
}

static void draining_ends_connections_cleanly(void **state)
{
    (void)state;
    struct world other;
    struct limits limits = limits_default();
    world_open_with(&other, &limits);
    struct conn *idle = conn_new(other.gateway, CONN_TCP, NULL);
    struct conn *busy = conn_new(other.gateway, CONN_TCP, NULL);
    struct conn *late = conn_new(other.gateway, CONN_TCP, NULL);
    say(late, "GET /api/v1/me HT");
    say(busy, "POST /api/v1/hints HTTP/1.1\r\n" WORLD_HOST AUTH
              "Content-Length: 36\r\n\r\n" HINT_BODY);
    gateway_drain(other.gateway);
    assert_true(conn_wants_close(idle));
    assert_false(conn_wants_close(busy));
    say(late, "TP/1.1\r\n" WORLD_HOST AUTH "\r\n");
    assert_true(str_starts(conn_output(late), STR("HTTP/1.1 503")));
    world_settle(&other);
    struct buf out = {0};
    take(busy, &out);
    take(late, &out);
    assert_true(str_starts(buf_str(&out), STR("HTTP/1.1 201")));
    assert_true(conn_wants_close(busy));
    assert_true(conn_wants_close(late));
    assert_null(conn_new(other.gateway, CONN_TCP, NULL));
    buf_deinit(&out);
    conn_free(idle);
    conn_free(busy);
    conn_free(late);
    world_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_requests_are_answered),
        cmocka_unit_test(smuggling_shapes_are_refused),
        cmocka_unit_test(foreign_hosts_and_origins_are_refused),
        cmocka_unit_test(limits_hold_at_and_over),
        cmocka_unit_test(requests_may_be_cut_anywhere),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(head_answers_without_a_body),
        cmocka_unit_test(connections_end_as_asked),
        cmocka_unit_test(half_closed_connections_are_answered_and_ended),
        cmocka_unit_test(what_a_peer_leaves_unfinished_is_refused),
        cmocka_unit_test(a_refused_upload_is_not_invited),
        cmocka_unit_test(slow_clients_are_timed_out),
        cmocka_unit_test(unread_answers_stop_the_reading),
        cmocka_unit_test(connections_are_counted_and_limited),
        cmocka_unit_test(draining_ends_connections_cleanly),
    };
    return cmocka_run_group_tests_name("http", tests, setup, teardown);
}
