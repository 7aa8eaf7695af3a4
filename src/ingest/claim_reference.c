/* claim_reference.c - words that point at another place: "see GUIDE.md", "`spec/a.md`",
 * "§4.2", "GUIDE.md §4".
 *
 * Only names of documents count (a program may well speak of files that are yet to be
 * made). The document before a section sign, in the same sentence, is where it belongs.
 */
#include "ingest/claim_internal.h"

static bool path_char(char c)
{
    return is_word(c) || c == '.' || c == '/' || c == '-';
}

static bool is_document_name(struct str path)
{
    static const char *const endings[] = {".md", ".markdown", ".rst", ".adoc", ".txt"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct str ending = str_of(endings[i]);
        if (path.len > ending.len && str_ends(path, ending)) {
            char before = path.at[path.len - ending.len - 1];
            return is_word(before) || before == '-';
        }
    }
    return false;
}

/* Skips what is not prose: a link's target, an address, a comment. Returns 0 for none. */
static size_t skip_at(struct str text, size_t at)
{
    struct str rest = str_sub(text, at, text.len - at);
    if (str_starts(rest, STR("]("))) {
        size_t close = str_find(text, ')', at);
        return close < text.len ? close + 1 : 0;
    }
    if (str_starts(rest, STR("http://")) || str_starts(rest, STR("https://"))) {
        size_t end = at;
        while (end < text.len && !is_space(text.at[end])) {
            end++;
        }
        return end;
    }
    if (str_starts(rest, STR("<!--"))) {
        size_t close = str_find_str(rest, STR("-->"));
        return close < rest.len ? at + close + 3 : 0;
    }
    return 0;
}

/* "§4.2" at `at` (two bytes of UTF-8): the number, or empty. */
static struct str section_number(struct str text, size_t at)
{
    size_t from = at + 2;
    while (from < text.len && text.at[from] == ' ') {
        from++;
    }
    size_t to = from;
    while (to < text.len && (is_digit(text.at[to]) || text.at[to] == '.')) {
        to++;
    }
    while (to > from && text.at[to - 1] == '.') {
        to--;
    }
    return str_sub(text, from, to - from);
}

static struct str around(struct str text, size_t at)
{
    size_t from = at > 160 ? at - 160 : 0;
    while (from > 0 && ((unsigned char)text.at[from] & 0xc0u) == 0x80u) {
        from--;
    }
    return str_cut_at(str_sub(text, from, text.len - from), CLAIM_TEXT_BYTES_MAX);
}

void claims_from_references(struct claim_sink *sink, struct str prose)
{
    struct str named = STR_NONE; /* the document named last in this sentence */
    for (size_t at = 0; at < prose.len && !sink->claims->cut;) {
        char c = prose.at[at];
        size_t skip = c == ']' || c == 'h' || c == '<' ? skip_at(prose, at) : 0;
        if (skip > at) {
            at = skip;
            continue;
        }
        if (c == '\xc2' && at + 1 < prose.len && prose.at[at + 1] == '\xa7') {
            struct str number = section_number(prose, at);
            if (number.len > 0) {
                struct str value =
                    arena_printf(sink->arena, "%.*s\xc2\xa7%.*s", STR_ARG(named), STR_ARG(number));
                claim_add(sink, CLAIM_REFERENCE, sink->section, STR("refers to"), value,
                          str_sub(prose, at, 2), around(prose, at));
            }
            at += 2;
            continue;
        }
        if (!path_char(c) || (at > 0 && path_char(prose.at[at - 1]))) {
            bool ends = (c == '.' || c == ';') && at + 1 < prose.len && is_space(prose.at[at + 1]);
            named = ends ? STR_NONE : named;
            at++;
            continue;
        }
        size_t end = at;
        while (end < prose.len && path_char(prose.at[end])) {
            end++;
        }
        size_t next = end;
        while (end > at && (prose.at[end - 1] == '.' || prose.at[end - 1] == '-')) {
            end--;
        }
        struct str path = str_sub(prose, at, end - at);
        char before = at > 0 ? prose.at[at - 1] : ' ';
        if (is_document_name(path) && before != '*' && before != '(' && before != '{') {
            named = path;
            claim_add(sink, CLAIM_REFERENCE, sink->section, STR("refers to"), path, path,
                      around(prose, at));
        } else if (next > end) {
            named = STR_NONE;
        }
        at = next;
    }
}
