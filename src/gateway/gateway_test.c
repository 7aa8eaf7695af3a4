/* gateway_test.c - every operation and every error over a real board. */
#include "gateway/ask_test.h"

#include "codec/bytes.h"
#include "crypto/merkle.h"
#include "gateway/operations.h"

static struct world world;

static int setup(void **state)
{
    (void)state;
    world_open(&world);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

#define API "/api/v1"
#define FACT(origin, text)                                                                         \
    "{\"origin\":\"" origin "\",\"content\":{\"mime_type\":\"text/plain\",\"data\":\"" text "\"}}"
#define NOBODY "f_0000000000000000000000000000000000000000000000000000000000000000"
#define NO_INTENT "i_0000000000000000000000000000000000000000000000000000000000000000"

static const char *path_of(const char *noun, const char *id, const char *verb)
{
    static char text[160];
    snprintf(text, sizeof text, API "/%s/%s%s%s", noun, id, verb[0] == 0 ? "" : "/", verb);
    return text;
}

static void claim(const char *token, const char *id, char out_body[96])
{
    char epoch[80];
    post_for(&world, path_of("intents", id, "claim"), token, "{}", "epoch", epoch);
    snprintf(out_body, 96, "{\"epoch\":%s", epoch);
}

static void facts_are_recorded_once(void **state)
{
    (void)state;
    const char *body = FACT("facts.md", "water is wet");
    struct answer first = ask(&world, "POST", API "/facts", world.agent, body);
    assert_int_equal(first.status, 201);
    char id[80];
    char again[80];
    char origin[80];
    dig_text(&first, "id", id);
    dig_text(&first, "origin", origin);
    assert_string_equal(origin, "facts.md");
    dig_text(&first, "creator", origin);
    assert_string_equal(origin, "worker");
    char location[128];
    snprintf(location, sizeof location, "Location: /api/v1/facts/%s\r\n", id);
    assert_non_null(strstr(buf_cstr(&first.head), location));
    answer_deinit(&first);
    struct answer second = ask(&world, "POST", API "/facts", world.agent, body);
    assert_int_equal(second.status, 200);
    dig_text(&second, "id", again);
    assert_string_equal(id, again);
    answer_deinit(&second);
    expect(&world, "GET", path_of("facts", id, ""), world.reader, NULL, 200, "water is wet");
    expect(&world, "POST", API "/facts", world.agent,
           "{\"origin\":\"o\",\"content\":{\"mime_type\":\"application/octet-stream\","
           "\"data\":\"AAEC/w==\",\"encoding\":\"base64\"},\"topic\":\"t\",\"position\":\"p\","
           "\"valid_from_ms\":1,\"valid_to_ms\":2,\"confidence\":0.5}",
           201, "AAEC/w==");
}

static void wrong_facts_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
        const char *part;
    } cases[] = {
        {"", 400, "field `origin` is missing"},
        {"[]", 400, "must be a JSON object"},
        {"{\"origin\":\"o\"", 400, "not valid JSON"},
        {"{\"origin\":\"o\",\"origin\":\"p\"}", 400, "duplicate"},
        {"{\"origin\":7}", 400, "field `origin` must be a non-empty string"},
        {"{\"origin\":\"\"}", 400, "field `origin` must be a non-empty string"},
        {"{\"origin\":\"o\",\"colour\":1}", 400, "there is no field `colour`"},
        {"{\"origin\":\"o\"}", 400, "field `content` is missing"},
        {"{\"origin\":\"o\",\"content\":\"text\"}", 400, "field `content` must be an object"},
        {"{\"origin\":\"o\",\"content\":{\"data\":\"x\"}}", 400, "field `content`"},
        {"{\"origin\":\"o\",\"content\":{\"mime_type\":\"a/b\",\"data\":\"x\",\"z\":1}}", 400,
         "field `content`"},
        {"{\"origin\":\"o\",\"content\":{\"mime_type\":\"a/b\",\"data\":\"x\","
         "\"encoding\":\"hex\"}}",
         400, "field `content`"},
        {"{\"origin\":\"o\",\"content\":{\"mime_type\":\"a/b\",\"data\":\"!\","
         "\"encoding\":\"base64\"}}",
         400, "not valid base64"},
        {"{\"origin\":\"o\",\"content\":{\"mime_type\":\"a/b\",\"data\":\"x\"},"
         "\"confidence\":2}",
         400, "from 0 to 1"},
        {"{\"origin\":\"o\",\"content\":{\"mime_type\":\"a/b\",\"data\":\"x\"},"
         "\"from\":[1]}",
         400, "an array of at most"},
        {"{\"origin\":\"o\",\"content\":{\"mime_type\":\"a/b\",\"data\":\"x\"},"
         "\"from\":[\"" NOBODY "\"]}",
         422, "invalid_reference"},
        {"{\"origin\":\"o\",\"content\":{\"mime_type\":\"a/b\",\"data\":\"x\"},"
         "\"under\":{\"intent\":\"" NO_INTENT "\",\"epoch\":1,\"x\":2}}",
         400, "field `under`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect(&world, "POST", API "/facts", world.agent, cases[i].body, cases[i].status,
               cases[i].part);
    }
    struct buf body = {0};
    buf_add_text(&body, "{\"origin\":\"");
    for (int i = 0; i < 1025; i++) {
        buf_add_byte(&body, 'o');
    }
    buf_add_text(&body, "\",\"content\":{\"mime_type\":\"a/b\",\"data\":\"x\"}}");
    expect(&world, "POST", API "/facts", world.agent, buf_cstr(&body), 413, "too_large");
    buf_deinit(&body);
}

