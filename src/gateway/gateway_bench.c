/* gateway_bench.c - what one request costs between bytes in and bytes out, without
 * sockets and on a disk in memory.
 *
 *     gateway_bench [REQUESTS]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/world_test.h"

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#define AUTH "Authorization: Bearer " WORLD_ADMIN "\r\n"
#define USUAL "User-Agent: bench/1.0\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n"

static void drop(struct conn *conn)
{
    struct str output = conn_output(conn);
    CHECK(output.len > 0);
    conn_sent(conn, output.len);
}

static void report(const char *what, uint64_t requests, uint64_t begin_ns)
{
    uint64_t ns = now_ns() - begin_ns;
    printf("%-28s %8" PRIu64 " requests  %7.0f ns each  %7.0f k/s\n", what, requests,
           (double)ns / (double)requests, (double)requests * 1e6 / (double)ns);
}

static void post_facts(struct world *world, struct conn *conn, uint64_t requests, char out_id[80])
{
    struct buf request = {0};
    uint64_t begin_ns = now_ns();
    for (uint64_t i = 0; i < requests; i++) {
        char body[256];
        int len = snprintf(body, sizeof body,
                           "{\"origin\":\"bench/%" PRIu64 "\",\"topic\":\"bench\",\"content\":"
                           "{\"mime_type\":\"text/plain\",\"data\":\"the number %" PRIu64 "\"}}",
                           i, i);
        buf_clear(&request);
        buf_printf(&request,
                   "POST /api/v1/facts HTTP/1.1\r\n" WORLD_HOST AUTH USUAL
                   "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                   len, body);
        conn_feed(conn, request.at, request.len);
        if (i % 64 == 63 || i + 1 == requests) {
            world_settle(world);
            struct str output = conn_output(conn);
            size_t at = str_find_str(output, STR("\"id\":\""));
            CHECK(at + 80 < output.len);
            memcpy(out_id, output.at + at + 6, ID_TEXT_LEN);
            out_id[ID_TEXT_LEN] = 0;
            conn_sent(conn, output.len);
        }
    }
    report("POST /facts, 64 a commit", requests, begin_ns);
    buf_deinit(&request);
}

static void get(struct conn *conn, const char *what, const char *path, uint64_t requests)
{
    struct buf request = {0};
    buf_printf(&request, "GET %s HTTP/1.1\r\n" WORLD_HOST AUTH USUAL "\r\n", path);
    uint64_t begin_ns = now_ns();
    for (uint64_t i = 0; i < requests; i++) {
        conn_feed(conn, request.at, request.len);
        drop(conn);
    }
    report(what, requests, begin_ns);
    buf_deinit(&request);
}

int main(int argc, char **argv)
{
    uint64_t requests = argc > 1 ? strtoull(argv[1], NULL, 10) : 500000;
    struct limits limits = limits_default();
    struct world *world = mem_zalloc(sizeof *world);
    world_open_bare(world, &limits);
    struct conn *conn = conn_new(world->gateway, CONN_TCP, NULL);
    char id[80];
    char path[128];
    post_facts(world, conn, requests / 5, id);
    snprintf(path, sizeof path, "/api/v1/facts/%s", id);
    get(conn, "GET /facts/ID", path, requests);
    get(conn, "GET /healthz", "/healthz", requests);
    get(conn, "GET /records?limit=100", "/api/v1/records?limit=100", requests / 50);
    conn_free(conn);
    world_close(world);
    mem_free(world);
    return 0;
}
