/* cmd_service.c - the daemon as a service: start, stop, restart, pause, resume, status,
 * health, logs.
 *
 * `start` runs the nexusd that lies beside this program (else the one on PATH); it goes to
 * the background by itself once it answers. `stop` asks through the interface, then waits
 * until the process that DIR/nexusd.json names is gone.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/service.h"
#include "host/posix/server.h"

static const struct option_row start_options[] = {
    {"listen", 0, "HOST:PORT", "loopback address; default 127.0.0.1:7700, port 0 takes a free one"},
    {NULL, 0, NULL, NULL},
};
static const struct option_row stop_options[] = {
    {"wait", 0, "DURATION", "how long to wait for the end; default 30s"},
    {NULL, 0, NULL, NULL},
};
static const struct option_row logs_options[] = {
    {"follow", 'f', NULL, "go on with what is being written"},
    {"lines", 'n', "N", "how many of the last lines; default 50"},
    {NULL, 0, NULL, NULL},
};

/* A process that has ended but was not yet waited for counts as gone. */
static bool is_alive(pid_t pid)
{
    char path[64], text[512];
    if (kill(pid, 0) != 0 && errno != EPERM) {
        return false;
    }
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    size_t got = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
    if (file != NULL) {
        fclose(file);
    }
    text[got] = '\0';
    const char *state = strrchr(text, ')');
    return state == NULL || (state[1] == ' ' && state[2] != 'Z');
}

bool service_info(struct session *s, struct service_info *out)
{
    char path[PATH_MAX];
    *out = (struct service_info){0};
    snprintf(path, sizeof path, "%s/nexusd.json", s->data_dir);
    struct buf text = {0};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    char piece[4096];
    size_t got = fread(piece, 1, sizeof piece, file);
    fclose(file);
    struct json *value;
    struct json_error error;
    struct str kept = arena_str(&s->arena, str_n(piece, got));
    buf_deinit(&text);
    if (!json_parse(&s->arena, kept, NULL, &value, &error)) {
        return false;
    }
    out->pid = (pid_t)json_get_int(value, "pid", 0);
    out->json = value;
    return out->pid > 0 && is_alive(out->pid);
}

bool service_ready(struct session *s)
{
    struct trail trail = {0};
    struct reply reply;
    return session_try(s, "GET", STR("/readyz"), STR_NONE, 0, &reply, &trail) == EXIT_OK &&
           reply.status == 200;
}

/* The daemon that belongs to this program. */
static void find_daemon(char *out, size_t out_len)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len > 0) {
        self[len] = '\0';
        char *slash = strrchr(self, '/');
        if (slash != NULL) {
            *slash = '\0';
            snprintf(out, out_len, "%s/nexusd", self);
            if (access(out, X_OK) == 0) {
                return;
            }
        }
    }
    snprintf(out, out_len, "nexusd");
}

static int exit_status(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

/* Prints {"state": ..., what nexusd.json says}. */
static int print_state(struct session *s, const char *state)
{
    struct service_info info;
    bool known = service_info(s, &info);
    struct str address = known ? json_get_str(info.json, "url", STR_NONE) : STR_NONE;
    if (s->json) {
        struct buf out = {0};
        struct json_writer w;
        jw_init(&w, &out, false);
        jw_object(&w);
        jw_kv_text(&w, "state", state);
        jw_kv_text(&w, "data", s->data_dir);
        if (known) {
            jw_kv_int(&w, "pid", info.pid);
            jw_kv_str(&w, "address", address);
        }
        jw_object_end(&w);
        printf("%s\n", buf_cstr(&out));
        buf_deinit(&out);
    } else {
        printf("%s: data %s", state, s->data_dir);
        if (known) {
            printf(", pid %d, %.*s", (int)info.pid, STR_ARG(address));
        }
        printf("\n");
    }
    return EXIT_OK;
}

static int needs_data(struct session *s)
{
    return s->url_given ? session_fail(s, EXIT_USAGE, "invalid", "use --data DIR",
                                       "this needs the data directory, not an address")
                        : EXIT_OK;
}

static int start(struct session *s, const struct parsed *p)
{
    int status = needs_data(s);
    if (status != EXIT_OK) {
        return status;
    }
    if (service_ready(s)) {
        return print_state(s, "already running");
    }
    char daemon[PATH_MAX + 8];
    find_daemon(daemon, sizeof daemon);
    const char *listen = parsed_value(p, "listen");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        /* stdout stays ours: what the daemon says goes to stderr */
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        if (listen != NULL) {
            execlp(daemon, daemon, "--data", s->data_dir, "--listen", listen, (char *)NULL);
        } else {
            execlp(daemon, daemon, "--data", s->data_dir, (char *)NULL);
        }
        _exit(127);
    }
    status = child < 0 ? EXIT_FAILED : exit_status(child);
    if (status == 127) {
        return session_fail(s, EXIT_UNAVAILABLE, "unavailable",
                            "install it, or put it beside nexusctl", "there is no nexusd");
    }
    if (status != 0) {
        return session_fail(s, status, "unavailable",
                            "correct what it says above; nexusctl logs may know more",
                            "nexusd did not start (exit %d)", status);
    }
    for (int i = 0; i < 300 && !service_ready(s); i++) {
        cmd_sleep_ms(20);
    }
    (void)session_resolve(s); /* the token exists now */
    return print_state(s, "started");
}