static void intents_live_and_end(void **state)
{
    (void)state;
    char id[80];
    char claimed[96];
    char body[256];
    post_for(&world, API "/intents", world.human,
             "{\"description\":\"read the manual\",\"priority\":7,\"capability\":\"read\"}", "id",
             id);
    expect(&world, "GET", path_of("intents", id, ""), world.reader, NULL, 200,
           "\"status\":\"submitted\"");
    claim(world.agent, id, claimed);
    expect(&world, "POST", path_of("intents", id, "claim"), world.second, "{}", 409,
           "\"holder\":\"worker\"");
    expect(&world, "POST", path_of("intents", id, "claim"), world.agent, "{}", 409,
           "\"code\":\"already_claimed\"");
    snprintf(body, sizeof body, "%s}", claimed);
    expect(&world, "POST", path_of("intents", id, "heartbeat"), world.agent, body, 200,
           "expires_in_ms");
    expect(&world, "POST", path_of("intents", id, "heartbeat"), world.second, body, 403,
           "not_holder");
    snprintf(body, sizeof body, "%s,\"data\":{\"page\":[1,2.50]}}", claimed);
    expect(&world, "POST", path_of("intents", id, "checkpoint"), world.agent, body, 200,
           "{\"page\":[1,2.50]}");
    snprintf(body, sizeof body, "%s,\"reason\":\"lunch\"}", claimed);
    expect(&world, "POST", path_of("intents", id, "release"), world.agent, body, 200,
           "\"status\":\"submitted\"");
    expect(&world, "POST", path_of("intents", id, "release"), world.agent, body, 409,
           "stale_epoch");
    claim(world.agent, id, claimed);
    snprintf(body, sizeof body, "%s,\"reason\":\"torn page\",\"retry\":true}", claimed);
    expect(&world, "POST", path_of("intents", id, "fail"), world.agent, body, 200,
           "\"status\":\"submitted\"");
    claim(world.second, id, claimed);
    snprintf(body, sizeof body,
             "%s,\"content\":{\"mime_type\":\"text/plain\",\"data\":\"it is long\"}}", claimed);
    expect(&world, "POST", path_of("intents", id, "conclude"), world.second, body, 200,
           "\"status\":\"concluded\"");
    expect(&world, "POST", path_of("intents", id, "conclude"), world.second, body, 200,
           "\"fact\":{");
    expect(&world, "POST", path_of("intents", id, "claim"), world.agent, "{}", 409,
           "already_concluded");
    expect(&world, "POST", path_of("intents", NO_INTENT, "claim"), world.agent, "{}", 404,
           "not_found");
    post_for(&world, API "/intents", world.agent, "{\"description\":\"never mind\"}", "id", id);
    expect(&world, "POST", path_of("intents", id, "cancel"), world.agent,
           "{\"reason\":\"no longer wanted\"}", 200, "\"status\":\"cancelled\"");
    post_for(&world, API "/intents", world.agent, "{\"description\":\"hopeless\"}", "id", id);
    claim(world.agent, id, claimed);
    snprintf(body, sizeof body, "%s,\"reason\":\"cannot\"}", claimed);
    expect(&world, "POST", path_of("intents", id, "fail"), world.agent, body, 200,
           "\"status\":\"failed\"");
    expect(&world, "POST", API "/intents", world.agent,
           "{\"description\":\"x\",\"priority\":11}", 400,
           "field `priority` must be an integer from 1 to 10");
    expect(&world, "POST", API "/intents", world.agent,
           "{\"description\":\"x\",\"priority\":5.0}", 400, "field `priority`");
    expect(&world, "POST", path_of("intents", id, "claim"), world.agent, "{\"ttl_ms\":499}", 400,
           "field `ttl_ms` must be an integer from 500 to 86400000");
}

static void dedupe_keys_meet(void **state)
{
    (void)state;
    const char *body = "{\"description\":\"once\",\"dedupe_key\":\"the-key\"}";
    expect(&world, "POST", API "/intents", world.agent, body, 201, NULL);
    expect(&world, "POST", API "/intents", world.second, body, 200, NULL);
}

