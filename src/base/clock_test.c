/* clock_test.c - dates, durations and sizes in words.
 */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void utc_is(int64_t unix_ms, const char *want)
{
    struct buf buf = {0};
    clock_add_utc(&buf, unix_ms);
    assert_string_equal(buf_cstr(&buf), want);
    buf_deinit(&buf);
}

static void test_utc(void **state)
{
    (void)state;
    utc_is(0, "1970-01-01T00:00:00.000Z");
    utc_is(-1, "1969-12-31T23:59:59.999Z");
    utc_is(1795229640123, "2026-11-21T02:54:00.123Z");
    utc_is(951782400000, "2000-02-29T00:00:00.000Z");
    utc_is(951868800000, "2000-03-01T00:00:00.000Z");
    utc_is(4107542400000, "2100-03-01T00:00:00.000Z"); /* 2100 has no leap day */
    utc_is(253402300799999, "9999-12-31T23:59:59.999Z");
    utc_is(-62135596800000, "0001-01-01T00:00:00.000Z");
}

static unsigned month_days(int year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Every day of nine centuries, counted the slow way. */
static void test_every_day(void **state)
{
    (void)state;
    struct buf got = {0};
    struct buf want = {0};
    int64_t day = 0;
    for (int year = 1970; year < 2870; year++) {
        for (unsigned month = 1; month <= 12; month++) {
            for (unsigned at = 1; at <= month_days(year, month); at++, day++) {
                buf_clear(&got);
                buf_clear(&want);
                clock_add_utc(&got, day * 86400000);
                buf_printf(&want, "%04d-%02u-%02uT00:00:00.000Z", year, month, at);
                assert_true(str_eq(buf_str(&got), buf_str(&want)));
            }
        }
    }
    buf_deinit(&got);
    buf_deinit(&want);
}

static void test_parse_duration(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {{"250ms", 250},  {"30s", 30000},    {"5m", 300000},
                {"2h", 7200000}, {"7d", 604800000}, {"1500", 1500},
                {"0", 0},        {"0s", 0},         {"18446744073709551615", UINT64_MAX}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint64_t ms = 1;
        assert_true(clock_parse_duration_ms(str_of(good[i].text), &ms));
        assert_true(ms == good[i].ms);
    }
    static const char *const junk[] = {"",   "s",   "-1s", "1.5s", "1 s",
                                       "1S", "1sx", "1m2", " 1",   "18446744073709552s"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        uint64_t ms = 1;
        assert_false(clock_parse_duration_ms(str_of(junk[i]), &ms));
        assert_int_equal(ms, 1);
    }
}

static void test_duration_words(void **state)
{
    (void)state;
    static const struct {
        uint64_t ms;
        const char *want;
    } cases[] = {{0, "0 ms"},      {350, "350 ms"},          {999, "999 ms"},
                 {1000, "1 s"},    {1299, "1.2 s"},          {59999, "59.9 s"},
                 {60000, "1 min"}, {3599999, "59 min 59 s"}, {7500000, "2 h 5 min"},
                 {7200000, "2 h"}, {90000000, "1 d 1 h"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf buf = {0};
        clock_add_duration(&buf, cases[i].ms);
        assert_string_equal(buf_cstr(&buf), cases[i].want);
        buf_deinit(&buf);
    }
}

static void test_bytes_words(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *want;
    } cases[] = {{0, "0 B"},          {1023, "1023 B"},        {1024, "1 KiB"},
                 {1536, "1.5 KiB"},   {1048575, "1023.9 KiB"}, {1572864, "1.5 MiB"},
                 {1u << 30, "1 GiB"}, {UINT64_MAX, "15.9 EiB"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf buf = {0};
        clock_add_bytes(&buf, cases[i].bytes);
        assert_string_equal(buf_cstr(&buf), cases[i].want);
        buf_deinit(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utc),
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_parse_duration),
        cmocka_unit_test(test_duration_words),
        cmocka_unit_test(test_bytes_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
