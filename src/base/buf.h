/* buf.h - a growing byte buffer.
 *
 * Zeroed memory is an empty buffer. A buffer may have a ceiling: an append past
 * it appends nothing, sets `overflowed`, and so does every later append; the
 * caller checks once at the end.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct buf {
    uint8_t *at;
    size_t len;
    size_t cap;
    size_t max; /* ceiling in bytes; 0 = none */
    bool overflowed;
};

void buf_deinit(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */
/* Room for `more` bytes behind len, which the caller may fill and then add to
 * len; NULL past the ceiling. */
MUST_USE uint8_t *buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_add_str(struct buf *buf, struct str text);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_byte(struct buf *buf, uint8_t byte);
void buf_add_u64(struct buf *buf, uint64_t value); /* decimal digits */
void buf_add_i64(struct buf *buf, int64_t value);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* Drops the first `count` bytes, moving the rest to the front. */
void buf_drop_front(struct buf *buf, size_t count);
static inline struct str buf_str(const struct buf *buf)
{
    return str_n(buf->at, buf->len);
}
/* NUL-terminates behind len (not counted in len) and returns the text. */
const char *buf_cstr(struct buf *buf);
