/* explore_plan.c - what the board already knows of these documents, and how it went.
 *
 * The explorer's intents are the register: topic = origin, key = origin and hash, status =
 * whether that version was concluded. Reading them needs no credential of its own, so a
 * run that finds nothing new writes nothing at all.
 */
#include <stdio.h>
#include <string.h>

#include "base/dict.h"
#include "client/explore.h"

struct register_row {
    char intent[ID_LEN + 1], to_fact[ID_LEN + 1], from[ID_LEN + 1];
    bool concluded;
    struct str status;
    uint64_t seq;
};

struct intents {
    struct explore *e;
    struct dict keys; /* dedupe key -> row */
    struct register_row *rows;
    uint32_t rows_count;
    struct dict origins; /* topic -> latest concluded key */
    struct str *latest;
    uint32_t latest_count;
};

static bool take_intent(void *context, const struct json *record)
{
    struct intents *all = context;
    struct str key = json_get_str(record, "dedupe_key", STR_NONE);
    struct str topic = json_get_str(record, "topic", STR_NONE);
    if (!str_starts(key, STR("explore:"))) {
        return true;
    }
    bool concluded = str_is(json_get_str(record, "status", STR_NONE), "concluded");
    uint32_t number = dict_intern(&all->keys, key);
    if (number == all->rows_count) {
        (void)explore_push(all->e, &all->rows, &all->rows_count, sizeof all->rows[0]);
    }
    struct register_row *row = &all->rows[number];
    const struct json *from = json_get(record, "from_facts");
    if (!row->concluded) {
        row->concluded = concluded;
        row->status = explore_keep(all->e, json_get_str(record, "status", STR_NONE));
        row->seq = (uint64_t)json_get_int(record, "seq", 0);
        explore_copy_id(row->intent, json_get_str(record, "id", STR_NONE));
        explore_copy_id(row->to_fact, json_get_str(record, "to_fact", STR_NONE));
        explore_copy_id(row->from,
                        from != NULL && from->count > 0 ? from->first->string : STR_NONE);
    }
    if (concluded && topic.len > 0) {
        uint32_t origin = dict_intern(&all->origins, topic);
        if (origin == all->latest_count) {
            (void)explore_push(all->e, &all->latest, &all->latest_count, sizeof all->latest[0]);
        }
        all->latest[origin] = dict_name(&all->keys, number);
    }
    return true;
}

static int read_intents(struct explore *e, struct intents *all)
{
    *all = (struct intents){.e = e};
    return cmd_each_record(e->asker, "?kind=intent&creator=" EXPLORER "&limit=500", take_intent,
                           all);
}

static void intents_deinit(struct intents *all)
{
    dict_deinit(&all->keys);
    dict_deinit(&all->origins);
}

static const struct register_row *row_of(const struct intents *all, struct str key)
{
    uint32_t number = dict_find(&all->keys, key);
    return number == DICT_NONE ? NULL : &all->rows[number];
}

/* Who wrote the conclusion, and how many claims it counts. */
static void read_conclusion(struct explore *e, struct source *source, const char *fact)
{
    struct reply reply;
    struct trail trail = {0};
    struct json *content;
    struct json_error error;
    struct str path = session_path(e->asker, "/facts/", fact, "");
    if (session_try(e->asker, "GET", path, STR_NONE, 0, &reply, &trail) != EXIT_OK ||
        reply.status != 200) {
        return;
    }
    source->agent = explore_keep(e, json_get_str(reply.json, "creator", STR_NONE));
    struct str data = json_get_str(json_get(reply.json, "content"), "data", STR_NONE);
    if (json_parse(&e->asker->arena, data, NULL, &content, &error)) {
        source->claims_count = (uint64_t)json_get_int(content, "claims", 0);
    }
}

/* Documents that were concluded and are no longer there. */
static void find_deleted(struct explore *e, const struct intents *all)
{
    for (uint32_t i = 0; i < all->origins.count; i++) {
        struct str origin = dict_name(&all->origins, i);
        if (origin.len <= e->name.len || !str_starts(origin, e->name) ||
            origin.at[e->name.len] != '/') {
            continue;
        }
        struct str path = str_sub(origin, e->name.len + 1, origin.len);
        if (explore_find(e, path) == NULL) {
            struct change *change = explore_push(e, &e->changes, &e->changes_count, sizeof *change);
            change->path = explore_keep(e, path);
            change->deleted = true;
        }
    }
}

