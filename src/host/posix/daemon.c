/* daemon.c - the life of nexusd: start, serve, drain.
 *
 *   start:  data directory, lock, secrets, listen, announce, replay beside the loop
 *   ready:  readyz turns 200, systemd and a waiting parent are told
 *   drain:  no new connections; answers under way leave; all durable; checkpoint
 *
 * 1. The lock is taken before anything in the directory is changed.
 * 2. The daemon listens before it replays: healthz answers, the rest is 503.
 * 3. A drain ends within DRAIN_MS: connections that are still open then are cut.
 *    What was acknowledged is on the disk at any time, so no end loses it.
 */
#include "host/posix/daemon_internal.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "host/posix/notify.h"

#define DRAIN_MS 5000u
#define DRAIN_LAST_MS 1500u

/* -- draining ------------------------------------------------------------------------ */

static void end_loop(struct daemon *daemon)
{
    daemon->state = DAEMON_OVER;
    uv_stop(&daemon->loop);
}

static void on_last_deadline(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    logger_line(&daemon->logger, LOGGER_WARN, "the disk did not settle in time; stopping anyway");
    daemon->exit = DAEMON_FAILED;
    end_loop(daemon);
}

static void on_deadline(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    logger_line(&daemon->logger, LOGGER_WARN, "%zu connections were still busy and are cut",
                server_connections(daemon->server));
    server_drop_peers(daemon->server);
    CHECK(uv_timer_start(timer, on_last_deadline, DRAIN_LAST_MS, 0) == 0);
}

static void begin_drain(struct daemon *daemon, const char *why)
{
    if (daemon->state == DAEMON_DRAINING || daemon->state == DAEMON_OVER) {
        return;
    }
    logger_line(&daemon->logger, LOGGER_INFO, "stopping: %s", why);
    notify_send("STOPPING=1\nSTATUS=Finishing what is under way");
    daemon->state = DAEMON_DRAINING;
    server_stop_accepting(daemon->server);
    gateway_drain(daemon->gateway);
    CHECK(uv_timer_start(&daemon->deadline, on_deadline, DRAIN_MS, 0) == 0);
}

static void on_turn(void *context)
{
    struct daemon *daemon = context;
    if (daemon->state == DAEMON_SERVING) {
        boards_watch(daemon->boards);
    }
    if (daemon->state == DAEMON_DRAINING && server_connections(daemon->server) == 0 &&
        boards_settled(daemon->boards)) {
        end_loop(daemon);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;
    if (number == SIGHUP) {
        if (!daemon->options.foreground && background_reopen(daemon->log_path) == ERR_OK) {
            logger_line(&daemon->logger, LOGGER_INFO, "log file opened anew");
        }
        return;
    }
    if (daemon->state == DAEMON_DRAINING) {
        logger_line(&daemon->logger, LOGGER_WARN, "a second signal: stopping at once");
        _exit(DAEMON_FAILED);
    }
    begin_drain(daemon, number == SIGTERM ? "SIGTERM" : "SIGINT");
}

/* -- what the gateway and the boards tell ------------------------------------------------- */

static void on_ready(void *context, struct conn *conn)
{
    server_ready(((struct daemon *)context)->server, conn);
}

static struct board *make_board(void *context, struct str name)
{
    return boards_make(((struct daemon *)context)->boards, name);
}

static void on_stop(void *context)
{
    begin_drain(context, "an administrator asked for it");
}

static void fail_start(struct daemon *daemon, enum daemon_stage stage, enum err err,
                       const struct trail *trail)
{
    buf_clear(&daemon->failure);
    buf_printf(&daemon->failure, "cannot start: %s: %s. %s", trail->text, err_text(err),
               daemon_advice(stage, err));
    logger_line(&daemon->logger, LOGGER_ERROR, "%s", buf_cstr(&daemon->failure));
    daemon->exit = daemon_exit_of(err);
}

static void on_opened(void *context, enum err err, const struct trail *trail)
{
    struct daemon *daemon = context;
    if (err != ERR_OK) {
        fail_start(daemon, STAGE_OPEN, err, trail);
        end_loop(daemon);
        return;
    }
    if (daemon->state != DAEMON_STARTING) {
        return;
    }
    daemon->state = DAEMON_SERVING;
    gateway_set_ready(daemon->gateway, true);
    struct buf words = {0};
    buf_printf(&words, "ready at http://%s, process %ld, data in %s",
               server_address(daemon->server), (long)getpid(), daemon->data);
    logger_line(&daemon->logger, LOGGER_INFO, "%s", buf_cstr(&words));
    notify_send("READY=1\nSTATUS=Serving");
    background_tell(&daemon->background, DAEMON_OK, buf_cstr(&words));
    buf_deinit(&words);
}

/* -- starting ------------------------------------------------------------------------- */

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    notify_send("WATCHDOG=1");
}

static void open_loop(struct daemon *daemon)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    CHECK(uv_loop_init(&daemon->loop) == 0);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        CHECK(uv_signal_init(&daemon->loop, &daemon->signals[i]) == 0);
        CHECK(uv_signal_start(&daemon->signals[i], on_signal, numbers[i]) == 0);
        daemon->signals[i].data = daemon;
    }
    CHECK(uv_timer_init(&daemon->loop, &daemon->deadline) == 0);
    CHECK(uv_timer_init(&daemon->loop, &daemon->watchdog) == 0);
    daemon->deadline.data = daemon;
    uint64_t watchdog_ms = notify_watchdog_ms();
    if (watchdog_ms > 0) {
        CHECK(uv_timer_start(&daemon->watchdog, on_watchdog, watchdog_ms, watchdog_ms) == 0);
    }
    struct server_options options = {
        .loop = &daemon->loop, .on_turn = on_turn, .context = daemon};
    daemon->server = server_new(&options);
}

