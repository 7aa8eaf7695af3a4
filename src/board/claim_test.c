/* claim_test.c - the life of a claim: who holds it, until when, and that nothing is
 * written under it afterwards.
 */
#include <stddef.h>

#include "board/board_world_test.h"

static void test_one_holder(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id intent = add_intent(w, "ann", "look", 0);
    struct result r = claim(w, "bob", &intent, 0);
    assert_int_equal(r.outcome, BOARD_OK);
    assert_int_equal(r.epoch, 1);
    assert_int_equal(r.expires_in_ms, TTL_MS_DEFAULT);
    assert_int_equal(r.expires_at_ms, w->wall_ms + TTL_MS_DEFAULT);
    assert_int_equal(r.hold_seq, board_head(w->board));
    world_sleep(w, 1000);
    struct result other = claim(w, "cat", &intent, 0);
    assert_int_equal(other.outcome, BOARD_ALREADY_CLAIMED);
    assert_string_equal(other.holder, "bob");
    assert_int_equal(other.expires_in_ms, TTL_MS_DEFAULT - 1000);
    assert_int_equal(claim(w, "bob", &intent, 0).outcome, BOARD_ALREADY_CLAIMED);
    assert_status(w, &intent, "claimed");
    world_free(w);
}

static void test_ttl_limits(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id intent = add_intent(w, "ann", "look", 0);
    assert_int_equal(claim(w, "bob", &intent, TTL_MS_MIN - 1).outcome, BOARD_INVALID);
    assert_int_equal(claim(w, "bob", &intent, TTL_MS_MAX + 1).outcome, BOARD_INVALID);
    struct result r = claim(w, "bob", &intent, TTL_MS_MIN);
    assert_int_equal(r.outcome, BOARD_OK);
    assert_int_equal(release(w, "bob", &intent, r.epoch).outcome, BOARD_OK);
    r = claim(w, "bob", &intent, TTL_MS_MAX);
    assert_int_equal(r.outcome, BOARD_OK);
    assert_int_equal(r.expires_in_ms, TTL_MS_MAX);
    struct id none = {"i_0000000000000000000000000000000000000000000000000000000000000000"};
    assert_int_equal(claim(w, "bob", &none, 0).outcome, BOARD_NOT_FOUND);
    struct id fact = {"f_0000000000000000000000000000000000000000000000000000000000000000"};
    assert_int_equal(claim(w, "bob", &fact, 0).outcome, BOARD_INVALID);
    struct id junk = {"i_00"};
    assert_int_equal(claim(w, "bob", &junk, 0).outcome, BOARD_INVALID);
    world_free(w);
}

/* Every write under (intent, epoch), each of which must be refused so. */
static void all_refused(struct world *w, const char *actor, const struct id *intent,
                        uint64_t epoch, enum outcome outcome)
{
    struct actor who = agent_named(actor);
    struct str id = str_of(intent->text);
    struct result r;
    assert_int_equal(heartbeat(w, actor, intent, epoch).outcome, outcome);
    assert_int_equal(release(w, actor, intent, epoch).outcome, outcome);
    DO(w, r, board_checkpoint(w->board, &who, id, epoch, STR("{}"), &r));
    assert_int_equal(r.outcome, outcome);
    DO(w, r, board_fail(w->board, &who, id, epoch, STR("broken"), true, &r));
    assert_int_equal(r.outcome, outcome);
    DO(w, r, board_fail(w->board, &who, id, epoch, STR("broken"), false, &r));
    assert_int_equal(r.outcome, outcome);
    struct fact_in under = {.origin = STR("work"),
                            .content = text_of("found"),
                            .under = {true, id, epoch}};
    DO(w, r, board_fact(w->board, &who, &under, &r));
    assert_int_equal(r.outcome, outcome);
    r = conclude(w, actor, intent, epoch, "another conclusion");
    /* Of a concluded intent the latest epoch is told apart. */
    assert_true(r.outcome == outcome || r.outcome == BOARD_ALREADY_CONCLUDED);
}

enum ending { END_RELEASE, END_RETRY, END_FAIL, END_CANCEL, END_CONCLUDE, END_EXPIRY, ENDINGS };

