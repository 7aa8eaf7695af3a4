/* cmd.c - see cmd.h. */
#include "client/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "codec/bytes.h"
#include "codec/utf8.h"

void cmd_print_json(const struct reply *reply)
{
    struct str body = str_trim(reply->body);
    printf("%.*s\n", (int)(body.len == 0 ? 2 : body.len), body.len == 0 ? "{}" : body.at);
}

int cmd_call(struct session *s, const char *method, struct str path, struct str body,
             cmd_show *show)
{
    struct reply reply;
    int status = session_call(s, method, path, body, 0, &reply);
    if (status != EXIT_OK) {
        return status;
    }
    if (s->json) {
        cmd_print_json(&reply);
    } else if (show != NULL) {
        show(s, reply.json);
    }
    return EXIT_OK;
}

void cmd_sleep_ms(uint64_t ms)
{
    struct timespec time = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL); /* tidy: allow nanosleep, there is no loop here */
}

struct str cmd_end(struct session *s, struct buf *body)
{
    struct str kept = arena_str(&s->arena, buf_str(body));
    buf_deinit(body);
    return kept;
}

int cmd_read_file(struct session *s, const char *path, size_t bytes_max, struct buf *out)
{
    bool input = strcmp(path, "-") == 0;
    FILE *file = input ? stdin : fopen(path, "re");
    if (file == NULL) {
        return session_fail(s, EXIT_USAGE, "invalid", "name a file that can be read", "%s: %s",
                            path, strerror(errno));
    }
    char piece[65536];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, file)) > 0 && out->len <= bytes_max) {
        buf_add(out, piece, got);
    }
    bool bad = ferror(file) != 0;
    if (!input) {
        fclose(file);
    }
    if (bad) {
        return session_fail(s, EXIT_FAILED, "failed", "check the file", "%s: cannot be read", path);
    }
    if (out->len > bytes_max) {
        return session_fail(s, EXIT_REFUSED, "too_large", "split it, or record a link to it",
                            "%s: over %zu bytes", path, bytes_max);
    }
    return EXIT_OK;
}

int cmd_content(struct session *s, const struct parsed *parsed, const char *text,
                struct json_writer *w)
{
    const char *file = parsed_value(parsed, "file");
    const char *mime = parsed_value(parsed, "mime-type");
    struct buf bytes = {0};
    if (text != NULL && strcmp(text, "-") != 0 && file != NULL) {
        return session_fail(s, EXIT_USAGE, "invalid", "give one of them",
                            "both a text and --file were given");
    }
    if (text == NULL && file == NULL) {
        return session_fail(s, EXIT_USAGE, "invalid",
                            "give the text, or --file FILE, or - for stdin", "there is no content");
    }
    if (file != NULL || strcmp(text, "-") == 0) {
        int status = cmd_read_file(s, file != NULL ? file : "-", 8u << 20, &bytes);
        if (status != EXIT_OK) {
            buf_deinit(&bytes);
            return status;
        }
    } else {
        buf_add_text(&bytes, text);
    }
    struct str data = buf_str(&bytes);
    bool is_text = utf8_valid(data) && str_find(data, '\0', 0) == data.len;
    jw_object(w);
    jw_kv_text(w, "mime_type",
               mime != NULL ? mime
               : is_text    ? "text/plain"
                            : "application/octet-stream");
    if (is_text) {
        jw_kv_str(w, "data", data);
    } else {
        struct buf coded = {0};
        base64_encode(&coded, data.at, data.len);
        jw_kv_str(w, "data", buf_str(&coded));
        jw_kv_text(w, "encoding", "base64");
        buf_deinit(&coded);
    }
    jw_object_end(w);
    buf_deinit(&bytes);
    return EXIT_OK;
}

void cmd_list(struct json_writer *w, const char *key, const struct parsed *parsed,
              const char *option)
{
    if (!parsed_has(parsed, option)) {
        return;
    }
    jw_key(w, key);
    jw_array(w);
    const char *value;
    for (size_t i = 0; (value = parsed_nth(parsed, option, i)) != NULL; i++) {
        struct str rest = str_of(value), part;
        while (str_cut(&rest, ',', &part)) {
            jw_str(w, str_trim(part));
        }
    }
    jw_array_end(w);
}

void cmd_text(struct json_writer *w, const char *key, const struct parsed *parsed,
              const char *option)
{
    const char *value = parsed_value(parsed, option);
    if (value != NULL) {
        jw_kv_text(w, key, value);
    }
}

void cmd_query(struct buf *query, const char *name, const char *value)
{
    buf_printf(query, "%c%s=", query->len == 0 ? '?' : '&', name);
    for (const char *c = value; *c != '\0'; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || strchr("-._~", *c) != NULL;
        if (plain) {
            buf_add_byte(query, (uint8_t)*c);
        } else {
            buf_printf(query, "%%%02X", (unsigned char)*c);
        }
    }
}

/* A cursor stands for where the page before ended, so `after` goes. */
static void add_query(struct buf *path, const char *query, const char *cursor)
{
    struct str rest = str_of(query), part;
    rest = str_sub(rest, 1, rest.len);
    while (str_cut(&rest, '&', &part)) {
        if (cursor[0] == '\0' || !str_starts(part, STR("after="))) {
            buf_add_byte(path, path->len == 0 ? '?' : '&');
            buf_add_str(path, part);
        }
    }
    if (cursor[0] != '\0') {
        cmd_query(path, "cursor", cursor);
    }
}

int cmd_each_record(struct session *s, const char *query,
                    bool (*each)(void *context, const struct json *record), void *context)
{
    char cursor[256] = "";
    for (;;) {
        struct buf path = {0};
        add_query(&path, query, cursor);
        struct str full = arena_printf(&s->arena, "/records%.*s", STR_ARG(buf_str(&path)));
        buf_deinit(&path);
        struct reply reply;
        int status = session_call(s, "GET", full, STR_NONE, 0, &reply);
        if (status != EXIT_OK) {
            return status;
        }
        const struct json *records = json_get(reply.json, "records");
        if (records == NULL || records->kind != JSON_ARRAY) {
            return session_fail(s, EXIT_FAILED, "failed", "check the address",
                                "the answer is no list of records");
        }
        for (const struct json *r = records->first; r != NULL; r = r->next) {
            if (!each(context, r)) {
                return EXIT_OK;
            }
        }
        struct str next = json_get_str(reply.json, "next", STR_NONE);
        if (next.len == 0 || next.len >= sizeof cursor) {
            return EXIT_OK;
        }
        memcpy(cursor, next.at, next.len);
        cursor[next.len] = '\0';
    }
}
