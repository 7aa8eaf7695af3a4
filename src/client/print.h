/* print.h - for people's eyes: aligned columns, colours on terminals only, times, and text
 * by strangers made harmless.
 *
 * Agents write records; a terminal obeys control characters. Whatever came from a record
 * passes through print_safe.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/* Appends the text with control characters and direction marks as \xNN or \u{NNNN}; with
 * `lines`, line ends and tabs stay. Bytes that are not UTF-8 become \xNN. */
void print_add_safe(struct buf *out, struct str text, bool lines);
void print_safe(FILE *to, struct str text, bool lines);
/* "2 min ago (2026-11-21 02:54:00Z)" */
void print_add_time(struct buf *out, int64_t at_ms, int64_t now_ms);
int64_t print_now_ms(void);
/* At most `columns` characters, "..." at a cut. */
struct str print_cut(struct arena *arena, struct str text, size_t columns);

struct table {
    struct arena *arena;
    struct str *cells;
    size_t columns, cells_count, cells_cap;
};
void table_begin(struct table *table, struct arena *arena, size_t columns);
void table_add(struct table *table, struct str cell);
void table_addf(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first row is the head; the last column is not padded. */
void table_print(const struct table *table, FILE *to, bool color);
size_t print_width(struct str text); /* characters; wide enough for our purposes */