static void the_next_intent_is_claimed(void **state)
{
    (void)state;
    char id[80];
    expect(&world, "POST", API "/claims", world.agent, "{\"topics\":[\"empty\"]}", 204, NULL);
    post_for(&world, API "/intents", world.human,
             "{\"description\":\"next\",\"topic\":\"queue\"}", "id", id);
    struct answer answer =
        ask(&world, "POST", API "/claims", world.agent,
            "{\"topics\":[\"queue\"],\"capabilities\":[\"read\"],\"ttl_ms\":1000}");
    char claimed[80];
    assert_int_equal(answer.status, 200);
    dig_text(&answer, "intent.id", claimed);
    assert_string_equal(claimed, id);
    answer_deinit(&answer);
    expect(&world, "POST", API "/claims", world.agent, "{\"wait_ms\":300001}", 400,
           "from 0 to 300000");
}

static void hints_and_kinds(void **state)
{
    (void)state;
    char id[80];
    post_for(&world, API "/hints", world.human, "{\"content\":\"be brief\",\"ttl_ms\":60000}",
             "id", id);
    expect(&world, "GET", path_of("hints", id, ""), world.reader, NULL, 200, "be brief");
    expect(&world, "GET", path_of("facts", id, ""), world.reader, NULL, 404,
           "of kind hint, not fact");
    expect(&world, "GET", path_of("facts", NOBODY, ""), world.reader, NULL, 404, "not_found");
    expect(&world, "GET", path_of("facts", "f_12", ""), world.reader, NULL, 400, "64 lower-case");
    expect(&world, "GET", path_of("facts", "%66_12", ""), world.reader, NULL, 400, NULL);
    expect(&world, "GET", path_of("facts", "%zz", ""), world.reader, NULL, 400, "percent");
}

static void batches_are_all_or_nothing(void **state)
{
    (void)state;
    struct answer answer = ask(
        &world, "POST", API "/batch", world.agent,
        "{\"ops\":[{\"op\":\"fact\",\"origin\":\"b\",\"content\":{\"mime_type\":\"a/b\","
        "\"data\":\"base\"}},"
        "{\"op\":\"fact\",\"origin\":\"b\",\"content\":{\"mime_type\":\"a/b\",\"data\":\"up\"},"
        "\"from\":[\"$0\"]},"
        "{\"op\":\"intent\",\"description\":\"use it\",\"from_facts\":[\"$0\",\"$1\"]},"
        "{\"op\":\"claim\",\"intent\":\"$2\"},"
        "{\"op\":\"hint\",\"content\":\"look\"},"
        "{\"op\":\"cancel\",\"intent\":\"$2\",\"reason\":\"enough\"}]}");
    if (answer.status != 201) {
        fail_msg("%s", (char *)answer.body.at);
    }
    assert_non_null(strstr(buf_cstr(&answer.body), "\"status\":\"cancelled\""));
    answer_deinit(&answer);
    static const struct {
        const char *body;
        int status;
        const char *part;
    } cases[] = {
        {"{\"ops\":[]}", 400, "at least one"},
        {"{\"ops\":[7]}", 400, "field `op`"},
        {"{\"ops\":[{\"op\":\"dance\"}]}", 400, "field `op` must be one of"},
        {"{\"ops\":[{\"op\":\"hint\",\"content\":\"a\"},{\"op\":\"hint\"}]}", 400,
         "\"op_index\":1"},
        {"{\"ops\":[{\"op\":\"claim\"}]}", 400, "field `intent` is missing"},
        {"{\"ops\":[{\"op\":\"hint\",\"content\":\"a\",\"intent\":\"$0\"}]}", 400, "no field"},
        {"{\"ops\":[{\"op\":\"claim\",\"intent\":\"$0\"}]}", 422, "cycle"},
        {"{\"ops\":[{\"op\":\"claim\",\"intent\":\"$1\"},{\"op\":\"intent\","
         "\"description\":\"late\"}]}",
         422, "cycle"},
        {"{\"ops\":[{\"op\":\"claim\",\"intent\":\"$x\"}]}", 400, "$N"},
        {"{\"ops\":[{\"op\":\"hint\",\"content\":\"kept out\"},{\"op\":\"fact\",\"origin\":\"b\","
         "\"content\":{\"mime_type\":\"a/b\",\"data\":\"q\"},\"from\":[\"" NOBODY "\"]}]}",
         422, "\"op_index\":1"},
    };
    uint64_t head = board_head(world.board);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect(&world, "POST", API "/batch", world.agent, cases[i].body, cases[i].status,
               cases[i].part);
    }
    assert_int_equal(board_head(world.board), head);
}

