/* err_test.c - every error has words, and a trail keeps its beginning.
 */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(err_name(ERR_OK), "ERR_OK");
    assert_string_equal(err_name(ERR_IO), "ERR_IO");
    assert_string_equal(err_text(ERR_FULL), "the disk is full");
    for (int i = 0; i <= ERR_STOPPED + 1; i++) {
        assert_non_null(err_name((enum err)i));
        assert_true(strlen(err_text((enum err)i)) > 0);
    }
}

static void test_trail(void **state)
{
    (void)state;
    struct trail trail = {0};
    trail_add(&trail, "pwrite of %d bytes", 7);
    assert_int_equal(trail_err(&trail, ERR_IO, "segment %d", 3), ERR_IO);
    assert_string_equal(trail.text, "pwrite of 7 bytes: segment 3");
    assert_int_equal(trail.len, strlen(trail.text));
    assert_int_equal(trail_err(NULL, ERR_FULL, "nobody listens"), ERR_FULL);
    trail_add(NULL, "nobody listens");
    trail_clear(&trail);
    assert_string_equal(trail.text, "");
    for (int i = 0; i < 1000; i++) {
        trail_add(&trail, "%03d", i);
        assert_int_equal(trail.len, strlen(trail.text));
    }
    assert_int_equal(trail.len, sizeof trail.text - 1);
    assert_memory_equal(trail.text, "000: 001: 002", 13);
    /* One byte short of full: the mark itself is cut. */
    trail_clear(&trail);
    trail_add(&trail, "%0510d", 0);
    trail_add(&trail, "more");
    assert_int_equal(trail.len, 511);
    assert_int_equal(trail.text[510], ':');
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_trail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
