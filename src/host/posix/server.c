/* server.c - listeners, the loop's turns, and the timer of the gateway.
 *
 * One round of the loop is: timers, sockets and results of jobs, then the turn. So
 * a turn sees everything that arrived while the last sync was in flight, and
 * gateway_settle makes it one group.
 *
 *   read ... read, job done ... -> check -> turn: step, settle, flush, arm the timer
 *
 * A write that the socket takes at once is reported at the start of the next round,
 * before the loop sleeps; `prepare` then takes a turn, so nobody waits for the rest.
 *
 * Nothing runs periodically: an idle daemon sleeps until the gateway's next deadline.
 */
#include "host/posix/server_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "host/posix/io_posix.h"

#define BACKLOG 1024

/* -- turns --------------------------------------------------------------------------- */

static void flush_ready(struct server *server)
{
    while (server->ready_first != NULL) {
        struct peer *peer = server->ready_first;
        server->ready_first = peer->ready_next;
        if (server->ready_first == NULL) {
            server->ready_end = &server->ready_first;
        }
        peer->ready = false;
        peer_flush(peer);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct server *server = timer->data;
    server->timer_ns = UINT64_MAX;
    server_turn(server);
}

/* The loop counts whole milliseconds, cut off: woken early, it would only come again. */
static void arm_timer(struct server *server, uint64_t at_ns)
{
    if (at_ns == server->timer_ns) {
        return;
    }
    server->timer_ns = at_ns;
    if (at_ns == UINT64_MAX) {
        uv_timer_stop(&server->timer);
        return;
    }
    uint64_t now_ns = uv_hrtime();
    uint64_t wait_ms = at_ns > now_ns ? (at_ns - now_ns) / NS_PER_MS + 2 : 0;
    uv_update_time(server->options.loop);
    CHECK(uv_timer_start(&server->timer, on_timer, wait_ms, 0) == 0);
}

static void on_care(uv_timer_t *timer)
{
    struct server *server = timer->data;
    for (struct peer *peer = server->peers, *next; peer != NULL; peer = next) {
        next = peer->next;
        peer_care(peer);
    }
    if (server->slow_count == 0) {
        uv_timer_stop(timer);
    }
}

void server_turn(struct server *server)
{
    if (server->gateway != NULL) {
        uint64_t next_ns = gateway_step(server->gateway);
        gateway_settle(server->gateway);
        flush_ready(server);
        arm_timer(server, next_ns);
        if (server->slow_count > 0 && !uv_is_active((uv_handle_t *)&server->care)) {
            CHECK(uv_timer_start(&server->care, on_care, CARE_MS, CARE_MS) == 0);
        }
    }
    if (server->options.on_turn != NULL) {
        server->options.on_turn(server->options.context);
    }
}

static void on_check(uv_check_t *check)
{
    server_turn(check->data);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct server *server = prepare->data;
    if (server->ready_first != NULL) {
        server_turn(server);
    }
}

void server_ready(struct server *server, struct conn *conn)
{
    (void)server;
    peer_mark_ready(conn_host(conn));
}

/* -- binding ------------------------------------------------------------------------- */

static bool parse_address(struct str host_port, struct sockaddr_storage *out_address)
{
    char host[64];
    size_t colon = host_port.len;
    while (colon > 0 && host_port.at[colon - 1] != ':') {
        colon--;
    }
    unsigned long long port;
    if (colon == 0 || colon > sizeof host ||
        !str_to_u64(str_sub(host_port, colon, host_port.len - colon), &port) || port > 65535) {
        return false;
    }
    struct str name = str_sub(host_port, 0, colon - 1);
    bool bracketed = name.len >= 2 && name.at[0] == '[' && name.at[name.len - 1] == ']';
    if (bracketed) {
        name = str_sub(name, 1, name.len - 2);
    }
    if (str_is(name, "localhost")) {
        name = STR("127.0.0.1");
    }
    memcpy(host, name.at, name.len);
    host[name.len] = '\0';
    return bracketed ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)out_address) == 0
                     : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)out_address) == 0;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        uint32_t ip = ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
        return ip >> 24 == 127;
    }
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static enum err tcp_err(struct trail *trail, int status, struct str host_port)
{
    if (status == UV_EADDRINUSE) {
        return trail_err(trail, ERR_LOCKED, "another program listens on %.*s", STR_ARG(host_port));
    }
    return trail_err(trail, io_posix_err(-status), "listening on %.*s: %s", STR_ARG(host_port),
                     uv_strerror(status));
}

static int note_address(struct server *server)
{
    struct sockaddr_storage bound;
    int len = sizeof bound;
    int status = uv_tcp_getsockname(&server->tcp.tcp, (struct sockaddr *)&bound, &len);
    if (status != 0) {
        return status;
    }
    char host[64];
    bool six = bound.ss_family == AF_INET6;
    uint16_t port = ntohs(six ? ((struct sockaddr_in6 *)&bound)->sin6_port
                              : ((struct sockaddr_in *)&bound)->sin_port);
    status = uv_ip_name((struct sockaddr *)&bound, host, sizeof host);
    snprintf(server->address, sizeof server->address, six ? "[%.45s]:%u" : "%.45s:%u", host, port);
    return status;
}

static enum err read_address(struct str host_port, struct sockaddr_storage *out_address,
                             struct trail *trail)
{
    if (!parse_address(host_port, out_address)) {
        return trail_err(trail, ERR_INVALID, "'%.*s' is not HOST:PORT with a numeric address",
                         STR_ARG(host_port));
    }
    if (!is_loopback(out_address)) {
        return trail_err(trail, ERR_INVALID,
                         "%.*s is not a loopback address, and without TLS the daemon listens on no "
                         "other",
                         STR_ARG(host_port));
    }
    return ERR_OK;
}