static void lists_are_paged_at_one_moment(void **state)
{
    (void)state;
    char body[200];
    for (int i = 0; i < 25; i++) {
        snprintf(body, sizeof body,
                 "{\"origin\":\"list %d\",\"topic\":\"paging\",\"content\":{\"mime_type\":\"a/b\","
                 "\"data\":\"%d\"}}",
                 i, i);
        expect(&world, "POST", API "/facts", world.agent, body, 201, NULL);
    }
    for (int desc = 0; desc < 2; desc++) {
        char path[256];
        char cursor[80] = "";
        char as_of[80] = "";
        size_t pages = 0;
        size_t records = 0;
        do {
            snprintf(path, sizeof path, API "/records?topic=paging&order=%s&limit=10%s%s",
                     desc ? "desc" : "asc", cursor[0] == 0 ? "" : "&cursor=", cursor);
            struct answer answer = ask(&world, "GET", path, world.reader, NULL);
            assert_int_equal(answer.status, 200);
            for (const char *at = buf_cstr(&answer.body);
                 (at = strstr(at, "\"kind\":\"fact\"")) != NULL; at++) {
                records++;
            }
            char now[80];
            dig_text(&answer, "as_of", now);
            assert_true(as_of[0] == 0 || strcmp(as_of, now) == 0);
            memcpy(as_of, now, sizeof as_of);
            dig_text(&answer, "next", cursor);
            answer_deinit(&answer);
            pages++;
            /* What comes later is not in the list. */
            snprintf(body, sizeof body,
                     "{\"origin\":\"late %d%zu\",\"topic\":\"paging\",\"content\":"
                     "{\"mime_type\":\"a/b\",\"data\":\"x\"}}",
                     desc, pages);
            expect(&world, "POST", API "/facts", world.agent, body, 201, NULL);
        } while (strcmp(cursor, "null") != 0);
        assert_int_equal(pages, 3);
        assert_int_equal(records, desc ? 28 : 25);
    }
}

static void queries_are_strict(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        int status;
        const char *part;
    } cases[] = {
        {"?kind=fact&origin=list%200&creator=worker&since_ms=0&until_ms=9999999999999", 200, NULL},
        {"?status=submitted", 200, NULL},
        {"?kind=fact&origin=list+0", 200, "list 0"},
        {"?valid_at_ms=5&kind=fact&as_of=3&after=1&limit=1000", 200, NULL},
        {"?colour=red", 400, "query parameter `colour` is not known"},
        {"?kind=fact&kind=fact", 400, "`kind` is given twice"},
        {"?kind=cat", 400, "one of fact, intent, hint, event"},
        {"?limit=0", 400, "`limit`"},
        {"?limit=1001", 400, "1 to 1000"},
        {"?limit=ten", 400, "`limit`"},
        {"?limit=1%3a0", 400, "`limit`"},
        {"?limit", 400, "`limit`"},
        {"?origin=", 400, "`origin`"},
        {"?origin=%f", 400, "`origin` is not percent-encoded"},
        {"?origin=%00", 400, "`origin` is not percent-encoded"},
        {"?origin=%ff", 400, "`origin` is not percent-encoded"},
        {"?&kind=fact", 400, "empty parameter"},
        {"?as_of=999999999", 400, "`as_of` lies in the future"},
        {"?cursor=00", 400, "`cursor`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[200];
        snprintf(path, sizeof path, API "/records%s", cases[i].query);
        expect(&world, "GET", path, world.reader, NULL, cases[i].status, cases[i].part);
    }
    expect(&world, "GET", "/healthz?x=1", NULL, NULL, 400, "`x` is not known");
}

static void provenance_is_followed(void **state)
{
    (void)state;
    char base[80];
    char derived[80];
    char body[256];
    char path[200];
    post_for(&world, API "/facts", world.agent, FACT("p", "root"), "id", base);
    snprintf(body, sizeof body,
             "{\"origin\":\"p\",\"content\":{\"mime_type\":\"a/b\",\"data\":\"leaf\"},"
             "\"from\":[\"%s\"]}",
             base);
    post_for(&world, API "/facts", world.agent, body, "id", derived);
    expect(&world, "GET", path_of("provenance", derived, ""), world.reader, NULL, 200, base);
    snprintf(path, sizeof path, "%s?direction=forward&depth=3", path_of("provenance", base, ""));
    expect(&world, "GET", path, world.reader, NULL, 200, derived);
    expect(&world, "GET", path_of("provenance", NOBODY, ""), world.reader, NULL, 404, NULL);
}

static void records_have_etags(void **state)
{
    (void)state;
    char id[80];
    char header[128];
    post_for(&world, API "/intents", world.agent, "{\"description\":\"tagged\"}", "id", id);
    const char *path = path_of("intents", id, "");
    struct answer answer = ask(&world, "GET", path, world.agent, NULL);
    const char *etag = strstr(buf_cstr(&answer.head), "ETag: ");
    assert_non_null(etag);
    snprintf(header, sizeof header, "If-None-Match: %.*s\r\n", (int)strcspn(etag + 6, "\r"),
             etag + 6);
    answer_deinit(&answer);
    answer = ask_with(&world, "GET", path, world.agent, header, NULL);
    assert_int_equal(answer.status, 304);
    answer_deinit(&answer);
    char claimed[96];
    claim(world.agent, id, claimed);
    answer = ask_with(&world, "GET", path_of("intents", id, ""), world.agent, header, NULL);
    assert_int_equal(answer.status, 200);
    answer_deinit(&answer);
}

