/* rules.c - reads the rules line by line, and fills in their patterns.
 *
 * 1. A line is blank, a comment, or `key: value`; a value may stand in double quotes, in
 *    which \" and \\ stand for themselves.
 * 2. A text with one mistake gives no rules at all: half of the rules would be a surprise.
 */
#include "detect/rules.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

struct parser {
    struct rules *rules;
    struct rules_error *error;
    struct rule *rule; /* the one being read */
    uint32_t line;
    struct str text; /* of the line, for columns */
};

struct str rules_default(void)
{
    return STR("# What is asked when something is found. The first word of `when` is the\n"
               "# detector; {names} are members of what it found.\n"
               "when: detector:contradiction\n"
               "intent: \"Settle which holds for {topic}: '{position_a}' ({origin_a}) or "
               "'{position_b}' ({origin_b}).\"\n"
               "priority: 7\n"
               "capability: review\n"
               "dedupe_key: contradiction/{id}\n"
               "\n"
               "when: detector:gap subtype:dangling-reference\n"
               "intent: \"Find what {origin} meant by {reference}, which is not on the board.\"\n"
               "priority: 5\n"
               "capability: research\n"
               "dedupe_key: dangling/{origin}/{reference}\n"
               "\n"
               "when: detector:gap subtype:cross-origin\n"
               "intent: \"Relate what {origin_a} and {origin_b} say of {topic}.\"\n"
               "priority: 4\n"
               "capability: research\n"
               "dedupe_key: cross-origin/{id}\n"
               "\n"
               "when: detector:gap subtype:origin-orphan\n"
               "intent: \"Find what the facts of {origin} are good for; nobody uses them.\"\n"
               "priority: 3\n"
               "capability: research\n"
               "dedupe_key: orphans/{origin}\n");
}

/* -- reading --------------------------------------------------------------------------------- */

static bool fail(struct parser *p, const char *at, const char *format, ...) PRINTF_LIKE(3, 4);
static bool fail(struct parser *p, const char *at, const char *format, ...)
{
    va_list args;
    p->error->line = p->line;
    p->error->column = at == NULL ? 1 : (uint32_t)(at - p->text.at) + 1;
    va_start(args, format);
    (void)vsnprintf(p->error->text, sizeof p->error->text, format, args);
    va_end(args);
    return false;
}

static bool is_name(struct str word)
{
    for (size_t i = 0; i < word.len; i++) {
        char c = word.at[i];
        if (!(c >= 'a' && c <= 'z') && c != '_' && !(i > 0 && c >= '0' && c <= '9')) {
            return false;
        }
    }
    return word.len > 0;
}

/* The value, without its quotes; copied. */
static bool read_value(struct parser *p, struct str raw, struct str *out)
{
    struct arena *arena = &p->rules->arena;
    if (raw.len == 0 || raw.at[0] != '"') {
        *out = arena_str(arena, raw);
        return raw.len > 0 || fail(p, raw.at, "a value is missing behind the colon");
    }
    char *copy = arena_alloc(arena, raw.len);
    size_t len = 0, at = 1;
    while (at < raw.len && raw.at[at] != '"') {
        if (raw.at[at] == '\\') {
            at++;
            if (at == raw.len || (raw.at[at] != '"' && raw.at[at] != '\\')) {
                return fail(p, raw.at + at - 1, "only \\\" and \\\\ may follow a backslash");
            }
        }
        copy[len++] = raw.at[at++];
    }
    if (at == raw.len) {
        return fail(p, raw.at, "the closing '\"' is missing on this line");
    }
    if (at + 1 != raw.len) {
        return fail(p, raw.at + at + 1, "nothing may follow the closing '\"'");
    }
    *out = str_n(copy, len);
    return len > 0 || fail(p, raw.at, "the value is empty");
}

/* Braces must enclose a name. `raw` is where the pattern stands, for the column. */
static bool check_pattern(struct parser *p, struct str pattern, struct str raw)
{
    for (size_t at = 0; at < pattern.len; at++) {
        if (pattern.at[at] == '}') {
            return fail(p, raw.at, "a '}' has no '{' before it");
        }
        if (pattern.at[at] != '{') {
            continue;
        }
        size_t end = str_find(pattern, '}', at);
        if (end == pattern.len) {
            return fail(p, raw.at, "a '{' is not closed; write {name}");
        }
        if (!is_name(str_sub(pattern, at + 1, end - at - 1))) {
            return fail(p, raw.at, "between '{' and '}' stands a name such as {topic}");
        }
        at = end;
    }
    return true;
}

static bool finish_rule(struct parser *p)
{
    struct rule *rule = p->rule;
    if (rule == NULL) {
        return true;
    }
    p->line = rule->line;
    if (rule->intent.len == 0) {
        return fail(p, NULL, "this rule has no `intent:`; say what is to be asked");
    }
    if (rule->dedupe_key.len == 0) {
        return fail(p, NULL, "this rule has no `dedupe_key:`; without one the same would be "
                             "asked again and again; {id} is the finding's own");
    }
    return true;
}

