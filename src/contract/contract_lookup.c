/* contract_lookup.c - what the other parts ask a contract for. */
#include "contract/contract_internal.h"

struct hash contract_hash(const struct contract *contract)
{
    return contract->hash;
}

struct str contract_text(const struct contract *contract)
{
    return contract->text;
}

uint64_t contract_cost(const struct contract *contract)
{
    return contract->cost;
}

void contract_show(const struct contract *contract, struct buf *out)
{
    nex_print(out, contract->tree);
}

const struct contract_evidence *contract_evidence(const struct contract *contract)
{
    return &contract->evidence;
}

const struct contract_novelty *contract_novelty(const struct contract *contract)
{
    return &contract->novelty;
}

const struct contract_report *contract_report(const struct contract *contract)
{
    return &contract->report;
}

const struct contract_exchange *contract_exchange(const struct contract *contract)
{
    return &contract->exchange;
}

const struct contract_reward *contract_reward(const struct contract *contract)
{
    return &contract->reward;
}

const char *contract_rule_word(enum contract_rule rule)
{
    static const char *const words[] = {"",
#define X(name, word) word,
                                        CONTRACT_RULE_TABLE(X)
#undef X
    };
    return words[rule];
}

/* -- predicates ---------------------------------------------------------------------------- */

/* FNV-1a over lower case. */
static uint32_t name_hash(struct str name)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        uint8_t low = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        hash = (hash ^ low) * 16777619u;
    }
    return hash;
}

static bool has_name(const struct contract_predicate *p, struct str name)
{
    if (str_eq_nocase(p->name, name)) {
        return true;
    }
    for (uint32_t i = 0; i < p->aliases.count; i++) {
        if (str_eq_nocase(p->aliases.items[i], name)) {
            return true;
        }
    }
    return false;
}

static void index_name(struct contract *contract, struct str name, uint32_t number)
{
    uint32_t mask = contract->slots_count - 1;
    uint32_t at = name_hash(name) & mask;
    while (contract->predicate_slots[at] != 0) {
        at = (at + 1) & mask;
    }
    contract->predicate_slots[at] = number + 1;
}

void predicates_index(struct contract *contract)
{
    size_t names = 0;
    for (uint32_t i = 0; i < contract->predicates_count; i++) {
        names += 1u + contract->predicates[i].aliases.count;
    }
    contract->slots_count = 16;
    while (contract->slots_count < names * 2) {
        contract->slots_count *= 2;
    }
    contract->predicate_slots =
        arena_zalloc(&contract->life, contract->slots_count * sizeof *contract->predicate_slots);
    for (uint32_t i = 0; i < contract->predicates_count; i++) {
        const struct contract_predicate *p = &contract->predicates[i];
        index_name(contract, p->name, i);
        for (uint32_t j = 0; j < p->aliases.count; j++) {
            index_name(contract, p->aliases.items[j], i);
        }
    }
}

const struct contract_predicate *contract_predicate(const struct contract *contract,
                                                    struct str name)
{
    uint32_t mask = contract->slots_count - 1;
    for (uint32_t at = name_hash(name) & mask; contract->predicate_slots[at] != 0;
         at = (at + 1) & mask) {
        const struct contract_predicate *p =
            &contract->predicates[contract->predicate_slots[at] - 1];
        if (has_name(p, name)) {
            return p;
        }
    }
    return NULL;
}

uint32_t contract_predicates(const struct contract *contract,
                             const struct contract_predicate **out_first)
{
    *out_first = contract->predicates;
    return contract->predicates_count;
}

/* -- limits ----------------------------------------------------------------------------------- */

static void fill_from(struct contract_limit_set *set, const struct contract_limit_set *from)
{
#define X(name, meaning) set->name = set->name == CONTRACT_NO_LIMIT ? from->name : set->name;
    CONTRACT_LIMIT_TABLE(X)
#undef X
}

struct contract_limit_set contract_limits(const struct contract *contract, struct str agent,
                                          struct str role)
{
    struct contract_limit_set own = {
#define X(name, meaning) .name = CONTRACT_NO_LIMIT,
        CONTRACT_LIMIT_TABLE(X)
#undef X
    };
    struct contract_limit_set of_role = own;
    for (uint32_t i = 1; i < contract->limits_count; i++) {
        const struct limit_row *row = &contract->limits[i];
        if (row->role ? str_eq(row->name, role) : str_eq(row->name, agent)) {
            fill_from(row->role ? &of_role : &own, &row->set);
        }
    }
    fill_from(&own, &of_role);
    if (contract->limits_count > 0) {
        fill_from(&own, &contract->limits[0].set);
    }
    return own;
}
