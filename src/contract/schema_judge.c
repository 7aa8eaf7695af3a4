/* schema_judge.c - a JSON document held against a schema.
 *
 * The walk follows the schema, never the document, so its depth is that of the contract. The
 * path is written only for a refusal, on the way back up.
 */
#include <stdio.h>

#include "contract/contract_internal.h"
#include "contract/suggest.h"

struct walk {
    struct contract_scratch *scratch;
    struct contract_finding *finding;
    struct str path; /* of what does not fit, from the innermost outwards */
};

static bool fits(struct walk *w, const struct schema_field *field, const struct json *value);

static bool refuse(struct walk *w, const struct schema_field *field, struct str cause,
                   struct str cure)
{
    w->finding->place = field->place;
    w->finding->cause = cause;
    w->finding->cure = cure;
    w->path = STR_NONE;
    return false;
}

static const char *type_word(uint32_t type)
{
    static const char *const words[] = {"anything",      "a text", "a number",  "a whole number",
                                        "true or false", "a list", "an object", "null"};
    return words[type];
}

static bool type_fits(uint32_t type, const struct json *value)
{
    enum json_kind kind = value->kind;
    switch ((enum schema_type)type) {
    case SCHEMA_ANY:
        return true;
    case SCHEMA_STRING:
        return kind == JSON_STRING;
    case SCHEMA_NUMBER:
        return kind == JSON_INT || kind == JSON_NUMBER;
    case SCHEMA_INTEGER:
        return kind == JSON_INT;
    case SCHEMA_BOOLEAN:
        return kind == JSON_TRUE || kind == JSON_FALSE;
    case SCHEMA_LIST:
        return kind == JSON_ARRAY;
    case SCHEMA_OBJECT:
        return kind == JSON_OBJECT;
    case SCHEMA_NULL:
        return kind == JSON_NULL;
    }
    return false;
}

static struct str shown(struct walk *w, const struct json *value)
{
    struct buf text = {0};
    cel_print(&text, cel_of_json(value), 60);
    struct str copy = arena_str(&w->scratch->arena, buf_str(&text));
    buf_deinit(&text);
    return copy;
}

static bool choice_is(const struct nex_value *choice, const struct json *value)
{
    switch (choice->kind) {
    case NEX_NUMBER:
        return (value->kind == JSON_INT || value->kind == JSON_NUMBER) &&
               cel_equal(cel_of_json(value), cel_double(choice->number));
    case NEX_BOOL:
        return value->kind == (choice->boolean ? JSON_TRUE : JSON_FALSE);
    case NEX_WORD:
    case NEX_TEXT:
        return (value->kind == JSON_STRING && str_eq(value->string, choice->text)) ||
               (value->kind == JSON_NULL && str_is(choice->text, "null"));
    case NEX_PERCENT:
    case NEX_DURATION:
    case NEX_LIST:
        break;
    }
    return false;
}

static bool choices_fit(struct walk *w, const struct schema_field *field, const struct json *value)
{
    for (uint32_t i = 0; i < field->choices->count; i++) {
        if (choice_is(&field->choices->items[i], value)) {
            return true;
        }
    }
    struct buf text = {.max = 300};
    nex_print_value(&text, field->choices);
    struct arena *arena = &w->scratch->arena;
    bool good = refuse(w, field, arena_printf(arena, "is %.*s", STR_ARG(shown(w, value))),
                       arena_printf(arena, "one of %s", buf_cstr(&text)));
    buf_deinit(&text);
    return good;
}

static bool number_fits(struct walk *w, const struct schema_field *field, const struct json *value)
{
    struct arena *arena = &w->scratch->arena;
    double number = json_number(value, 0);
    bool low = number < field->minimum;
    if (!low && !(number > field->maximum)) {
        return true;
    }
    return refuse(w, field, arena_printf(arena, "is %.*s", STR_ARG(shown(w, value))),
                  arena_printf(arena, "at %s %.15g", low ? "least" : "most",
                               low ? field->minimum : field->maximum));
}

static uint64_t characters(struct str text)
{
    uint64_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    }
    return count;
}

static bool text_fits(struct walk *w, const struct schema_field *field, const struct json *value)
{
    struct arena *arena = &w->scratch->arena;
    struct str text = value->string;
    bool bounded = field->min_length > 0 || field->max_length != UINT64_MAX;
    uint64_t length = bounded ? characters(text) : 0;
    if (length < field->min_length || length > field->max_length) {
        bool shorter = length < field->min_length;
        return refuse(
            w, field, arena_printf(arena, "is %llu characters long", (unsigned long long)length),
            arena_printf(arena, "at %s %llu characters", shorter ? "least" : "most",
                         (unsigned long long)(shorter ? field->min_length : field->max_length)));
    }
    if (field->pattern == NULL) {
        return true;
    }
    if (text.len > w->scratch->contract->expressions.text_bytes) {
        return refuse(w, field, STR("is too long to be held against the pattern"),
                      STR("a shorter text"));
    }
    return regex_search(field->pattern, text) ||
           refuse(w, field, arena_printf(arena, "is %.*s", STR_ARG(shown(w, value))),
                  arena_printf(arena, "a text that matches %.*s", STR_ARG(field->pattern_text)));
}

