/* detect_test.c - each detector on a small board, and what holds for all of them: nothing
 * twice, bytes that grow linearly, looking often or once finds the same.
 */
#include "detect/detect_world_test.h"

#include "base/rng.h"

#define LATER 20000u /* ms; everything has settled */

static void test_idle(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    struct detect_report report;
    (void)state;
    detect_step(x.d, x.w->wall_ms, &report);
    assert_int_equal(report.records, 0);
    assert_false(report.more);
    assert_true(report.wake_ms == INT64_MAX);
    assert_true(detect_idle(x.d, x.w->wall_ms));
    say(&x, (struct said){.origin = "a"});
    assert_false(detect_idle(x.d, x.w->wall_ms));
    detect_step(x.d, x.w->wall_ms, &report);
    assert_int_equal(report.records, 1);
    assert_true(report.wake_ms > x.w->wall_ms && report.wake_ms <= x.w->wall_ms + 5001);
    assert_true(detect_idle(x.d, x.w->wall_ms));
    watched_free(&x);
}

static void test_orphans(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    (void)state;
    struct id first = say(&x, (struct said){.origin = "a", .content = "one"});
    look_after(&x, LATER);
    assert_findings(&x, "gap", NULL, 0); /* one alone is no gap */
    say(&x, (struct said){.origin = "a", .content = "two"});
    look(&x);
    assert_findings(&x, "gap", NULL, 0); /* somebody may still want it */
    look_after(&x, LATER);
    assert_findings(&x, "gap", "origin-orphan", 1);
    assert_findings(&x, "gap", first.text, 1);
    assert_findings(&x, "gap", "orphan_count\\\":2", 1);
    say(&x, (struct said){.origin = "a", .content = "three"});
    look_after(&x, LATER);
    assert_findings(&x, "gap", "orphan_count\\\":1", 1);
    assert_findings(&x, "gap", first.text, 1); /* not told again */
    watched_free(&x);
}

static void test_cited_is_no_orphan(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    (void)state;
    struct id one = say(&x, (struct said){.origin = "a", .content = "one"});
    struct id two = say(&x, (struct said){.origin = "a", .content = "two"});
    struct str from = str_of(two.text);
    struct intent_in in = {.description = STR("go on"), .from_facts = {&from, 1}};
    look(&x);
    assert_int_equal(add_intent_in(x.w, "ann", &in).outcome, BOARD_CREATED);
    say(&x, (struct said){.origin = "b", .content = "three", .from = &one});
    look_after(&x, LATER);
    assert_findings(&x, "gap", NULL, 0);
    watched_free(&x);
}

static void test_cross_origin(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    (void)state;
    say(&x, (struct said){.origin = "a", .topic = "leases", .content = "one"});
    look_after(&x, LATER);
    say(&x, (struct said){.origin = "b", .topic = "Leases", .content = "two"});
    look_after(&x, LATER);
    assert_findings(&x, "gap", "cross-origin", 1);
    say(&x, (struct said){.origin = "b", .topic = "leases", .content = "three"});
    look_after(&x, LATER);
    assert_findings(&x, "gap", "cross-origin", 1);
    for (int i = 0; i < 100; i++) {
        char origin[16];
        (void)snprintf(origin, sizeof origin, "o%d", i);
        say(&x, (struct said){.origin = origin, .topic = "leases", .content = origin});
    }
    look_after(&x, LATER);
    uint32_t pairs = findings(x.w, "gap", "cross-origin", NULL);
    assert_true(pairs >= 100 && pairs <= 8 * 102); /* not 102 * 101 / 2 */
    watched_free(&x);
}

