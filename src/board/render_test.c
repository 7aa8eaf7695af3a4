/* render_test.c - records as JSON: every field that INTERFACE names, and nothing that
 * does not read back.
 */
#include <stddef.h>

#include "board/board_world_test.h"
#include "codec/bytes.h"

/* The keys of an object in order, joined by spaces. */
static void assert_keys(const struct json *object, const char *want)
{
    struct buf keys = {0};
    assert_non_null(object);
    assert_int_equal(object->kind, JSON_OBJECT);
    for (const struct json *m = object->first; m != NULL; m = m->next) {
        if (keys.len > 0) {
            buf_add_byte(&keys, ' ');
        }
        buf_add_str(&keys, m->key);
    }
    assert_string_equal(buf_cstr(&keys), want);
    buf_deinit(&keys);
}

static void assert_text(const struct json *object, const char *key, const char *want)
{
    struct str text = json_get_str(object, key, STR("(none)"));
    char *copy = mem_zalloc(text.len + 1);
    memcpy(copy, text.at, text.len);
    assert_string_equal(copy, want);
    mem_free(copy);
}

static void test_fact(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct arena arena = {0};
    struct actor ann = agent_named("ann");
    struct result plain = add_fact(w, "ann", "web", "hello \"you\"\n");
    struct id id = id_at(w, plain.record), intent = add_intent(w, "bob", "look", 0);
    struct str from = str_of(id.text);
    (void)claim(w, "ann", &intent, 0);
    struct json *fact = rendered(w, plain.record, 0, &arena);
    assert_keys(fact, "id kind seq at_ms creator contract origin content content_hash "
                      "content_bytes from verification");
    assert_keys(json_get(fact, "content"), "mime_type data");
    assert_text(fact, "id", id.text);
    assert_text(fact, "kind", "fact");
    assert_text(fact, "creator", "ann");
    assert_text(fact, "verification", "reported");
    assert_text(json_get(fact, "content"), "data", "hello \"you\"\n");
    assert_int_equal(json_get_int(fact, "seq", 0), 1);
    assert_int_equal(json_get_int(fact, "at_ms", 0), w->wall_ms);
    assert_int_equal(json_get_str(fact, "contract", STR_NONE).len, 64);
    struct hash hash;
    char hex[65] = {0};
    sha256("hello \"you\"\n", 12, &hash);
    hex_encode(hash.bytes, sizeof hash.bytes, hex);
    assert_text(fact, "content_hash", hex);
    struct fact_in in = {
        .origin = STR("web"),
        .content = text_of("x"),
        .from = {&from, 1},
        .topic = STR("moon"),
        .position = STR("full"),
        .has_valid_from = true,
        .has_valid_to = true,
        .has_confidence = true,
        .valid_from_ms = 0,
        .valid_to_ms = 5,
        .confidence = 0.25,
        .under = {true, str_of(intent.text), 1},
    };
    struct result r;
    DO(w, r, board_fact(w->board, &ann, &in, &r));
    fact = rendered(w, r.record, 0, &arena);
    assert_keys(fact, "id kind seq at_ms creator contract origin content content_hash "
                      "content_bytes from topic position valid_from_ms valid_to_ms confidence "
                      "under verification");
    assert_true(json_number(json_get(fact, "confidence"), 0) == 0.25);
    assert_text(json_get(fact, "under"), "intent", intent.text);
    assert_int_equal(json_get_int(json_get(fact, "under"), "epoch", 0), 1);
    arena_deinit(&arena);
    world_free(w);
}

