/* parked_test.c - claims that wait for work: who is served, in which order, and when the
 * wait ends.
 */
#include <stddef.h>

#include "board/board_internal.h"
#include "board/board_world_test.h"

static enum outcome park(struct world *w, const char *actor, const char *capability,
                         const char *topic, uint64_t wait_ms, uint64_t ticket)
{
    struct actor who = agent_named(actor);
    struct str can = str_of(capability), about = str_of(topic);
    struct claim_template t = {
        .capabilities = &can,
        .capabilities_count = can.len > 0,
        .topics = &about,
        .topics_count = about.len > 0,
        .ttl_ms = 7000,
    };
    struct result r;
    board_park(w->board, &who, &t, wait_ms, ticket, &r);
    return r.outcome;
}

static void publish(struct world *w, const char *capability, const char *topic, int priority)
{
    struct intent_in in = {.description = STR("work"),
                           .capability = str_of(capability),
                           .topic = str_of(topic),
                           .priority = priority};
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_CREATED);
}

static void expect_unparked(struct world *w, size_t index, uint64_t ticket, enum outcome outcome)
{
    assert_true(index < w->unparked_count);
    assert_int_equal(w->unparked[index].ticket, ticket);
    assert_int_equal(w->unparked[index].result.outcome, outcome);
}

static void test_served_in_order(void **state)
{
    (void)state;
    struct world *w = world_opened();
    assert_int_equal(park(w, "bob", "", "", 60000, 1), BOARD_OK);
    assert_int_equal(park(w, "cat", "", "", 60000, 2), BOARD_OK);
    publish(w, "", "", 0);
    assert_int_equal(w->unparked_count, 0); /* not inside somebody else's operation */
    board_flush(w->board);
    assert_int_equal(w->unparked_count, 1);
    expect_unparked(w, 0, 1, BOARD_OK);
    struct result r = w->unparked[0].result;
    assert_int_equal(r.epoch, 1);
    assert_int_equal(r.expires_in_ms, 7000);
    assert_int_equal(r.hold_seq, board_head(w->board));
    struct id id = id_at(w, r.record);
    assert_int_equal(heartbeat(w, "bob", &id, 1).outcome, BOARD_OK);
    board_flush(w->board);
    assert_int_equal(w->unparked_count, 1);
    assert_int_equal(release(w, "bob", &id, 1).outcome, BOARD_OK);
    board_flush(w->board);
    expect_unparked(w, 1, 2, BOARD_OK);
    assert_int_equal(heartbeat(w, "cat", &id, 2).outcome, BOARD_OK);
    world_free(w);
}

static void test_only_what_fits(void **state)
{
    (void)state;
    struct world *w = world_opened();
    (void)park(w, "bob", "fly", "", 60000, 1);   /* a name that nobody used yet */
    (void)park(w, "cat", "", "saturn", 60000, 2);
    (void)park(w, "dan", "swim", "sea", 60000, 3);
    publish(w, "", "", 0); /* no topic is no unknown topic */
    board_flush(w->board);
    assert_int_equal(w->unparked_count, 1);
    expect_unparked(w, 0, 1, BOARD_OK);
    publish(w, "swim", "pond", 0);
    publish(w, "fly", "saturn", 0);
    board_flush(w->board);
    assert_int_equal(w->unparked_count, 1);
    publish(w, "", "saturn", 0);
    publish(w, "swim", "sea", 0);
    board_flush(w->board);
    assert_int_equal(w->unparked_count, 3);
    expect_unparked(w, 1, 2, BOARD_OK);
    expect_unparked(w, 2, 3, BOARD_OK);
    world_free(w);
}

static void test_highest_priority_first(void **state)
{
    (void)state;
    struct world *w = world_opened();
    (void)park(w, "bob", "", "", 60000, 1);
    publish(w, "", "", 2);
    publish(w, "", "", 9);
    publish(w, "", "", 9);
    board_flush(w->board);
    assert_int_equal(w->unparked_count, 1);
    struct arena arena = {0};
    struct json *record = rendered(w, w->unparked[0].result.record, 0, &arena);
    assert_int_equal(json_get_int(record, "priority", 0), 9);
    assert_int_equal(json_get_int(record, "seq", 0), 3); /* after the ground, and 2 */
    arena_deinit(&arena);
    world_free(w);
}