static void test_dangling(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    char nowhere[ID_TEXT_LEN + 1] = "f_", text[300];
    (void)state;
    memset(nowhere + 2, 'a', 64);
    nowhere[ID_TEXT_LEN] = '\0';
    struct id real = say(&x, (struct said){.origin = "a", .content = "one"});
    (void)snprintf(text, sizeof text, "see %s and %s, not x%s nor %sa", real.text, nowhere,
                   nowhere, nowhere);
    say(&x, (struct said){.origin = "b", .content = text});
    look_after(&x, LATER);
    assert_findings(&x, "gap", "dangling-reference", 1);
    assert_findings(&x, "gap", nowhere, 1);
    watched_free(&x);
}

static void test_contradiction(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    (void)state;
    say(&x, (struct said){.origin = "a", .topic = "lease / length", .position = "60 s"});
    say(&x, (struct said){.origin = "b", .topic = "lease / length", .position = "1 minute"});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 0);
    say(&x, (struct said){.origin = "c", .topic = "Lease / Length", .position = "90 s"});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 1);
    say(&x, (struct said){.origin = "d", .topic = "lease / length", .position = "1.5 min"});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 1); /* a pair of values, told once */
    say(&x, (struct said){.origin = "a", .topic = "lease / tags", .position = "red"});
    say(&x, (struct said){.origin = "b", .topic = "lease / tags", .position = "blue"});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 1);
    assert_findings(&x, "contradiction", "\\\"reason\\\":\\\"number\\\"", 1);
    watched_free(&x);
}

static void test_contradiction_in_json(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    (void)state;
    say(&x, (struct said){.origin = "a", .content = "{\"topic\":\"x\",\"position\":true}"});
    say(&x, (struct said){.origin = "b", .content = "{\"topic\":\"x\",\"position\":\"disabled\"}"});
    say(&x, (struct said){.origin = "a", .content = "{\"topic\":\"y\",\"position\":1}"});
    say(&x, (struct said){.origin = "b",
                          .content = "{\"topic\":\"y\",\"position\":2,\"additive\":true}"});
    say(&x, (struct said){.origin = "c", .content = "{\"topic\":\"z\",\"position\":[1]}"});
    say(&x, (struct said){.origin = "d", .content = "{\"topic\":\"z\",\"position\""});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 1);
    assert_findings(&x, "contradiction", "antonym", 1);
    watched_free(&x);
}

static void test_validity(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    (void)state;
    say(&x, (struct said){.origin = "a", .topic = "ceo", .position = "Ann Lee",
                          .valid_from_ms = 1000, .valid_to_ms = 2000});
    say(&x, (struct said){.origin = "b", .topic = "ceo", .position = "Bob Ray",
                          .valid_from_ms = 2000, .valid_to_ms = 3000});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 0);
    say(&x, (struct said){.origin = "c", .topic = "ceo", .position = "Cid Poe",
                          .valid_from_ms = 2500, .valid_to_ms = 3500});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 1);
    watched_free(&x);
}

/* A source's own several values are its list, until another one takes one of them up. */
static void test_one_source(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    (void)state;
    say(&x, (struct said){.origin = "a", .topic = "port", .position = "1"});
    say(&x, (struct said){.origin = "a", .topic = "port", .position = "2"});
    say(&x, (struct said){.origin = "a", .topic = "port", .position = "3"});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 0);
    say(&x, (struct said){.origin = "b", .topic = "port", .position = "2"});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 2); /* 2 with 1, 2 with 3 */
    say(&x, (struct said){.origin = "c", .topic = "port", .position = "2"});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 2);
    say(&x, (struct said){.origin = "c", .topic = "port", .position = "3"});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 3); /* 3 with 1: no longer one source */
    say(&x, (struct said){.origin = "a", .topic = "port", .position = "4"});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 5); /* 4 with 2 and 3, which others say too */
    watched_free(&x);
}

static void test_many_values(void **state)
{
    struct watched x = watched_new((struct detect_options){.values_max = 4});
    (void)state;
    for (int i = 0; i < 50; i++) {
        char value[16];
        (void)snprintf(value, sizeof value, "v%d", i);
        say(&x, (struct said){.origin = value, .topic = "measured", .position = value});
    }
    look(&x);
    assert_findings(&x, "contradiction", NULL, 4 * 3 / 2);
    watched_free(&x);
}

