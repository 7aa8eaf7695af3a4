/* scheduler_test.c - rules and their mistakes; ticks; nothing asked twice.
 */
#include "detect/detect_world_test.h"

#include "base/check.h"
#include "detect/scheduler.h"

/* -- rules ----------------------------------------------------------------------------------- */

static void test_default_rules(void **state)
{
    struct rules rules;
    struct rules_error error;
    (void)state;
    assert_true(rules_parse(rules_default(), &rules, &error));
    assert_int_equal(rules.count, 4);
    assert_true(str_is(rules.at[0].detector, "contradiction"));
    assert_int_equal(rules.at[0].priority, 7);
    assert_int_equal(rules.at[2].conditions_count, 1);
    assert_true(str_is(rules.at[2].conditions[0].value, "cross-origin"));
    rules_deinit(&rules);
}

static void assert_mistake(const char *text, uint32_t line, uint32_t column, const char *words)
{
    struct rules rules;
    struct rules_error error;
    assert_false(rules_parse(str_of(text), &rules, &error));
    if (error.line != line || error.column != column || strstr(error.text, words) == NULL) {
        print_error("%u:%u: %s\n", error.line, error.column, error.text);
    }
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
    assert_non_null(strstr(error.text, words));
    assert_int_equal(rules.count, 0);
}

static void test_mistakes(void **state)
{
    (void)state;
    assert_mistake("intent: x\n", 1, 1, "begins with `when:`");
    assert_mistake("# c\n\nwhen: detector\n", 3, 7, "name:value");
    assert_mistake("when: subtype:x\n", 1, 7, "must name a detector");
    assert_mistake("when: detector:gap\nintention: x\n", 2, 1, "not known here");
    assert_mistake("when: detector:gap\n  priority: 11\n", 2, 13, "from 1 to 10");
    assert_mistake("when: detector:gap\nintent: \"x\n", 2, 9, "closing");
    assert_mistake("when: detector:gap\nintent: \"x\" y\n", 2, 12, "may follow");
    assert_mistake("when: detector:gap\nintent: \"a\\n\"\n", 2, 11, "backslash");
    assert_mistake("when: detector:gap\nintent: a {b\n", 2, 9, "not closed");
    assert_mistake("when: detector:gap\nintent: a {B}\n", 2, 9, "a name such as");
    assert_mistake("when: detector:gap\nintent: a }\n", 2, 9, "no '{'");
    assert_mistake("when: detector:gap\nintent: a\nintent: b\n", 3, 1, "twice");
    assert_mistake("when: detector:gap\nintent:\n", 2, 8, "missing");
    assert_mistake("when: detector:gap\nintent: a\n", 1, 1, "dedupe_key");
    assert_mistake("\nwhen: detector:gap\ndedupe_key: a\n", 2, 1, "no `intent:`");
    assert_mistake("when: detector:gap\nhello\n", 2, 1, "key: value");
    assert_mistake("when: detector:gap\ncapability: {a}\n", 2, 13, "no {names}");
}

static void test_fill(void **state)
{
    static const char content[] = "{\"subtype\":\"x\",\"n\":3,\"list\":[1],\"topic\":\"a {b}\"}";
    static const char text[] = "when: detector:gap subtype:x n:3\n"
                               "intent: \"{topic} is \\\"{n}\\\" of {id}\"\ndedupe_key: k\n";
    struct rules rules;
    struct rules_error error;
    struct arena arena = {0};
    struct json *finding;
    struct json_error json_error;
    struct buf out = {0};
    (void)state;
    assert_true(rules_parse(str_of(text), &rules, &error));
    assert_true(json_parse(&arena, str_of(content), NULL, &finding, &json_error));
    assert_true(rule_fits(&rules.at[0], STR("gap"), finding));
    assert_false(rule_fits(&rules.at[0], STR("novelty"), finding));
    assert_true(rule_fill(rules.at[0].intent, finding, STR("f_1"), &out));
    assert_string_equal(buf_cstr(&out), "a {b} is \"3\" of f_1");
    assert_false(rule_fill(STR("{list}"), finding, STR_NONE, &out));
    assert_false(rule_fill(STR("{nothing}"), finding, STR_NONE, &out));
    buf_deinit(&out);
    arena_deinit(&arena);
    rules_deinit(&rules);
}

