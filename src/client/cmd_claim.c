/* cmd_claim.c - taking work and what one does with it. Every write names the epoch that the
 * claim gave, so a late one is refused (exit 5) and harms nobody. */
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"

#define EPOCH_ROW                                                                                  \
    {                                                                                              \
        "epoch", 0, "N", "the epoch that the claim gave you"                                       \
    }

static const struct option_row claim_options[] = {
    {"ttl", 0, "DURATION", "until the claim ends unless a heartbeat comes; default 60s"},
    {NULL, 0, NULL, NULL},
};
static const struct option_row next_options[] = {
    {"wait", 0, "DURATION", "wait so long for one; default: do not wait"},
    {"capability", 0, "NAME", "what you can do; default: as you are registered"},
    {"topic", 0, "TOPIC", "only intents on this topic; may be repeated"},
    {"ttl", 0, "DURATION", "until the claim ends unless a heartbeat comes; default 60s"},
    {NULL, 0, NULL, NULL},
};
static const struct option_row epoch_options[] = {EPOCH_ROW, {NULL, 0, NULL, NULL}};
static const struct option_row release_options[] = {
    EPOCH_ROW,
    {"reason", 0, "TEXT", "why you give it back"},
    {NULL, 0, NULL, NULL},
};
static const struct option_row fail_options[] = {
    EPOCH_ROW,
    {"reason", 0, "TEXT", "why it cannot be done"},
    {"retry", 0, NULL, "somebody may try again; else the intent has failed"},
    {NULL, 0, NULL, NULL},
};
static const struct option_row conclude_options[] = {
    EPOCH_ROW,
    {"file", 0, "FILE", "take the result from a file (- for stdin)"},
    {"mime-type", 0, "TYPE", "default text/plain"},
    {"evidence", 0, "ID", "a Fact on which the result rests; may be repeated"},
    {NULL, 0, NULL, NULL},
};
static const struct option_row cancel_options[] = {
    {"reason", 0, "TEXT", "why it is no longer wanted"},
    {NULL, 0, NULL, NULL},
};

static int intent_claim(struct session *s, const struct parsed *p)
{
    uint64_t ttl_ms;
    if (!parsed_duration(p, "ttl", 60000, &ttl_ms)) {
        return EXIT_USAGE;
    }
    struct str body = arena_printf(&s->arena, "{\"ttl_ms\":%llu}", (unsigned long long)ttl_ms);
    return cmd_call(s, "POST", session_path(s, "/intents/", p->args[0], "/claim"), body,
                    show_claim);
}

static int claim_next(struct session *s, const struct parsed *p)
{
    uint64_t ttl_ms, wait_ms;
    if (!parsed_duration(p, "ttl", 60000, &ttl_ms) || !parsed_duration(p, "wait", 0, &wait_ms)) {
        return EXIT_USAGE;
    }
    int64_t end_ms = print_now_ms() + (int64_t)wait_ms;
    for (;;) {
        int64_t left_ms = end_ms - print_now_ms();
        left_ms = left_ms < 0 ? 0 : left_ms > 60000 ? 60000 : left_ms;
        struct buf body = {0};
        struct json_writer w;
        jw_init(&w, &body, false);
        jw_object(&w);
        cmd_list(&w, "capabilities", p, "capability");
        cmd_list(&w, "topics", p, "topic");
        jw_kv_uint(&w, "ttl_ms", ttl_ms);
        jw_kv_int(&w, "wait_ms", left_ms);
        jw_object_end(&w);
        struct reply reply;
        int status =
            session_call(s, "POST", STR("/claims"), cmd_end(s, &body), (uint64_t)left_ms, &reply);
        if (status != EXIT_OK) {
            return status;
        }
        if (reply.status != 204) {
            if (s->json) {
                cmd_print_json(&reply);
            } else {
                show_claim(s, reply.json);
            }
            return EXIT_OK;
        }
        if (print_now_ms() >= end_ms) {
            return session_fail(s, EXIT_NOT_FOUND, "none", "ask again, or wait with --wait 5m",
                                "there is no fitting intent");
        }
    }
}

/* Begins {"epoch": N; false: it is missing. */
static bool begin(struct session *s, const struct parsed *p, struct buf *body,
                  struct json_writer *w)
{
    uint64_t epoch;
    if (!parsed_has(p, "epoch")) {
        session_fail(s, EXIT_USAGE, "invalid", "add --epoch N, as the claim gave it to you",
                     "the epoch is missing");
        return false;
    }
    if (!parsed_number(p, "epoch", 1, (1ull << 53) - 1, 0, &epoch)) {
        return false;
    }
    jw_init(w, body, false);
    jw_object(w);
    jw_kv_uint(w, "epoch", epoch);
    return true;
}

