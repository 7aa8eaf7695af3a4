/* merkle_test.c - the climbing forms against RFC 6962 written down as it stands
 * there, recursively, for every size up to 70; and proofs that must not pass.
 */
#include "crypto/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define LEAVES 70

static struct hash leaf_of(uint64_t index)
{
    struct hash hash;
    char text[32];
    int len = snprintf(text, sizeof text, "leaf %llu", (unsigned long long)index);
    merkle_leaf(text, (size_t)len, &hash);
    return hash;
}

static uint64_t split(uint64_t size)
{
    uint64_t k = 1;
    while (k * 2 < size) {
        k *= 2;
    }
    return k;
}

/* MTH(D[from:to]) */
static struct hash plain_root(uint64_t from, uint64_t to)
{
    struct hash hash;
    if (from == to) {
        merkle_empty(&hash);
        return hash;
    }
    if (to - from == 1) {
        return leaf_of(from);
    }
    uint64_t middle = from + split(to - from);
    struct hash left = plain_root(from, middle);
    struct hash right = plain_root(middle, to);
    merkle_node(&left, &right, &hash);
    return hash;
}

/* PATH(index, D[from:to]), appended to `proof`. */
static size_t plain_path(uint64_t index, uint64_t from, uint64_t to, struct hash *proof)
{
    if (to - from == 1) {
        return 0;
    }
    uint64_t middle = from + split(to - from);
    size_t len;
    if (index < middle) {
        len = plain_path(index, from, middle, proof);
        proof[len++] = plain_root(middle, to);
    } else {
        len = plain_path(index, middle, to, proof);
        proof[len++] = plain_root(from, middle);
    }
    return len;
}

/* SUBPROOF(m, D[from:to], known) with m counted from the first leaf of all. */
static size_t plain_subproof(uint64_t m, uint64_t from, uint64_t to, bool known, struct hash *proof)
{
    if (m == to) {
        if (known) {
            return 0;
        }
        proof[0] = plain_root(from, to);
        return 1;
    }
    uint64_t middle = from + split(to - from);
    size_t len;
    if (m <= middle) {
        len = plain_subproof(m, from, middle, known, proof);
        proof[len++] = plain_root(middle, to);
    } else {
        len = plain_subproof(m, middle, to, false, proof);
        proof[len++] = plain_root(from, middle);
    }
    return len;
}

/* Complete subtrees only, and none beyond the leaves there are. */
static void fetch(void *context, uint32_t level, uint64_t index, struct hash *out_hash)
{
    const uint64_t *size = context;
    assert_in_range(level, 0, 63);
    assert_true((index + 1) << level <= *size);
    *out_hash = plain_root(index << level, (index + 1) << level);
}

static void test_roots(void **state)
{
    (void)state;
    struct merkle_range range = {0};
    for (uint64_t size = 0; size <= LEAVES; size++) {
        struct hash wanted = plain_root(0, size);
        struct hash root;
        merkle_range_root(&range, &root);
        assert_true(hash_eq(&root, &wanted));
        merkle_root_of(fetch, &size, size, &root);
        assert_true(hash_eq(&root, &wanted));
        struct hash leaf = leaf_of(size);
        merkle_range_add(&range, &leaf);
        assert_int_equal(range.size, size + 1);
    }
}

/* A proof that was right must be refused after every small change. */
static void expect_inclusion_strict(uint64_t index, uint64_t size, const struct hash *leaf,
                                    struct hash *proof, size_t len, const struct hash *root)
{
    struct hash other = *root;
    other.bytes[31] ^= 1;
    assert_false(merkle_verify_inclusion(index, size, leaf, proof, len, &other));
    assert_false(merkle_verify_inclusion(index, size, &other, proof, len, root));
    assert_false(merkle_verify_inclusion(size, size, leaf, proof, len, root));
    assert_false(merkle_verify_inclusion(index, index, leaf, proof, len, root));
    assert_false(merkle_verify_inclusion(index ^ 1, size, leaf, proof, len, root));
    proof[len] = *root;
    assert_false(merkle_verify_inclusion(index, size, leaf, proof, len + 1, root));
    if (len > 0) {
        assert_false(merkle_verify_inclusion(index, size, leaf, proof, len - 1, root));
        assert_false(merkle_verify_inclusion(index, size, leaf, proof + 1, len - 1, root));
        proof[len / 2].bytes[0] ^= 1;
        assert_false(merkle_verify_inclusion(index, size, leaf, proof, len, root));
        proof[len / 2].bytes[0] ^= 1;
    }
}

