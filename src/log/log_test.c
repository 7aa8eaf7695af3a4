/* log_test.c - the log from its owner's side: append, flush, read, reopen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "codec/bytes.h"
#include "log/log_world_test.h"

static void test_empty_log_opens_cheaply(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    assert_int_equal(log_head(w.log), 0);
    assert_int_equal(log_durable(w.log), 0);
    assert_false(log_busy(w.log));
    assert_true(w.disk.writes <= 1);
    struct hash root;
    struct hash empty;
    merkle_empty(&empty);
    log_root(w.log, &root);
    assert_true(hash_eq(&root, &empty));
    char name[33];
    char again[33];
    log_name(w.log, name);
    world_close(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    log_name(w.log, again);
    assert_string_equal(name, again);
    assert_int_equal(strlen(name), 32);
    world_deinit(&w);
}

static void test_append_flush_reopen(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    world_append(&w, 3);
    assert_int_equal(log_head(w.log), 3);
    assert_int_equal(log_durable(w.log), 0);
    assert_true(world_reads(&w, 3)); /* from the open batch */
    assert_true(log_waiting_bytes(w.log) > 0);
    log_flush(w.log);
    assert_true(log_busy(w.log));
    assert_int_equal(log_waiting_bytes(w.log), 0);
    assert_true(world_reads(&w, 3)); /* from the batch in flight */
    world_append(&w, 2);
    log_flush(w.log); /* one commit at a time: nothing happens */
    assert_int_equal(w.disk.jobs_count, 1);
    assert_true(memory_step(&w.disk));
    assert_int_equal(w.durable_calls, 1);
    assert_int_equal(log_durable(w.log), 3);
    assert_true(world_reads(&w, 5)); /* from the segment and the open batch */
    log_flush(w.log);
    memory_run_all(&w.disk);
    assert_int_equal(log_durable(w.log), 5);
    struct hash root;
    struct hash durable;
    uint64_t size;
    log_root(w.log, &root);
    log_durable_root(w.log, &size, &durable);
    assert_int_equal(size, 5);
    assert_true(hash_eq(&root, &durable));
    world_close(&w);

    memory_crash(&w.disk);
    assert_int_equal(world_open(&w), ERR_OK);
    assert_int_equal(w.replayed, 5);
    assert_int_equal(w.report.records, 5);
    assert_int_equal(w.report.groups, 2);
    assert_int_equal(w.report.torn_bytes, 0);
    assert_false(w.bad_replay);
    assert_true(world_reads(&w, 5));
    log_durable_root(w.log, &size, &root);
    assert_true(hash_eq(&root, &durable));
    world_deinit(&w);
}

static void test_what_was_not_flushed_is_gone_and_its_seq_is_used_again(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    world_commit(&w, 4);
    world_append(&w, 2);
    world_close(&w);
    memory_crash(&w.disk);
    assert_int_equal(world_open(&w), ERR_OK);
    assert_int_equal(log_head(w.log), 4);
    world_commit(&w, 1);
    assert_int_equal(log_durable(w.log), 5);
    world_deinit(&w);
}

static void test_segments_follow_each_other(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    for (size_t i = 0; i < 300; i++) {
        world_commit(&w, 1 + i % 3);
    }
    const uint64_t head = log_head(w.log);
    struct log_counters counters;
    log_counters(w.log, &counters);
    assert_true(counters.segments > 5);
    assert_int_equal(counters.records, head);
    assert_int_equal(counters.groups, 300);
    assert_int_equal(counters.group_records_max, 3);
    assert_true(world_reads(&w, head));
    assert_int_equal(memory_find(&w.disk, "log/00000001.seg")->len, 1024);
    assert_int_equal(memory_find(&w.disk, "log/00000002.seg")->len, 2048);
    assert_int_equal(memory_find(&w.disk, "log/00000003.seg")->len, 4096);
    assert_int_equal(memory_find(&w.disk, "log/00000004.seg")->len, 4096);
    world_close(&w);
    memory_crash(&w.disk);
    /* Other sizes for the segments to come do not disturb those that are there. */
    w.options.segment_bytes_first = 2048;
    assert_int_equal(world_open(&w), ERR_OK);
    assert_int_equal(w.replayed, head);
    assert_false(w.bad_replay);
    for (size_t i = 0; i < 40; i++) {
        world_commit(&w, 3);
    }
    assert_true(world_reads(&w, head + 120));
    world_deinit(&w);
}