static int finish(struct session *s, const struct parsed *p, const char *verb, struct buf *body,
                  struct json_writer *w, cmd_show *show)
{
    jw_object_end(w);
    return cmd_call(s, "POST", session_path(s, "/intents/", p->args[0], verb), cmd_end(s, body),
                    show);
}

static void show_lease(struct session *s, const struct json *value)
{
    struct buf left = {0};
    (void)s;
    clock_add_duration(&left, (uint64_t)json_get_int(value, "expires_in_ms", 0));
    printf("yours for another %s\n", buf_cstr(&left));
    buf_deinit(&left);
}

static int heartbeat(struct session *s, const struct parsed *p)
{
    struct buf body = {0};
    struct json_writer w;
    return begin(s, p, &body, &w) ? finish(s, p, "/heartbeat", &body, &w, show_lease) : EXIT_USAGE;
}

static int checkpoint(struct session *s, const struct parsed *p)
{
    struct buf body = {0};
    struct json_writer w;
    struct json *value;
    struct json_error error;
    struct str text = str_of(p->args[1]);
    if (!begin(s, p, &body, &w)) {
        return EXIT_USAGE;
    }
    jw_key(&w, "data");
    if (json_parse(&s->arena, text, NULL, &value, &error)) {
        jw_raw(&w, text);
    } else {
        jw_str(&w, text);
    }
    return finish(s, p, "/checkpoint", &body, &w, show_record);
}

static int release(struct session *s, const struct parsed *p)
{
    struct buf body = {0};
    struct json_writer w;
    if (!begin(s, p, &body, &w)) {
        return EXIT_USAGE;
    }
    cmd_text(&w, "reason", p, "reason");
    return finish(s, p, "/release", &body, &w, show_record);
}

static int fail(struct session *s, const struct parsed *p)
{
    struct buf body = {0};
    struct json_writer w;
    if (!begin(s, p, &body, &w)) {
        return EXIT_USAGE;
    }
    jw_kv_text(&w, "reason", parsed_has(p, "reason") ? parsed_value(p, "reason") : "not said");
    jw_kv_bool(&w, "retry", parsed_has(p, "retry"));
    return finish(s, p, "/fail", &body, &w, show_record);
}

static void show_conclusion(struct session *s, const struct json *value)
{
    show_record(s, json_get(value, "fact"));
}

static int conclude(struct session *s, const struct parsed *p)
{
    struct buf body = {0};
    struct json_writer w;
    if (!begin(s, p, &body, &w)) {
        return EXIT_USAGE;
    }
    cmd_list(&w, "evidence", p, "evidence");
    jw_key(&w, "content");
    int status = cmd_content(s, p, p->args_count > 1 ? p->args[1] : NULL, &w);
    if (status != EXIT_OK) {
        buf_deinit(&body);
        return status;
    }
    return finish(s, p, "/conclude", &body, &w, show_conclusion);
}

static int cancel(struct session *s, const struct parsed *p)
{
    struct buf body = {0};
    struct json_writer w;
    jw_init(&w, &body, false);
    jw_object(&w);
    jw_kv_text(&w, "reason", parsed_has(p, "reason") ? parsed_value(p, "reason") : "not said");
    return finish(s, p, "/cancel", &body, &w, show_record);
}

COMMAND_ROW(command_claim, "claim", NULL, "", 0, 0, "claim the next fitting intent", next_options,
            claim_next)
COMMAND_ROW(command_intent_claim, "intent", "claim", "ID", 1, 1, "claim this intent", claim_options,
            intent_claim)
COMMAND_ROW(command_intent_heartbeat, "intent", "heartbeat", "ID", 1, 1, "keep a claim alive",
            epoch_options, heartbeat)
COMMAND_ROW(command_intent_checkpoint, "intent", "checkpoint", "ID DATA", 2, 2,
            "save how far you are, as JSON or words", epoch_options, checkpoint)
COMMAND_ROW(command_intent_release, "intent", "release", "ID", 1, 1, "give a claimed intent back",
            release_options, release)
COMMAND_ROW(command_intent_fail, "intent", "fail", "ID", 1, 1, "say that a claimed intent failed",
            fail_options, fail)
COMMAND_ROW(command_intent_conclude, "intent", "conclude", "ID [TEXT]", 1, 2,
            "conclude a claimed intent with its result", conclude_options, conclude)
COMMAND_ROW(command_intent_cancel, "intent", "cancel", "ID", 1, 1, "call off an intent",
            cancel_options, cancel)