static void agents_come_and_go(void **state)
{
    (void)state;
    char token[80];
    char old[64];
    add_agent(&world, "temp", "agent", old);
    assert_int_equal(strlen(old), 46);
    expect(&world, "GET", API "/me", old, NULL, 200, "{\"name\":\"temp\",\"role\":\"agent\"}");
    expect(&world, "GET", API "/agents/temp", world.reader, NULL, 200, "\"name\":\"temp\"");
    expect(&world, "GET", API "/agents", world.reader, NULL, 200, "\"name\":\"worker\"");
    expect(&world, "POST", API "/agents", WORLD_ADMIN, "{\"name\":\"temp\"}", 409, "conflict");
    post_for(&world, API "/agents", WORLD_ADMIN, "{\"name\":\"temp\",\"rotate\":true}", "token",
             token);
    expect(&world, "GET", API "/me", old, NULL, 401, "unauthenticated");
    expect(&world, "GET", API "/me", token, NULL, 200, NULL);
    expect(&world, "DELETE", API "/agents/temp", world.agent, NULL, 403, "not_permitted");
    expect(&world, "DELETE", API "/agents/temp", WORLD_ADMIN, NULL, 200, "removed");
    expect(&world, "DELETE", API "/agents/temp", WORLD_ADMIN, NULL, 404, "not_found");
    expect(&world, "GET", API "/me", token, NULL, 401, NULL);
    expect(&world, "GET", API "/agents/temp", world.reader, NULL, 404, "not_found");
    expect(&world, "POST", API "/agents", WORLD_ADMIN, "{\"name\":\"Temp\"}", 400, NULL);
    expect(&world, "POST", API "/agents", WORLD_ADMIN, "{\"name\":\"a\",\"role\":\"admin\"}", 400,
           "one of agent, human, reader");
    expect(&world, "POST", API "/agents", WORLD_ADMIN, "{\"name\":\"admin\"}", 409, NULL);
}

static void nobody_does_what_they_may_not(void **state)
{
    (void)state;
    for (int id = OP_NONE + 1; id < OP_COUNT; id++) {
        const struct operation *op = operation_of((enum operation_id)id);
        char path[200];
        const char *brace = strchr(op->path, '{');
        const char *prefix = (op->places & PLACE_API) != 0 ? API : "";
        snprintf(path, sizeof path, "%s%.*s%s%s", prefix,
                 (int)(brace == NULL ? strlen(op->path) : (size_t)(brace - op->path)), op->path,
                 brace == NULL ? "" : NOBODY, brace == NULL ? "" : strchr(brace, '}') + 1);
        const char *method = method_word(op->method);
        const char *body = op->method == METHOD_POST ? "{\"no\":\"such field\"}" : NULL;
        if (op->may == MAY_ANYBODY) {
            expect(&world, method, path, NULL, body, 200, NULL);
            continue;
        }
        expect(&world, method, path, NULL, body, 401, "unauthenticated");
        expect(&world, method, path, "nx_wrong", body, 401, "unauthenticated");
        const char *low = op->may == MAY_ADMIN ? world.human : world.reader;
        if ((op->may & ROLE_BIT(ROLE_READER)) == 0) {
            expect(&world, method, path, low, body, 403, "not_permitted");
        }
    }
    expect(&world, "GET", API "/nowhere", world.agent, NULL, 404, "not_found");
    expect(&world, "PUT", API "/facts", world.agent, "{}", 405, "this path takes POST only");
    expect(&world, "OPTIONS", API "/agents/x", world.agent, NULL, 405, "GET, HEAD, DELETE");
    struct answer answer = ask_with(&world, "GET", API "/me", NULL,
                                    "Authorization: Basic abc\r\n", NULL);
    assert_int_equal(answer.status, 401);
    assert_non_null(strstr(buf_cstr(&answer.head), "WWW-Authenticate: Bearer"));
    answer_deinit(&answer);
}

static struct answer keyed(const char *target, const char *token, const char *key,
                           const char *body)
{
    char header[64];
    snprintf(header, sizeof header, "Idempotency-Key: %s\r\n", key);
    return ask_with(&world, "POST", target, token, header, body);
}

static void repeated_keys_are_replayed(void **state)
{
    (void)state;
    const char *body = "{\"description\":\"only once\"}";
    struct answer first = keyed(API "/intents", world.agent, "k-1", body);
    assert_int_equal(first.status, 201);
    struct answer again = keyed(API "/intents", world.agent, "k-1", body);
    assert_int_equal(again.status, 201);
    assert_string_equal(buf_cstr(&first.body), buf_cstr(&again.body));
    assert_non_null(strstr(buf_cstr(&again.head), "Idempotency-Replayed: true"));
    answer_deinit(&again);
    again = keyed(API "/intents", world.agent, "k-1", "{\"description\":\"another\"}");
    assert_int_equal(again.status, 422);
    assert_non_null(strstr(buf_cstr(&again.body), "\"code\":\"conflict\""));
    answer_deinit(&again);
    again = keyed(API "/intents", world.second, "k-1", body); /* another actor */
    assert_int_equal(again.status, 201);
    answer_deinit(&again);
    again = keyed(API "/hints", world.agent, "k-1", "{\"content\":\"another path\"}");
    assert_int_equal(again.status, 201);
    answer_deinit(&again);
    again = keyed(API "/intents", world.agent, "k 1", body);
    assert_int_equal(again.status, 400);
    answer_deinit(&again);
    again = keyed(API "/intents", world.agent, "k-2", "{\"description\":\"\"}");
    assert_int_equal(again.status, 400); /* refusals are not remembered */
    answer_deinit(&again);
    again = keyed(API "/intents", world.agent, "k-2", body);
    assert_int_equal(again.status, 201);
    answer_deinit(&again);
    answer_deinit(&first);
    first = keyed(API "/batch", world.agent, "k-3",
                  "{\"ops\":[{\"op\":\"intent\",\"description\":\"batched\"}]}");
    again = keyed(API "/batch", world.agent, "k-3",
                  "{\"ops\":[{\"op\":\"intent\",\"description\":\"batched\"}]}");
    assert_int_equal(again.status, 201);
    assert_string_equal(buf_cstr(&first.body), buf_cstr(&again.body));
    answer_deinit(&first);
    answer_deinit(&again);
    first = keyed(API "/agents", WORLD_ADMIN, "k-4", "{\"name\":\"secret\"}");
    again = keyed(API "/agents", WORLD_ADMIN, "k-4", "{\"name\":\"secret\"}");
    assert_int_equal(first.status, 201);
    assert_int_equal(again.status, 409); /* a token is shown once */
    answer_deinit(&first);
    answer_deinit(&again);
}

