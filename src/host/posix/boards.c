/* boards.c - opening, watching and closing boards.
 *
 * States of a unit:
 *
 *   opening --(opened)--> open --(on_failed)--> failed --(idle: close)--> waiting
 *      ^  \--(cannot be)--> gone                                             |
 *      \---------------------(retry, after a while)-------------------------/
 *
 * 1. While a unit is opening its board belongs to the opener's thread; results of its
 *    jobs are not delivered until it is open.
 * 2. The gateway knows a board exactly while its unit is open.
 * 3. Corruption and a newer format are not retried: they need a person.
 */
#include "host/posix/boards.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "host/posix/files.h"
#include "host/posix/io_posix.h"
#include "host/posix/watch.h"
#include "host/posix/workers.h"

#define RETRY_MS_MIN 100u
#define RETRY_MS_MAX 10000u

enum unit_state { UNIT_OPENING = 1, UNIT_OPEN, UNIT_FAILED, UNIT_WAITING, UNIT_GONE };

struct unit {
    struct io_job job; /* opens the board */
    struct boards *boards;
    struct unit *next;
    char name[72]; /* empty: the main board */
    enum unit_state state;
    struct io_posix *host;
    struct board *board;
    struct watch *watch; /* NULL: the detectors are off */
    struct board_report report;
    struct trail trail;
    struct trail watch_trail; /* what was wrong with the rules */
    char dir[PATH_MAX];
    enum err failure;
    uint64_t retry_ms;
    uint64_t retry_at_ns;
};

struct boards {
    struct boards_options options;
    struct gateway *gateway;
    struct workers *opener;
    struct unit *units; /* the main one is the first */
    size_t opening_count;
    bool started; /* on_opened was called */
    uv_async_t wake;
    uv_timer_t retry;
    uv_timer_t watch; /* wakes the loop when something falls due for the detectors */
    uint64_t watch_ns;
};

static const char *label(const struct unit *unit)
{
    return unit->name[0] == '\0' ? "the main board" : unit->name;
}

static void boards_poll(struct boards *boards);

/* -- what a board tells ---------------------------------------------------------------- */

static void on_durable(void *context)
{
    struct unit *unit = context;
    gateway_durable(unit->boards->gateway, unit->board);
}

/* Closing must wait: this is called from inside the board. */
static void on_failed(void *context, enum err err)
{
    struct unit *unit = context;
    unit->state = UNIT_FAILED;
    unit->failure = err;
    gateway_failed(unit->boards->gateway, unit->board, err);
}

static void on_unparked(void *context, uint64_t ticket, const struct result *result)
{
    struct unit *unit = context;
    gateway_unparked(unit->boards->gateway, unit->board, ticket, result);
}

static void wake(void *context)
{
    uv_async_send(&((struct boards *)context)->wake);
}

/* -- opening ---------------------------------------------------------------------------- */

static enum err open_board(struct unit *unit)
{
    struct board_options options = {
        .limits = unit->boards->options.limits,
        .on_durable = on_durable,
        .on_failed = on_failed,
        .on_unparked = on_unparked,
        .context = unit,
    };
    trail_clear(&unit->trail);
    trail_clear(&unit->watch_trail);
    const struct io *io = io_posix_io(unit->host);
    enum err err = board_open(&unit->board, io, &options, &unit->report, &unit->trail);
    if (err == ERR_OK && unit->boards->options.detectors) {
        unit->watch = watch_open(unit->board, io, unit->dir, &unit->watch_trail);
    }
    return err;
}

static enum err run_open(struct io_job *job)
{
    return open_board((struct unit *)job);
}

static void log_opened(const struct unit *unit)
{
    const struct logger *logger = unit->boards->options.logger;
    logger_line(logger, LOGGER_INFO, "%s: %llu records, %llu of them from a checkpoint",
                label(unit), (unsigned long long)board_head(unit->board),
                (unsigned long long)unit->report.from_checkpoint);
    if (unit->report.log.torn_bytes > 0) {
        logger_line(logger, LOGGER_WARN,
                    "%s: cut %llu bytes of a torn tail; nothing acknowledged was in them",
                    label(unit), (unsigned long long)unit->report.log.torn_bytes);
    }
    if (unit->watch_trail.len > 0) {
        logger_line(logger, LOGGER_WARN, "%s: %s", label(unit), unit->watch_trail.text);
    }
}

