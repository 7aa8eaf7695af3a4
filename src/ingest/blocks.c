/* blocks.c - the block structure: one pass over the lines, each line looked at a constant
 * number of times.
 *
 * Containers (lists, quotes) are taken as one block; what is nested in them matters only
 * as far as a fence inside a list must not end it. Plain text has paragraphs, lists and
 * underlined headings only.
 */
#include "ingest/document_internal.h"

#define HEADING_BYTES_MAX 200u

struct scan {
    struct arena *arena;
    struct document *document;
    size_t blocks_cap;
    struct str heads[7]; /* heads[n]: the open heading of level n */
    bool markdown;
};

static struct str line_text(const struct scan *s, uint32_t line)
{
    return s->document->lines[line].text;
}

static bool is_blank(struct str line)
{
    return str_trim(line).len == 0;
}

static struct str heading_path(struct scan *s)
{
    struct buf path = {.max = 8 * HEADING_BYTES_MAX};
    for (int level = 1; level <= 6; level++) {
        if (s->heads[level].len > 0) {
            if (path.len > 0) {
                buf_add_text(&path, " > ");
            }
            buf_add_str(&path, s->heads[level]);
        }
    }
    struct str kept = arena_str(s->arena, buf_str(&path));
    buf_deinit(&path);
    return kept;
}

static struct block *add_block(struct scan *s, enum block_kind kind, uint32_t line, uint32_t lines)
{
    struct document *d = s->document;
    if (d->blocks_count == s->blocks_cap) {
        size_t cap = s->blocks_cap == 0 ? 64 : 2 * s->blocks_cap;
        struct block *bigger = arena_alloc(s->arena, cap * sizeof bigger[0]);
        if (d->blocks_count > 0) {
            memcpy(bigger, d->blocks, d->blocks_count * sizeof bigger[0]);
        }
        d->blocks = bigger;
        s->blocks_cap = cap;
    }
    struct block *block = &d->blocks[d->blocks_count++];
    struct str path = d->blocks_count > 1 ? d->blocks[d->blocks_count - 2].path : STR_NONE;
    *block = (struct block){.kind = kind, .line = line, .lines = lines, .path = path};
    return block;
}

/* Without emphasis, code marks, links' targets and a trailing {#id}. */
static struct str heading_words(struct scan *s, struct str text)
{
    size_t brace = str_find_str(text, STR("{#"));
    text = str_trim(str_sub(text, 0, brace));
    char *out = arena_alloc(s->arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '`' || c == '*' || c == '[' || (c == '\\' && i + 1 < text.len)) {
            continue;
        }
        if (c == ']' && i + 1 < text.len && text.at[i + 1] == '(') {
            i = str_find(text, ')', i);
            continue;
        }
        if (c != ']') {
            out[len++] = c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
        }
    }
    if (len > HEADING_BYTES_MAX) {
        len = HEADING_BYTES_MAX;
        while (len > 0 && ((unsigned char)out[len] & 0xc0u) == 0x80u) {
            len--;
        }
    }
    out[len] = '\0';
    return str_trim(str_n(out, len));
}

static void add_heading(struct scan *s, uint32_t line, uint32_t lines, uint32_t level,
                        struct str text)
{
    struct str words = heading_words(s, text);
    s->heads[level] = words;
    for (uint32_t deeper = level + 1; deeper <= 6; deeper++) {
        s->heads[deeper] = STR_NONE;
    }
    struct block *block = add_block(s, BLOCK_HEADING, line, lines);
    block->level = level;
    block->text = words;
    block->path = heading_path(s);
    if (s->document->title.len == 0) {
        s->document->title = words;
    }
}

/* Level of an ATX heading and its text, or 0. */
static uint32_t atx_level(struct str line, struct str *out_text)
{
    size_t at;
    if (line_indent(line, &at) > 3) {
        return 0;
    }
    uint32_t level = 0;
    while (at < line.len && line.at[at] == '#') {
        level++;
        at++;
    }
    if (level == 0 || level > 6 || (at < line.len && line.at[at] != ' ' && line.at[at] != '\t')) {
        return 0;
    }
    struct str text = str_trim(str_sub(line, at, line.len - at));
    size_t end = text.len;
    while (end > 0 && text.at[end - 1] == '#') {
        end--;
    }
    if (end < text.len && (end == 0 || text.at[end - 1] == ' ')) {
        text = str_trim(str_sub(text, 0, end));
    }
    *out_text = text;
    return level;
}

/* "---", "* * *", "___". */
static bool is_rule(struct str line)
{
    struct str text = str_trim(line);
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == ' ' || c == '\t') {
            continue;
        }
        if ((c != '-' && c != '*' && c != '_') || c != text.at[0]) {
            return false;
        }
        count++;
    }
    return count >= 3;
}