static void answers_too_long_to_keep_are_made_again(void **state)
{
    (void)state;
    struct buf body = {0};
    buf_add_text(&body, "{\"origin\":\"long\",\"content\":"
                        "{\"mime_type\":\"text/plain\",\"data\":\"");
    for (int i = 0; i < 400000; i++) {
        buf_add_text(&body, "\\n");
    }
    buf_add_text(&body, "\"}}");
    struct answer first = keyed(API "/facts", world.agent, "long-1", buf_cstr(&body));
    assert_int_equal(first.status, 201);
    struct answer again = keyed(API "/facts", world.agent, "long-1", buf_cstr(&body));
    assert_int_equal(again.status, 201);
    assert_true(again.body.len > 800000);
    assert_string_equal(buf_cstr(&first.body), buf_cstr(&again.body));
    answer_deinit(&first);
    answer_deinit(&again);
    buf_deinit(&body);
}

static size_t dig_hashes(const struct answer *answer, struct hash *out, size_t max)
{
    struct arena arena = {0};
    struct json *value = NULL;
    struct json_error error;
    size_t count = 0;
    assert_true(json_parse(&arena, buf_str(&answer->body), NULL, &value, &error));
    const struct json *proof = json_get(value, "proof");
    for (const struct json *at = proof->first; at != NULL && count < max; at = at->next) {
        assert_true(hex_decode(at->string, out[count++].bytes, 32));
    }
    arena_deinit(&arena);
    return count;
}

static void dig_hash(const struct answer *answer, const char *path, struct hash *out)
{
    char text[80];
    dig_text(answer, path, text);
    assert_true(hex_decode(str_of(text), out->bytes, 32));
}

static uint64_t dig_number(const struct answer *answer, const char *path)
{
    char text[80];
    dig_text(answer, path, text);
    return strtoull(text, NULL, 10);
}

static void check_signature(const struct answer *answer, const char *prefix)
{
    char at[5][160];
    const char *names[5] = {"log", "size", "root", "at_ms", "key"};
    for (int i = 0; i < 5; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s%s", prefix, names[i]);
        dig_text(answer, path, at[i]);
    }
    char text[400];
    int len = snprintf(text, sizeof text, "nexus-tree-head\n%s\n%s\n%s\n%s\n", at[0], at[1],
                       at[2], at[3]);
    struct signature signature;
    uint8_t key[32];
    char path[64];
    snprintf(path, sizeof path, "%ssignature", prefix);
    struct arena arena = {0};
    assert_true(hex_decode(dig(&arena, answer, path), signature.bytes, 64));
    arena_deinit(&arena);
    assert_true(hex_decode(str_of(at[4]), key, 32));
    assert_true(sign_verify(key, str_n(text, (size_t)len), &signature));
}

