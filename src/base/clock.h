/* clock.h - words for times and sizes; no clock is read here. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define NS_PER_MS 1000000ull
#define MS_PER_S 1000ull

/* "2026-11-21T02:54:00.123Z" (RFC 3339, UTC). */
void clock_add_utc(struct buf *out, int64_t unix_ms);
/* "250ms", "30s", "5m", "2h", "7d" or plain milliseconds; false on junk. */
bool clock_parse_duration_ms(struct str text, uint64_t *out_ms);
/* "1.2 s", "350 ms", "2 h 5 min": for people. */
void clock_add_duration(struct buf *out, uint64_t ms);
/* "1.5 MiB". */
void clock_add_bytes(struct buf *out, uint64_t bytes);
