/* stream_test.c - what outlives one request: event streams, waiting claims, a disk
 * that fails, a restart. */
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

/* A request of the agent whose token was made at the start. */
static struct conn *send_to(struct world *to, const char *token, const char *method,
                            const char *path, const char *headers, const char *body)
{
    struct conn *conn = conn_new(to->gateway, CONN_TCP, NULL);
    struct buf request = {0};
    buf_printf(&request,
               "%s /api/v1%s HTTP/1.1\r\n" WORLD_HOST
               "Authorization: Bearer %s\r\n%sContent-Length: %zu\r\n\r\n%s",
               method, path, token, headers, strlen(body), body);
    conn_feed(conn, request.at, request.len);
    buf_deinit(&request);
    return conn;
}

static struct conn *send_as(const char *token, const char *method, const char *path,
                            const char *headers, const char *body)
{
    return send_to(&world, token, method, path, headers, body);
}

static void add_hint(const char *content)
{
    char body[128];
    snprintf(body, sizeof body, "{\"content\":\"%s\"}", content);
    expect(&world, "POST", "/api/v1/hints", world.agent, body, 201, NULL);
}

static void add_intent(const char *topic)
{
    char body[128];
    snprintf(body, sizeof body, "{\"description\":\"work\",\"topic\":\"%s\"}", topic);
    expect(&world, "POST", "/api/v1/intents", world.human, body, 201, NULL);
}

static size_t count_of(const struct buf *text, const char *word)
{
    size_t count = 0;
    struct str rest = buf_str(text);
    for (;;) {
        size_t at = str_find_str(rest, str_of(word));
        if (at == rest.len) {
            return count;
        }
        count++;
        rest = str_sub(rest, at + 1, rest.len);
    }
}

static void streams_show_what_is_durable(void **state)
{
    (void)state;
    struct buf out = {0};
    struct conn *conn = send_as(world.reader, "GET", "/events?after=0", "", "");
    take(conn, &out);
    assert_non_null(strstr(buf_cstr(&out), "Content-Type: text/event-stream"));
    assert_non_null(strstr(buf_cstr(&out), "X-Accel-Buffering: no"));
    assert_non_null(strstr(buf_cstr(&out), "retry: 2000\n\n"));
    assert_non_null(strstr(buf_cstr(&out), "\n\nid: 1\nevent: event\ndata: {\"id\":\"e_"));
    buf_clear(&out);
    struct conn *writer =
        send_as(world.agent, "POST", "/hints", "", "{\"content\":\"seen when durable\"}");
    gateway_settle(world.gateway);
    assert_int_equal(conn_output(conn).len, 0);
    world_settle(&world);
    take(conn, &out);
    assert_int_equal(count_of(&out, "event: hint\n"), 1);
    assert_int_equal(count_of(&out, "seen when durable"), 1);
    buf_clear(&out);
    world_pass_ms(&world, 15100);
    take(conn, &out);
    assert_string_equal(buf_cstr(&out), ": still here\n\n");
    buf_deinit(&out);
    conn_free(writer);
    conn_feed_end(conn);
    assert_true(conn_wants_close(conn));
    conn_free(conn);
}

static void streams_resume_and_choose(void **state)
{
    (void)state;
    struct buf out = {0};
    add_hint("one");
    add_intent("chosen");
    add_hint("two");
    struct conn *conn = send_as(world.reader, "GET", "/events?after=0&kind=hint", "", "");
    take(conn, &out);
    assert_true(count_of(&out, "event: hint\n") >= 2);
    assert_int_equal(count_of(&out, "event: intent\n"), 0);
    conn_free(conn);
    buf_clear(&out);
    char header[64];
    snprintf(header, sizeof header, "Last-Event-ID: %llu\r\n",
             (unsigned long long)board_head(world.board) - 1);
    conn = send_as(world.reader, "GET", "/events?after=0", header, "");
    take(conn, &out);
    assert_int_equal(count_of(&out, "\nid: ") + count_of(&out, "\n\nid: "), 2);
    assert_int_equal(count_of(&out, "event: "), 1);
    conn_free(conn);
    buf_deinit(&out);
    expect(&world, "GET", "/api/v1/events?after=99999", world.reader, NULL, 400, "in the future");
    expect(&world, "GET", "/api/v1/events?after=x", world.reader, NULL, 400, "`after`");
}

