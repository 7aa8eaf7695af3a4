/* buf.c - a growing byte buffer.
 *
 * Invariants: len <= cap; at != NULL when cap > 0; nothing is appended once
 * `overflowed` is set, so what is in the buffer is always a prefix of what the
 * caller meant. Bytes to append must not lie in the buffer itself: growing moves it.
 */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

void buf_deinit(struct buf *buf)
{
    if (buf != NULL) {
        mem_free(buf->at);
        *buf = (struct buf){.max = buf->max};
    }
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflowed = false;
}

/* The slow half of buf_reserve: refuses or grows. */
static uint8_t *reserve_slow(struct buf *buf, size_t more)
{
    if (buf->overflowed) {
        return NULL;
    }
    if (buf->max != 0 && (buf->len > buf->max || more > buf->max - buf->len)) {
        buf->overflowed = true;
        return NULL;
    }
    CHECK(more <= SIZE_MAX - buf->len);
    const size_t need = buf->len + more;
    mem_grow(&buf->at, &buf->cap, need == 0 ? 1 : need, 1);
    return buf->at + buf->len;
}

static inline uint8_t *reserve(struct buf *buf, size_t more)
{
    const bool fits = buf->at != NULL && more <= buf->cap - buf->len;
    const bool allowed = buf->max == 0 || (buf->len <= buf->max && more <= buf->max - buf->len);
    if (fits && allowed && !buf->overflowed) {
        return buf->at + buf->len;
    }
    return reserve_slow(buf, more);
}

uint8_t *buf_reserve(struct buf *buf, size_t more)
{
    return reserve(buf, more);
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
    if (len == 0) {
        return;
    }
    uint8_t *to = reserve(buf, len);
    if (to != NULL) {
        memcpy(to, bytes, len);
        buf->len += len;
    }
}

void buf_add_str(struct buf *buf, struct str text)
{
    buf_add(buf, text.at, text.len);
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add_str(buf, str_of(text));
}

void buf_add_byte(struct buf *buf, uint8_t byte)
{
    uint8_t *to = reserve(buf, 1);
    if (to != NULL) {
        *to = byte;
        buf->len++;
    }
}

/* Writes the digits in front of `end`, last first; returns the first one. */
static char *digits_before(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return end;
}

void buf_add_u64(struct buf *buf, uint64_t value)
{
    char text[20];
    char *end = text + sizeof text;
    const char *first = digits_before(end, value);
    buf_add(buf, first, (size_t)(end - first));
}

void buf_add_i64(struct buf *buf, int64_t value)
{
    char text[21];
    char *end = text + sizeof text;
    /* Unsigned negation is right for INT64_MIN too. */
    char *first = digits_before(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    if (value < 0) {
        *--first = '-';
    }
    buf_add(buf, first, (size_t)(end - first));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    char small[256];
    va_list args;
    va_start(args, format);
    const int wanted = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    CHECK(wanted >= 0);
    const size_t len = (size_t)wanted;
    if (len < sizeof small) {
        buf_add(buf, small, len);
        return;
    }
    /* vsnprintf needs one byte more for its NUL, which is not part of the
     * text and so must not count against the ceiling. */
    if (buf_reserve(buf, len) == NULL) {
        return;
    }
    mem_grow(&buf->at, &buf->cap, buf->len + len + 1, 1);
    va_start(args, format);
    const int written = vsnprintf((char *)buf->at + buf->len, len + 1, format, args);
    va_end(args);
    CHECK(written == wanted);
    buf->len += len;
}

void buf_drop_front(struct buf *buf, size_t count)
{
    CHECK(count <= buf->len);
    if (count == 0) {
        return;
    }
    buf->len -= count;
    if (buf->len > 0) {
        memmove(buf->at, buf->at + count, buf->len);
    }
}

const char *buf_cstr(struct buf *buf)
{
    mem_grow(&buf->at, &buf->cap, buf->len + 1, 1);
    buf->at[buf->len] = 0;
    return (const char *)buf->at;
}
