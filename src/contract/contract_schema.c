/* contract_schema.c - record schemas from the tree: what the JSON of a kind of record must be. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "contract/contract_internal.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TYPES        "any|string|number|integer|boolean|list|object|null"
#define AT(member)   offsetof(struct schema_field, member)
#define FAR          1e300

static const struct word_key field_keys[] = {
    {.word = "type", .type = WORD_CHOICE, .offset = AT(type), .choices = TYPES},
    {.word = "enum", .type = WORD_NODE},
    {.word = "minimum", .type = WORD_NUMBER, .offset = AT(minimum), .min = -FAR},
    {.word = "maximum", .type = WORD_NUMBER, .offset = AT(maximum), .min = -FAR},
    {.word = "min_length", .type = WORD_COUNT, .offset = AT(min_length), .max = 8388608},
    {.word = "max_length", .type = WORD_COUNT, .offset = AT(max_length), .max = 8388608},
    {.word = "min_items", .type = WORD_COUNT, .offset = AT(min_items), .max = 1000000},
    {.word = "max_items", .type = WORD_COUNT, .offset = AT(max_items), .max = 1000000},
    {.word = "pattern", .type = WORD_TEXT, .offset = AT(pattern_text)},
    {.word = "nullable", .type = WORD_BOOL, .offset = AT(nullable)},
    {.word = "required", .type = WORD_TEXTS, .offset = AT(required)},
    {.word = "additional", .type = WORD_BOOL},
};
static const struct word_block field_blocks[] = {
    {.word = "fields", .free = true},
    {.word = "items", .free = true},
};
static const struct word_block field_block = {
    .word = "field",
    .keys = field_keys,
    .keys_count = COUNT(field_keys),
    .blocks = field_blocks,
    .blocks_count = COUNT(field_blocks),
};

static void compile_field(struct compiler *c, const struct nex_node *node,
                          struct schema_field *field);

static void field_init(struct schema_field *field, struct str name, struct nex_place place)
{
    *field = (struct schema_field){.name = name,
                                   .place = place,
                                   .minimum = -FAR,
                                   .maximum = FAR,
                                   .max_length = UINT64_MAX,
                                   .max_items = UINT64_MAX};
}

static const struct nex_node *child(const struct nex_node *node, const char *word, bool block)
{
    for (const struct nex_node *n = node->first; n != NULL; n = n->next) {
        if (n->block == block && str_is(n->word, word)) {
            return n;
        }
    }
    return NULL;
}

const struct regex *pattern_compile(struct compiler *c, const struct nex_value *text)
{
    const char *cause = NULL;
    size_t offset = 0;
    const struct regex *regex = regex_compile(&c->contract->life, text->text, &cause, &offset);
    if (regex == NULL) {
        nex_problem(c->problems, nex_place_in(c->source, text, offset), "", "the pattern: %s",
                    cause);
    } else if (regex_work(regex) > PATTERN_WORK_MAX) {
        nex_problem(c->problems, text->place, "repeat less, or join ranges",
                    "the pattern could cost %u steps a character, %u are allowed",
                    regex_work(regex), PATTERN_WORK_MAX);
        regex = NULL;
    }
    return regex;
}

static uint32_t type_number(struct str word)
{
    struct str rest = STR(TYPES);
    struct str part;
    for (uint32_t i = 0; str_cut(&rest, '|', &part); i++) {
        if (str_eq(part, word)) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* name: type */
static void compile_short_field(struct compiler *c, const struct nex_node *node,
                                struct schema_field *field)
{
    struct str known[COUNT(field_keys)];
    size_t count = 0;
    struct str rest = STR(TYPES);
    field->type = type_number(node->value.text);
    if (field->type != UINT32_MAX && node->value.kind != NEX_LIST) {
        return;
    }
    field->type = SCHEMA_ANY;
    while (count < COUNT(known) && str_cut(&rest, '|', &known[count])) {
        count++;
    }
    words_unknown(c, node->value.place, "type", node->value.text, known, count);
}

static void compile_fields(struct compiler *c, const struct nex_node *fields,
                           struct schema_field *parent)
{
    uint32_t count = 0;
    for (const struct nex_node *n = fields->first; n != NULL; n = n->next) {
        count++;
    }
    parent->fields = arena_zalloc(&c->contract->life, (count + 1) * sizeof *parent->fields);
    for (const struct nex_node *n = fields->first; n != NULL; n = n->next) {
        struct schema_field *field = &parent->fields[parent->fields_count];
        bool twice = false;
        for (uint32_t i = 0; i < parent->fields_count && !twice; i++) {
            twice = str_eq(parent->fields[i].name, n->word);
        }
        if (twice) {
            nex_problem(c->problems, n->place, "keep one of them",
                        "the field '%.*s' is given twice", STR_ARG(str_sub(n->word, 0, 60)));
            continue;
        }
        field_init(field, n->word, n->place);
        parent->fields_count++;
        if (!n->block) {
            compile_short_field(c, n, field);
        } else {
            if (n->name.len > 0) {
                nex_problem(c->problems, n->place, "the field's name stands alone: name { ... }",
                            "'%.*s' is one word too much", STR_ARG(str_sub(n->name, 0, 60)));
            }
            compile_field(c, n, field);
        }
    }
}

