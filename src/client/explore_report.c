/* explore_report.c - what came out, for people and as one JSON object. */
#include <stdio.h>
#include <string.h>

#include "client/explore.h"

#define LIST_MAX 12u /* lines of each list for people; --json has all */

static const char *paint(const struct explore *e, const char *color)
{
    return e->asker->color ? color : "";
}

static void heading(const struct explore *e, const char *words)
{
    printf("\n%s%s%s\n", paint(e, "\033[1m"), words, paint(e, "\033[0m"));
}

static void say(struct str text)
{
    print_safe(stdout, text, false);
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static uint32_t count_state(const struct explore *e, enum source_state state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < e->sources_count; i++) {
        count += e->sources[i].state == state;
    }
    return count;
}

/* Documents and claims of this run by the agents that concluded them. */
struct tally {
    struct str agent;
    uint64_t documents, claims, before;
};

static uint32_t tally_agents(const struct explore *e, struct tally *out, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < e->sources_count; i++) {
        const struct source *s = &e->sources[i];
        if ((s->state != SOURCE_DONE && s->state != SOURCE_UNCHANGED) || s->agent.len == 0) {
            continue;
        }
        uint32_t at = 0;
        while (at < count && !str_eq(out[at].agent, s->agent)) {
            at++;
        }
        if (at == count && count == max) {
            continue;
        }
        if (at == count) {
            out[count++] = (struct tally){.agent = s->agent};
        }
        out[at].documents += s->state == SOURCE_DONE;
        out[at].claims += s->state == SOURCE_DONE ? s->claims_count : 0;
        out[at].before += s->state == SOURCE_UNCHANGED;
    }
    return count;
}

static void report_agents(const struct explore *e)
{
    struct tally tally[64];
    uint32_t count = tally_agents(e, tally, 64);
    if (count == 0) {
        return;
    }
    heading(e, "Who read it");
    for (uint32_t i = 0; i < count; i++) {
        printf("  ");
        say(tally[i].agent);
        printf("  %llu document%s, %llu statement%s in this run",
               (unsigned long long)tally[i].documents, plural(tally[i].documents),
               (unsigned long long)tally[i].claims, plural(tally[i].claims));
        if (tally[i].before > 0) {
            printf("; %llu document%s before", (unsigned long long)tally[i].before,
                   plural(tally[i].before));
        }
        printf("\n");
    }
}

/* Short definitions and figures say most; at most one of each document, then more. */
static int weight(const struct claim *claim)
{
    size_t len = claim->value.len;
    if (len < 2 || len > 160) {
        return 0;
    }
    switch (claim->kind) {
    case CLAIM_DEFINITION:
        return len >= 25 && claim->subject.len >= 4 ? 4 : 0;
    case CLAIM_QUANTITY:
        return 3;
    case CLAIM_KEY_VALUE:
        return 2;
    case CLAIM_CELL:
        return 1;
    case CLAIM_NONE:
    case CLAIM_HEADING:
    case CLAIM_LINK:
    case CLAIM_IMAGE:
    case CLAIM_REFERENCE:
        return 0;
    }
    return 0;
}

static void report_statements(const struct explore *e)
{
    uint32_t shown = 0;
    for (uint32_t i = 0; i < e->sources_count && shown < 8; i++) {
        const struct source *source = &e->sources[i];
        const struct claim *best = NULL;
        for (uint32_t k = 0; source->state != SOURCE_SKIPPED && k < source->claims.count; k++) {
            const struct claim *claim = &source->claims.at[k];
            if (weight(claim) > (best == NULL ? 0 : weight(best))) {
                best = claim;
            }
        }
        if (best == NULL) {
            continue;
        }
        if (shown++ == 0) {
            heading(e, "Some of what they state, and where");
        }
        printf("  %s", paint(e, "\033[36m"));
        say(source->path);
        printf(":%u%s  ", best->line_first, paint(e, "\033[0m"));
        say(str_sub(best->subject, 0, 60));
        if (best->kind != CLAIM_DEFINITION) {
            printf("%s", best->subject.len > 0 ? " / " : "");
            say(best->predicate);
        }
        printf(": ");
        say(best->value);
        printf("\n");
    }
}

static void report_findings(const struct explore *e, const char *words,
                            const struct finding *findings, uint32_t count)
{
    if (count == 0) {
        return;
    }
    char title[80];
    snprintf(title, sizeof title, "%s: %u", words, count);
    heading(e, title);
    for (uint32_t i = 0; i < count && i < LIST_MAX; i++) {
        printf("  ");
        say(findings[i].from);
        printf(":%u -> ", findings[i].line);
        say(findings[i].target);
        printf("  (%.*s)\n", STR_ARG(findings[i].why));
    }
    if (count > LIST_MAX) {
        printf("  ... and %u more (--json lists all)\n", count - LIST_MAX);
    }
}

