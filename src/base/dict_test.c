/* dict_test.c - names to numbers, against a plain list.
 */
#include "base/dict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/rng.h"

#define NAMES 3000u

struct list {
    char text[NAMES][48];
    size_t len[NAMES];
    uint32_t count;
};

static uint32_t list_find(const struct list *list, struct str name)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (str_eq(str_n(list->text[i], list->len[i]), name)) {
            return i;
        }
    }
    return DICT_NONE;
}

static void test_matches_list(void **state)
{
    (void)state;
    static struct list list; /* too large for a stack */
    struct rng rng;
    rng_init(&rng, 3);
    struct dict dict = {0};
    for (int i = 0; i < 20000 && list.count < NAMES; i++) {
        char text[48];
        const size_t len = rng_below(&rng, sizeof text + 1);
        for (size_t at = 0; at < len; at++) {
            text[at] = (char)rng_below(&rng, len < 8 ? 4 : 2); /* repeats are common; NUL too */
        }
        const struct str name = str_n(text, len);
        uint32_t want = list_find(&list, name);
        assert_int_equal(dict_find(&dict, name), want);
        if (want == DICT_NONE) {
            want = list.count++;
            memcpy(list.text[want], text, len);
            list.len[want] = len;
        }
        assert_int_equal(dict_intern(&dict, name), want);
        assert_int_equal(dict.count, list.count);
    }
    for (uint32_t i = 0; i < list.count; i++) {
        assert_true(str_eq(dict_name(&dict, i), str_n(list.text[i], list.len[i])));
    }
    assert_true(dict_bytes(&dict) >= dict.text_bytes);
    dict_deinit(&dict);
}

static void test_names_stay_where_they_are(void **state)
{
    (void)state;
    struct dict dict = {0};
    assert_int_equal(dict_intern(&dict, STR("first")), 0);
    const char *at = dict_name(&dict, 0).at;
    for (int i = 0; i < 100000; i++) {
        char text[32];
        const int len = snprintf(text, sizeof text, "name-%d", i);
        assert_int_equal(dict_intern(&dict, str_n(text, (size_t)len)), i + 1);
    }
    assert_ptr_equal(dict_name(&dict, 0).at, at);
    assert_int_equal(dict_find(&dict, STR("name-99999")), 100000);
    assert_int_equal(dict_find(&dict, STR("name-100000")), DICT_NONE);
    dict_deinit(&dict);
}

/* Forgotten names leave neither a slot nor text, and the same names get the same numbers
 * again; whatever the seed, and across growth of the table. */
static void test_truncate(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 4);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct dict dict = {.seed = seed * 0x9e3779b97f4a7c15u};
        char text[300];
        memset(text, 'x', sizeof text);
        for (int turn = 0; turn < 200; turn++) {
            const uint32_t before = dict.count;
            const size_t text_bytes = dict.text_bytes;
            const uint64_t more = rng_below(&rng, 100);
            for (uint64_t i = 0; i < more; i++) {
                /* Differ in their number, are of any length, one is empty. */
                const uint32_t number = before + (uint32_t)i;
                size_t len = number == 7 ? 0 : 4 + number * 37 % 290;
                memcpy(text, &number, len < 4 ? len : 4);
                assert_int_equal(dict_intern(&dict, str_n(text, len)), number);
            }
            if (rng_below(&rng, 3) == 0) {
                continue;
            }
            dict_truncate(&dict, before);
            assert_int_equal(dict.count, before);
            assert_int_equal(dict.text_bytes, text_bytes);
            for (uint32_t number = 0; number < before + 100; number++) {
                size_t len = number == 7 ? 0 : 4 + number * 37 % 290;
                memcpy(text, &number, len < 4 ? len : 4);
                assert_int_equal(dict_find(&dict, str_n(text, len)),
                                 number < before ? number : DICT_NONE);
            }
        }
        dict_truncate(&dict, 0);
        assert_int_equal(dict.text_bytes, 0);
        assert_true(dict_bytes(&dict) < 2u << 20);
        dict_deinit(&dict);
    }
}

static void test_empty(void **state)
{
    (void)state;
    struct dict dict = {0};
    assert_int_equal(dict_find(&dict, STR("x")), DICT_NONE);
    assert_int_equal(dict_find(&dict, STR_NONE), DICT_NONE);
    assert_int_equal(dict_intern(&dict, STR_NONE), 0);
    assert_int_equal(dict_intern(&dict, STR("")), 0);
    assert_int_equal(dict_intern(&dict, str_n("\0", 1)), 1);
    assert_int_equal(dict_intern(&dict, str_n("\0\0", 2)), 2);
    dict_deinit(&dict);
    dict_deinit(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches_list),
        cmocka_unit_test(test_names_stay_where_they_are),
        cmocka_unit_test(test_truncate),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
