/* json_number.c - numbers of JSON, correctly rounded and without the locale.
 *
 * A number is digits * 10^exponent. When the digits fit 53 bits and the power of
 * ten is exact in a double, one multiplication or division rounds once and so is
 * right (W. Clinger, "How to read floating point numbers accurately"). Everything
 * else goes to strtod, written as digits and exponent without a decimal point: the
 * point is the only part of a number that strtod takes from the locale.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "codec/json_internal.h"

#define EXACT_POWER_MAX  22
#define EXACT_DIGITS_MAX ((uint64_t)1 << 53)
#define EXPONENT_MAX     1000000000000 /* beyond any text: far past overflow either way */

struct decimal {
    const uint8_t *begin; /* first digit */
    const uint8_t *end;   /* behind the last digit, before the exponent */
    uint64_t digits;      /* their value, unless too_long */
    int64_t exponent;
    bool too_long;
    bool negative;
    bool integer; /* neither fraction nor exponent */
};

/* Moves over digits; false when there is none. */
static bool read_digits(struct json_reader *r, struct decimal *d)
{
    const uint8_t *begin = r->at;
    uint64_t digits = d->digits;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        uint32_t digit = (uint32_t)(*r->at - '0');
        if (digits > (UINT64_MAX - 9) / 10) {
            d->too_long = true;
        } else {
            digits = digits * 10 + digit;
        }
        r->at++;
    }
    d->digits = digits;
    return r->at > begin;
}

static bool read_exponent(struct json_reader *r, struct decimal *d)
{
    bool negative = false;
    r->at++;
    if (r->at < r->end && (*r->at == '+' || *r->at == '-')) {
        negative = *r->at == '-';
        r->at++;
    }
    const uint8_t *begin = r->at;
    int64_t exponent = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        exponent = exponent * 10 + (*r->at - '0');
        exponent = exponent > EXPONENT_MAX ? EXPONENT_MAX : exponent;
        r->at++;
    }
    d->exponent += negative ? -exponent : exponent;
    return r->at > begin;
}

/* The grammar of RFC 8259 section 6. */
static bool read_decimal(struct json_reader *r, struct decimal *d)
{
    if (*r->at == '-') {
        d->negative = true;
        r->at++;
    }
    d->begin = r->at;
    bool leading_zero = r->at < r->end && *r->at == '0';
    if (!read_digits(r, d) || (leading_zero && r->at - d->begin > 1)) {
        return false;
    }
    if (r->at < r->end && *r->at == '.') {
        r->at++;
        const uint8_t *fraction = r->at;
        if (!read_digits(r, d)) {
            return false;
        }
        d->integer = false;
        d->exponent = -(int64_t)(r->at - fraction);
    }
    d->end = r->at;
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        d->integer = false;
        return read_exponent(r, d);
    }
    return true;
}

static double slow_double(struct arena *arena, const struct decimal *d)
{
    size_t room = (size_t)(d->end - d->begin) + 24;
    char *text = arena_alloc(arena, room);
    size_t len = 0;
    for (const uint8_t *p = d->begin; p < d->end; p++) {
        if (*p != '.') {
            text[len++] = (char)*p;
        }
    }
    text[len++] = 'e';
    uint64_t rest = (uint64_t)d->exponent;
    if (d->exponent < 0) {
        text[len++] = '-';
        rest = 0 - rest;
    }
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    while (count > 0) {
        text[len++] = digits[--count];
    }
    text[len] = '\0';
    CHECK(len < room);
    return strtod(text, NULL);
}

static double to_double(struct arena *arena, const struct decimal *d)
{
    static const double powers[EXACT_POWER_MAX + 1] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    };
    double value;
    bool exact = !d->too_long && d->digits <= EXACT_DIGITS_MAX;
    if (d->digits == 0) {
        value = 0;
    } else if (exact && d->exponent >= 0 && d->exponent <= EXACT_POWER_MAX) {
        value = (double)d->digits * powers[d->exponent];
    } else if (exact && d->exponent < 0 && d->exponent >= -EXACT_POWER_MAX) {
        value = (double)d->digits / powers[-d->exponent];
    } else {
        value = slow_double(arena, d);
    }
    return d->negative ? -value : value;
}

bool json_read_number(struct json_reader *r, struct json *node)
{
    const uint8_t *begin = r->at;
    struct decimal d = {.integer = true};
    if (!read_decimal(r, &d)) {
        /* Behind a digit it is not the end that is wrong, but a zero in front. */
        bool cut_short = r->at == r->end && (r->at[-1] < '0' || r->at[-1] > '9');
        return json_fail(r, r->at, cut_short ? "unexpected end" : "bad number");
    }
    uint64_t limit = (uint64_t)INT64_MAX + (d.negative ? 1 : 0);
    bool minus_zero = d.negative && d.digits == 0;
    if (d.integer && !d.too_long && d.digits <= limit && !minus_zero) {
        node->kind = JSON_INT;
        node->integer = (int64_t)(d.negative ? 0 - d.digits : d.digits);
        return true;
    }
    double value = to_double(r->arena, &d);
    if (!isfinite(value)) {
        return json_fail(r, begin, "number out of range");
    }
    node->kind = JSON_NUMBER;
    node->number = value;
    return true;
}