static void report_contradictions(const struct explore *e)
{
    if (e->contradictions_count == 0) {
        return;
    }
    heading(e, "Documents that disagree");
    for (uint32_t i = 0; i < e->contradictions_count && i < LIST_MAX; i++) {
        const struct contradiction *c = &e->contradictions[i];
        printf("  ");
        say(c->topic);
        printf("\n");
        for (uint32_t k = 0; k < c->positions_count; k++) {
            printf("    ");
            say(c->positions[k].value);
            printf("  in ");
            say(str_sub(c->positions[k].origin, e->name.len + 1, c->positions[k].origin.len));
            printf(":%u\n", c->positions[k].line);
        }
    }
}

static void report_changes(const struct explore *e)
{
    if (e->changes_count == 0) {
        return;
    }
    heading(e, "Changes since these documents were read last");
    for (uint32_t i = 0; i < e->changes_count; i++) {
        const struct change *c = &e->changes[i];
        printf("  ");
        say(c->path);
        if (c->deleted) {
            printf("  is gone; what it stated stays on the board\n");
            continue;
        }
        printf("  %u statement%s more, %u fewer\n", c->added_count, plural(c->added_count),
               c->removed_count);
        for (uint32_t k = 0; k < c->added_count && k < 5; k++) {
            printf("    + ");
            say(str_sub(c->added[k], 0, 120));
            printf("\n");
        }
        for (uint32_t k = 0; k < c->removed_count && k < 5; k++) {
            printf("    - ");
            say(str_sub(c->removed[k], 0, 120));
            printf("\n");
        }
    }
}

static void report_rest(const struct explore *e, enum source_state state, const char *words)
{
    uint32_t shown = 0;
    for (uint32_t i = 0; i < e->sources_count; i++) {
        const struct source *s = &e->sources[i];
        if (s->state != state || shown++ >= LIST_MAX) {
            continue;
        }
        if (shown == 1) {
            heading(e, words);
        }
        printf("  ");
        say(s->path);
        printf("  ");
        say(s->why);
        if (s->state == SOURCE_OPEN) {
            printf("  %s", s->intent);
        }
        printf("\n");
    }
    if (shown > LIST_MAX) {
        printf("  ... and %u more\n", shown - LIST_MAX);
    }
}

void explore_report(struct explore *e)
{
    uint64_t passages = 0, claims = 0;
    for (uint32_t i = 0; i < e->sources_count; i++) {
        passages += e->sources[i].document.passages_count;
        claims += e->sources[i].state == SOURCE_SKIPPED ? 0 : e->sources[i].claims_count;
    }
    struct buf took = {0};
    clock_add_duration(&took, (uint64_t)(print_now_ms() - e->start_ms));
    printf("%sExplored ", paint(e, "\033[1m"));
    say(str_of(e->root));
    printf("%s in %s\n", paint(e, "\033[0m"), buf_cstr(&took));
    buf_deinit(&took);
    printf("  %u document%s: %u read now, %u unchanged, %u left out, %u open\n", e->sources_count,
           plural(e->sources_count),
           count_state(e, SOURCE_DONE), count_state(e, SOURCE_UNCHANGED),
           count_state(e, SOURCE_SKIPPED), count_state(e, SOURCE_OPEN));
    printf("  %llu passages, %llu statements; %llu Facts added to the board in this run\n",
           (unsigned long long)passages, (unsigned long long)claims, (unsigned long long)e->facts);
    if (e->sources_count == 0) {
        printf("  There is no Markdown, plain text or JSON in it (hidden and ignored files are not "
               "looked at).\n");
    }
    report_agents(e);
    report_statements(e);
    report_contradictions(e);
    report_changes(e);
    report_findings(e, "Links that lead nowhere", e->dead_links, e->dead_links_count);
    report_findings(e, "References that lead nowhere", e->dead_references,
                    e->dead_references_count);
    report_rest(e, SOURCE_SKIPPED, "Left out");
    report_rest(e, SOURCE_OPEN, "Not concluded (the next run tries again)");
}

/* -- JSON ------------------------------------------------------------------------------ */