/* Bytes that are no text come as base64, small or stored, and are the same bytes. */
static void test_contents(void **state)
{
    (void)state;
    static const struct {
        const char *mime;
        const char *data;
        size_t len;
        bool base64;
    } cases[] = {
        {"text/plain", "", 0, false},
        {"text/plain", "a\0b", 3, false},
        {"text/plain", "\xff\xfe", 2, true},
        {"application/json", "{\"a\": 1}", 8, false},
        {"image/png", "\x89PNG", 4, true},
        {"application/octet-stream", "plain", 5, false},
    };
    struct world *w = world_opened();
    struct actor ann = agent_named("ann");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t times = 1; times <= 6000; times += 5999) {
            struct arena arena = {0};
            struct buf data = {0}, back = {0};
            for (size_t n = 0; n < times; n++) {
                buf_add(&data, cases[i].data, cases[i].len);
            }
            struct fact_in in = {.origin = STR("web"),
                                 .content = {str_of(cases[i].mime), buf_str(&data)}};
            struct result r;
            DO(w, r, board_fact(w->board, &ann, &in, &r));
            const struct json *content = json_get(rendered(w, r.record, 0, &arena), "content");
            struct str text = json_get_str(content, "data", STR_NONE);
            assert_int_equal(json_get(content, "encoding") != NULL, cases[i].base64);
            if (cases[i].base64) {
                assert_true(base64_decode(&back, text));
                text = buf_str(&back);
            }
            assert_true(str_eq(text, buf_str(&data)));
            buf_deinit(&data);
            buf_deinit(&back);
            arena_deinit(&arena);
        }
    }
    world_free(w);
}

static void test_intent(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct arena arena = {0};
    struct actor bob = agent_named("bob");
    struct id first = add_intent(w, "ann", "first", 0);
    uint32_t ordinal = board_find(w->board, str_of(first.text));
    assert_keys(rendered(w, ordinal, 0, &arena),
                "id kind seq at_ms creator contract description from_facts goal priority "
                "depends_on status epoch attempts");
    struct str parent = str_of(first.text);
    struct intent_in in = {.description = STR("second"),
                           .parent = parent,
                           .capability = STR("see"),
                           .dedupe_key = STR("k"),
                           .topic = STR("moon"),
                           .priority = 9,
                           .has_deadline = true,
                           .deadline_ms = w->wall_ms + 600000,
                           .max_run_ms = 300000,
                           .depends_on = {&parent, 1}};
    uint32_t second = add_intent_in(w, "ann", &in).record;
    struct json *record = rendered(w, second, 0, &arena);
    assert_keys(record, "id kind seq at_ms creator contract description from_facts parent goal "
                        "capability priority dedupe_key topic deadline_ms max_run_ms depends_on "
                        "status epoch attempts waits_for");
    assert_text(record, "goal", first.text);
    assert_int_equal(json_get_int(record, "waits_for", 0), 1);
    struct result r = claim(w, "bob", &first, 5000);
    record = rendered(w, ordinal, 0, &arena);
    assert_keys(record, "id kind seq at_ms creator contract description from_facts goal priority "
                        "depends_on status epoch attempts holder expires_at_ms expires_in_ms");
    assert_text(record, "holder", "bob");
    assert_int_equal(json_get_int(record, "expires_in_ms", 0), 5000);
    DO(w, r, board_checkpoint(w->board, &bob, parent, 1, STR("{\"page\":3}"), &r));
    r = conclude(w, "bob", &first, 1, "done");
    record = rendered(w, ordinal, 0, &arena);
    assert_keys(record, "id kind seq at_ms creator contract description from_facts goal priority "
                        "depends_on status epoch attempts to_fact last_event changed_ms "
                        "checkpoint");
    assert_text(record, "to_fact", id_at(w, r.record).text);
    assert_keys(json_get(record, "checkpoint"), "data at_ms by epoch");
    assert_text(record, "last_event", "concluded");
    /* The second became claimable by that: its answer rests on the same record. */
    assert_int_equal(board_hold_seq(w->board, second), board_head(w->board));
    assert_null(json_get(rendered(w, second, 0, &arena), "waits_for"));
    arena_deinit(&arena);
    world_free(w);
}