static void a_slow_stream_loses_nothing(void **state)
{
    (void)state;
    struct buf out = {0};
    uint64_t head = board_head(world.board);
    char path[64];
    snprintf(path, sizeof path, "/events?after=%llu", (unsigned long long)head);
    struct conn *conn = send_as(world.reader, "GET", path, "", "");
    char body[9000];
    for (int i = 0; i < 200; i++) {
        snprintf(body, sizeof body, "{\"content\":\"%08000d\"}", i);
        struct conn *writer = send_as(world.agent, "POST", "/hints", "", body);
        world_settle(&world);
        conn_free(writer);
    }
    assert_true(conn_output(conn).len < (1u << 20));
    take(conn, &out);
    assert_int_equal(count_of(&out, "event: hint\n"), 200);
    conn_free(conn);
    buf_deinit(&out);
}

static void a_stream_ends_with_its_token(void **state)
{
    (void)state;
    struct buf out = {0};
    char token[64];
    struct answer answer =
        ask(&world, "POST", "/api/v1/agents", WORLD_ADMIN, "{\"name\":\"leaver\"}");
    assert_int_equal(answer.status, 201);
    const char *at = strstr(buf_cstr(&answer.body), "\"token\":\"");
    assert_non_null(at);
    snprintf(token, sizeof token, "%.46s", at + strlen("\"token\":\""));
    answer_deinit(&answer);
    struct conn *conn = send_as(token, "GET", "/events?after=0", "", "");
    take(conn, &out);
    assert_int_equal(count_of(&out, "HTTP/1.1 200"), 1);
    buf_clear(&out);
    expect(&world, "DELETE", "/api/v1/agents/leaver", WORLD_ADMIN, NULL, 200, NULL);
    add_hint("not for leavers");
    take(conn, &out);
    assert_int_equal(count_of(&out, "not for leavers"), 0);
    assert_true(conn_wants_close(conn));
    buf_deinit(&out);
    conn_free(conn);
}

/* A refusal shows state as well: that of a claim which a crash may still take back. */
static void a_refused_batch_tells_what_is_durable(void **state)
{
    (void)state;
    struct buf out = {0};
    char intent[80];
    char text[160];
    post_for(&world, "/api/v1/intents", world.human, "{\"description\":\"once\"}", "id", intent);
    snprintf(text, sizeof text, "/intents/%s/claim", intent);
    struct conn *first = send_as(world.agent, "POST", text, "", "{}");
    snprintf(text, sizeof text, "{\"ops\":[{\"op\":\"claim\",\"intent\":\"%s\"}]}", intent);
    struct conn *batch = send_as(world.second, "POST", "/batch", "", text);
    gateway_settle(world.gateway);
    assert_int_equal(conn_output(batch).len, 0);
    world_settle(&world);
    take(batch, &out);
    assert_int_equal(count_of(&out, "already_claimed"), 2);
    buf_clear(&out);
    conn_free(batch);
    /* What it did itself, and took back, it does not wait for. */
    snprintf(text, sizeof text,
             "{\"ops\":[{\"op\":\"hint\",\"content\":\"gone\"},"
             "{\"op\":\"claim\",\"intent\":\"%s\"}]}", intent);
    batch = send_as(world.second, "POST", "/batch", "", text);
    take(batch, &out);
    assert_int_equal(count_of(&out, "already_claimed"), 2);
    conn_free(batch);
    conn_free(first);
    buf_deinit(&out);
}

static void streams_are_limited(void **state)
{
    (void)state;
    struct world small;
    struct limits limits = limits_default();
    limits.streams_max = 1;
    world_open_with(&small, &limits);
    struct conn *conn = conn_new(small.gateway, CONN_TCP, NULL);
    struct buf request = {0};
    buf_printf(&request,
               "GET /api/v1/events HTTP/1.1\r\n" WORLD_HOST "Authorization: Bearer %s\r\n\r\n",
               small.reader);
    conn_feed(conn, request.at, request.len);
    expect(&small, "GET", "/api/v1/events", small.reader, NULL, 429, "limit_reached");
    gateway_drain(small.gateway);
    struct buf out = {0};
    take(conn, &out);
    assert_true(conn_wants_close(conn));
    conn_free(conn);
    buf_deinit(&out);
    buf_deinit(&request);
    world_close(&small);
}

