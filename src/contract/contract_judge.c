/* contract_judge.c - a record before the contract.
 *
 * The order is that of the cost to the writer: limits, schemas, terms of exchange, evidence,
 * novelty, reports, admission rules. The first refusal ends it. What cannot be decided refuses
 * too, also in a `when`: otherwise a field of the wrong type would be a way around a rule.
 */
#include "base/check.h"
#include "base/mem.h"
#include "codec/utf8.h"
#include "contract/contract_internal.h"

struct contract_scratch *contract_scratch_new(void)
{
    return mem_zalloc(sizeof(struct contract_scratch));
}

void contract_scratch_free(struct contract_scratch *scratch)
{
    if (scratch != NULL) {
        arena_deinit(&scratch->arena);
        mem_free(scratch->memory);
        mem_free(scratch);
    }
}

/* -- the record as variables ----------------------------------------------------------------- */

static struct cel_value text_value(struct str text, size_t ceiling)
{
    return text.len > ceiling ? cel_error("it is longer than expressions may look at")
                              : cel_string(text);
}

static struct cel_value time_value(bool given, int64_t ms)
{
    int64_t seconds = ms / 1000 - (ms % 1000 < 0 ? 1 : 0);
    if (!given) {
        return (struct cel_value){.kind = CEL_NULL};
    }
    if (seconds < -62135596800 || seconds > 253402300799) {
        return cel_error("the time is out of range");
    }
    return cel_time(CEL_TIMESTAMP, seconds, (uint32_t)(ms - seconds * 1000) * 1000000u);
}

static struct cel_value maybe_double(bool given, double value)
{
    return given ? cel_double(value) : (struct cel_value){.kind = CEL_NULL};
}

static void fill_variables(struct contract_scratch *s)
{
    const struct contract_record *r = s->record;
    struct cel_value *v = s->vars;
    const struct cel_value lazy = {.kind = CEL_DYN, .form = CEL_LAZY};
    v[VAR_KIND] = text_value(r->kind, 16);
    v[VAR_ORIGIN] = text_value(r->origin, 1024);
    v[VAR_CREATOR] = text_value(r->creator, 1024);
    v[VAR_ROLE] = text_value(r->role, 1024);
    v[VAR_TOPIC] = text_value(r->topic, 1024);
    v[VAR_POSITION] = text_value(r->position, 1024);
    v[VAR_MIME] = text_value(r->mime, 1024);
    v[VAR_STATUS] = text_value(r->status, 1024);
    v[VAR_CAPABILITY] = text_value(r->capability, 1024);
    v[VAR_SCOPE] = text_value(r->scope, 1024);
    v[VAR_TEXT] = lazy;
    v[VAR_CONTENT] = lazy;
    v[VAR_CONTENT_BYTES] = cel_int((int64_t)r->content.len);
    v[VAR_CONFIDENCE] = maybe_double(r->has_confidence, r->confidence);
    v[VAR_NOVELTY] = maybe_double(r->has_novelty, r->novelty);
    v[VAR_AT] = time_value(true, r->at_ms);
    v[VAR_VALID_FROM] = time_value(r->has_valid_from, r->valid_from_ms);
    v[VAR_VALID_TO] = time_value(r->has_valid_to, r->valid_to_ms);
    v[VAR_FROM_COUNT] = cel_int(r->from_count);
    v[VAR_EVIDENCE_COUNT] = cel_int(r->evidence_count);
    v[VAR_EVIDENCE_ORIGINS] = cel_int(r->evidence_origins);
    v[VAR_UNSEEN_EDGES] = cel_int(r->unseen_edges);
    v[VAR_PRIORITY] = cel_int(r->priority);
    v[VAR_CONCLUDES] = cel_bool(r->concludes);
    v[VAR_REPORT] = cel_bool(r->report);
    v[VAR_OFFER] = cel_bool(r->offer);
    v[VAR_SIGNED] = cel_bool(r->has_signature);
}

static bool is_json_mime(struct str mime)
{
    return str_is(mime, "application/json") || str_ends(mime, STR("+json"));
}

/* A document that the caller has read is counted: values, and bytes of texts and keys. */
struct measure {
    uint64_t values, bytes;
};

