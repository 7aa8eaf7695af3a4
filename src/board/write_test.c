/* write_test.c - transactions and ceilings: each limit at its value and one past, and what
 * a refusal says; memory per record.
 */
#include <stddef.h>

#include "board/board_internal.h"
#include "board/board_world_test.h"

static struct str run_of(char *bytes, size_t len)
{
    memset(bytes, 'a', len);
    return str_n(bytes, len);
}

static struct result fact_of(struct world *w, struct str origin, struct str topic,
                             struct str position)
{
    struct actor ann = agent_named("ann");
    struct fact_in in = {.origin = origin,
                         .content = text_of("x"),
                         .topic = topic,
                         .position = position};
    struct result r;
    DO(w, r, board_fact(w->board, &ann, &in, &r));
    return r;
}

static void test_name_lengths(void **state)
{
    (void)state;
    struct world *w = world_opened();
    char bytes[2000];
    size_t max = (size_t)w->options.limits.name_bytes_max;
    struct str fits = run_of(bytes, max), over = str_n(bytes, max + 1);
    struct str a = STR("a");
    bytes[max] = 'a';
    assert_int_equal(fact_of(w, fits, fits, fits).outcome, BOARD_CREATED);
    assert_int_equal(fact_of(w, over, a, a).outcome, BOARD_TOO_LARGE);
    assert_int_equal(fact_of(w, a, over, a).outcome, BOARD_TOO_LARGE);
    assert_int_equal(fact_of(w, a, a, over).outcome, BOARD_TOO_LARGE);
    struct intent_in in = {
        .description = STR("x"), .capability = fits, .topic = fits, .dedupe_key = fits};
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_CREATED);
    in = (struct intent_in){.description = STR("x"), .capability = over};
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_TOO_LARGE);
    in = (struct intent_in){.description = STR("x"), .topic = over};
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_TOO_LARGE);
    in = (struct intent_in){.description = STR("x"), .dedupe_key = over};
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_TOO_LARGE);
    world_reopen(w);
    world_free(w);
}

/* A ceiling that the format cannot keep is lowered, not believed. */
static void test_absurd_limits(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.name_bytes_max = UINT64_MAX;
    w->options.limits.links_max = UINT64_MAX;
    world_open(w);
    char *bytes = mem_alloc(70000);
    struct str a = STR("a");
    assert_int_equal(fact_of(w, run_of(bytes, 65001), a, a).outcome, BOARD_TOO_LARGE);
    struct str most = str_n(bytes, 65000);
    assert_int_equal(fact_of(w, most, most, most).outcome, BOARD_CREATED);
    world_reopen(w);
    mem_free(bytes);
    world_free(w);
}

static void test_text_lengths(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct actor bob = agent_named("bob");
    struct result r;
    size_t max = (size_t)w->options.limits.text_bytes_max;
    char *bytes = mem_alloc(max + 1);
    struct str over = run_of(bytes, max + 1), fits = str_n(bytes, max);
    struct intent_in in = {.description = over};
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_TOO_LARGE);
    in.description = fits;
    struct id id = id_at(w, add_intent_in(w, "ann", &in).record);
    struct str intent = str_of(id.text);
    DO(w, r, board_hint(w->board, &bob, over, STR(""), 0, &r));
    assert_int_equal(r.outcome, BOARD_TOO_LARGE);
    DO(w, r, board_hint(w->board, &bob, fits, STR(""), 0, &r));
    assert_int_equal(r.outcome, BOARD_CREATED);
    (void)claim(w, "bob", &id, 0);
    DO(w, r, board_release(w->board, &bob, intent, 1, over, &r));
    assert_int_equal(r.outcome, BOARD_TOO_LARGE);
    DO(w, r, board_fail(w->board, &bob, intent, 1, STR(""), true, &r));
    assert_int_equal(r.outcome, BOARD_INVALID); /* a failure has a reason */
    DO(w, r, board_fail(w->board, &bob, intent, 1, over, true, &r));
    assert_int_equal(r.outcome, BOARD_TOO_LARGE);
    bytes[0] = bytes[max - 1] = bytes[max] = '"';
    DO(w, r, board_checkpoint(w->board, &bob, intent, 1, fits, &r));
    assert_int_equal(r.outcome, BOARD_OK);
    bytes[max - 1] = 'a';
    DO(w, r, board_checkpoint(w->board, &bob, intent, 1, over, &r));
    assert_int_equal(r.outcome, BOARD_TOO_LARGE);
    bytes[0] = bytes[max - 1] = 'a';
    DO(w, r, board_fail(w->board, &bob, intent, 1, fits, true, &r));
    assert_int_equal(r.outcome, BOARD_OK);
    world_reopen(w);
    mem_free(bytes);
    world_free(w);
}

