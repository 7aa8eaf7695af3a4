/* contract_words.c - every block and key that a contract may hold, in tables, and the walk that
 * holds a tree against them. Adding a key is adding a line.
 */
#include <stddef.h>
#include <stdio.h>

#include "base/dict.h"
#include "contract/contract_internal.h"
#include "contract/suggest.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define KEYS(array)  .keys = (array), .keys_count = COUNT(array)
#define BIG          1e15

static const struct word_key contract_keys[] = {
    {.word = "name", .type = WORD_NODE},
    {.word = "version", .type = WORD_NODE},
    {.word = "description", .type = WORD_NODE},
};

#define AT(member) offsetof(struct expressions, member)
static const struct word_key expressions_keys[] = {
    {.word = "cost", .type = WORD_COUNT, .offset = AT(cost), .min = 100, .max = 1e9},
    {.word = "text_bytes", .type = WORD_COUNT, .offset = AT(text_bytes), .max = 8388608},
    {.word = "json_values", .type = WORD_COUNT, .offset = AT(json_values), .max = 100000},
};
#undef AT

static const struct word_key schema_keys[] = {
    {.word = "kind", .type = WORD_NODE},       {.word = "mime", .type = WORD_NODE},
    {.word = "topic", .type = WORD_NODE},      {.word = "required", .type = WORD_NODE},
    {.word = "additional", .type = WORD_NODE},
};
static const struct word_block schema_blocks[] = {{.word = "fields", .free = true}};

#define AT(member) offsetof(struct contract_predicate, member)
static const struct word_key predicate_keys[] = {
    {.word = "functional", .type = WORD_BOOL, .offset = AT(functional)},
    {.word = "additive", .type = WORD_BOOL, .offset = AT(additive)},
    {.word = "unit", .type = WORD_TEXT, .offset = AT(unit)},
    {.word = "aliases", .type = WORD_TEXTS, .offset = AT(aliases)},
};
#undef AT

#define AT(member) offsetof(struct contract_evidence, member)
static const struct word_key evidence_keys[] = {
    {.word = "min_facts", .type = WORD_COUNT, .offset = AT(min_facts), .max = 256},
    {.word = "min_origins", .type = WORD_COUNT, .offset = AT(min_origins), .max = 256},
    {.word = "min_confidence", .type = WORD_SHARE, .offset = AT(min_confidence)},
};
#undef AT

#define AT(member) offsetof(struct contract_novelty, member)
static const struct word_key novelty_keys[] = {
    {.word = "minimum", .type = WORD_SHARE, .offset = AT(minimum)},
    {.word = "min_unseen_edges", .type = WORD_COUNT, .offset = AT(min_unseen_edges), .max = 256},
};
#undef AT

static const struct word_key limit_keys[] = {
#define X(name, meaning)                                                                           \
    {.word = #name,                                                                                \
     .type = WORD_COUNT,                                                                           \
     .offset = offsetof(struct limit_row, set) + offsetof(struct contract_limit_set, name),        \
     .max = BIG},
    CONTRACT_LIMIT_TABLE(X)
#undef X
};
static const struct word_block limit_blocks[] = {
    {.word = "agent", .named = true, .repeats = true, KEYS(limit_keys)},
    {.word = "role", .named = true, .repeats = true, KEYS(limit_keys)},
};

#define AT(member) offsetof(struct contract_report, member)
static const struct word_key report_keys[] = {
    {.word = "required_sections", .type = WORD_TEXTS, .offset = AT(required_sections)},
    {.word = "citation", .type = WORD_TEXT, .offset = AT(citation)},
    {.word = "min_citations", .type = WORD_COUNT, .offset = AT(min_citations), .max = 10000},
};
#undef AT

