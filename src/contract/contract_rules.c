/* contract_rules.c - admission rules: `when` chooses the records, `require` must hold for them.
 *
 * A requirement is compiled part by part, as && joins them, so that a refusal names the part
 * that failed; with each part go small programs for what it looks at, so that it can say what
 * was seen. A rule whose `when` asks for a kind of record is passed over by one comparison.
 */
#include "contract/contract_internal.h"

struct expression {
    const struct nex_value *text;
    struct cel_env env;
};

static void report_problem(struct compiler *c, const struct expression *e, size_t offset,
                           const struct cel_problem *problem)
{
    nex_problem(c->problems, nex_place_in(c->source, e->text, offset + problem->offset),
                problem->cure, "%s", problem->cause);
}

static bool check_bool(struct compiler *c, const struct expression *e,
                       const struct cel_program *program)
{
    if (program->kind == CEL_BOOL || program->kind == CEL_DYN) {
        return true;
    }
    nex_problem(c->problems, e->text->place, "compare it with something",
                "the expression has to be true or false, it is %s", cel_kind_word(program->kind));
    return false;
}

static void count_cost(struct compiler *c, const struct cel_program *program)
{
    struct contract *contract = c->contract;
    contract->cost += program->cost;
    if (program->memory > contract->memory) {
        contract->memory = program->memory;
    }
}

static bool compile_text(struct compiler *c, const struct expression *e, struct str source,
                         struct cel_program *out)
{
    struct cel_problem problem;
    if (!cel_compile(&c->contract->life, source, &e->env, out, &problem)) {
        size_t offset = source.at >= e->text->text.at ? (size_t)(source.at - e->text->text.at) : 0;
        report_problem(c, e, offset, &problem);
        return false;
    }
    count_cost(c, out);
    return true;
}

static void compile_part(struct compiler *c, const struct expression *e,
                         const struct cel_part *from, struct rule_part *part)
{
    struct arena *life = &c->contract->life;
    size_t offset = (size_t)(from->source.at - e->text->text.at);
    part->source = from->source;
    part->place = nex_place_in(c->source, e->text, offset);
    part->seen_words = from->seen;
    part->seen = arena_zalloc(life, (from->seen_count + 1) * sizeof *part->seen);
    if (!compile_text(c, e, from->source, &part->program)) {
        return;
    }
    for (uint32_t i = 0; i < from->seen_count; i++) {
        struct cel_problem problem;
        if (cel_compile(life, from->seen[i], &e->env, &part->seen[part->seen_count], &problem)) {
            part->seen_words[part->seen_count++] = from->seen[i];
        }
    }
}

static bool expression_of(struct compiler *c, const struct nex_node *node, struct expression *out)
{
    const struct contract *contract = c->contract;
    if (node->value.kind != NEX_TEXT) {
        nex_problem(c->problems, node->value.place, "such as \"priority <= 10\"",
                    "'%.*s' wants an expression in quotes or backquotes", STR_ARG(node->word));
        return false;
    }
    *out = (struct expression){.text = &node->value};
    out->env.variables = contract->variables;
    out->env.count = VAR_COUNT;
    out->env.limits.cost = contract->expressions.cost;
    out->env.limits.memory_bytes = 4 * contract->expressions.text_bytes + 262144;
    return true;
}

static void compile_require(struct compiler *c, const struct nex_node *node, struct rule *rule)
{
    struct expression e;
    struct cel_program whole;
    struct cel_part *parts = NULL;
    struct cel_problem problem;
    uint32_t count = 0;
    uint64_t cost = c->contract->cost;
    if (!expression_of(c, node, &e) || !compile_text(c, &e, node->value.text, &whole) ||
        !check_bool(c, &e, &whole)) {
        return;
    }
    c->contract->cost = cost; /* the parts are what runs */
    if (!cel_parts(&c->contract->life, node->value.text, &e.env, &parts, &count, &problem)) {
        report_problem(c, &e, 0, &problem);
        return;
    }
    rule->parts = arena_zalloc(&c->contract->life, (count + 1) * sizeof *rule->parts);
    rule->parts_count = count;
    for (uint32_t i = 0; i < count; i++) {
        compile_part(c, &e, &parts[i], &rule->parts[i]);
    }
}

