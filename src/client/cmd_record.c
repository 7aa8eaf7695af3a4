/* cmd_record.c - Facts, intents and hints: add, get, list; all records; provenance. */
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"

static const struct option_row fact_add_options[] = {
    {"origin", 0, "ORIGIN", "where the statement comes from: a file, a URL, a tool"},
    {"file", 0, "FILE", "take the content from a file (- for stdin)"},
    {"mime-type", 0, "TYPE", "default text/plain, or application/octet-stream"},
    {"topic", 0, "TOPIC", "what it is about"},
    {"position", 0, "TEXT", "what it says on the topic"},
    {"from", 0, "ID", "a Fact it was made from; may be repeated"},
    {"valid-from", 0, "MS", "Unix milliseconds from which it holds"},
    {"valid-to", 0, "MS", "Unix milliseconds at which it no longer holds"},
    {"confidence", 0, "0..1", "how sure the origin is"},
    {"under", 0, "INTENT:EPOCH", "the claim under which it was found"},
    {NULL, 0, NULL, NULL},
};

static bool add_time(struct json_writer *w, const char *key, const struct parsed *p,
                     const char *option)
{
    const char *value = parsed_value(p, option);
    long long number;
    if (value == NULL) {
        return true;
    }
    if (!str_to_i64(str_of(value), &number)) {
        parsed_wrong(p, "--%s: \"%s\" is no integer", option, value);
        return false;
    }
    jw_kv_int(w, key, number);
    return true;
}

static bool add_under(struct json_writer *w, const struct parsed *p)
{
    const char *value = parsed_value(p, "under");
    if (value == NULL) {
        return true;
    }
    struct str text = str_of(value);
    size_t colon = str_find(text, ':', 0);
    unsigned long long epoch;
    if (colon == text.len || !str_to_u64(str_sub(text, colon + 1, text.len), &epoch)) {
        parsed_wrong(p, "--under: \"%s\" is not INTENT:EPOCH", value);
        return false;
    }
    jw_key(w, "under");
    jw_object(w);
    jw_kv_str(w, "intent", str_sub(text, 0, colon));
    jw_kv_uint(w, "epoch", epoch);
    jw_object_end(w);
    return true;
}

static bool add_confidence(struct json_writer *w, const struct parsed *p)
{
    const char *value = parsed_value(p, "confidence");
    struct json *number;
    struct json_error error;
    struct arena arena = {0};
    if (value == NULL) {
        return true;
    }
    bool good = json_parse(&arena, str_of(value), NULL, &number, &error) &&
                (number->kind == JSON_INT || number->kind == JSON_NUMBER);
    if (good) {
        jw_key(w, "confidence");
        jw_double(w, json_number(number, 0));
    } else {
        parsed_wrong(p, "--confidence: \"%s\" is no number from 0 to 1", value);
    }
    arena_deinit(&arena);
    return good;
}

static int fact_add(struct session *s, const struct parsed *p)
{
    const char *origin = parsed_value(p, "origin");
    const char *file = parsed_value(p, "file");
    struct buf body = {0};
    struct json_writer w;
    jw_init(&w, &body, false);
    jw_object(&w);
    jw_kv_text(&w, "origin",
               origin != NULL                           ? origin
               : file != NULL && strcmp(file, "-") != 0 ? file
                                                        : "nexusctl");
    cmd_text(&w, "topic", p, "topic");
    cmd_text(&w, "position", p, "position");
    cmd_list(&w, "from", p, "from");
    bool good = add_time(&w, "valid_from_ms", p, "valid-from") &&
                add_time(&w, "valid_to_ms", p, "valid-to") && add_confidence(&w, p) &&
                add_under(&w, p);
    int status = EXIT_USAGE;
    if (good) {
        jw_key(&w, "content");
        status = cmd_content(s, p, p->args_count > 0 ? p->args[0] : NULL, &w);
    }
    if (status != EXIT_OK) {
        buf_deinit(&body);
        return status;
    }
    jw_object_end(&w);
    struct str sent = cmd_end(s, &body);
    return cmd_call(s, "POST", STR("/facts"), sent, show_record);
}

static const struct option_row intent_add_options[] = {
    {"from", 0, "ID", "a Fact that gave rise to it; may be repeated"},
    {"parent", 0, "ID", "the intent that it is part of"},
    {"capability", 0, "NAME", "what whoever takes it must be able to do"},
    {"priority", 0, "1..10", "10 is first; default 5"},
    {"dedupe-key", 0, "KEY", "answers the live intent with this key instead of a new one"},
    {"topic", 0, "TOPIC", "what it is about"},
    {"deadline", 0, "DURATION", "it fails when nobody concluded it by then"},
    {"max-run", 0, "DURATION", "how long one claim may last"},
    {"depends-on", 0, "ID", "must be concluded first; may be repeated"},
    {NULL, 0, NULL, NULL},
};