static struct gateway *make_gateway(struct daemon *daemon)
{
    struct gateway_options options = {
        .io = boards_io(daemon->boards),
        .limits = daemon->options.limits,
        .admin_token_hash = daemon->secrets.admin_token_hash,
        .tree_key = daemon->secrets.tree_key,
        .version = DAEMON_VERSION,
        .listen = server_address(daemon->server),
        .on_ready = on_ready,
        .make_board = make_board,
        .on_stop = on_stop,
        .context = daemon,
    };
    return gateway_new(&options);
}

static enum err take_data(struct daemon *daemon, struct trail *trail)
{
    struct boards_options options = {.loop = &daemon->loop,
                                     .dir = daemon->data,
                                     .limits = daemon->options.limits,
                                     .logger = &daemon->logger,
                                     .detectors = daemon->options.detectors,
                                     .on_opened = on_opened,
                                     .context = daemon};
    enum err err = boards_new(&daemon->boards, &options, trail);
    if (err == ERR_OK) {
        err = secrets_load(boards_io(daemon->boards), daemon->data, &daemon->secrets, trail);
    }
    if (err == ERR_OK && daemon->secrets.was_open) {
        logger_line(&daemon->logger, LOGGER_WARN,
                    "a secret file could be read by others; its mode is 0600 now, and if this "
                    "machine has other users, make a new one");
    }
    return err;
}

/* Everything up to the replay; *out_stage says where it failed. */
static enum err start(struct daemon *daemon, enum daemon_stage *out_stage, struct trail *trail)
{
    const char *listen = daemon->options.listen != NULL ? daemon->options.listen : DAEMON_LISTEN;
    *out_stage = STAGE_DATA;
    enum err err = take_data(daemon, trail);
    if (err != ERR_OK) {
        return err;
    }
    *out_stage = STAGE_LISTEN;
    err = server_bind_tcp(daemon->server, str_of(listen), trail);
    if (err != ERR_OK) {
        return err;
    }
    *out_stage = STAGE_SOCKET;
    err = server_bind_unix(daemon->server, daemon->socket_path, trail);
    if (err != ERR_OK) {
        return err;
    }
    *out_stage = STAGE_LISTEN;
    daemon->gateway = make_gateway(daemon);
    err = server_listen(daemon->server, daemon->gateway, trail);
    if (err != ERR_OK) {
        return err;
    }
    *out_stage = STAGE_DATA;
    err = daemon_announce(daemon, trail);
    if (err == ERR_OK) {
        boards_open(daemon->boards, daemon->gateway);
    }
    return err;
}

/* -- the end --------------------------------------------------------------------------- */

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void finish(struct daemon *daemon)
{
    server_close_all(daemon->server);
    if (daemon->boards != NULL) {
        boards_close(daemon->boards);
    }
    if (daemon->gateway != NULL) {
        daemon_withdraw(daemon);
    }
    uv_walk(&daemon->loop, close_handle, NULL);
    CHECK(uv_run(&daemon->loop, UV_RUN_DEFAULT) == 0);
    CHECK(uv_loop_close(&daemon->loop) == 0);
    server_free(daemon->server);
    gateway_free(daemon->gateway);
    boards_free(daemon->boards);
}

static enum daemon_exit run_in_data(struct daemon *daemon)
{
    struct trail trail = {0};
    enum daemon_stage stage = STAGE_DATA;
    open_loop(daemon);
    enum err err = start(daemon, &stage, &trail);
    if (err == ERR_OK) {
        uv_run(&daemon->loop, UV_RUN_DEFAULT);
    } else {
        fail_start(daemon, stage, err, &trail);
    }
    bool served = daemon->gateway != NULL;
    finish(daemon);
    if (served && daemon->exit == DAEMON_OK) {
        logger_line(&daemon->logger, LOGGER_INFO, "stopped; everything is on the disk");
    }
    return daemon->exit;
}

static void run(struct daemon *daemon)
{
    struct trail trail = {0};
    mallopt(M_ARENA_MAX, 2); /* jobs allocate little; an arena for each thread is a waste */
    daemon_harden();
    enum err err = daemon_find_data(daemon, &trail);
    if (err == ERR_OK && !daemon->options.foreground) {
        err = background_start(daemon->log_path, &daemon->background, &trail);
    }
    if (err != ERR_OK) {
        fail_start(daemon, STAGE_DATA, err, &trail);
    } else if (!daemon->background.ended) {
        run_in_data(daemon);
    }
    if (daemon->background.tell >= 0 && daemon->failure.len == 0) {
        buf_add_text(&daemon->failure, "stopped before it was ready");
        daemon->exit = DAEMON_FAILED;
    }
    background_tell(&daemon->background, (int)daemon->exit, buf_cstr(&daemon->failure));
}

enum daemon_exit daemon_run(const struct daemon_options *options, struct buf *out_words)
{
    struct daemon daemon = {
        .options = *options, .state = DAEMON_STARTING, .background.tell = -1};
    daemon.logger.level = options->log_level;
    run(&daemon);
    if (daemon.background.ended) {
        daemon.exit = (enum daemon_exit)daemon.background.exit_code;
        buf_add_text(out_words, daemon.background.words);
    }
    explicit_bzero(&daemon.secrets, sizeof daemon.secrets);
    buf_deinit(&daemon.failure);
    mem_free(daemon.data);
    mem_free(daemon.socket_path);
    mem_free(daemon.log_path);
    mem_free(daemon.info_path);
    mem_free(daemon.link_path);
    return daemon.exit;
}
