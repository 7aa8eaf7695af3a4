/* contract_test.c - every kind of rule: at its limit and beyond, and what a refusal says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "contract/contract.h"

struct fixture {
    struct contract *contract;
    struct contract_scratch *scratch;
    struct contract_verdict verdict;
};

static struct fixture with(const char *text)
{
    struct nex_problems problems;
    struct fixture f = {.contract = contract_compile(str_of(text), NULL, &problems)};
    if (f.contract == NULL) {
        struct buf out = {0};
        nex_problems_print(&out, "test", &problems);
        fail_msg("%s", buf_cstr(&out));
    }
    f.scratch = contract_scratch_new();
    return f;
}

static void done(struct fixture *f)
{
    contract_free(f->contract);
    contract_scratch_free(f->scratch);
}

static bool admits(struct fixture *f, struct contract_record record)
{
    contract_judge(f->contract, f->scratch, &record, &f->verdict);
    return f->verdict.admitted;
}

static void assert_says(const struct fixture *f, const char *part)
{
    struct buf out = {0};
    contract_explain(&out, "contract.nex", &f->verdict);
    if (str_find_str(buf_str(&out), str_of(part)) == out.len) {
        fail_msg("'%s' is not in: %s", part, buf_cstr(&out));
    }
    buf_deinit(&out);
}

static struct contract_record fact(const char *json)
{
    return (struct contract_record){
        .kind = STR("fact"),
        .origin = STR("doc:a"),
        .creator = STR("scout"),
        .role = STR("agent"),
        .topic = STR("latency"),
        .mime = STR("application/json"),
        .content = str_of(json),
    };
}

/* -- admission rules ---------------------------------------------------------------------- */

static void test_admit(void **state)
{
    (void)state;
    struct fixture f = with("admit sure {\n"
                            "    when: \"kind == 'fact'\"\n"
                            "    require: \"confidence != null && confidence >= 0.5\"\n"
                            "    message: \"give a confidence of 0.5 or more\"\n"
                            "}\n");
    struct contract_record r = fact("{}");
    assert_false(admits(&f, r));
    assert_says(&f, "refused by admit sure (contract.nex:3:15): confidence != null does not hold; "
                    "confidence is null; wanted: give a confidence of 0.5 or more");
    r.has_confidence = true;
    r.confidence = 0.499;
    assert_false(admits(&f, r));
    assert_says(&f, "(contract.nex:3:37): confidence >= 0.5 does not hold; confidence is 0.499");
    r.confidence = 0.5;
    assert_true(admits(&f, r));
    r.confidence = 0.1;
    r.kind = STR("intent");
    assert_true(admits(&f, r));
    done(&f);
}

static void test_admit_content(void **state)
{
    (void)state;
    struct fixture f = with("admit units {\n"
                            "    when: `kind == \"fact\" && topic == \"latency\"`\n"
                            "    require: `content.unit in [\"ms\", \"s\"] && content.value > 0`\n"
                            "}\n");
    assert_true(admits(&f, fact("{\"unit\":\"ms\",\"value\":3}")));
    assert_true(admits(&f, fact("{\"unit\":\"s\",\"value\":0.5}")));
    assert_false(admits(&f, fact("{\"unit\":\"min\",\"value\":3}")));
    assert_says(&f, "content.unit is \"min\"");
    assert_says(&f, "wanted: a record for which content.unit in [\"ms\", \"s\"]");
    assert_false(admits(&f, fact("{\"value\":3}")));
    assert_says(&f, "cannot be decided: no such key");
    assert_false(admits(&f, fact("{\"unit\":\"ms\",\"value\":\"many\"}")));
    assert_says(&f, "no such overload");
    assert_false(admits(&f, fact("{\"unit\":")));
    assert_false(admits(&f, fact("not json")));
    done(&f);
}

