/* measure.h - clocks, places on the disk and the table that the benchmarks share. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

_Noreturn void die(const char *format, ...) PRINTF_LIKE(1, 2);
uint64_t now_ns(void);
/* A whole number of a command line, 1 or more. */
unsigned number_of(const char *text);
/* The middle one; sorts the values. */
uint64_t median(uint64_t *values, size_t count);
/* The value below which `percent` of the sorted values lie. */
uint64_t percentile(const uint64_t *sorted, size_t count, double percent);
void sort_u64(uint64_t *values, size_t count);

/* A small generator with a fixed seed, so that every run does the same work. */
struct dice {
    uint64_t state;
};
uint64_t dice_next(struct dice *dice);
/* The numbers 0 .. count-1 in a random order; free() it. */
uint32_t *dice_order(struct dice *dice, size_t count);

/* Removes what is there and makes the directory afresh. */
void dir_fresh(const char *path);
void dir_remove(const char *path);
/* Reads the file with plain read(), like cat; returns the bytes, 0 when there is none. */
uint64_t file_read(const char *path);
/* "PATH/NAME" in a buffer of the caller. */
struct path {
    char at[512];
};
struct path path_join(const char *dir, const char *name);

/* A Markdown table whose columns are aligned when it is printed. */
#define TABLE_COLUMNS_MAX 10
#define TABLE_ROWS_MAX 40
struct table {
    size_t columns, rows;
    char cells[TABLE_ROWS_MAX][TABLE_COLUMNS_MAX][64];
};
void table_init(struct table *table, const char *const *heads, size_t columns);
/* Begins a row; then table_cell once per column. Cells left out are "-". */
size_t table_row(struct table *table, const char *work);
void table_cell(struct table *table, size_t row, size_t column, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* "yes" or "NO". */
void table_met(struct table *table, size_t row, size_t column, bool met);
void table_print(const struct table *table);

/* "12.3k", "1.04M": events a second, in as many digits as are meaningful. */
struct words {
    char at[32];
};
struct words rate_words(double per_second);
