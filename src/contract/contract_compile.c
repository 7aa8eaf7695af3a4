/* contract_compile.c - from text to contract: read the tree, hold it against the tables, take the
 * values, compile the expressions. Every stage goes on behind a problem, so that one run tells
 * as much as it can; with a problem there is no contract.
 */
#include <stdio.h>

#include "base/mem.h"
#include "contract/contract_internal.h"

static const char *const all_axes[] = {
    "content.geo", "content.timestamp", "origin.asset_id", "creator", "pubkey", "signature",
};

static const struct nex_node *entry(const struct nex_node *node, const char *word)
{
    for (const struct nex_node *n = node->first; n != NULL; n = n->next) {
        if (!n->block && str_is(n->word, word)) {
            return n;
        }
    }
    return NULL;
}

/* "stake_slash_50_percent", 50% or 0.5. */
static bool slash_share(const struct nex_value *value, double *out_share)
{
    unsigned long long percent = 0;
    struct str text = value->text;
    if (value->kind == NEX_NUMBER || value->kind == NEX_PERCENT) {
        *out_share = value->number;
        return value->number >= 0 && value->number <= 1;
    }
    if (!str_starts(text, STR("stake_slash_")) || !str_ends(text, STR("_percent")) ||
        text.len < 21) {
        return false;
    }
    if (!str_to_u64(str_sub(text, 12, text.len - 20), &percent) || percent > 100) {
        return false;
    }
    *out_share = (double)percent / 100;
    return true;
}

static void take_penalty(struct compiler *c, const struct nex_node *node)
{
    struct contract_reward *reward = &c->contract->reward;
    const struct nex_node *n = entry(node, "minus_gap");
    if (n != NULL && !slash_share(&n->value, &reward->minus_gap)) {
        nex_problem(c->problems, n->value.place, "such as 50% or \"stake_slash_50_percent\"",
                    "'minus_gap' wants a share of the stake");
    }
    n = entry(node, "zero_gap");
    if (n != NULL && !slash_share(&n->value, &reward->zero_gap)) {
        nex_problem(c->problems, n->value.place, "such as 25% or \"stake_slash_25_percent\"",
                    "'zero_gap' wants a share of the stake");
    }
    n = entry(node, "spam_decay");
    if (n != NULL) {
        static const struct str known[] = {{"diminishing_returns", 19}, {"none", 4}};
        reward->diminishing = str_eq(n->value.text, known[0]);
        if (!reward->diminishing && !str_eq(n->value.text, known[1])) {
            words_unknown(c, n->value.place, "spam_decay", n->value.text, known, 2);
        }
    }
}

static void take_reward(struct compiler *c, const struct nex_node *node,
                        const struct word_block *block)
{
    struct contract_reward *reward = &c->contract->reward;
    reward->given = true;
    words_fill(c, node, block, reward);
    for (const struct nex_node *n = node->first; n != NULL; n = n->next) {
        if (!n->block) {
            continue;
        }
        if (str_is(n->word, "gap_depth")) {
            words_fill(c, n, words_find(block, n->word), &reward->gap_depth);
        } else if (str_is(n->word, "gap_width")) {
            words_fill(c, n, words_find(block, n->word), &reward->gap_width);
        } else {
            take_penalty(c, n);
        }
    }
}

static struct contract_limit_set no_limits(void)
{
    return (struct contract_limit_set){
#define X(name, meaning) .name = CONTRACT_NO_LIMIT,
        CONTRACT_LIMIT_TABLE(X)
#undef X
    };
}

static void take_limits(struct compiler *c, const struct nex_node *node,
                        const struct word_block *block)
{
    static const struct str roles[] = {{"reader", 6}, {"agent", 5}, {"human", 5}, {"admin", 5}};
    struct contract *contract = c->contract;
    uint32_t count = 1;
    for (const struct nex_node *n = node->first; n != NULL; n = n->next) {
        count += n->block ? 1 : 0;
    }
    contract->limits = arena_zalloc(&contract->life, count * sizeof *contract->limits);
    contract->limits_count = count;
    contract->limits[0] = (struct limit_row){.place = node->place, .set = no_limits()};
    words_fill(c, node, block, &contract->limits[0]);
    uint32_t at = 1;
    for (const struct nex_node *n = node->first; n != NULL; n = n->next) {
        if (!n->block) {
            continue;
        }
        struct limit_row *row = &contract->limits[at++];
        *row = (struct limit_row){.name = n->name, .place = n->place, .set = no_limits()};
        row->role = str_is(n->word, "role");
        words_fill(c, n, words_find(block, n->word), row);
        bool known = !row->role;
        for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
            known = known || str_eq(n->name, roles[i]);
        }
        if (!known) {
            words_unknown(c, n->place, "role", n->name, roles, sizeof roles / sizeof *roles);
        }
    }
}

