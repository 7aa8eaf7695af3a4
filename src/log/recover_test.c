/* recover_test.c - what the log makes of a disk after a crash, a fault or rot.
 *
 * The rule under test: a record that was durable is there again or the log refuses
 * to open; a torn tail is cut; nothing else is lost and nothing appears.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "codec/bytes.h"
#include "log/log_internal.h"
#include "log/log_world_test.h"

static struct world *world_new(void)
{
    struct world *w = mem_alloc(sizeof *w);
    world_init(w);
    return w;
}

static void world_free(struct world *w)
{
    world_deinit(w);
    mem_free(w);
}

/* A second world on a copy of the disk. */
static struct world *world_copy(const struct world *from)
{
    struct world *w = world_new();
    memory_copy(&w->disk, &from->disk);
    return w;
}

/* Five groups in two segments; the last group is in the second one. */
static struct world *two_segments(uint64_t *out_last_first_seq)
{
    struct world *w = world_new();
    assert_int_equal(world_open(w), ERR_OK);
    world_commit(w, 4);
    world_commit(w, 3);
    world_commit(w, 12);
    world_commit(w, 2);
    *out_last_first_seq = log_head(w->log) + 1;
    world_commit(w, 5);
    assert_int_equal(w->places[log_head(w->log)].position >> 32, 2);
    return w;
}

/* Offsets of the last group in its file: header to end. */
static void group_extent(const struct world *w, uint64_t first, uint64_t last, size_t *out_from,
                         size_t *out_to)
{
    uint8_t bytes[WORLD_BODY_MAX];
    *out_from = (uint32_t)w->places[first].position - 64;
    *out_to = (uint32_t)w->places[last].position + (8 + body_of(last, bytes).len + 7) / 8 * 8;
}

static void test_torn_at_every_byte(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    const uint64_t head = log_head(w->log);
    world_close(w);
    size_t from;
    size_t to;
    group_extent(w, first, head, &from, &to);
    for (size_t cut = from; cut < to; cut++) {
        struct world *torn = world_copy(w);
        struct io_file *file = memory_find(&torn->disk, "log/00000002.seg");
        memset(file->seen + cut, 0, to - cut);
        memset(file->disk + cut, 0, to - cut);
        /* A tail of zeros that were zeros before is no tear. */
        const bool whole = memcmp(memory_find(&w->disk, "log/00000002.seg")->seen + cut,
                                  file->seen + cut, to - cut) == 0;
        assert_int_equal(world_open(torn), ERR_OK);
        assert_int_equal(log_head(torn->log), whole ? head : first - 1);
        assert_int_equal(torn->report.torn_bytes > 0, !whole && cut > from);
        assert_false(torn->bad_replay);
        for (size_t i = whole ? to : from; i < file->len; i++) {
            assert_int_equal(file->seen[i], 0);
        }
        world_commit(torn, 3);
        world_close(torn);
        memory_crash(&torn->disk);
        assert_int_equal(world_open(torn), ERR_OK);
        assert_int_equal(log_head(torn->log), (whole ? head : first - 1) + 3);
        assert_int_equal(torn->report.torn_bytes, 0);
        world_free(torn);
    }
    world_free(w);
}

/* The other order of tearing: the end of the group arrived, its beginning did not. */
static void test_beginning_lost(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    const uint64_t head = log_head(w->log);
    world_close(w);
    size_t from;
    size_t to;
    group_extent(w, first, head, &from, &to);
    for (size_t lost = from + 8; lost < to - 16; lost += 8) {
        struct world *torn = world_copy(w);
        struct io_file *file = memory_find(&torn->disk, "log/00000002.seg");
        memset(file->seen + from, 0, lost - from);
        assert_int_equal(world_open(torn), ERR_OK);
        assert_int_equal(log_head(torn->log), first - 1);
        assert_true(torn->report.torn_bytes > 0);
        world_free(torn);
    }
    world_free(w);
}

/* Every byte of the first segment up to the end of its last group is checked. What lies
 * behind is dead: the next segment begins with the next record, so nothing is missing. */