/* kind == "fact": the kind's place in the table, else -1. */
static int32_t kind_asked(struct str part)
{
    static const char *const kinds[] = {"fact", "intent", "hint", "event"};
    if (!str_starts(part, STR("kind"))) {
        return -1;
    }
    part = str_trim(str_sub(part, 4, part.len));
    if (!str_starts(part, STR("=="))) {
        return -1;
    }
    part = str_trim(str_sub(part, 2, part.len));
    for (int32_t i = 0; i < 4; i++) {
        bool quoted = part.len == strlen(kinds[i]) + 2 && part.at[0] == part.at[part.len - 1] &&
                      (part.at[0] == '"' || part.at[0] == '\'');
        if (quoted && str_is(str_sub(part, 1, part.len - 2), kinds[i])) {
            return i;
        }
    }
    return -1;
}

/* Where one operand of && asks for a kind, records of other kinds make the whole false,
 * whatever the other operands are: a comparison of numbers passes the rule over. */
static void find_kind(struct compiler *c, const struct expression *e, struct rule *rule)
{
    struct cel_part *parts = NULL;
    struct cel_problem problem;
    uint32_t count = 0;
    if (!cel_parts(&c->contract->life, e->text->text, &e->env, &parts, &count, &problem)) {
        return;
    }
    for (uint32_t i = 0; i < count && rule->kind < 0; i++) {
        rule->kind = kind_asked(parts[i].source);
    }
    rule->has_when = rule->kind < 0 || count > 1;
}

static void compile_when(struct compiler *c, const struct nex_node *node, struct rule *rule)
{
    struct expression e;
    if (expression_of(c, node, &e) && compile_text(c, &e, node->value.text, &rule->when) &&
        check_bool(c, &e, &rule->when)) {
        rule->has_when = true;
        find_kind(c, &e, rule);
    }
}

static void compile_severity(struct compiler *c, const struct nex_node *node, struct rule *rule)
{
    static const struct str known[] = {{"refuse", 6}, {"warn", 4}};
    rule->warns = str_is(node->value.text, "warn");
    if (!rule->warns && !str_is(node->value.text, "refuse")) {
        words_unknown(c, node->value.place, "severity", node->value.text, known, 2);
    }
}

static void compile_rule(struct compiler *c, const struct nex_node *node, struct rule *rule)
{
    *rule = (struct rule){.name = node->name, .place = node->place, .kind = -1};
    for (const struct nex_node *item = node->first; item != NULL; item = item->next) {
        if (item->block) {
            continue;
        }
        if (str_is(item->word, "when")) {
            compile_when(c, item, rule);
        } else if (str_is(item->word, "require")) {
            compile_require(c, item, rule);
        } else if (str_is(item->word, "severity")) {
            compile_severity(c, item, rule);
        } else if (str_is(item->word, "message")) {
            rule->message = item->value.text;
            if (item->value.kind != NEX_TEXT) {
                nex_problem(c->problems, item->value.place, "put it in quotes",
                            "'message' wants a text");
            }
        }
    }
}

static void declare_variables(struct contract *contract)
{
    uint64_t text_bytes = contract->expressions.text_bytes;
    uint32_t values = (uint32_t)contract->expressions.json_values;
#define TEXT_CEILING text_bytes
#define X(id, word, of_kind, ceiling)                                                              \
    contract->shapes[id] =                                                                         \
        (struct cel_shape){.kind = (of_kind), .bytes = (ceiling), .total = 1 + (ceiling) / 16};    \
    contract->variables[id] =                                                                      \
        (struct cel_variable){.name = STR(word), .shape = &contract->shapes[id]};
    CONTRACT_VARIABLE_TABLE(X)
#undef X
#undef TEXT_CEILING
    contract->shapes[VAR_CONTENT].items = values;
    contract->shapes[VAR_CONTENT].total += values;
}

void rules_compile(struct compiler *c)
{
    struct contract *contract = c->contract;
    uint32_t count = 0;
    declare_variables(contract);
    for (const struct nex_node *n = contract->tree->first; n != NULL; n = n->next) {
        count += n->block && str_is(n->word, "admit") ? 1 : 0;
    }
    if (count > c->ceilings.rules) {
        nex_problem(c->problems, contract->tree->place, "join some of them",
                    "the contract has %u admission rules, %u are allowed", count,
                    c->ceilings.rules);
        return;
    }
    contract->rules = arena_zalloc(&contract->life, (count + 1) * sizeof *contract->rules);
    for (const struct nex_node *n = contract->tree->first; n != NULL; n = n->next) {
        if (n->block && str_is(n->word, "admit")) {
            compile_rule(c, n, &contract->rules[contract->rules_count++]);
        }
    }
    if (contract->cost > c->ceilings.cost_in_all) {
        nex_problem(c->problems, contract->tree->place, "make the costly rules look at less",
                    "all rules together could cost %llu steps, %llu are allowed",
                    (unsigned long long)contract->cost,
                    (unsigned long long)c->ceilings.cost_in_all);
    }
}