static void test_time_out_and_unpark(void **state)
{
    (void)state;
    struct world *w = world_opened();
    (void)park(w, "bob", "", "", 3000, 1);
    (void)park(w, "bob", "", "", 1000, 2);
    (void)park(w, "cat", "", "", 2000, 3);
    assert_int_equal(board_step(w->board), w->disk.clock_ns + 1000 * NS_PER_MS);
    world_step_after(w, 999);
    assert_int_equal(w->unparked_count, 0);
    world_step_after(w, 1);
    assert_int_equal(w->unparked_count, 1);
    expect_unparked(w, 0, 2, BOARD_NONE);
    assert_true(board_unpark(w->board, 3));
    assert_false(board_unpark(w->board, 3));
    assert_false(board_unpark(w->board, 2));
    world_step_after(w, 2000);
    assert_int_equal(w->unparked_count, 2);
    expect_unparked(w, 1, 1, BOARD_NONE);
    assert_true(board_step(w->board) == UINT64_MAX);
    publish(w, "", "", 0);
    board_flush(w->board);
    assert_int_equal(w->unparked_count, 2);
    assert_int_equal(claim_next(w, "eve").outcome, BOARD_OK);
    world_free(w);
}

static void test_limits(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.parked_max = 3;
    w->options.limits.parked_per_agent_max = 2;
    world_open(w);
    assert_int_equal(park(w, "bob", "", "", 1000, 1), BOARD_OK);
    assert_int_equal(park(w, "bob", "", "", 1000, 2), BOARD_OK);
    assert_int_equal(park(w, "bob", "", "", 1000, 3), BOARD_LIMIT);
    assert_int_equal(park(w, "cat", "", "", 1000, 4), BOARD_OK);
    assert_int_equal(park(w, "cat", "", "", 1000, 5), BOARD_LIMIT);
    assert_true(board_unpark(w->board, 1));
    assert_int_equal(park(w, "bob", "", "", TTL_MS_MAX, 6), BOARD_OK);
    assert_true(board_unpark(w->board, 6));
    assert_int_equal(park(w, "bob", "", "", TTL_MS_MAX + 1ull, 6), BOARD_INVALID);
    /* Names that wait are kept in words; they must not grow the dictionaries. */
    char name[1024];
    memset(name, 'n', sizeof name);
    struct str many[5];
    for (size_t i = 0; i < 5; i++) {
        many[i] = str_n(name, sizeof name - i);
    }
    struct actor bob = agent_named("bob");
    struct claim_template t = {.capabilities = many, .capabilities_count = 4};
    struct result r;
    uint32_t known = w->board->capabilities.count;
    board_park(w->board, &bob, &t, 1000, 7, &r);
    assert_int_equal(r.outcome, BOARD_OK);
    assert_int_equal(w->board->capabilities.count, known);
    assert_true(board_unpark(w->board, 7));
    t.capabilities_count = 5;
    board_park(w->board, &bob, &t, 1000, 7, &r);
    assert_int_equal(r.outcome, BOARD_TOO_LARGE);
    world_free(w);
}

static void test_paused_and_removed(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct actor admin = {STR("admin"), ROLE_ADMIN};
    struct agent_in in = {.name = STR("bob"), .role = ROLE_AGENT};
    struct result r;
    DO(w, r, board_agent_add(w->board, &admin, &in, &r));
    (void)park(w, "bob", "", "", 60000, 1);
    (void)park(w, "cat", "", "", 60000, 2);
    DO(w, r, board_pause(w->board, &admin, true, &r));
    publish(w, "", "", 0);
    board_flush(w->board);
    (void)board_step(w->board);
    assert_int_equal(w->unparked_count, 0);
    DO(w, r, board_agent_remove(w->board, &admin, STR("bob"), &r));
    DO(w, r, board_pause(w->board, &admin, false, &r));
    board_flush(w->board);
    assert_int_equal(w->unparked_count, 1); /* not to one whose credential is gone */
    expect_unparked(w, 0, 2, BOARD_OK);
    world_step_after(w, 60000);
    expect_unparked(w, 1, 1, BOARD_NONE);
    world_free(w);
}

