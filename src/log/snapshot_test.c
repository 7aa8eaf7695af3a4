/* snapshot_test.c - a checkpoint is whole or refused, and the old one stays until then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"
#include "log/memory_io_test.h"
#include "log/snapshot.h"

#define NAME     "checkpoint"
#define LOG_NAME "0123456789abcdef0123456789abcdef"

enum { TAG_TEXT = 7, TAG_EMPTY = 8, TAG_LARGE = 9, TAG_RUNS = 10, LARGE_BYTES = 700001 };

static enum err write_one(struct memory_disk *disk, uint64_t seq, const uint8_t *large)
{
    struct snapshot_writer w;
    snapshot_begin(&w, &disk->io, NAME, seq, LOG_NAME);
    snapshot_section(&w, TAG_TEXT, "seventeen bytes..", 17);
    snapshot_section(&w, TAG_EMPTY, NULL, 0);
    if (large != NULL) {
        snapshot_section(&w, TAG_LARGE, large, LARGE_BYTES);
    }
    snapshot_section_begin(&w, TAG_RUNS, 3000);
    for (int i = 0; i < 1000; i++) {
        snapshot_section_add(&w, "abc", 3);
    }
    snapshot_section_end(&w);
    return snapshot_finish(&w);
}

static void test_write_and_read(void **state)
{
    (void)state;
    struct memory_disk disk;
    memory_init(&disk);
    uint8_t *large = mem_alloc(LARGE_BYTES);
    memory_random(&disk, large, LARGE_BYTES);
    assert_int_equal(write_one(&disk, 42, large), ERR_OK);
    memory_crash(&disk);
    struct snapshot_reader r;
    assert_int_equal(snapshot_open(&r, &disk.io, NAME), ERR_OK);
    assert_int_equal(r.seq, 42);
    assert_string_equal(r.log_name, LOG_NAME);
    struct str bytes;
    assert_true(snapshot_get(&r, TAG_TEXT, &bytes));
    assert_true(str_is(bytes, "seventeen bytes.."));
    assert_true(snapshot_get(&r, TAG_EMPTY, &bytes));
    assert_int_equal(bytes.len, 0);
    assert_true(snapshot_get(&r, TAG_LARGE, &bytes));
    assert_int_equal(bytes.len, LARGE_BYTES);
    assert_memory_equal(bytes.at, large, LARGE_BYTES);
    assert_int_equal((bytes.at - (const char *)r.view) % 16, 0);
    assert_true(snapshot_get(&r, TAG_RUNS, &bytes));
    assert_int_equal(bytes.len, 3000);
    assert_memory_equal(bytes.at + 2997, "abc", 3);
    assert_false(snapshot_get(&r, 99, &bytes));
    snapshot_close(&r);
    assert_true(disk.writes < 20);
    mem_free(large);
    memory_deinit(&disk);
}

static void test_none(void **state)
{
    (void)state;
    struct memory_disk disk;
    memory_init(&disk);
    struct snapshot_reader r;
    assert_int_equal(snapshot_open(&r, &disk.io, NAME), ERR_NOT_FOUND);
    memory_deinit(&disk);
}

static void test_every_flipped_bit_and_every_cut_is_seen(void **state)
{
    (void)state;
    struct memory_disk disk;
    memory_init(&disk);
    assert_int_equal(write_one(&disk, 3, NULL), ERR_OK);
    struct io_file *file = memory_find(&disk, NAME);
    const size_t len = file->len;
    struct snapshot_reader r;
    for (size_t i = 0; i < len; i++) {
        file->seen[i] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(snapshot_open(&r, &disk.io, NAME), ERR_CORRUPT);
        file->seen[i] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t cut = 0; cut < len; cut++) {
        file->len = cut;
        assert_int_equal(snapshot_open(&r, &disk.io, NAME), ERR_CORRUPT);
    }
    file->len = len;
    assert_int_equal(snapshot_open(&r, &disk.io, NAME), ERR_OK);
    snapshot_close(&r);
    memory_deinit(&disk);
}

/* Whatever fails, the older checkpoint stays readable, also after a crash. */
static void test_a_failure_keeps_the_old_one(void **state)
{
    (void)state;
    for (uint64_t at = 1;; at++) {
        struct memory_disk disk;
        memory_init(&disk);
        assert_int_equal(write_one(&disk, 1, NULL), ERR_OK);
        disk.fail_at = disk.ops + at;
        disk.fault = ERR_FULL;
        const enum err err = write_one(&disk, 2, NULL);
        const bool reached = disk.ops >= disk.fail_at;
        memory_crash(&disk);
        struct snapshot_reader r;
        assert_int_equal(snapshot_open(&r, &disk.io, NAME), ERR_OK);
        assert_int_equal(r.seq, err == ERR_OK ? 2 : 1);
        snapshot_close(&r);
        memory_deinit(&disk);
        if (!reached) {
            assert_int_equal(err, ERR_OK);
            assert_true(at > 5);
            return;
        }
        assert_int_equal(err, ERR_FULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_every_flipped_bit_and_every_cut_is_seen),
        cmocka_unit_test(test_a_failure_keeps_the_old_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
