/* cmd_export.c - all records as lines of JSON, and such lines submitted again.
 *
 * An import makes new records: the importer is their creator and times are new, so ids
 * differ; the mapping old to new is printed. References to records that came earlier in
 * the file are translated. Events are history and are not repeated; an intent arrives as
 * submitted, with its state at the time of the export in none of its fields.
 */
#include <stdio.h>
#include <string.h>

#include "base/dict.h"
#include "base/mem.h"
#include "client/cmd.h"

#define BATCH_OPS_MAX   500u
#define BATCH_BYTES_MAX (4u << 20)

static bool print_line(void *context, const struct json *record)
{
    uint64_t *count = context;
    printf("%.*s\n", STR_ARG(record->raw));
    (*count)++;
    return ferror(stdout) == 0;
}

static int export_all(struct session *s, const struct parsed *p)
{
    uint64_t count = 0;
    (void)p;
    int status = cmd_each_record(s, "?limit=500", print_line, &count);
    fprintf(stderr, "nexusctl: %llu records\n", (unsigned long long)count);
    return status;
}

struct import {
    struct session *s;
    struct dict old;   /* old ids, in order of first appearance */
    char (*fresh)[68]; /* by number in `old`; empty: made by the batch under way */
    size_t fresh_cap;
    struct buf body;
    struct json_writer w;
    uint32_t ops;
    uint32_t numbers[BATCH_OPS_MAX]; /* operation -> number in `old` */
    uint64_t made, skipped, lost_links;
};

static void batch_begin(struct import *m)
{
    buf_clear(&m->body);
    jw_init(&m->w, &m->body, false);
    jw_object(&m->w);
    jw_key(&m->w, "ops");
    jw_array(&m->w);
    m->ops = 0;
}

static int batch_send(struct import *m)
{
    struct reply reply;
    if (m->ops == 0) {
        return EXIT_OK;
    }
    jw_array_end(&m->w);
    jw_object_end(&m->w);
    int status = session_call(m->s, "POST", STR("/batch"), buf_str(&m->body), 0, &reply);
    const struct json *results = status == EXIT_OK ? json_get(reply.json, "results") : NULL;
    uint32_t i = 0;
    for (const struct json *r = results == NULL ? NULL : results->first; r != NULL && i < m->ops;
         r = r->next, i++) {
        struct str id = json_get_str(r, "id", STR_NONE);
        struct str old = dict_name(&m->old, m->numbers[i]);
        snprintf(m->fresh[m->numbers[i]], sizeof m->fresh[0], "%.*s", STR_ARG(id));
        m->made++;
        if (m->s->json) {
            printf("{\"old\":\"%.*s\",\"new\":\"%.*s\"}\n", STR_ARG(old), STR_ARG(id));
        } else {
            printf("%.*s -> %.*s\n", STR_ARG(old), STR_ARG(id));
        }
    }
    batch_begin(m);
    return status;
}

/* The id under which the record is here now; false: it is not. */
static bool translate(struct import *m, struct str old, char out[68])
{
    uint32_t number = dict_find(&m->old, old);
    if (number == DICT_NONE) {
        m->lost_links++;
        return false;
    }
    memcpy(out, m->fresh[number], 68);
    for (uint32_t i = 0; out[0] == '\0' && i < m->ops; i++) {
        if (m->numbers[i] == number) {
            snprintf(out, 68, "$%u", i);
        }
    }
    return out[0] != '\0';
}

static void add_ids(struct import *m, const struct json *record, const char *key)
{
    const struct json *ids = json_get(record, key);
    char id[68];
    if (ids == NULL || ids->kind != JSON_ARRAY || ids->count == 0) {
        return;
    }
    jw_key(&m->w, key);
    jw_array(&m->w);
    for (const struct json *at = ids->first; at != NULL; at = at->next) {
        if (at->kind == JSON_STRING && translate(m, at->string, id)) {
            jw_text(&m->w, id);
        }
    }
    jw_array_end(&m->w);
}

static void add_fields(struct import *m, const struct json *record, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        const struct json *value = json_get(record, *keys);
        if (value != NULL && value->kind != JSON_NULL) {
            jw_key(&m->w, *keys);
            jw_value(&m->w, value);
        }
    }
}