/* The commit that begins a segment waits for the spare instead of racing it. */
static void test_a_commit_waits_for_the_spare(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    world_append(&w, 5);
    log_flush(w.log);
    assert_true(memory_step(&w.disk)); /* the commit; now the spare's job waits */
    assert_int_equal(log_durable(w.log), 5);
    assert_int_equal(w.disk.jobs_count, 1);
    world_append(&w, 20); /* does not fit into the first segment */
    log_flush(w.log);
    assert_int_equal(w.disk.jobs_count, 1);
    const uint64_t writes = w.disk.writes;
    assert_true(memory_step(&w.disk)); /* the spare */
    assert_non_null(memory_find(&w.disk, "log/spare.seg"));
    assert_true(w.disk.writes > writes);
    assert_int_equal(w.disk.jobs_count, 1);
    assert_true(memory_step(&w.disk));
    assert_int_equal(log_durable(w.log), 25);
    assert_null(memory_find(&w.disk, "log/spare.seg"));
    world_deinit(&w);
}

static void test_a_spare_with_old_bytes_is_zeroed(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    world_commit(&w, 5);
    struct io_file *spare = memory_find(&w.disk, "log/spare.seg");
    assert_non_null(spare);
    world_close(&w);
    memset(spare->seen + spare->len - 100, 0xa5, 100);
    assert_int_equal(world_open(&w), ERR_OK);
    memory_run_all(&w.disk);
    world_commit(&w, 20);
    struct io_file *second = memory_find(&w.disk, "log/00000002.seg");
    assert_non_null(second);
    for (size_t i = second->len - 16; i < second->len; i++) {
        assert_int_equal(second->seen[i], 0);
    }
    world_close(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    assert_int_equal(w.report.torn_bytes, 0);
    assert_int_equal(w.replayed, 25);
    world_deinit(&w);
}

/* A full disk stops the spare, not the log; the segment in use still has room. */
static void test_a_refused_spare_does_not_fail_the_log(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    world_append(&w, 5);
    log_flush(w.log);
    assert_true(memory_step(&w.disk));
    w.disk.fault = ERR_FULL;
    w.disk.fail_at = w.disk.ops + 1;
    w.disk.fail_forever = true;
    memory_run_all(&w.disk);
    assert_int_equal(log_failed(w.log), ERR_OK);
    w.disk.fail_at = 0;
    world_commit(&w, 1);
    assert_int_equal(log_durable(w.log), 6);
    world_commit(&w, 30); /* begins a segment without a spare */
    assert_int_equal(log_durable(w.log), 36);
    assert_int_equal(log_failed(w.log), ERR_OK);
    world_deinit(&w);
}

static void test_a_failed_commit_fails_the_log_once(void **state)
{
    (void)state;
    for (uint64_t at = 1;; at++) {
        struct world w;
        world_init(&w);
        assert_int_equal(world_open(&w), ERR_OK);
        world_commit(&w, 1);
        memory_run_all(&w.disk);
        world_append(&w, 30);
        w.disk.fault = at % 2 == 0 ? ERR_IO : ERR_FULL;
        w.disk.fail_at = w.disk.ops + at;
        log_flush(w.log);
        memory_run_all(&w.disk);
        if (log_failed(w.log) == ERR_OK) {
            assert_true(at > 4); /* zeros, their sync, header, its sync, rename, group, sync */
            assert_int_equal(w.failed_calls, 0);
            assert_int_equal(log_durable(w.log), 31);
            world_deinit(&w);
            return;
        }
        assert_int_equal(log_failed(w.log), w.disk.fault);
        assert_int_equal(w.failed_calls, 1);
        assert_int_equal(w.durable_calls, 1);
        assert_int_equal(log_durable(w.log), 1);
        log_flush(w.log);
        assert_false(log_busy(w.log));
        assert_true(world_reads(&w, 31));
        world_deinit(&w);
    }
}

static void put_content(struct world *w, uint8_t fill, size_t len, struct hash *out_hash)
{
    uint8_t *bytes = mem_alloc(len);
    memset(bytes, fill, len);
    sha256(bytes, len, out_hash);
    log_put_blob(w->log, out_hash, str_n(bytes, len));
    mem_free(bytes);
}

static void assert_content(struct world *w, const struct hash *hash, uint8_t fill, size_t len)
{
    struct buf out = {0};
    assert_true(log_read_blob(w->log, hash, &out));
    assert_int_equal(out.len, len);
    assert_int_equal(out.at[0], fill);
    assert_int_equal(out.at[len - 1], fill);
    buf_deinit(&out);
}

static void test_blobs(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    struct hash a;
    struct hash b;
    put_content(&w, 'a', LOG_BLOB_BYTES_MIN, &a);
    put_content(&w, 'b', 100000, &b);
    put_content(&w, 'a', LOG_BLOB_BYTES_MIN, &a);
    assert_int_equal(log_waiting_bytes(w.log), LOG_BLOB_BYTES_MIN + 100000);
    assert_content(&w, &a, 'a', LOG_BLOB_BYTES_MIN);
    world_append(&w, 1);
    log_flush(w.log);
    assert_content(&w, &b, 'b', 100000);
    memory_run_all(&w.disk);
    assert_int_equal(log_waiting_bytes(w.log), 0);
    assert_content(&w, &b, 'b', 100000);
    put_content(&w, 'b', 100000, &b);
    assert_int_equal(log_waiting_bytes(w.log), 0); /* known */
    world_close(&w);
    memory_crash(&w.disk);
    assert_int_equal(world_open(&w), ERR_OK);
    assert_content(&w, &a, 'a', LOG_BLOB_BYTES_MIN);
    assert_content(&w, &b, 'b', 100000);

    char name[MEMORY_NAME_MAX] = "blobs/";
    hex_encode(a.bytes, 1, name + 6);
    name[8] = '/';
    hex_encode(a.bytes + 1, 31, name + 9);
    struct io_file *file = memory_find(&w.disk, name);
    assert_non_null(file);
    file->seen[77] ^= 1;
    struct buf out = {0};
    assert_false(log_read_blob(w.log, &a, &out));
    assert_int_equal(out.len, 0);
    put_content(&w, 'a', LOG_BLOB_BYTES_MIN, &a); /* storing it again mends it */
    world_commit(&w, 1);
    assert_content(&w, &a, 'a', LOG_BLOB_BYTES_MIN);
    struct hash unknown = {{1}};
    assert_false(log_read_blob(w.log, &unknown, &out));
    buf_deinit(&out);
    world_deinit(&w);
}

/* Bodies at their limit, appends at theirs; segments grow to what they must hold. */
static void test_limits(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    uint8_t *bytes = mem_zalloc(LOG_BODY_BYTES_MAX);
    bytes[LOG_BODY_BYTES_MAX - 1] = 9;
    enum { FULL = LOG_APPEND_BYTES_MAX / LOG_BODY_BYTES_MAX };
    struct str bodies[FULL + 2];
    struct log_place places[FULL + 2];
    bodies[0] = STR_NONE;
    for (size_t i = 1; i <= FULL; i++) {
        bodies[i] = str_n(bytes, LOG_BODY_BYTES_MAX);
    }
    bodies[FULL + 1] = STR_NONE;
    assert_int_equal(log_append(w.log, bodies, FULL + 2, places), 1);
    log_flush(w.log);
    memory_run_all(&w.disk);
    assert_int_equal(log_durable(w.log), FULL + 2);
    struct str body;
    assert_true(log_read(w.log, places[FULL], &body));
    assert_int_equal(body.len, LOG_BODY_BYTES_MAX);
    assert_int_equal(body.at[body.len - 1], 9);
    assert_true(log_read(w.log, places[FULL + 1], &body));
    assert_int_equal(body.len, 0);
    world_close(&w);
    memory_crash(&w.disk);
    assert_int_equal(world_open(&w), ERR_OK);
    assert_int_equal(log_head(w.log), FULL + 2);
    mem_free(bytes);
    world_deinit(&w);
}

static void test_read_refuses_wrong_places(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    world_commit(&w, 9);
    const uint64_t right = w.places[5].position;
    const uint64_t wrong[] = {
        0,
        1,
        right + 1,
        right + 8,
        right - 8,
        right + ((uint64_t)1 << 32),
        (uint64_t)1 << 32,
        ((uint64_t)1 << 32) + 1024,
        ((uint64_t)1 << 32) + 0xfffffff8u,
        UINT64_MAX,
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct str body;
        assert_false(log_read(w.log, (struct log_place){wrong[i]}, &body));
    }
    struct io_file *file = memory_find(&w.disk, "log/00000001.seg");
    file->seen[(uint32_t)right + 8] ^= 0x10;
    struct str body;
    assert_false(log_read(w.log, w.places[5], &body));
    assert_true(log_read(w.log, w.places[6], &body));
    world_deinit(&w);
}

/* on_durable may flush at once: commits follow each other without a pause. */
static void flush_again(void *context)
{
    struct world *w = context;
    w->durable_calls++;
    log_flush(w->log);
}

static void test_flush_from_on_durable(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.options.on_durable = flush_again;
    assert_int_equal(world_open(&w), ERR_OK);
    world_append(&w, 2);
    log_flush(w.log);
    world_append(&w, 2);
    world_append(&w, 2);
    memory_run_all(&w.disk);
    assert_int_equal(w.durable_calls, 2);
    assert_int_equal(log_durable(w.log), 6);
    world_deinit(&w);
}

static void test_read_only_changes_nothing(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.options.read_only = true;
    assert_int_equal(world_open(&w), ERR_NOT_FOUND);
    w.options.read_only = false;
    assert_int_equal(world_open(&w), ERR_OK);
    world_commit(&w, 9);
    world_commit(&w, 1);
    world_close(&w);
    struct io_file *file = memory_find(&w.disk, "log/00000001.seg");
    file->seen[(uint32_t)w.places[10].position] ^= 1;
    const uint64_t ops = w.disk.ops;
    w.options.read_only = true;
    assert_int_equal(world_open(&w), ERR_OK);
    assert_int_equal(log_head(w.log), 9);
    assert_true(w.report.torn_bytes > 0);
    assert_true(world_reads(&w, 9));
    world_close(&w);
    assert_int_equal(w.disk.ops, ops);
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_log_opens_cheaply),
        cmocka_unit_test(test_append_flush_reopen),
        cmocka_unit_test(test_what_was_not_flushed_is_gone_and_its_seq_is_used_again),
        cmocka_unit_test(test_segments_follow_each_other),
        cmocka_unit_test(test_a_commit_waits_for_the_spare),
        cmocka_unit_test(test_a_spare_with_old_bytes_is_zeroed),
        cmocka_unit_test(test_a_refused_spare_does_not_fail_the_log),
        cmocka_unit_test(test_a_failed_commit_fails_the_log_once),
        cmocka_unit_test(test_blobs),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_read_refuses_wrong_places),
        cmocka_unit_test(test_flush_from_on_durable),
        cmocka_unit_test(test_read_only_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