static bool list_fits(struct walk *w, const struct schema_field *field, const struct json *value)
{
    struct arena *arena = &w->scratch->arena;
    if (value->count < field->min_items || value->count > field->max_items) {
        bool fewer = value->count < field->min_items;
        return refuse(
            w, field, arena_printf(arena, "has %u items", value->count),
            arena_printf(arena, "at %s %llu items", fewer ? "least" : "most",
                         (unsigned long long)(fewer ? field->min_items : field->max_items)));
    }
    uint32_t index = 0;
    for (const struct json *item = value->first; item != NULL && field->items != NULL;
         item = item->next, index++) {
        if (!fits(w, field->items, item)) {
            w->path = arena_printf(arena, "[%u]%.*s", index, STR_ARG(w->path));
            return false;
        }
    }
    return true;
}

static bool known_members(struct walk *w, const struct schema_field *field,
                          const struct json *value)
{
    struct arena *arena = &w->scratch->arena;
    struct str known[64];
    size_t count = 0;
    for (; count < field->fields_count && count < 64; count++) {
        known[count] = field->fields[count].name;
    }
    for (const struct json *member = value->first; member != NULL; member = member->next) {
        bool found = false;
        for (uint32_t i = 0; i < field->fields_count && !found; i++) {
            found = str_eq(field->fields[i].name, member->key);
        }
        if (!found) {
            struct str near = suggest_word(member->key, known, count);
            struct str key = str_sub(member->key, 0, 80);
            return refuse(w, field,
                          arena_printf(arena,
                                       "has the member '%.*s', which the schema does not know",
                                       STR_ARG(key)),
                          near.len > 0 ? arena_printf(arena, "'%.*s' perhaps", STR_ARG(near))
                                       : STR("no other members than those of the schema"));
        }
    }
    return true;
}

static const struct json *member_of(const struct json *object, struct str key)
{
    const struct json *m = object->first;
    while (m != NULL && !str_eq(m->key, key)) {
        m = m->next;
    }
    return m;
}

static bool object_fits(struct walk *w, const struct schema_field *field, const struct json *value)
{
    struct arena *arena = &w->scratch->arena;
    for (uint32_t i = 0; i < field->required.count; i++) {
        struct str key = field->required.items[i];
        if (member_of(value, key) == NULL) {
            return refuse(w, field, arena_printf(arena, "has no '%.*s'", STR_ARG(key)),
                          arena_printf(arena, "the member '%.*s'", STR_ARG(key)));
        }
    }
    for (uint32_t i = 0; i < field->fields_count; i++) {
        const struct schema_field *part = &field->fields[i];
        const struct json *member = member_of(value, part->name);
        if (member != NULL && !fits(w, part, member)) {
            w->path = arena_printf(arena, ".%.*s%.*s", STR_ARG(part->name), STR_ARG(w->path));
            return false;
        }
    }
    return !field->closed || known_members(w, field, value);
}

static bool fits(struct walk *w, const struct schema_field *field, const struct json *value)
{
    struct arena *arena = &w->scratch->arena;
    if (value->kind == JSON_NULL && field->nullable) {
        return true;
    }
    if (!type_fits(field->type, value)) {
        return refuse(w, field, arena_printf(arena, "is %.*s", STR_ARG(shown(w, value))),
                      arena_printf(arena, "%s", type_word(field->type)));
    }
    if (field->choices != NULL && !choices_fit(w, field, value)) {
        return false;
    }
    switch (value->kind) {
    case JSON_INT:
    case JSON_NUMBER:
        return number_fits(w, field, value);
    case JSON_STRING:
        return text_fits(w, field, value);
    case JSON_ARRAY:
        return list_fits(w, field, value);
    case JSON_OBJECT:
        return object_fits(w, field, value);
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        break;
    }
    return true;
}

static bool is_for(const struct schema *schema, const struct contract_record *record)
{
    bool kind = schema->kinds.count == 0;
    for (uint32_t i = 0; i < schema->kinds.count && !kind; i++) {
        kind = str_eq(schema->kinds.items[i], record->kind);
    }
    return kind && (schema->mime.len == 0 || str_eq(schema->mime, record->mime)) &&
           (schema->topic.len == 0 || str_eq(schema->topic, record->topic));
}

bool schema_judge(struct contract_scratch *scratch, const struct schema *schema,
                  struct contract_finding *out)
{
    if (!is_for(schema, scratch->record)) {
        return true;
    }
    struct walk w = {.scratch = scratch, .finding = out};
    const struct json *json = judge_json(scratch);
    if (json == NULL) {
        out->place = schema->place;
        out->cause =
            arena_printf(&scratch->arena, "the content is no JSON: %s", scratch->json_cause);
        out->cure = STR("an object of JSON with mime application/json");
        return false;
    }
    if (fits(&w, &schema->root, json)) {
        return true;
    }
    out->cause = arena_printf(&scratch->arena, "content%.*s %.*s", STR_ARG(str_sub(w.path, 0, 200)),
                              STR_ARG(out->cause));
    return false;
}