static void test_a_flip_before_good_groups_is_corruption(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    const uint64_t head = log_head(w->log);
    world_close(w);
    struct io_file *file = memory_find(&w->disk, "log/00000001.seg");
    uint8_t *before = mem_alloc(file->len);
    size_t used = file->len;
    while (file->seen[used - 1] == 0) {
        used--;
    }
    used = (used + 7) / 8 * 8;
    assert_true(used < file->len);
    for (size_t i = 0; i < file->len; i++) {
        file->seen[i] ^= (uint8_t)(1u << i % 8);
        memcpy(before, file->seen, file->len);
        if (i >= used) {
            assert_int_equal(world_open(w), ERR_OK);
            assert_int_equal(log_head(w->log), head);
            world_close(w);
            file->seen[i] ^= (uint8_t)(1u << i % 8);
            continue;
        }
        assert_int_equal(world_open(w), ERR_CORRUPT);
        assert_non_null(strstr(w->trail.text, "log/00000001.seg"));
        assert_memory_equal(before, file->seen, file->len);
        file->seen[i] ^= (uint8_t)(1u << i % 8);
    }
    mem_free(before);
    assert_int_equal(world_open(w), ERR_OK);
    world_free(w);
}

/* In the segment written last: all groups but the last one are protected. */
static void test_a_flip_in_the_last_segment(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    const uint64_t head = log_head(w->log);
    world_close(w);
    size_t from;
    size_t to;
    group_extent(w, first, head, &from, &to);
    for (size_t i = 0; i < to; i++) {
        struct world *rot = world_copy(w);
        memory_find(&rot->disk, "log/00000002.seg")->seen[i] ^= (uint8_t)(1u << i % 8);
        const enum err err = world_open(rot);
        if (i < from) {
            assert_int_equal(err, ERR_CORRUPT);
        } else {
            assert_int_equal(err, ERR_OK);
            assert_int_equal(log_head(rot->log), first - 1);
        }
        world_free(rot);
    }
    world_free(w);
}

/* A checkpoint knows better: what it holds was durable, so it is never a torn tail. */
static void test_a_checkpoint_tells_rot_from_a_tear(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    const uint64_t head = log_head(w->log);
    struct log_resume resume;
    log_checkpoint_state(w->log, &resume);
    struct hash nodes[64];
    memcpy(nodes, resume.tree_nodes, resume.tree_nodes_count * sizeof nodes[0]);
    resume.tree_nodes = nodes;
    world_close(w);
    size_t from;
    size_t to;
    group_extent(w, first, head, &from, &to);
    for (size_t i = from; i < to; i += 3) {
        struct world *rot = world_copy(w);
        memory_find(&rot->disk, "log/00000002.seg")->seen[i] ^= 1;
        assert_int_equal(world_open_from(rot, &resume), ERR_CORRUPT);
        memset(memory_find(&rot->disk, "log/00000002.seg")->seen + from, 0, to - from);
        assert_int_equal(world_open_from(rot, &resume), ERR_CORRUPT);
        world_free(rot);
    }
    /* The whole segment is gone, or the checkpoint belongs to another history. */
    memory_find(&w->disk, "log/00000002.seg")->name[0] = '\0';
    assert_int_equal(world_open_from(w, &resume), ERR_CORRUPT);
    assert_int_equal(world_open(w), ERR_OK);
    world_commit(w, 12);
    world_close(w);
    resume.range.peaks[1].bytes[0] ^= 1;
    assert_int_equal(world_open_from(w, &resume), ERR_CORRUPT);
    world_free(w);
}

/* Each kind of evidence by itself shows that what cannot be read is no torn tail. */
static void test_evidence_of_corruption(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    struct log_resume resume;
    log_checkpoint_state(w->log, &resume);
    struct hash nodes[64];
    memcpy(nodes, resume.tree_nodes, resume.tree_nodes_count * sizeof nodes[0]);
    resume.tree_nodes = nodes;
    world_close(w);
    /* The last group of the first segment, so that nothing in that segment helps. */
    uint64_t seq = first;
    while (w->places[seq].position >> 32 != 1) {
        seq--;
    }
    memory_find(&w->disk, "log/00000001.seg")->seen[(uint32_t)w->places[seq].position] ^= 1;
    struct io_file *second = memory_find(&w->disk, "log/00000002.seg");

    struct world *header_only = world_copy(w);
    memset(memory_find(&header_only->disk, second->name)->seen + 64, 0, second->len - 64);
    assert_int_equal(world_open(header_only), ERR_CORRUPT);
    assert_non_null(strstr(header_only->trail.text, "log/00000002.seg offset 0 can be read"));
    world_free(header_only);

    struct world *groups_only = world_copy(w);
    memset(memory_find(&groups_only->disk, second->name)->seen, 0, 64);
    assert_int_equal(world_open(groups_only), ERR_CORRUPT);
    assert_non_null(strstr(groups_only->trail.text, "log/00000002.seg offset 64 can be read"));
    world_free(groups_only);

    struct world *checkpoint_only = world_copy(w);
    memset(memory_find(&checkpoint_only->disk, second->name)->seen, 0, second->len);
    assert_int_equal(world_open_from(checkpoint_only, &resume), ERR_CORRUPT);
    assert_non_null(memory_find(&checkpoint_only->disk, second->name));
    world_free(checkpoint_only);
    world_free(w);
}

