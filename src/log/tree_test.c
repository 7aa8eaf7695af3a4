/* tree_test.c - proofs from the log against the verifiers, for every size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "log/log_world_test.h"

enum { TREE_RECORDS = 83 };

/* The root of the first `size` bodies, straight from the definition. */
static void plain_root(uint64_t from, uint64_t size, struct hash *out_root)
{
    if (size == 0) {
        merkle_empty(out_root);
        return;
    }
    if (size == 1) {
        uint8_t bytes[WORLD_BODY_MAX];
        const struct str body = body_of(from + 1, bytes);
        merkle_leaf(body.at, body.len, out_root);
        return;
    }
    uint64_t split = 1;
    while (split * 2 < size) {
        split *= 2;
    }
    struct hash left;
    struct hash right;
    plain_root(from, split, &left);
    plain_root(from + split, size - split, &right);
    merkle_node(&left, &right, out_root);
}

static void fill(struct world *w)
{
    world_init(w);
    assert_int_equal(world_open(w), ERR_OK);
    while (log_head(w->log) < TREE_RECORDS - 3) {
        world_commit(w, 1 + log_head(w->log) % 3);
    }
    world_append(w, (size_t)(TREE_RECORDS - log_head(w->log))); /* not durable yet */
}

static void test_roots(void **state)
{
    (void)state;
    struct world w;
    fill(&w);
    struct hash expected;
    struct hash got;
    for (uint64_t size = 0; size <= TREE_RECORDS; size++) {
        plain_root(0, size, &expected);
        assert_true(log_root_at(w.log, world_locate, &w, size, &got));
        assert_true(hash_eq(&expected, &got));
    }
    log_root(w.log, &got);
    assert_true(hash_eq(&expected, &got));
    uint64_t durable;
    log_durable_root(w.log, &durable, &got);
    plain_root(0, durable, &expected);
    assert_true(durable < TREE_RECORDS);
    assert_true(hash_eq(&expected, &got));
    world_deinit(&w);
}

static void test_inclusion_of_every_record_in_every_size(void **state)
{
    (void)state;
    struct world w;
    fill(&w);
    for (uint64_t size = 1; size <= TREE_RECORDS; size++) {
        struct hash root;
        plain_root(0, size, &root);
        for (uint64_t seq = 1; seq <= size; seq++) {
            uint8_t bytes[WORLD_BODY_MAX];
            const struct str body = body_of(seq, bytes);
            struct hash leaf;
            merkle_leaf(body.at, body.len, &leaf);
            struct hash proof[MERKLE_DEPTH_MAX];
            const size_t len = log_prove_inclusion(w.log, world_locate, &w, seq, size, proof);
            assert_true(len <= MERKLE_DEPTH_MAX);
            assert_true(merkle_verify_inclusion(seq - 1, size, &leaf, proof, len, &root));
            leaf.bytes[0] ^= 1;
            assert_false(merkle_verify_inclusion(seq - 1, size, &leaf, proof, len, &root));
        }
    }
    world_deinit(&w);
}

static void test_consistency_of_every_pair_of_sizes(void **state)
{
    (void)state;
    struct world w;
    fill(&w);
    for (uint64_t size2 = 1; size2 <= TREE_RECORDS; size2++) {
        struct hash root2;
        plain_root(0, size2, &root2);
        for (uint64_t size1 = 1; size1 <= size2; size1++) {
            struct hash root1;
            plain_root(0, size1, &root1);
            struct hash proof[2 * MERKLE_DEPTH_MAX];
            const size_t len = log_prove_consistency(w.log, world_locate, &w, size1, size2, proof);
            assert_true(len <= 2 * MERKLE_DEPTH_MAX);
            assert_true(merkle_verify_consistency(size1, size2, &root1, &root2, proof, len));
            root1.bytes[5] ^= 4;
            assert_false(merkle_verify_consistency(size1, size2, &root1, &root2, proof, len));
        }
    }
    world_deinit(&w);
}

static void test_a_damaged_body_gives_no_proof(void **state)
{
    (void)state;
    struct world w;
    fill(&w);
    struct io_file *file = memory_find(&w.disk, "log/00000001.seg");
    file->seen[(uint32_t)w.places[2].position + 4] ^= 1;
    struct hash proof[2 * MERKLE_DEPTH_MAX];
    struct hash root;
    assert_int_equal(log_prove_inclusion(w.log, world_locate, &w, 1, 20, proof), SIZE_MAX);
    assert_int_not_equal(log_prove_inclusion(w.log, world_locate, &w, 40, 60, proof), SIZE_MAX);
    assert_int_equal(log_prove_consistency(w.log, world_locate, &w, 1, 20, proof), SIZE_MAX);
    assert_false(log_root_at(w.log, world_locate, &w, 3, &root));
    assert_true(log_root_at(w.log, world_locate, &w, 32, &root));
    world_deinit(&w);
}

/* The array of nodes of an earlier time is a prefix of a later one, 4 bytes a record. */
static void test_nodes_kept(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(world_open(&w), ERR_OK);
    struct hash early[16];
    size_t early_count = 0;
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        world_append(&w, 1);
        if (seq == 100) {
            struct log_resume state_then;
            log_checkpoint_state(w.log, &state_then);
            early_count = state_then.tree_nodes_count;
            assert_in_range(early_count, 1, 16);
            memcpy(early, state_then.tree_nodes, early_count * sizeof early[0]);
        }
    }
    struct log_resume state_now;
    log_checkpoint_state(w.log, &state_now);
    assert_int_equal(state_now.seq, 1000);
    assert_true(state_now.tree_nodes_count * sizeof(struct hash) <= 4 * 1000);
    assert_memory_equal(early, state_now.tree_nodes, early_count * sizeof early[0]);
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_inclusion_of_every_record_in_every_size),
        cmocka_unit_test(test_consistency_of_every_pair_of_sizes),
        cmocka_unit_test(test_a_damaged_body_gives_no_proof),
        cmocka_unit_test(test_nodes_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
