/* nex_test.c - the text form: what is read, how it is printed, where mistakes are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "contract/nex.h"
#include "contract/suggest.h"

static void prints(const char *text, const char *expected)
{
    struct arena life = {0};
    struct nex_problems problems = {0};
    struct buf out = {0};
    struct buf again = {0};
    struct nex_node *tree = nex_parse(&life, str_of(text), &problems);
    assert_int_equal(problems.total, 0);
    nex_print(&out, tree);
    assert_string_equal(buf_cstr(&out), expected);
    struct nex_node *second = nex_parse(&life, buf_str(&out), &problems);
    assert_int_equal(problems.total, 0);
    assert_true(nex_same(tree, second));
    nex_print(&again, second);
    assert_string_equal(buf_cstr(&again), expected);
    buf_deinit(&out);
    buf_deinit(&again);
    arena_deinit(&life);
}

static void complains(const char *text, uint32_t total, uint32_t line, uint32_t column,
                      const char *cause)
{
    struct arena life = {0};
    struct nex_problems problems = {0};
    (void)nex_parse(&life, str_of(text), &problems);
    if (problems.total != total || strstr(problems.items[0].cause, cause) == NULL ||
        problems.items[0].place.line != line || problems.items[0].place.column != column) {
        fail_msg("%s: %u problems, %u:%u: %s", text, problems.total, problems.items[0].place.line,
                 problems.items[0].place.column, problems.items[0].cause);
    }
    arena_deinit(&life);
}

static void test_print(void **state)
{
    (void)state;
    prints("", "");
    prints("# only a comment", "");
    prints("a:1", "a: 1\n");
    prints(
        "a { b: -1.50, c: 30s; d: 50% // x\n e: [1, \"two\", three,] f: true }",
        "a {\n    b: -1.50\n    c: 30s\n    d: 50%\n    e: [1, \"two\", three]\n    f: true\n}\n");
    prints("a \"see also\" {}\nb x\n{ }", "a \"see also\" {}\n\nb x {}\n");
    prints("a: \"x\\n\\\"\\\\\\u00e9\"", "a: `x\n\"\\\xc3\xa9`\n");
    prints("a: \"`\\\"\"", "a: \"`\\\"\"\n");
    prints("a: `raw \\d {`", "a: `raw \\d {`\n");
    prints("\"odd key\": 1e3", "\"odd key\": 1e3\n");
    prints("a: []", "a: []\n");
}

static void test_problems(void **state)
{
    (void)state;
    complains("a: 3x", 1, 1, 5, "'x' is no unit");
    complains("a = 3", 1, 1, 3, "'=' is not used here");
    complains("a 3", 1, 1, 1, "':' or '{' is missing behind 'a'");
    complains("a:\nb: 1", 1, 1, 3, "a value is missing here");
    complains("\xc3\xa4: 1", 1, 1, 1, "a key or block is missing here");
    complains("b: 1\n\xff", 1, 2, 1, "not UTF-8");
    complains("a: \"x", 1, 1, 4, "the text has no end on this line");
    complains("a: `x\ny", 2, 1, 4, "the text in backquotes has no end");
    complains("a: \"\\q\"", 1, 1, 5, "this escape is not known");
    complains("a: \"\\ud800\"", 1, 1, 5, "names no character");
    complains("a: [1 2]", 1, 1, 7, "',' or ']' is missing");
    complains("a: [[1]]", 1, 1, 5, "lists do not stand in lists");
    complains("a {\n  b: 1\n", 1, 1, 3, "the block 'a' has no end");
    complains("}\na: 1", 1, 1, 1, "this } closes no block");
    complains("a {\n x\n y: \n z: [\n}\n", 3, 2, 2, "is missing behind 'x'");
    complains("\xc3\xa4\xc3\xa4 a { b: 1x }", 1, 1, 1, "a key or block is missing");
    complains("a { \xe2\x82\xac\n b: \"\xe2\x82\xac\" c: 1x }", 2, 1, 5,
              "a key or block is missing");
}

static void test_depth(void **state)
{
    (void)state;
    struct buf text = {0};
    for (int i = 0; i < 16; i++) {
        buf_add_text(&text, "a {\n");
    }
    for (int i = 0; i < 16; i++) {
        buf_add_text(&text, "}\n");
    }
    struct arena life = {0};
    struct nex_problems problems = {0};
    (void)nex_parse(&life, buf_str(&text), &problems);
    assert_int_equal(problems.total, 0);
    buf_clear(&text);
    for (int i = 0; i < 20000; i++) {
        buf_add_text(&text, "a {\n");
    }
    (void)nex_parse(&life, buf_str(&text), &problems);
    assert_true(problems.total > 0);
    assert_non_null(strstr(problems.items[0].cause, "nested too deeply"));
    assert_int_equal(problems.items[0].place.line, 17);
    buf_deinit(&text);
    arena_deinit(&life);
}

/* A place inside a text with escapes is that of the source. */
static void test_place_in(void **state)
{
    (void)state;
    static const char source[] = "a: \"\\u00e9\\\\x\"";
    struct arena life = {0};
    struct nex_problems problems = {0};
    struct nex_node *tree = nex_parse(&life, STR(source), &problems);
    struct nex_place place = nex_place_in(STR(source), &tree->first->value, 3);
    assert_int_equal(place.line, 1);
    assert_int_equal(place.column, 13);
    arena_deinit(&life);
}

static void test_suggest(void **state)
{
    (void)state;
    static const struct str known[] = {{"evidence", 8}, {"novelty", 7}, {"admit", 5}, {"when", 4}};
    assert_true(str_is(suggest_word(STR("evidance"), known, 4), "evidence"));
    assert_true(str_is(suggest_word(STR("amdit"), known, 4), "admit"));
    assert_true(str_is(suggest_word(STR("whne"), known, 4), "when"));
    assert_int_equal(suggest_word(STR("zzzzzz"), known, 4).len, 0);
    assert_int_equal(suggest_word(STR(""), known, 4).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),   cmocka_unit_test(test_problems),
        cmocka_unit_test(test_depth),   cmocka_unit_test(test_place_in),
        cmocka_unit_test(test_suggest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
