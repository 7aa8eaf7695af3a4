/* http_fuzz.c - any bytes, cut anywhere, on a connection.
 *
 * The first byte chooses how the rest is cut; the rest is what the peer sends. What
 * must hold: nothing crashes, every answer begins with a status line, and once the
 * peer has ended and time has passed, the connection wants to be closed.
 */
#include "gateway/world_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define INPUTS_PER_WORLD 2000

struct fuzz_state {
    struct world world;
    size_t inputs; /* 0 = no world yet */
};

static struct fuzz_state fuzz_state;

static void renew(void)
{
    if (fuzz_state.inputs == INPUTS_PER_WORLD) {
        world_close(&fuzz_state.world);
        fuzz_state.inputs = 0;
    }
    if (fuzz_state.inputs++ == 0) {
        struct limits limits = limits_default();
        limits.request_bytes_max = 4096;
        world_open_bare(&fuzz_state.world, &limits);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct world *world = &fuzz_state.world;
    struct buf out = {0};
    renew();
    if (len == 0) {
        return 0;
    }
    enum conn_kind kind = (bytes[0] & 128) != 0 ? CONN_UNIX : CONN_TCP;
    struct conn *conn = conn_new(world->gateway, kind, NULL);
    CHECK(conn != NULL);
    size_t piece = (bytes[0] & 127) == 0 ? len : (size_t)(bytes[0] & 127);
    for (size_t at = 1; at < len; at += piece) {
        conn_feed(conn, bytes + at, piece < len - at ? piece : len - at);
        if (at % 3 == 0) {
            take(conn, &out);
        }
    }
    world_settle(world);
    take(conn, &out);
    CHECK(out.len == 0 || str_starts(buf_str(&out), STR("HTTP/1.1 ")));
    conn_feed_end(conn);
    for (int i = 0; i < 4 && !conn_wants_close(conn); i++) {
        world_pass_ms(world, 301000);
        take(conn, &out);
    }
    CHECK(conn_wants_close(conn));
    conn_free(conn);
    buf_deinit(&out);
    return 0;
}
