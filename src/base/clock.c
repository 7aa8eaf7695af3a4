/* clock.c - words for times and sizes.
 *
 * Figures for people are cut, not rounded: 1,048,575 bytes are "1023.9 KiB",
 * never "1024.0 KiB", and no duration is shown longer than it was.
 */
#include "base/clock.h"

#include <stddef.h>

#define MS_PER_MIN (60 * MS_PER_S)
#define MS_PER_H   (60 * MS_PER_MIN)
#define MS_PER_DAY (24 * MS_PER_H)

struct civil {
    int64_t year;
    unsigned month; /* 1 .. 12 */
    unsigned day;   /* 1 .. 31 */
};

/* Counts years from 1 March, so that the leap day ends a year, and in eras of
 * 400 years, which all have 146,097 days. */
static struct civil civil_of_day(int64_t unix_day)
{
    const int64_t era_days = 146097;
    const int64_t day = unix_day + 719468; /* days since 0000-03-01 */
    const int64_t era = (day >= 0 ? day : day - (era_days - 1)) / era_days;
    const int64_t in_era = day - era * era_days;
    /* Take the leap days out, and what is left divides into years of 365. */
    const int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    const int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    /* From March on, months run 31 30 31 30 31: 153 days in every five. */
    const int64_t month = (5 * in_year + 2) / 153;
    const int64_t day_of_month = in_year - (153 * month + 2) / 5 + 1;
    const bool next_year = month >= 10;
    return (struct civil){
        .year = era * 400 + year + (next_year ? 1 : 0),
        .month = (unsigned)(next_year ? month - 9 : month + 3),
        .day = (unsigned)day_of_month,
    };
}

void clock_add_utc(struct buf *out, int64_t unix_ms)
{
    const int64_t day_ms = (int64_t)MS_PER_DAY;
    int64_t day = unix_ms / day_ms;
    int64_t rest = unix_ms % day_ms;
    if (rest < 0) {
        rest += day_ms;
        day--;
    }
    const struct civil date = civil_of_day(day);
    const unsigned ms = (unsigned)rest;
    buf_printf(out, "%04lld-%02u-%02uT%02u:%02u:%02u.%03uZ", (long long)date.year, date.month,
               date.day, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

bool clock_parse_duration_ms(struct str text, uint64_t *out_ms)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"ms", 1},       {"s", MS_PER_S},   {"m", MS_PER_MIN},
                 {"h", MS_PER_H}, {"d", MS_PER_DAY}, {"", 1}};
    size_t digits = 0;
    while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9') {
        digits++;
    }
    unsigned long long figure;
    if (!str_to_u64(str_sub(text, 0, digits), &figure)) {
        return false;
    }
    const struct str unit = str_sub(text, digits, text.len);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (str_is(unit, units[i].name)) {
            if (figure > UINT64_MAX / units[i].ms) {
                return false;
            }
            *out_ms = figure * units[i].ms;
            return true;
        }
    }
    return false;
}

/* "2 h 5 min", or "2 h" when there are no whole minutes over. */
static void add_pair(struct buf *out, uint64_t big, const char *big_unit, uint64_t small,
                     const char *small_unit)
{
    buf_printf(out, "%llu %s", (unsigned long long)big, big_unit);
    if (small > 0) {
        buf_printf(out, " %llu %s", (unsigned long long)small, small_unit);
    }
}

/* "1.5 MiB", or "2 MiB" when the tenth is zero. */
static void add_tenths(struct buf *out, uint64_t whole, uint64_t tenth, const char *unit)
{
    buf_add_u64(out, whole);
    if (tenth > 0) {
        buf_printf(out, ".%u", (unsigned)tenth);
    }
    buf_printf(out, " %s", unit);
}

void clock_add_duration(struct buf *out, uint64_t ms)
{
    if (ms < MS_PER_S) {
        add_pair(out, ms, "ms", 0, "");
    } else if (ms < MS_PER_MIN) {
        add_tenths(out, ms / MS_PER_S, ms % MS_PER_S / 100, "s");
    } else if (ms < MS_PER_H) {
        add_pair(out, ms / MS_PER_MIN, "min", ms % MS_PER_MIN / MS_PER_S, "s");
    } else if (ms < MS_PER_DAY) {
        add_pair(out, ms / MS_PER_H, "h", ms % MS_PER_H / MS_PER_MIN, "min");
    } else {
        add_pair(out, ms / MS_PER_DAY, "d", ms % MS_PER_DAY / MS_PER_H, "h");
    }
}

void clock_add_bytes(struct buf *out, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    uint64_t rest = 0; /* what the last division left, in 1024ths */
    while (bytes >= 1024) {
        rest = bytes % 1024;
        bytes /= 1024;
        unit++;
    }
    add_tenths(out, bytes, rest * 10 / 1024, units[unit]);
}