/* The watch first, for it looks at the board. */
static void close_board(struct unit *unit)
{
    watch_close(unit->watch);
    unit->watch = NULL;
    board_close(unit->board);
    unit->board = NULL;
}

static void set_open(struct unit *unit)
{
    unit->state = UNIT_OPEN;
    unit->retry_ms = RETRY_MS_MIN;
    log_opened(unit);
}

static bool may_heal(enum err err)
{
    return err == ERR_IO || err == ERR_FULL || err == ERR_READONLY || err == ERR_LIMIT;
}

static void on_retry(uv_timer_t *timer)
{
    boards_poll(timer->data);
}

static void retry_later(struct unit *unit)
{
    struct boards *boards = unit->boards;
    unit->state = UNIT_WAITING;
    unit->retry_at_ns = uv_hrtime() + unit->retry_ms * NS_PER_MS;
    unit->retry_ms = unit->retry_ms * 2 < RETRY_MS_MAX ? unit->retry_ms * 2 : RETRY_MS_MAX;
    /* Short, and looked at by all: there are few boards and failures are rare. */
    CHECK(uv_timer_start(&boards->retry, on_retry, RETRY_MS_MIN, RETRY_MS_MIN) == 0);
}

static void set_refused(struct unit *unit, enum err err)
{
    unit->board = NULL;
    unit->state = UNIT_GONE;
    logger_line(unit->boards->options.logger, LOGGER_ERROR, "%s cannot be opened: %s (%s)",
                label(unit), unit->trail.text, err_text(err));
    if (unit->boards->started && may_heal(err)) {
        retry_later(unit);
    }
}

static void done_open(struct io_job *job, enum err err)
{
    struct unit *unit = (struct unit *)job;
    struct boards *boards = unit->boards;
    CHECK(unit->state == UNIT_OPENING);
    if (err == ERR_OK) {
        set_open(unit);
        gateway_set_board(boards->gateway, str_of(unit->name), unit->board);
    } else {
        set_refused(unit, err);
        unit->failure = err;
    }
    CHECK(boards->opening_count > 0);
    if (--boards->opening_count == 0 && !boards->started) {
        struct unit *main = boards->units;
        boards->started = true;
        boards->options.on_opened(boards->options.context,
                                  main->state == UNIT_OPEN ? ERR_OK : main->failure, &main->trail);
    }
}

static void start_open(struct unit *unit)
{
    unit->state = UNIT_OPENING;
    unit->boards->opening_count++;
    workers_start(unit->boards->opener, &unit->job);
}

/* -- results and failures ---------------------------------------------------------------- */

/* Not one request more may reach a failed board. */
static void leave_failed(struct unit *unit)
{
    struct boards *boards = unit->boards;
    if (unit->board == NULL) {
        return;
    }
    gateway_set_board(boards->gateway, str_of(unit->name), NULL);
    if (board_busy(unit->board)) {
        return; /* the result of its last job comes with another poll */
    }
    logger_line(boards->options.logger, LOGGER_ERROR,
                "%s: %s; closed, to be read again from the disk, which decides what it keeps",
                label(unit), err_text(unit->failure));
    close_board(unit);
    retry_later(unit);
}

static void boards_poll(struct boards *boards)
{
    bool waiting = false;
    workers_poll(boards->opener);
    for (struct unit *unit = boards->units; unit != NULL; unit = unit->next) {
        if (unit->state != UNIT_OPENING) {
            io_posix_poll(unit->host);
        }
        if (unit->state == UNIT_FAILED) {
            leave_failed(unit);
        }
        if (unit->state == UNIT_WAITING && uv_hrtime() >= unit->retry_at_ns) {
            start_open(unit);
        }
        waiting = waiting || unit->state == UNIT_WAITING;
    }
    if (!waiting) {
        uv_timer_stop(&boards->retry);
    }
}

static void on_wake(uv_async_t *async)
{
    boards_poll(async->data);
}

/* -- life ------------------------------------------------------------------------------- */