/* A field of the wrong type must not be a way around a rule. */
static void test_undecidable_when_refuses(void **state)
{
    (void)state;
    struct fixture f = with("admit risky {\n"
                            "    when: \"has(content.risk) && content.risk > 5\"\n"
                            "    require: \"role == 'human'\"\n"
                            "}\n");
    assert_true(admits(&f, fact("{}")));
    assert_true(admits(&f, fact("{\"risk\":5}")));
    assert_false(admits(&f, fact("{\"risk\":6}")));
    assert_false(admits(&f, fact("{\"risk\":\"9\"}")));
    assert_says(&f, "whether the rule applies cannot be decided");
    struct contract_record r = fact("{\"risk\":6}");
    r.role = STR("human");
    assert_true(admits(&f, r));
    done(&f);
}

static void test_warning(void **state)
{
    (void)state;
    struct fixture f = with("admit short { require: \"size(text) < 4\" severity: warn }\n"
                            "admit some { require: \"size(text) > 0\" }\n");
    struct contract_record r = {.kind = STR("hint"), .content = STR("abcd")};
    assert_true(admits(&f, r));
    assert_int_equal(f.verdict.warnings_count, 1);
    assert_says(&f, "warned by admit short");
    r.content = STR("abc");
    assert_true(admits(&f, r));
    assert_int_equal(f.verdict.warnings_count, 0);
    r.content = STR_NONE;
    assert_false(admits(&f, r));
    assert_int_equal(f.verdict.refusal.rule, RULE_ADMIT);
    done(&f);
}

/* A `when` that asks for a kind is passed over by a comparison; || must not be. */
static void test_kind_in_front(void **state)
{
    (void)state;
    struct fixture f =
        with("admit a { when: \"kind == 'fact' || priority > 3\" require: \"false\" }\n");
    struct contract_record r = {.kind = STR("intent"), .priority = 4};
    assert_false(admits(&f, r));
    r.priority = 3;
    assert_true(admits(&f, r));
    done(&f);
    f = with("admit a { when: \"kind == 'intent' && priority > 3\" require: \"false\" }\n");
    r.priority = 4;
    assert_false(admits(&f, r));
    r.kind = STR("event");
    assert_true(admits(&f, r));
    r.kind = STR("intent");
    r.priority = 3;
    assert_true(admits(&f, r));
    r.kind = STR("event");
    done(&f);
    f = with("admit a { when: \"content.x > 1 && (kind==\\\"hint\\\")\" require: \"false\" }\n"
             "admit b { when: \"kind == 'intent'\" require: \"priority > 3\" }\n");
    assert_true(admits(&f, r));
    r.kind = STR("hint");
    assert_false(admits(&f, r)); /* no such key: cannot be decided */
    r.kind = STR("intent");
    r.priority = 4;
    assert_true(admits(&f, r));
    r.priority = 3;
    assert_false(admits(&f, r));
    done(&f);
}

static void test_content_over_ceiling(void **state)
{
    (void)state;
    struct fixture f =
        with("expressions { text_bytes: 10 json_values: 3 }\n"
             "admit a { require: \"size(text) > 0\" }\n"
             "admit b { when: \"mime == 'application/json'\" require: \"content != null\" }\n");
    struct contract_record r = {.kind = STR("hint"), .content = STR("0123456789")};
    assert_true(admits(&f, r));
    r.content = STR("01234567890");
    assert_false(admits(&f, r));
    assert_says(&f, "longer than expressions may look at");
    assert_true(admits(&f, fact("[1,2]")));
    assert_false(admits(&f, fact("[1,2,3]")));
    assert_false(admits(&f, fact("[\"01234567\"]")));
    /* The same when the caller has read the document already. */
    struct arena arena = {0};
    struct json *json = NULL;
    struct json_error error;
    static const char *const documents[] = {"[\"0123456789\"]", "[\"01234567890\"]", "[1,2,3]"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(json_parse(&arena, str_of(documents[i]), NULL, &json, &error));
        r = fact("");
        r.json = json;
        r.content = STR("x");
        assert_int_equal(admits(&f, r), i == 0);
    }
    arena_deinit(&arena);
    done(&f);
}

/* -- the fixed rules -------------------------------------------------------------------------- */

