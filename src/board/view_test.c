/* view_test.c - records as they were written, and the look for a Fact that is there.
 */
#include "board/board_world_test.h"

#include "board/view.h"

static void test_entry(void **state)
{
    struct world *w = world_opened();
    struct entry entry;
    (void)state;
    struct result r = add_fact(w, "ann", "a.md", "one");
    assert_true(board_entry(w->board, r.record, &entry));
    assert_int_equal(entry.kind, RECORD_FACT);
    assert_true(str_is(entry.creator, "ann"));
    assert_true(str_is(entry.fact.origin, "a.md"));
    assert_true(str_is(entry.fact.content, "one"));
    world_free(w);
}

/* It says what board_fact does: for each field that is part of the identity. */
static void test_find(void **state)
{
    struct world *w = world_opened();
    struct actor ann = agent_named("ann");
    struct result r;
    (void)state;
    struct id first = id_at(w, add_fact(w, "ann", "a.md", "one").record);
    struct str from = str_of(first.text);
    struct fact_in in = {.origin = STR("b.md"),
                         .content = text_of("two"),
                         .from = {&from, 1},
                         .topic = STR("t"),
                         .position = STR("p"),
                         .has_valid_from = true,
                         .valid_from_ms = 5};
    assert_int_equal(board_fact_find(w->board, STR("ann"), &in), ORDINAL_NONE);
    DO(w, r, board_fact(w->board, &ann, &in, &r));
    assert_int_equal(r.outcome, BOARD_CREATED);
    uint64_t head = board_head(w->board);
    assert_int_equal(board_fact_find(w->board, STR("ann"), &in), r.record);
    assert_int_equal(board_fact_find(w->board, STR("bob"), &in), ORDINAL_NONE);
    assert_int_equal(board_head(w->board), head);
    struct fact_in other = in;
    other.from.count = 0;
    assert_int_equal(board_fact_find(w->board, STR("ann"), &other), ORDINAL_NONE);
    other = in;
    other.valid_from_ms = 6;
    assert_int_equal(board_fact_find(w->board, STR("ann"), &other), ORDINAL_NONE);
    other = in;
    other.content = text_of("three");
    assert_int_equal(board_fact_find(w->board, STR("ann"), &other), ORDINAL_NONE);
    other = in;
    other.position = STR("q");
    assert_int_equal(board_fact_find(w->board, STR("ann"), &other), ORDINAL_NONE);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry),
        cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
