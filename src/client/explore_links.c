/* explore_links.c - what leads nowhere, and what two documents state apart.
 *
 * Links of the web are not fetched. A relative link is dead when no such file exists, or
 * when the Markdown document it leads to has no such heading. A name of a document in
 * prose is dead when no document of that name is anywhere in the folder.
 *
 * Contradictions are reported only where they are plain: the same section (or row) and the
 * same key (or column) in two files with two different values that hold a digit or a
 * yes/no. Keys with several values in one file are lists, not statements.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dict.h"
#include "client/explore.h"

static struct str dir_of(struct str path)
{
    while (path.len > 0 && path.at[path.len - 1] != '/') {
        path.len--;
    }
    return path;
}

/* "a/./b/../c" as "a/c"; false: it leads out of the folder. */
static bool clean_path(struct explore *e, struct str path, struct str *out)
{
    struct str parts[64], rest = path, part;
    size_t count = 0;
    while (str_cut(&rest, '/', &part)) {
        if (part.len == 0 || str_is(part, ".")) {
            continue;
        }
        if (str_is(part, "..")) {
            if (count == 0) {
                return false;
            }
            count--;
        } else if (count < 64) {
            parts[count++] = part;
        }
    }
    struct buf text = {0};
    for (size_t i = 0; i < count; i++) {
        buf_add_text(&text, i > 0 ? "/" : "");
        buf_add_str(&text, parts[i]);
    }
    *out = explore_keep(e, buf_str(&text));
    buf_deinit(&text);
    return true;
}

static struct str percent_decode(struct explore *e, struct str text)
{
    char *out = arena_alloc(&e->arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char hex[3] = {0};
        char *end = hex;
        if (text.at[i] == '%' && i + 2 < text.len) {
            memcpy(hex, text.at + i + 1, 2);
            long value = strtol(hex, &end, 16);
            if (end == hex + 2 && value > 0) {
                out[len++] = (char)value;
                i += 2;
                continue;
            }
        }
        out[len++] = text.at[i];
    }
    out[len] = '\0';
    return str_n(out, len);
}

static bool exists(const struct explore *e, struct str path)
{
    char full[PATH_MAX];
    int len = snprintf(full, sizeof full, "%s/%.*s", e->root, STR_ARG(path));
    return len > 0 && len < (int)sizeof full && access(full, F_OK) == 0;
}

/* Is there a document with this file name, with or without ending, anywhere? */
static bool named_somewhere(const struct explore *e, struct str name)
{
    for (uint32_t i = 0; i < e->sources_count; i++) {
        struct str path = e->sources[i].path;
        struct str base = str_sub(path, dir_of(path).len, path.len);
        struct str stem = str_sub(base, 0, str_find(base, '.', 0));
        if (str_eq_nocase(base, name) || str_eq_nocase(stem, name) ||
            (str_ends(path, name) && path.len > name.len &&
             path.at[path.len - name.len - 1] == '/')) {
            return true;
        }
    }
    return false;
}

static void add_finding(struct explore *e, bool link, const struct source *source,
                        const struct claim *claim, struct str why)
{
    /* Said once: a link and its text often name the same document, and so do two links of a
     * line. */
    for (uint32_t i = e->dead_links_count; i > 0; i--) {
        const struct finding *d = &e->dead_links[i - 1];
        if (d->from.at != source->path.at) {
            break;
        }
        if (str_eq(d->target, claim->value) && (!link || d->line == claim->line_first)) {
            return;
        }
    }
    for (uint32_t i = e->dead_references_count; !link && i > 0; i--) {
        const struct finding *d = &e->dead_references[i - 1];
        if (d->from.at != source->path.at) {
            break;
        }
        if (str_eq(d->target, claim->value) && d->line == claim->line_first) {
            return;
        }
    }
    struct finding *f =
        link ? explore_push(e, &e->dead_links, &e->dead_links_count, sizeof *f)
             : explore_push(e, &e->dead_references, &e->dead_references_count, sizeof *f);
    *f = (struct finding){
        .from = source->path, .target = claim->value, .why = why, .line = claim->line_first};
}