/* A header is valid at one place only: a copy of one inside a torn group, which is
 * what a client's content could hold, is no evidence of anything. */
static void test_a_copied_header_is_no_evidence(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    const uint64_t head = log_head(w->log);
    world_close(w);
    size_t from;
    size_t to;
    group_extent(w, first, head, &from, &to);
    struct io_file *file = memory_find(&w->disk, "log/00000002.seg");
    memmove(file->seen + from + 128, file->seen + from, 64);
    assert_int_equal(world_open(w), ERR_OK);
    assert_int_equal(log_head(w->log), first - 1);
    world_free(w);
}

/* Checksums made again over another root: history was changed, nothing was torn. */
static void test_a_wrong_root_is_corruption(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    const uint64_t head = log_head(w->log);
    world_close(w);
    size_t from;
    size_t to;
    group_extent(w, first, head, &from, &to);
    struct identity who;
    assert_int_equal(format_open(&w->disk.io, false, &who, &w->trail), ERR_OK);
    uint8_t *bytes = memory_find(&w->disk, "log/00000002.seg")->seen + from;
    struct group_header header;
    assert_true(group_header_decode(&who, place_of(2, (uint32_t)from), bytes, to - from, &header));
    header.root.bytes[31] ^= 1;
    group_header_encode(&who, &header, bytes);
    assert_int_equal(world_open(w), ERR_CORRUPT);
    header.root.bytes[31] ^= 1;
    header.first_seq++;
    group_header_encode(&who, &header, bytes);
    assert_int_equal(world_open(w), ERR_CORRUPT);
    header.first_seq--;
    header.flags = 1;
    group_header_encode(&who, &header, bytes);
    assert_int_equal(world_open(w), ERR_CORRUPT);
    header.flags = 0;
    group_header_encode(&who, &header, bytes);
    assert_int_equal(world_open(w), ERR_OK);
    assert_int_equal(log_head(w->log), head);
    world_free(w);
}

static void test_resume_from_any_moment(void **state)
{
    (void)state;
    for (uint64_t stop = 1; stop < 60; stop++) {
        struct world *w = world_new();
        assert_int_equal(world_open(w), ERR_OK);
        struct log_resume resume = {.seq = 0};
        struct hash nodes[64] = {{{0}}};
        for (uint64_t i = 1; i <= 60; i++) {
            world_append(w, 1);
            if (i == stop) { /* often in the middle of a group */
                log_checkpoint_state(w->log, &resume);
                if (resume.tree_nodes_count > 0) {
                    memcpy(nodes, resume.tree_nodes, resume.tree_nodes_count * sizeof nodes[0]);
                }
                resume.tree_nodes = nodes;
            }
            if (i % 7 == 0 || i == 60) {
                log_flush(w->log);
                memory_run_all(&w->disk);
            }
        }
        struct hash root;
        struct hash resumed;
        log_root(w->log, &root);
        world_close(w);
        assert_int_equal(world_open_from(w, &resume), ERR_OK);
        assert_int_equal(w->replay_from, stop + 1);
        assert_int_equal(w->replayed, 60);
        assert_int_equal(w->report.records, 60 - stop);
        assert_false(w->bad_replay);
        assert_true(world_reads(w, 60));
        log_root(w->log, &resumed);
        assert_true(hash_eq(&root, &resumed));
        world_commit(w, 9);
        world_close(w);
        assert_int_equal(world_open(w), ERR_OK);
        assert_int_equal(w->replayed, 69);
        world_free(w);
    }
}