/* The contract outranks the table of predicates, from where it came into force. */
static void test_contract(void **state)
{
    static const char text[] = "contract {\n    name: \"mine\"\n    version: 1\n}\n\n"
                               "predicate colour {\n    additive: true\n}\n\n"
                               "predicate tags {\n    functional: true\n}\n";
    struct watched x = watched_new((struct detect_options){0});
    struct actor pat = {STR("pat"), ROLE_HUMAN};
    struct result r;
    (void)state;
    say(&x, (struct said){.origin = "a", .topic = "car / colour", .position = "red"});
    say(&x, (struct said){.origin = "b", .topic = "car / colour", .position = "blue"});
    say(&x, (struct said){.origin = "a", .topic = "car / tags", .position = "old"});
    say(&x, (struct said){.origin = "b", .topic = "car / tags", .position = "new"});
    look(&x);
    assert_findings(&x, "contradiction", NULL, 1);
    DO(x.w, r, board_contract_activate(x.w->board, &pat, STR(text), &r));
    assert_int_equal(r.outcome, BOARD_CREATED);
    say(&x, (struct said){.origin = "c", .topic = "car / colour", .position = "green"});
    say(&x, (struct said){.origin = "c", .topic = "car / tags", .position = "cheap"});
    look(&x);
    assert_findings(&x, "contradiction", "colour", 1);
    assert_findings(&x, "contradiction", "tags", 2);
    watched_reopen(&x);
    look(&x);
    assert_findings(&x, "contradiction", NULL, 3);
    watched_free(&x);
}

static void test_state_change(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    (void)state;
    struct id one = add_intent(x.w, "ann", "first", 5);
    look_after(&x, LATER);
    assert_findings(&x, "state_change", "open_intents:0->1", 1);
    look_after(&x, LATER);
    assert_findings(&x, "state_change", NULL, 1);
    struct actor ann = agent_named("ann");
    assert_int_equal(cancel(x.w, ann, &one).outcome, BOARD_OK);
    add_intent(x.w, "ann", "second", 5);
    look_after(&x, LATER);
    assert_findings(&x, "state_change", "open_intents:1->1", 1); /* by content, not count */
    watched_free(&x);
}

static void test_baseline(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    struct detect_baseline then;
    (void)state;
    say(&x, (struct said){.origin = "a", .content = "one"});
    look_after(&x, LATER);
    detect_baseline_get(x.d, &then);
    assert_int_equal(then.facts, 1);
    say(&x, (struct said){.origin = "a", .content = "two"});
    look_after(&x, LATER);
    say(&x, (struct said){.origin = "a", .content = "three"});
    look_after(&x, LATER);
    assert_findings(&x, "state_change", "facts:1->3", 0);
    detect_baseline_set(x.d, &then);
    look(&x);
    assert_findings(&x, "state_change", "facts:1->3", 1);
    watched_free(&x);
}

static void test_new_document(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    (void)state;
    say(&x, (struct said){.origin = "base.md", .topic = "tls", .position = "required"});
    say(&x, (struct said){.origin = "base.md", .topic = "port", .position = "8080"});
    look_after(&x, LATER);
    assert_findings(&x, "new_document", NULL, 0);
    say(&x, (struct said){.origin = "new.md", .topic = "tls", .position = "mandatory"});
    say(&x, (struct said){.origin = "new.md", .topic = "port", .position = "9090"});
    say(&x, (struct said){.origin = "new.md", .topic = "colour", .position = "blue"});
    say(&x, (struct said){.origin = "new.md", .topic = "shape", .position = "round"});
    look_after(&x, LATER);
    assert_findings(&x, "new_document", "+factor", 1);
    assert_findings(&x, "new_document", "-factor", 1);
    assert_findings(&x, "new_document", "colour\\\",\\\"shape", 1);
    watched_free(&x);
}

