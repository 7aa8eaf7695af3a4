/* contract_report.c - the form of reports, and the axes that an offer must have.
 *
 * A report is Markdown: its sections are the headings outside of fenced code, compared without
 * case; citations are counted by lines, one for each line in which the pattern occurs.
 */
#include "codec/utf8.h"
#include "contract/contract_internal.h"

struct lines {
    struct str rest;
    bool fenced;
};

/* The next line outside of fenced code. */
static bool next_line(struct lines *lines, struct str *out_line)
{
    while (str_cut(&lines->rest, '\n', out_line)) {
        struct str text = str_trim(*out_line);
        if (str_starts(text, STR("```")) || str_starts(text, STR("~~~"))) {
            lines->fenced = !lines->fenced;
        } else if (!lines->fenced) {
            return true;
        }
    }
    return false;
}

/* "## Method ##": "Method". */
static bool heading(struct str line, struct str *out_title)
{
    size_t marks = 0;
    while (marks < line.len && line.at[marks] == '#') {
        marks++;
    }
    if (marks == 0 || marks > 6 ||
        (marks < line.len && line.at[marks] != ' ' && line.at[marks] != '\t')) {
        return false;
    }
    struct str title = str_trim(str_sub(line, marks, line.len));
    while (title.len > 0 && title.at[title.len - 1] == '#') {
        title.len--;
    }
    *out_title = str_trim(title);
    return true;
}

static bool has_section(struct str content, struct str wanted)
{
    struct lines lines = {.rest = content};
    struct str line;
    struct str title;
    while (next_line(&lines, &line)) {
        if (heading(line, &title) && str_eq_nocase(title, wanted)) {
            return true;
        }
    }
    return false;
}

static uint64_t count_citations(const struct regex *citation, struct str content)
{
    struct lines lines = {.rest = content};
    struct str line;
    uint64_t count = 0;
    while (next_line(&lines, &line)) {
        count += regex_search(citation, line) ? 1 : 0;
    }
    return count;
}

bool report_judge(struct contract_scratch *s, struct contract_finding *out)
{
    const struct contract *contract = s->contract;
    const struct contract_record *r = s->record;
    const struct contract_report *report = &contract->report;
    bool asked = report->required_sections.count > 0 || contract->citation != NULL;
    out->place = contract->report_place;
    if (!asked || !(r->report || (str_is(r->topic, "report") && str_is(r->kind, "fact")))) {
        return true;
    }
    if (r->content.len > contract->expressions.text_bytes) {
        out->cause = STR("the report is longer than the contract may look at");
        out->cure = arena_printf(&s->arena, "at most %llu bytes",
                                 (unsigned long long)contract->expressions.text_bytes);
        return false;
    }
    for (uint32_t i = 0; i < report->required_sections.count; i++) {
        struct str wanted = report->required_sections.items[i];
        if (!has_section(r->content, wanted)) {
            out->cause =
                arena_printf(&s->arena, "the report has no section '%.*s'", STR_ARG(wanted));
            out->cure = arena_printf(&s->arena, "a heading such as \"## %.*s\"", STR_ARG(wanted));
            return false;
        }
    }
    if (contract->citation == NULL) {
        return true;
    }
    uint64_t count = count_citations(contract->citation, r->content);
    if (count >= report->min_citations) {
        return true;
    }
    out->cause =
        arena_printf(&s->arena, "%llu lines of the report cite something, at least %llu are wanted",
                     (unsigned long long)count, (unsigned long long)report->min_citations);
    out->cure = arena_printf(&s->arena, "citations that match %.*s", STR_ARG(report->citation));
    return false;
}

/* -- exchange ------------------------------------------------------------------------------- */

/* A member of the content that says something: not null, not an empty text, list or object. */
static bool has_path(const struct json *json, struct str path)
{
    struct str part;
    while (json != NULL && str_cut(&path, '.', &part)) {
        const struct json *m = json->kind == JSON_OBJECT ? json->first : NULL;
        while (m != NULL && !str_eq(m->key, part)) {
            m = m->next;
        }
        json = m;
    }
    if (json == NULL || json->kind == JSON_NULL) {
        return false;
    }
    if (json->kind == JSON_STRING) {
        return str_trim(json->string).len > 0;
    }
    return (json->kind != JSON_ARRAY && json->kind != JSON_OBJECT) || json->count > 0;
}

static bool has_axis(struct contract_scratch *s, struct str axis)
{
    const struct contract_record *r = s->record;
    const struct {
        const char *word;
        bool given;
    } axes[] = {
        {"creator", r->creator.len > 0},   {"origin", r->origin.len > 0},
        {"topic", r->topic.len > 0},       {"position", r->position.len > 0},
        {"mime", r->mime.len > 0},         {"pubkey", r->has_pubkey},
        {"signature", r->has_signature},   {"confidence", r->has_confidence},
        {"valid_from", r->has_valid_from}, {"valid_to", r->has_valid_to},
        {"from", r->from_count > 0},
    };
    for (size_t i = 0; i < sizeof axes / sizeof *axes; i++) {
        if (str_is(axis, axes[i].word)) {
            return axes[i].given;
        }
    }
    if (str_is(axis, "origin.asset_id")) {
        return r->origin.len > 0 || has_path(judge_json(s), axis);
    }
    return has_path(judge_json(s), str_sub(axis, sizeof "content." - 1, axis.len));
}

bool exchange_judge(struct contract_scratch *s, struct contract_finding *out)
{
    const struct contract_exchange *exchange = &s->contract->exchange;
    out->place = s->contract->exchange_place;
    if (!s->record->offer) {
        return true;
    }
    for (uint32_t i = 0; i < exchange->required_axes.count; i++) {
        struct str axis = exchange->required_axes.items[i];
        if (!has_axis(s, axis)) {
            out->cause = arena_printf(&s->arena, "the offer has no %.*s", STR_ARG(axis));
            out->cure = arena_printf(&s->arena, "a Fact with %.*s", STR_ARG(axis));
            return false;
        }
    }
    if (exchange->signed_facts && !s->record->has_signature) {
        out->cause = STR("the offer is not signed");
        out->cure = STR("a Fact with a good signature of its creator");
        return false;
    }
    return true;
}
