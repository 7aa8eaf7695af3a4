/* govern_test.c - the contract as the board keeps it: what a refusal leaves behind, under
 * which contract a record stands, and what happens when a contract cannot be read again.
 */
#include <stddef.h>

#include "board/board_internal.h"
#include "board/board_world_test.h"

#define NAMED "contract {\n    name: \"rules\"\n    version: 1\n}\n\n"
#define TOPICS                                                                                     \
    NAMED "admit facts_have_topics {\n"                                                            \
          "    when: \"kind == 'fact' && !origin.startsWith('request:')\"\n"                       \
          "    require: \"topic != ''\"\n"                                                         \
          "    message: \"give the Fact a topic\"\n"                                               \
          "}\n"

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

static bool judged_admitted(struct world *w, uint32_t ordinal)
{
    struct buf words = {0};
    assert_true(board_contract_judge(w->board, ordinal, &words));
    const bool admitted = str_starts(buf_str(&words), STR("admitted"));
    buf_deinit(&words);
    return admitted;
}

/* What was written under a claim stands under the contract of the claim, also when it is
 * judged again, and also when the intent was claimed anew since. */
static void test_a_claim_keeps_its_contract(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id first = add_intent(w, "ann", "under the old rules", 5);
    assert_int_equal(claim(w, "bob", &first, 0).epoch, 1);
    activate(w, TOPICS);
    struct actor bob = agent_named("bob");
    struct fact_in in = {.origin = STR("web"), .content = text_of("no topic")};
    struct result plain, under, concluded;
    DO(w, plain, board_fact(w->board, &bob, &in, &plain));
    assert_int_equal(plain.outcome, BOARD_REFUSED);
    in.under = (struct under){true, str_of(first.text), 1};
    DO(w, under, board_fact(w->board, &bob, &in, &under));
    assert_int_equal(under.outcome, BOARD_CREATED);
    assert_int_equal(release(w, "bob", &first, 1).outcome, BOARD_OK);
    assert_int_equal(claim(w, "bob", &first, 0).epoch, 2);
    concluded = conclude(w, "bob", &first, 2, "no topic either");
    assert_int_equal(concluded.outcome, BOARD_REFUSED);
    for (int life = 0; life < 2; life++) {
        assert_true(judged_admitted(w, under.record));
        struct hash stands = contract_hash(board_contract_at(w->board, under.record));
        struct hash old = contract_hash(board_contract_at(w->board, 0));
        assert_same_state(stands, old);
        world_reopen(w);
    }
    world_free(w);
}

/* As a later version may find it: a text that is none to it, behind a checkpoint that
 * knows another contract by its event only. */
static void test_a_text_that_is_read_no_more(void **state)
{
    (void)state;
    struct world *w = world_opened();
    activate(w, TOPICS);
    world_settle(w);
    assert_int_equal(board_checkpoint_now(w->board, NULL), ERR_OK);
    const struct hash before = contract_hash(board_contract(w->board, NULL));
    struct entry e;
    struct buf body = {0};
    struct log_place place;
    event_begin(w->board, &e, EVENT_CONTRACT, STR("pat"));
    e.event.fields = FIELD_TEXT | FIELD_HASH_A;
    e.event.text = STR("rules of another age");
    entry_unique_identity(&e, &w->board->log_name, board_head(w->board) + 1, &e.id);
    entry_encode(&e, &body);
    const struct str bytes = buf_str(&body);
    (void)log_append(board_log(w->board), &bytes, 1, &place);
    buf_deinit(&body);
    log_flush(board_log(w->board));
    memory_run_all(&w->disk);
    board_close(w->board);
    world_open(w);
    assert_true(w->report.from_checkpoint > 0);
    const struct hash after = contract_hash(board_contract(w->board, NULL));
    assert_same_state(before, after);
    world_free(w);
}

/* A checkpoint spares the reading of the log, so damage is met later than otherwise: it
 * is told all the same, even while the log prepares its next segment. */
static void test_a_damaged_contract_is_told(void **state)
{
    (void)state;
    struct world *w = world_opened();
    activate(w, TOPICS);
    const uint32_t offset = (uint32_t)board_place(w->board, board_head(w->board)).position;
    for (int i = 0; i < 300; i++) {
        struct actor bob = agent_named("bob");
        struct result r;
        char text[300];
        memset(text, 'x', sizeof text);
        DO(w, r, board_hint(w->board, &bob, str_n(text, sizeof text), STR("s"), 0, &r));
        assert_int_equal(r.outcome, BOARD_CREATED);
    }
    world_settle(w);
    assert_int_equal(board_checkpoint_now(w->board, NULL), ERR_OK);
    board_close(w->board);
    w->board = NULL;
    struct io_file *segment = memory_find(&w->disk, "log/00000001.seg");
    segment->seen[offset + 100] ^= 1;
    const enum err err =
        board_open(&w->board, &w->disk.io, &w->options, &w->report, &w->trail);
    assert_int_equal(err, ERR_CORRUPT);
    assert_non_null(strstr(w->trail.text, "contract"));
    w->board = NULL;
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refusal_waits_for_nothing),
        cmocka_unit_test(test_a_rollback_gives_the_rate_back),
        cmocka_unit_test(test_a_claim_keeps_its_contract),
        cmocka_unit_test(test_a_text_that_is_read_no_more),
        cmocka_unit_test(test_a_damaged_contract_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