static void test_novelty(void **state)
{
    static const char text[] = "A lease ends when the holder has been silent for longer than "
                               "its time, and the intent may then be claimed by somebody else";
    struct watched x = watched_new((struct detect_options){.far_percent = 90});
    char same[256];
    (void)state;
    (void)snprintf(same, sizeof same, "%s.", text);
    say(&x, (struct said){.origin = "a", .topic = "leases", .content = text});
    say(&x, (struct said){.origin = "b", .topic = "leases", .content = same});
    look(&x);
    assert_findings(&x, "novelty", "near-duplicate", 1);
    say(&x, (struct said){.origin = "c", .topic = "other", .content = "  A lease ends when the "
                          "holder has been silent for longer than its time, and the intent may"});
    say(&x, (struct said){.origin = "c", .topic = "leases", .content =
                          "Completely unrelated words about gardening, tulips, compost, and the "
                          "weather in spring, which no other text on this board mentions at all"});
    look(&x);
    assert_findings(&x, "novelty", "near-duplicate", 1);
    assert_findings(&x, "novelty", "\\\"novel\\\"", 1);
    watched_free(&x);
}

static void test_unclaimed(void **state)
{
    struct watched x = watched_new((struct detect_options){.unclaimed_ms = 60000});
    (void)state;
    struct id taken = add_intent(x.w, "ann", "taken", 5);
    struct id left = add_intent(x.w, "ann", "left", 5);
    struct result r = claim(x.w, "bob", &taken, 3600000);
    assert_int_equal(r.outcome, BOARD_OK);
    look_after(&x, 50000);
    assert_findings(&x, "unclaimed", NULL, 0);
    look_after(&x, 20000);
    assert_findings(&x, "unclaimed", NULL, 1);
    assert_findings(&x, "unclaimed", left.text, 1);
    assert_int_equal(release(x.w, "bob", &taken, r.epoch).outcome, BOARD_OK);
    look_after(&x, 70000);
    assert_findings(&x, "unclaimed", NULL, 2);
    assert_status(x.w, &left, "submitted"); /* told of, not touched */
    watched_free(&x);
}

static void test_own_facts_feed_nothing(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    (void)state;
    for (int i = 0; i < 20; i++) {
        char topic[32], text[32];
        (void)snprintf(topic, sizeof topic, "t%d", i % 5);
        (void)snprintf(text, sizeof text, "value%d", i);
        say(&x, (struct said){.origin = i % 2 == 0 ? "a" : "b", .topic = topic,
                              .position = text});
    }
    look_after(&x, LATER);
    uint64_t head = board_head(x.w->board);
    for (int i = 0; i < 10; i++) {
        look_after(&x, LATER);
    }
    assert_int_equal(board_head(x.w->board), head);
    watched_free(&x);
}

/* -- what holds for all ---------------------------------------------------------------------- */

/* One random thing that an agent does. */
static void act(struct watched *x, struct rng *rng, struct id *last, bool intents)
{
    static const char *const topics[] = {"port", "tls", "colour", "doc / tags", "leases"};
    static const char *const positions[] = {"on", "off", "not on", "8080", "9090 ", "red",
                                            "blue", "10 s", "at most 20 s", "unknown"};
    char origin[16], content[160];
    uint64_t what = rng_below(rng, 10);
    (void)snprintf(origin, sizeof origin, "o%llu", (unsigned long long)rng_below(rng, 6));
    (void)snprintf(content, sizeof content, "text %llu",
                   (unsigned long long)rng_below(rng, 1000000000));
    if (what < 6) {
        struct said said = {.origin = origin, .content = content};
        if (what < 4) {
            said.topic = topics[rng_below(rng, 5)];
            said.position = positions[rng_below(rng, 10)];
        }
        if (what == 0 && last->text[0] == 'f') {
            said.from = last;
        }
        *last = say(x, said);
    } else if (what < 8 && intents) {
        struct id id = add_intent(x->w, "ann", content, 5);
        if (what == 7) {
            struct result r = claim(x->w, "bob", &id, 5000);
            assert_int_equal(r.outcome, BOARD_OK);
            if (rng_below(rng, 2) == 0) {
                r = conclude(x->w, "bob", &id, r.epoch, content);
                assert_int_equal(r.outcome, BOARD_OK);
            }
        }
    } else if (what == 8) {
        world_step_after(x->w, rng_below(rng, 4000));
    }
}