static void add_record(struct import *m, const struct json *record, struct str kind)
{
    static const char *const fact[] = {"origin",        "content",     "topic",      "position",
                                       "valid_from_ms", "valid_to_ms", "confidence", NULL};
    static const char *const intent[] = {"description", "capability",  "priority",   "dedupe_key",
                                         "topic",       "deadline_ms", "max_run_ms", NULL};
    /* A deadline that has passed would be refused. */
    static const char *const late[] = {"description", "capability", "priority", "dedupe_key",
                                       "topic",       "max_run_ms", NULL};
    static const char *const hint[] = {"content", "scope", "ttl_ms", NULL};
    char parent[68];
    jw_object(&m->w);
    jw_kv_str(&m->w, "op", kind);
    if (str_is(kind, "fact")) {
        add_fields(m, record, fact);
        add_ids(m, record, "from");
    } else if (str_is(kind, "intent")) {
        int64_t deadline_ms = json_get_int(record, "deadline_ms", INT64_MAX);
        add_fields(m, record, deadline_ms > print_now_ms() ? intent : late);
        add_ids(m, record, "from_facts");
        add_ids(m, record, "depends_on");
        struct str old = json_get_str(record, "parent", STR_NONE);
        if (old.len > 0 && translate(m, old, parent)) {
            jw_kv_text(&m->w, "parent", parent);
        }
    } else {
        add_fields(m, record, hint);
    }
    jw_object_end(&m->w);
}

/* One line; *out_bad: it is no record. */
static int take_line(struct import *m, struct str line, bool *out_bad)
{
    struct arena arena = {0};
    struct json *record;
    struct json_error error;
    int status = EXIT_OK;
    *out_bad = !json_parse(&arena, line, NULL, &record, &error);
    struct str kind = *out_bad ? STR_NONE : json_get_str(record, "kind", STR_NONE);
    struct str id = *out_bad ? STR_NONE : json_get_str(record, "id", STR_NONE);
    bool takes = str_is(kind, "fact") || str_is(kind, "intent") || str_is(kind, "hint");
    if (!*out_bad && !takes) {
        *out_bad = !str_is(kind, "event");
        m->skipped++;
    } else if (takes && dict_find(&m->old, id) == DICT_NONE) {
        if (m->ops == BATCH_OPS_MAX || m->body.len > BATCH_BYTES_MAX) {
            status = batch_send(m);
        }
        add_record(m, record, kind);
        uint32_t number = dict_intern(&m->old, id);
        mem_grow(&m->fresh, &m->fresh_cap, number + 1, sizeof m->fresh[0]);
        m->fresh[number][0] = '\0';
        m->numbers[m->ops++] = number;
    }
    arena_deinit(&arena);
    return status;
}

static int import_all(struct session *s, const struct parsed *p)
{
    struct import m = {.s = s};
    struct buf text = {0};
    int status = cmd_read_file(s, p->args[0], (size_t)1 << 32, &text);
    struct str line, rest = buf_str(&text);
    uint64_t number = 0;
    batch_begin(&m);
    while (status == EXIT_OK && str_cut(&rest, '\n', &line)) {
        bool bad = false;
        number++;
        if (str_trim(line).len > 0) {
            status = take_line(&m, str_trim(line), &bad);
        }
        if (bad) {
            status = session_fail(s, EXIT_USAGE, "invalid",
                                  "give a file that nexusctl export has written",
                                  "line %llu is no record", (unsigned long long)number);
        }
    }
    if (status == EXIT_OK) {
        status = batch_send(&m);
    }
    fprintf(stderr,
            "nexusctl: %llu records made, %llu events left out, %llu links to records that "
            "are not in the file\n",
            (unsigned long long)m.made, (unsigned long long)m.skipped,
            (unsigned long long)m.lost_links);
    dict_deinit(&m.old);
    mem_free(m.fresh);
    buf_deinit(&m.body);
    buf_deinit(&text);
    return status;
}

COMMAND_ROW(command_export, "export", NULL, "", 0, 0, "all records, one JSON object per line", NULL,
            export_all)
COMMAND_ROW(command_import, "import", NULL, "FILE", 1, 1,
            "submit exported Facts, intents and hints again; prints old and new ids", NULL,
            import_all)