static void test_schema(void **state)
{
    (void)state;
    struct fixture f =
        with("schema measurement {\n"
             "    kind: fact\n"
             "    mime: \"application/json\"\n"
             "    topic: latency\n"
             "    required: [value, unit]\n"
             "    additional: false\n"
             "    fields {\n"
             "        value { type: number minimum: 0 maximum: 100 }\n"
             "        unit { type: string enum: [\"ms\", \"s\"] }\n"
             "        note { type: string min_length: 2 max_length: 4 nullable: true }\n"
             "        code { pattern: `^[A-Z]{2}-\\d+$` }\n"
             "        runs { min_items: 1 max_items: 2 items { type: integer } }\n"
             "        at { required: [host] fields { host: string } }\n"
             "    }\n"
             "}\n");
    assert_true(admits(&f, fact("{\"value\":0,\"unit\":\"ms\"}")));
    assert_true(admits(&f, fact("{\"value\":100,\"unit\":\"s\",\"note\":\"\xc3\xa4"
                                "234\",\"code\":\"AB-12\","
                                "\"runs\":[1,2],\"at\":{\"host\":\"x\",\"more\":1}}")));
    assert_true(admits(&f, fact("{\"value\":1,\"unit\":\"s\",\"note\":null}")));
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"[]", "content is []; wanted: an object"},
        {"{\"value\":1}", "content has no 'unit'; wanted: the member 'unit'"},
        {"{\"value\":-0.5,\"unit\":\"ms\"}", "content.value is -0.5; wanted: at least 0"},
        {"{\"value\":100.5,\"unit\":\"ms\"}", "wanted: at most 100"},
        {"{\"value\":\"1\",\"unit\":\"ms\"}", "content.value is \"1\"; wanted: a number"},
        {"{\"value\":1,\"unit\":\"h\"}", "content.unit is \"h\"; wanted: one of [\"ms\", \"s\"]"},
        {"{\"value\":1,\"unit\":\"s\",\"note\":\"a\"}", "wanted: at least 2 characters"},
        {"{\"value\":1,\"unit\":\"s\",\"note\":\"abcde\"}", "wanted: at most 4 characters"},
        {"{\"value\":1,\"unit\":\"s\",\"code\":\"A-1\"}", "a text that matches"},
        {"{\"value\":1,\"unit\":\"s\",\"runs\":[]}", "wanted: at least 1 items"},
        {"{\"value\":1,\"unit\":\"s\",\"runs\":[1,2,3]}", "wanted: at most 2 items"},
        {"{\"value\":1,\"unit\":\"s\",\"runs\":[1,2.5]}",
         "content.runs[1] is 2.5; wanted: a whole number"},
        {"{\"value\":1,\"unit\":\"s\",\"at\":{}}", "content.at has no 'host'"},
        {"{\"value\":1,\"unit\":\"s\",\"vaule\":1}", "'value' perhaps"},
        {"{", "the content is no JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(admits(&f, fact(cases[i].json)));
        assert_int_equal(f.verdict.refusal.rule, RULE_SCHEMA);
        assert_says(&f, cases[i].says);
    }
    struct contract_record r = fact("{}");
    r.topic = STR("other");
    assert_true(admits(&f, r));
    done(&f);
}

static void test_evidence_and_novelty(void **state)
{
    (void)state;
    struct fixture f = with("evidence { min_facts: 2 min_origins: 2 min_confidence: 60% }\n"
                            "novelty { minimum: 0.1 min_unseen_edges: 1 }\n");
    struct contract_record r = fact("{}");
    assert_true(admits(&f, r));
    r.concludes = true;
    r.evidence_count = 1;
    r.evidence_origins = 2;
    assert_false(admits(&f, r));
    assert_says(&f, "refused by evidence (contract.nex:1:1)");
    r.evidence_count = 2;
    assert_true(admits(&f, r));
    r.evidence_origins = 1;
    assert_false(admits(&f, r));
    r.evidence_origins = 2;
    r.has_confidence = true;
    r.confidence = 0.59;
    assert_false(admits(&f, r));
    r.confidence = 0.6;
    assert_true(admits(&f, r));
    r.has_novelty = true;
    r.novelty = 0.09;
    r.unseen_edges = 1;
    assert_false(admits(&f, r));
    assert_int_equal(f.verdict.refusal.rule, RULE_NOVELTY);
    r.novelty = 0.1;
    assert_true(admits(&f, r));
    r.unseen_edges = 0;
    assert_false(admits(&f, r));
    done(&f);
}

