/* timers_test.c - the heap against a plain table of deadlines.
 */
#include "base/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

#define KEYS 300u

struct model {
    bool set[KEYS];
    uint64_t deadline_ns[KEYS];
};

static void check_first(const struct timers *timers, const struct model *model)
{
    uint32_t best = KEYS;
    for (uint32_t key = 0; key < KEYS; key++) {
        if (model->set[key] &&
            (best == KEYS || model->deadline_ns[key] < model->deadline_ns[best])) {
            best = key;
        }
    }
    uint32_t key = 0;
    uint64_t deadline_ns = 0;
    assert_int_equal(timers_first(timers, &key, &deadline_ns), best != KEYS);
    if (best != KEYS) {
        assert_int_equal(key, best);
        assert_int_equal(deadline_ns, model->deadline_ns[best]);
    }
}

static void test_matches_model(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 7);
    struct timers timers = {0};
    struct model model = {0};
    for (int i = 0; i < 60000; i++) {
        const uint32_t key = (uint32_t)rng_below(&rng, KEYS);
        /* Few values, so that ties are common; phases that fill and that drain. */
        if (rng_chance(&rng, i / 5000 % 2 == 0 ? 700000 : 200000)) {
            model.deadline_ns[key] = rng_below(&rng, 50);
            model.set[key] = true;
            timers_set(&timers, key, model.deadline_ns[key]);
        } else {
            assert_int_equal(timers_cancel(&timers, key), model.set[key]);
            model.set[key] = false;
        }
        check_first(&timers, &model);
        const uint32_t asked = (uint32_t)rng_below(&rng, KEYS + 50);
        uint64_t deadline_ns = 0;
        const bool there = asked < KEYS && model.set[asked];
        assert_int_equal(timers_get(&timers, asked, &deadline_ns), there);
        if (there) {
            assert_int_equal(deadline_ns, model.deadline_ns[asked]);
        }
    }
    timers_deinit(&timers);
}

static void test_ties_leave_by_key(void **state)
{
    (void)state;
    struct timers timers = {0};
    for (uint32_t i = 0; i < 100; i++) {
        timers_set(&timers, i * 37 % 100, 5);
    }
    for (uint32_t want = 0; want < 100; want++) {
        uint32_t key = 0;
        uint64_t deadline_ns = 0;
        assert_true(timers_first(&timers, &key, &deadline_ns));
        assert_int_equal(key, want);
        assert_true(timers_cancel(&timers, key));
    }
    assert_int_equal(timers.count, 0);
    timers_deinit(&timers);
    timers_deinit(NULL);
}

static void test_empty(void **state)
{
    (void)state;
    struct timers timers = {0};
    uint32_t key = 1;
    uint64_t deadline_ns = 2;
    assert_false(timers_first(&timers, &key, &deadline_ns));
    assert_false(timers_get(&timers, 4000000, &deadline_ns));
    assert_false(timers_cancel(&timers, 4000000));
    assert_int_equal(key, 1);
    assert_int_equal(deadline_ns, 2);
    timers_set(&timers, 3, UINT64_MAX);
    assert_true(timers_first(&timers, &key, &deadline_ns));
    assert_int_equal(key, 3);
    timers_deinit(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches_model),
        cmocka_unit_test(test_ties_leave_by_key),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
