/* key_test.c - the map, the set, the ring and the gatherer against plain ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/rng.h"
#include "detect/gather.h"
#include "detect/key.h"
#include "detect/ring.h"

enum { KEYS = 300 };

static void test_map(void **state)
{
    struct keymap map = {0};
    uint32_t plain[KEYS];
    struct rng rng;
    (void)state;
    memset(plain, 0xff, sizeof plain);
    rng_init(&rng, 1);
    for (int i = 0; i < 20000; i++) {
        uint64_t key = rng_below(&rng, KEYS); /* small and dense: 0 and 1 among them */
        if (rng_below(&rng, 2) == 0) {
            plain[key] = (uint32_t)i;
            keymap_put(&map, key, (uint32_t)i);
        } else {
            assert_int_equal(keymap_remove(&map, key), plain[key] != KEYMAP_NONE);
            plain[key] = KEYMAP_NONE;
        }
        key = rng_below(&rng, KEYS);
        assert_int_equal(keymap_get(&map, key), plain[key]);
    }
    size_t count = 0;
    for (size_t i = 0; i < KEYS; i++) {
        assert_int_equal(keymap_get(&map, i), plain[i]);
        count += plain[i] != KEYMAP_NONE;
    }
    assert_int_equal(map.count, count);
    keymap_deinit(&map);
}

static void test_set(void **state)
{
    struct keyset set = {0};
    (void)state;
    assert_false(keyset_has(&set, 5));
    for (uint64_t key = 0; key < 1000; key++) {
        assert_true(keyset_add(&set, key * key));
        assert_false(keyset_add(&set, key * key));
        assert_true(keyset_has(&set, key * key));
        assert_false(keyset_has(&set, key * key + 1 + 2 * key + 2000001));
    }
    assert_int_equal(set.count, 1000);
    keyset_deinit(&set);
}

static void test_keys(void **state)
{
    (void)state;
    assert_true(key_of(1, STR("abc")) != key_of(2, STR("abc")));
    assert_true(key_of(1, STR("abc")) != key_of(1, STR("abd")));
    assert_true(key_of(1, STR("12345678")) != key_of(1, STR("123456789")));
    assert_true(key_of(1, STR_NONE) == key_of(1, STR("")));
    assert_true(key_mix(key_mix(1, 2), 3) != key_mix(key_mix(1, 3), 2));
}

static void test_ring(void **state)
{
    struct ring ring = {.item_bytes = sizeof(uint64_t)};
    uint64_t in = 0, out = 0;
    struct rng rng;
    (void)state;
    rng_init(&rng, 3);
    for (int i = 0; i < 5000; i++) {
        if (rng_below(&rng, 5) < 3) {
            *(uint64_t *)ring_push(&ring) = in++;
        } else if (ring_first(&ring) != NULL) {
            assert_int_equal(*(const uint64_t *)ring_first(&ring), out++);
            ring_pop(&ring);
        }
        assert_int_equal(ring.count, in - out);
    }
    ring_deinit(&ring);
}

/* Each member comes out once, in its own group, in groups that are not too large. */
static void test_gather(void **state)
{
    struct gather gather = {.window_ms = 10};
    struct gather_group group;
    uint32_t in = 0, out = 0, last[8] = {0};
    struct rng rng;
    (void)state;
    rng_init(&rng, 4);
    for (int64_t now = 1; now < 3000; now++) {
        for (uint64_t i = rng_below(&rng, 20); i > 0; i--) {
            uint32_t which = (uint32_t)rng_below(&rng, 8);
            in++;
            if (gather_add(&gather, which, in * 8 + which, now, &group)) {
                assert_int_equal(group.count, GATHER_MAX);
                out += group.count;
                last[which] = group.members[group.count - 1];
            }
        }
        while (gather_next(&gather, now, &group)) {
            assert_true(group.count > 0 && group.closes_ms < now);
            for (uint32_t i = 0; i < group.count; i++) {
                assert_int_equal(group.members[i] % 8, group.group);
                assert_true(group.members[i] > last[group.group]);
                last[group.group] = group.members[i];
            }
            out += group.count;
        }
        assert_true(gather_due_ms(&gather) >= now);
    }
    while (gather_next(&gather, INT64_MAX, &group)) {
        out += group.count;
    }
    assert_int_equal(in, out);
    assert_true(gather_due_ms(&gather) == INT64_MAX);
    gather_deinit(&gather);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map),  cmocka_unit_test(test_set),    cmocka_unit_test(test_keys),
        cmocka_unit_test(test_ring), cmocka_unit_test(test_gather),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