static void test_limits(void **state)
{
    (void)state;
    struct fixture f = with("limits {\n"
                            "    per_minute: 100\n"
                            "    content_bytes: 10\n"
                            "    role human { content_bytes: 20 open_claims: 3 }\n"
                            "    agent scout { content_bytes: 5 }\n"
                            "}\n");
    struct contract_limit_set set = contract_limits(f.contract, STR("scout"), STR("human"));
    assert_int_equal(set.content_bytes, 5);
    assert_int_equal(set.open_claims, 3);
    assert_int_equal(set.per_minute, 100);
    assert_true(set.open_intents == CONTRACT_NO_LIMIT);
    set = contract_limits(f.contract, STR("other"), STR("agent"));
    assert_int_equal(set.content_bytes, 10);
    assert_true(set.open_claims == CONTRACT_NO_LIMIT);
    struct contract_record r = {
        .kind = STR("hint"), .creator = STR("scout"), .content = STR("12345")};
    assert_true(admits(&f, r));
    r.content = STR("123456");
    assert_false(admits(&f, r));
    assert_says(
        &f, "refused by limits scout (contract.nex:5:5): the content has 6 bytes, 5 are allowed");
    r.creator = STR("ann");
    r.role = STR("human");
    r.content = STR("12345678901234567890");
    assert_true(admits(&f, r));
    r.content = STR("123456789012345678901");
    assert_false(admits(&f, r));
    done(&f);
}

static void test_report(void **state)
{
    (void)state;
    struct fixture f = with("report {\n"
                            "    required_sections: [\"Summary\", \"Evidence\"]\n"
                            "    citation: \"f_[0-9a-f]{8}\"\n"
                            "    min_citations: 2\n"
                            "}\n");
    struct contract_record r = {
        .kind = STR("fact"), .topic = STR("report"), .mime = STR("text/markdown")};
    r.content = STR("# Summary\nAs f_0123abcd says.\n## evidence ##\n- f_00000000\n");
    assert_true(admits(&f, r));
    r.content = STR("# Summary\nf_0123abcd\n```\n## Evidence\n```\n- f_00000000\n");
    assert_false(admits(&f, r));
    assert_says(&f, "the report has no section 'Evidence'");
    r.content = STR("# Summary\nf_0123abcd f_0123abce\n# Evidence\n- f_0000000x\n");
    assert_false(admits(&f, r));
    assert_says(&f, "1 lines of the report cite something, at least 2 are wanted");
    r.topic = STR("other");
    assert_true(admits(&f, r));
    r.report = true;
    assert_false(admits(&f, r));
    done(&f);
    f = with("report { citation: \"[0-9]\" }"); /* one citation at least */
    assert_true(admits(&f, r));
    r.content = STR("none");
    assert_false(admits(&f, r));
    done(&f);
}

static void test_exchange(void **state)
{
    (void)state;
    struct fixture f = with("exchange { gated: true signed: true per_minute: 6 }\n");
    assert_true(contract_exchange(f.contract)->gated);
    assert_int_equal(contract_exchange(f.contract)->required_axes.count, 6);
    assert_int_equal(contract_exchange(f.contract)->per_minute, 6);
    struct contract_record r = fact("{\"geo\":[1,2],\"timestamp\":\"2026\"}");
    assert_true(admits(&f, r));
    r.offer = true;
    r.has_pubkey = true;
    assert_false(admits(&f, r));
    assert_says(&f, "the offer has no signature");
    r.has_signature = true;
    assert_true(admits(&f, r));
    r.content = STR("{\"geo\":[],\"timestamp\":\"2026\"}");
    assert_false(admits(&f, r));
    assert_says(&f, "the offer has no content.geo");
    r.content = STR("{\"geo\":1,\"timestamp\":\"  \"}");
    assert_false(admits(&f, r));
    r.content = STR("");
    assert_false(admits(&f, r));
    done(&f);
}