static void compile_enum(struct compiler *c, const struct nex_node *node,
                         struct schema_field *field)
{
    if (node->value.kind != NEX_LIST || node->value.count == 0) {
        nex_problem(c->problems, node->value.place, "such as [\"low\", \"high\"]",
                    "'enum' wants a list of values");
        return;
    }
    for (uint32_t i = 0; i < node->value.count; i++) {
        enum nex_kind kind = node->value.items[i].kind;
        if (kind == NEX_PERCENT || kind == NEX_DURATION) {
            nex_problem(c->problems, node->value.items[i].place,
                        "JSON has texts, numbers and booleans",
                        "'enum' holds a value that JSON has not");
        }
    }
    field->choices = &node->value;
}

static void check_order(struct compiler *c, const struct schema_field *field)
{
    if (field->minimum > field->maximum || field->min_length > field->max_length ||
        field->min_items > field->max_items) {
        nex_problem(c->problems, field->place, "exchange them",
                    "'%.*s': the least allowed is more than the most allowed",
                    STR_ARG(str_sub(field->name, 0, 60)));
    }
}

static void compile_field(struct compiler *c, const struct nex_node *node,
                          struct schema_field *field)
{
    uint32_t problems = c->problems->total;
    words_check(c, node, &field_block);
    if (c->problems->total > problems) {
        return;
    }
    words_fill(c, node, &field_block, field);
    check_order(c, field);
    const struct nex_node *n = child(node, "pattern", false);
    field->pattern = n == NULL ? NULL : pattern_compile(c, &n->value);
    n = child(node, "enum", false);
    if (n != NULL) {
        compile_enum(c, n, field);
    }
    n = child(node, "additional", false);
    field->closed = n != NULL && n->value.kind == NEX_BOOL && !n->value.boolean;
    n = child(node, "fields", true);
    if (n != NULL) {
        field->type = field->type == SCHEMA_ANY ? SCHEMA_OBJECT : field->type;
        compile_fields(c, n, field);
    }
    n = child(node, "items", true);
    if (n != NULL) {
        field->type = field->type == SCHEMA_ANY ? SCHEMA_LIST : field->type;
        field->items = arena_alloc(&c->contract->life, sizeof *field->items);
        field_init(field->items, STR("items"), n->place);
        compile_field(c, n, field->items);
    }
}

static void check_kinds(struct compiler *c, const struct nex_value *value,
                        const struct contract_texts *kinds)
{
    static const struct str known[] = {{"fact", 4}, {"intent", 6}, {"hint", 4}, {"event", 5}};
    for (uint32_t i = 0; i < kinds->count; i++) {
        bool found = false;
        for (size_t j = 0; j < COUNT(known); j++) {
            found = found || str_eq(kinds->items[i], known[j]);
        }
        if (!found) {
            words_unknown(c, value->kind == NEX_LIST ? value->items[i].place : value->place,
                          "kind of record", kinds->items[i], known, COUNT(known));
        }
    }
}

static void compile_schema(struct compiler *c, const struct nex_node *node, struct schema *schema)
{
    *schema = (struct schema){.name = node->name, .place = node->place};
    field_init(&schema->root, STR("content"), node->place);
    schema->root.type = SCHEMA_OBJECT;
    const struct nex_node *n = child(node, "kind", false);
    if (n != NULL && value_texts(c, &n->value, &schema->kinds)) {
        check_kinds(c, &n->value, &schema->kinds);
    }
    struct contract_texts one = {0};
    n = child(node, "mime", false);
    if (n != NULL && value_texts(c, &n->value, &one) && one.count > 0) {
        schema->mime = one.items[0];
    }
    n = child(node, "topic", false);
    if (n != NULL && value_texts(c, &n->value, &one) && one.count > 0) {
        schema->topic = one.items[0];
    }
    n = child(node, "required", false);
    if (n != NULL) {
        (void)value_texts(c, &n->value, &schema->root.required);
    }
    n = child(node, "additional", false);
    if (n != NULL && n->value.kind != NEX_BOOL) {
        nex_problem(c->problems, n->value.place, "write true or false without quotes",
                    "'additional' wants true or false");
    }
    schema->root.closed = n != NULL && !n->value.boolean;
    n = child(node, "fields", true);
    if (n != NULL) {
        compile_fields(c, n, &schema->root);
    }
}

void schemas_compile(struct compiler *c)
{
    struct contract *contract = c->contract;
    uint32_t count = 0;
    for (const struct nex_node *n = contract->tree->first; n != NULL; n = n->next) {
        count += n->block && str_is(n->word, "schema") ? 1 : 0;
    }
    if (count > c->ceilings.schemas) {
        nex_problem(c->problems, contract->tree->place, "join some of them",
                    "the contract has %u schemas, %u are allowed", count, c->ceilings.schemas);
        return;
    }
    contract->schemas = arena_zalloc(&contract->life, (count + 1) * sizeof *contract->schemas);
    for (const struct nex_node *n = contract->tree->first; n != NULL; n = n->next) {
        if (n->block && str_is(n->word, "schema")) {
            compile_schema(c, n, &contract->schemas[contract->schemas_count++]);
        }
    }
}
