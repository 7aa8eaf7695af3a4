/* cel_time.c - timestamps and durations.
 *
 * Both are whole seconds, rounded down, and 0 .. 999,999,999 nanoseconds above them, so that
 * order and sums need no case for signs. Timestamps lie in the years 1 to 9999, durations
 * within 10,000 years either way. Days are counted by the proleptic Gregorian calendar.
 */
#include <stdio.h>

#include "contract/cel_internal.h"

#define TIMESTAMP_MIN (-62135596800)
#define TIMESTAMP_MAX 253402300799
#define DURATION_MAX  315576000000
#define NS            1000000000
#define DAY_S         86400

/* Days since 1970-01-01; years begin in March here, so the leap day is their last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t m = month <= 2 ? month + 9 : month - 3;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * m + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct date {
    int64_t year, month, day; /* month and day from 1 */
};

static struct date date_of(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * of_year + 2) / 153;
    struct date date = {.day = of_year - (153 * m + 2) / 5 + 1, .month = m < 10 ? m + 3 : m - 9};
    date.year = y + era * 400 + (date.month <= 2 ? 1 : 0);
    return date;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

static bool in_range(struct cel_value v)
{
    if (v.kind == CEL_TIMESTAMP) {
        return v.integer >= TIMESTAMP_MIN && v.integer <= TIMESTAMP_MAX;
    }
    return v.integer >= -DURATION_MAX &&
           (v.integer < DURATION_MAX || (v.integer == DURATION_MAX && v.len == 0));
}

static struct cel_value ranged(struct cel_value v)
{
    return in_range(v) ? v : cel_error("the time is out of range");
}

struct cel_value cel_time_add(enum cel_token_kind op, struct cel_value a, struct cel_value b)
{
    bool both = a.kind == CEL_TIMESTAMP && b.kind == CEL_TIMESTAMP;
    bool of_duration = a.kind == CEL_DURATION && b.kind == CEL_DURATION;
    enum cel_kind kind = both || of_duration ? CEL_DURATION : CEL_TIMESTAMP;
    if (op == TOK_ADD && !both) {
        uint32_t nanos = a.len + b.len;
        int64_t seconds = a.integer + b.integer + (nanos >= NS ? 1 : 0);
        return ranged(cel_time(kind, seconds, nanos % NS));
    }
    if (op == TOK_SUB && (both || b.kind == CEL_DURATION)) {
        bool borrow = a.len < b.len;
        uint32_t nanos = borrow ? a.len + NS - b.len : a.len - b.len;
        return ranged(cel_time(kind, a.integer - b.integer - (borrow ? 1 : 0), nanos));
    }
    return cel_no_overload();
}

/* -- reading ------------------------------------------------------------------------- */

/* Exactly `count` digits at *at. */
static bool digits(struct str text, size_t *at, size_t count, int64_t *out_value)
{
    int64_t value = 0;
    if (text.len - *at < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++, (*at)++) {
        char c = text.at[*at];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *out_value = value;
    return true;
}

static bool sign(struct str text, size_t *at, const char *allowed)
{
    if (*at < text.len && strchr(allowed, text.at[*at]) != NULL && text.at[*at] != '\0') {
        (*at)++;
        return true;
    }
    return false;
}

/* Digits behind a point, as billionths. */
static bool fraction(struct str text, size_t *at, int64_t *out_billionths)
{
    int64_t value = 0;
    int64_t place = NS / 10;
    size_t begin = *at;
    for (; *at < text.len && text.at[*at] >= '0' && text.at[*at] <= '9'; (*at)++) {
        value += (text.at[*at] - '0') * place;
        place /= 10;
    }
    *out_billionths = value;
    return *at > begin;
}

/* "+02:00"; in seconds. */
static bool read_offset(struct str text, size_t *at, int64_t *out_seconds)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    bool minus = *at < text.len && text.at[*at] == '-';
    (void)sign(text, at, "+-");
    if (!digits(text, at, 2, &hours) || !sign(text, at, ":") || !digits(text, at, 2, &minutes) ||
        hours > 23 || minutes > 59) {
        return false;
    }
    *out_seconds = (hours * 3600 + minutes * 60) * (minus ? -1 : 1);
    return true;
}