static void test_missing_segments(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    for (int i = 0; i < 20; i++) {
        world_commit(w, 12);
    }
    world_close(w);
    for (int number = 1; number <= 3; number++) {
        struct world *less = world_copy(w);
        char name[MEMORY_NAME_MAX];
        snprintf(name, sizeof name, "log/%08x.seg", (unsigned)number);
        memory_find(&less->disk, name)->name[0] = '\0';
        assert_int_equal(world_open(less), ERR_CORRUPT);
        assert_non_null(strstr(less->trail.text, name));
        world_free(less);
    }
    /* Swapped: each is valid, neither where it stands. */
    struct io_file *a = memory_find(&w->disk, "log/00000003.seg");
    struct io_file *b = memory_find(&w->disk, "log/00000004.seg");
    a->name[11] = '4';
    b->name[11] = '3';
    assert_int_equal(world_open(w), ERR_CORRUPT);
    a->name[11] = '3';
    b->name[11] = '4';
    /* Cut short. */
    a->len -= 8;
    assert_int_equal(world_open(w), ERR_CORRUPT);
    a->len += 8;
    assert_int_equal(world_open(w), ERR_OK);
    world_free(w);
}

static void test_a_last_segment_without_records_is_removed(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 10, 64, 1024};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t first;
        struct world *w = two_segments(&first);
        const uint64_t head = log_head(w->log);
        world_close(w);
        struct io_file *file = NULL;
        assert_int_equal(memory_open(&w->disk, "log/00000003.seg", IO_CREATE, &file), ERR_OK);
        memory_resize(file, sizes[i]);
        if (sizes[i] > 0) {
            file->seen[5] = 1;
        }
        memory_close(&w->disk, file);
        assert_int_equal(world_open(w), ERR_OK);
        assert_int_equal(log_head(w->log), head);
        assert_null(memory_find(&w->disk, "log/00000003.seg"));
        for (int n = 0; n < 10; n++) {
            world_commit(w, 12);
        }
        world_close(w);
        assert_int_equal(world_open(w), ERR_OK);
        assert_int_equal(w->replayed, head + 120);
        world_free(w);
    }
}

static void test_formats(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    world_close(w);
    struct io_file *format = memory_find(&w->disk, "log/format");
    const uint32_t number = get_u32(format->seen + 8);
    put_u32(format->seen + 8, LOG_FORMAT + 1);
    assert_int_equal(world_open(w), ERR_FORMAT);
    assert_non_null(strstr(w->trail.text, "log/format"));
    put_u32(format->seen + 8, number);
    for (size_t i = 0; i < format->len; i++) {
        format->seen[i] ^= 0x20;
        const enum err err = world_open(w);
        assert_true(err == ERR_CORRUPT || (err == ERR_FORMAT && i >= 8 && i < 12));
        format->seen[i] ^= 0x20;
    }
    format->name[4] = 'x';
    assert_int_equal(world_open(w), ERR_CORRUPT); /* segments without an identity */
    format->name[4] = 'f';
    assert_int_equal(world_open(w), ERR_OK);
    world_free(w);
}

/* A sync fails, the process restarts, the page cache still shows the group: it is
 * served only after it was written again, so a later crash does not take it back. */
static void test_the_page_cache_is_not_believed(void **state)
{
    (void)state;
    struct world *w = world_new();
    assert_int_equal(world_open(w), ERR_OK);
    world_commit(w, 2);
    memory_run_all(&w->disk);
    world_append(w, 3);
    w->disk.fail_at = w->disk.ops + 2; /* the write, then the sync */
    log_flush(w->log);
    memory_run_all(&w->disk);
    assert_int_equal(log_failed(w->log), ERR_IO);
    world_close(w);
    assert_int_equal(world_open(w), ERR_OK);
    assert_int_equal(log_durable(w->log), 5);
    world_close(w);
    memory_crash(&w->disk);
    assert_int_equal(world_open(w), ERR_OK);
    assert_int_equal(w->replayed, 5);
    world_free(w);
}

/* One run of the same story with a fault at change number `at`. Returns false when
 * the story ended before the fault came. */
