/* session.c - finding the daemon, calling it, and telling what went wrong. See session.h. */
#include "client/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/print.h"
#include "client/trust.h"
#include "codec/bytes.h"
#include "host/posix/config.h"

void session_init(struct session *session)
{
    *session = (struct session){0};
    http_init(&session->http);
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    session->color = isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') &&
                     (term == NULL || strcmp(term, "dumb") != 0);
}

void session_deinit(struct session *session)
{
    http_deinit(&session->http);
    arena_deinit(&session->arena);
    buf_deinit(&session->answer);
}

bool session_default_dir(char *out, size_t out_len)
{
    const char *xdg = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (geteuid() == 0) {
        snprintf(out, out_len, "/var/lib/nexusd");
    } else if (xdg != NULL && xdg[0] == '/') {
        snprintf(out, out_len, "%s/nexus", xdg);
    } else if (home != NULL && home[0] == '/') {
        snprintf(out, out_len, "%s/.local/share/nexus", home);
    } else {
        return false;
    }
    return true;
}

static bool copy_word(char *out, size_t out_len, const char *value)
{
    if (strlen(value) >= out_len) {
        return false;
    }
    memcpy(out, value, strlen(value) + 1);
    return true;
}

static bool set_url(struct session *s, const char *value)
{
    s->url_given = true;
    return copy_word(s->url, sizeof s->url, value);
}

static bool set_data(struct session *s, const char *value)
{
    s->data_given = true;
    return copy_word(s->data_dir, sizeof s->data_dir, value);
}

/* Settings of configuration files: they fill in only what nothing stronger chose. */
static bool take_setting(void *context, struct str name, const char *value, struct trail *trail)
{
    struct session *s = context;
    bool fits = true;
    if (str_is(name, "url") && !s->url_given && !s->data_given) {
        fits = set_url(s, value);
    } else if (str_is(name, "data") && !s->url_given && !s->data_given) {
        fits = set_data(s, value);
    } else if (str_is(name, "token") && s->http.token[0] == '\0') {
        fits = copy_word(s->http.token, sizeof s->http.token, value);
    } else if (str_is(name, "board") && s->board[0] == '\0') {
        fits = copy_word(s->board, sizeof s->board, value);
    }
    if (!fits) {
        trail_add(trail, "%.*s: too long", STR_ARG(name));
    }
    return fits; /* the file belongs to the daemon too, so other names are fine */
}

struct project {
    struct session *session;
    const char *path;
    bool trusted;
};

static bool take_project_setting(void *context, struct str name, const char *value,
                                 struct trail *trail)
{
    static const char *const guarded[] = {"url",   "token", "data",     "socket",
                                          "hooks", "hook",  "commands", "command"};
    const struct project *project = context;
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++) {
        if (str_is(name, guarded[i]) && !project->trusted) {
            fprintf(stderr,
                    "nexusctl: ignoring \"%s\" in %s: a project may not choose that until you "
                    "trust it (nexusctl trust DIR)\n",
                    guarded[i], project->path);
            return true;
        }
    }
    return take_setting(project->session, name, value, trail);
}

/* .nexus/config.yaml of the working directory or the nearest one above it. */
static int read_project(struct session *s)
{
    char dir[4096], path[4200];
    if (getcwd(dir, sizeof dir) == NULL) {
        return EXIT_OK;
    }
    for (;;) {
        snprintf(path, sizeof path, "%s/.nexus/config.yaml", dir);
        if (access(path, R_OK) == 0) {
            struct trail trail = {0};
            struct project project = {s, path, trust_has(dir)};
            enum err err = config_read_file(path, take_project_setting, &project, &trail);
            if (err != ERR_OK && err != ERR_NOT_FOUND) {
                return session_fail(s, EXIT_USAGE, "invalid", "correct the file", "%s", trail.text);
            }
            return EXIT_OK;
        }
        char *slash = strrchr(dir, '/');
        if (slash == NULL || slash == dir) {
            return EXIT_OK;
        }
        *slash = '\0';
    }
}

static int read_environment(struct session *s)
{
    const char *data = getenv("NEXUS_DATA"), *url = getenv("NEXUS_URL");
    const char *token = getenv("NEXUS_TOKEN"), *board = getenv("NEXUS_BOARD");
    bool fits = true;
    if (!s->data_given && !s->url_given) {
        if (data != NULL && data[0] != '\0') {
            fits = set_data(s, data);
        } else if (url != NULL && url[0] != '\0') {
            fits = set_url(s, url);
        }
    }
    if (s->http.token[0] == '\0' && token != NULL) {
        fits = fits && copy_word(s->http.token, sizeof s->http.token, token);
    }
    if (s->board[0] == '\0' && board != NULL) {
        fits = fits && copy_word(s->board, sizeof s->board, board);
    }
    return fits ? EXIT_OK
                : session_fail(s, EXIT_USAGE, "invalid", "use shorter values",
                               "a NEXUS_ variable is too long");
}