static void test_links(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.links_max = 20;
    world_open(w);
    struct id ids[21];
    struct str texts[21];
    for (int i = 0; i < 21; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%d", i);
        ids[i] = id_at(w, add_fact(w, "ann", "web", text).record);
        texts[i] = str_of(ids[i].text);
    }
    struct intent_in in = {.description = STR("x"), .from_facts = {texts, 21}};
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_TOO_LARGE);
    in.from_facts.count = 20;
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_CREATED);
    world_free(w);
}

static void test_open_intents(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.open_intents_max = 3;
    world_open(w);
    struct intent_in in = {.description = STR("x")};
    struct id first = add_intent(w, "ann", "x", 0);
    (void)add_intent(w, "ann", "x", 0);
    (void)add_intent(w, "ann", "x", 0);
    world_reopen(w);
    struct result r = add_intent_in(w, "ann", &in);
    assert_int_equal(r.outcome, BOARD_LIMIT);
    assert_true(r.retry_after_ms > 0);
    (void)cancel(w, agent_named("ann"), &first);
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_CREATED);
    assert_int_equal(add_intent_in(w, "ann", &in).outcome, BOARD_LIMIT);
    world_free(w);
}

static void test_records(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.records_max = 4;
    world_open(w);
    struct id id = add_intent(w, "ann", "x", 0);
    assert_int_equal(add_fact(w, "ann", "web", "1").outcome, BOARD_CREATED);
    struct result r = claim(w, "bob", &id, 0);
    assert_int_equal(r.outcome, BOARD_OK);
    r = add_fact(w, "ann", "web", "2");
    assert_int_equal(r.outcome, BOARD_LIMIT);
    assert_true(r.retry_after_ms > 0);
    /* What was claimed can still be ended, but not claimed again. */
    assert_int_equal(release(w, "bob", &id, 1).outcome, BOARD_OK);
    assert_status(w, &id, "submitted");
    assert_int_equal(claim(w, "bob", &id, 0).outcome, BOARD_LIMIT);
    world_reopen(w);
    assert_status(w, &id, "submitted");
    world_free(w);
}

static void test_waiting_bytes(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.waiting_bytes_max = 10000;
    world_open(w);
    struct result r = {0};
    int taken = 0;
    for (; taken < 1000; taken++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%d", taken);
        r = add_fact(w, "ann", "web", text);
        if (r.outcome != BOARD_CREATED) {
            break;
        }
    }
    assert_int_equal(r.outcome, BOARD_LIMIT);
    assert_true(r.retry_after_ms > 0 && taken > 20);
    world_settle(w);
    assert_int_equal(add_fact(w, "ann", "web", "again").outcome, BOARD_CREATED);
    world_free(w);
}

static void test_failed_disk(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id id = add_intent(w, "ann", "x", 0);
    (void)claim(w, "bob", &id, 1000);
    (void)claim(w, "bob", &id, 1000);
    world_settle(w);
    (void)add_fact(w, "ann", "web", "lost");
    w->disk.ops = 0;
    w->disk.fail_at = 1;
    w->disk.fail_forever = true;
    board_flush(w->board);
    memory_run_all(&w->disk);
    assert_int_equal(board_failed(w->board), ERR_IO);
    struct result r = add_fact(w, "ann", "web", "refused");
    assert_int_equal(r.outcome, BOARD_UNAVAILABLE);
    assert_true(r.retry_after_ms > 0);
    assert_int_equal(conclude(w, "bob", &id, 1, "x").outcome, BOARD_UNAVAILABLE);
    assert_int_equal(claim_next(w, "cat").outcome, BOARD_UNAVAILABLE);
    world_step_after(w, 600);
    (void)heartbeat(w, "bob", &id, 1);
    world_step_after(w, 5000);
    board_flush(w->board);
    w->disk.fail_forever = false;
    board_close(w->board);
    memory_crash(&w->disk);
    world_open(w);
    assert_int_equal(board_head(w->board), 3);
    assert_status(w, &id, "claimed");
    world_free(w);
}