enum err server_check_address(struct str host_port, struct trail *trail)
{
    struct sockaddr_storage address;
    return read_address(host_port, &address, trail);
}

enum err server_bind_tcp(struct server *server, struct str host_port, struct trail *trail)
{
    struct sockaddr_storage address;
    enum err err = read_address(host_port, &address, trail);
    if (err != ERR_OK) {
        return err;
    }
    CHECK(uv_tcp_init(server->options.loop, &server->tcp.tcp) == 0);
    server->tcp.handle.data = server;
    server->tcp_open = true;
    int status = uv_tcp_bind(&server->tcp.tcp, (struct sockaddr *)&address, 0);
    if (status == 0) {
        status = note_address(server);
    }
    return status == 0 ? ERR_OK : tcp_err(trail, status, host_port);
}

static bool somebody_answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    bool refused = connect(fd, (struct sockaddr *)&address, sizeof address) != 0 &&
                   (errno == ECONNREFUSED || errno == ENOENT);
    close(fd);
    return !refused;
}

/* What a killed daemon left is removed; anything else at that path is not ours. */
static enum err clear_path(const char *path, struct trail *trail)
{
    struct sockaddr_un address;
    if (strlen(path) >= sizeof address.sun_path) {
        return trail_err(trail, ERR_INVALID,
                         "the socket path %s has %zu bytes, and the system allows %zu", path,
                         strlen(path), sizeof address.sun_path - 1);
    }
    struct stat st;
    if (lstat(path, &st) != 0) {
        return ERR_OK;
    }
    if (!S_ISSOCK(st.st_mode)) {
        return trail_err(trail, ERR_INVALID, "%s is in the way and is no socket", path);
    }
    if (somebody_answers(path)) {
        return trail_err(trail, ERR_LOCKED, "another program answers on %s", path);
    }
    if (unlink(path) != 0) {
        return trail_err(trail, io_posix_err(errno), "removing %s: %s", path, strerror(errno));
    }
    return ERR_OK;
}

enum err server_bind_unix(struct server *server, const char *path, struct trail *trail)
{
    enum err err = clear_path(path, trail);
    if (err != ERR_OK) {
        return err;
    }
    CHECK(uv_pipe_init(server->options.loop, &server->local.pipe, 0) == 0);
    server->local.handle.data = server;
    server->local_open = true;
    int status = uv_pipe_bind(&server->local.pipe, path);
    if (status != 0 || chmod(path, 0600) != 0) {
        int error = status != 0 ? -status : errno;
        return trail_err(trail, io_posix_err(error), "making %s: %s", path, strerror(error));
    }
    return ERR_OK;
}

const char *server_address(const struct server *server)
{
    return server->address;
}

/* -- life ---------------------------------------------------------------------------- */

static void on_tcp(uv_stream_t *listener, int status)
{
    if (status == 0) {
        peer_accept(listener->data, listener, CONN_TCP);
    }
}

static void on_local(uv_stream_t *listener, int status)
{
    if (status == 0) {
        peer_accept(listener->data, listener, CONN_UNIX);
    }
}

struct server *server_new(const struct server_options *options)
{
    struct server *server = mem_zalloc(sizeof *server);
    server->options = *options;
    server->ready_end = &server->ready_first;
    server->timer_ns = UINT64_MAX;
    CHECK(uv_check_init(options->loop, &server->check) == 0);
    CHECK(uv_prepare_init(options->loop, &server->prepare) == 0);
    CHECK(uv_timer_init(options->loop, &server->timer) == 0);
    CHECK(uv_timer_init(options->loop, &server->care) == 0);
    server->check.data = server;
    server->prepare.data = server;
    server->timer.data = server;
    server->care.data = server;
    CHECK(uv_check_start(&server->check, on_check) == 0);
    uv_unref((uv_handle_t *)&server->check);
    CHECK(uv_prepare_start(&server->prepare, on_prepare) == 0);
    uv_unref((uv_handle_t *)&server->prepare);
    return server;
}

void server_free(struct server *server)
{
    if (server != NULL) {
        CHECK(server->peers_count == 0);
        mem_free(server);
    }
}

enum err server_listen(struct server *server, struct gateway *gateway, struct trail *trail)
{
    server->gateway = gateway;
    if (server->tcp_open) {
        int status = uv_listen(&server->tcp.stream, BACKLOG, on_tcp);
        if (status != 0) {
            return tcp_err(trail, status, str_of(server->address));
        }
    }
    if (server->local_open) {
        int status = uv_listen(&server->local.stream, BACKLOG, on_local);
        if (status != 0) {
            return trail_err(trail, io_posix_err(-status), "listening on the Unix socket: %s",
                             uv_strerror(status));
        }
    }
    return ERR_OK;
}

void server_stop_accepting(struct server *server)
{
    if (server->tcp_open) {
        uv_close(&server->tcp.handle, NULL);
        server->tcp_open = false;
    }
    if (server->local_open) {
        uv_close(&server->local.handle, NULL); /* removes the path too */
        server->local_open = false;
    }
}

void server_drop_peers(struct server *server)
{
    while (server->peers != NULL) {
        peer_close(server->peers);
    }
    flush_ready(server); /* takes the closed ones off the list */
}

void server_close_all(struct server *server)
{
    server_stop_accepting(server);
    server_drop_peers(server);
    server->gateway = NULL;
    uv_handle_t *const handles[] = {(uv_handle_t *)&server->check, (uv_handle_t *)&server->prepare,
                                    (uv_handle_t *)&server->timer, (uv_handle_t *)&server->care};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++) {
        if (!uv_is_closing(handles[i])) {
            uv_close(handles[i], NULL);
        }
    }
}

size_t server_connections(const struct server *server)
{
    return server->peers_count - server->lingering_count;
}