struct way {
    bool often;   /* look after every third act, else once at the end */
    bool reopens; /* start anew now and then */
    bool intents; /* their ids depend on their place in the log */
};

static struct watched run_world(uint64_t seed, struct way way)
{
    struct watched x =
        watched_new((struct detect_options){.unclaimed_ms = 10000, .seed = way.often});
    struct rng rng;
    struct id last = {{0}};
    rng_init(&rng, seed);
    for (int i = 0; i < 400; i++) {
        act(&x, &rng, &last, way.intents);
        if (way.often && i % 3 == 0) {
            look(&x);
        }
        if (way.reopens && i % 97 == 50) {
            watched_reopen(&x);
        }
    }
    look_after(&x, 100000);
    struct detect_counts counts;
    detect_counts(x.d, &counts);
    assert_int_equal(counts.refused + counts.damaged + counts.pending, 0);
    return x;
}

/* Two boards with the same acts: one watched all the time, one only at the end. */
static void test_often_or_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct watched once = run_world(seed, (struct way){.often = false});
        struct watched often = run_world(seed, (struct way){.often = true, .reopens = true});
        assert_same_state(findings_digest(once.w), findings_digest(often.w));
        assert_true(findings(once.w, "", NULL, NULL) > 20);
        watched_free(&once);
        watched_free(&often);
    }
}

/* One board: who reads it from the beginning finds what was found on the way, and no more. */
static void test_delta_is_scratch(void **state)
{
    (void)state;
    for (uint64_t seed = 30; seed <= 40; seed++) {
        struct watched x = run_world(seed, (struct way){.often = true, .intents = true});
        struct detect_counts then, now;
        uint64_t head = board_head(x.w->board);
        detect_counts(x.d, &then);
        watched_reopen(&x);
        look(&x);
        detect_counts(x.d, &now);
        assert_int_equal(board_head(x.w->board), head);
        for (int i = 0; i < DETECTORS_COUNT; i++) {
            assert_int_equal(now.found[i], then.found[i]);
            assert_int_equal(now.written[i], 0);
        }
        assert_true(now.found[DETECTOR_unclaimed] > 0 && now.found[DETECTOR_state_change] > 0);
        watched_free(&x);
    }
}

static void test_nothing_twice(void **state)
{
    (void)state;
    for (uint64_t seed = 20; seed <= 24; seed++) {
        struct watched x = watched_new((struct detect_options){0});
        struct rng rng;
        struct id last = {{0}};
        rng_init(&rng, seed);
        for (int i = 0; i < 300; i++) {
            act(&x, &rng, &last, true);
        }
        look_after(&x, LATER);
        assert_true(x.written > 10);
        uint64_t head = board_head(x.w->board);
        for (int i = 0; i < 3; i++) {
            watched_reopen(&x);
            look(&x);
            assert_int_equal(board_head(x.w->board), head);
        }
        watched_free(&x);
    }
}

/* A crash between a commit and its findings: they are written after the restart. */
static void test_missing_are_written(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    (void)state;
    say(&x, (struct said){.origin = "a", .topic = "tls", .position = "on"});
    say(&x, (struct said){.origin = "b", .topic = "tls", .position = "off"});
    watched_reopen(&x);
    assert_findings(&x, "contradiction", NULL, 0); /* opening writes nothing */
    look(&x);
    assert_findings(&x, "contradiction", NULL, 1);
    watched_free(&x);
}

