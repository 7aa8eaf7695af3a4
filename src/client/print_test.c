/* print_test.c - text by strangers stays text, and tables stay aligned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/print.h"

static void shows(const char *text, bool lines, const char *expected)
{
    struct buf out = {0};
    print_add_safe(&out, str_of(text), lines);
    assert_string_equal(buf_cstr(&out), expected);
    buf_deinit(&out);
}

static void control_characters_are_escaped(void **state)
{
    (void)state;
    shows("plain \xc3\xa9", false, "plain \xc3\xa9");
    shows("\033[2J", false, "\\x1b[2J");
    shows("a\nb\tc", false, "a\\nb\\tc");
    shows("a\nb\tc", true, "a\nb\tc");
    shows("a\rb", true, "a\\x0db");
    shows("\xc2\x9b"
          "1m",
          false, "\\u{009b}1m");
    shows("\xe2\x80\xae"
          "abc",
          false, "\\u{202e}abc");
    shows("\xff", false, "\\xff");
    shows("\x7f", false, "\\x7f");
}

static void cutting_keeps_characters_whole(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct str cut = print_cut(&arena, STR("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), 5);
    assert_true(str_is(cut, "\xc3\xa9\xc3\xa9..."));
    assert_true(str_is(print_cut(&arena, STR("short"), 5), "short"));
    arena_deinit(&arena);
}

static void times_are_relative_and_absolute(void **state)
{
    (void)state;
    struct buf out = {0};
    print_add_time(&out, 1000000000000, 1000000120000);
    assert_true(str_starts(buf_str(&out), STR("2 min")));
    assert_true(str_ends(buf_str(&out), STR("ago (2001-09-09 01:46:40Z)")));
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_are_escaped),
        cmocka_unit_test(cutting_keeps_characters_whole),
        cmocka_unit_test(times_are_relative_and_absolute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
