/* utf8_test.c - every code point there and back, and the sequences that are none.
 */
#include "codec/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

static void test_every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        if (c >= 0xd800 && c <= 0xdfff) {
            continue;
        }
        char bytes[4];
        struct str text = str_n(bytes, utf8_put(c, bytes));
        size_t at = 0;
        assert_int_equal(utf8_next(text, &at), c);
        assert_int_equal(at, text.len);
        assert_true(utf8_valid(text));
        for (size_t len = 1; len < text.len; len++) {
            assert_false(utf8_valid(str_n(bytes, len)));
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct str bad[] = {
        {"\x80", 1},             /* continuation alone */
        {"\xc0\x80", 2},         /* overlong NUL */
        {"\xc1\xbf", 2},         /* overlong ASCII */
        {"\xe0\x9f\xbf", 3},     /* overlong, three bytes */
        {"\xf0\x8f\xbf\xbf", 4}, /* overlong, four bytes */
        {"\xed\xa0\x80", 3},     /* first surrogate */
        {"\xed\xbf\xbf", 3},     /* last surrogate */
        {"\xf4\x90\x80\x80", 4}, /* above U+10FFFF */
        {"\xf8\x88\x80\x80\x80", 5},
        {"\xff", 1},
        {"\xc3(", 2},
        {"\xe2\x82(", 3},
        {"\xf0\x9f\x98(", 4},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t at = 0;
        assert_false(utf8_valid(bad[i]));
        assert_int_equal(utf8_next(bad[i], &at), UINT32_MAX);
        assert_int_equal(at, 1);
    }
    assert_true(utf8_valid(STR_NONE));
    assert_true(utf8_valid(STR("plain ASCII, longer than eight bytes")));
}

/* The quick walk over eight bytes at a time against the walk by code points. */
static void test_valid_equals_next(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    uint32_t valid_count = 0;
    for (int round = 0; round < 20000; round++) {
        char bytes[40];
        size_t len = (size_t)rng_below(&rng, sizeof bytes + 1);
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (char)rng_below(&rng, rng_chance(&rng, 20000) ? 256 : 128);
        }
        struct str text = str_n(bytes, len);
        bool valid = true;
        for (size_t at = 0; at < len;) {
            valid = utf8_next(text, &at) != UINT32_MAX && valid;
        }
        assert_int_equal(utf8_valid(text), valid);
        valid_count += valid;
    }
    assert_in_range(valid_count, 1000, 19500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_valid_equals_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