static void json_read(const struct explore *e, struct json_writer *w)
{
    jw_key(w, "read");
    jw_array(w);
    for (uint32_t i = 0; i < e->sources_count; i++) {
        const struct source *s = &e->sources[i];
        jw_object(w);
        jw_kv_str(w, "path", s->path);
        jw_kv_str(w, "origin", s->origin);
        jw_kv_text(w, "status", source_state_word(s->state));
        jw_kv_text(w, "sha256", s->sha256);
        jw_kv_uint(w, "bytes", s->document.bytes.len);
        jw_kv_uint(w, "passages", s->document.passages_count);
        jw_kv_uint(w, "claims", s->state == SOURCE_SKIPPED ? 0 : s->claims_count);
        if (s->agent.len > 0) {
            jw_kv_str(w, "agent", s->agent);
        }
        if (s->fact[0] != '\0') {
            jw_kv_text(w, "fact", s->fact);
            jw_kv_text(w, "intent", s->intent);
        }
        if (s->why.len > 0) {
            jw_kv_str(w, "why", s->why);
        }
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void json_findings(struct json_writer *w, const char *key, const struct finding *findings,
                          uint32_t count)
{
    jw_key(w, key);
    jw_array(w);
    for (uint32_t i = 0; i < count; i++) {
        jw_object(w);
        jw_kv_str(w, "from", findings[i].from);
        jw_kv_str(w, "target", findings[i].target);
        jw_kv_uint(w, "line", findings[i].line);
        jw_kv_str(w, "why", findings[i].why);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void json_agents(const struct explore *e, struct json_writer *w)
{
    struct tally tally[64];
    uint32_t count = tally_agents(e, tally, 64);
    jw_key(w, "agents");
    jw_array(w);
    for (uint32_t i = 0; i < count; i++) {
        jw_object(w);
        jw_kv_str(w, "name", tally[i].agent);
        jw_kv_uint(w, "documents", tally[i].documents);
        jw_kv_uint(w, "claims", tally[i].claims);
        jw_kv_uint(w, "documents_before", tally[i].before);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void json_contradictions(const struct explore *e, struct json_writer *w)
{
    jw_key(w, "contradictions");
    jw_array(w);
    for (uint32_t i = 0; i < e->contradictions_count; i++) {
        const struct contradiction *c = &e->contradictions[i];
        jw_object(w);
        jw_kv_str(w, "topic", c->topic);
        jw_key(w, "positions");
        jw_array(w);
        for (uint32_t k = 0; k < c->positions_count; k++) {
            jw_object(w);
            jw_kv_str(w, "value", c->positions[k].value);
            jw_kv_text(w, "fact", c->positions[k].fact);
            jw_kv_str(w, "origin", c->positions[k].origin);
            jw_kv_uint(w, "line", c->positions[k].line);
            jw_object_end(w);
        }
        jw_array_end(w);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void json_statements(struct json_writer *w, const char *key, const struct str *list,
                            uint32_t count)
{
    jw_key(w, key);
    jw_array(w);
    for (uint32_t i = 0; i < count; i++) {
        jw_str(w, list[i]);
    }
    jw_array_end(w);
}

static void json_changes(const struct explore *e, struct json_writer *w)
{
    jw_key(w, "changes");
    jw_array(w);
    for (uint32_t i = 0; i < e->changes_count; i++) {
        const struct change *c = &e->changes[i];
        jw_object(w);
        jw_kv_str(w, "path", c->path);
        jw_kv_text(w, "change", c->deleted ? "deleted" : "changed");
        json_statements(w, "added", c->added, c->added_count);
        json_statements(w, "removed", c->removed, c->removed_count);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void json_intents(const struct explore *e, struct json_writer *w)
{
    jw_key(w, "intents");
    jw_array(w);
    for (uint32_t i = 0; i < e->sources_count; i++) {
        const struct source *s = &e->sources[i];
        if (s->state == SOURCE_DONE || s->state == SOURCE_OPEN) {
            jw_object(w);
            jw_kv_text(w, "id", s->intent);
            jw_kv_str(w, "topic", s->origin);
            jw_kv_str(w, "status", s->state == SOURCE_DONE ? STR("concluded") : s->why);
            jw_object_end(w);
        }
    }
    jw_array_end(w);
}

void explore_report_json(struct explore *e)
{
    struct buf out = {0};
    struct json_writer w;
    jw_init(&w, &out, false);
    jw_object(&w);
    jw_kv_text(&w, "root", e->root);
    jw_kv_str(&w, "goal_text", e->goal);
    if (e->goal_id[0] != '\0') {
        jw_kv_text(&w, "goal", e->goal_id);
    }
    json_read(e, &w);
    json_agents(e, &w);
    jw_kv_uint(&w, "facts", e->facts);
    json_contradictions(e, &w);
    jw_key(&w, "gaps");
    jw_array(&w);
    jw_array_end(&w);
    json_findings(&w, "dead_links", e->dead_links, e->dead_links_count);
    json_findings(&w, "dead_references", e->dead_references, e->dead_references_count);
    json_changes(e, &w);
    json_intents(e, &w);
    jw_kv_int(&w, "took_ms", print_now_ms() - e->start_ms);
    jw_object_end(&w);
    printf("%s\n", buf_cstr(&out));
    buf_deinit(&out);
}