static int intent_add(struct session *s, const struct parsed *p)
{
    uint64_t priority, deadline_ms, max_run_ms;
    if (!parsed_number(p, "priority", 1, 10, 5, &priority) ||
        !parsed_duration(p, "deadline", 0, &deadline_ms) ||
        !parsed_duration(p, "max-run", 0, &max_run_ms)) {
        return EXIT_USAGE;
    }
    struct buf body = {0};
    struct json_writer w;
    jw_init(&w, &body, false);
    jw_object(&w);
    jw_kv_text(&w, "description", p->args[0]);
    cmd_list(&w, "from_facts", p, "from");
    cmd_text(&w, "parent", p, "parent");
    cmd_text(&w, "capability", p, "capability");
    cmd_text(&w, "dedupe_key", p, "dedupe-key");
    cmd_text(&w, "topic", p, "topic");
    cmd_list(&w, "depends_on", p, "depends-on");
    if (parsed_has(p, "priority")) {
        jw_kv_uint(&w, "priority", priority);
    }
    if (parsed_has(p, "deadline")) {
        jw_kv_int(&w, "deadline_ms", print_now_ms() + (int64_t)deadline_ms);
    }
    if (parsed_has(p, "max-run")) {
        jw_kv_uint(&w, "max_run_ms", max_run_ms);
    }
    jw_object_end(&w);
    return cmd_call(s, "POST", STR("/intents"), cmd_end(s, &body), show_record);
}

static const struct option_row hint_add_options[] = {
    {"scope", 0, "SCOPE", "what it applies to; all by default"},
    {"ttl", 0, "DURATION", "how long it governs; for ever by default"},
    {NULL, 0, NULL, NULL},
};

static int hint_add(struct session *s, const struct parsed *p)
{
    uint64_t ttl_ms;
    if (!parsed_duration(p, "ttl", 0, &ttl_ms)) {
        return EXIT_USAGE;
    }
    struct buf body = {0};
    struct json_writer w;
    jw_init(&w, &body, false);
    jw_object(&w);
    jw_kv_text(&w, "content", p->args[0]);
    cmd_text(&w, "scope", p, "scope");
    if (parsed_has(p, "ttl")) {
        jw_kv_uint(&w, "ttl_ms", ttl_ms);
    }
    jw_object_end(&w);
    return cmd_call(s, "POST", STR("/hints"), cmd_end(s, &body), show_record);
}

static int get_one(struct session *s, const struct parsed *p, const char *place)
{
    return cmd_call(s, "GET", session_path(s, place, p->args[0], ""), STR_NONE, show_record);
}
static int fact_get(struct session *s, const struct parsed *p)
{
    return get_one(s, p, "/facts/");
}
static int intent_get(struct session *s, const struct parsed *p)
{
    return get_one(s, p, "/intents/");
}
static int hint_get(struct session *s, const struct parsed *p)
{
    return get_one(s, p, "/hints/");
}

/* The first row is for lists of all kinds; the others begin behind it. */
static const struct option_row list_options[] = {
    {"kind", 0, "KIND", "fact, intent, hint or event"},
    {"origin", 0, "ORIGIN", "only Facts of this origin"},
    {"creator", 0, "NAME", "only what this agent wrote"},
    {"topic", 0, "TOPIC", "only records on this topic"},
    {"status", 0, "STATUS", "submitted, claimed, concluded, failed, cancelled or rejected"},
    {"since", 0, "MS", "made at this time (Unix milliseconds) or later"},
    {"until", 0, "MS", "made at this time or before"},
    {"valid-at", 0, "MS", "Facts that hold at this time"},
    {"as-of", 0, "SEQ", "the board as it was when SEQ was the last record"},
    {"after", 0, "SEQ", "only records behind SEQ"},
    {"limit", 0, "N", "records in one page; default 50"},
    {"cursor", 0, "CURSOR", "the next page, as the page before names it"},
    {"newest", 0, NULL, "newest first"},
    {NULL, 0, NULL, NULL},
};

static int list_kind(struct session *s, const struct parsed *p, const char *kind)
{
    static const char *const pairs[][2] = {
        {"kind", "kind"},      {"origin", "origin"},        {"creator", "creator"},
        {"topic", "topic"},    {"status", "status"},        {"since", "since_ms"},
        {"until", "until_ms"}, {"valid-at", "valid_at_ms"}, {"as-of", "as_of"},
        {"after", "after"},    {"limit", "limit"},          {"cursor", "cursor"},
    };
    struct buf query = {0};
    if (kind != NULL) {
        cmd_query(&query, "kind", kind);
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const char *value = parsed_value(p, pairs[i][0]);
        if (value != NULL && !(kind != NULL && i == 0)) {
            cmd_query(&query, pairs[i][1], value);
        }
    }
    if (!parsed_has(p, "limit")) {
        cmd_query(&query, "limit", "50");
    }
    if (parsed_has(p, "newest")) {
        cmd_query(&query, "order", "desc");
    }
    struct str path = arena_printf(&s->arena, "/records%s", buf_cstr(&query));
    buf_deinit(&query);
    return cmd_call(s, "GET", path, STR_NONE, show_records);
}
static int fact_list(struct session *s, const struct parsed *p)
{
    return list_kind(s, p, "fact");
}
static int intent_list(struct session *s, const struct parsed *p)
{
    return list_kind(s, p, "intent");
}
static int hint_list(struct session *s, const struct parsed *p)
{
    return list_kind(s, p, "hint");
}
static int records_list(struct session *s, const struct parsed *p)
{
    return list_kind(s, p, NULL);
}

