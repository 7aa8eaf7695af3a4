/* rules_fuzz.c - any bytes as the text of rules: they are refused with a place inside the
 * text, or each rule is whole and can be filled in.
 */
#include "base/check.h"
#include "detect/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_rule(const struct rule *rule, const struct json *finding)
{
    struct buf out = {0};
    CHECK(rule->detector.len > 0 && rule->intent.len > 0 && rule->dedupe_key.len > 0);
    CHECK(rule->priority >= 0 && rule->priority <= 10);
    CHECK(rule->conditions_count <= RULE_CONDITIONS_MAX);
    (void)rule_fits(rule, rule->detector, finding);
    (void)rule_fill(rule->intent, finding, STR("f_0"), &out);
    (void)rule_fill(rule->dedupe_key, finding, STR("f_0"), &out);
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char content[] = "{\"type\":\"gap\",\"topic\":\"t\",\"count\":3,\"list\":[]}";
    struct rules rules;
    struct rules_error error;
    struct arena arena = {0};
    struct json *finding;
    struct json_error json_error;
    CHECK(json_parse(&arena, STR(content), NULL, &finding, &json_error));
    if (rules_parse(str_n(bytes, len), &rules, &error)) {
        for (uint32_t i = 0; i < rules.count; i++) {
            check_rule(&rules.at[i], finding);
        }
        rules_deinit(&rules);
    } else {
        CHECK(rules.count == 0 && error.text[0] != '\0');
        CHECK(error.column >= 1 && error.column <= len + 2);
    }
    arena_deinit(&arena);
    return 0;
}
