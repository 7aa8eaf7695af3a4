/* contract_problems_test.c - what a contract may not be, and where and how it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "contract/contract.h"

static void assert_problems(const char *text, const char *expected)
{
    struct nex_problems problems;
    struct buf out = {0};
    struct contract *contract = contract_compile(str_of(text), NULL, &problems);
    assert_null(contract);
    nex_problems_print(&out, "c", &problems);
    if (str_find_str(buf_str(&out), str_of(expected)) == out.len) {
        fail_msg("'%s' is not in:\n%s", expected, buf_cstr(&out));
    }
    buf_deinit(&out);
}

static void test_problems(void **state)
{
    (void)state;
    assert_problems("evidance { }",
                    "c:1:1: there is no block 'evidance' (did you mean 'evidence'?)");
    assert_problems("evidence {\n  min_fact: 2\n}",
                    "c:2:3: there is no key 'min_fact' (did you mean 'min_facts'?)");
    assert_problems("evidence { min_facts: two }", "c:1:23: 'min_facts' wants a number, not two");
    assert_problems("evidence { min_facts: 1.5 }", "wants a whole number");
    assert_problems("evidence { min_facts: 257 }",
                    "c:1:23: 'min_facts' is out of range: 257 (0 to 256)");
    assert_problems("novelty { minimum: 101% }", "'minimum' is out of range: 101% (0 to 1)");
    assert_problems("novelty { minimum: -0.1 }", "out of range");
    assert_problems("evidence { min_facts: 1 }\nevidence { }", "c:2:1: 'evidence' is given twice");
    assert_problems("predicate a { unit: \"m\"\nunit: \"s\" }", "c:2:1: 'unit' is given twice");
    assert_problems("predicate a { functional: yes }",
                    "c:1:27: 'functional' wants true or false, not yes");
    assert_problems("predicate a { functional: true additive: true }",
                    "cannot be functional and additive");
    assert_problems("predicate a { }\npredicate b { aliases: [A] }",
                    "'A' already belongs to the predicate 'a'");
    assert_problems("predicate { }", "the block 'predicate' wants a name");
    assert_problems("evidence x { }", "the block 'evidence' takes no name");
    assert_problems("evidence: 3", "c:1:1: 'evidence' is a block");
    assert_problems("report { citation { } }", "'citation' is a key");
    assert_problems("report { citation: \"a(\" }", "c:1:23: the pattern: ')' is missing");
    assert_problems("report { required_sections: [1] }", "texts are wanted here");
    assert_problems("reward { gap_depth { decay: logaritmic } }", "did you mean 'logarithmic'?");
    assert_problems("reward { penalty { minus_gap: \"half\" } }", "wants a share of the stake");
    assert_problems("limits { role robot { } }", "there is no role 'robot'");
    assert_problems("exchange { required_axes: [content.geo, singature] }",
                    "did you mean 'signature'?");
    assert_problems("admit a { when: \"true\" }", "c:1:1: 'require' is missing in 'admit'");
    assert_problems("admit a { require: true }", "wants an expression in quotes");
    assert_problems("admit a { require: \"1\" }", "has to be true or false, it is int");
    assert_problems("admit a { require: \"tpoic == 'x'\" }",
                    "c:1:21: there is no 'tpoic' (did you mean 'topic'?)");
    assert_problems("admit a {\n  require: `topic ==\n   5`\n}",
                    "c:2:19: string cannot be compared with int");
    assert_problems("admit a { require: \"topic == \\\"a\\\" && rle == 'x'\" }",
                    "c:1:39: there is no 'rle'");
    assert_problems("admit a { require: \"priority > 1 &&\" }", "an expression is missing");
    assert_problems("admit a { require: \"true\" severity: fatal }",
                    "there is no severity 'fatal'");
    assert_problems("schema s { kind: fct }",
                    "there is no kind of record 'fct' (did you mean 'fact'?)");
    assert_problems("schema s { fields { a: strng } }", "did you mean 'string'?");
    assert_problems("schema s { fields { a { minimun: 1 } } }", "did you mean 'minimum'?");
    assert_problems("schema s { fields { a { minimum: 2 maximum: 1 } } }",
                    "the least allowed is more than the most");
    assert_problems("schema s { fields { a: string\n a: number } }",
                    "c:2:2: the field 'a' is given twice");
    assert_problems("expressions { cost: 2000000 }",
                    "an expression may cost 2000000 steps here, 1000000 are allowed");
}

static void test_many_problems(void **state)
{
    (void)state;
    assert_problems("evidence {\n  min_facts 2\n  min_origins: many\n}\n}\nnovelty { minimum: 7 }\n"
                    "admit x { require: \"a +\" }\n",
                    "c:2:3: ':' or '{' is missing behind 'min_facts'");
    struct nex_problems problems;
    assert_null(contract_compile(STR("evidence {\n  min_facts 2\n  min_origins: many\n}\n}\n"
                                     "novelty { minimum: 7 }\nadmit x { require: \"a +\" }\n"),
                                 NULL, &problems));
    assert_int_equal(problems.total, 5);
    assert_int_equal(problems.items[4].place.line, 7);
    struct buf text = {0};
    for (int i = 0; i < 200; i++) {
        buf_printf(&text, "wrong%d: 1\n", i);
    }
    assert_null(contract_compile(buf_str(&text), NULL, &problems));
    assert_int_equal(problems.count, NEX_PROBLEMS_MAX);
    assert_int_equal(problems.total, 200);
    buf_deinit(&text);
}

static void test_ceilings(void **state)
{
    (void)state;
    struct nex_problems problems;
    struct contract_ceilings ceilings = {
        .rules = 2, .predicates = 1, .schemas = 1, .source_bytes = 200};
    struct contract *c =
        contract_compile(STR("admit a { require: \"true\" }\nadmit b { require: \"true\" }\n"
                             "predicate p { }\nschema s { }\n"),
                         &ceilings, &problems);
    assert_non_null(c);
    contract_free(c);
    ceilings.rules = 1;
    assert_null(
        contract_compile(STR("admit a { require: \"true\" }\nadmit b { require: \"true\" }\n"),
                         &ceilings, &problems));
    assert_null(contract_compile(STR("predicate p { }\npredicate q { }\n"), &ceilings, &problems));
    assert_null(contract_compile(STR("schema p { }\nschema q { }\n"), &ceilings, &problems));
    char text[202];
    memset(text, ' ', sizeof text);
    c = contract_compile(str_n(text, 200), &ceilings, &problems);
    assert_non_null(c);
    contract_free(c);
    assert_null(contract_compile(str_n(text, 201), &ceilings, &problems));
    ceilings.cost_in_all = 10;
    ceilings.rules = 9;
    assert_null(contract_compile(
        STR("admit a { require: \"priority + priority + priority + priority > 1\" }"), &ceilings,
        &problems));
}

static void test_cost_bombs(void **state)
{
    (void)state;
    assert_problems(
        "admit a { require: \"content.all(a, content.all(b, content.all(c, a != b)))\" }",
        "steps, 1000000 are allowed");
    assert_problems("admit a { require: \"text.contains(text)\" }", "steps, 1000000 are allowed");
    assert_problems(
        "admit a { require: \"text.matches('(a|b|c|d|e|f|g|h)+(a|b|c|d|e|f|g|h)+x')\" }",
        "steps, 1000000 are allowed");
    assert_problems(
        "admit a { require: \"(text+text+text+text+text+text+text+text+text+text).size() > 1\" }",
        "bytes, 524288 are allowed");
    assert_problems("admit a { require: \"content.map(a, text + text).size() > 1\" }",
                    "are allowed");
    assert_problems("admit a { require: \"topic.matches(position)\" }", "has to be a literal");
    struct nex_problems problems;
    struct contract *c = contract_compile(
        STR("admit a { require: \"content == null || content.all(a, a != 3)\" }\n"
            "admit b { require: \"text.contains('needle') || size(text) < 9\" }\n"),
        NULL, &problems);
    assert_non_null(c);
    assert_true(contract_cost(c) < 2000000);
    contract_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_many_problems),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_cost_bombs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