/* DIR/admin.token; silence when there is none, the daemon will say what is missing. */
static void read_admin_token(struct session *s)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/admin.token", s->data_dir);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    if (fgets(s->http.token, sizeof s->http.token, file) == NULL) {
        s->http.token[0] = '\0';
    }
    s->http.token[strcspn(s->http.token, "\r\n")] = '\0';
    fclose(file);
}

int session_resolve(struct session *s)
{
    struct trail trail = {0};
    int status = read_environment(s);
    if (status == EXIT_OK) {
        status = read_project(s);
    }
    if (status != EXIT_OK) {
        return status;
    }
    enum err err = config_read_files(take_setting, s, &trail);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return session_fail(s, EXIT_USAGE, "invalid", "correct the configuration file", "%s",
                            trail.text);
    }
    if (s->url_given) {
        return http_set_url(&s->http, s->url, &trail)
                   ? EXIT_OK
                   : session_fail(s, EXIT_USAGE, "invalid", "use --url http://127.0.0.1:7700", "%s",
                                  trail.text);
    }
    if (!s->data_given && !session_default_dir(s->data_dir, sizeof s->data_dir)) {
        return session_fail(s, EXIT_USAGE, "invalid", "name one with --data DIR",
                            "there is no data directory: HOME is not set");
    }
    char path[4200];
    snprintf(path, sizeof path, "%s/nexusd.sock", s->data_dir);
    if (strlen(path) > 107) {
        return session_fail(s, EXIT_USAGE, "invalid",
                            "use a shorter data directory, or --url http://127.0.0.1:7700",
                            "the path of the socket is over 107 bytes: %s", path);
    }
    memcpy(s->http.socket_path, path, strlen(path) + 1);
    if (s->http.token[0] == '\0') {
        read_admin_token(s);
    }
    return EXIT_OK;
}

void session_clone(const struct session *s, const char *token, struct session *out)
{
    *out = *s;
    http_init(&out->http);
    memcpy(out->http.socket_path, s->http.socket_path, sizeof out->http.socket_path);
    memcpy(out->http.host, s->http.host, sizeof out->http.host);
    memcpy(out->http.port, s->http.port, sizeof out->http.port);
    snprintf(out->http.token, sizeof out->http.token, "%s", token != NULL ? token : s->http.token);
    out->http.timeout_ms = s->http.timeout_ms;
    out->arena = (struct arena){0};
    out->answer = (struct buf){0};
}

int exit_code_of(int status, struct str code)
{
    if (status >= 200 && status < 300) {
        return EXIT_OK;
    }
    switch (status) {
    case 400:
        return EXIT_USAGE;
    case 401:
    case 403:
        return EXIT_NOT_PERMITTED;
    case 404:
        return EXIT_NOT_FOUND;
    case 409:
        return str_is(code, "stale_epoch") ? EXIT_STALE : EXIT_CONFLICT;
    case 413:
    case 422:
    case 429:
        return EXIT_REFUSED;
    case 502:
    case 503:
    case 504:
        return EXIT_UNAVAILABLE;
    default:
        return EXIT_FAILED;
    }
}

static void say(struct session *s, struct str detail, struct str next)
{
    bool color = s->color && isatty(STDERR_FILENO) == 1;
    fprintf(stderr, "%snexusctl:%s ", color ? "\033[31m" : "", color ? "\033[0m" : "");
    print_safe(stderr, detail, false);
    if (next.len > 0) {
        fprintf(stderr, "\n  next: ");
        print_safe(stderr, next, false);
    }
    fprintf(stderr, "\n");
}

int session_problem(struct session *s, const struct reply *reply)
{
    struct str code = json_get_str(reply->json, "code", STR_NONE);
    struct str title = json_get_str(reply->json, "title", STR("the request was refused"));
    struct str detail = json_get_str(reply->json, "detail", title);
    struct str next = json_get_str(reply->json, "next", STR_NONE);
    const struct json *index = json_get(reply->json, "op_index");
    if (index != NULL && index->kind == JSON_INT) {
        detail = arena_printf(&s->arena, "operation %lld: %.*s", (long long)index->integer,
                              STR_ARG(detail));
    }
    if (reply->json == NULL) {
        detail = arena_printf(&s->arena, "the answer was HTTP %d, and not as nexusd answers",
                              reply->status);
        next = STR("check that --url names a nexusd");
    }
    if (reply->status == 401) { /* the daemon speaks of headers */
        next = STR("set NEXUS_TOKEN to the token you were given, or name the right --data DIR");
    }
    say(s, detail, next);
    if (s->json) {
        if (reply->json != NULL) {
            printf("%.*s\n", STR_ARG(str_trim(reply->body)));
        } else {
            printf("{\"status\":%d,\"code\":\"failed\"}\n", reply->status);
        }
    }
    int exit_code = exit_code_of(reply->status, code);
    return exit_code == EXIT_OK || reply->json == NULL ? EXIT_FAILED : exit_code;
}

