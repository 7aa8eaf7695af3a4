/* str_test.c - edges of comparing, searching, cutting and reading numbers.
 */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_compare(void **state)
{
    (void)state;
    assert_int_equal(str_compare(STR("a"), STR("b")), -1);
    assert_int_equal(str_compare(STR("b"), STR("a")), 1);
    assert_int_equal(str_compare(STR("a"), STR("ab")), -1);
    assert_int_equal(str_compare(STR("ab"), STR("a")), 1);
    assert_int_equal(str_compare(STR_NONE, STR("")), 0);
    assert_int_equal(str_compare(STR("\x7f"), STR("\x80")), -1); /* bytes are unsigned */
    assert_true(str_eq(STR_NONE, STR("")));
    assert_true(str_eq_nocase(STR("Content-LENGTH"), STR("content-length")));
    assert_false(str_eq_nocase(STR("["), STR("{"))); /* 0x20 apart, not letters */
    assert_false(str_eq_nocase(STR("ab"), STR("abc")));
}

static void test_starts_and_ends(void **state)
{
    (void)state;
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_false(str_starts(STR("ab"), STR("abc")));
    assert_true(str_starts(STR_NONE, STR("")));
    assert_true(str_ends(STR("abc"), STR("bc")));
    assert_false(str_ends(STR("bc"), STR("abc")));
    assert_true(str_ends(STR_NONE, STR_NONE));
}

static void test_find(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("abca"), 'a', 0), 0);
    assert_int_equal(str_find(STR("abca"), 'a', 1), 3);
    assert_int_equal(str_find(STR("abca"), 'a', 4), 4);
    assert_int_equal(str_find(STR("abca"), 'a', 99), 4);
    assert_int_equal(str_find(STR("a\xff"), '\xff', 0), 1);
    assert_int_equal(str_find(STR_NONE, 'a', 0), 0);
    assert_int_equal(str_find_str(STR("aabaaab"), STR("aaab")), 3);
    assert_int_equal(str_find_str(STR("aaa"), STR("aaaa")), 3);
    assert_int_equal(str_find_str(STR("aab"), STR("b")), 2);
    assert_int_equal(str_find_str(STR("aab"), STR("ba")), 3);
    assert_int_equal(str_find_str(STR("aab"), STR("")), 0);
}

static void test_sub_and_trim(void **state)
{
    (void)state;
    assert_true(str_is(str_sub(STR("hello"), 1, 3), "ell"));
    assert_true(str_is(str_sub(STR("hello"), 3, SIZE_MAX), "lo"));
    assert_true(str_is(str_sub(STR("hello"), 9, 1), ""));
    assert_true(str_is(str_sub(STR_NONE, 1, 1), ""));
    assert_true(str_is(str_trim(STR(" \t a b\r\n")), "a b"));
    assert_true(str_is(str_trim(STR(" \n")), ""));
    assert_true(str_is(str_trim(STR_NONE), ""));
}

static void test_cut(void **state)
{
    (void)state;
    struct str rest = STR("a,,b,");
    struct str part;
    static const char *const want[] = {"a", "", "b", ""};
    for (size_t i = 0; i < 4; i++) {
        assert_true(str_cut(&rest, ',', &part));
        assert_true(str_is(part, want[i]));
    }
    assert_false(str_cut(&rest, ',', &part));
    rest = STR("");
    assert_true(str_cut(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_false(str_cut(&rest, ',', &part));
}

static void test_numbers(void **state)
{
    (void)state;
    unsigned long long u = 7;
    long long i = 7;
    assert_true(str_to_u64(STR("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_true(str_to_u64(STR("0"), &u));
    assert_true(u == 0);
    u = 7;
    static const char *const junk[] = {
        "", "-1", "+1", " 1", "1 ", "1a", "0x1", "18446744073709551616", "99999999999999999999"};
    for (size_t at = 0; at < sizeof junk / sizeof *junk; at++) {
        assert_false(str_to_u64(str_of(junk[at]), &u));
    }
    assert_true(u == 7); /* written only on success */
    assert_true(str_to_i64(STR("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_true(str_to_i64(STR("9223372036854775807"), &i));
    assert_true(i == INT64_MAX);
    assert_true(str_to_i64(STR("-0"), &i));
    assert_true(i == 0);
    assert_false(str_to_i64(STR("9223372036854775808"), &i));
    assert_false(str_to_i64(STR("-9223372036854775809"), &i));
    assert_false(str_to_i64(STR("-"), &i));
    assert_false(str_to_i64(STR("--1"), &i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare), cmocka_unit_test(test_starts_and_ends),
        cmocka_unit_test(test_find),    cmocka_unit_test(test_sub_and_trim),
        cmocka_unit_test(test_cut),     cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