static void proofs_verify(void **state)
{
    (void)state;
    char id[80];
    post_for(&world, API "/facts", world.agent, FACT("proof", "provable"), "id", id);
    struct answer answer = ask(&world, "GET", path_of("proof", id, ""), world.reader, NULL);
    assert_int_equal(answer.status, 200);
    struct hash leaf;
    struct hash root;
    struct hash proof[2 * MERKLE_DEPTH_MAX];
    dig_hash(&answer, "leaf", &leaf);
    dig_hash(&answer, "root", &root);
    size_t count = dig_hashes(&answer, proof, MERKLE_DEPTH_MAX);
    uint64_t size = dig_number(&answer, "size");
    assert_true(merkle_verify_inclusion(dig_number(&answer, "index"), size, &leaf, proof, count,
                                        &root));
    check_signature(&answer, "signed_tree_head.");
    answer_deinit(&answer);
    answer = ask(&world, "GET", API "/roots", world.reader, NULL);
    check_signature(&answer, "");
    answer_deinit(&answer);
    answer = ask(&world, "GET", API "/consistency?from=3", world.reader, NULL);
    assert_int_equal(answer.status, 200);
    struct hash root_from;
    dig_hash(&answer, "root_from", &root_from);
    dig_hash(&answer, "root_to", &root);
    count = dig_hashes(&answer, proof, 2 * MERKLE_DEPTH_MAX);
    assert_true(merkle_verify_consistency(3, dig_number(&answer, "to"), &root_from, &root, proof,
                                          count));
    answer_deinit(&answer);
    char path[200];
    snprintf(path, sizeof path, "%s?size=99999", path_of("proof", id, ""));
    expect(&world, "GET", path, world.reader, NULL, 400, "`size`");
    expect(&world, "GET", API "/consistency", world.reader, NULL, 400, "`from` is missing");
    expect(&world, "GET", API "/consistency?from=0", world.reader, NULL, 400, "`from`");
    expect(&world, "GET", API "/consistency?from=5&to=4", world.reader, NULL, 400, "`to`");
    expect(&world, "GET", path_of("proof", NOBODY, ""), world.reader, NULL, 404, NULL);
}

static void the_service_tells_and_obeys(void **state)
{
    (void)state;
    expect(&world, "GET", "/healthz", NULL, NULL, 200, "{\"status\":\"ok\"}");
    expect(&world, "GET", API "/readyz", NULL, NULL, 200, "ready");
    expect(&world, "GET", "/", NULL, NULL, 200, "nexusctl");
    expect(&world, "GET", "/api/status", world.reader, NULL, 200, "\"version\":\"0.1.0\"");
    expect(&world, "GET", API "/status", world.reader, NULL, 200, "\"submitted\":");
    expect(&world, "POST", API "/pause", world.human, "{}", 403, "not_permitted");
    expect(&world, "POST", API "/pause", WORLD_ADMIN, NULL, 200, "{\"paused\":true}");
    expect(&world, "GET", API "/status", world.reader, NULL, 200, "\"paused\":true");
    expect(&world, "POST", API "/resume", WORLD_ADMIN, "{}", 200, "{\"paused\":false}");
    expect(&world, "GET", API "/metrics", world.reader, NULL, 200, "nexus_records{");
    gateway_set_ready(world.gateway, false);
    expect(&world, "GET", "/readyz", NULL, NULL, 503, "retry_after_ms");
    expect(&world, "GET", "/healthz", NULL, NULL, 200, NULL);
    expect(&world, "GET", API "/me", world.agent, NULL, 503, "readyz");
    gateway_set_ready(world.gateway, true);
    expect(&world, "POST", API "/stop", WORLD_ADMIN, "{}", 200, "stopping");
    assert_int_equal(world.stop_count, 1);
}

static void boards_have_names(void **state)
{
    (void)state;
    world.other = world.board; /* which board it is does not matter here */
    expect(&world, "GET", API "/boards", world.reader, NULL, 200, "\"name\":\"main\"");
    expect(&world, "GET", API "/boards/side/status", world.reader, NULL, 404, "no board `side`");
    expect(&world, "GET", API "/boards/main/status", world.reader, NULL, 200, NULL);
    expect(&world, "POST", API "/boards", world.agent, "{\"name\":\"side\"}", 403, NULL);
    expect(&world, "POST", API "/boards", WORLD_ADMIN, "{\"name\":\"../x\"}", 400, "`name`");
    expect(&world, "POST", API "/boards", WORLD_ADMIN, "{\"name\":\"refused\"}", 503, NULL);
    expect(&world, "POST", API "/boards", WORLD_ADMIN, "{\"name\":\"side\"}", 201,
           "/api/v1/boards/side");
    expect(&world, "POST", API "/boards", WORLD_ADMIN, "{\"name\":\"side\"}", 200, NULL);
    expect(&world, "GET", API "/boards/side/status", world.reader, NULL, 200, NULL);
    expect(&world, "GET", API "/boards/side/agents", world.reader, NULL, 404, NULL);
    gateway_set_board(world.gateway, STR("side"), NULL);
    expect(&world, "GET", API "/boards/side/status", world.reader, NULL, 503, "unavailable");
}

/* The description and the counters are written out for the tools that judge them. */
static void save(const char *variable, const struct answer *answer)
{
    const char *path = getenv(variable);
    FILE *file = path == NULL ? NULL : fopen(path, "wb");
    if (file != NULL) {
        fwrite(answer->body.at, 1, answer->body.len, file);
        fclose(file);
    }
}