/* "scheme:" or "//host" or a template's braces: not ours to follow. */
static bool leads_away(struct str target)
{
    size_t colon = str_find(target, ':', 0), slash = str_find(target, '/', 0);
    return (colon < target.len && colon < slash) || str_starts(target, STR("//")) ||
           str_find(target, '{', 0) < target.len || str_find(target, '$', 0) < target.len;
}

static void check_link(struct explore *e, const struct source *source, const struct claim *claim)
{
    struct str target = claim->value;
    if (str_is(claim->predicate, "links to page")) {
        struct str page = str_sub(target, 0, str_find(target, '#', 0));
        char name[300];
        snprintf(name, sizeof name, "%.*s", STR_ARG(page));
        bool found = page.len == 0 || named_somewhere(e, page);
        for (char *c = name; *c != '\0'; c++) {
            *c = *c == ' ' ? '-' : *c;
        }
        if (!found && !named_somewhere(e, str_of(name))) {
            add_finding(e, true, source, claim, STR("no page of that name"));
        }
        return;
    }
    if (target.len == 0 || leads_away(target)) {
        return;
    }
    size_t hash = str_find(target, '#', 0);
    struct str anchor = hash < target.len ? str_sub(target, hash + 1, target.len) : STR_NONE;
    struct str file = str_sub(target, 0, hash);
    file = percent_decode(e, str_sub(file, 0, str_find(file, '?', 0)));
    const struct source *to = source;
    if (file.len > 0) {
        bool rooted = file.at[0] == '/';
        struct str base = rooted ? STR_NONE : dir_of(source->path), path;
        struct str joined = arena_printf(&e->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(file));
        if (!clean_path(e, joined, &path)) {
            if (!exists(e, joined)) {
                add_finding(e, true, source, claim, STR("no such file"));
            }
            return;
        }
        if (!exists(e, path)) {
            if (!rooted) { /* "/x" may belong to a site that is served from elsewhere */
                add_finding(e, true, source, claim, STR("no such file"));
            }
            return;
        }
        to = explore_find(e, path);
    }
    if (anchor.len > 0 && to != NULL && to->document.format == DOCUMENT_MARKDOWN &&
        to->state != SOURCE_SKIPPED &&
        !document_has_anchor(&to->document, &e->arena, percent_decode(e, anchor))) {
        add_finding(e, true, source, claim, STR("no such heading"));
    }
}

static size_t dots(struct str number)
{
    size_t count = 0;
    for (size_t i = 0; i < number.len; i++) {
        count += number.at[i] == '.';
    }
    return count;
}

/* Does a heading carry this number: "4.2 Title", "4. Title", "§4 Title"? *out_numbered:
 * some heading carries a number of that depth. */
static bool has_section(const struct document *d, struct str number, bool *out_numbered)
{
    for (uint32_t i = 0; i < d->blocks_count; i++) {
        struct str text = d->blocks[i].kind == BLOCK_HEADING ? d->blocks[i].text : STR_NONE;
        if (str_starts(text, STR("\xc2\xa7"))) {
            text = str_sub(text, 2, text.len);
        }
        size_t end = 0;
        while (end < text.len &&
               ((text.at[end] >= '0' && text.at[end] <= '9') || (text.at[end] == '.' && end > 0))) {
            end++;
        }
        struct str own = str_sub(text, 0, end);
        while (own.len > 0 && own.at[own.len - 1] == '.') {
            own.len--;
        }
        *out_numbered = *out_numbered || (own.len > 0 && dots(own) == dots(number));
        if (own.len > 0 && str_eq(own, number)) {
            return true;
        }
    }
    return false;
}

/* Is it the text or the target of a link of the same line? That one is followed instead. */
static bool is_of_link(const struct source *source, const struct claim *reference)
{
    for (uint32_t i = 0; i < source->claims.count; i++) {
        const struct claim *link = &source->claims.at[i];
        if (link->kind == CLAIM_LINK && link->line_first == reference->line_first &&
            (str_find_str(link->subject, reference->value) < link->subject.len ||
             str_find_str(link->value, reference->value) < link->value.len)) {
            return true;
        }
    }
    return false;
}

