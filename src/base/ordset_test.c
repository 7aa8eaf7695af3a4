/* ordset_test.c - the ordered set against a plain bit per ordinal.
 *
 * The model covers a window of three containers and a bit, placed so that the
 * walk crosses container borders; densities are chosen so that containers change
 * kind in both directions.
 */
#include "base/ordset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/ordset_internal.h"
#include "base/rng.h"

#define WINDOW  220000u
#define OUT_MAX 300000u

struct model {
    struct ordset set;
    uint8_t *has;  /* by ordinal - base */
    uint32_t base; /* first ordinal of the window */
};

static void model_init(struct model *model, uint32_t base)
{
    *model = (struct model){.has = mem_zalloc(WINDOW), .base = base};
}

static void model_deinit(struct model *model)
{
    ordset_deinit(&model->set);
    mem_free(model->has);
}

static void model_add(struct model *model, uint32_t at)
{
    assert_int_equal(ordset_add(&model->set, model->base + at), !model->has[at]);
    model->has[at] = 1;
}

static void model_remove(struct model *model, uint32_t at)
{
    assert_int_equal(ordset_remove(&model->set, model->base + at), model->has[at]);
    model->has[at] = 0;
}

static void check_same(const struct model *model)
{
    struct ordset_cursor cursor;
    uint32_t got = 0;
    uint64_t count = 0;
    bool more = ordset_seek(&cursor, &model->set, 0, &got);
    for (uint32_t at = 0; at < WINDOW; at++) {
        if (model->has[at]) {
            assert_true(more);
            assert_int_equal(got, model->base + at);
            more = ordset_next(&cursor, &got);
            count++;
        }
    }
    assert_false(more);
    assert_int_equal(count, model->set.count);
    more = ordset_seek_down(&cursor, &model->set, UINT32_MAX, &got);
    for (uint32_t at = WINDOW; at-- > 0;) {
        if (model->has[at]) {
            assert_true(more);
            assert_int_equal(got, model->base + at);
            more = ordset_prev(&cursor, &got);
        }
    }
    assert_false(more);
}

static void check_seeks(const struct model *model, struct rng *rng)
{
    struct ordset_cursor cursor;
    for (int i = 0; i < 200; i++) {
        const uint32_t at = (uint32_t)rng_below(rng, WINDOW);
        uint32_t up = at;
        while (up < WINDOW && !model->has[up]) {
            up++;
        }
        uint32_t got = 0;
        const bool found = ordset_seek(&cursor, &model->set, model->base + at, &got);
        assert_int_equal(found, up < WINDOW);
        if (found) {
            assert_int_equal(got, model->base + up);
        }
        uint32_t end = at + 1;
        while (end > 0 && !model->has[end - 1]) {
            end--;
        }
        const bool below = ordset_seek_down(&cursor, &model->set, model->base + at, &got);
        assert_int_equal(below, end > 0);
        if (below) {
            assert_int_equal(got, model->base + end - 1);
        }
        assert_int_equal(ordset_has(&model->set, model->base + at), model->has[at]);
    }
}

static void random_changes(struct model *model, struct rng *rng, uint32_t changes, uint32_t add_ppm)
{
    for (uint32_t i = 0; i < changes; i++) {
        const uint32_t at = (uint32_t)rng_below(rng, WINDOW);
        if (rng_chance(rng, add_ppm)) {
            model_add(model, at);
        } else {
            model_remove(model, at);
        }
    }
}

static void test_changes_match_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        struct model model;
        model_init(&model, seed % 2 == 0 ? UINT32_MAX - WINDOW + 1 : 65000);
        random_changes(&model, &rng, 40000, 900000); /* arrays become bitmaps */
        check_same(&model);
        check_seeks(&model, &rng);
        random_changes(&model, &rng, 800000, 20000); /* and go back */
        check_same(&model);
        check_seeks(&model, &rng);
        for (uint32_t at = 0; at < WINDOW; at++) {
            model_remove(&model, at);
        }
        assert_int_equal(model.set.count, 0);
        assert_int_equal(model.set.containers_count, 0);
        model_deinit(&model);
    }
}

static void test_appending(void **state)
{
    (void)state;
    struct model model;
    model_init(&model, 65530);
    for (uint32_t at = 0; at < WINDOW; at += at % 1000 < 900 ? 1 : 37) {
        model_add(&model, at);
    }
    check_same(&model);
    assert_true(ordset_bytes(&model.set) <= 5 * 8192 + 8 * 16);
    model_deinit(&model);
}

static void test_small_set_is_small(void **state)
{
    (void)state;
    struct ordset set = {0};
    assert_int_equal(ordset_bytes(&set), 0);
    assert_true(ordset_add(&set, UINT32_MAX));
    assert_false(ordset_add(&set, UINT32_MAX));
    assert_true(ordset_bytes(&set) <= 48);
    assert_true(ordset_has(&set, UINT32_MAX));
    assert_false(ordset_has(&set, 0));
    assert_true(ordset_remove(&set, UINT32_MAX));
    assert_false(ordset_remove(&set, UINT32_MAX));
    ordset_deinit(&set);
}

static void test_empty_set_and_spent_cursors(void **state)
{
    (void)state;
    struct ordset set = {0};
    struct ordset_cursor cursor;
    uint32_t got = 77;
    assert_false(ordset_seek(&cursor, &set, 0, &got));
    assert_false(ordset_next(&cursor, &got));
    assert_false(ordset_seek_down(&cursor, &set, 9, &got));
    assert_false(ordset_prev(&cursor, &got));
    assert_int_equal(got, 77); /* written only on success */
    ordset_add(&set, 5);
    ordset_add(&set, 100000);
    assert_true(ordset_seek(&cursor, &set, 6, &got));
    assert_int_equal(got, 100000);
    assert_false(ordset_next(&cursor, &got));
    assert_false(ordset_next(&cursor, &got));
    assert_true(ordset_prev(&cursor, &got)); /* stayed on the last one */
    assert_int_equal(got, 5);
    assert_false(ordset_prev(&cursor, &got));
    assert_true(ordset_next(&cursor, &got));
    assert_int_equal(got, 100000);
    ordset_deinit(&set);
    ordset_deinit(NULL);
}

