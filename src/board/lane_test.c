/* lane_test.c - which intent is next: priority, then fairness between creators, then age;
 * against the same rule written plainly over all intents.
 */
#include <stddef.h>

#include "base/rng.h"
#include "board/board_internal.h"
#include "board/board_world_test.h"

static struct id add_for(struct world *w, const char *creator, const char *capability,
                         const char *topic, int priority)
{
    struct intent_in in = {.description = STR("work"),
                           .capability = str_of(capability),
                           .topic = str_of(topic),
                           .priority = priority};
    return id_at(w, add_intent_in(w, creator, &in).record);
}

static struct result next_for(struct world *w, const char *actor, const char *capability,
                              const char *topic)
{
    struct actor who = agent_named(actor);
    struct str can = str_of(capability), about = str_of(topic);
    struct claim_template t = {
        .capabilities = &can,
        .capabilities_count = can.len > 0,
        .topics = &about,
        .topics_count = about.len > 0,
    };
    struct result r;
    DO(w, r, board_claim_next(w->board, &who, &t, &r));
    return r;
}

static void expect_next(struct world *w, const struct id *intent)
{
    struct result r = claim_next(w, "bob");
    assert_int_equal(r.outcome, BOARD_OK);
    assert_string_equal(id_at(w, r.record).text, intent->text);
}

static void test_priority_then_age(void **state)
{
    (void)state;
    struct world *w = world_opened();
    assert_int_equal(claim_next(w, "bob").outcome, BOARD_NONE);
    struct id low = add_intent(w, "ann", "low", 1);
    struct id usual = add_intent(w, "ann", "usual", 0);
    struct id usual_too = add_intent(w, "ann", "usual too", 5);
    struct id high = add_intent(w, "ann", "high", 10);
    expect_next(w, &high);
    expect_next(w, &usual);
    expect_next(w, &usual_too);
    expect_next(w, &low);
    assert_int_equal(claim_next(w, "bob").outcome, BOARD_NONE);
    /* Given back: behind those that waited meanwhile. */
    struct id fresh = add_intent(w, "ann", "fresh", 0);
    assert_int_equal(release(w, "bob", &usual, 1).outcome, BOARD_OK);
    expect_next(w, &fresh);
    expect_next(w, &usual);
    world_free(w);
}

/* One conclusion frees several at once: the first published is the first given, in one
 * lane and across lanes, now and after a restart of either kind. */
static void test_freed_together(void **state)
{
    (void)state;
    static const struct str can[] = {{"read", 4}, {"swim", 4}};
    static const char *const abilities[] = {"swim", "", "read", "read", "", "swim"};
    for (int life = 0; life < 3; life++) {
        struct world *w = world_opened();
        struct id gate = add_intent(w, "ann", "gate", 10), ids[6];
        struct str on = str_of(gate.text);
        for (int i = 0; i < 6; i++) {
            struct intent_in in = {.description = STR("behind"),
                                   .capability = str_of(abilities[i]),
                                   .depends_on = {&on, 1}};
            ids[i] = id_at(w, add_intent_in(w, "ann", &in).record);
        }
        (void)claim(w, "bob", &gate, 0);
        (void)conclude(w, "bob", &gate, 1, "open");
        w->options.no_checkpoint = life == 1;
        world_settle(w);
        assert_int_equal(board_checkpoint_now(w->board, NULL), ERR_OK);
        if (life > 0) {
            world_reopen(w);
        }
        for (int i = 0; i < 6; i++) {
            struct actor bob = agent_named("bob");
            struct claim_template t = {.capabilities = can, .capabilities_count = 2};
            struct result r;
            DO(w, r, board_claim_next(w->board, &bob, &t, &r));
            assert_int_equal(r.outcome, BOARD_OK);
            assert_string_equal(id_at(w, r.record).text, ids[i].text);
        }
        world_free(w);
    }
}

static void test_fair_between_creators(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id busy[6];
    for (int i = 0; i < 6; i++) {
        busy[i] = add_intent(w, "busy", "one of many", 0);
    }
    struct id one = add_intent(w, "ann", "a", 0), two = add_intent(w, "ann", "b", 0);
    struct id other = add_intent(w, "cat", "c", 0);
    expect_next(w, &busy[0]);
    expect_next(w, &one);
    expect_next(w, &other);
    world_reopen(w); /* whose turn it is, is part of the state */
    expect_next(w, &busy[1]);
    expect_next(w, &two);
    expect_next(w, &busy[2]);
    world_free(w);
}

static void test_filters(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id swim = add_for(w, "ann", "swim", "sea", 9);
    struct id read = add_for(w, "ann", "read", "moon", 5);
    struct id any = add_for(w, "ann", "", "moon", 1);
    assert_int_equal(next_for(w, "bob", "fly", "sea").outcome, BOARD_NONE);
    assert_int_equal(next_for(w, "bob", "read", "nowhere").outcome, BOARD_NONE);
    assert_string_equal(id_at(w, next_for(w, "bob", "read", "").record).text, read.text);
    assert_string_equal(id_at(w, next_for(w, "bob", "", "moon").record).text, any.text);
    assert_int_equal(next_for(w, "bob", "", "").outcome, BOARD_NONE);
    /* Without capabilities in the request, those of the registration. */
    struct actor admin = {STR("admin"), ROLE_ADMIN};
    struct str can = STR("swim");
    struct agent_in in = {.name = STR("dan"),
                          .role = ROLE_AGENT,
                          .capabilities = &can,
                          .capabilities_count = 1};
    struct result r;
    DO(w, r, board_agent_add(w->board, &admin, &in, &r));
    assert_string_equal(id_at(w, next_for(w, "dan", "", "").record).text, swim.text);
    struct claim_template empty_name = {.capabilities = &(struct str){"", 0},
                                        .capabilities_count = 1};
    DO(w, r, board_claim_next(w->board, &admin, &empty_name, &r));
    assert_int_equal(r.outcome, BOARD_INVALID);
    world_free(w);
}