/* Rolled back before it was offered: nothing to give. */
static void test_rolled_back(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct actor ann = agent_named("ann");
    struct intent_in in = {.description = STR("work")};
    struct result r;
    (void)park(w, "bob", "", "", 60000, 1);
    board_begin(w->board);
    board_intent(w->board, &ann, &in, &r);
    board_rollback(w->board);
    board_flush(w->board);
    assert_int_equal(w->unparked_count, 0);
    publish(w, "", "", 0);
    board_flush(w->board);
    assert_int_equal(w->unparked_count, 1);
    world_free(w);
}

/* Who is told changes the queue at once. */
static void on_unparked_busy(void *context, uint64_t ticket, const struct result *result)
{
    struct world *w = context;
    world_on_unparked(w, ticket, result);
    if (ticket < 100) {
        (void)board_unpark(w->board, ticket + 1);
        (void)park(w, "bob", "", "", 500, ticket + 100);
        if (result->outcome == BOARD_OK) {
            publish(w, "", "", 0);
            board_flush(w->board);
        }
    }
}

static void test_callback_changes_the_queue(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.on_unparked = on_unparked_busy;
    world_open(w);
    for (uint64_t ticket = 1; ticket <= 6; ticket++) {
        (void)park(w, "bob", "", "", 1000, ticket);
    }
    publish(w, "", "", 0);
    board_flush(w->board);
    board_flush(w->board);
    assert_true(w->unparked_count >= 2);
    world_step_after(w, 1000);
    world_step_after(w, 1000);
    struct board_counts counts;
    board_counts(w->board, &counts);
    assert_int_equal(counts.parked, 0);
    for (size_t i = 0; i < w->unparked_count; i++) { /* each is told once */
        for (size_t k = 0; k < i; k++) {
            assert_true(w->unparked[i].ticket != w->unparked[k].ticket);
        }
    }
    world_free(w);
}

static void test_ten_thousand(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.parked_per_agent_max = 10000;
    world_open(w);
    for (uint64_t ticket = 1; ticket <= 10000; ticket++) {
        assert_int_equal(park(w, "bob", "swim", ticket % 2 == 0 ? "sea" : "", 1000 + ticket,
                              ticket),
                         BOARD_OK);
    }
    for (int i = 0; i < 300; i++) { /* fits nobody: the whole queue is asked each time */
        publish(w, "fly", "", 0);
        board_flush(w->board);
    }
    publish(w, "swim", "sea", 0);
    board_flush(w->board);
    expect_unparked(w, 0, 1, BOARD_OK);
    world_step_after(w, 6001);
    assert_int_equal(w->unparked_count, 5001);
    world_step_after(w, 6000);
    assert_int_equal(w->unparked_count, 10000);
    world_free(w);
}

/* What did not go to one at his limit is his when the limit has room again. */
static void test_a_limit_gets_room(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.claims_per_agent_max = 1;
    world_open(w);
    struct actor bob = agent_named("bob");
    struct claim_template any = {0};
    struct result r;
    for (uint64_t ticket = 1; ticket <= 3; ticket++) {
        board_park(w->board, &bob, &any, 60000, ticket, &r);
        assert_int_equal(r.outcome, BOARD_OK);
    }
    struct id one = add_intent(w, "ann", "one", 5);
    struct id two = add_intent(w, "ann", "two", 5);
    (void)add_intent(w, "ann", "three", 5);
    world_settle(w);
    assert_int_equal(w->unparked_count, 1);
    assert_int_equal(conclude(w, "bob", &one, 1, "done").outcome, BOARD_OK);
    world_settle(w);
    assert_int_equal(w->unparked_count, 2);
    assert_int_equal(w->unparked[1].result.outcome, BOARD_OK);
    assert_status(w, &two, "claimed");
    world_settle(w);
    assert_int_equal(w->unparked_count, 2);
    world_step_after(w, TTL_MS_DEFAULT); /* the lease ends: room without a word of bob's */
    world_settle(w);
    assert_int_equal(w->unparked_count, 3);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_served_in_order),
        cmocka_unit_test(test_only_what_fits),
        cmocka_unit_test(test_highest_priority_first),
        cmocka_unit_test(test_time_out_and_unpark),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_paused_and_removed),
        cmocka_unit_test(test_rolled_back),
        cmocka_unit_test(test_callback_changes_the_queue),
        cmocka_unit_test(test_ten_thousand),
        cmocka_unit_test(test_a_limit_gets_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
