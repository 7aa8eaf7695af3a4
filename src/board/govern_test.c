/* govern_test.c - the contract as the board keeps it: what a refusal leaves behind, under
 * which contract a record stands, and what happens when a contract cannot be read again.
 */
#include <stddef.h>

#include "board/board_internal.h"
#include "board/board_world_test.h"

#define NAMED "contract {\n    name: \"rules\"\n    version: 1\n}\n\n"

static void activate(struct world *w, const char *text)
{
    struct actor pat = {STR("pat"), ROLE_HUMAN};
    struct result r;
    DO(w, r, board_contract_activate(w->board, &pat, str_of(text), &r));
    assert_int_equal(r.outcome, BOARD_CREATED);
}

static struct result try_intent(struct world *w, const char *actor, const char *description)
{
    struct intent_in in = {.description = str_of(description)};
    return add_intent_in(w, actor, &in);
}

/* The Fact that grounds an intent is rolled back with it: whoever waits for that Fact to
 * be durable would wait for ever. */
static void test_a_refusal_waits_for_nothing(void **state)
{
    (void)state;
    struct world *w = world_opened();
    activate(w, NAMED "limits { intents_per_minute: 1 }\n");
    assert_int_equal(try_intent(w, "bob", "one").outcome, BOARD_CREATED);
    world_settle(w);
    struct result r = try_intent(w, "bob", "two");
    assert_int_equal(r.outcome, BOARD_LIMIT);
    assert_true(r.hold_seq <= board_head(w->board));
    assert_int_equal(r.record, ORDINAL_NONE);
    world_free(w);
}

/* What was taken back is not counted, neither for its actor nor for the next new name. */
static void test_a_rollback_gives_the_rate_back(void **state)
{
    (void)state;
    struct world *w = world_opened();
    activate(w, NAMED "limits { facts_per_minute: 2 }\n");
    for (int i = 0; i < 5; i++) {
        struct actor bob = agent_named("bob");
        struct fact_in in = {.origin = STR("web"), .content = text_of("one")};
        struct result r;
        board_begin(w->board);
        board_fact(w->board, &bob, &in, &r);
        assert_int_equal(r.outcome, BOARD_CREATED);
        board_rollback(w->board);
    }
    assert_int_equal(add_fact(w, "cat", "web", "one").outcome, BOARD_CREATED);
    assert_int_equal(add_fact(w, "cat", "web", "two").outcome, BOARD_CREATED);
    assert_int_equal(add_fact(w, "cat", "web", "three").outcome, BOARD_LIMIT);
    assert_int_equal(add_fact(w, "bob", "web", "one").outcome, BOARD_CREATED);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refusal_waits_for_nothing),
        cmocka_unit_test(test_a_rollback_gives_the_rate_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