static enum err unit_new(struct boards *boards, struct str name, struct unit **out_unit,
                         struct trail *trail)
{
    struct unit *unit = mem_zalloc(sizeof *unit);
    CHECK(name.len < sizeof unit->name);
    if (name.len > 0) {
        memcpy(unit->name, name.at, name.len);
    }
    unit->boards = boards;
    unit->job = (struct io_job){.run = run_open, .done = done_open};
    unit->retry_ms = RETRY_MS_MIN;
    struct buf path = {0};
    buf_add_text(&path, boards->options.dir);
    enum err err = ERR_OK;
    if (name.len > 0) {
        buf_printf(&path, "/boards/%.*s", STR_ARG(name));
        err = files_make_dirs(buf_cstr(&path), trail);
    }
    if (err == ERR_OK && path.len >= sizeof unit->dir) {
        err = trail_err(trail, ERR_INVALID, "the path of the board is too long");
    }
    if (err == ERR_OK) {
        memcpy(unit->dir, buf_cstr(&path), path.len + 1);
        struct io_posix_options options = {.dir = buf_cstr(&path),
                                           .lock = name.len == 0,
                                           .threads = true,
                                           .wake = wake,
                                           .context = boards};
        err = io_posix_new(&unit->host, &options, trail);
    }
    buf_deinit(&path);
    if (err != ERR_OK) {
        mem_free(unit);
        return err;
    }
    *out_unit = unit;
    return ERR_OK;
}

static void unit_add(struct boards *boards, struct unit *unit)
{
    struct unit **end = &boards->units;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = unit;
}

enum err boards_new(struct boards **out_boards, const struct boards_options *options,
                    struct trail *trail)
{
    struct boards *boards = mem_zalloc(sizeof *boards);
    boards->options = *options;
    struct unit *main;
    enum err err = unit_new(boards, STR_NONE, &main, trail);
    if (err != ERR_OK) {
        mem_free(boards);
        return err;
    }
    unit_add(boards, main);
    boards->opener = workers_new(true, wake, boards);
    CHECK(boards->opener != NULL);
    CHECK(uv_async_init(options->loop, &boards->wake, on_wake) == 0);
    CHECK(uv_timer_init(options->loop, &boards->retry) == 0);
    CHECK(uv_timer_init(options->loop, &boards->watch) == 0);
    boards->wake.data = boards;
    boards->retry.data = boards;
    *out_boards = boards;
    return ERR_OK;
}

const struct io *boards_io(const struct boards *boards)
{
    return io_posix_io(boards->units->host);
}

/* A board's directory: whatever else lies there is left alone. "main" above all, which
 * would take the place of the main board. */
static bool is_board(DIR *dir, const struct dirent *entry)
{
    struct stat st;
    return gateway_board_name(str_of(entry->d_name)) &&
           fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(st.st_mode);
}

/* DIR/boards/NAME. */
static void find_units(struct boards *boards)
{
    struct buf path = {0};
    buf_printf(&path, "%s/boards", boards->options.dir);
    DIR *dir = opendir(buf_cstr(&path));
    buf_deinit(&path);
    if (dir == NULL) {
        return;
    }
    size_t count = 1;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct unit *unit;
        struct trail trail = {0};
        if (!is_board(dir, entry)) {
            continue;
        }
        if (count == GATEWAY_BOARDS_MAX) {
            logger_line(boards->options.logger, LOGGER_ERROR,
                        "board %s: there are %u boards already", entry->d_name,
                        GATEWAY_BOARDS_MAX);
            continue;
        }
        if (unit_new(boards, str_of(entry->d_name), &unit, &trail) != ERR_OK) {
            logger_line(boards->options.logger, LOGGER_ERROR, "board %s: %s", entry->d_name,
                        trail.text);
            continue;
        }
        unit_add(boards, unit);
        count++;
    }
    closedir(dir);
}

void boards_open(struct boards *boards, struct gateway *gateway)
{
    boards->gateway = gateway;
    find_units(boards);
    for (struct unit *unit = boards->units; unit != NULL; unit = unit->next) {
        start_open(unit);
    }
}