static void measure_json(const struct json *value, struct measure *m, const struct measure *most)
{
    bool nested = value->kind == JSON_ARRAY || value->kind == JSON_OBJECT;
    m->values++;
    m->bytes += value->key.len + (value->kind == JSON_STRING ? value->string.len : 0);
    for (const struct json *member = nested ? value->first : NULL;
         member != NULL && m->values <= most->values && m->bytes <= most->bytes;
         member = member->next) {
        measure_json(member, m, most);
    }
}

const struct json *judge_json(struct contract_scratch *s)
{
    const struct contract_record *r = s->record;
    if (s->json_read) {
        return s->json;
    }
    s->json_read = true;
    uint64_t values = s->contract->expressions.json_values;
    if (r->json != NULL) {
        const struct measure most = {values, UINT64_MAX};
        struct measure m = {0};
        measure_json(r->json, &m, &most);
        s->json = m.values <= values ? r->json : NULL;
        s->json_cause = "it has more values than expressions may look at";
        s->json_bytes = m.bytes;
        return s->json;
    }
    s->json_bytes = r->content.len;
    if (!is_json_mime(r->mime)) {
        s->json_cause = "its mime type is another";
        return NULL;
    }
    struct json_limits limits = {.nodes_max = (uint32_t)(values > 0 ? values : 1)};
    struct json_error error = {0};
    struct json *json = NULL;
    s->json_cause = NULL;
    if (json_parse(&s->arena, r->content, &limits, &json, &error)) {
        s->json = json;
    } else {
        s->json_cause = error.cause;
    }
    return s->json;
}

static struct cel_value content_value(struct contract_scratch *s)
{
    const struct json *json = judge_json(s);
    if (json != NULL) {
        bool long_text = s->json_bytes > s->contract->expressions.text_bytes;
        return long_text ? cel_error("it is longer than expressions may look at")
                         : cel_of_json(json);
    }
    if (s->record->json == NULL && !is_json_mime(s->record->mime)) {
        return (struct cel_value){.kind = CEL_NULL};
    }
    return cel_error(s->json_cause);
}

static void resolve(void *context, uint32_t variable, struct cel_value *out_value)
{
    struct contract_scratch *s = context;
    struct str text = s->record->content;
    if (variable == VAR_CONTENT) {
        *out_value = content_value(s);
    } else if (text.len > s->contract->expressions.text_bytes) {
        *out_value = cel_error("it is longer than expressions may look at");
    } else {
        *out_value = utf8_valid(text) ? cel_string(text) : cel_error("it is no text");
    }
}

struct cel_value judge_eval(struct contract_scratch *s, const struct cel_program *program)
{
    struct cel_run run = {
        .vars = s->vars,
        .resolve = resolve,
        .context = s,
        .memory = s->memory,
        .memory_len = s->memory_len,
    };
    return cel_eval(program, &run);
}

/* -- the fixed rules --------------------------------------------------------------------------- */

static bool limit_fits(struct contract_scratch *s, struct contract_finding *out)
{
    const struct contract *contract = s->contract;
    const struct contract_record *r = s->record;
    if (contract->limits_count == 0) {
        return true;
    }
    uint64_t most = contract_limits(contract, r->creator, r->role).content_bytes;
    if (r->content.len <= most) {
        return true;
    }
    for (uint32_t i = 0; i < contract->limits_count; i++) {
        const struct limit_row *row = &contract->limits[i];
        bool about = i == 0 || str_eq(row->name, row->role ? r->role : r->creator);
        if (about && row->set.content_bytes == most) {
            out->place = row->place;
            out->name = row->name;
        }
    }
    out->cause = arena_printf(&s->arena, "the content has %zu bytes, %llu are allowed",
                              r->content.len, (unsigned long long)most);
    out->cure = STR("a shorter content, or several records");
    return false;
}

static bool too_few(struct contract_scratch *s, struct contract_finding *out, const char *what,
                    double seen, double wanted)
{
    out->cause =
        arena_printf(&s->arena, "%s is %.15g, at least %.15g is wanted", what, seen, wanted);
    out->cure = arena_printf(&s->arena, "%s of %.15g or more", what, wanted);
    return false;
}