static void check_reference(struct explore *e, const struct source *source,
                            const struct claim *claim)
{
    if (claim->unresolved) {
        add_finding(e, false, source, claim, STR("the label is not defined"));
        return;
    }
    if (is_of_link(source, claim)) {
        return;
    }
    size_t sign = str_find_str(claim->value, STR("\xc2\xa7"));
    struct str name = str_sub(claim->value, 0, sign), path = STR_NONE, from_root;
    const struct source *to = source;
    if (name.len > 0) {
        struct str joined =
            arena_printf(&e->arena, "%.*s%.*s", STR_ARG(dir_of(source->path)), STR_ARG(name));
        if (!clean_path(e, joined, &path)) {
            return; /* out of the folder */
        }
        if (!clean_path(e, name, &from_root)) {
            from_root = path;
        }
        to = explore_find(e, path);
        to = to == NULL ? explore_find(e, from_root) : to;
        if (to == NULL && sign == claim->value.len && !exists(e, path) && !exists(e, from_root) &&
            !named_somewhere(e, name)) {
            add_finding(e, false, source, claim, STR("no document of that name"));
            return;
        }
    }
    bool numbered = false;
    if (sign < claim->value.len && to != NULL && to->state != SOURCE_SKIPPED &&
        !has_section(&to->document, str_sub(claim->value, sign + 2, claim->value.len), &numbered) &&
        numbered) {
        add_finding(e, false, source, claim, STR("no section of that number"));
    }
}

void explore_links(struct explore *e)
{
    for (uint32_t i = 0; i < e->sources_count; i++) {
        const struct source *source = &e->sources[i];
        for (uint32_t k = 0; source->state != SOURCE_SKIPPED && k < source->claims.count; k++) {
            const struct claim *claim = &source->claims.at[k];
            if (claim->kind == CLAIM_LINK || claim->kind == CLAIM_IMAGE) {
                check_link(e, source, claim);
            }
        }
        for (uint32_t k = 0; source->state != SOURCE_SKIPPED && k < source->claims.count; k++) {
            const struct claim *claim = &source->claims.at[k];
            if (claim->kind == CLAIM_REFERENCE) {
                check_reference(e, source, claim);
            }
        }
    }
}

/* -- contradictions ------------------------------------------------------------------- */

struct stated {
    const struct source *source;
    const struct claim *claim;
};

static bool is_numeral(char c)
{
    return (c >= '0' && c <= '9') || c == '.' || c == ',' || c == '_';
}

static bool has_digit(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] >= '0' && text.at[i] <= '9') {
            return true;
        }
    }
    return false;
}

static bool is_firm(struct str value)
{
    static const char *const words[] = {"yes", "no",      "true",     "false", "on",
                                        "off", "enabled", "disabled", "none"};
    bool digit = has_digit(value);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        digit = digit || str_is(value, words[i]);
    }
    return digit && value.len <= 24;
}

/* "60 s" and "90 s" are of one shape, as are "yes" and "no"; "60 s" and "never" are not. */
static bool same_shape(struct str a, struct str b)
{
    size_t i = 0, k = 0;
    if (!has_digit(a) && !has_digit(b)) {
        return true;
    }
    for (;;) {
        while (i < a.len && is_numeral(a.at[i])) {
            i++;
        }
        while (k < b.len && is_numeral(b.at[k])) {
            k++;
        }
        if (i == a.len || k == b.len) {
            return i == a.len && k == b.len;
        }
        if (a.at[i++] != b.at[k++]) {
            return false;
        }
    }
}

