/* idempotency_test.c - remembered answers: for a day, across restarts, however large, and
 * never without what they answer.
 */
#include <stddef.h>

#include "board/board_internal.h"
#include "board/board_world_test.h"

static struct hash key_of(int number)
{
    struct hash hash;
    sha256(&number, sizeof number, &hash);
    return hash;
}

static void keep(struct world *w, int number, struct str answer)
{
    struct actor bob = agent_named("bob");
    struct idempotency stored = {
        .key = key_of(number), .body = key_of(-number), .status = 201, .answer = answer};
    board_begin(w->board);
    board_idempotency_put(w->board, &bob, &stored);
    (void)board_commit(w->board);
}

static bool known(struct world *w, int number)
{
    struct hash key = key_of(number);
    struct idempotency stored;
    return board_idempotency_find(w->board, &key, &stored);
}

static void assert_answer(struct world *w, int number, struct str answer)
{
    struct hash key = key_of(number), body = key_of(-number);
    struct idempotency stored;
    assert_true(board_idempotency_find(w->board, &key, &stored));
    assert_true(hash_eq(&stored.key, &key));
    assert_true(hash_eq(&stored.body, &body));
    assert_int_equal(stored.status, 201);
    assert_true(str_eq(stored.answer, answer));
}

static void test_answers_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, 4097, 300000};
    struct world *w = world_opened();
    char *text = mem_alloc(300000);
    for (size_t i = 0; i < 300000; i++) {
        text[i] = (char)(i * 31 / 7);
    }
    for (int i = 0; i < 5; i++) {
        assert_false(known(w, i));
        keep(w, i, str_n(text, sizes[i]));
        assert_answer(w, i, str_n(text, sizes[i]));
    }
    for (int life = 0; life < 2; life++) {
        world_reopen(w);
        for (int i = 0; i < 5; i++) {
            assert_answer(w, i, str_n(text, sizes[i]));
        }
        world_settle(w);
        assert_int_equal(board_checkpoint_now(w->board, NULL), ERR_OK);
    }
    assert_int_equal(w->report.from_checkpoint, 5);
    mem_free(text);
    world_free(w);
}

static void test_forgotten_after_a_day(void **state)
{
    (void)state;
    struct world *w = world_opened();
    keep(w, 1, STR("one"));
    world_sleep(w, IDEMPOTENCY_MS / 2);
    keep(w, 2, STR("two"));
    world_sleep(w, IDEMPOTENCY_MS / 2 - 1);
    assert_answer(w, 1, STR("one"));
    world_reopen(w);
    assert_answer(w, 1, STR("one"));
    world_sleep(w, 1);
    assert_false(known(w, 1));
    assert_answer(w, 2, STR("two"));
    world_reopen(w);
    assert_false(known(w, 1));
    assert_answer(w, 2, STR("two"));
    keep(w, 1, STR("another one")); /* the key may be used again */
    assert_answer(w, 1, STR("another one"));
    world_reopen(w);
    assert_answer(w, 1, STR("another one"));
    world_free(w);
}

static void test_rolled_back_with_the_deed(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct actor bob = agent_named("bob");
    struct fact_in in = {.origin = STR("web"), .content = text_of("x")};
    struct idempotency stored = {.key = key_of(7), .status = 201, .answer = STR("made")};
    struct result r;
    board_begin(w->board);
    board_fact(w->board, &bob, &in, &r);
    board_idempotency_put(w->board, &bob, &stored);
    assert_true(known(w, 7));
    board_rollback(w->board);
    assert_false(known(w, 7));
    world_reopen(w);
    assert_false(known(w, 7));
    world_free(w);
}

static void test_many(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.idempotency_max = 500;
    world_open(w);
    for (int i = 0; i < 1200; i++) {
        char text[16];
        int len = snprintf(text, sizeof text, "%d", i);
        keep(w, i, str_n(text, (size_t)len));
        if (i % 300 == 299) {
            world_reopen(w);
        }
    }
    for (int i = 0; i < 1200; i++) { /* the newest ones stay */
        assert_int_equal(known(w, i), i >= 700);
    }
    assert_true(w->board->idem.queue_count <= 500);
    assert_int_equal(w->board->idem.used, w->board->idem.queue_count);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_of_any_size),
        cmocka_unit_test(test_forgotten_after_a_day),
        cmocka_unit_test(test_rolled_back_with_the_deed),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