/* -- the loop ---------------------------------------------------------------------------------- */

struct looped {
    struct watched x; /* its `d` belongs to the scheduler */
    struct scheduler *s;
    struct scheduler_options options;
};

static void looped_open(struct looped *l)
{
    struct rules_error error;
    assert_true(scheduler_open(&l->s, l->x.w->board, &l->options, &error));
    l->x.d = scheduler_detect(l->s);
}

static struct looped looped_new(struct scheduler_options options)
{
    struct looped l = {.x = {.w = world_opened()}, .options = options};
    looped_open(&l);
    return l;
}

static void looped_free(struct looped *l)
{
    scheduler_close(l->s);
    world_free(l->x.w);
}

static uint64_t step(struct looped *l)
{
    return scheduler_step(l->s, l->x.w->disk.clock_ns, l->x.w->wall_ms);
}

/* As a host does: steps whenever the scheduler wants, until it has nothing to do. */
static void run_until_quiet(struct looped *l)
{
    uint64_t next;
    int turns = 0;
    while ((next = step(l)) != SCHEDULER_NEVER_NS &&
           next < l->x.w->disk.clock_ns + 600000 * NS_PER_MS) {
        uint64_t now_ns = l->x.w->disk.clock_ns;
        world_sleep(l->x.w, next > now_ns ? (next - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0);
        assert_true(++turns < 10000);
    }
}

static uint32_t intents(const struct looped *l)
{
    struct board_counts counts;
    board_counts(l->x.w->board, &counts);
    return (uint32_t)counts.intents;
}

static void test_asks(void **state)
{
    struct looped l = looped_new((struct scheduler_options){0});
    struct scheduler_counts counts;
    (void)state;
    say(&l.x, (struct said){.origin = "a", .topic = "tls", .position = "on"});
    say(&l.x, (struct said){.origin = "b", .topic = "tls", .position = "off"});
    run_until_quiet(&l);
    scheduler_counts(l.s, &counts);
    assert_int_equal(counts.asked, 1);
    assert_int_equal(intents(&l), 1);
    struct arena arena = {0};
    bool found = false;
    for (uint32_t ordinal = 0; ordinal < board_head(l.x.w->board); ordinal++) {
        if (board_kind(l.x.w->board, ordinal) == RECORD_INTENT) {
            struct json *intent = rendered(l.x.w, ordinal, 0, &arena);
            struct str words = json_get_str(intent, "description", STR_NONE);
            assert_true(str_find_str(words, STR("'off' (b) or 'on' (a)")) < words.len);
            assert_true(str_is(json_get_str(intent, "capability", STR_NONE), "review"));
            assert_int_equal(json_get(intent, "from_facts")->count, 3);
            found = true;
        }
    }
    assert_true(found);
    arena_deinit(&arena);
    looped_free(&l);
}

/* Concluded or not, it is not asked again: not later, not after a restart. */
static void test_nothing_asked_twice(void **state)
{
    struct looped l = looped_new((struct scheduler_options){0});
    (void)state;
    say(&l.x, (struct said){.origin = "a", .topic = "tls", .position = "on"});
    say(&l.x, (struct said){.origin = "b", .topic = "tls", .position = "off"});
    run_until_quiet(&l);
    struct actor bob = agent_named("bob");
    struct str review = STR("review");
    struct claim_template wants = {.capabilities = &review, .capabilities_count = 1};
    struct result r;
    DO(l.x.w, r, board_claim_next(l.x.w->board, &bob, &wants, &r));
    assert_int_equal(r.outcome, BOARD_OK);
    struct id intent = id_at(l.x.w, r.record);
    assert_int_equal(conclude(l.x.w, "bob", &intent, r.epoch, "it is on").outcome, BOARD_OK);
    run_until_quiet(&l);
    uint32_t then = intents(&l);
    for (int i = 0; i < 3; i++) {
        scheduler_close(l.s);
        world_reopen(l.x.w);
        looped_open(&l);
        run_until_quiet(&l);
        assert_int_equal(intents(&l), then);
    }
    looped_free(&l);
}

/* One intent for an origin's orphans, however many findings tell of them. */
static void test_dedupe_key(void **state)
{
    struct looped l = looped_new((struct scheduler_options){0});
    struct scheduler_counts counts;
    (void)state;
    for (int i = 0; i < 200; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "orphan %d", i);
        say(&l.x, (struct said){.origin = "a", .content = text});
    }
    run_until_quiet(&l);
    scheduler_counts(l.s, &counts);
    assert_int_equal(counts.asked, 1);
    assert_true(counts.known > 1);
    looped_free(&l);
}

