/* print.c - see print.h. */
#include "client/print.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "codec/utf8.h"

static bool harmless(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
        return false;
    }
    /* marks that turn the direction of what follows, and invisible separators */
    return !((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x2028 ||
             c == 0x2029 || c == 0x200e || c == 0x200f || c == 0xfeff);
}

void print_add_safe(struct buf *out, struct str text, bool lines)
{
    for (size_t at = 0; at < text.len;) {
        size_t from = at;
        uint32_t c = utf8_next(text, &at);
        if (c == UINT32_MAX) {
            buf_printf(out, "\\x%02x", (unsigned char)text.at[from]);
        } else if (harmless(c) || (lines && (c == '\n' || c == '\t'))) {
            buf_add(out, text.at + from, at - from);
        } else if (c == '\n') {
            buf_add_text(out, "\\n");
        } else if (c == '\t') {
            buf_add_text(out, "\\t");
        } else if (c < 0x80) {
            buf_printf(out, "\\x%02x", (unsigned)c);
        } else {
            buf_printf(out, "\\u{%04x}", (unsigned)c);
        }
    }
}

void print_safe(FILE *to, struct str text, bool lines)
{
    struct buf out = {0};
    print_add_safe(&out, text, lines);
    fwrite(out.at, 1, out.len, to);
    buf_deinit(&out);
}

int64_t print_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now); /* tidy: allow clock_gettime, for display */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void print_add_time(struct buf *out, int64_t at_ms, int64_t now_ms)
{
    bool ahead = at_ms > now_ms;
    uint64_t apart = (uint64_t)(ahead ? at_ms - now_ms : now_ms - at_ms);
    if (apart < 1000 && !ahead) {
        buf_add_text(out, "just now");
    } else {
        buf_add_text(out, ahead ? "in " : "");
        clock_add_duration(out, apart);
        buf_add_text(out, ahead ? "" : " ago");
    }
    struct buf utc = {0};
    clock_add_utc(&utc, at_ms);
    struct str text = buf_str(&utc);
    size_t t = str_find(text, 'T', 0);
    if (t + 9 <= text.len) {
        buf_printf(out, " (%.*s %.8sZ)", (int)t, text.at, text.at + t + 1);
    }
    buf_deinit(&utc);
}

size_t print_width(struct str text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++) {
        width += ((unsigned char)text.at[i] & 0xc0u) != 0x80u;
    }
    return width;
}

struct str print_cut(struct arena *arena, struct str text, size_t columns)
{
    if (print_width(text) <= columns) {
        return text;
    }
    size_t width = 0, end = 0;
    while (end < text.len && width + 3 < columns) {
        end++;
        while (end < text.len && ((unsigned char)text.at[end] & 0xc0u) == 0x80u) {
            end++;
        }
        width++;
    }
    return arena_printf(arena, "%.*s...", (int)end, text.at);
}

void table_begin(struct table *table, struct arena *arena, size_t columns)
{
    *table = (struct table){.arena = arena, .columns = columns};
}

void table_add(struct table *table, struct str cell)
{
    if (table->cells_count == table->cells_cap) {
        table->cells_cap = table->cells_cap == 0 ? 64 : 2 * table->cells_cap;
        struct str *bigger = arena_alloc(table->arena, table->cells_cap * sizeof bigger[0]);
        if (table->cells_count > 0) {
            memcpy(bigger, table->cells, table->cells_count * sizeof bigger[0]);
        }
        table->cells = bigger;
    }
    struct buf safe = {0};
    print_add_safe(&safe, cell, false);
    table->cells[table->cells_count++] = arena_str(table->arena, buf_str(&safe));
    buf_deinit(&safe);
}

void table_addf(struct table *table, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    table_add(table, str_of(text));
}

void table_print(const struct table *table, FILE *to, bool color)
{
    size_t widths[16] = {0};
    for (size_t i = 0; i < table->cells_count; i++) {
        size_t width = print_width(table->cells[i]);
        size_t column = i % table->columns;
        widths[column] = width > widths[column] ? width : widths[column];
    }
    for (size_t i = 0; i < table->cells_count; i++) {
        size_t column = i % table->columns;
        bool last = column + 1 == table->columns;
        bool head = i < table->columns;
        fprintf(to, "%s%.*s%s", head && color ? "\033[1m" : "", STR_ARG(table->cells[i]),
                head && color ? "\033[0m" : "");
        int pad = last ? 0 : (int)(widths[column] - print_width(table->cells[i])) + 2;
        fprintf(to, "%*s%s", pad, "", last ? "\n" : "");
    }
}
