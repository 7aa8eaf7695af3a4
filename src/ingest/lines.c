/* lines.c - lines, and what a single line looks like: indent, list marker, fence, table
 * row. A line ends with LF or CR LF; its text has neither. */
#include "ingest/document_internal.h"

bool document_split_lines(struct arena *arena, struct document *document, uint32_t lines_max)
{
    struct str bytes = document->bytes;
    size_t count = 1;
    for (size_t i = 0; i < bytes.len; i++) {
        count += bytes.at[i] == '\n' && i + 1 < bytes.len;
    }
    count = count > lines_max ? lines_max : count;
    document->lines = arena_alloc(arena, count * sizeof document->lines[0]);
    size_t at = 0;
    while (document->lines_count < count && at < bytes.len) {
        size_t end = str_find(bytes, '\n', at);
        struct str text = str_sub(bytes, at, end - at);
        if (text.len > 0 && text.at[text.len - 1] == '\r') {
            text.len--;
        }
        document->lines[document->lines_count++] = (struct line){.text = text, .offset = at};
        at = end + 1;
    }
    if (at < bytes.len) {
        document->bytes.len = at;
        return false;
    }
    return true;
}

size_t line_indent(struct str line, size_t *out_at)
{
    size_t columns = 0, at = 0;
    for (; at < line.len; at++) {
        if (line.at[at] == ' ') {
            columns++;
        } else if (line.at[at] == '\t') {
            columns += 4 - columns % 4;
        } else {
            break;
        }
    }
    *out_at = at;
    return columns;
}

size_t list_marker(struct str line, size_t at)
{
    if (at >= line.len) {
        return 0;
    }
    size_t end = at;
    char c = line.at[at];
    if (c == '-' || c == '+' || c == '*') {
        end++;
    } else {
        while (end < line.len && is_digit(line.at[end]) && end - at < 9) {
            end++;
        }
        if (end == at || end >= line.len || (line.at[end] != '.' && line.at[end] != ')')) {
            return 0;
        }
        end++;
    }
    if (end < line.len && line.at[end] != ' ' && line.at[end] != '\t') {
        return 0;
    }
    while (end < line.len && (line.at[end] == ' ' || line.at[end] == '\t')) {
        end++;
    }
    return end - at;
}

size_t line_fence(struct str line, size_t at, char *out_char)
{
    if (at >= line.len || (line.at[at] != '`' && line.at[at] != '~')) {
        return 0;
    }
    char c = line.at[at];
    size_t len = 0;
    while (at + len < line.len && line.at[at + len] == c) {
        len++;
    }
    if (len < 3 || (c == '`' && str_find(line, '`', at + len) < line.len)) {
        return 0;
    }
    *out_char = c;
    return len;
}

bool line_closes_fence(struct str line, char character, size_t length)
{
    struct str text = str_trim(line);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != character) {
            return false;
        }
    }
    return text.len >= length;
}

/* A '|' counts unless it is escaped or inside a code span. */
uint32_t table_cells(struct str row, struct str *out_cells, uint32_t cells_max)
{
    row = str_trim(row);
    if (row.len > 0 && row.at[0] == '|') {
        row = str_sub(row, 1, row.len - 1);
    }
    uint32_t count = 0;
    size_t start = 0;
    bool code = false;
    for (size_t i = 0; i <= row.len; i++) {
        bool end = i == row.len;
        if (!end && row.at[i] == '\\') {
            i++;
            continue;
        }
        if (!end && row.at[i] == '`') {
            code = !code && str_find(row, '`', i + 1) < row.len;
        }
        if (end || (row.at[i] == '|' && !code)) {
            struct str cell = str_trim(str_sub(row, start, i - start));
            bool closing = end && cell.len == 0 && count > 0;
            if (!closing) {
                if (count < cells_max && out_cells != NULL) {
                    out_cells[count] = cell;
                }
                count++;
            }
            start = i + 1;
        }
    }
    return count;
}

bool line_is_table_rule(struct str line, uint32_t *out_columns)
{
    struct str text = str_trim(line);
    bool dash = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c != '-' && c != ':' && c != '|' && c != ' ' && c != '\t') {
            return false;
        }
        dash = dash || c == '-';
    }
    if (!dash || (str_find(text, '|', 0) == text.len && str_find(text, ':', 0) == text.len)) {
        return false;
    }
    struct str cells[64];
    uint32_t count = table_cells(text, cells, 64);
    for (uint32_t i = 0; i < count && i < 64; i++) {
        struct str cell = cells[i];
        if (cell.len > 0 && cell.at[0] == ':') {
            cell = str_sub(cell, 1, cell.len - 1);
        }
        if (cell.len > 0 && cell.at[cell.len - 1] == ':') {
            cell.len--;
        }
        if (cell.len == 0 || str_find(cell, ':', 0) < cell.len ||
            str_find(cell, ' ', 0) < cell.len) {
            return false;
        }
    }
    *out_columns = count;
    return count > 0;
}