#define AT(member) offsetof(struct contract_curve, member)
static const struct word_key curve_keys[] = {
    {.word = "weight", .type = WORD_NUMBER, .offset = AT(weight), .min = 0, .max = 1000},
    {.word = "decay",
     .type = WORD_CHOICE,
     .offset = AT(decay),
     .choices = "none|linear|logarithmic"},
    {.word = "min_threshold", .type = WORD_COUNT, .offset = AT(min_threshold), .max = 1000000},
};
#undef AT
static const struct word_key penalty_keys[] = {
    {.word = "minus_gap", .type = WORD_NODE},
    {.word = "zero_gap", .type = WORD_NODE},
    {.word = "spam_decay", .type = WORD_NODE},
};
static const struct word_key reward_keys[] = {
#define X(name)                                                                                    \
    {.word = #name,                                                                                \
     .type = WORD_NUMBER,                                                                          \
     .offset = offsetof(struct contract_reward, name),                                             \
     .max = 1000},
    CONTRACT_CONTRIBUTION_TABLE(X)
#undef X
};
static const struct word_block reward_blocks[] = {
    {.word = "gap_depth", KEYS(curve_keys)},
    {.word = "gap_width", KEYS(curve_keys)},
    {.word = "penalty", KEYS(penalty_keys)},
};

#define AT(member) offsetof(struct contract_exchange, member)
static const struct word_key exchange_keys[] = {
    {.word = "gated", .type = WORD_BOOL, .offset = AT(gated)},
    {.word = "signed", .type = WORD_BOOL, .offset = AT(signed_facts)},
    {.word = "required_axes", .type = WORD_TEXTS, .offset = AT(required_axes)},
    {.word = "per_minute", .type = WORD_COUNT, .offset = AT(per_minute), .max = BIG},
    {.word = "min_novelty", .type = WORD_SHARE, .offset = AT(min_novelty)},
};
#undef AT

static const struct word_key admit_keys[] = {
    {.word = "when", .type = WORD_NODE},
    {.word = "require", .type = WORD_NODE, .required = true},
    {.word = "message", .type = WORD_NODE},
    {.word = "severity", .type = WORD_NODE},
};

static const struct word_block top_blocks[] = {
    {.word = "contract", KEYS(contract_keys)},
    {.word = "expressions", KEYS(expressions_keys)},
    {.word = "schema",
     .named = true,
     .repeats = true,
     KEYS(schema_keys),
     .blocks = schema_blocks,
     .blocks_count = COUNT(schema_blocks)},
    {.word = "predicate", .named = true, .repeats = true, KEYS(predicate_keys)},
    {.word = "evidence", KEYS(evidence_keys)},
    {.word = "novelty", KEYS(novelty_keys)},
    {.word = "limits",
     KEYS(limit_keys),
     .blocks = limit_blocks,
     .blocks_count = COUNT(limit_blocks)},
    {.word = "report", KEYS(report_keys)},
    {.word = "reward",
     KEYS(reward_keys),
     .blocks = reward_blocks,
     .blocks_count = COUNT(reward_blocks)},
    {.word = "exchange", KEYS(exchange_keys)},
    {.word = "admit", .named = true, .repeats = true, KEYS(admit_keys)},
};
static const struct word_block top = {.blocks = top_blocks, .blocks_count = COUNT(top_blocks)};

const struct word_block *words_top(void)
{
    return &top;
}

const struct word_block *words_find(const struct word_block *block, struct str word)
{
    for (size_t i = 0; i < block->blocks_count; i++) {
        if (str_is(word, block->blocks[i].word)) {
            return &block->blocks[i];
        }
    }
    return NULL;
}

static const struct word_key *find_key(const struct word_block *block, struct str word)
{
    for (size_t i = 0; i < block->keys_count; i++) {
        if (str_is(word, block->keys[i].word)) {
            return &block->keys[i];
        }
    }
    return NULL;
}

/* -- problems ---------------------------------------------------------------------------- */

void words_unknown(struct compiler *c, struct nex_place place, const char *what, struct str word,
                   const struct str *known, size_t count)
{
    struct buf cure = {.max = 150};
    struct str near = suggest_word(word, known, count);
    if (near.len > 0) {
        buf_printf(&cure, "did you mean '%.*s'?", STR_ARG(str_sub(near, 0, 60)));
    } else {
        buf_add_text(&cure, "known here: ");
        for (size_t i = 0; i < count; i++) {
            buf_printf(&cure, "%s%.*s", i > 0 ? ", " : "", STR_ARG(known[i]));
        }
    }
    nex_problem(c->problems, place, buf_cstr(&cure), "there is no %s '%.*s'", what,
                STR_ARG(str_sub(word, 0, 80)));
    buf_deinit(&cure);
}

