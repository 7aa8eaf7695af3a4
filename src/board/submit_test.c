/* submit_test.c - new Facts, Intents and Hints: what is accepted, what is refused and
 * why, and when the same again is the same record.
 */
#include <stddef.h>

#include "board/board_world_test.h"

static struct result put_fact(struct world *w, const struct fact_in *in)
{
    struct actor ann = agent_named("ann");
    struct result r;
    DO(w, r, board_fact(w->board, &ann, in, &r));
    return r;
}

static struct fact_in plain_fact(void)
{
    return (struct fact_in){.origin = STR("web"), .content = text_of("hello")};
}

static void test_same_fact_again(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct result first = add_fact(w, "ann", "web", "hello");
    assert_int_equal(first.outcome, BOARD_CREATED);
    assert_int_equal(first.hold_seq, 1);
    world_sleep(w, 5000);
    struct result again = add_fact(w, "ann", "web", "hello");
    assert_int_equal(again.outcome, BOARD_OK);
    assert_int_equal(again.record, first.record);
    assert_int_equal(again.hold_seq, 1);
    assert_int_equal(board_head(w->board), 1);
    struct fact_in sure = plain_fact(); /* confidence is no part of the identity */
    sure.has_confidence = true;
    sure.confidence = 1.0;
    assert_int_equal(put_fact(w, &sure).record, first.record);
    assert_int_equal(add_fact(w, "bob", "web", "hello").outcome, BOARD_CREATED);
    world_reopen(w);
    assert_int_equal(add_fact(w, "ann", "web", "hello").record, first.record);
    /* Twice in one transaction, too. */
    struct actor cat = agent_named("cat");
    struct fact_in in = plain_fact();
    struct result one, two;
    board_begin(w->board);
    board_fact(w->board, &cat, &in, &one);
    board_fact(w->board, &cat, &in, &two);
    assert_int_equal(one.outcome, BOARD_CREATED);
    assert_int_equal(two.outcome, BOARD_OK);
    assert_int_equal(one.record, two.record);
    assert_int_equal(two.hold_seq, board_commit(w->board));
    world_free(w);
}

static void test_fact_fields(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct fact_in in = plain_fact();
    in.origin = STR("");
    assert_int_equal(put_fact(w, &in).outcome, BOARD_INVALID);
    in.origin = STR("\xc3\x28");
    assert_int_equal(put_fact(w, &in).outcome, BOARD_INVALID);
    in = plain_fact();
    in.topic = STR("\xff");
    assert_int_equal(put_fact(w, &in).outcome, BOARD_INVALID);
    static const char *const mimes[] = {"", "text", "/plain", "text/", "text/pl\nain",
                                        "text/\xc3\xa4"};
    for (size_t i = 0; i < sizeof mimes / sizeof mimes[0]; i++) {
        in = plain_fact();
        in.content.mime_type = str_of(mimes[i]);
        assert_int_equal(put_fact(w, &in).outcome, BOARD_INVALID);
    }
    static const double wrong[] = {-0.01, 1.01};
    for (size_t i = 0; i < 2; i++) {
        in = plain_fact();
        in.has_confidence = true;
        in.confidence = wrong[i];
        assert_int_equal(put_fact(w, &in).outcome, BOARD_INVALID);
    }
    in = plain_fact();
    in.has_confidence = true;
    in.confidence = 0.0 / (in.confidence + 0.0);
    assert_int_equal(put_fact(w, &in).outcome, BOARD_INVALID); /* not a number */
    in = plain_fact();
    in.has_valid_from = in.has_valid_to = true;
    in.valid_from_ms = in.valid_to_ms = 10;
    assert_int_equal(put_fact(w, &in).outcome, BOARD_INVALID);
    in.valid_to_ms = 11;
    assert_int_equal(put_fact(w, &in).outcome, BOARD_CREATED);
    in.valid_from_ms = -1;
    assert_int_equal(put_fact(w, &in).outcome, BOARD_INVALID);
    assert_int_equal(board_head(w->board), 1);
    world_free(w);
}