static void test_inclusion(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct hash root = plain_root(0, size);
        uint64_t step = size > 40 && size % 7 != 0 ? 5 : 1;
        for (uint64_t index = 0; index < size; index += step) {
            struct hash wanted[MERKLE_DEPTH_MAX];
            struct hash proof[MERKLE_DEPTH_MAX];
            size_t wanted_len = plain_path(index, 0, size, wanted);
            size_t len = merkle_prove_inclusion(fetch, &size, index, size, proof);
            assert_int_equal(len, wanted_len);
            assert_true(len == 0 || memcmp(proof, wanted, len * sizeof proof[0]) == 0);
            struct hash leaf = leaf_of(index);
            assert_true(merkle_verify_inclusion(index, size, &leaf, proof, len, &root));
            expect_inclusion_strict(index, size, &leaf, proof, len, &root);
        }
    }
}

static void expect_consistency_strict(uint64_t size1, uint64_t size2, const struct hash *root1,
                                      const struct hash *root2, struct hash *proof, size_t len)
{
    struct hash other = *root1;
    other.bytes[0] ^= 1;
    assert_false(merkle_verify_consistency(size1, size2, &other, root2, proof, len));
    assert_false(merkle_verify_consistency(size1, size2, root1, &other, proof, len));
    assert_false(merkle_verify_consistency(0, size2, root1, root2, proof, len));
    assert_false(merkle_verify_consistency(size2 + 1, size2, root1, root2, proof, len));
    proof[len] = *root2;
    assert_false(merkle_verify_consistency(size1, size2, root1, root2, proof, len + 1));
    if (len > 0) {
        assert_false(merkle_verify_consistency(size1, size2, root1, root2, proof, len - 1));
        assert_false(merkle_verify_consistency(size1, size2, root1, root2, proof + 1, len - 1));
        assert_false(merkle_verify_consistency(size1, size2, root2, root1, proof, len));
        proof[len - 1].bytes[5] ^= 4;
        assert_false(merkle_verify_consistency(size1, size2, root1, root2, proof, len));
        proof[len - 1].bytes[5] ^= 4;
    }
}

static void test_consistency(void **state)
{
    (void)state;
    for (uint64_t size2 = 1; size2 <= LEAVES; size2++) {
        struct hash root2 = plain_root(0, size2);
        uint64_t step = size2 > 40 && size2 % 7 != 0 ? 5 : 1;
        for (uint64_t size1 = 1; size1 <= size2; size1 += step) {
            struct hash wanted[2 * MERKLE_DEPTH_MAX];
            struct hash proof[2 * MERKLE_DEPTH_MAX];
            size_t wanted_len = plain_subproof(size1, 0, size2, true, wanted);
            size_t len = merkle_prove_consistency(fetch, &size2, size1, size2, proof);
            assert_int_equal(len, wanted_len);
            assert_true(len == 0 || memcmp(proof, wanted, len * sizeof proof[0]) == 0);
            struct hash root1 = plain_root(0, size1);
            assert_true(merkle_verify_consistency(size1, size2, &root1, &root2, proof, len));
            expect_consistency_strict(size1, size2, &root1, &root2, proof, len);
        }
    }
}

/* Subtrees named by their place: enough to see that great sizes do not overflow. */
static void fetch_by_name(void *context, uint32_t level, uint64_t index, struct hash *out_hash)
{
    (void)context;
    uint64_t name[2] = {level, index};
    sha256(name, sizeof name, out_hash);
}

static void test_great_sizes(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {UINT64_MAX, UINT64_MAX - 1, (uint64_t)1 << 63,
                                     ((uint64_t)1 << 63) + 1, ((uint64_t)1 << 40) - 3};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t size = sizes[i];
        struct hash root;
        struct hash proof[2 * MERKLE_DEPTH_MAX];
        merkle_root_of(fetch_by_name, NULL, size, &root);
        /* The last leaf's proof is made of the same peaks when its leaf is one. */
        size_t len = merkle_prove_inclusion(fetch_by_name, NULL, size - 1, size, proof);
        assert_in_range(len, 1, MERKLE_DEPTH_MAX);
        if (size % 2 == 1) {
            struct hash leaf;
            fetch_by_name(NULL, 0, size - 1, &leaf);
            assert_true(merkle_verify_inclusion(size - 1, size, &leaf, proof, len, &root));
        }
        uint64_t size1 = (uint64_t)1 << (63 - __builtin_clzll(size));
        struct hash root1;
        merkle_root_of(fetch_by_name, NULL, size1, &root1);
        len = merkle_prove_consistency(fetch_by_name, NULL, size1, size, proof);
        assert_true(merkle_verify_consistency(size1, size, &root1, &root, proof, len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_inclusion),
        cmocka_unit_test(test_consistency),
        cmocka_unit_test(test_great_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
