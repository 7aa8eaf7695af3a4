/* buf_test.c - growth, the ceiling, numbers and formatted text.
 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_numbers(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_add_u64(&buf, 0);
    buf_add_byte(&buf, ' ');
    buf_add_u64(&buf, UINT64_MAX);
    buf_add_text(&buf, " ");
    buf_add_i64(&buf, INT64_MIN);
    buf_add_str(&buf, STR(" "));
    buf_add_i64(&buf, -1);
    buf_add_i64(&buf, INT64_MAX);
    assert_string_equal(buf_cstr(&buf),
                        "0 18446744073709551615 -9223372036854775808 -19223372036854775807");
    buf_deinit(&buf);
    buf_deinit(NULL);
}

static void test_grows(void **state)
{
    (void)state;
    struct buf buf = {0};
    for (int i = 0; i < 100000; i++) {
        buf_add_byte(&buf, (uint8_t)(i * 7));
    }
    assert_int_equal(buf.len, 100000);
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(buf.at[i], (uint8_t)(i * 7));
    }
    buf_drop_front(&buf, 99990);
    assert_int_equal(buf.len, 10);
    assert_int_equal(buf.at[0], (uint8_t)(99990 * 7));
    buf_drop_front(&buf, 10);
    buf_drop_front(&buf, 0);
    assert_int_equal(buf.len, 0);
    assert_true(buf.cap >= 100000);
    buf_deinit(&buf);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct buf buf = {.max = 10};
    buf_add_text(&buf, "0123456789");
    assert_false(buf.overflowed);
    buf_add(&buf, "", 0);
    assert_false(buf.overflowed);
    buf_drop_front(&buf, 5);
    buf_add_text(&buf, "abcdef"); /* 11: nothing of it is added */
    assert_true(buf.overflowed);
    buf_add_byte(&buf, 'x'); /* would fit, but the text has a hole now */
    buf_printf(&buf, "%d", 1);
    buf_add_u64(&buf, 1);
    assert_null(buf_reserve(&buf, 1));
    assert_string_equal(buf_cstr(&buf), "56789");
    buf_clear(&buf);
    assert_false(buf.overflowed);
    buf_add_text(&buf, "ok");
    assert_true(str_is(buf_str(&buf), "ok"));
    buf_deinit(&buf);
}

static void test_printf(void **state)
{
    (void)state;
    /* Lengths around the small buffer inside, exactly at the ceiling, and past it. */
    for (int width = 250; width <= 260; width++) {
        struct buf buf = {.max = (size_t)width};
        buf_printf(&buf, "%*d", width, 42);
        assert_false(buf.overflowed);
        assert_int_equal(buf.len, width);
        assert_int_equal(buf.at[width - 1], '2');
        assert_int_equal(strlen(buf_cstr(&buf)), width);
        buf_clear(&buf);
        buf_printf(&buf, "%*d", width + 1, 42);
        assert_true(buf.overflowed);
        assert_int_equal(buf.len, 0);
        buf_deinit(&buf);
    }
}

static void test_reserve_and_empty(void **state)
{
    (void)state;
    struct buf buf = {0};
    assert_string_equal(buf_cstr(&buf), "");
    buf_deinit(&buf);
    assert_non_null(buf_reserve(&buf, 0));
    uint8_t *at = buf_reserve(&buf, 5000);
    assert_non_null(at);
    memset(at, 'z', 5000);
    assert_int_equal(buf.len, 0);
    buf.len += 5000;
    assert_int_equal(buf_str(&buf).at[4999], 'z');
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),           cmocka_unit_test(test_grows),
        cmocka_unit_test(test_ceiling),           cmocka_unit_test(test_printf),
        cmocka_unit_test(test_reserve_and_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