static bool read_when(struct parser *p, struct str raw)
{
    uint32_t line = p->line;
    struct str rest = raw, word;
    if (!finish_rule(p)) {
        return false;
    }
    p->line = line;
    if (p->rules->count == RULES_MAX) {
        return fail(p, raw.at, "there are more than %d rules", RULES_MAX);
    }
    struct rule *rule = p->rule = &p->rules->at[p->rules->count++];
    *rule = (struct rule){.line = line};
    while (str_cut(&rest, ' ', &word)) {
        size_t colon = str_find(word, ':', 0);
        struct str name = str_sub(word, 0, colon), value = str_sub(word, colon + 1, word.len);
        if (word.len == 0) {
            continue;
        }
        if (colon == word.len || !is_name(name) || value.len == 0) {
            return fail(p, word.at,
                        "a condition is written name:value, as in subtype:cross-origin");
        }
        if (str_is(name, "detector")) {
            rule->detector = arena_str(&p->rules->arena, value);
        } else if (rule->conditions_count == RULE_CONDITIONS_MAX) {
            return fail(p, word.at, "a rule has at most %d conditions", RULE_CONDITIONS_MAX);
        } else {
            rule->conditions[rule->conditions_count++] = (struct rule_condition){
                arena_str(&p->rules->arena, name), arena_str(&p->rules->arena, value)};
        }
    }
    return rule->detector.len > 0 ||
           fail(p, raw.at, "`when:` must name a detector, as in detector:gap");
}

static bool read_priority(struct parser *p, struct str raw)
{
    unsigned long long value;
    if (!str_to_u64(raw, &value) || value < 1 || value > 10) {
        return fail(p, raw.at, "a priority is a number from 1 to 10");
    }
    p->rule->priority = (int)value;
    return true;
}

static bool read_pair(struct parser *p, struct str key, struct str raw)
{
    struct str *into = NULL, value;
    if (str_is(key, "when")) {
        return read_when(p, raw);
    }
    if (p->rule == NULL) {
        return fail(p, key.at, "a rule begins with `when:`");
    }
    if (str_is(key, "priority")) {
        return read_priority(p, raw);
    }
    if (str_is(key, "intent")) {
        into = &p->rule->intent;
    } else if (str_is(key, "capability")) {
        into = &p->rule->capability;
    } else if (str_is(key, "dedupe_key")) {
        into = &p->rule->dedupe_key;
    } else {
        return fail(p, key.at, "`%.*s` is not known here; the keys are when, intent, priority, "
                               "capability and dedupe_key",
                    key.len > 40 ? 40 : (int)key.len, key.at);
    }
    if (into->len > 0) {
        return fail(p, key.at, "`%.*s` stands twice in this rule", STR_ARG(key));
    }
    if (!read_value(p, raw, &value) || !check_pattern(p, value, raw)) {
        return false;
    }
    if (into == &p->rule->capability && str_find(value, '{', 0) < value.len) {
        return fail(p, raw.at, "a capability has no {names}");
    }
    *into = value;
    return true;
}

static bool read_line(struct parser *p)
{
    struct str line = str_trim(p->text);
    if (line.len == 0 || line.at[0] == '#') {
        return true;
    }
    size_t colon = str_find(line, ':', 0);
    if (colon == line.len) {
        return fail(p, line.at, "a line is written `key: value`");
    }
    return read_pair(p, str_trim(str_sub(line, 0, colon)),
                     str_trim(str_sub(line, colon + 1, line.len)));
}

bool rules_parse(struct str text, struct rules *out, struct rules_error *out_error)
{
    struct parser p = {.rules = out, .error = out_error};
    struct str rest = text;
    *out = (struct rules){0};
    *out_error = (struct rules_error){0};
    out->at = arena_zalloc(&out->arena, RULES_MAX * sizeof *out->at);
    bool good = text.len <= RULES_BYTES_MAX ||
                fail(&p, NULL, "the rules are longer than %d bytes", RULES_BYTES_MAX);
    while (good && str_cut(&rest, '\n', &p.text)) {
        p.line++;
        good = read_line(&p);
    }
    good = good && finish_rule(&p);
    if (!good) {
        rules_deinit(out);
    }
    return good;
}

void rules_deinit(struct rules *rules)
{
    arena_deinit(&rules->arena);
    *rules = (struct rules){0};
}

/* -- using ------------------------------------------------------------------------------------ */

/* A member as words; false: there is none, or it is no plain value. */
static bool member_words(const struct json *finding, struct str name, struct str *out)
{
    const struct json *value = finding->kind == JSON_OBJECT ? finding->first : NULL;
    while (value != NULL && !str_eq(value->key, name)) {
        value = value->next;
    }
    if (value == NULL || value->kind == JSON_ARRAY || value->kind == JSON_OBJECT) {
        return false;
    }
    *out = value->kind == JSON_STRING ? value->string : value->raw;
    return true;
}

bool rule_fits(const struct rule *rule, struct str detector, const struct json *finding)
{
    bool fits = str_eq(rule->detector, detector);
    for (uint32_t i = 0; fits && i < rule->conditions_count; i++) {
        struct str value;
        fits = member_words(finding, rule->conditions[i].name, &value) &&
               str_eq(value, rule->conditions[i].value);
    }
    return fits;
}

bool rule_fill(struct str pattern, const struct json *finding, struct str id, struct buf *out)
{
    for (size_t at = 0; at < pattern.len;) {
        size_t open = str_find(pattern, '{', at);
        buf_add_str(out, str_sub(pattern, at, open - at));
        if (open == pattern.len) {
            break;
        }
        size_t close = str_find(pattern, '}', open);
        CHECK(close < pattern.len);
        struct str name = str_sub(pattern, open + 1, close - open - 1), value;
        if (str_is(name, "id")) {
            value = id;
        } else if (!member_words(finding, name, &value)) {
            return false;
        }
        buf_add_str(out, value);
        at = close + 1;
    }
    return true;
}