static void descriptions_are_whole(void **state)
{
    (void)state;
    struct answer answer = ask(&world, "GET", "/openapi.json", NULL, NULL);
    assert_int_equal(answer.status, 200);
    char version[80];
    dig_text(&answer, "openapi", version);
    assert_string_equal(version, "3.1.0");
    for (int id = OP_NONE + 1; id < OP_COUNT; id++) {
        const struct operation *op = operation_of((enum operation_id)id);
        char name[96];
        snprintf(name, sizeof name, "\"operationId\": \"%s\"", op->name);
        bool told = strstr(buf_cstr(&answer.body), name) != NULL;
        assert_int_equal(told, (op->places & PLACE_API) != 0);
        assert_ptr_equal(operation_named(str_of(op->name)), op);
    }
    save("NEXUS_SAVE_OPENAPI", &answer);
    const char *etag = strstr(buf_cstr(&answer.head), "ETag: ");
    char header[64];
    snprintf(header, sizeof header, "If-None-Match: %.18s\r\n", etag + 6);
    answer_deinit(&answer);
    answer = ask_with(&world, "GET", "/openapi.json", NULL, header, NULL);
    assert_int_equal(answer.status, 304);
    answer_deinit(&answer);
    answer = ask(&world, "GET", "/metrics", world.reader, NULL);
    save("NEXUS_SAVE_METRICS", &answer);
    answer_deinit(&answer);
}

/* Every member of an answer is in the schema that the description gives. */
static void expect_described(const struct json *api, const char *schema, const struct json *value)
{
    const struct json *schemas = json_get(json_get(api, "components"), "schemas");
    const struct json *properties = json_get(json_get(schemas, schema), "properties");
    assert_non_null(properties);
    for (const struct json *at = value->first; at != NULL; at = at->next) {
        char key[64];
        snprintf(key, sizeof key, "%.*s", STR_ARG(at->key));
        if (json_get(properties, key) == NULL) {
            fail_msg("%s.%s is not described", schema, key);
        }
    }
}

static void answers_are_as_described(void **state)
{
    (void)state;
    char id[80];
    char body[320];
    char other[80];
    post_for(&world, API "/intents", world.human, "{\"description\":\"first\"}", "id", other);
    snprintf(body, sizeof body,
             "{\"description\":\"all of it\",\"capability\":\"read\",\"topic\":\"t\","
             "\"dedupe_key\":\"described\",\"deadline_ms\":9999999999999,"
             "\"max_run_ms\":1000000,\"parent\":\"%s\"}",
             other);
    post_for(&world, API "/intents", world.human, body, "id", id);
    char claimed[96];
    claim(world.agent, id, claimed);
    snprintf(body, sizeof body, "%s,\"data\":{\"page\":1}}", claimed);
    expect(&world, "POST", path_of("intents", id, "checkpoint"), world.agent, body, 200, NULL);
    struct {
        const char *method, *path, *body, *schema;
    } asked[] = {
        {"GET", path_of("intents", id, ""), NULL, "Intent"},
        {"POST", API "/facts",
         "{\"origin\":\"described\",\"topic\":\"t\",\"position\":\"p\",\"valid_from_ms\":1,"
         "\"valid_to_ms\":2,\"confidence\":1,\"content\":{\"mime_type\":\"a/b\","
         "\"data\":\"x\"}}",
         "Fact"},
        {"POST", API "/hints", "{\"content\":\"c\",\"scope\":\"s\",\"ttl_ms\":5}", "Hint"},
        {"GET", API "/agents/worker", NULL, "Agent"},
        {"GET", API "/roots", NULL, "TreeHead"},
        {"GET", API "/records?limit=1", NULL, "Records"},
        {"GET", API "/boards", NULL, "Boards"},
        {"GET", API "/status", NULL, "Status"},
        {"GET", API "/nowhere", NULL, "Problem"},
    };
    struct arena arena = {0};
    struct json *api = NULL;
    struct json *value = NULL;
    struct json_error error;
    struct answer openapi = ask(&world, "GET", "/openapi.json", NULL, NULL);
    assert_true(json_parse(&arena, buf_str(&openapi.body), NULL, &api, &error));
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct answer answer =
            ask(&world, asked[i].method, asked[i].path, world.agent, asked[i].body);
        assert_true(json_parse(&arena, buf_str(&answer.body), NULL, &value, &error));
        expect_described(api, asked[i].schema, value);
        answer_deinit(&answer);
    }
    answer_deinit(&openapi);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_recorded_once),
        cmocka_unit_test(wrong_facts_are_named),
        cmocka_unit_test(intents_live_and_end),
        cmocka_unit_test(dedupe_keys_meet),
        cmocka_unit_test(the_next_intent_is_claimed),
        cmocka_unit_test(hints_and_kinds),
        cmocka_unit_test(batches_are_all_or_nothing),
        cmocka_unit_test(lists_are_paged_at_one_moment),
        cmocka_unit_test(queries_are_strict),
        cmocka_unit_test(provenance_is_followed),
        cmocka_unit_test(records_have_etags),
        cmocka_unit_test(agents_come_and_go),
        cmocka_unit_test(repeated_keys_are_replayed),
        cmocka_unit_test(answers_too_long_to_keep_are_made_again),
        cmocka_unit_test(proofs_verify),
        cmocka_unit_test(the_service_tells_and_obeys),
        cmocka_unit_test(boards_have_names),
        cmocka_unit_test(descriptions_are_whole),
        cmocka_unit_test(answers_are_as_described),
        cmocka_unit_test(nobody_does_what_they_may_not),
    };
    return cmocka_run_group_tests_name("gateway", tests, setup, teardown);
}