static bool fault_at(uint64_t at, bool forever, bool crash)
{
    struct world *w = world_new();
    w->disk.fail_at = at;
    w->disk.fail_forever = forever;
    uint64_t durable = 0;
    uint64_t head = 0;
    if (world_open(w) == ERR_OK) {
        for (size_t i = 0; i < 8 && log_failed(w->log) == ERR_OK; i++) {
            static const uint8_t content[5000];
            struct hash hash;
            sha256(content, sizeof content - i, &hash);
            log_put_blob(w->log, &hash, str_n(content, sizeof content - i));
            world_commit(w, 1 + i * 3);
        }
        durable = log_durable(w->log);
        head = log_head(w->log);
    }
    const bool reached = w->disk.ops >= at;
    world_close(w);
    w->disk.fail_at = 0;
    if (crash) {
        memory_crash(&w->disk);
    }
    assert_int_equal(world_open(w), ERR_OK);
    assert_in_range(w->replayed, durable, head);
    assert_false(w->bad_replay);
    /* One record first: it begins no segment, so it lives or dies with what is there. */
    const uint64_t again = log_head(w->log) + 1;
    world_commit(w, 1);
    world_close(w);
    memory_crash(&w->disk);
    assert_int_equal(world_open(w), ERR_OK);
    assert_int_equal(log_head(w->log), again);
    world_commit(w, 20);
    assert_int_equal(log_durable(w->log), again + 20);
    world_close(w);
    memory_crash(&w->disk);
    assert_int_equal(world_open(w), ERR_OK);
    assert_int_equal(w->replayed, again + 20);
    assert_true(world_reads(w, again + 20));
    world_free(w);
    return reached;
}

static void test_a_fault_at_every_change(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        uint64_t at = 1;
        while (fault_at(at, (kind & 1) != 0, (kind & 2) != 0)) {
            at++;
        }
        assert_true(at > 50);
    }
}

/* Faults while recovering: opening again later works. */
static void test_a_fault_during_recovery(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    const uint64_t head = log_head(w->log);
    world_close(w);
    memory_find(&w->disk, "log/00000002.seg")->seen[(uint32_t)w->places[head].position] ^= 1;
    for (uint64_t at = 1;; at++) {
        struct world *faulty = world_copy(w);
        faulty->disk.fail_at = at;
        const enum err err = world_open(faulty);
        faulty->disk.fail_at = 0;
        world_close(faulty);
        memory_crash(&faulty->disk);
        assert_int_equal(world_open(faulty), ERR_OK);
        assert_int_equal(log_head(faulty->log), first - 1);
        world_free(faulty);
        if (err == ERR_OK) {
            assert_true(at > 5);
            break;
        }
        assert_int_equal(err, ERR_IO);
    }
    world_free(w);
}

static enum err refuse(void *context, uint64_t seq, struct log_place place, struct str body)
{
    (void)context;
    (void)place;
    (void)body;
    return seq == 3 ? ERR_LIMIT : ERR_OK;
}

static void test_replay_may_refuse(void **state)
{
    (void)state;
    uint64_t first;
    struct world *w = two_segments(&first);
    world_close(w);
    struct log *log = NULL;
    assert_int_equal(log_open(&log, &w->disk.io, &w->options, NULL, refuse, NULL, NULL, &w->trail),
                     ERR_LIMIT);
    assert_null(log);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_torn_at_every_byte),
        cmocka_unit_test(test_beginning_lost),
        cmocka_unit_test(test_a_flip_before_good_groups_is_corruption),
        cmocka_unit_test(test_a_flip_in_the_last_segment),
        cmocka_unit_test(test_a_checkpoint_tells_rot_from_a_tear),
        cmocka_unit_test(test_evidence_of_corruption),
        cmocka_unit_test(test_a_copied_header_is_no_evidence),
        cmocka_unit_test(test_a_wrong_root_is_corruption),
        cmocka_unit_test(test_resume_from_any_moment),
        cmocka_unit_test(test_missing_segments),
        cmocka_unit_test(test_a_last_segment_without_records_is_removed),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_the_page_cache_is_not_believed),
        cmocka_unit_test(test_a_fault_at_every_change),
        cmocka_unit_test(test_a_fault_during_recovery),
        cmocka_unit_test(test_replay_may_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