/* More than one append may hold: refused, rolled back, and the next one is fine. */
static void test_transaction_too_large(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct actor ann = agent_named("ann");
    size_t len = 60000;
    char *bytes = mem_alloc(len);
    struct hash before = world_digest(w);
    struct result r;
    int count = 0;
    board_begin(w->board);
    do {
        board_hint(w->board, &ann, run_of(bytes, len), STR(""), 0, &r);
        count++;
    } while (r.outcome == BOARD_CREATED && count < 1000);
    assert_int_equal(r.outcome, BOARD_TOO_LARGE);
    assert_true(count > 100);
    board_rollback(w->board);
    assert_same_state(world_digest(w), before);
    board_begin(w->board);
    for (int i = 1; i < count; i++) {
        board_hint(w->board, &ann, run_of(bytes, len), STR(""), 0, &r);
        assert_int_equal(r.outcome, BOARD_CREATED);
    }
    assert_int_equal(board_commit(w->board), count - 1);
    before = world_digest(w);
    world_reopen(w);
    assert_same_state(world_digest(w), before);
    mem_free(bytes);
    world_free(w);
}

static void test_empty_transaction(void **state)
{
    (void)state;
    struct world *w = world_opened();
    board_begin(w->board);
    assert_int_equal(board_commit(w->board), 0);
    board_begin(w->board);
    board_rollback(w->board);
    assert_int_equal(board_head(w->board), 0);
    world_free(w);
}

/* A wall clock that is set back, or far ahead, never makes time run backwards here. */
static void test_wall_clock_jumps(void **state)
{
    (void)state;
    static const int64_t jumps[] = {-3600000, 7200000, -1700000000000, INT64_MAX / 2, -5000};
    struct world *w = world_opened();
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%zu", i);
        w->wall_ms = i == 4 ? -5 : w->wall_ms + jumps[i];
        assert_int_equal(add_fact(w, "ann", "web", text).outcome, BOARD_CREATED);
        (void)add_intent(w, "bob", text, 0);
        (void)board_step(w->board);
    }
    for (size_t i = 1; i < w->board->rows_count; i++) {
        assert_true(row_at_ms(&w->board->rows[i - 1]) <= row_at_ms(&w->board->rows[i]));
    }
    world_reopen(w);
    world_free(w);
}

/* Times tick between any two looks at the clock. */
static int64_t ticking_wall_ms(void *host)
{
    return ((struct world *)host)->wall_ms++;
}

static void test_ground_is_not_younger(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->disk.io.wall_ms = ticking_wall_ms;
    world_open(w);
    struct id id = add_intent(w, "ann", "x", 0);
    (void)claim(w, "bob", &id, 0);
    (void)conclude(w, "bob", &id, 1, "done");
    for (size_t i = 1; i < w->board->rows_count; i++) {
        assert_true(row_at_ms(&w->board->rows[i - 1]) <= row_at_ms(&w->board->rows[i]));
    }
    world_free(w);
}

static void test_memory_per_record(void **state)
{
    (void)state;
    enum { FACTS = 100000 };
    struct world *w = world_new();
    w->options.segment_bytes_first = 1u << 20;
    world_open(w);
    struct board_counts counts;
    char last[ID_TEXT_LEN + 1] = "";
    struct actor ann = agent_named("ann");
    for (int i = 0; i < FACTS; i++) {
        char text[32], origin[32], topic[32];
        struct result r;
        struct str from = str_of(last);
        int text_len = snprintf(text, sizeof text, "reading %d", i);
        int origin_len = snprintf(origin, sizeof origin, "sensor/%d", i % 1000);
        int topic_len = snprintf(topic, sizeof topic, "topic %d", i % 100);
        struct fact_in in = {
            .origin = str_n(origin, (size_t)origin_len),
            .content = {STR("text/plain"), str_n(text, (size_t)text_len)},
            .topic = str_n(topic, (size_t)topic_len),
            .from = {&from, i % 2 == 1},
        };
        DO(w, r, board_fact(w->board, &ann, &in, &r));
        assert_int_equal(r.outcome, BOARD_CREATED);
        board_id(w->board, r.record, last);
        if (i % 5000 == 0) {
            world_settle(w);
        }
    }
    board_counts(w->board, &counts);
    assert_int_equal(counts.facts, FACTS);
    print_message("%.1f bytes per record\n", (double)counts.index_bytes / FACTS);
    assert_true(counts.index_bytes / FACTS <= 192);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_lengths),      cmocka_unit_test(test_text_lengths),
        cmocka_unit_test(test_links),             cmocka_unit_test(test_open_intents),
        cmocka_unit_test(test_records),           cmocka_unit_test(test_waiting_bytes),
        cmocka_unit_test(test_failed_disk),       cmocka_unit_test(test_transaction_too_large),
        cmocka_unit_test(test_empty_transaction), cmocka_unit_test(test_wall_clock_jumps),
        cmocka_unit_test(test_ground_is_not_younger),
        cmocka_unit_test(test_absurd_limits),
        cmocka_unit_test(test_memory_per_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
