/* claim_link.c - links and images: [words](target), [words][label], [label], [[page]],
 * <https://...>, bare addresses, and href/src of embedded HTML.
 *
 * Code spans and comments hold no links. A label without a definition is reported only in
 * the full form [words][label]: a lone [word] is more often just a word in brackets.
 */
#include "ingest/claim_internal.h"

static bool find_label(const struct claim_sink *sink, struct str label, struct str *out_target)
{
    struct str wanted = claim_normal(sink->arena, label);
    for (uint32_t i = 0; i < sink->labels_count; i++) {
        if (str_eq(claim_normal(sink->arena, sink->labels[i]), wanted)) {
            *out_target = sink->targets[i];
            return true;
        }
    }
    return false;
}

static void add_link(struct claim_sink *sink, bool image, struct str words, struct str target,
                     struct str at)
{
    target = str_trim(target);
    if (target.len > 0 && target.at[0] == '<') {
        size_t close = str_find(target, '>', 0);
        target = str_sub(target, 1, close - 1);
    } else {
        target = str_sub(target, 0, str_find(target, ' ', 0));
        target = str_sub(target, 0, str_find(target, '\n', 0));
    }
    if (target.len > 0) {
        claim_add(sink, image ? CLAIM_IMAGE : CLAIM_LINK, words.len > 0 ? words : target,
                  STR("links to"), target, at, at);
    }
}

/* Index of the closer that matches the opener at `at`, or text.len. */
static size_t matching(struct str text, size_t at, char opener, char closer)
{
    size_t depth = 0;
    for (size_t i = at; i < text.len && i < at + 2000; i++) {
        if (text.at[i] == '\\') {
            i++;
        } else if (text.at[i] == opener) {
            depth++;
        } else if (text.at[i] == closer && --depth == 0) {
            return i;
        }
    }
    return text.len;
}

/* At a '[': handles what it opens; returns the index to go on from. */
static size_t bracket(struct claim_sink *sink, struct str text, size_t at)
{
    bool image = at > 0 && text.at[at - 1] == '!';
    if (at + 1 < text.len && text.at[at + 1] == '[') {
        struct str rest = str_sub(text, at + 2, text.len - at - 2);
        size_t close = str_find_str(rest, STR("]]"));
        if (close < rest.len && close > 0 && str_find(rest, '\n', 0) > close) {
            struct str inside = str_sub(rest, 0, close);
            size_t bar = str_find(inside, '|', 0);
            struct str words =
                bar < inside.len ? str_sub(inside, bar + 1, inside.len - bar - 1) : inside;
            struct claim *claim = claim_add(
                sink, CLAIM_LINK, words, STR("links to page"), str_trim(str_sub(inside, 0, bar)),
                str_sub(text, at, close + 4), str_sub(text, at, close + 4));
            (void)claim;
            return at + close + 4;
        }
    }
    size_t close = matching(text, at, '[', ']');
    if (close == text.len || text.at[at + 1] == '^') {
        return at + 1;
    }
    struct str words = str_sub(text, at + 1, close - at - 1);
    char next = close + 1 < text.len ? text.at[close + 1] : '\0';
    struct str target;
    if (next == '(') {
        size_t end = matching(text, close + 1, '(', ')');
        if (end < text.len) {
            add_link(sink, image, words, str_sub(text, close + 2, end - close - 2),
                     str_sub(text, at, end + 1 - at));
            /* An image inside the words of a link is a link of its own. */
            return str_find_str(words, STR("](")) < words.len ? at + 1 : end + 1;
        }
    } else if (next == '[') {
        size_t end = matching(text, close + 1, '[', ']');
        struct str label = end < text.len ? str_sub(text, close + 2, end - close - 2) : STR_NONE;
        label = label.len == 0 ? words : label;
        if (end < text.len && !find_label(sink, label, &target)) {
            struct claim *claim = claim_add(sink, CLAIM_REFERENCE, words, STR("refers to"), label,
                                            str_sub(text, at, end + 1 - at), text);
            if (claim != NULL) {
                claim->unresolved = true;
            }
        }
        return end < text.len ? end + 1 : at + 1;
    }
    return at + 1;
}

