/* show.c - records as people read them. Every text comes from somebody else, so all of it
 * goes through print_safe. */
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"

#define SHOWN_BYTES_MAX 65536u

static const char *paint(const struct session *s, const char *color)
{
    return s->color ? color : "";
}

static void line(struct session *s, const char *name, struct str value)
{
    printf("  %s%-14s%s ", paint(s, "\033[2m"), name, paint(s, "\033[0m"));
    print_safe(stdout, value, false);
    printf("\n");
}

static struct str scalar(const struct json *value)
{
    return value->kind == JSON_STRING ? value->string : value->raw;
}

static bool ends_with(struct str name, const char *ending)
{
    return str_ends(name, str_of(ending));
}

static void show_member(struct session *s, const struct json *m, int64_t now_ms)
{
    char name[40];
    struct str key = m->key;
    struct buf text = {0};
    bool moment = m->kind == JSON_INT && ends_with(key, "_ms") && m->integer > 1000000000000;
    if (moment) {
        key.len -= 3;
        print_add_time(&text, m->integer, now_ms);
    } else if (m->kind == JSON_INT && ends_with(key, "_ms")) {
        key.len -= 3;
        clock_add_duration(&text, (uint64_t)m->integer);
    } else if (m->kind == JSON_ARRAY) {
        for (const struct json *e = m->first; e != NULL; e = e->next) {
            buf_add_text(&text, text.len > 0 ? ", " : "");
            buf_add_str(&text, scalar(e));
        }
    } else {
        buf_add_str(&text, scalar(m));
    }
    snprintf(name, sizeof name, "%.*s", STR_ARG(key));
    if (text.len > 0) {
        line(s, name, buf_str(&text));
    }
    buf_deinit(&text);
}

static void show_content(struct session *s, const struct json *content)
{
    struct str data = json_get_str(content, "data", STR_NONE);
    struct str mime = json_get_str(content, "mime_type", STR_NONE);
    if (json_get(content, "encoding") != NULL) {
        line(s, "content",
             arena_printf(&s->arena, "%.*s, binary (--json shows it in base64)", STR_ARG(mime)));
        return;
    }
    line(s, "content", mime);
    printf("\n");
    struct str shown = str_sub(data, 0, SHOWN_BYTES_MAX);
    print_safe(stdout, shown, true);
    printf("%s\n", shown.len < data.len ? "\n... (--json shows all of it)" : "");
}

void show_record(struct session *s, const struct json *record)
{
    int64_t now_ms = print_now_ms();
    const struct json *content = NULL;
    struct str id = json_get_str(record, "id", json_get_str(record, "name", STR_NONE));
    printf("%s", paint(s, "\033[1m"));
    print_safe(stdout, id, false);
    printf("%s\n", paint(s, "\033[0m"));
    for (const struct json *m = record == NULL ? NULL : record->first; m != NULL; m = m->next) {
        if (m->string.at == id.at || m->kind == JSON_NULL) {
            continue;
        }
        if (str_is(m->key, "content") && m->kind == JSON_OBJECT) {
            content = m;
        } else {
            show_member(s, m, now_ms);
        }
    }
    if (content != NULL) {
        show_content(s, content);
    }
}

/* What the record says, in a few words. */
static struct str words_of(const struct json *r)
{
    static const char *const keys[] = {"description", "type", "content"};
    for (size_t i = 0; i < 3; i++) {
        const struct json *value = json_get(r, keys[i]);
        if (value != NULL && value->kind == JSON_STRING) {
            return value->string;
        }
        if (value != NULL && value->kind == JSON_OBJECT) {
            return json_get(value, "encoding") != NULL ? STR("(binary)")
                                                       : json_get_str(value, "data", STR_NONE);
        }
    }
    return STR_NONE;
}

static struct str place_of(const struct json *r)
{
    const struct json *expired = json_get(r, "expired");
    if (expired != NULL && expired->kind == JSON_TRUE) {
        return STR("expired");
    }
    static const char *const keys[] = {"origin", "status", "scope", "agent", "intent"};
    for (size_t i = 0; i < 5; i++) {
        struct str value = json_get_str(r, keys[i], STR_NONE);
        if (value.len > 0) {
            return value;
        }
    }
    return STR_NONE;
}

void show_record_line(struct session *s, const struct json *r)
{
    struct buf when = {0};
    clock_add_utc(&when, json_get_int(r, "at_ms", 0));
    printf("%8lld %.19s %s%-6.*s%s ", (long long)json_get_int(r, "seq", 0), buf_cstr(&when),
           paint(s, "\033[36m"), STR_ARG(json_get_str(r, "kind", STR_NONE)), paint(s, "\033[0m"));
    buf_deinit(&when);
    print_safe(stdout, str_sub(json_get_str(r, "id", STR_NONE), 0, 14), false);
    printf("  ");
    print_safe(stdout, json_get_str(r, "creator", STR_NONE), false);
    printf("  ");
    print_safe(stdout, print_cut(&s->arena, place_of(r), 40), false);
    printf("  ");
    struct str words = words_of(r);
    print_safe(stdout, print_cut(&s->arena, str_sub(words, 0, str_find(words, '\n', 0)), 80),
               false);
    printf("\n");
}

void show_records(struct session *s, const struct json *page)
{
    const struct json *records = json_get(page, "records");
    int64_t now_ms = print_now_ms();
    struct table table;
    table_begin(&table, &s->arena, 7);
    static const char *const head[] = {"SEQ", "KIND", "ID", "BY", "WHEN", "WHERE/STATE", "WHAT"};
    for (size_t i = 0; i < 7; i++) {
        table_add(&table, str_of(head[i]));
    }
    uint32_t count = records == NULL ? 0 : records->count;
    for (const struct json *r = count == 0 ? NULL : records->first; r != NULL; r = r->next) {
        struct buf when = {0};
        print_add_time(&when, json_get_int(r, "at_ms", 0), now_ms);
        struct str ago = buf_str(&when);
        table_addf(&table, "%lld", (long long)json_get_int(r, "seq", 0));
        table_add(&table, json_get_str(r, "kind", STR_NONE));
        table_add(&table, json_get_str(r, "id", STR_NONE));
        table_add(&table, json_get_str(r, "creator", STR_NONE));
        table_add(&table, str_sub(ago, 0, str_find_str(ago, STR(" ("))));
        table_add(&table, print_cut(&s->arena, place_of(r), 40));
        struct str words = words_of(r);
        table_add(&table, print_cut(&s->arena, str_sub(words, 0, str_find(words, '\n', 0)), 60));
        buf_deinit(&when);
    }
    if (count == 0) {
        printf("nothing\n");
        return;
    }
    table_print(&table, stdout, s->color);
    struct str next = json_get_str(page, "next", STR_NONE);
    if (next.len > 0) {
        printf("\nmore: add --cursor %.*s\n", STR_ARG(next));
    }
}

void show_claim(struct session *s, const struct json *claim)
{
    struct buf left = {0};
    clock_add_duration(&left, (uint64_t)json_get_int(claim, "expires_in_ms", 0));
    const struct json *intent = json_get(claim, "intent");
    show_record(s, intent);
    printf("\nIt is yours under epoch %lld for %s; heartbeats keep it.\n",
           (long long)json_get_int(claim, "epoch", 0), buf_cstr(&left));
    printf("  next: nexusctl intent heartbeat %.*s --epoch %lld\n",
           STR_ARG(json_get_str(intent, "id", STR_NONE)),
           (long long)json_get_int(claim, "epoch", 0));
    buf_deinit(&left);
}
