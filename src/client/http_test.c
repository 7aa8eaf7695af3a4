/* http_test.c - the client's reader against answers as a server may send them, in pieces,
 * over a socket pair; and addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/http.h"

/* What the client makes of the bytes; they lie in the socket before it asks. */
static enum err ask(const char *bytes, struct buf *out, struct http_reply *reply, bool *open)
{
    int ends[2];
    struct http http;
    struct trail trail = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(write(ends[1], bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    http_init(&http);
    http.fd = ends[0];
    http.timeout_ms = 1000;
    /* A retry on a fresh connection leads nowhere, quickly. */
    memcpy(http.socket_path, "/nonexistent/socket", 20);
    enum err err = http_call(&http, "GET", STR("/"), STR_NONE, NULL, 0, out, reply, &trail);
    *open = http.fd >= 0;
    http_deinit(&http);
    close(ends[1]);
    return err;
}

static void answers(void **state)
{
    static const struct {
        const char *bytes, *body;
        int status;
        bool open;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, true},
        {"HTTP/1.1 204 No Content\r\n\r\n", "", 204, true},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "", 404,
         true},
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n"
         "0\r\n\r\n",
         "abc0123456789", 200, true},
        {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "ok", 200, false},
        {"HTTP/1.1 200 OK\r\n\r\nto the end", "to the end", 200, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out = {0};
        struct http_reply reply = {0};
        bool open = false;
        assert_int_equal(ask(cases[i].bytes, &out, &reply, &open), ERR_OK);
        assert_int_equal(reply.status, cases[i].status);
        assert_string_equal(buf_cstr(&out), cases[i].body);
        assert_int_equal(open, cases[i].open);
        buf_deinit(&out);
    }
}

static void broken_answers(void **state)
{
    static const char *const cases[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out = {0};
        struct http_reply reply = {0};
        bool open = true;
        assert_int_not_equal(ask(cases[i], &out, &reply, &open), ERR_OK);
        assert_false(open);
        buf_deinit(&out);
    }
}

static void addresses(void **state)
{
    struct http http;
    struct trail trail = {0};
    (void)state;
    http_init(&http);
    assert_true(http_set_url(&http, "http://127.0.0.1:7700", &trail));
    assert_string_equal(http.host, "127.0.0.1");
    assert_string_equal(http.port, "7700");
    assert_true(http_set_url(&http, "http://[::1]:80/path", &trail));
    assert_string_equal(http.host, "::1");
    assert_true(http_set_url(&http, "unix:/tmp/x.sock", &trail));
    assert_string_equal(http.socket_path, "/tmp/x.sock");
    assert_false(http_set_url(&http, "https://x", &trail));
    assert_false(http_set_url(&http, "http://x:99999", &trail));
    assert_false(http_set_url(&http, "http://", &trail));
    assert_false(http_set_url(&http, "127.0.0.1:7700", &trail));
    http_deinit(&http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(broken_answers),
        cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