int explore_plan(struct explore *e)
{
    struct intents all;
    int status = read_intents(e, &all);
    for (uint32_t i = 0; i < e->sources_count && status == EXIT_OK; i++) {
        struct source *source = &e->sources[i];
        if (source->state == SOURCE_SKIPPED) {
            continue;
        }
        const struct register_row *row = row_of(&all, source->key);
        if (row != NULL && row->concluded) {
            source->state = SOURCE_UNCHANGED;
            memcpy(source->intent, row->intent, sizeof source->intent);
            memcpy(source->fact, row->from, sizeof source->fact);
            read_conclusion(e, source, row->to_fact);
            continue;
        }
        e->todo++;
        uint32_t origin = dict_find(&all.origins, source->origin);
        if (origin != DICT_NONE) {
            const struct register_row *before = row_of(&all, all.latest[origin]);
            memcpy(source->before, before->from, sizeof source->before);
        }
    }
    if (status == EXIT_OK) {
        find_deleted(e, &all);
    }
    intents_deinit(&all);
    return status;
}

/* -- after the work ----------------------------------------------------------------- */

struct statements {
    struct explore *e;
    struct dict *passages; /* of one version */
    struct str document;
    struct str *found;
    uint32_t count;
};

static bool take_statement(void *context, const struct json *record)
{
    struct statements *all = context;
    const struct json *from = json_get(record, "from");
    struct str topic = json_get_str(record, "topic", STR_NONE);
    if (from == NULL || from->count == 0) {
        return true;
    }
    if (str_is(topic, "passage")) {
        if (str_eq(from->first->string, all->document)) {
            (void)dict_intern(all->passages, json_get_str(record, "id", STR_NONE));
        }
        return true;
    }
    if (dict_find(all->passages, from->first->string) != DICT_NONE) {
        struct str position = json_get_str(record, "position", STR_NONE);
        struct str *slot = explore_push(all->e, &all->found, &all->count, sizeof *slot);
        *slot = arena_printf(&all->e->arena, "%.*s%s%.*s", STR_ARG(topic),
                             position.len > 0 ? ": " : "", STR_ARG(position));
    }
    return true;
}

/* What was stated in the version of `document`, as "topic: position". */
static int read_statements(struct explore *e, const struct source *source, const char *document,
                           struct statements *out)
{
    struct dict passages = {0};
    *out = (struct statements){.e = e, .passages = &passages, .document = str_of(document)};
    struct buf query = {0};
    buf_add_text(&query, "?kind=fact&limit=500");
    struct str origin = explore_keep(e, source->origin);
    cmd_query(&query, "origin", origin.at);
    int status = cmd_each_record(e->asker, buf_cstr(&query), take_statement, out);
    buf_deinit(&query);
    dict_deinit(&passages);
    return status;
}

static void add_missing(struct explore *e, const struct statements *from,
                        const struct statements *in, struct str **list, uint32_t *count)
{
    struct dict have = {0};
    for (uint32_t i = 0; i < in->count; i++) {
        (void)dict_intern(&have, in->found[i]);
    }
    for (uint32_t i = 0; i < from->count; i++) {
        uint32_t known = have.count;
        if (dict_intern(&have, from->found[i]) == known) {
            struct str *slot = explore_push(e, list, count, sizeof *slot);
            *slot = from->found[i];
        }
    }
    dict_deinit(&have);
}

static int compare_versions(struct explore *e, const struct source *source)
{
    struct statements before, now;
    int status = read_statements(e, source, source->before, &before);
    if (status == EXIT_OK) {
        status = read_statements(e, source, source->fact, &now);
    }
    if (status != EXIT_OK) {
        return status;
    }
    struct change *change = explore_push(e, &e->changes, &e->changes_count, sizeof *change);
    change->path = source->path;
    add_missing(e, &now, &before, &change->added, &change->added_count);
    add_missing(e, &before, &now, &change->removed, &change->removed_count);
    return EXIT_OK;
}

int explore_settle(struct explore *e)
{
    struct intents all;
    int status = read_intents(e, &all);
    for (uint32_t i = 0; i < e->sources_count && status == EXIT_OK; i++) {
        struct source *source = &e->sources[i];
        if (source->state != SOURCE_NEW) {
            continue;
        }
        const struct register_row *row = row_of(&all, source->key);
        source->state = row != NULL && row->concluded ? SOURCE_DONE : SOURCE_OPEN;
        source->why = row != NULL && !row->concluded ? row->status : source->why;
        if (source->state == SOURCE_DONE) {
            read_conclusion(e, source, row->to_fact);
            e->facts += source->claims_count + 1;
        }
    }
    intents_deinit(&all);
    for (uint32_t i = 0; i < e->sources_count && status == EXIT_OK; i++) {
        if (e->sources[i].state == SOURCE_DONE && e->sources[i].before[0] != '\0') {
            status = compare_versions(e, &e->sources[i]);
        }
    }
    return status;
}
