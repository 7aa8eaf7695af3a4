/* document_internal.h - the steps from bytes to passages, and words about characters. */
#pragma once
#include "ingest/document.h"

/* Fills in `lines` from `bytes`; false when there are more than `lines_max`, of which the
 * first lines_max are then kept. */
bool document_split_lines(struct arena *arena, struct document *document, uint32_t lines_max);
/* Fills in blocks and title (Markdown and text). */
void document_find_blocks(struct arena *arena, struct document *document);
/* Fills in passages; false when there are more than `passages_max`. */
bool document_cut_passages(struct arena *arena, struct document *document, uint32_t passages_max);

/* Length of the list marker ("- ", "12. ") at `at` of the line, 0 when there is none. */
size_t list_marker(struct str line, size_t at);
/* Columns of white space at the start (a tab counts to the next multiple of four), and
 * in *out_at the index of the first other byte. */
size_t line_indent(struct str line, size_t *out_at);
/* A code fence: its length, and its character in *out_char; 0 when it is none. */
size_t line_fence(struct str line, size_t at, char *out_char);
bool line_is_table_rule(struct str line, uint32_t *out_columns);
/* Cells of a table row: calls `each` with the number and the trimmed text. */
uint32_t table_cells(struct str row, struct str *out_cells, uint32_t cells_max);
/* Is the line a closing fence for (character, length)? */
bool line_closes_fence(struct str line, char character, size_t length);

static inline bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}
static inline bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}
/* Bytes of non-ASCII letters count as letters. */
static inline bool is_letter(char c)
{
    return is_upper(c) || is_lower(c) || (unsigned char)c >= 0x80;
}
static inline bool is_word(char c)
{
    return is_letter(c) || is_digit(c) || c == '_';
}
static inline char to_lower(char c)
{
    return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}