static void end_claim(struct world *w, const struct id *intent, uint64_t epoch, enum ending how)
{
    struct actor bob = agent_named("bob");
    struct result r = {.outcome = BOARD_OK};
    switch (how) {
    case END_RELEASE:
        r = release(w, "bob", intent, epoch);
        break;
    case END_RETRY:
    case END_FAIL:
        DO(w, r,
           board_fail(w->board, &bob, str_of(intent->text), epoch, STR("no"), how == END_RETRY,
                      &r));
        break;
    case END_CANCEL:
        r = cancel(w, agent_named("ann"), intent);
        break;
    case END_CONCLUDE:
        r = conclude(w, "bob", intent, epoch, "done");
        break;
    case END_EXPIRY:
    case ENDINGS:
        world_step_after(w, TTL_MS_DEFAULT);
        break;
    }
    assert_int_equal(r.outcome, BOARD_OK);
}

static void test_every_end_fences(void **state)
{
    (void)state;
    static const char *const after[ENDINGS] = {"submitted", "submitted", "failed",
                                               "cancelled", "concluded", "submitted"};
    for (int how = 0; how < ENDINGS; how++) {
        struct world *w = world_opened();
        struct id intent = add_intent(w, "ann", "look", 0);
        struct result r = claim(w, "bob", &intent, 0);
        all_refused(w, "cat", &intent, r.epoch, BOARD_NOT_HOLDER);
        all_refused(w, "bob", &intent, r.epoch + 1, BOARD_STALE_EPOCH);
        all_refused(w, "bob", &intent, 0, BOARD_INVALID);
        all_refused(w, "bob", &intent, EPOCH_MAX + 1, BOARD_INVALID);
        end_claim(w, &intent, r.epoch, (enum ending)how);
        assert_status(w, &intent, after[how]);
        all_refused(w, "bob", &intent, r.epoch, BOARD_STALE_EPOCH);
        struct hash before = world_digest(w);
        world_reopen(w);
        assert_same_state(world_digest(w), before);
        all_refused(w, "bob", &intent, r.epoch, BOARD_STALE_EPOCH);
        struct result again = claim(w, "cat", &intent, 0);
        if (strcmp(after[how], "submitted") == 0) {
            assert_int_equal(again.outcome, BOARD_OK);
            assert_int_equal(again.epoch, r.epoch + 1);
            all_refused(w, "bob", &intent, r.epoch, BOARD_STALE_EPOCH);
            all_refused(w, "bob", &intent, again.epoch, BOARD_NOT_HOLDER);
        } else {
            assert_int_equal(again.outcome, BOARD_ALREADY_CONCLUDED);
        }
        world_free(w);
    }
}

static void test_heartbeat_extends(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id intent = add_intent(w, "ann", "look", 0);
    struct result r = claim(w, "bob", &intent, 1000);
    uint64_t head = board_head(w->board);
    world_step_after(w, 400);
    assert_int_equal(heartbeat(w, "bob", &intent, r.epoch).expires_in_ms, 1000);
    assert_int_equal(board_head(w->board), head); /* memory only, so early */
    world_step_after(w, 200);
    assert_int_equal(heartbeat(w, "bob", &intent, r.epoch).outcome, BOARD_OK);
    assert_int_equal(board_head(w->board), head + 1); /* ttl/2 since the last one written */
    world_step_after(w, 999);
    assert_status(w, &intent, "claimed");
    assert_int_equal(heartbeat(w, "bob", &intent, r.epoch).outcome, BOARD_OK);
    world_step_after(w, 1000);
    assert_status(w, &intent, "submitted");
    assert_int_equal(heartbeat(w, "bob", &intent, r.epoch).outcome, BOARD_STALE_EPOCH);
    world_free(w);
}

/* The clock alone ends a lease: nobody needs to have written it down. */
static void test_expiry_before_step(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id intent = add_intent(w, "ann", "look", 0);
    struct result r = claim(w, "bob", &intent, 1000);
    world_sleep(w, 1000);
    all_refused(w, "bob", &intent, r.epoch, BOARD_STALE_EPOCH);
    struct result next = claim(w, "cat", &intent, 1000);
    assert_int_equal(next.outcome, BOARD_OK);
    assert_int_equal(next.epoch, 2);
    (void)board_step(w->board);
    assert_int_equal(heartbeat(w, "cat", &intent, 2).outcome, BOARD_OK);
    struct hash before = world_digest(w);
    world_reopen(w);
    assert_same_state(world_digest(w), before);
    world_free(w);
}

