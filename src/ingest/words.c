/* words.c - from text with marks to words: plain for people, normal for comparison. */
#include "ingest/claim_internal.h"

struct str str_cut_at(struct str text, size_t max)
{
    if (text.len <= max) {
        return text;
    }
    size_t end = max;
    while (end > 0 && ((unsigned char)text.at[end] & 0xc0u) == 0x80u) {
        end--;
    }
    return str_sub(text, 0, end);
}

size_t code_span_end(struct str text, size_t at)
{
    size_t ticks = 0;
    while (at + ticks < text.len && text.at[at + ticks] == '`') {
        ticks++;
    }
    for (size_t i = at + ticks; i < text.len;) {
        size_t run = 0;
        while (i + run < text.len && text.at[i + run] == '`') {
            run++;
        }
        if (run == ticks) {
            return i + run;
        }
        i += run == 0 ? 1 : run;
    }
    return at;
}

/* At a '[': copies the link's words and returns the index behind the target, or 0. */
static size_t link_words_end(struct str text, size_t at, size_t *out_close)
{
    size_t close = str_find(text, ']', at);
    if (close + 1 >= text.len || text.at[close + 1] != '(') {
        return 0;
    }
    size_t end = str_find(text, ')', close);
    if (end == text.len) {
        return 0;
    }
    *out_close = close;
    return end + 1;
}

struct str plain_words(struct arena *arena, struct str text, size_t max)
{
    text = str_trim(text);
    text = str_cut_at(text, 4 * max);
    char *out = arena_alloc(arena, text.len + 1);
    size_t len = 0, skip_from = 0, skip_to = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (skip_to > 0 && i == skip_from) {
            i = skip_to - 1;
            skip_to = 0;
            continue;
        }
        if (c == '[') {
            size_t close = 0, end = link_words_end(text, i, &close);
            if (end > 0) {
                skip_from = close;
                skip_to = end;
                continue;
            }
        }
        bool inside =
            i > 0 && i + 1 < text.len && is_word(text.at[i - 1]) && is_word(text.at[i + 1]);
        if (c == '`' || (c == '*' && !inside) || (c == '_' && !inside) ||
            (c == '!' && i + 1 < text.len && text.at[i + 1] == '[')) {
            continue;
        }
        if (c == '\\' && i + 1 < text.len && !is_word(text.at[i + 1])) {
            continue;
        }
        if (is_space(c)) {
            if (len > 0 && out[len - 1] != ' ') {
                out[len++] = ' ';
            }
            continue;
        }
        out[len++] = c;
    }
    out[len] = '\0';
    return str_trim(str_cut_at(str_n(out, len), max));
}

struct str claim_normal(struct arena *arena, struct str words)
{
    words = plain_words(arena, words, CLAIM_TOPIC_BYTES_MAX);
    char *out = arena_alloc(arena, words.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < words.len; i++) {
        char c = to_lower(words.at[i]);
        bool joins = i > 0 && i + 1 < words.len && is_word(words.at[i - 1]);
        if ((c == '_' || c == '-') && joins && is_letter(words.at[i + 1])) {
            c = ' ';
        }
        if (c == ' ' && (len == 0 || out[len - 1] == ' ')) {
            continue;
        }
        out[len++] = c;
    }
    while (len > 0 && (out[len - 1] == ' ' || out[len - 1] == ':' || out[len - 1] == '.' ||
                       out[len - 1] == ',' || out[len - 1] == ';')) {
        len--;
    }
    size_t from = 0;
    if (len > 1 && (out[0] == '"' || out[0] == '\'') && out[len - 1] == out[0]) {
        from = 1;
        len--;
    }
    return str_n(out + from, len - from);
}

size_t sentence_end(struct str text, size_t from)
{
    for (size_t i = from; i < text.len; i++) {
        char c = text.at[i];
        if (c == '`') {
            size_t end = code_span_end(text, i);
            i = end > i ? end - 1 : i;
            continue;
        }
        bool last = i + 1 == text.len || is_space(text.at[i + 1]);
        if ((c == '.' || c == '!' || c == '?') && last) {
            /* "e.g. this" goes on: a sentence begins with something else than a small letter. */
            size_t next = i + 1;
            while (next < text.len && is_space(text.at[next])) {
                next++;
            }
            if (next == text.len || !is_lower(text.at[next])) {
                return i + 1;
            }
        }
        if (c == '\n' && i + 1 < text.len && text.at[i + 1] == '\n') {
            return i;
        }
    }
    return text.len;
}

size_t words_count(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += !is_space(text.at[i]) && (i == 0 || is_space(text.at[i - 1]));
    }
    return count;
}