static int status_of(struct conn *conn, const char *part)
{
    struct buf out = {0};
    take(conn, &out);
    struct answer answer;
    int status = 0;
    if (cut_answer(&out, false, &answer)) {
        status = answer.status;
        if (part != NULL && strstr(buf_cstr(&answer.body), part) == NULL) {
            fail_msg("wanted %s in %s", part, (char *)answer.body.at);
        }
        answer_deinit(&answer);
    }
    buf_deinit(&out);
    return status;
}

#define WAIT(topic) "{\"topics\":[\"" topic "\"],\"wait_ms\":5000}"

static void a_waiting_claim_gets_its_intent(void **state)
{
    (void)state;
    struct conn *conn = send_as(world.agent, "POST", "/claims", "", WAIT("soon"));
    /* What is sent meanwhile waits its turn. */
    say(conn, "GET /healthz HTTP/1.1\r\n" WORLD_HOST "\r\n");
    world_settle(&world);
    assert_int_equal(conn_output(conn).len, 0);
    add_intent("soon");
    world_settle(&world);
    struct buf out = {0};
    take(conn, &out);
    struct answer answer;
    assert_true(cut_answer(&out, false, &answer));
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(buf_cstr(&answer.body), "\"epoch\":"));
    answer_deinit(&answer);
    assert_true(cut_answer(&out, false, &answer));
    assert_string_equal(buf_cstr(&answer.body), "{\"status\":\"ok\"}");
    answer_deinit(&answer);
    buf_deinit(&out);
    conn_free(conn);
}

static void waiting_claims_end(void **state)
{
    (void)state;
    struct conn *late = send_as(world.agent, "POST", "/claims", "", WAIT("never"));
    struct conn *gone = send_as(world.agent, "POST", "/claims", "", WAIT("later"));
    struct conn *half = send_as(world.agent, "POST", "/claims", "", WAIT("later"));
    conn_free(gone);
    conn_feed_end(half);
    assert_true(str_starts(conn_output(half), STR("HTTP/1.1 204")));
    conn_free(half);
    world_pass_ms(&world, 5100);
    assert_true(str_starts(conn_output(late), STR("HTTP/1.1 204")));
    conn_free(late);
    /* Nobody is left to take it by mistake. */
    add_intent("later");
    expect(&world, "POST", "/api/v1/claims", world.second, "{\"topics\":[\"later\"]}", 200, NULL);
}

static void waiting_claims_have_keys(void **state)
{
    (void)state;
    const char *key = "Idempotency-Key: waiting\r\n";
    struct conn *first = send_as(world.agent, "POST", "/claims", key, WAIT("keyed"));
    struct conn *same = send_as(world.agent, "POST", "/claims", key, WAIT("keyed"));
    assert_int_equal(status_of(same, "still running"), 409);
    add_intent("keyed");
    world_settle(&world);
    assert_int_equal(status_of(first, "\"epoch\":1"), 200);
    conn_free(same);
    same = send_as(world.agent, "POST", "/claims", key, WAIT("keyed"));
    world_settle(&world);
    assert_int_equal(status_of(same, "\"epoch\":1"), 200);
    conn_free(first);
    conn_free(same);
}

static void a_drain_ends_waiting_claims(void **state)
{
    (void)state;
    struct world drained;
    struct limits limits = limits_default();
    world_open_with(&drained, &limits);
    struct conn *conn = send_to(&drained, drained.agent, "POST", "/claims", "", WAIT("drained"));
    gateway_drain(drained.gateway);
    assert_int_equal(status_of(conn, NULL), 204);
    assert_true(conn_wants_close(conn));
    conn_free(conn);
    world_close(&drained);
}

/* -- disks and restarts ------------------------------------------------------------------- */