static void check_and(const struct model *models, const struct ordset *const *sets, size_t count,
                      struct rng *rng, uint32_t *out)
{
    uint32_t low = (uint32_t)rng_below(rng, WINDOW);
    uint32_t high = (uint32_t)rng_below(rng, WINDOW);
    if (rng_chance(rng, 300000)) {
        low = 0;
        high = WINDOW - 1;
    }
    const size_t out_max = rng_chance(rng, 500000) ? OUT_MAX : rng_between(rng, 1, 2000);
    const uint32_t base = models[0].base;
    const size_t got = ordset_and(sets, count, base + low, base + high, out, out_max);
    uint64_t common = 0;
    for (uint32_t at = low; at <= high; at++) {
        bool all = true;
        for (size_t i = 0; i < count; i++) {
            all = all && models[i].has[at];
        }
        if (all && common < out_max) {
            assert_true(common < got);
            assert_int_equal(out[common], base + at);
        }
        common += all ? 1 : 0;
    }
    assert_int_equal(got, common < out_max ? common : out_max);
    assert_int_equal(ordset_and_count(sets, count, base + low, base + high), common);
}

static void test_and_matches_model(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {3, 600, 9000, 60000, 400000};
    uint32_t *out = mem_alloc(OUT_MAX * sizeof *out);
    for (uint64_t seed = 1; seed <= 24; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        struct model models[3];
        const struct ordset *sets[3];
        const size_t count = 1 + seed % 3;
        for (size_t i = 0; i < count; i++) {
            model_init(&models[i], 65000);
            random_changes(&models[i], &rng, sizes[rng_below(&rng, 5)], 950000);
            sets[i] = &models[i].set;
        }
        if (count > 1 && seed % 4 == 0) {
            for (uint32_t at = 70000; at < 150000; at++) { /* full words */
                ordset_add(&models[0].set, 65000 + at);
                models[0].has[at] = 1;
            }
        }
        for (int i = 0; i < 12; i++) {
            check_and(models, sets, count, &rng, out);
        }
        for (size_t i = 0; i < count; i++) {
            model_deinit(&models[i]);
        }
    }
    mem_free(out);
}

static void test_and_edges(void **state)
{
    (void)state;
    struct ordset a = {0};
    struct ordset none = {0};
    uint32_t out[4];
    for (uint32_t i = 0; i < 10; i++) {
        ordset_add(&a, i * 65536);
    }
    const struct ordset *one[] = {&a};
    const struct ordset *twice[] = {&a, &a};
    const struct ordset *with_none[] = {&a, &none};
    assert_int_equal(ordset_and(one, 1, 0, UINT32_MAX, out, 4), 4);
    assert_int_equal(out[3], 3 * 65536);
    assert_int_equal(ordset_and(one, 1, out[3] + 1, UINT32_MAX, out, 4), 4);
    assert_int_equal(out[0], 4 * 65536);
    assert_int_equal(ordset_and(one, 1, 0, UINT32_MAX, out, 0), 0);
    assert_int_equal(ordset_and(one, 1, 5, 4, out, 4), 0);
    assert_int_equal(ordset_and_count(twice, 2, 65536, 65536), 1);
    assert_int_equal(ordset_and_count(twice, 2, 0, UINT32_MAX), 10);
    assert_int_equal(ordset_and_count(with_none, 2, 0, UINT32_MAX), 0);
    ordset_deinit(&a);
}

/* A page may end inside a full word of a bitmap. */
static void test_and_never_writes_past_the_page(void **state)
{
    (void)state;
    struct ordset set = {0};
    for (uint32_t i = 0; i < 70000; i++) {
        ordset_add(&set, i);
    }
    const struct ordset *one[] = {&set};
    uint32_t out[201];
    for (uint32_t out_max = 1; out_max <= 200; out_max++) {
        out[out_max] = 77;
        assert_int_equal(ordset_and(one, 1, 65500, UINT32_MAX, out, out_max), out_max);
        assert_int_equal(out[out_max], 77);
        assert_int_equal(out[out_max - 1], 65500 + out_max - 1);
    }
    ordset_deinit(&set);
}

static void test_thinned_set_gives_memory_back(void **state)
{
    (void)state;
    struct ordset set = {0};
    for (uint32_t i = 0; i < 65536; i++) {
        ordset_add(&set, i);
    }
    assert_false(ordset_add(&set, 65535));
    assert_int_equal(set.containers[0].cap, 0);
    for (uint32_t i = 0; i < 65536; i++) {
        assert_true(i % 100 == 0 || ordset_remove(&set, i));
    }
    assert_int_equal(set.count, 656);
    assert_int_not_equal(set.containers[0].cap, 0); /* an array again */
    ordset_deinit(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_match_model),
        cmocka_unit_test(test_appending),
        cmocka_unit_test(test_small_set_is_small),
        cmocka_unit_test(test_empty_set_and_spent_cursors),
        cmocka_unit_test(test_and_matches_model),
        cmocka_unit_test(test_and_edges),
        cmocka_unit_test(test_and_never_writes_past_the_page),
        cmocka_unit_test(test_thinned_set_gives_memory_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
