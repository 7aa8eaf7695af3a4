/* anchor.c - headings as link targets.
 *
 * Hosts agree on the core: lower case, letters, digits, '_' and '-' stay, spaces become
 * '-', everything else goes. They differ in how they tell equal headings apart, so a
 * trailing "-N" is accepted for any heading.
 */
#include "ingest/document.h"
#include "ingest/document_internal.h"

struct str document_anchor(struct arena *arena, struct str heading)
{
    char *out = arena_alloc(arena, heading.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < heading.len; i++) {
        char c = to_lower(heading.at[i]);
        if (c == ' ') {
            out[len++] = '-';
        } else if (is_word(c) || c == '-') {
            out[len++] = c;
        }
    }
    out[len] = '\0';
    return str_n(out, len);
}

static struct str without_number(struct str anchor)
{
    size_t at = anchor.len;
    while (at > 0 && is_digit(anchor.at[at - 1])) {
        at--;
    }
    return at > 1 && at < anchor.len && anchor.at[at - 1] == '-' ? str_sub(anchor, 0, at - 1)
                                                                 : anchor;
}

/* id="anchor" or name='anchor', or the {#anchor} that some tools read. */
static bool line_names_anchor(struct str line, struct str anchor)
{
    for (size_t at = 0; at + anchor.len < line.len;) {
        struct str rest = str_sub(line, at, line.len - at);
        size_t found = str_find_str(rest, anchor);
        if (found == rest.len || found == 0) {
            return false;
        }
        size_t start = at + found;
        char before = line.at[start - 1];
        char after = start + anchor.len < line.len ? line.at[start + anchor.len] : '\0';
        bool quoted = (before == '"' || before == '\'') && after == before && start > 1 &&
                      line.at[start - 2] == '=';
        bool braced = before == '#' && start > 1 && line.at[start - 2] == '{' && after == '}';
        if (quoted || braced) {
            return true;
        }
        at = start + 1;
    }
    return false;
}

bool document_has_anchor(const struct document *document, struct arena *arena, struct str anchor)
{
    if (anchor.len == 0 || str_is(anchor, "top")) {
        return true;
    }
    struct str bare = without_number(anchor);
    for (uint32_t i = 0; i < document->blocks_count; i++) {
        const struct block *block = &document->blocks[i];
        if (block->kind == BLOCK_HEADING) {
            struct str own = document_anchor(arena, block->text);
            if (str_eq_nocase(own, anchor) || str_eq_nocase(own, bare)) {
                return true;
            }
        }
    }
    for (uint32_t i = 0; i < document->lines_count; i++) {
        if (line_names_anchor(document->lines[i].text, anchor)) {
            return true;
        }
    }
    return false;
}