static void a_failed_disk_withdraws_answers(void **state)
{
    (void)state;
    struct world small;
    struct world *broken = &small;
    struct limits limits = limits_default();
    world_open_with(broken, &limits);
    struct conn *conn = conn_new(broken->gateway, CONN_TCP, NULL);
    struct buf request = {0};
    buf_printf(&request,
               "POST /api/v1/hints HTTP/1.1\r\n" WORLD_HOST
               "Authorization: Bearer %s\r\nContent-Length: 18\r\n\r\n{\"content\":\"lost\"}",
               broken->agent);
    broken->disk.fail_at = broken->disk.ops + 1;
    broken->disk.fail_forever = true;
    conn_feed(conn, request.at, request.len);
    world_settle(broken);
    struct buf out = {0};
    take(conn, &out);
    assert_true(str_starts(buf_str(&out), STR("HTTP/1.1 503")));
    assert_null(strstr(buf_cstr(&out), "201 Created"));
    conn_feed_end(conn);
    assert_true(conn_wants_close(conn));
    conn_free(conn);
    expect(broken, "POST", "/api/v1/hints", broken->agent, "{\"content\":\"x\"}", 503,
           "takes no writes");
    expect(broken, "GET", "/readyz", NULL, NULL, 503, NULL);
    expect(broken, "GET", "/healthz", NULL, NULL, 200, NULL);
    buf_deinit(&request);
    buf_deinit(&out);
    world_close(broken);
}

/* Requests sent behind one whose answer is withdrawn must not be answered in its place. */
static void nothing_follows_a_withdrawn_answer(void **state)
{
    (void)state;
    static const char *const followers[] = {
        "GET /api/v1/events HTTP/1.1\r\n" WORLD_HOST "Authorization: Bearer %s\r\n\r\n",
        "POST /api/v1/claims HTTP/1.1\r\n" WORLD_HOST
        "Authorization: Bearer %s\r\nContent-Length: 16\r\n\r\n{\"wait_ms\":9999}",
        "GET /healthz HTTP/1.1\r\n" WORLD_HOST "X-Token: %s\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof followers / sizeof followers[0]; i++) {
        struct world broken;
        struct limits limits = limits_default();
        world_open_with(&broken, &limits);
        broken.disk.fail_at = broken.disk.ops + 1;
        broken.disk.fail_forever = true;
        struct conn *conn =
            send_to(&broken, broken.agent, "POST", "/hints", "", "{\"content\":\"lost\"}");
        struct buf follower = {0};
        buf_printf(&follower, followers[i], broken.agent);
        conn_feed(conn, follower.at, follower.len);
        world_settle(&broken);
        struct buf out = {0};
        take(conn, &out);
        assert_true(str_starts(buf_str(&out), STR("HTTP/1.1 503")));
        assert_int_equal(count_of(&out, "HTTP/1.1 "), 1);
        conn_free(conn);
        buf_deinit(&out);
        buf_deinit(&follower);
        world_close(&broken);
    }
}

static void keys_and_tokens_survive_a_restart(void **state)
{
    (void)state;
    const char *key = "Idempotency-Key: across\r\n";
    struct answer first = ask_with(&world, "POST", "/api/v1/intents", world.agent, key,
                                   "{\"description\":\"across\"}");
    assert_int_equal(first.status, 201);
    gateway_free(world.gateway);
    world.gateway = NULL;
    board_close(world.board);
    world_open_board(&world, &world.board);
    world_open_gateway(&world);
    struct answer again = ask_with(&world, "POST", "/api/v1/intents", world.agent, key,
                                   "{\"description\":\"across\"}");
    assert_int_equal(again.status, 201);
    assert_string_equal(buf_cstr(&first.body), buf_cstr(&again.body));
    answer_deinit(&first);
    answer_deinit(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_show_what_is_durable),
        cmocka_unit_test(streams_resume_and_choose),
        cmocka_unit_test(a_slow_stream_loses_nothing),
        cmocka_unit_test(a_stream_ends_with_its_token),
        cmocka_unit_test(a_refused_batch_tells_what_is_durable),
        cmocka_unit_test(streams_are_limited),
        cmocka_unit_test(a_waiting_claim_gets_its_intent),
        cmocka_unit_test(waiting_claims_end),
        cmocka_unit_test(waiting_claims_have_keys),
        cmocka_unit_test(a_drain_ends_waiting_claims),
        cmocka_unit_test(a_failed_disk_withdraws_answers),
        cmocka_unit_test(nothing_follows_a_withdrawn_answer),
        cmocka_unit_test(keys_and_tokens_survive_a_restart),
    };
    return cmocka_run_group_tests_name("stream", tests, setup, teardown);
}
