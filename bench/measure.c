/* measure.c - see measure.h. Everything here stops the program on trouble: a benchmark
 * that goes on after an error measures something else. */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

unsigned number_of(const char *text)
{
    unsigned long long value = 0;
    if (!str_to_u64(str_of(text), &value) || value < 1 || value > 100000) {
        die("%s: not a whole number", text);
    }
    return (unsigned)value;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

void sort_u64(uint64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_u64);
}

uint64_t percentile(const uint64_t *sorted, size_t count, double percent)
{
    if (count == 0) {
        return 0;
    }
    size_t at = (size_t)((double)count * percent / 100.0);
    return sorted[at < count ? at : count - 1];
}

uint64_t median(uint64_t *values, size_t count)
{
    sort_u64(values, count);
    return percentile(values, count, 50);
}

/* -- chance ----------------------------------------------------------------------------- */

uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t *dice_order(struct dice *dice, size_t count)
{
    uint32_t *order = malloc((count + 1) * sizeof *order);
    if (order == NULL) {
        die("no memory");
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = (uint32_t)i;
    }
    for (size_t i = count; i > 1; i--) {
        size_t other = dice_next(dice) % i;
        uint32_t kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
    return order;
}

/* -- directories -------------------------------------------------------------------------- */

struct path path_join(const char *dir, const char *name)
{
    struct path path;
    int len = snprintf(path.at, sizeof path.at, "%s/%s", dir, name);
    if (len < 0 || (size_t)len >= sizeof path.at) {
        die("the path %s/%s is too long", dir, name);
    }
    return path;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(path);
}

void dir_remove(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT) {
        die("%s: %s", path, strerror(errno));
    }
}

void dir_fresh(const char *path)
{
    dir_remove(path);
    if (mkdir(path, 0700) != 0) {
        die("%s: %s", path, strerror(errno));
    }
}

uint64_t file_read(const char *path)
{
    static char buffer[1 << 20];
    uint64_t bytes = 0;
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        return 0;
    }
    for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;) {
        bytes += (uint64_t)got;
    }
    close(fd);
    return bytes;
}

/* -- the table ------------------------------------------------------------------------------ */

static size_t row_new(struct table *table)
{
    if (table->rows == TABLE_ROWS_MAX) {
        die("the table is full");
    }
    for (size_t i = 0; i < table->columns; i++) {
        snprintf(table->cells[table->rows][i], sizeof table->cells[0][0], "-");
    }
    return table->rows++;
}

void table_init(struct table *table, const char *const *heads, size_t columns)
{
    memset(table, 0, sizeof *table);
    table->columns = columns;
    size_t row = row_new(table);
    for (size_t i = 0; i < columns; i++) {
        table_cell(table, row, i, "%s", heads[i]);
    }
}

size_t table_row(struct table *table, const char *work)
{
    size_t row = row_new(table);
    table_cell(table, row, 0, "%s", work);
    return row;
}

void table_cell(struct table *table, size_t row, size_t column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(table->cells[row][column], sizeof table->cells[0][0], format, args);
    va_end(args);
}

void table_met(struct table *table, size_t row, size_t column, bool met)
{
    table_cell(table, row, column, "%s", met ? "yes" : "NO");
}

/* Columns as a reader sees them: UTF-8 continuation bytes take no room. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++) {
        width += (*text & 0xc0) != 0x80;
    }
    return width;
}

void table_print(const struct table *table)
{
    int widths[TABLE_COLUMNS_MAX] = {0};
    for (size_t r = 0; r < table->rows; r++) {
        for (size_t c = 0; c < table->columns; c++) {
            int width = width_of(table->cells[r][c]);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    for (size_t r = 0; r < table->rows; r++) {
        for (size_t c = 0; c < table->columns; c++) {
            int room = widths[c] - width_of(table->cells[r][c]);
            printf("| %s%*s ", table->cells[r][c], room, "");
        }
        puts("|");
        for (size_t c = 0; r == 0 && c < table->columns; c++) {
            printf("|");
            for (int i = 0; i < widths[c] + 2; i++) {
                putchar('-');
            }
        }
        if (r == 0) {
            puts("|");
        }
    }
    putchar('\n');
    fflush(stdout);
}

struct words rate_words(double per_second)
{
    struct words words;
    if (per_second >= 1e6) {
        snprintf(words.at, sizeof words.at, "%.2fM/s", per_second / 1e6);
    } else if (per_second >= 1e5) {
        snprintf(words.at, sizeof words.at, "%.0fk/s", per_second / 1e3);
    } else if (per_second >= 1e3) {
        snprintf(words.at, sizeof words.at, "%.1fk/s", per_second / 1e3);
    } else {
        snprintf(words.at, sizeof words.at, "%.0f/s", per_second);
    }
    return words;
}