static bool evidence_fits(struct contract_scratch *s, struct contract_finding *out)
{
    const struct contract_evidence *e = &s->contract->evidence;
    const struct contract_record *r = s->record;
    out->place = s->contract->evidence_place;
    if (!r->concludes) {
        return true;
    }
    if (r->evidence_count < (int64_t)e->min_facts) {
        return too_few(s, out, "the number of facts named as evidence", (double)r->evidence_count,
                       (double)e->min_facts);
    }
    if (r->evidence_origins < (int64_t)e->min_origins) {
        return too_few(s, out, "the number of origins of the evidence", (double)r->evidence_origins,
                       (double)e->min_origins);
    }
    if (r->has_confidence && r->confidence < e->min_confidence) {
        return too_few(s, out, "the confidence", r->confidence, e->min_confidence);
    }
    return true;
}

static bool novelty_fits(struct contract_scratch *s, struct contract_finding *out)
{
    const struct contract *contract = s->contract;
    const struct contract_record *r = s->record;
    double least = contract->novelty.minimum;
    out->place = contract->novelty_place;
    if (r->offer && contract->exchange.min_novelty > least) {
        least = contract->exchange.min_novelty;
        out->place = contract->exchange_place;
    }
    if (!str_is(r->kind, "fact") || !r->has_novelty) {
        return true;
    }
    if (r->novelty < least) {
        return too_few(s, out, "the novelty", r->novelty, least);
    }
    if (r->unseen_edges < (int64_t)contract->novelty.min_unseen_edges) {
        return too_few(s, out, "the number of unseen edges", (double)r->unseen_edges,
                       (double)contract->novelty.min_unseen_edges);
    }
    return true;
}

/* -- admission rules ------------------------------------------------------------------------------
 */

/* "confidence is 0.3, topic is "x"": what the part looked at. */
static void add_seen(struct contract_scratch *s, const struct rule_part *part, struct buf *out)
{
    for (uint32_t i = 0; i < part->seen_count; i++) {
        struct cel_value value = judge_eval(s, &part->seen[i]);
        buf_printf(out, "%s%.*s is ", i > 0 ? ", " : "", STR_ARG(part->seen_words[i]));
        if (value.kind == CEL_ERROR) {
            buf_printf(out, "not to be had: %s", value.text);
        } else {
            cel_print(out, value, 80);
        }
    }
}

static void describe(struct contract_scratch *s, const struct rule *rule,
                     const struct rule_part *part, struct cel_value value,
                     struct contract_finding *out)
{
    struct buf text = {0};
    if (value.kind == CEL_BOOL) {
        buf_printf(&text, "%.*s does not hold", STR_ARG(part->source));
    } else {
        buf_printf(&text, "%.*s cannot be decided: %s", STR_ARG(part->source),
                   value.kind == CEL_ERROR ? value.text : "it is neither true nor false");
    }
    if (part->seen_count > 0) {
        buf_add_text(&text, "; ");
        add_seen(s, part, &text);
    }
    *out = (struct contract_finding){.rule = RULE_ADMIT, .name = rule->name, .place = part->place};
    out->cause = arena_str(&s->arena, buf_str(&text));
    out->cure = rule->message.len > 0
                    ? rule->message
                    : arena_printf(&s->arena, "a record for which %.*s", STR_ARG(part->source));
    buf_deinit(&text);
}

static bool rule_fits(struct contract_scratch *s, const struct rule *rule,
                      struct contract_finding *out)
{
    if (rule->has_when) {
        struct cel_value when = judge_eval(s, &rule->when);
        if (when.kind == CEL_BOOL && !when.boolean) {
            return true;
        }
        if (when.kind != CEL_BOOL) {
            *out = (struct contract_finding){
                .rule = RULE_ADMIT, .name = rule->name, .place = rule->place};
            out->cause = arena_printf(&s->arena, "whether the rule applies cannot be decided: %s",
                                      when.kind == CEL_ERROR ? when.text
                                                             : "'when' is neither true nor false");
            out->cure = rule->message.len > 0
                            ? rule->message
                            : STR("the fields that 'when' looks at, or has() in the contract");
            return false;
        }
    }
    for (uint32_t i = 0; i < rule->parts_count; i++) {
        struct cel_value value = judge_eval(s, &rule->parts[i].program);
        if (value.kind != CEL_BOOL || !value.boolean) {
            describe(s, rule, &rule->parts[i], value, out);
            return false;
        }
    }
    return true;
}

