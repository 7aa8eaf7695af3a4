/* query_fuzz.c - any bytes as the query of a list, and of a stream.
 *
 * Bytes that cannot stand in a request target are sent percent-encoded, so that the
 * parameters see all of them. What must hold: the answer is 200 or 400, and a 200 is
 * one JSON object.
 */
#include "codec/json.h"
#include "gateway/world_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct fuzz_state {
    struct world world;
    bool open;
};

static struct fuzz_state fuzz_state;

#define FACT                                                                                       \
    "{\"origin\":\"a b\",\"topic\":\"t\",\"content\":{\"mime_type\":\"a/b\",\"data\":\"x\"}}"

static void send_request(struct conn *conn, const char *method, struct str target, const char *body)
{
    struct buf request = {0};
    buf_printf(&request,
               "%s %.*s HTTP/1.1\r\n" WORLD_HOST "Authorization: Bearer " WORLD_ADMIN "\r\n"
               "Content-Length: %zu\r\n\r\n%s",
               method, STR_ARG(target), strlen(body), body);
    conn_feed(conn, request.at, request.len);
    buf_deinit(&request);
}

static void open_once(struct world *world)
{
    if (fuzz_state.open) {
        return;
    }
    fuzz_state.open = true;
    struct limits limits = limits_default();
    world_open_bare(world, &limits);
    struct conn *conn = conn_new(world->gateway, CONN_TCP, NULL);
    send_request(conn, "POST", STR("/api/v1/facts"), FACT);
    send_request(conn, "POST", STR("/api/v1/intents"), "{\"description\":\"d\"}");
    world_settle(world);
    conn_free(conn);
}

static void add_target(struct buf *target, const uint8_t *bytes, size_t len)
{
    buf_add_text(target, "/api/v1/records?");
    for (size_t i = 0; i < len && target->len < 8000; i++) {
        if (bytes[i] > 0x20 && bytes[i] < 0x7f) {
            buf_add_byte(target, bytes[i]);
        } else {
            buf_printf(target, "%%%02x", bytes[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct world *world = &fuzz_state.world;
    struct buf target = {0};
    struct buf out = {0};
    open_once(world);
    add_target(&target, bytes, len);
    struct conn *conn = conn_new(world->gateway, CONN_TCP, NULL);
    send_request(conn, "GET", buf_str(&target), "");
    take(conn, &out);
    struct str answer = buf_str(&out);
    bool fine = str_starts(answer, STR("HTTP/1.1 200"));
    CHECK(fine || str_starts(answer, STR("HTTP/1.1 400")));
    struct arena arena = {0};
    struct json *value = NULL;
    struct json_error error;
    size_t body = str_find_str(answer, STR("\r\n\r\n")) + 4;
    CHECK(json_parse(&arena, str_sub(answer, body, answer.len), NULL, &value, &error));
    CHECK(value->kind == JSON_OBJECT && (json_get(value, "records") != NULL) == fine);
    arena_deinit(&arena);
    conn_free(conn);
    buf_deinit(&target);
    buf_deinit(&out);
    return 0;
}