static void test_reward(void **state)
{
    (void)state;
    struct fixture f =
        with("reward {\n"
             "    gap_depth {\n        weight: 0.7\n        decay: \"logarithmic\"\n"
             "        min_threshold: 1\n    }\n"
             "    gap_width {\n        weight: 0.3\n        decay: \"linear\"\n    }\n"
             "    penalty {\n        minus_gap: \"stake_slash_50_percent\"\n"
             "        zero_gap: 25%\n        spam_decay: \"diminishing_returns\"\n    }\n"
             "    validation: 2\n}\n");
    const struct contract_reward *r = contract_reward(f.contract);
    assert_true(r->given && r->diminishing);
    assert_true(r->gap_depth.weight == 0.7 && r->gap_width.weight == 0.3);
    assert_int_equal(r->gap_depth.decay, GROWTH_LOGARITHMIC);
    assert_int_equal(r->gap_width.decay, GROWTH_LINEAR);
    assert_int_equal(r->gap_depth.min_threshold, 1);
    assert_true(r->minus_gap == 0.5 && r->zero_gap == 0.25 && r->validation == 2);
    done(&f);
}

static void test_predicates(void **state)
{
    (void)state;
    struct fixture f = with(
        "predicate latency { functional: true unit: \"ms\" aliases: [delay, \"round trip\"] }\n");
    const struct contract_predicate *p = contract_predicate(f.contract, STR("Round Trip"));
    assert_non_null(p);
    assert_true(str_is(p->name, "latency") && str_is(p->unit, "ms") && p->functional &&
                !p->additive);
    assert_true(contract_predicate(f.contract, STR("LATENCY")) == p);
    assert_null(contract_predicate(f.contract, STR("laten")));
    done(&f);
}

static void test_default(void **state)
{
    (void)state;
    static const char *const additive[] = {"tags",    "see also", "authors", "keywords",
                                           "aliases", "links",    "Author",  "Related"};
    struct nex_problems problems;
    struct fixture f = {.contract = contract_compile(contract_default_text(), NULL, &problems)};
    f.scratch = contract_scratch_new();
    assert_non_null(f.contract);
    for (size_t i = 0; i < sizeof additive / sizeof *additive; i++) {
        const struct contract_predicate *p = contract_predicate(f.contract, str_of(additive[i]));
        assert_true(p != NULL && p->additive);
    }
    assert_true(contract_predicate(f.contract, STR("status"))->functional);
    assert_true(admits(&f, (struct contract_record){0}));
    assert_true(admits(&f, fact("\xff")));
    done(&f);
}

/* -- the contract itself ------------------------------------------------------------------------
 */

static void test_show_hash_diff(void **state)
{
    (void)state;
    struct fixture a =
        with("# one\nevidence { min_facts: 2 }\npredicate \"see also\" { additive: true }\n"
             "admit x { require: `text.matches(r\"^\\d+$\")` }\n");
    struct fixture b =
        with("admit x {\n  require: `text.matches(r\"^\\d+$\")`\n  severity: warn }\n"
             "evidence { min_facts: 3 }\n");
    struct buf shown = {0};
    struct buf again = {0};
    contract_show(a.contract, &shown);
    struct fixture c = with(buf_cstr(&shown));
    contract_show(c.contract, &again);
    assert_true(str_eq(buf_str(&shown), buf_str(&again)));
    buf_clear(&again);
    assert_int_equal(contract_diff(a.contract, c.contract, &again), 0);
    struct hash ha = contract_hash(a.contract);
    struct hash hc = contract_hash(c.contract);
    assert_false(hash_eq(&ha, &hc));
    assert_int_equal(contract_diff(a.contract, b.contract, &again), 3);
    assert_string_equal(buf_cstr(&again), "~ evidence.min_facts: 2 -> 3\n"
                                          "- predicate \"see also\".additive: true\n"
                                          "+ admit x.severity: warn\n");
    buf_deinit(&shown);
    buf_deinit(&again);
    done(&a);
    done(&b);
    done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admit),
        cmocka_unit_test(test_admit_content),
        cmocka_unit_test(test_undecidable_when_refuses),
        cmocka_unit_test(test_warning),
        cmocka_unit_test(test_kind_in_front),
        cmocka_unit_test(test_content_over_ceiling),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_evidence_and_novelty),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_reward),
        cmocka_unit_test(test_predicates),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_show_hash_diff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