static void take_exchange(struct compiler *c, const struct nex_node *node)
{
    static const struct str known[] = {
        {"creator", 7},          {"origin", 6},
        {"origin.asset_id", 15}, {"topic", 5},
        {"position", 8},         {"mime", 4},
        {"pubkey", 6},           {"signature", 9},
        {"confidence", 10},      {"valid_from", 10},
        {"valid_to", 8},         {"from", 4},
        {"content.geo", 11},     {"content.timestamp", 17},
    };
    struct contract_exchange *exchange = &c->contract->exchange;
    const struct nex_node *axes = entry(node, "required_axes");
    c->contract->exchange_place = node->place;
    if (axes == NULL && exchange->gated) {
        uint32_t count = sizeof all_axes / sizeof *all_axes;
        exchange->required_axes.items = arena_alloc(&c->contract->life, count * sizeof(struct str));
        exchange->required_axes.count = count;
        for (uint32_t i = 0; i < count; i++) {
            exchange->required_axes.items[i] = str_of(all_axes[i]);
        }
    }
    for (uint32_t i = 0; axes != NULL && i < exchange->required_axes.count; i++) {
        struct str axis = exchange->required_axes.items[i];
        bool good = str_starts(axis, STR("content.")) && axis.len > 8;
        for (size_t j = 0; j < sizeof known / sizeof *known && !good; j++) {
            good = str_eq(axis, known[j]);
        }
        if (!good) {
            words_unknown(
                c, axes->value.kind == NEX_LIST ? axes->value.items[i].place : axes->value.place,
                "axis", axis, known, sizeof known / sizeof *known);
        }
    }
}

static void take_predicates(struct compiler *c)
{
    struct contract *contract = c->contract;
    uint32_t count = 0;
    for (const struct nex_node *n = contract->tree->first; n != NULL; n = n->next) {
        count += n->block && str_is(n->word, "predicate") ? 1 : 0;
    }
    if (count > c->ceilings.predicates) {
        nex_problem(c->problems, contract->tree->place, "leave some out",
                    "the contract has %u predicates, %u are allowed", count,
                    c->ceilings.predicates);
        return;
    }
    contract->predicates =
        arena_zalloc(&contract->life, (count + 1) * sizeof *contract->predicates);
    for (const struct nex_node *n = contract->tree->first; n != NULL; n = n->next) {
        if (!n->block || !str_is(n->word, "predicate")) {
            continue;
        }
        struct contract_predicate *p = &contract->predicates[contract->predicates_count++];
        *p = (struct contract_predicate){.name = n->name, .place = n->place};
        words_fill(c, n, words_find(words_top(), n->word), p);
        if (p->functional && p->additive) {
            nex_problem(c->problems, n->place, "one value at a time, or many side by side",
                        "'%.*s' cannot be functional and additive",
                        STR_ARG(str_sub(n->name, 0, 60)));
        }
    }
    predicates_index(contract);
    for (uint32_t i = 0; i < contract->predicates_count; i++) {
        const struct contract_predicate *p = &contract->predicates[i];
        for (uint32_t j = 0; j <= p->aliases.count; j++) {
            struct str word = j == 0 ? p->name : p->aliases.items[j - 1];
            const struct contract_predicate *found = contract_predicate(contract, word);
            if (found != NULL && found != p) {
                nex_problem(c->problems, p->place, "keep it at one of them",
                            "'%.*s' already belongs to the predicate '%.*s'",
                            STR_ARG(str_sub(word, 0, 60)), STR_ARG(str_sub(found->name, 0, 60)));
            }
        }
    }
}