static void test_fact_from(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id a = id_at(w, add_fact(w, "ann", "web", "a").record);
    struct id b = id_at(w, add_fact(w, "ann", "web", "b").record);
    struct id intent = add_intent(w, "ann", "look", 0);
    struct id missing = a;
    missing.text[40] = missing.text[40] == '0' ? '1' : '0';
    struct id capital = a;
    for (size_t i = 2; i < ID_TEXT_LEN; i++) {
        capital.text[i] = (char)(a.text[i] >= 'a' ? a.text[i] - 32 : a.text[i]);
    }
    struct id disguised = intent;
    disguised.text[0] = 'f';
    struct {
        struct str ids[2];
        enum outcome outcome;
    } cases[] = {
        {{str_of(a.text), str_of(missing.text)}, BOARD_INVALID_REFERENCE},
        {{str_of(a.text), str_of(a.text)}, BOARD_INVALID},
        {{str_of(a.text), str_of(intent.text)}, BOARD_INVALID},
        {{str_of(a.text), str_of(disguised.text)}, BOARD_INVALID_REFERENCE},
        {{str_of(a.text), str_of(capital.text)}, BOARD_INVALID},
        {{str_of(a.text), STR("")}, BOARD_INVALID},
        {{str_of(a.text), str_of(b.text)}, BOARD_CREATED},
        {{str_of(a.text), str_of(b.text)}, BOARD_OK},
        {{str_of(b.text), str_of(a.text)}, BOARD_CREATED}, /* the order is part of it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fact_in in = plain_fact();
        in.from = (struct id_list){cases[i].ids, 2};
        assert_int_equal(put_fact(w, &in).outcome, cases[i].outcome);
    }
    world_free(w);
}

static void test_stored_contents(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.content_bytes_max = 20000;
    world_open(w);
    static const size_t sizes[] = {0, 1, 4096, 4097, 20000};
    uint32_t records[5];
    char *large = mem_alloc(20001);
    for (size_t i = 0; i < 20001; i++) {
        large[i] = (char)(i * 7 + i / 256);
    }
    for (size_t i = 0; i < 5; i++) {
        struct fact_in in = plain_fact();
        in.content = (struct content){STR("application/octet-stream"), str_n(large, sizes[i])};
        struct result r = put_fact(w, &in);
        assert_int_equal(r.outcome, BOARD_CREATED);
        records[i] = r.record;
        assert_int_equal(put_fact(w, &in).record, r.record);
    }
    struct fact_in in = plain_fact();
    in.content.data = str_n(large, 20001);
    assert_int_equal(put_fact(w, &in).outcome, BOARD_TOO_LARGE);
    for (int life = 0; life < 3; life++) {
        for (size_t i = 0; i < 5; i++) {
            struct buf scratch = {0};
            struct content content;
            assert_true(board_content(w->board, records[i], &scratch, &content));
            assert_true(str_eq(content.data, str_n(large, sizes[i])));
            buf_deinit(&scratch);
        }
        world_reopen(w);
    }
    mem_free(large);
    world_free(w);
}

/* What was written is readable before it is committed, also when it lies apart. */
static void test_read_inside_transaction(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct actor ann = agent_named("ann");
    char large[5000];
    memset(large, 'z', sizeof large);
    struct fact_in in = plain_fact();
    in.content.data = str_n(large, sizeof large);
    struct result r;
    struct arena arena = {0};
    board_begin(w->board);
    board_fact(w->board, &ann, &in, &r);
    struct json *record = rendered(w, r.record, 0, &arena);
    assert_true(str_eq(json_get_str(json_get(record, "content"), "data", STR_NONE),
                       str_n(large, sizeof large)));
    board_rollback(w->board);
    assert_int_equal(board_head(w->board), 0);
    arena_deinit(&arena);
    world_free(w);
}

static void test_grounding(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id one = add_intent(w, "ann", "look", 0);
    assert_int_equal(board_head(w->board), 2);
    struct id two = add_intent(w, "ann", "look", 0); /* the same words, the same ground */
    assert_int_equal(board_head(w->board), 3);
    assert_string_not_equal(one.text, two.text);
    struct arena arena = {0};
    struct json *record = rendered(w, board_find(w->board, str_of(one.text)), 0, &arena);
    struct str ground = json_get(record, "from_facts")->first->string;
    struct json *fact = rendered(w, board_find(w->board, ground), 0, &arena);
    assert_true(str_is(json_get_str(fact, "origin", STR_NONE), "request:ann"));
    assert_true(str_is(json_get_str(json_get(fact, "content"), "data", STR_NONE), "look"));
    struct str own = str_of("");
    struct id given = id_at(w, add_fact(w, "bob", "web", "x").record);
    own = str_of(given.text);
    struct intent_in in = {.description = STR("go on"), .from_facts = {&own, 1}};
    uint64_t head = board_head(w->board);
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_CREATED);
    assert_int_equal(board_head(w->board), head + 1);
    arena_deinit(&arena);
    world_free(w);
}

static void test_dedupe_key(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct intent_in in = {.description = STR("one"), .dedupe_key = STR("k")};
    struct result first = add_intent_in(w, "ann", &in);
    assert_int_equal(first.outcome, BOARD_CREATED);
    in.description = STR("two");
    assert_int_equal(add_intent_in(w, "bob", &in).outcome, BOARD_OK);
    assert_int_equal(add_intent_in(w, "bob", &in).record, first.record);
    struct id id = id_at(w, first.record);
    (void)claim(w, "cat", &id, 0);
    assert_int_equal(add_intent_in(w, "bob", &in).record, first.record);
    world_reopen(w);
    assert_int_equal(add_intent_in(w, "bob", &in).record, first.record);
    assert_int_equal(conclude(w, "cat", &id, 1, "done").outcome, BOARD_OK);
    struct result next = add_intent_in(w, "bob", &in);
    assert_int_equal(next.outcome, BOARD_CREATED);
    assert_int_equal(add_intent_in(w, "bob", &in).record, next.record);
    world_free(w);
}

static void test_intent_fields(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id fact = id_at(w, add_fact(w, "ann", "web", "x").record);
    struct str fact_id = str_of(fact.text);
    struct {
        struct intent_in in;
        enum outcome outcome;
    } cases[] = {
        {{.description = STR("")}, BOARD_INVALID},
        {{.description = STR("\xe2\x82")}, BOARD_INVALID},
        {{.description = STR("x"), .priority = 11}, BOARD_INVALID},
        {{.description = STR("x"), .priority = -1}, BOARD_INVALID},
        {{.description = STR("x"), .priority = 10}, BOARD_CREATED},
        {{.description = STR("x"), .priority = 1}, BOARD_CREATED},
        {{.description = STR("x"), .max_run_ms = 366ull * 86400000}, BOARD_CREATED},
        {{.description = STR("x"), .max_run_ms = 366ull * 86400000 + 1}, BOARD_INVALID},
        {{.description = STR("x"), .has_deadline = true, .deadline_ms = w->wall_ms},
         BOARD_INVALID},
        {{.description = STR("x"), .has_deadline = true, .deadline_ms = w->wall_ms + 1},
         BOARD_CREATED},
        {{.description = STR("x"), .parent = fact_id}, BOARD_INVALID},
        {{.description = STR("x"), .depends_on = {&fact_id, 1}}, BOARD_INVALID},
        {{.description = STR("x"), .parent = STR("i_1")}, BOARD_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(add_intent_in(w, "ann", &cases[i].in).outcome, cases[i].outcome);
    }
    struct arena arena = {0};
    struct id plain = add_intent(w, "ann", "plain", 0);
    struct json *record = rendered(w, board_find(w->board, str_of(plain.text)), 0, &arena);
    assert_int_equal(json_get_int(record, "priority", 0), 5);
    arena_deinit(&arena);
    world_free(w);
}

static void test_depends_on(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id a = add_intent(w, "ann", "a", 0), b = add_intent(w, "ann", "b", 0);
    struct str both[2] = {str_of(a.text), str_of(b.text)};
    struct intent_in in = {.description = STR("c"), .priority = 10, .depends_on = {both, 2}};
    struct id c = id_at(w, add_intent_in(w, "ann", &in).record);
    assert_int_equal(claim(w, "bob", &c, 0).outcome, BOARD_CONFLICT);
    for (int i = 0; i < 2; i++) {
        struct result r = claim_next(w, "bob");
        struct id next = id_at(w, r.record);
        assert_string_equal(next.text, i == 0 ? a.text : b.text);
        assert_int_equal(conclude(w, "bob", &next, r.epoch, "done").outcome, BOARD_OK);
        world_reopen(w);
    }
    struct result r = claim_next(w, "bob");
    assert_string_equal(id_at(w, r.record).text, c.text);
    assert_int_equal(release(w, "bob", &c, r.epoch).outcome, BOARD_OK);
    /* Concluded before: nothing to wait for. */
    in.depends_on.count = 1;
    struct id d = id_at(w, add_intent_in(w, "ann", &in).record);
    assert_int_equal(claim(w, "bob", &d, 0).outcome, BOARD_OK);
    world_free(w);
}

static void test_goal_of_a_long_chain(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id root = add_intent(w, "ann", "root", 0), last = root;
    for (int i = 0; i < 3000; i++) {
        struct intent_in in = {.description = STR("deeper"), .parent = str_of(last.text)};
        last = id_at(w, add_intent_in(w, "ann", &in).record);
    }
    world_reopen(w);
    struct arena arena = {0};
    struct json *record = rendered(w, board_find(w->board, str_of(last.text)), 0, &arena);
    assert_true(str_is(json_get_str(record, "goal", STR_NONE), root.text));
    uint32_t *out = mem_alloc(4000 * sizeof *out);
    uint32_t ordinal = board_find(w->board, str_of(last.text));
    /* 3,000 intents above, and the grounding Facts of "deeper" and "root". */
    assert_int_equal(board_provenance(w->board, ordinal, false, 5000, out, 4000), 3002);
    mem_free(out);
    arena_deinit(&arena);
    world_free(w);
}

static void test_hints(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct actor ann = agent_named("ann");
    struct result r;
    struct arena arena = {0};
    DO(w, r, board_hint(w->board, &ann, STR(""), STR(""), 0, &r));
    assert_int_equal(r.outcome, BOARD_INVALID);
    DO(w, r, board_hint(w->board, &ann, STR("x"), STR(""), 366ull * 86400000 + 1, &r));
    assert_int_equal(r.outcome, BOARD_INVALID);
    DO(w, r, board_hint(w->board, &ann, STR("slow down"), STR("crawler"), 1000, &r));
    assert_int_equal(r.outcome, BOARD_CREATED);
    assert_false(json_get_bool(rendered(w, r.record, 0, &arena), "expired", true));
    world_sleep(w, 1000);
    assert_true(json_get_bool(rendered(w, r.record, 0, &arena), "expired", false));
    (void)add_fact(w, "ann", "web", "later"); /* seen from then, it had not expired */
    assert_false(json_get_bool(rendered(w, r.record, 1, &arena), "expired", true));
    arena_deinit(&arena);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_fact_again),
        cmocka_unit_test(test_fact_fields),
        cmocka_unit_test(test_fact_from),
        cmocka_unit_test(test_stored_contents),
        cmocka_unit_test(test_read_inside_transaction),
        cmocka_unit_test(test_grounding),
        cmocka_unit_test(test_dedupe_key),
        cmocka_unit_test(test_intent_fields),
        cmocka_unit_test(test_depends_on),
        cmocka_unit_test(test_goal_of_a_long_chain),
        cmocka_unit_test(test_hints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
