/* checkpoint_test.c - a checkpoint is a cache: whatever happens to it, the board opens and
 * is the same; and it never runs ahead of the disk.
 */
#include <stddef.h>

#include "board/board_world_test.h"

static void some_life(struct world *w, const char *tag, int count)
{
    for (int i = 0; i < count; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%s %d", tag, i);
        (void)add_fact(w, "ann", "web", text);
        struct id id = add_intent(w, "bob", text, i % 10 + 1);
        if (i % 3 == 0) {
            (void)claim(w, "cat", &id, 0);
        } else if (i % 3 == 1) {
            (void)claim(w, "cat", &id, 0);
            (void)conclude(w, "cat", &id, 1, text);
        }
    }
}

static struct io_file *checkpoint_file(struct world *w)
{
    struct io_file *file = memory_find(&w->disk, "checkpoint");
    assert_non_null(file);
    return file;
}

static void reopened_same(struct world *w, bool uses_checkpoint)
{
    struct hash before = world_digest(w);
    world_reopen(w);
    assert_same_state(world_digest(w), before);
    assert_int_equal(w->report.from_checkpoint > 0, uses_checkpoint);
}

static void test_is_used(void **state)
{
    (void)state;
    struct world *w = world_opened();
    some_life(w, "one", 50);
    assert_int_not_equal(board_checkpoint_now(w->board, NULL), ERR_OK); /* not settled */
    world_settle(w);
    uint64_t seq = board_head(w->board);
    assert_int_equal(board_checkpoint_now(w->board, NULL), ERR_OK);
    some_life(w, "two", 20);
    reopened_same(w, true);
    assert_int_equal(w->report.from_checkpoint, seq);
    some_life(w, "three", 20);
    reopened_same(w, true);
    w->options.no_checkpoint = true;
    reopened_same(w, false);
    world_free(w);
}

static void test_damage_anywhere(void **state)
{
    (void)state;
    struct world *w = world_opened();
    some_life(w, "one", 10);
    world_settle(w);
    assert_int_equal(board_checkpoint_now(w->board, NULL), ERR_OK);
    some_life(w, "two", 3);
    reopened_same(w, true);
    size_t len = checkpoint_file(w)->len;
    for (size_t at = 0; at < len; at += 97) {
        struct hash before = world_digest(w);
        world_settle(w);
        board_close(w->board);
        checkpoint_file(w)->seen[at] ^= 0x10;
        world_open(w);
        assert_same_state(world_digest(w), before);
        checkpoint_file(w)->seen[at] ^= 0x10;
    }
    struct hash before = world_digest(w);
    world_settle(w);
    board_close(w->board);
    memory_resize(checkpoint_file(w), len / 2);
    world_open(w);
    assert_same_state(world_digest(w), before);
    assert_int_equal(w->report.from_checkpoint, 0);
    world_free(w);
}

/* Somebody copied a checkpoint from another board beside this log. */
static void test_of_another_log(void **state)
{
    (void)state;
    struct world *w = world_opened(), *other = world_new();
    other->disk.random = 99;
    world_open(other);
    some_life(w, "one", 5);
    some_life(other, "two", 12);
    world_settle(other);
    assert_int_equal(board_checkpoint_now(other->board, NULL), ERR_OK);
    world_settle(w);
    assert_int_equal(board_checkpoint_now(w->board, NULL), ERR_OK);
    struct hash before = world_digest(w);
    board_close(w->board);
    struct io_file *to = checkpoint_file(w), *from = checkpoint_file(other);
    memory_resize(to, from->len);
    memcpy(to->seen, from->seen, from->len);
    world_open(w);
    assert_same_state(world_digest(w), before);
    assert_int_equal(w->report.from_checkpoint, 0);
    world_free(other);
    world_free(w);
}

/* The checkpoint was written when its records were durable: a log without them has lost
 * them, and going on without a word would hide that. */
static void test_tells_what_the_log_lost(void **state)
{
    (void)state;
    struct world *w = world_opened();
    some_life(w, "one", 5);
    world_settle(w);
    some_life(w, "two", 1);
    world_settle(w);
    assert_int_equal(board_checkpoint_now(w->board, NULL), ERR_OK);
    uint64_t from = (uint32_t)board_place(w->board, board_head(w->board)).position;
    board_close(w->board);
    w->board = NULL;
    struct io_file *segment = memory_find(&w->disk, "log/00000001.seg");
    memset(segment->seen + from, 0, segment->len - from);
    enum err err = board_open(&w->board, &w->disk.io, &w->options, &w->report, &w->trail);
    assert_int_equal(err, ERR_CORRUPT);
    assert_non_null(strstr(w->trail.text, "log/00000001.seg"));
    /* Looking has changed nothing. */
    for (size_t i = 0; i < from; i++) {
        assert_int_equal(segment->seen[i], segment->disk[i]);
    }
    w->board = NULL;
    world_free(w);
}