static void unknown_item(struct compiler *c, const struct nex_node *node,
                         const struct word_block *block)
{
    struct str known[40];
    size_t count = 0;
    for (size_t i = 0; i < block->keys_count && count < COUNT(known); i++) {
        known[count++] = str_of(block->keys[i].word);
    }
    for (size_t i = 0; i < block->blocks_count && count < COUNT(known); i++) {
        known[count++] = str_of(block->blocks[i].word);
    }
    words_unknown(c, node->place, node->block ? "block" : "key", node->word, known, count);
}

static void wrong_type(struct compiler *c, const struct nex_node *node, const char *wanted,
                       const char *cure)
{
    nex_problem(
        c->problems, node->value.place, cure, "'%.*s' wants %s, not %.*s",
        STR_ARG(str_sub(node->word, 0, 40)), wanted,
        STR_ARG(node->value.kind == NEX_LIST ? STR("a list") : str_sub(node->value.text, 0, 40)));
}

/* -- values ------------------------------------------------------------------------------- */

static bool is_text(const struct nex_value *value)
{
    return value->kind == NEX_TEXT || value->kind == NEX_WORD;
}

static bool check_number(struct compiler *c, const struct nex_node *node,
                         const struct word_key *key)
{
    const struct nex_value *v = &node->value;
    bool share = key->type == WORD_SHARE;
    double max = share ? 1 : key->max;
    if (v->kind != NEX_NUMBER && !(share && v->kind == NEX_PERCENT)) {
        wrong_type(c, node, share ? "a share" : "a number",
                   share ? "such as 0.5 or 50%" : "such as 3");
        return false;
    }
    if (key->type == WORD_COUNT && !v->whole) {
        wrong_type(c, node, "a whole number", "leave out what is behind the point");
        return false;
    }
    if (v->number < key->min || (max > 0 && v->number > max)) {
        char cure[80];
        (void)snprintf(cure, sizeof cure, "%.15g to %.15g", key->min, max);
        nex_problem(c->problems, v->place, cure, "'%s' is out of range: %.*s", key->word,
                    STR_ARG(str_sub(v->text, 0, 40)));
        return false;
    }
    return true;
}

static int choice_number(const char *choices, struct str word)
{
    struct str rest = str_of(choices);
    struct str part;
    for (int i = 0; str_cut(&rest, '|', &part); i++) {
        if (str_eq(part, word)) {
            return i;
        }
    }
    return -1;
}

static bool check_choice(struct compiler *c, const struct nex_node *node,
                         const struct word_key *key)
{
    if (is_text(&node->value) && choice_number(key->choices, node->value.text) >= 0) {
        return true;
    }
    struct str known[16];
    size_t count = 0;
    struct str rest = str_of(key->choices);
    while (count < COUNT(known) && str_cut(&rest, '|', &known[count])) {
        count++;
    }
    words_unknown(c, node->value.place, key->word, node->value.text, known, count);
    return false;
}

bool value_texts(struct compiler *c, const struct nex_value *value, struct contract_texts *out)
{
    const struct nex_value *items = value->kind == NEX_LIST ? value->items : value;
    uint32_t count = value->kind == NEX_LIST ? value->count : 1;
    struct contract_texts texts = {.count = count};
    texts.items = arena_alloc(&c->contract->life, (count + 1) * sizeof *texts.items);
    for (uint32_t i = 0; i < count; i++) {
        if (!is_text(&items[i]) || items[i].text.len == 0) {
            nex_problem(c->problems, items[i].place, "such as [\"one\", \"two\"]",
                        "texts are wanted here, not empty ones, numbers or lists");
            return false;
        }
        texts.items[i] = items[i].text;
    }
    *out = texts;
    return true;
}

static bool check_value(struct compiler *c, const struct nex_node *node, const struct word_key *key)
{
    struct contract_texts texts;
    switch (key->type) {
    case WORD_BOOL:
        if (node->value.kind != NEX_BOOL) {
            wrong_type(c, node, "true or false", "write true or false without quotes");
        }
        return node->value.kind == NEX_BOOL;
    case WORD_NUMBER:
    case WORD_COUNT:
    case WORD_SHARE:
        return check_number(c, node, key);
    case WORD_TEXT:
        if (!is_text(&node->value)) {
            wrong_type(c, node, "a text", "put it in quotes");
        }
        return is_text(&node->value);
    case WORD_CHOICE:
        return check_choice(c, node, key);
    case WORD_TEXTS:
        return value_texts(c, &node->value, &texts);
    case WORD_NODE:
        break;
    }
    return true;
}