static void test_paused(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct actor admin = {STR("admin"), ROLE_ADMIN};
    struct id held = add_intent(w, "ann", "held", 0), waiting = add_intent(w, "ann", "w", 0);
    struct result r = claim(w, "bob", &held, 0);
    DO(w, r, board_pause(w->board, &admin, true, &r));
    world_reopen(w);
    assert_true(board_paused(w->board));
    assert_int_equal(claim_next(w, "bob").outcome, BOARD_UNAVAILABLE);
    r = claim(w, "bob", &waiting, 0);
    assert_int_equal(r.outcome, BOARD_UNAVAILABLE);
    assert_true(r.retry_after_ms > 0);
    assert_int_equal(heartbeat(w, "bob", &held, 1).outcome, BOARD_OK);
    assert_int_equal(conclude(w, "bob", &held, 1, "done").outcome, BOARD_OK);
    uint64_t head = board_head(w->board);
    DO(w, r, board_pause(w->board, &admin, true, &r)); /* already so: nothing to write */
    assert_int_equal(board_head(w->board), head);
    DO(w, r, board_pause(w->board, &admin, false, &r));
    expect_next(w, &waiting);
    world_free(w);
}

static void test_claims_of_one_agent(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.claims_per_agent_max = 2;
    world_open(w);
    struct id ids[3];
    for (int i = 0; i < 3; i++) {
        ids[i] = add_intent(w, "ann", "work", 0);
    }
    assert_int_equal(claim_next(w, "bob").outcome, BOARD_OK);
    assert_int_equal(claim_next(w, "bob").outcome, BOARD_OK);
    assert_int_equal(claim_next(w, "bob").outcome, BOARD_LIMIT);
    assert_int_equal(claim(w, "bob", &ids[2], 0).outcome, BOARD_LIMIT);
    world_reopen(w);
    assert_int_equal(claim_next(w, "bob").outcome, BOARD_LIMIT);
    assert_int_equal(claim_next(w, "cat").outcome, BOARD_OK);
    assert_int_equal(release(w, "bob", &ids[0], 1).outcome, BOARD_OK);
    assert_int_equal(claim_next(w, "bob").outcome, BOARD_OK);
    world_free(w);
}

/* The rule of lane.c over all intents. */
static uint32_t plain_pick(const struct board *b, const struct wants *wants)
{
    uint32_t best = SLOT_NONE;
    for (uint32_t slot = 0; slot < b->intents_count; slot++) {
        const struct intent *i = &b->intents[slot];
        if (i->status != STATUS_SUBMITTED || i->waits_for > 0 || !lane_fits(b, slot, wants)) {
            continue;
        }
        if (best == SLOT_NONE) {
            best = slot;
            continue;
        }
        const struct intent *j = &b->intents[best];
        uint64_t served_i = i->creator < b->served_cap ? b->served[i->creator] : 0;
        uint64_t served_j = j->creator < b->served_cap ? b->served[j->creator] : 0;
        if (i->priority != j->priority ? i->priority > j->priority
            : served_i != served_j     ? served_i < served_j
                                       : i->queued_seq < j->queued_seq) {
            best = slot;
        }
    }
    return best;
}

static void test_against_plain_rule(void **state)
{
    (void)state;
    static const char *const names[] = {"ann", "bob", "cat"};
    static const char *const abilities[] = {"", "read", "swim"};
    static const char *const topics[] = {"", "moon", "sea"};
    struct world *w = world_opened();
    struct rng rng;
    rng_init(&rng, 5);
    for (int turn = 0; turn < 3000; turn++) {
        if (rng_below(&rng, 2) == 0) {
            (void)add_for(w, names[rng_below(&rng, 3)], abilities[rng_below(&rng, 3)],
                          topics[rng_below(&rng, 3)], (int)rng_below(&rng, 4));
            continue;
        }
        struct board *b = w->board;
        uint32_t numbers[2];
        struct wants wants = {.capabilities = numbers, .topics = numbers + 1};
        const char *can = abilities[rng_below(&rng, 3)], *about = topics[rng_below(&rng, 3)];
        numbers[0] = dict_find(&b->capabilities, str_of(can));
        numbers[1] = dict_find(&b->topics, str_of(about));
        wants.capabilities_count = can[0] != '\0' && numbers[0] != NUMBER_NONE;
        wants.topics_count = about[0] != '\0' && numbers[1] != NUMBER_NONE;
        if (about[0] != '\0' && wants.topics_count == 0) {
            continue;
        }
        uint32_t plain = plain_pick(b, &wants);
        struct result r = next_for(w, "dan", can, about);
        assert_int_equal(r.outcome, plain == SLOT_NONE ? BOARD_NONE : BOARD_OK);
        if (plain != SLOT_NONE) {
            assert_int_equal(r.record, b->intents[plain].ordinal);
            struct id id = id_at(w, r.record);
            if (rng_below(&rng, 3) == 0) {
                (void)release(w, "dan", &id, r.epoch);
            } else {
                (void)conclude(w, "dan", &id, r.epoch, "done");
            }
        }
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_priority_then_age),    cmocka_unit_test(test_fair_between_creators),
        cmocka_unit_test(test_filters),              cmocka_unit_test(test_paused),
        cmocka_unit_test(test_freed_together),
        cmocka_unit_test(test_claims_of_one_agent),  cmocka_unit_test(test_against_plain_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