static void take_report(struct compiler *c, const struct nex_node *node)
{
    struct contract *contract = c->contract;
    const struct nex_node *citation = entry(node, "citation");
    contract->report_place = node->place;
    if (citation != NULL && contract->report.citation.len > 0) {
        contract->citation = pattern_compile(c, &citation->value);
        if (contract->report.min_citations == 0) {
            contract->report.min_citations = 1;
        }
    }
}

/* Blocks that stand once. */
static void take_block(struct compiler *c, const struct nex_node *node)
{
    struct contract *contract = c->contract;
    const struct word_block *block = words_find(words_top(), node->word);
    if (block == NULL || block->repeats) {
        return;
    }
    if (str_is(node->word, "evidence")) {
        words_fill(c, node, block, &contract->evidence);
        contract->evidence_place = node->place;
    } else if (str_is(node->word, "novelty")) {
        words_fill(c, node, block, &contract->novelty);
        contract->novelty_place = node->place;
    } else if (str_is(node->word, "report")) {
        words_fill(c, node, block, &contract->report);
        take_report(c, node);
    } else if (str_is(node->word, "exchange")) {
        words_fill(c, node, block, &contract->exchange);
        take_exchange(c, node);
    } else if (str_is(node->word, "reward")) {
        take_reward(c, node, block);
    } else if (str_is(node->word, "limits")) {
        take_limits(c, node, block);
    } else if (str_is(node->word, "expressions")) {
        words_fill(c, node, block, &contract->expressions);
    }
}

static void compile_tree(struct compiler *c)
{
    struct contract *contract = c->contract;
    uint32_t broken = c->problems->total;
    words_check(c, contract->tree, words_top());
    bool good = c->problems->total == broken;
    /* Values of the wrong type are not taken, but expressions are still looked at. */
    for (const struct nex_node *n = contract->tree->first; n != NULL && good; n = n->next) {
        if (n->block) {
            take_block(c, n);
        }
    }
    if (contract->expressions.cost > c->ceilings.cost) {
        nex_problem(c->problems, contract->tree->place, "lower 'cost' under 'expressions'",
                    "an expression may cost %llu steps here, %llu are allowed",
                    (unsigned long long)contract->expressions.cost,
                    (unsigned long long)c->ceilings.cost);
        return;
    }
    if (good) {
        take_predicates(c);
    }
    schemas_compile(c);
    rules_compile(c);
}

static struct contract_ceilings ceilings_of(const struct contract_ceilings *given)
{
    struct contract_ceilings out = {0};
    if (given != NULL) {
        out = *given;
    }
    out.source_bytes = out.source_bytes == 0 ? 262144 : out.source_bytes;
    out.rules = out.rules == 0 ? 500 : out.rules;
    out.schemas = out.schemas == 0 ? 200 : out.schemas;
    out.predicates = out.predicates == 0 ? 2000 : out.predicates;
    out.cost = out.cost == 0 ? 1000000 : out.cost;
    out.cost_in_all = out.cost_in_all == 0 ? 20000000 : out.cost_in_all;
    return out;
}

struct contract *contract_compile(struct str text, const struct contract_ceilings *ceilings,
                                  struct nex_problems *out_problems)
{
    struct compiler c = {.problems = out_problems, .ceilings = ceilings_of(ceilings)};
    out_problems->count = out_problems->total = 0;
    if (text.len > c.ceilings.source_bytes) {
        nex_problem(out_problems, (struct nex_place){1, 1}, "split it or raise the ceiling",
                    "the contract is %zu bytes long, %zu are allowed", text.len,
                    c.ceilings.source_bytes);
        return NULL;
    }
    struct contract *contract = mem_zalloc(sizeof *contract);
    c.contract = contract;
    contract->text = c.source = arena_str(&contract->life, text);
    sha256(text.at, text.len, &contract->hash);
    contract->expressions = (struct expressions){
        .cost = c.ceilings.cost < 1000000 ? c.ceilings.cost : 1000000,
        .text_bytes = 65536,
        .json_values = 512,
    };
    contract->exchange.per_minute = CONTRACT_NO_LIMIT;
    contract->tree = nex_parse(&contract->life, c.source, out_problems);
    compile_tree(&c);
    if (out_problems->total > 0) {
        contract_free(contract);
        return NULL;
    }
    return contract;
}

void contract_free(struct contract *contract)
{
    if (contract != NULL) {
        struct arena life = contract->life;
        arena_deinit(&life);
        mem_free(contract);
    }
}