int session_fail(struct session *s, int exit_code, const char *code, const char *next,
                 const char *format, ...)
{
    char detail[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    say(s, str_of(detail), str_of(next));
    if (s->json) {
        struct buf out = {0};
        struct json_writer w;
        jw_init(&w, &out, false);
        jw_object(&w);
        jw_kv_text(&w, "code", code);
        jw_kv_text(&w, "detail", detail);
        jw_kv_text(&w, "next", next);
        jw_object_end(&w);
        printf("%s\n", buf_cstr(&out));
        buf_deinit(&out);
    }
    return exit_code;
}

int session_unavailable(struct session *s, const struct trail *trail)
{
    if (s->url_given) {
        return session_fail(s, EXIT_UNAVAILABLE, "unavailable",
                            "check the address, or start one there: nexusctl start --data DIR",
                            "no daemon answers: %s", trail->text);
    }
    char next[4300];
    snprintf(next, sizeof next, "start it: nexusctl start%s%s", s->data_given ? " --data " : "",
             s->data_given ? s->data_dir : "");
    return session_fail(s, EXIT_UNAVAILABLE, "unavailable", next, "no daemon answers: %s",
                        trail->text);
}

/* Service-wide operations are not under a board. */
static bool is_of_board(struct str path)
{
    static const char *const service[] = {"/agents",  "/boards", "/me",      "/stop",
                                          "/healthz", "/readyz", "/metrics", "/openapi.json"};
    for (size_t i = 0; i < sizeof service / sizeof service[0]; i++) {
        if (str_starts(path, str_of(service[i]))) {
            return false;
        }
    }
    return true;
}

int session_try(struct session *s, const char *method, struct str path, struct str body,
                uint64_t extra_wait_ms, struct reply *out_reply, struct trail *trail)
{
    char key[160] = "";
    if (strcmp(method, "POST") == 0) {
        if (s->idempotency_key[0] != '\0') {
            memcpy(key, s->idempotency_key, sizeof s->idempotency_key);
        } else {
            uint8_t random[16];
            ssize_t got = getrandom(random, sizeof random, 0); /* tidy: allow getrandom */
            if (got == (ssize_t)sizeof random) {
                hex_encode(random, sizeof random, key);
                key[32] = '\0';
            }
        }
    }
    struct buf full = {0};
    buf_add_text(&full, "/api/v1");
    if (s->board[0] != '\0' && is_of_board(path)) {
        buf_printf(&full, "/boards/%s", s->board);
    }
    buf_add_str(&full, path);
    buf_clear(&s->answer);
    struct http_reply reply;
    enum err err = http_call(&s->http, method, buf_str(&full), body, key[0] == '\0' ? NULL : key,
                             extra_wait_ms, &s->answer, &reply, trail);
    buf_deinit(&full);
    if (err != ERR_OK) {
        return EXIT_UNAVAILABLE;
    }
    *out_reply = (struct reply){.status = reply.status, .body = reply.body};
    if (reply.body.len > 0 && strstr(reply.content_type, "json") != NULL) {
        struct json_error error;
        struct str kept = arena_str(&s->arena, reply.body);
        struct json_limits limits = {.depth_max = 256, .nodes_max = 20000000};
        if (!json_parse(&s->arena, kept, &limits, &out_reply->json, &error)) {
            out_reply->json = NULL;
        }
    }
    return EXIT_OK;
}

int session_call(struct session *s, const char *method, struct str path, struct str body,
                 uint64_t extra_wait_ms, struct reply *out_reply)
{
    struct trail trail = {0};
    int status = session_try(s, method, path, body, extra_wait_ms, out_reply, &trail);
    if (status != EXIT_OK) {
        return session_unavailable(s, &trail);
    }
    return out_reply->status >= 200 && out_reply->status < 300 ? EXIT_OK
                                                               : session_problem(s, out_reply);
}

struct str session_path(struct session *s, const char *before, const char *argument,
                        const char *after)
{
    struct buf path = {0};
    buf_add_text(&path, before);
    for (const char *c = argument; *c != '\0'; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || strchr("-._~", *c) != NULL;
        if (plain) {
            buf_add_byte(&path, (uint8_t)*c);
        } else {
            buf_printf(&path, "%%%02X", (unsigned char)*c);
        }
    }
    buf_add_text(&path, after);
    struct str kept = arena_str(&s->arena, buf_str(&path));
    buf_deinit(&path);
    return kept;
}