bool cel_read_timestamp(struct str text, struct cel_value *out_value)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t at = 0;
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    int64_t nanos = 0;
    int64_t offset = 0;
    if (!digits(text, &at, 4, &year) || !sign(text, &at, "-") || !digits(text, &at, 2, &month) ||
        !sign(text, &at, "-") || !digits(text, &at, 2, &day) || !sign(text, &at, "Tt") ||
        !digits(text, &at, 2, &hour) || !sign(text, &at, ":") || !digits(text, &at, 2, &minute) ||
        !sign(text, &at, ":") || !digits(text, &at, 2, &second)) {
        return false;
    }
    if (sign(text, &at, ".") && !fraction(text, &at, &nanos)) {
        return false;
    }
    if (!sign(text, &at, "Zz") &&
        (at == text.len || strchr("+-", text.at[at]) == NULL || !read_offset(text, &at, &offset))) {
        return false;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    bool calendar = month >= 1 && month <= 12 && day >= 1 &&
                    day <= lengths[month - 1] + (leap && month == 2 ? 1 : 0);
    if (at != text.len || !calendar || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t seconds = days_of(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
    *out_value = cel_time(CEL_TIMESTAMP, seconds - offset, (uint32_t)nanos);
    return in_range(*out_value);
}

struct span {
    int64_t seconds, nanos; /* both not negative */
};

/* "1.5h" and the like, one number with its unit. */
static bool read_span(struct str text, size_t *at, struct span *span)
{
    static const struct {
        char word[4];
        int64_t seconds, nanos;
    } units[] = {
        {"ms", 0, 1000000}, {"us", 0, 1000}, {"\xc2\xb5s", 0, 1000}, {"ns", 0, 1}, {"h", 3600, 0},
        {"m", 60, 0},       {"s", 1, 0},
    };
    int64_t whole = 0;
    int64_t part = 0;
    size_t begin = *at;
    for (; *at < text.len && text.at[*at] >= '0' && text.at[*at] <= '9'; (*at)++) {
        whole = whole * 10 + (text.at[*at] - '0');
        if (whole > 1000000000000) {
            return false;
        }
    }
    bool any = *at > begin;
    if (sign(text, at, ".")) {
        any = fraction(text, at, &part) || any;
    }
    for (size_t i = 0; any && i < sizeof units / sizeof *units; i++) {
        if (str_starts(str_sub(text, *at, text.len), str_of(units[i].word))) {
            *at += strlen(units[i].word);
            bool large = units[i].seconds > 0;
            int64_t unit = large ? units[i].seconds : units[i].nanos;
            int64_t fine = large ? part * unit : (whole % NS) * unit + part * unit / NS;
            span->seconds += large ? whole * unit : whole / NS * unit;
            span->nanos += fine % NS;
            span->seconds += fine / NS;
            return span->seconds <= 2 * DURATION_MAX;
        }
    }
    return false;
}

bool cel_read_duration(struct str text, struct cel_value *out_value)
{
    struct span span = {0};
    size_t at = 0;
    bool minus = text.len > 0 && text.at[0] == '-';
    (void)sign(text, &at, "+-");
    if (at == text.len) {
        return false;
    }
    if (text.len - at == 1 && text.at[at] == '0') {
        at++;
    }
    while (at < text.len) {
        if (!read_span(text, &at, &span)) {
            return false;
        }
    }
    span.seconds += span.nanos / NS;
    span.nanos %= NS;
    if (minus) {
        span.seconds = -span.seconds - (span.nanos > 0 ? 1 : 0);
        span.nanos = span.nanos > 0 ? NS - span.nanos : 0;
    }
    *out_value = cel_time(CEL_DURATION, span.seconds, (uint32_t)span.nanos);
    return in_range(*out_value);
}

/* -- writing ---------------------------------------------------------------------------- */

/* ".123", without zeros at the end; nothing for none. */
static size_t write_fraction(char *out, uint32_t nanos)
{
    if (nanos == 0) {
        return 0;
    }
    int len = snprintf(out, 12, ".%09u", nanos);
    while (out[len - 1] == '0') {
        len--;
    }
    return (size_t)len;
}

size_t cel_write_timestamp(struct cel_value v, char out[40])
{
    int64_t days = floor_div(v.integer, DAY_S);
    int64_t rest = v.integer - days * DAY_S;
    struct date d = date_of(days);
    int len = snprintf(out, 40, "%04d-%02d-%02dT%02d:%02d:%02d", (int)d.year, (int)d.month,
                       (int)d.day, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
    size_t at = (size_t)len;
    at += write_fraction(out + at, v.len);
    out[at++] = 'Z';
    return at;
}

size_t cel_write_duration(struct cel_value v, char out[40])
{
    bool minus = v.integer < 0;
    int64_t seconds = minus ? -v.integer - (v.len > 0 ? 1 : 0) : v.integer;
    uint32_t nanos = minus && v.len > 0 ? NS - v.len : v.len;
    size_t at = (size_t)snprintf(out, 28, "%s%lld", minus ? "-" : "", (long long)seconds);
    at += write_fraction(out + at, nanos);
    out[at++] = 's';
    return at;
}

/* -- parts --------------------------------------------------------------------------------- */

static struct cel_value duration_part(enum cel_function function, struct cel_value v)
{
    bool up = v.integer < 0 && v.len > 0; /* towards zero */
    int64_t seconds = v.integer + (up ? 1 : 0);
    int64_t nanos = up ? (int64_t)v.len - NS : (int64_t)v.len;
    switch ((int)function) {
    case FN_HOURS:
        return cel_int(seconds / 3600);
    case FN_MINUTES:
        return cel_int(seconds / 60);
    case FN_SECONDS:
        return cel_int(seconds);
    case FN_MILLIS:
        return cel_int(nanos / 1000000);
    default:
        return cel_no_overload();
    }
}

static struct cel_value timestamp_part(enum cel_function function, int64_t seconds, uint32_t nanos)
{
    int64_t days = floor_div(seconds, DAY_S);
    int64_t rest = seconds - days * DAY_S;
    struct date d = date_of(days);
    switch ((int)function) {
    case FN_YEAR:
        return cel_int(d.year);
    case FN_MONTH:
        return cel_int(d.month - 1);
    case FN_DATE:
        return cel_int(d.day);
    case FN_MONTH_DAY:
        return cel_int(d.day - 1);
    case FN_WEEK_DAY:
        return cel_int(((days + 4) % 7 + 7) % 7);
    case FN_YEAR_DAY:
        return cel_int(days - days_of(d.year, 1, 1));
    case FN_HOURS:
        return cel_int(rest / 3600);
    case FN_MINUTES:
        return cel_int(rest / 60 % 60);
    case FN_SECONDS:
        return cel_int(rest % 60);
    default:
        return cel_int(nanos / 1000000);
    }
}

struct cel_value cel_time_part(enum cel_function function, const struct cel_value *args,
                               uint32_t count)
{
    int64_t offset = 0;
    if (args[0].kind == CEL_DURATION) {
        return count == 1 ? duration_part(function, args[0]) : cel_no_overload();
    }
    if (args[0].kind != CEL_TIMESTAMP || (count == 2 && args[1].kind != CEL_STRING)) {
        return cel_no_overload();
    }
    if (count == 2 && !str_is(cel_text(args[1]), "UTC")) {
        size_t at = 0;
        if (!read_offset(cel_text(args[1]), &at, &offset) || at != args[1].len) {
            return cel_error("time zones are written as UTC or +HH:MM");
        }
    }
    return timestamp_part(function, args[0].integer + offset, args[0].len);
}