/* The level that an underline ("===", "---") gives the lines above, or 0. */
static uint32_t underline_level(struct str line)
{
    size_t at;
    if (line_indent(line, &at) > 3) {
        return 0;
    }
    struct str text = str_trim(line);
    if (text.len < 2) {
        return 0;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != text.at[0]) {
            return 0;
        }
    }
    return text.at[0] == '=' ? 1 : text.at[0] == '-' ? 2 : text.at[0] == '~' ? 3 : 0;
}

static bool has_prefix(struct str line, size_t at, const char *prefix)
{
    return str_starts(str_sub(line, at, line.len - at), str_of(prefix));
}

static bool starts_html(struct str line, size_t at)
{
    if (at + 1 >= line.len || line.at[at] != '<') {
        return false;
    }
    char c = line.at[at + 1];
    if (c == '/') {
        return at + 2 < line.len && is_letter(line.at[at + 2]);
    }
    if (!is_upper(c) && !is_lower(c)) {
        return false;
    }
    size_t end = at + 1;
    while (end < line.len && (is_word(line.at[end]) || line.at[end] == '-')) {
        end++;
    }
    /* "<https://...>" is a link in a paragraph. */
    return end == line.len || line.at[end] == '>' || line.at[end] == '/' || is_space(line.at[end]);
}

/* Does this line end a paragraph that is open above it? */
static bool interrupts(const struct scan *s, uint32_t line)
{
    struct str text = line_text(s, line);
    struct str unused;
    size_t at;
    char c;
    if (line_indent(text, &at) > 3) {
        return false;
    }
    size_t marker = list_marker(text, at);
    bool numbered = marker > 0 && is_digit(text.at[at]);
    if (marker > 0 && at + marker < text.len &&
        (!numbered || has_prefix(text, at, "1.") || has_prefix(text, at, "1)"))) {
        return true;
    }
    return s->markdown &&
           (atx_level(text, &unused) > 0 || line_fence(text, at, &c) > 0 || is_rule(text) ||
            has_prefix(text, at, ">") || has_prefix(text, at, "<!--"));
}

/* Index behind the fenced block that opens at `line`. */
static uint32_t fence_end(const struct scan *s, uint32_t line, char character, size_t length)
{
    uint32_t end = line + 1;
    while (end < s->document->lines_count) {
        if (line_closes_fence(line_text(s, end), character, length)) {
            return end + 1;
        }
        end++;
    }
    return end;
}

/* Index behind the first line at or after `line` that holds `words`. */
static uint32_t end_with(const struct scan *s, uint32_t line, const char *words)
{
    while (line < s->document->lines_count) {
        struct str text = line_text(s, line++);
        if (str_find_str(text, str_of(words)) < text.len) {
            break;
        }
    }
    return line;
}

static uint32_t until_blank(const struct scan *s, uint32_t line)
{
    while (line < s->document->lines_count && !is_blank(line_text(s, line))) {
        line++;
    }
    return line;
}

static uint32_t table_end(const struct scan *s, uint32_t line)
{
    while (line < s->document->lines_count) {
        struct str text = line_text(s, line);
        if (is_blank(text) || (interrupts(s, line) && str_trim(text).at[0] != '|')) {
            break;
        }
        line++;
    }
    return line;
}

/* A list goes on over blank lines as long as what follows is an item or indented. */
static uint32_t list_end(const struct scan *s, uint32_t line)
{
    const struct document *d = s->document;
    bool after_blank = false;
    uint32_t end = line;
    for (uint32_t i = line; i < d->lines_count;) {
        struct str text = line_text(s, i);
        size_t at, indent = line_indent(text, &at);
        char c;
        if (at == text.len) {
            after_blank = true;
            i++;
            continue;
        }
        bool item = list_marker(text, at) > 0 && !(indent < 2 && is_rule(text));
        if (i > line && indent < 2 && !item && (after_blank || interrupts(s, i))) {
            break;
        }
        size_t fence = s->markdown ? line_fence(text, at, &c) : 0;
        i = fence > 0 ? fence_end(s, i, c, fence) : i + 1;
        end = i;
        after_blank = false;
    }
    return end;
}

static uint32_t indented_end(const struct scan *s, uint32_t line)
{
    uint32_t end = line;
    for (uint32_t i = line; i < s->document->lines_count; i++) {
        struct str text = line_text(s, i);
        size_t at;
        if (is_blank(text)) {
            continue;
        }
        if (line_indent(text, &at) < 4) {
            break;
        }
        end = i + 1;
    }
    return end;
}

/* A paragraph, or the heading it becomes when it is underlined. */
static uint32_t scan_paragraph(struct scan *s, uint32_t line)
{
    struct document *d = s->document;
    uint32_t end = line + 1;
    while (end < d->lines_count && !is_blank(line_text(s, end))) {
        uint32_t level = underline_level(line_text(s, end));
        if (level > 0 && (s->markdown ? level < 3 && end - line <= 3 : end - line == 1)) {
            size_t from = d->lines[line].offset;
            size_t to = d->lines[end].offset;
            add_heading(s, line, end + 1 - line, level, str_sub(d->bytes, from, to - from));
            return end + 1;
        }
        uint32_t columns;
        if (interrupts(s, end) || (s->markdown && end + 1 < d->lines_count &&
                                   str_find(line_text(s, end), '|', 0) < line_text(s, end).len &&
                                   line_is_table_rule(line_text(s, end + 1), &columns))) {
            break;
        }
        end++;
    }
    add_block(s, BLOCK_PARAGRAPH, line, end - line);
    return end;
}