/* -- the walk --------------------------------------------------------------------------------- */

static void check_twice(struct compiler *c, struct dict *seen, struct buf *key,
                        const struct nex_node *node)
{
    uint32_t before = seen->count;
    buf_clear(key);
    buf_add_str(key, node->word);
    buf_add_byte(key, '\0');
    buf_add_str(key, node->name);
    if (dict_intern(seen, buf_str(key)) < before) {
        bool named = node->name.len > 0;
        nex_problem(c->problems, node->place, "keep one of them", "'%.*s%s%.*s' is given twice",
                    STR_ARG(str_sub(node->word, 0, 60)), named ? " " : "",
                    STR_ARG(str_sub(node->name, 0, 60)));
    }
}

static void check_block(struct compiler *c, const struct nex_node *node,
                        const struct word_block *block)
{
    char cure[80];
    (void)snprintf(cure, sizeof cure, "such as %s something { ... }", block->word);
    if (block->named && node->name.len == 0) {
        nex_problem(c->problems, node->place, cure, "the block '%s' wants a name", block->word);
    } else if (!block->named && node->name.len > 0) {
        nex_problem(c->problems, node->place, "leave the name out", "the block '%s' takes no name",
                    block->word);
    }
    if (node->name.len > 1024) {
        nex_problem(c->problems, node->place, "1,024 bytes at most", "the name is too long");
    }
    if (!block->free) {
        words_check(c, node, block);
    }
}

void words_check(struct compiler *c, const struct nex_node *node, const struct word_block *block)
{
    struct dict seen = {0};
    struct buf key = {0};
    for (const struct nex_node *item = node->first; item != NULL; item = item->next) {
        const struct word_key *known = find_key(block, item->word);
        const struct word_block *inner = words_find(block, item->word);
        if (item->block && inner != NULL) {
            check_block(c, item, inner);
        } else if (!item->block && known != NULL) {
            (void)check_value(c, item, known);
        } else if (known == NULL && inner == NULL) {
            unknown_item(c, item, block);
            continue;
        } else {
            nex_problem(c->problems, item->place,
                        item->block ? "write key: value" : "write a block: name { ... }",
                        "'%.*s' is a %s", STR_ARG(item->word), item->block ? "key" : "block");
            continue;
        }
        check_twice(c, &seen, &key, item);
    }
    for (size_t i = 0; i < block->keys_count; i++) {
        struct str wanted = str_of(block->keys[i].word);
        const struct nex_node *item = node->first;
        while (item != NULL && !str_eq(item->word, wanted)) {
            item = item->next;
        }
        if (block->keys[i].required && item == NULL) {
            nex_problem(c->problems, node->place, "add it to the block", "'%s' is missing in '%s'",
                        block->keys[i].word, block->word);
        }
    }
    buf_deinit(&key);
    dict_deinit(&seen);
}

static void put_value(struct compiler *c, const struct nex_node *node, const struct word_key *key,
                      void *at)
{
    const struct nex_value *v = &node->value;
    switch (key->type) {
    case WORD_BOOL:
        *(bool *)at = v->boolean;
        break;
    case WORD_NUMBER:
    case WORD_SHARE:
        *(double *)at = v->number;
        break;
    case WORD_COUNT:
        *(uint64_t *)at = (uint64_t)v->number;
        break;
    case WORD_TEXT:
        *(struct str *)at = v->text;
        break;
    case WORD_CHOICE:
        *(uint32_t *)at = (uint32_t)choice_number(key->choices, v->text);
        break;
    case WORD_TEXTS:
        (void)value_texts(c, v, at);
        break;
    case WORD_NODE:
        break;
    }
}

void words_fill(struct compiler *c, const struct nex_node *node, const struct word_block *block,
                void *out)
{
    for (const struct nex_node *item = node->first; item != NULL; item = item->next) {
        const struct word_key *key = item->block ? NULL : find_key(block, item->word);
        if (key != NULL && key->type != WORD_NODE) {
            put_value(c, item, key, (char *)out + key->offset);
        }
    }
}