/* The same life gives the same bytes: no addresses, nothing that was never set. */
static void test_function_of_the_records(void **state)
{
    (void)state;
    static const struct str can[] = {{"see", 3}, {"read", 4}};
    struct world *worlds[2];
    for (int i = 0; i < 2; i++) {
        struct world *w = worlds[i] = world_opened();
        struct actor admin = {STR("admin"), ROLE_ADMIN};
        struct agent_in in = {
            .name = STR("cat"), .role = ROLE_AGENT, .capabilities = can, .capabilities_count = 2};
        struct result r;
        void *elsewhere = mem_alloc(1000 + (size_t)i * 5000);
        DO(w, r, board_agent_add(w->board, &admin, &in, &r));
        some_life(w, "same", 30);
        world_settle(w);
        assert_int_equal(board_checkpoint_now(w->board, NULL), ERR_OK);
        mem_free(elsewhere);
    }
    struct io_file *one = checkpoint_file(worlds[0]), *two = checkpoint_file(worlds[1]);
    assert_int_equal(one->len, two->len);
    assert_memory_equal(one->seen, two->seen, one->len);
    reopened_same(worlds[0], true);
    world_free(worlds[0]);
    world_free(worlds[1]);
}

/* Written in the background while the log is ahead of the disk: published only when the
 * disk has caught up. */
static void test_in_the_background(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.checkpoint_every_bytes = 20000;
    world_open(w);
    for (int i = 0; i < 40; i++) {
        some_life(w, i % 2 == 0 ? "even" : "odd", i);
        board_flush(w->board);
        if (i % 4 == 0) {
            memory_run_all(&w->disk);
        }
    }
    reopened_same(w, true);
    world_free(w);
}

static void test_never_ahead_of_the_disk(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.checkpoint_every_bytes = 1;
    world_open(w);
    some_life(w, "one", 10);
    board_flush(w->board);
    memory_run_all(&w->disk); /* what has been committed makes one due */
    some_life(w, "two", 10);
    board_flush(w->board); /* written, while its last commit has only begun */
    assert_true(board_durable(w->board) < board_head(w->board));
    assert_non_null(memory_find(&w->disk, "checkpoint.new"));
    assert_null(memory_find(&w->disk, "checkpoint"));
    memory_run_all(&w->disk);
    assert_true(board_durable(w->board) == board_head(w->board));
    board_flush(w->board);
    assert_non_null(memory_find(&w->disk, "checkpoint"));
    reopened_same(w, true);
    world_free(w);
}

static void test_crash_at_every_moment(void **state)
{
    (void)state;
    for (uint64_t fail_at = 1; fail_at < 60; fail_at++) {
        struct world *w = world_new();
        w->options.checkpoint_every_bytes = 4000;
        world_open(w);
        w->disk.ops = 0;
        w->disk.fail_at = fail_at;
        w->disk.fail_forever = true;
        for (int i = 0; i < 12 && board_failed(w->board) == ERR_OK; i++) {
            some_life(w, "life", i + 1);
            board_flush(w->board);
            memory_run_all(&w->disk);
        }
        uint64_t durable = board_durable(w->board);
        assert_false(board_busy(w->board));
        board_close(w->board);
        w->disk.fail_forever = false;
        memory_crash(&w->disk);
        world_open(w);
        assert_true(board_head(w->board) >= durable);
        assert_true(w->report.from_checkpoint <= board_head(w->board));
        struct hash resumed = world_digest(w);
        w->options.no_checkpoint = true;
        world_reopen(w);
        assert_same_state(world_digest(w), resumed);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_used),
        cmocka_unit_test(test_damage_anywhere),
        cmocka_unit_test(test_of_another_log),
        cmocka_unit_test(test_tells_what_the_log_lost),
        cmocka_unit_test(test_function_of_the_records),
        cmocka_unit_test(test_in_the_background),
        cmocka_unit_test(test_never_ahead_of_the_disk),
        cmocka_unit_test(test_crash_at_every_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