static bool scan_table(struct scan *s, uint32_t line, uint32_t *out_end)
{
    struct document *d = s->document;
    uint32_t columns;
    struct str text = line_text(s, line);
    if (line + 1 >= d->lines_count || str_find(text, '|', 0) == text.len ||
        !line_is_table_rule(line_text(s, line + 1), &columns) ||
        table_cells(text, NULL, 0) != columns) {
        return false;
    }
    *out_end = table_end(s, line + 2);
    add_block(s, BLOCK_TABLE, line, *out_end - line);
    return true;
}

/* Blocks that only Markdown has; returns the index behind, or `line` for none. */
static uint32_t scan_markdown(struct scan *s, uint32_t line)
{
    static const char *const raw[][2] = {
        {"<pre", "</pre>"}, {"<script", "</script>"}, {"<style", "</style>"}};
    struct str text = line_text(s, line);
    struct str heading;
    char c;
    size_t at, indent = line_indent(text, &at);
    uint32_t end = line;
    if (indent >= 4) {
        end = indented_end(s, line);
        add_block(s, BLOCK_CODE, line, end - line);
        return end;
    }
    uint32_t level = atx_level(text, &heading);
    if (level > 0) {
        add_heading(s, line, 1, level, heading);
        return line + 1;
    }
    size_t fence = line_fence(text, at, &c);
    if (fence > 0) {
        end = fence_end(s, line, c, fence);
        add_block(s, BLOCK_CODE, line, end - line);
        return end;
    }
    if (has_prefix(text, at, "<!--")) {
        end = end_with(s, line, "-->");
        add_block(s, BLOCK_COMMENT, line, end - line);
        return end;
    }
    if (is_rule(text)) {
        return line + 1;
    }
    if (scan_table(s, line, &end)) {
        return end;
    }
    for (size_t i = 0; i < 3; i++) {
        if (has_prefix(text, at, raw[i][0])) {
            end = end_with(s, line, raw[i][1]);
            add_block(s, BLOCK_CODE, line, end - line);
            return end;
        }
    }
    if (has_prefix(text, at, ">") || starts_html(text, at)) {
        end = until_blank(s, line);
        add_block(s, text.at[at] == '>' ? BLOCK_QUOTE : BLOCK_HTML, line, end - line);
    }
    return end;
}

/* Front matter: between "---" (or "+++") on the first line and its twin. */
static uint32_t scan_front(struct scan *s)
{
    struct document *d = s->document;
    struct str mark = d->lines_count > 0 ? str_trim(d->lines[0].text) : STR_NONE;
    if (!s->markdown || (!str_is(mark, "---") && !str_is(mark, "+++"))) {
        return 0;
    }
    for (uint32_t i = 1; i < d->lines_count && i < 500; i++) {
        struct str text = str_trim(d->lines[i].text);
        if (str_eq(text, mark) || (str_is(mark, "---") && str_is(text, "..."))) {
            add_block(s, BLOCK_FRONT, 0, i + 1);
            return i + 1;
        }
        if (str_starts(text, STR("title:"))) {
            struct str title = str_trim(str_sub(text, 6, text.len - 6));
            if (title.len >= 2 && (title.at[0] == '"' || title.at[0] == '\'')) {
                title = str_sub(title, 1, title.len - 2);
            }
            d->title = heading_words(s, title);
        }
    }
    d->title = STR_NONE;
    return 0;
}

void document_find_blocks(struct arena *arena, struct document *document)
{
    struct scan s = {.arena = arena, .document = document};
    s.markdown = document->format == DOCUMENT_MARKDOWN;
    if (document->format == DOCUMENT_JSON || document->format == DOCUMENT_JSONL) {
        if (document->lines_count > 0) {
            add_block(&s, BLOCK_DATA, 0, document->lines_count);
        }
        return;
    }
    uint32_t line = scan_front(&s);
    while (line < document->lines_count) {
        struct str text = line_text(&s, line);
        size_t at;
        if (is_blank(text)) {
            line++;
            continue;
        }
        uint32_t end = line;
        line_indent(text, &at);
        if (list_marker(text, at) > 0 && !is_rule(text) &&
            !(s.markdown && line_indent(text, &at) >= 4)) {
            end = list_end(&s, line);
            add_block(&s, BLOCK_LIST, line, end - line);
        } else if (s.markdown) {
            end = scan_markdown(&s, line);
            if (end == line && is_rule(text)) {
                end = line + 1;
            }
        }
        line = end > line ? end : scan_paragraph(&s, line);
    }
}