/* Asks it to stop and waits for its end. *out_was: it was running. */
static int end_daemon(struct session *s, uint64_t wait_ms, bool *out_was)
{
    struct service_info info;
    bool known = !s->url_given && service_info(s, &info);
    struct trail trail = {0};
    struct reply reply;
    int status = session_try(s, "POST", STR("/stop"), STR_NONE, 0, &reply, &trail);
    *out_was = known || status == EXIT_OK;
    /* A board that its disk keeps away takes no request; the process still takes a signal. */
    bool signalled = status == EXIT_OK && reply.status == 503 && known && info.pid > 1 &&
                     kill(info.pid, SIGTERM) == 0;
    if (status == EXIT_OK && reply.status >= 300 && !signalled) {
        return session_problem(s, &reply);
    }
    for (uint64_t waited = 0; known && is_alive(info.pid); waited += 20) {
        if (waited > wait_ms) {
            return session_fail(s, EXIT_FAILED, "failed",
                                "wait longer: it still finishes what is under way",
                                "the daemon (pid %d) has not ended", (int)info.pid);
        }
        cmd_sleep_ms(20);
    }
    return EXIT_OK;
}

static int stop(struct session *s, const struct parsed *p)
{
    uint64_t wait_ms;
    bool was;
    if (!parsed_duration(p, "wait", 30000, &wait_ms)) {
        return EXIT_USAGE;
    }
    int status = end_daemon(s, wait_ms, &was);
    return status != EXIT_OK ? status : print_state(s, was ? "stopped" : "not running");
}

/* At the address it had, unless --listen names another. */
static int restart(struct session *s, const struct parsed *p)
{
    struct service_info info;
    char listen[128] = "";
    int status = needs_data(s);
    if (status != EXIT_OK) {
        return status;
    }
    /* A daemon is not stopped for an address at which it could not start again. */
    struct trail trail = {0};
    const char *wanted = parsed_value(p, "listen");
    if (wanted != NULL && server_check_address(str_of(wanted), &trail) != ERR_OK) {
        return session_fail(s, EXIT_USAGE, "invalid", "use 127.0.0.1:PORT; the daemon still runs",
                            "%s", trail.text);
    }
    if (service_info(s, &info)) {
        struct str address = json_get_str(info.json, "listen", STR_NONE);
        snprintf(listen, sizeof listen, "%.*s", STR_ARG(address));
    }
    bool was;
    status = end_daemon(s, 30000, &was);
    if (status != EXIT_OK) {
        return status;
    }
    struct parsed with = *p;
    if (listen[0] != '\0' && !parsed_has(p, "listen") && with.given_count < VALUES_MAX) {
        with.given[with.given_count++] = (struct given){&start_options[0], listen};
    }
    return start(s, &with);
}

static void show_paused(struct session *s, const struct json *value)
{
    (void)s;
    printf("%s\n", json_get_bool(value, "paused", false)
                       ? "paused: no new claims are given; held claims go on"
                       : "resumed: claims are given again");
}

static int pause_claims(struct session *s, const struct parsed *p)
{
    (void)p;
    return cmd_call(s, "POST", STR("/pause"), STR_NONE, show_paused);
}

static int resume_claims(struct session *s, const struct parsed *p)
{
    (void)p;
    return cmd_call(s, "POST", STR("/resume"), STR_NONE, show_paused);
}