static int32_t kind_number(struct str kind)
{
    static const char *const kinds[] = {"fact", "intent", "hint", "event"};
    for (int32_t i = 0; i < 4; i++) {
        if (str_is(kind, kinds[i])) {
            return i;
        }
    }
    return 4;
}

static bool rules_fit(struct contract_scratch *s, struct contract_verdict *out)
{
    int32_t kind = kind_number(s->record->kind);
    for (uint32_t i = 0; i < s->contract->rules_count; i++) {
        const struct rule *rule = &s->contract->rules[i];
        struct contract_finding finding;
        if ((rule->kind >= 0 && rule->kind != kind) || rule_fits(s, rule, &finding)) {
            continue;
        }
        if (!rule->warns) {
            out->refusal = finding;
            return false;
        }
        if (out->warnings_count < CONTRACT_WARNINGS_MAX) {
            out->warnings[out->warnings_count++] = finding;
        }
    }
    return true;
}

static bool schemas_fit(struct contract_scratch *s, struct contract_finding *out)
{
    for (uint32_t i = 0; i < s->contract->schemas_count; i++) {
        if (!schema_judge(s, &s->contract->schemas[i], out)) {
            out->name = s->contract->schemas[i].name;
            return false;
        }
    }
    return true;
}

static bool fixed_fit(struct contract_scratch *s, struct contract_finding *out)
{
    static bool (*const judges[])(struct contract_scratch *, struct contract_finding *) = {
        limit_fits, schemas_fit, exchange_judge, evidence_fits, novelty_fits, report_judge,
    };
    for (size_t i = 0; i < sizeof judges / sizeof *judges; i++) {
        if (!judges[i](s, out)) {
            out->rule = (enum contract_rule)(RULE_LIMIT + (int)i);
            return false;
        }
    }
    return true;
}

void contract_judge(const struct contract *contract, struct contract_scratch *scratch,
                    const struct contract_record *record, struct contract_verdict *out_verdict)
{
    if (scratch->memory_len < contract->memory || scratch->memory == NULL) {
        mem_free(scratch->memory);
        scratch->memory_len = contract->memory + 64;
        scratch->memory = mem_alloc(scratch->memory_len);
    }
    arena_reset(&scratch->arena);
    scratch->contract = contract;
    scratch->record = record;
    scratch->json = NULL;
    scratch->json_read = false;
    fill_variables(scratch);
    out_verdict->warnings_count = 0;
    out_verdict->refusal = (struct contract_finding){0};
    out_verdict->admitted =
        fixed_fit(scratch, &out_verdict->refusal) && rules_fit(scratch, out_verdict);
    CHECK(out_verdict->admitted || out_verdict->refusal.rule != RULE_NONE);
    if (out_verdict->admitted) {
        out_verdict->refusal = (struct contract_finding){0};
    }
}

static void explain_finding(struct buf *out, const char *name, const char *what,
                            const struct contract_finding *f)
{
    buf_printf(out, "%s by %s%s%.*s (%s:%u:%u): %.*s", what, contract_rule_word(f->rule),
               f->name.len > 0 ? " " : "", STR_ARG(f->name), name, f->place.line, f->place.column,
               STR_ARG(f->cause));
    buf_printf(out, "; wanted: %.*s", STR_ARG(f->cure));
}

void contract_explain(struct buf *out, const char *name, const struct contract_verdict *verdict)
{
    if (verdict->admitted) {
        buf_add_text(out, "admitted");
    } else {
        explain_finding(out, name, "refused", &verdict->refusal);
    }
    for (uint32_t i = 0; i < verdict->warnings_count; i++) {
        buf_add_byte(out, '\n');
        explain_finding(out, name, "warned", &verdict->warnings[i]);
    }
}
