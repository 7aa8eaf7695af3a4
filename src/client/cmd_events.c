/* cmd_events.c - the records as they come, as lines.
 *
 * Without -f it lists what there is and ends; with -f it follows, and picks up behind the
 * last record it printed when the connection breaks.
 */
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"

static const struct option_row options[] = {
    {"follow", 'f', NULL, "go on with what is being written"},
    {"after", 0, "SEQ", "begin behind this record; default: from the first (-f: from now on)"},
    {"kind", 0, "KIND", "only fact, intent, hint or event"},
    {NULL, 0, NULL, NULL},
};

static void print_record(struct session *s, const struct json *record)
{
    if (s->json) {
        printf("%.*s\n", STR_ARG(record->raw));
    } else {
        show_record_line(s, record);
    }
}

static bool each_record(void *context, const struct json *record)
{
    print_record(context, record);
    return ferror(stdout) == 0;
}

static int list(struct session *s, uint64_t after, const char *kind)
{
    struct buf query = {0};
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)after);
    cmd_query(&query, "after", number);
    cmd_query(&query, "limit", "500");
    if (kind != NULL) {
        cmd_query(&query, "kind", kind);
    }
    int status = cmd_each_record(s, buf_cstr(&query), each_record, s);
    buf_deinit(&query);
    return status;
}

/* One "data:" line of the stream. */
static bool take_data(struct session *s, struct str line, uint64_t *after)
{
    struct json *record;
    struct json_error error;
    struct str text = arena_str(&s->arena, str_trim(line));
    if (json_parse(&s->arena, text, NULL, &record, &error)) {
        int64_t seq = json_get_int(record, "seq", 0);
        if (json_get(record, "seq") == NULL) {
            fprintf(stderr, "nexusctl: ");
            print_safe(stderr, text, false);
            fprintf(stderr, "\n");
            return false;
        }
        print_record(s, record);
        fflush(stdout);
        *after = (uint64_t)seq;
    }
    arena_reset(&s->arena);
    return ferror(stdout) == 0;
}

/* Reads the stream until it breaks; false: stop for good. */
static bool follow_once(struct session *s, uint64_t *after, const char *kind, int *status)
{
    struct trail trail = {0};
    struct http_reply reply;
    struct buf in = {0}, path = {0}, query = {0};
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)*after);
    cmd_query(&query, "after", number);
    if (kind != NULL) {
        cmd_query(&query, "kind", kind);
    }
    buf_printf(&path, "/api/v1%s%s/events%s", s->board[0] == '\0' ? "" : "/boards/", s->board,
               buf_cstr(&query));
    enum err err =
        http_open(&s->http, "GET", buf_str(&path), "Accept: text/event-stream", &reply, &trail);
    bool end = false, go_on = true;
    while (err == ERR_OK && !end && go_on) {
        err = http_read(&s->http, 60000, &in, &end, &trail);
        size_t newline;
        while (reply.status == 200 && go_on &&
               (newline = str_find(buf_str(&in), '\n', 0)) < in.len) {
            struct str line = str_sub(buf_str(&in), 0, newline);
            if (str_starts(line, STR("data:"))) {
                go_on = take_data(s, str_sub(line, 5, line.len - 5), after);
            }
            buf_drop_front(&in, newline + 1);
        }
    }
    if (err == ERR_OK && reply.status != 200) {
        struct reply problem = {.status = reply.status, .body = buf_str(&in)};
        struct json_error error;
        (void)!json_parse(&s->arena, problem.body, NULL, &problem.json, &error);
        *status = session_problem(s, &problem);
        go_on = reply.status == 503;
    } else if (err == ERR_NOT_FOUND) {
        *status = session_unavailable(s, &trail);
        go_on = false;
    }
    buf_deinit(&in);
    buf_deinit(&path);
    buf_deinit(&query);
    return go_on;
}

static int events(struct session *s, const struct parsed *p)
{
    uint64_t after;
    const char *kind = parsed_value(p, "kind");
    if (!parsed_number(p, "after", 0, (1ull << 53) - 1, 0, &after)) {
        return EXIT_USAGE;
    }
    if (!parsed_has(p, "follow")) {
        return list(s, after, kind);
    }
    if (!parsed_has(p, "after")) {
        struct reply reply;
        int status =
            session_call(s, "GET", STR("/records?limit=1&order=desc"), STR_NONE, 0, &reply);
        if (status != EXIT_OK) {
            return status;
        }
        after = (uint64_t)json_get_int(reply.json, "as_of", 0);
    }
    int status = EXIT_OK;
    while (follow_once(s, &after, kind, &status)) {
        cmd_sleep_ms(500);
    }
    return status;
}

COMMAND_ROW(command_events, "events", NULL, "", 0, 0,
            "the records in order, one per line; -f follows", options, events)