struct board *boards_make(struct boards *boards, struct str name)
{
    for (struct unit *unit = boards->units; unit != NULL; unit = unit->next) {
        if (str_eq(str_of(unit->name), name)) {
            return unit->state == UNIT_OPEN ? unit->board : NULL;
        }
    }
    struct unit *unit;
    struct trail trail = {0};
    if (name.len == 0 || name.len >= sizeof unit->name ||
        unit_new(boards, name, &unit, &trail) != ERR_OK) {
        logger_line(boards->options.logger, LOGGER_ERROR, "board %.*s cannot be made: %s",
                    STR_ARG(name), trail.text);
        return NULL;
    }
    unit_add(boards, unit);
    enum err err = open_board(unit);
    if (err != ERR_OK) {
        set_refused(unit, err);
        return NULL;
    }
    set_open(unit);
    return unit->board;
}

/* The loop's turn after it calls boards_watch. */
static void on_watch(uv_timer_t *timer)
{
    (void)timer;
}

void boards_watch(struct boards *boards)
{
    uint64_t at_ns = UINT64_MAX;
    for (struct unit *unit = boards->units; unit != NULL; unit = unit->next) {
        if (unit->state == UNIT_OPEN && unit->watch != NULL && !board_paused(unit->board)) {
            uint64_t next_ns = watch_step(unit->watch);
            at_ns = next_ns < at_ns ? next_ns : at_ns;
        }
    }
    if (at_ns == UINT64_MAX) {
        uv_timer_stop(&boards->watch);
        return;
    }
    if (uv_is_active((uv_handle_t *)&boards->watch) && at_ns < boards->watch_ns + NS_PER_MS &&
        boards->watch_ns < at_ns + NS_PER_MS) {
        return; /* the clocks jitter; a timer is set that is as good */
    }
    boards->watch_ns = at_ns;
    uint64_t now_ns = uv_hrtime();
    uint64_t wait_ms = at_ns > now_ns ? (at_ns - now_ns) / NS_PER_MS + 1 : 0;
    uv_update_time(boards->options.loop);
    CHECK(uv_timer_start(&boards->watch, on_watch, wait_ms, 0) == 0);
}

bool boards_settled(struct boards *boards)
{
    bool settled = boards->opening_count == 0;
    for (struct unit *unit = boards->units; unit != NULL; unit = unit->next) {
        if (unit->state == UNIT_OPEN) {
            board_flush(unit->board);
            settled = settled && !board_busy(unit->board) &&
                      board_durable(unit->board) == board_head(unit->board);
        }
    }
    return settled;
}

static void unit_close(struct unit *unit)
{
    struct trail trail = {0};
    if (unit->state == UNIT_OPEN && !board_busy(unit->board) &&
        board_durable(unit->board) == board_head(unit->board) &&
        board_checkpoint_now(unit->board, &trail) != ERR_OK) {
        logger_line(unit->boards->options.logger, LOGGER_WARN,
                    "%s: no checkpoint (%s); the next start reads the whole log", label(unit),
                    trail.text);
    }
    while (unit->board != NULL && board_busy(unit->board) && io_posix_wait(unit->host)) {
    }
    if (unit->board != NULL) {
        gateway_set_board(unit->boards->gateway, str_of(unit->name), NULL);
        close_board(unit);
    }
    unit->state = UNIT_GONE;
    io_posix_stop(unit->host);
}

void boards_close(struct boards *boards)
{
    while (boards->opening_count > 0 && workers_wait(boards->opener)) {
    }
    workers_free(boards->opener);
    boards->opener = NULL;
    for (struct unit *unit = boards->units; unit != NULL; unit = unit->next) {
        unit_close(unit);
    }
    uv_close((uv_handle_t *)&boards->wake, NULL);
    uv_close((uv_handle_t *)&boards->retry, NULL);
    uv_close((uv_handle_t *)&boards->watch, NULL);
}

void boards_free(struct boards *boards)
{
    if (boards == NULL) {
        return;
    }
    for (struct unit *unit = boards->units, *next; unit != NULL; unit = next) {
        next = unit->next;
        io_posix_free(unit->host);
        mem_free(unit);
    }
    mem_free(boards);
}