static void test_every_event(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct arena arena = {0};
    struct actor bob = agent_named("bob"), admin = {STR("admin"), ROLE_ADMIN};
    struct id id = add_intent(w, "ann", "work", 0);
    struct str intent = str_of(id.text), can = STR("see");
    struct agent_in agent = {
        .name = STR("bob"), .role = ROLE_AGENT, .capabilities = &can, .capabilities_count = 1};
    struct idempotency stored = {.status = 201, .answer = STR("{\"secret\":1}")};
    struct result r;
    DO(w, r, board_agent_add(w->board, &admin, &agent, &r));
    (void)claim(w, "bob", &id, 1000);
    world_sleep(w, 600);
    (void)heartbeat(w, "bob", &id, 1);
    DO(w, r, board_checkpoint(w->board, &bob, intent, 1, STR("[ ]"), &r));
    (void)release(w, "bob", &id, 1);
    (void)claim(w, "bob", &id, 1000);
    world_step_after(w, 1000);
    (void)claim(w, "bob", &id, 1000);
    DO(w, r, board_fail(w->board, &bob, intent, 3, STR("rain"), true, &r));
    DO(w, r, board_pause(w->board, &admin, true, &r));
    DO(w, r, board_pause(w->board, &admin, false, &r));
    DO(w, r, board_idempotency_put(w->board, &bob, &stored); r.outcome = BOARD_OK);
    DO(w, r, board_agent_remove(w->board, &admin, STR("bob"), &r));
    (void)cancel(w, agent_named("ann"), &id);
    static const char *const want[] = {
        "agent_added: type agent role capabilities", "claimed: type intent epoch ttl_ms",
        "heartbeat: type intent epoch",              "checkpoint: type intent epoch data",
        "released: type intent epoch reason",        "claimed: type intent epoch ttl_ms",
        "expired: type intent epoch reason",         "claimed: type intent epoch ttl_ms",
        "failed: type intent epoch retry reason",    "paused: type",
        "resumed: type",                             "idempotency: type status",
        "agent_removed: type agent",                 "cancelled: type intent reason",
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct json *event = rendered(w, (uint32_t)i + 2, 0, &arena);
        struct str keys = str_of(want[i]), type;
        assert_true(str_cut(&keys, ':', &type));
        struct buf all = {0};
        buf_add_text(&all, "id kind seq at_ms creator contract");
        buf_add_str(&all, keys);
        assert_text(event, "type", arena_str(&arena, type).at);
        assert_keys(event, buf_cstr(&all));
        buf_deinit(&all);
    }
    assert_int_equal(board_head(w->board), 2 + sizeof want / sizeof want[0]);
    arena_deinit(&arena);
    world_free(w);
}

static void test_version_and_find(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id id = add_intent(w, "ann", "work", 0);
    uint32_t ordinal = board_find(w->board, str_of(id.text));
    uint64_t seen[5];
    seen[0] = board_version(w->board, ordinal);
    (void)claim(w, "bob", &id, 0);
    seen[1] = board_version(w->board, ordinal);
    (void)heartbeat(w, "bob", &id, 1);
    seen[2] = board_version(w->board, ordinal);
    (void)heartbeat(w, "bob", &id, 1);
    seen[3] = board_version(w->board, ordinal);
    (void)release(w, "bob", &id, 1);
    seen[4] = board_version(w->board, ordinal);
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < i; k++) {
            assert_true(seen[i] != seen[k]);
        }
    }
    static const char *const junk[] = {"", "i_", "x_00", "i-00"};
    for (size_t i = 0; i < sizeof junk / sizeof junk[0]; i++) {
        assert_int_equal(board_find(w->board, str_of(junk[i])), ORDINAL_NONE);
    }
    id.text[0] = 'f'; /* the right digits under another letter */
    assert_int_equal(board_find(w->board, str_of(id.text)), ORDINAL_NONE);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fact),        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_intent),      cmocka_unit_test(test_every_event),
        cmocka_unit_test(test_version_and_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