/* Has it a word? "b1" or "3" name a row of one file only. */
static bool has_word(struct str text)
{
    size_t run = 0;
    for (size_t i = 0; i < text.len && run < 4; i++) {
        char c = text.at[i];
        run = (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80 ? run + 1 : 0;
    }
    return run >= 4;
}

static bool is_statement(const struct claim *claim)
{
    static const char *const vague[] = {
        "example / ",   "examples / ", "usage / ", "overview / ", "introduction / ", "notes / ",
        "changelog / ", "see also / ", "total / ", "summary / ",  "unreleased / ",
    };
    bool kind = claim->kind == CLAIM_KEY_VALUE || claim->kind == CLAIM_CELL ||
                claim->kind == CLAIM_QUANTITY;
    if (!kind || claim->additive || !is_firm(claim->position) ||
        !has_word(str_sub(claim->topic, 0, str_find_str(claim->topic, STR(" / ")))) ||
        str_find_str(claim->topic, STR(" / ")) == claim->topic.len) {
        return false;
    }
    for (size_t i = 0; i < sizeof vague / sizeof vague[0]; i++) {
        if (str_starts(claim->topic, str_of(vague[i]))) {
            return false;
        }
    }
    return true;
}

static int by_topic(const void *a, const void *b)
{
    const struct stated *x = a, *y = b;
    int order = str_compare(x->claim->topic, y->claim->topic);
    return order != 0 ? order : str_compare(x->source->path, y->source->path);
}

/* The same topic in run[0, count): several files, one value each, not all equal. */
static bool disagree(const struct stated *run, uint32_t count)
{
    bool files = false, values = false;
    for (uint32_t i = 1; i < count; i++) {
        bool same_file = run[i].source == run[i - 1].source;
        bool same_value = str_eq(run[i].claim->position, run[i - 1].claim->position);
        if (same_file && !same_value) {
            return false;
        }
        if (!same_shape(run[i].claim->position, run[0].claim->position)) {
            return false;
        }
        files = files || !same_file;
        values = values || !str_eq(run[i].claim->position, run[0].claim->position);
    }
    return files && values;
}

struct fact_search {
    const struct source *source;
    uint32_t line;
    char *out;
};

static bool take_fact(void *context, const struct json *record)
{
    struct fact_search *search = context;
    explore_copy_id(search->out, json_get_str(record, "id", STR_NONE));
    return false;
}

static void find_fact(struct explore *e, const struct stated *stated, char *out)
{
    struct buf query = {0};
    struct fact_search search = {stated->source, stated->claim->line_first, out};
    struct str topic = explore_keep(e, stated->claim->topic);
    struct str origin = explore_keep(e, stated->source->origin);
    buf_add_text(&query, "?kind=fact&limit=1&order=desc");
    cmd_query(&query, "origin", origin.at);
    cmd_query(&query, "topic", topic.at);
    (void)cmd_each_record(e->asker, buf_cstr(&query), take_fact, &search);
    buf_deinit(&query);
}

static void add_contradiction(struct explore *e, const struct stated *run, uint32_t count)
{
    struct contradiction *c =
        explore_push(e, &e->contradictions, &e->contradictions_count, sizeof *c);
    c->topic = run[0].claim->topic;
    for (uint32_t i = 0; i < count && i < 10; i++) {
        if (i > 0 && run[i].source == run[i - 1].source) {
            continue;
        }
        struct position *p = explore_push(e, &c->positions, &c->positions_count, sizeof *p);
        p->value = run[i].claim->value;
        p->origin = run[i].source->origin;
        p->line = run[i].claim->line_first;
        find_fact(e, &run[i], p->fact);
    }
}

void explore_contradictions(struct explore *e)
{
    uint32_t count = 0;
    struct stated *all = NULL;
    for (uint32_t i = 0; i < e->sources_count; i++) {
        const struct source *source = &e->sources[i];
        bool prose = source->document.format == DOCUMENT_MARKDOWN ||
                     source->document.format == DOCUMENT_TEXT;
        for (uint32_t k = 0; prose && source->state != SOURCE_SKIPPED && k < source->claims.count;
             k++) {
            if (is_statement(&source->claims.at[k])) {
                struct stated *slot = explore_push(e, &all, &count, sizeof *slot);
                *slot = (struct stated){source, &source->claims.at[k]};
            }
        }
    }
    if (count > 0) {
        qsort(all, count, sizeof all[0], by_topic);
    }
    for (uint32_t from = 0, to; from < count && e->contradictions_count < 100; from = to) {
        for (to = from + 1; to < count && str_eq(all[to].claim->topic, all[from].claim->topic);) {
            to++;
        }
        if (disagree(all + from, to - from)) {
            add_contradiction(e, all + from, to - from);
        }
    }
}