static const struct option_row provenance_options[] = {
    {"forward", 0, NULL, "what was made from it, instead of what it was made from"},
    {"depth", 0, "N", "steps to go; default 16"},
    {"limit", 0, "N", "records at most; default 100"},
    {NULL, 0, NULL, NULL},
};

static int provenance(struct session *s, const struct parsed *p)
{
    struct buf query = {0};
    cmd_query(&query, "direction", parsed_has(p, "forward") ? "forward" : "back");
    if (parsed_has(p, "depth")) {
        cmd_query(&query, "depth", parsed_value(p, "depth"));
    }
    if (parsed_has(p, "limit")) {
        cmd_query(&query, "limit", parsed_value(p, "limit"));
    }
    struct str path = session_path(s, "/provenance/", p->args[0], buf_cstr(&query));
    buf_deinit(&query);
    return cmd_call(s, "GET", path, STR_NONE, show_records);
}

static const struct option_row batch_options[] = {
    {NULL, 0, NULL, NULL},
};

static void show_batch(struct session *s, const struct json *value)
{
    const struct json *results = json_get(value, "results");
    (void)s;
    printf("%u operations done, in one commit\n", results == NULL ? 0 : results->count);
}

/* The file is {"ops":[...]}, an array, or one operation per line. */
static int batch(struct session *s, const struct parsed *p)
{
    struct buf text = {0}, body = {0};
    int status = cmd_read_file(s, p->args[0], 12u << 20, &text);
    struct str bytes = str_trim(buf_str(&text));
    struct json *value;
    struct json_error error;
    if (status == EXIT_OK && bytes.len > 0 && bytes.at[0] == '[') {
        buf_printf(&body, "{\"ops\":%.*s}", STR_ARG(bytes));
    } else if (status == EXIT_OK && json_parse(&s->arena, bytes, NULL, &value, &error) &&
               json_get(value, "ops") != NULL) {
        buf_add_str(&body, bytes);
    } else if (status == EXIT_OK) {
        struct str line, rest = bytes;
        buf_add_text(&body, "{\"ops\":[");
        for (bool first = true; str_cut(&rest, '\n', &line);) {
            if (str_trim(line).len > 0) {
                buf_add_text(&body, first ? "" : ",");
                buf_add_str(&body, line);
                first = false;
            }
        }
        buf_add_text(&body, "]}");
    }
    struct str sent = cmd_end(s, &body);
    if (status == EXIT_OK) {
        status = cmd_call(s, "POST", STR("/batch"), sent, show_batch);
    }
    buf_deinit(&text);
    return status;
}

COMMAND_ROW(command_fact_add, "fact", "add", "[TEXT]", 0, 1, "record a Fact", fact_add_options,
            fact_add)
COMMAND_ROW(command_fact_get, "fact", "get", "ID", 1, 1, "show a Fact", NULL, fact_get)
COMMAND_ROW(command_fact_list, "fact", "list", "", 0, 0, "list Facts", list_options + 1, fact_list)
COMMAND_ROW(command_intent_add, "intent", "add", "DESCRIPTION", 1, 1,
            "ask for something to be done", intent_add_options, intent_add)
COMMAND_ROW(command_intent_get, "intent", "get", "ID", 1, 1, "show an intent", NULL, intent_get)
COMMAND_ROW(command_intent_list, "intent", "list", "", 0, 0, "list intents", list_options + 1,
            intent_list)
COMMAND_ROW(command_hint_add, "hint", "add", "TEXT", 1, 1, "give advice to all agents",
            hint_add_options, hint_add)
COMMAND_ROW(command_hint_get, "hint", "get", "ID", 1, 1, "show a hint", NULL, hint_get)
COMMAND_ROW(command_hint_list, "hint", "list", "", 0, 0, "list hints", list_options + 1, hint_list)
COMMAND_ROW(command_records_list, "records", "list", "", 0, 0, "list records of all kinds",
            list_options, records_list)
COMMAND_ROW(command_provenance, "provenance", NULL, "ID", 1, 1,
            "what a record was made from, or what was made from it", provenance_options, provenance)
COMMAND_ROW(command_batch, "batch", NULL, "FILE", 1, 1,
            "do several operations in one commit, all or nothing", batch_options, batch)