static void show_flat(const struct json *value, int depth)
{
    for (const struct json *m = value == NULL ? NULL : value->first; m != NULL; m = m->next) {
        if (m->kind == JSON_OBJECT) {
            printf("%*s", depth * 2, "");
            print_safe(stdout, m->key, false);
            printf("\n");
            if (depth < 4) {
                show_flat(m, depth + 1);
            }
            continue;
        }
        printf("%*s%-*.*s ", depth * 2, "", 24 - depth * 2, STR_ARG(m->key));
        if (m->kind == JSON_INT && str_ends(m->key, STR("_bytes"))) {
            struct buf size = {0};
            clock_add_bytes(&size, (uint64_t)m->integer);
            printf("%s", buf_cstr(&size));
            buf_deinit(&size);
        } else {
            print_safe(stdout, m->kind == JSON_STRING ? m->string : m->raw, false);
        }
        printf("\n");
    }
}

static void show_status(struct session *s, const struct json *value)
{
    (void)s;
    show_flat(value, 0);
}

static int status_of(struct session *s, const struct parsed *p)
{
    (void)p;
    return cmd_call(s, "GET", STR("/status"), STR_NONE, show_status);
}

static int health(struct session *s, const struct parsed *p)
{
    (void)p;
    return cmd_call(s, "GET", STR("/readyz"), STR_NONE, show_status);
}

/* Offset behind which the last `lines` lines begin. */
static long tail_from(FILE *file, uint64_t lines)
{
    (void)fseek(file, 0, SEEK_END);
    long at = ftell(file);
    uint64_t seen = 0;
    while (at > 0) {
        (void)fseek(file, --at, SEEK_SET);
        if (fgetc(file) == '\n' && seen++ == lines) {
            return at + 1;
        }
    }
    return 0;
}

static void print_log_line(const struct session *s, struct str line)
{
    if (!s->json) {
        print_safe(stdout, line, false);
        printf("\n");
        return;
    }
    struct buf out = {0};
    struct json_writer w;
    jw_init(&w, &out, false);
    jw_object(&w);
    jw_kv_str(&w, "line", line);
    jw_object_end(&w);
    printf("%s\n", buf_cstr(&out));
    buf_deinit(&out);
}

static int logs(struct session *s, const struct parsed *p)
{
    uint64_t lines;
    char path[PATH_MAX], text[8192];
    int status = needs_data(s);
    if (status != EXIT_OK || !parsed_number(p, "lines", 1, 1000000, 50, &lines)) {
        return status != EXIT_OK ? status : EXIT_USAGE;
    }
    snprintf(path, sizeof path, "%s/nexusd.log", s->data_dir);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return session_fail(s, EXIT_NOT_FOUND, "not_found",
                            "under systemd: journalctl -u nexusd (or --user -u nexusd)", "%s: %s",
                            path, strerror(errno));
    }
    (void)fseek(file, tail_from(file, lines), SEEK_SET);
    for (;;) {
        while (fgets(text, sizeof text, file) != NULL) {
            print_log_line(s, str_n(text, strcspn(text, "\n")));
        }
        fflush(stdout);
        if (!parsed_has(p, "follow") || ferror(stdout) != 0) {
            break;
        }
        clearerr(file);
        cmd_sleep_ms(200);
    }
    fclose(file);
    return EXIT_OK;
}

COMMAND_ROW(command_start, "start", NULL, "", 0, 0, "start the daemon in the background",
            start_options, start)
COMMAND_ROW(command_stop, "stop", NULL, "", 0, 0, "stop the daemon; what is under way is finished",
            stop_options, stop)
COMMAND_ROW(command_restart, "restart", NULL, "", 0, 0, "stop, then start", start_options, restart)
COMMAND_ROW(command_pause, "pause", NULL, "", 0, 0,
            "give no new claims; reads and held claims go on", NULL, pause_claims)
COMMAND_ROW(command_resume, "resume", NULL, "", 0, 0, "give claims again", NULL, resume_claims)
COMMAND_ROW(command_status, "status", NULL, "", 0, 0, "how the service is doing", NULL, status_of)
COMMAND_ROW(command_health, "health", NULL, "", 0, 0,
            "exit 0 when the daemon is ready, 69 when not", NULL, health)
COMMAND_ROW(command_logs, "logs", NULL, "", 0, 0, "what the daemon has said", logs_options, logs)