static void test_step_says_when(void **state)
{
    (void)state;
    struct world *w = world_opened();
    assert_true(board_step(w->board) == UINT64_MAX);
    struct id intent = add_intent(w, "ann", "look", 0);
    assert_true(board_step(w->board) == UINT64_MAX);
    (void)claim(w, "bob", &intent, 1000);
    assert_int_equal(board_step(w->board), w->disk.clock_ns + 1000 * NS_PER_MS);
    world_free(w);
}

static void test_max_run(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct intent_in in = {.description = STR("long"), .max_run_ms = 5000};
    struct id intent = id_at(w, add_intent_in(w, "ann", &in).record);
    struct result r = claim(w, "bob", &intent, 2000);
    assert_int_equal(r.expires_in_ms, 2000);
    for (int i = 0; i < 4; i++) {
        world_step_after(w, 1000);
        r = heartbeat(w, "bob", &intent, 1);
        assert_int_equal(r.outcome, BOARD_OK);
    }
    assert_int_equal(r.expires_in_ms, 1000);
    world_reopen(w); /* what is used up of max_run_ms stays used up */
    r = heartbeat(w, "bob", &intent, 1);
    assert_int_equal(r.expires_in_ms, 1000);
    world_step_after(w, 1000);
    assert_int_equal(heartbeat(w, "bob", &intent, 1).outcome, BOARD_STALE_EPOCH);
    assert_status(w, &intent, "submitted");
    assert_int_equal(claim(w, "bob", &intent, 8000).expires_in_ms, 5000);
    world_free(w);
}

static void test_deadline(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct intent_in in = {
        .description = STR("soon"), .has_deadline = true, .deadline_ms = w->wall_ms};
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_INVALID);
    in.deadline_ms = w->wall_ms + 3000;
    struct id free_one = id_at(w, add_intent_in(w, "ann", &in).record);
    struct id held = id_at(w, add_intent_in(w, "ann", &in).record);
    struct result r = claim(w, "bob", &held, 60000);
    world_step_after(w, 2999);
    assert_status(w, &free_one, "submitted");
    assert_status(w, &held, "claimed");
    world_reopen(w);
    world_step_after(w, 1);
    assert_status(w, &free_one, "failed");
    assert_status(w, &held, "failed");
    assert_int_equal(heartbeat(w, "bob", &held, r.epoch).outcome, BOARD_STALE_EPOCH);
    world_free(w);
}

static void test_full_ttl_after_restart(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id intent = add_intent(w, "ann", "look", 0);
    struct result r = claim(w, "bob", &intent, 10000);
    world_sleep(w, 9000);
    world_reopen(w);
    assert_int_equal(claim(w, "cat", &intent, 0).expires_in_ms, 10000);
    world_step_after(w, 9999);
    assert_int_equal(heartbeat(w, "bob", &intent, r.epoch).outcome, BOARD_OK);
    world_step_after(w, 10000);
    assert_status(w, &intent, "submitted");
    world_free(w);
}

static void test_conclude_again(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id intent = add_intent(w, "ann", "look", 0);
    struct result r = claim(w, "bob", &intent, 0);
    struct result first = conclude(w, "bob", &intent, r.epoch, "42");
    assert_int_equal(first.outcome, BOARD_OK);
    assert_int_equal(board_kind(w->board, first.record), RECORD_FACT);
    assert_int_equal(board_kind(w->board, first.intent), RECORD_INTENT);
    for (int life = 0; life < 2; life++) {
        uint64_t head = board_head(w->board);
        struct result again = conclude(w, "bob", &intent, r.epoch, "42");
        assert_int_equal(again.outcome, BOARD_OK);
        assert_int_equal(again.record, first.record);
        assert_int_equal(again.intent, first.intent);
        assert_int_equal(conclude(w, "bob", &intent, r.epoch, "43").outcome,
                         BOARD_ALREADY_CONCLUDED);
        assert_int_equal(conclude(w, "cat", &intent, r.epoch, "42").outcome,
                         BOARD_ALREADY_CONCLUDED);
        assert_int_equal(conclude(w, "bob", &intent, r.epoch + 1, "42").outcome,
                         BOARD_STALE_EPOCH);
        assert_int_equal(board_head(w->board), head);
        world_reopen(w);
    }
    world_free(w);
}