static void test_orphan_bytes(void **state)
{
    uint64_t bytes[3];
    (void)state;
    for (int run = 0; run < 3; run++) {
        const int count = 2500 << run;
        struct watched x = watched_new((struct detect_options){0});
        for (int i = 0; i < count; i++) {
            char content[32];
            (void)snprintf(content, sizeof content, "orphan %d", i);
            say(&x, (struct said){.origin = "a", .content = content});
            if (i % 10 == 0) {
                look_after(&x, 100);
            }
        }
        look_after(&x, LATER);
        (void)findings(x.w, "", NULL, &bytes[run]);
        watched_free(&x);
    }
    assert_true(bytes[1] < bytes[0] * 21 / 10);
    assert_true(bytes[2] < bytes[1] * 21 / 10);
    assert_true(bytes[2] < 10000u * 400u);
    print_message("# detector bytes for 2,500, 5,000, 10,000 orphans: %llu %llu %llu\n",
                  (unsigned long long)bytes[0], (unsigned long long)bytes[1],
                  (unsigned long long)bytes[2]);
}

/* The board refuses for a while: findings wait and are written later. */
static void test_board_refuses(void **state)
{
    struct watched x = watched_new((struct detect_options){0});
    struct detect_report report;
    struct detect_counts counts;
    (void)state;
    detect_close(x.d);
    world_settle(x.w);
    board_close(x.w->board);
    x.w->options.limits.records_max = 12;
    world_open(x.w);
    x.d = detect_open(x.w->board, &x.options);
    for (int i = 0; i < 10; i++) {
        char value[16];
        (void)snprintf(value, sizeof value, "v%d", i);
        say(&x, (struct said){.origin = value, .topic = "t", .position = value});
    }
    detect_step(x.d, x.w->wall_ms, &report);
    detect_counts(x.d, &counts);
    assert_true(report.more);
    assert_true(counts.pending > 0);
    x.w->options.limits.records_max = 1000;
    watched_reopen(&x);
    look(&x);
    assert_findings(&x, "contradiction", NULL, 10 * 9 / 2);
    watched_free(&x);
}

static void test_off(void **state)
{
    struct watched x = watched_new((struct detect_options){.off = 1u << DETECTOR_contradiction});
    (void)state;
    say(&x, (struct said){.origin = "a", .topic = "tls", .position = "on"});
    say(&x, (struct said){.origin = "b", .topic = "tls", .position = "off"});
    look_after(&x, LATER);
    assert_findings(&x, "contradiction", NULL, 0);
    watched_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_orphans),
        cmocka_unit_test(test_cited_is_no_orphan),
        cmocka_unit_test(test_cross_origin),
        cmocka_unit_test(test_dangling),
        cmocka_unit_test(test_contradiction),
        cmocka_unit_test(test_contradiction_in_json),
        cmocka_unit_test(test_validity),
        cmocka_unit_test(test_one_source),
        cmocka_unit_test(test_many_values),
        cmocka_unit_test(test_contract),
        cmocka_unit_test(test_state_change),
        cmocka_unit_test(test_baseline),
        cmocka_unit_test(test_new_document),
        cmocka_unit_test(test_novelty),
        cmocka_unit_test(test_unclaimed),
        cmocka_unit_test(test_own_facts_feed_nothing),
        cmocka_unit_test(test_often_or_once),
        cmocka_unit_test(test_delta_is_scratch),
        cmocka_unit_test(test_nothing_twice),
        cmocka_unit_test(test_missing_are_written),
        cmocka_unit_test(test_orphan_bytes),
        cmocka_unit_test(test_board_refuses),
        cmocka_unit_test(test_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