static size_t address_end(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.len && !is_space(text.at[end]) && text.at[end] != '<' &&
           text.at[end] != '>' && text.at[end] != '"' && text.at[end] != '`' &&
           text.at[end] != '|' && text.at[end] != ']') {
        end++;
    }
    while (end > at &&
           (text.at[end - 1] == '.' || text.at[end - 1] == ',' || text.at[end - 1] == ';' ||
            text.at[end - 1] == ':' || text.at[end - 1] == '!' || text.at[end - 1] == '?' ||
            text.at[end - 1] == '\'' || text.at[end - 1] == '*' ||
            (text.at[end - 1] == ')' && str_find(text, '(', at) >= end))) {
        end--;
    }
    return end;
}

static bool is_address(struct str text, size_t at)
{
    struct str rest = str_sub(text, at, text.len - at);
    return (at == 0 || !is_word(text.at[at - 1])) &&
           (str_starts(rest, STR("https://")) || str_starts(rest, STR("http://")));
}

/* href="..." and src="..." inside the tag that begins at `at`. */
static size_t tag(struct claim_sink *sink, struct str text, size_t at)
{
    static const char *const names[] = {"href=", "src="};
    size_t end = str_find(text, '>', at);
    struct str inside = str_sub(text, at, end - at);
    for (size_t i = 0; i < 2; i++) {
        size_t found = str_find_str(inside, str_of(names[i]));
        size_t quote = found + strlen(names[i]);
        if (quote + 1 < inside.len && is_space(inside.at[found - 1]) &&
            (inside.at[quote] == '"' || inside.at[quote] == '\'')) {
            size_t close = str_find(inside, inside.at[quote], quote + 1);
            add_link(sink, i == 1, STR_NONE, str_sub(inside, quote + 1, close - quote - 1), inside);
        }
    }
    return end < text.len ? end + 1 : text.len;
}

void claims_from_links(struct claim_sink *sink, struct str prose)
{
    if (sink->document->format == DOCUMENT_TEXT) {
        for (size_t at = 0; at < prose.len; at++) {
            if (prose.at[at] == 'h' && is_address(prose, at)) {
                size_t end = address_end(prose, at);
                struct str link = str_sub(prose, at, end - at);
                add_link(sink, false, STR_NONE, link, link);
                at = end - 1;
            }
        }
        return;
    }
    for (size_t at = 0; at < prose.len && !sink->claims->cut;) {
        char c = prose.at[at];
        size_t next = at + 1;
        if (c == '\\') {
            next = at + 2;
        } else if (c == '`') {
            size_t end = code_span_end(prose, at);
            next = end > at ? end : at + 1;
            while (end == at && next < prose.len && prose.at[next] == '`') {
                next++;
            }
        } else if (c == '[') {
            next = bracket(sink, prose, at);
        } else if (c == '<') {
            struct str rest = str_sub(prose, at, prose.len - at);
            if (str_starts(rest, STR("<!--"))) {
                next = at + str_find_str(rest, STR("-->")) + 3;
            } else if (at + 1 < prose.len && is_address(prose, at + 1)) {
                size_t end = str_find(prose, '>', at);
                struct str link = str_sub(prose, at + 1, end - at - 1);
                add_link(sink, false, STR_NONE, link, link);
                next = end + 1;
            } else if (at + 1 < prose.len && is_letter(prose.at[at + 1])) {
                next = tag(sink, prose, at);
            }
        } else if (c == 'h' && is_address(prose, at)) {
            next = address_end(prose, at);
            struct str link = str_sub(prose, at, next - at);
            add_link(sink, false, STR_NONE, link, link);
        }
        at = next > at ? next : at + 1;
    }
}
