/* rng_test.c - same seed, same numbers; bounds hold.
 */
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void test_deterministic(void **state)
{
    (void)state;
    struct rng a;
    struct rng b;
    rng_init(&a, 42);
    rng_init(&b, 42);
    for (int i = 0; i < 1000; i++) {
        assert_true(rng_next(&a) == rng_next(&b));
    }
    rng_init(&b, 43);
    assert_true(rng_next(&a) != rng_next(&b));
    /* The first word from the state 1, 2, 3, 4 by hand: rotl(2 * 5, 7) * 9. */
    struct rng plain = {{1, 2, 3, 4}};
    assert_int_equal(rng_next(&plain), 11520);
    assert_int_equal(rng_next(&plain), 0);
    assert_int_equal(rng_next(&plain), 1509978240);
}

static void test_bounds(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 1);
    int seen[7] = {0};
    for (int i = 0; i < 70000; i++) {
        seen[rng_below(&rng, 7)]++;
        const uint64_t value = rng_between(&rng, 5, 8);
        assert_true(value >= 5 && value <= 8);
    }
    for (int i = 0; i < 7; i++) {
        assert_in_range(seen[i], 9500, 10500);
    }
    assert_int_equal(rng_below(&rng, 1), 0);
    assert_int_equal(rng_between(&rng, 9, 9), 9);
    (void)rng_between(&rng, 0, UINT64_MAX);
    assert_false(rng_chance(&rng, 0));
    assert_true(rng_chance(&rng, 1000000));
}

static void test_fill(void **state)
{
    (void)state;
    struct rng a;
    struct rng b;
    rng_init(&a, 9);
    rng_init(&b, 9);
    uint8_t bytes[12];
    memset(bytes, 0xee, sizeof bytes);
    rng_fill(&a, bytes, 11);
    assert_int_equal(bytes[11], 0xee);
    const uint64_t first = rng_next(&b);
    const uint64_t second = rng_next(&b);
    for (size_t i = 0; i < 11; i++) {
        assert_int_equal(bytes[i], (uint8_t)((i < 8 ? first : second) >> (i % 8 * 8)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