static void test_conclude_stored_and_evidence(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct actor bob = agent_named("bob");
    struct id intent = add_intent(w, "ann", "look", 0);
    struct id seen = id_at(w, add_fact(w, "bob", "eyes", "a cat").record);
    struct result r = claim(w, "bob", &intent, 0);
    char *large = mem_alloc(9000);
    memset(large, 'x', 9000);
    struct content content = {STR("text/plain"), str_n(large, 9000)};
    struct str wrong = str_of(intent.text), right = str_of(seen.text);
    DO(w, r,
       board_conclude(w->board, &bob, str_of(intent.text), 1, &content,
                      (struct id_list){&wrong, 1}, &r));
    assert_int_equal(r.outcome, BOARD_INVALID);
    for (int again = 0; again < 2; again++) {
        DO(w, r,
           board_conclude(w->board, &bob, str_of(intent.text), 1, &content,
                          (struct id_list){&right, 1}, &r));
        assert_int_equal(r.outcome, BOARD_OK);
    }
    large[8999] = 'y';
    struct result other;
    DO(w, other,
       board_conclude(w->board, &bob, str_of(intent.text), 1, &content,
                      (struct id_list){&right, 1}, &other));
    assert_int_equal(other.outcome, BOARD_ALREADY_CONCLUDED);
    mem_free(large);
    struct arena arena = {0};
    struct json *fact = rendered(w, r.record, 0, &arena);
    assert_true(str_eq(json_get(fact, "from")->first->string, str_of(seen.text)));
    assert_true(str_eq(json_get_str(json_get(fact, "under"), "intent", STR_NONE),
                       str_of(intent.text)));
    arena_deinit(&arena);
    world_free(w);
}

static void test_cancel_permissions(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id one = add_intent(w, "ann", "one", 0);
    struct id two = add_intent(w, "ann", "two", 0);
    assert_int_equal(cancel(w, agent_named("bob"), &one).outcome, BOARD_NOT_PERMITTED);
    assert_int_equal(cancel(w, agent_named("ann"), &one).outcome, BOARD_OK);
    assert_int_equal(cancel(w, agent_named("ann"), &one).outcome, BOARD_ALREADY_CONCLUDED);
    assert_int_equal(cancel(w, (struct actor){STR("eve"), ROLE_HUMAN}, &two).outcome, BOARD_OK);
    world_free(w);
}

static void test_checkpoint(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct actor bob = agent_named("bob");
    struct id intent = add_intent(w, "ann", "look", 0);
    struct str id = str_of(intent.text);
    struct result r = claim(w, "bob", &intent, 0);
    DO(w, r, board_checkpoint(w->board, &bob, id, 1, STR("{\"at\": 3,}"), &r));
    assert_int_equal(r.outcome, BOARD_INVALID);
    DO(w, r, board_checkpoint(w->board, &bob, id, 1, STR("{\n \"at\": [1,\n 2.50]}"), &r));
    assert_int_equal(r.outcome, BOARD_OK);
    assert_int_equal(release(w, "bob", &intent, 1).outcome, BOARD_OK);
    world_reopen(w);
    struct arena arena = {0};
    struct json *record = rendered(w, r.record, 0, &arena);
    const struct json *checkpoint = json_get(record, "checkpoint");
    assert_non_null(checkpoint);
    assert_true(str_is(json_get(checkpoint, "data")->raw, "{\"at\":[1,2.50]}"));
    assert_true(str_is(json_get_str(checkpoint, "by", STR_NONE), "bob"));
    arena_deinit(&arena);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_holder),
        cmocka_unit_test(test_ttl_limits),
        cmocka_unit_test(test_every_end_fences),
        cmocka_unit_test(test_heartbeat_extends),
        cmocka_unit_test(test_expiry_before_step),
        cmocka_unit_test(test_step_says_when),
        cmocka_unit_test(test_max_run),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_full_ttl_after_restart),
        cmocka_unit_test(test_conclude_again),
        cmocka_unit_test(test_conclude_stored_and_evidence),
        cmocka_unit_test(test_cancel_permissions),
        cmocka_unit_test(test_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