static void test_ticks(void **state)
{
    struct looped l = looped_new((struct scheduler_options){.tick_ms = 50});
    struct scheduler_counts counts;
    (void)state;
    assert_true(step(&l) == SCHEDULER_NEVER_NS); /* the first look */
    for (int i = 0; i < 100; i++) {
        assert_true(step(&l) == SCHEDULER_NEVER_NS);
    }
    scheduler_counts(l.s, &counts);
    assert_int_equal(counts.ticks, 1);
    say(&l.x, (struct said){.origin = "a", .content = "one"});
    uint64_t next = step(&l); /* too early after the last one */
    assert_true(next == l.x.w->disk.clock_ns + 50 * NS_PER_MS);
    world_sleep(l.x.w, 50);
    next = step(&l);
    scheduler_counts(l.s, &counts);
    assert_int_equal(counts.ticks, 2);
    assert_true(next > l.x.w->disk.clock_ns); /* when the window of the change closes */
    run_until_quiet(&l);
    scheduler_counts(l.s, &counts);
    assert_true(counts.ticks < 10);
    looped_free(&l);
}

/* Rules of the user's own; and the old ones hold when the new ones are wrong. */
static void test_other_rules(void **state)
{
    static const char text[] = "when: detector:state_change\nintent: look at {type}\n"
                               "dedupe_key: once\n";
    struct looped l = looped_new((struct scheduler_options){.rules = str_of(text)});
    struct rules_error error;
    (void)state;
    assert_false(scheduler_set_rules(l.s, STR("when: x"), &error));
    say(&l.x, (struct said){.origin = "a", .content = "one"});
    run_until_quiet(&l);
    say(&l.x, (struct said){.origin = "a", .content = "two"});
    run_until_quiet(&l);
    assert_int_equal(intents(&l), 1);
    assert_true(scheduler_set_rules(l.s, STR("# none\n"), &error));
    say(&l.x, (struct said){.origin = "b", .topic = "tls", .position = "on"});
    say(&l.x, (struct said){.origin = "c", .topic = "tls", .position = "off"});
    run_until_quiet(&l);
    assert_int_equal(intents(&l), 1);
    struct scheduler *none = NULL;
    struct scheduler_options wrong = {.rules = STR("when: x")};
    assert_false(scheduler_open(&none, l.x.w->board, &wrong, &error));
    assert_null(none);
    looped_free(&l);
}

/* The board takes no more intents for a while: what is to be asked waits. */
static void test_limit(void **state)
{
    struct looped l = {.x = {.w = world_new()}};
    struct scheduler_counts counts;
    (void)state;
    l.x.w->options.limits.open_intents_max = 3;
    world_open(l.x.w);
    looped_open(&l);
    for (int i = 0; i < 10; i++) {
        char topic[16];
        (void)snprintf(topic, sizeof topic, "t%d", i);
        say(&l.x, (struct said){.origin = "a", .topic = topic, .position = "on"});
        say(&l.x, (struct said){.origin = "b", .topic = topic, .position = "off"});
    }
    for (int i = 0; i < 100; i++) {
        (void)step(&l);
        world_sleep(l.x.w, 100);
    }
    scheduler_counts(l.s, &counts);
    assert_int_equal(counts.asked, 3);
    assert_true(counts.waiting > 0);
    scheduler_close(l.s);
    l.x.w->options.limits.open_intents_max = 100;
    world_reopen(l.x.w);
    looped_open(&l);
    run_until_quiet(&l);
    assert_true(intents(&l) >= 10);
    scheduler_counts(l.s, &counts);
    assert_int_equal(counts.waiting, 0);
    looped_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_rules),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_asks),
        cmocka_unit_test(test_nothing_asked_twice),
        cmocka_unit_test(test_dedupe_key),
        cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_other_rules),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
