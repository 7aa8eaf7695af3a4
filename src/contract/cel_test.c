/* cel_test.c - expressions beyond the language's own tests: times, ceilings, costs, places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "contract/cel.h"

#define MEMORY 65536

static const struct cel_shape shapes[] = {
    {.kind = CEL_STRING, .bytes = 1024, .total = 65},
    {.kind = CEL_DYN, .bytes = 4096, .items = 100, .total = 400},
    {.kind = CEL_INT, .total = 1},
};
static const struct cel_variable variables[] = {
    {{"topic", 5}, &shapes[0]},
    {{"content", 7}, &shapes[1]},
    {{"priority", 8}, &shapes[2]},
};
static const char document[] = "{\"a\":[3,1,2],\"unit\":\"ms\",\"deep\":{\"x\":{\"y\":[{\"z\":7}]}}"
                               ",\"real\":2.5,\"none\":null}";

struct outcome {
    struct arena arena;
    struct cel_program program;
    struct cel_problem problem;
    bool compiled;
    char text[400]; /* the value, printed */
};

static struct outcome evaluate_with(const char *source, bool unchecked, struct cel_limits limits)
{
    struct outcome o = {0};
    struct json *json = NULL;
    struct json_error error;
    struct cel_env env = {
        .variables = variables, .count = 3, .unchecked = unchecked, .limits = limits};
    assert_true(json_parse(&o.arena, STR(document), NULL, &json, &error));
    o.compiled = cel_compile(&o.arena, str_of(source), &env, &o.program, &o.problem);
    if (o.compiled) {
        struct cel_value vars[] = {cel_string(STR("latency")), cel_of_json(json), cel_int(5)};
        struct cel_run run = {.vars = vars, .memory = mem_alloc(MEMORY), .memory_len = MEMORY};
        struct buf out = {0};
        cel_print(&out, cel_eval(&o.program, &run), 300);
        (void)snprintf(o.text, sizeof o.text, "%s", buf_cstr(&out));
        assert_true(run.steps <= o.program.cost);
        assert_true(run.memory_used <= o.program.memory);
        buf_deinit(&out);
        mem_free(run.memory);
    }
    return o;
}

static void gives(const char *source, const char *expected)
{
    struct outcome o = evaluate_with(source, false, (struct cel_limits){0});
    if (!o.compiled) {
        fail_msg("%s: refused: %s", source, o.problem.cause);
    }
    if (strcmp(o.text, expected) != 0) {
        fail_msg("%s: gave %s, not %s", source, o.text, expected);
    }
    arena_deinit(&o.arena);
}

static void refused(const char *source, size_t offset, const char *cause)
{
    struct outcome o = evaluate_with(source, false, (struct cel_limits){0});
    if (o.compiled) {
        fail_msg("%s: compiled", source);
    }
    if (strstr(o.problem.cause, cause) == NULL) {
        fail_msg("%s: said '%s', not '%s'", source, o.problem.cause, cause);
    }
    assert_int_equal(o.problem.offset, offset);
    arena_deinit(&o.arena);
}

static void test_json(void **state)
{
    (void)state;
    gives("content.a", "[3, 1, 2]");
    gives("content.a[1] + 1", "2");
    gives("content.deep.x.y[0].z == 7", "true");
    gives("content['unit'] + '!'", "\"ms!\"");
    gives("content.real * 2.0", "5");
    gives("content.none == null", "true");
    gives("has(content.none) && !has(content.nothing)", "true");
    gives("content.nothing", "<no such key>");
    gives("content.a[3]", "<the index is out of range>");
    gives("content.unit.x", "<no such overload>");
    gives("content.size()", "5");
    gives("2 in content.a && !(4 in content.a) && 'unit' in content", "true");
    gives("content.a == [3, 1.0, 2u]", "true");
    gives("content.deep == {'x': {'y': [{'z': 7}]}}", "true");
    gives("content.exists(k, k == 'unit')", "true");
    gives("content.a.map(x, x > 1, x * 10)", "[30, 20]");
    gives("content.a.map(x, x / 0 == 1, x)", "<divide by zero>");
    gives("content.a.filter(x, x < 3) + [topic.size()]", "[1, 2, 7]");
    gives("content.a.all(x, content.a.exists(y, y > priority - 5 && x > 0))", "true");
    gives("{'b': 1, 'b' + '': 2}", "<repeated key in a map>");
    gives("{1.5 > 1.0: 2}[true]", "2");
    gives("content.unit == 3 || content.missing == 1 || true", "true");
    gives("topic.startsWith('lat') ? priority : content.missing", "5");
    gives("content.missing ? 1 : 2", "<no such key>");
    gives("'Ärger'.lowerAscii().size()", "5");
}

static void test_times(void **state)
{
    (void)state;
    gives("timestamp('2026-11-21T02:54:00.5Z')", "2026-11-21T02:54:00.5Z");
    gives("timestamp('2026-11-21T02:54:00+02:00')", "2026-11-21T00:54:00Z");
    gives("timestamp('0001-01-01T00:00:00Z') - duration('1s')", "<the time is out of range>");
    gives("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "<the time is out of range>");
    gives("timestamp('2024-02-29T00:00:00Z') + duration('24h')", "2024-03-01T00:00:00Z");
    gives("timestamp('2023-02-29T00:00:00Z')", "<the text is no timestamp>");
    gives("timestamp('2024-03-01T00:00:00Z') - timestamp('2024-02-28T00:00:00Z')", "172800s");
    gives("duration('1h1m1.001s')", "3661.001s");
    gives("duration('-1.5s') + duration('500ms')", "-1s");
    gives("duration('-0.25s') < duration('0')", "true");
    gives("duration('315576000001s')", "<the text is no duration>");
    gives("duration('1.5')", "<the text is no duration>");
    gives("duration('90us').getMilliseconds()", "0");
    gives("duration('-1.5s').getSeconds()", "-1");
    gives("duration('-1.5s').getMilliseconds()", "-500");
    gives("duration('3h').getMinutes()", "180");
    gives("timestamp('2026-11-21T02:54:07.250Z').getDayOfWeek()", "6");
    gives("timestamp('1969-12-31T23:59:59Z').getDayOfYear()", "364");
    gives("timestamp('2024-12-31T00:00:00Z').getDayOfYear()", "365");
    gives("timestamp('2026-11-21T02:54:07Z').getHours('-03:30')", "23");
    gives("timestamp('2026-11-21T02:54:07Z').getDate('-03:30')", "20");
    gives("timestamp('2026-01-01T00:00:00Z').getMonth()", "0");
    gives("timestamp('2026-01-01T00:00:00Z').getHours('Europe/Berlin')",
          "<time zones are written as UTC or +HH:MM>");
    gives("int(timestamp('1970-01-01T00:01:00Z')) + int(timestamp(60))", "120");
    gives("string(duration('-1.5s')) + string(timestamp(0))", "\"-1.5s1970-01-01T00:00:00Z\"");
}

static void test_refusals(void **state)
{
    (void)state;
    refused("", 0, "an expression is missing");
    refused("1 +", 3, "an expression is missing, found the end");
    refused("tpoic == 'a'", 0, "there is no 'tpoic'");
    refused("priority == 'a'", 9, "int cannot be compared with string");
    refused("1 + 'a'", 2, "int and string do not go together with '+'");
    refused("topic && true", 0, "'&&' wants true or false here, not string");
    refused("topic.contans('a')", 5, "there is no function contans()");
    refused("topic.contains()", 5, "contains() wants to follow a dot and 1 argument");
    refused("size(1)", 5, "size() cannot take int");
    refused("topic.foo", 5, "string has no fields");
    refused("1 in 2", 2, "'in' wants a list or map behind it");
    refused("[1].all(1, true)", 8, "all() wants the name of a variable first");
    refused("[1].all(x, x)", 11, "the condition has to be true or false");
    refused("has(topic)", 0, "has() wants one field");
    refused("topic = 'a'", 6, "'=' alone is no operator; did you mean '=='?");
    refused("'abc", 0, "the string has no end");
    refused("'\\q'", 1, "unknown escape");
    refused("'\\ud800'", 3, "names no character");
    refused("9223372036854775808", 0, "too large for an int");
    refused("18446744073709551616u", 0, "too large");
    refused("Thing{a: 1}", 5, "messages cannot be made here");
    refused("if", 0, "reserved word");
    refused("(1", 2, "')' is missing");
    refused("1 2", 2, "the expression ends before a literal");
    refused("a.b`", 3, "the quoted name has no end");
    refused("topic.matches('a(')", 17, "the pattern: ')' is missing");
    refused("topic.matches(topic)", 14, "has to be a literal");
    refused("{[1]: 2}", 1, "list cannot be a key");
}

static void test_nesting(void **state)
{
    (void)state;
    char text[2000] = {0};
    memset(text, '(', 120);
    text[120] = '1';
    memset(text + 121, ')', 120);
    gives(text, "1");
    memset(text, '(', 1000);
    struct outcome o = evaluate_with(text, false, (struct cel_limits){0});
    assert_false(o.compiled);
    assert_non_null(strstr(o.problem.cause, "nested too deeply"));
    arena_deinit(&o.arena);
    memset(text, 0, sizeof text);
    for (size_t i = 0; i < 150; i++) {
        (void)snprintf(text + 2 * i, 3, "1+");
    }
    text[300] = '1';
    gives(text, "151");
    memset(text, '-', 1900);
    o = evaluate_with(text, false, (struct cel_limits){0});
    assert_false(o.compiled);
    arena_deinit(&o.arena);
}

static uint64_t cost_of(const char *source)
{
    struct outcome o = evaluate_with(source, false, (struct cel_limits){0});
    if (!o.compiled) {
        fail_msg("%s: %s", source, o.problem.cause);
    }
    arena_deinit(&o.arena);
    return o.program.cost;
}

/* At the limit it compiles, one step below it does not. */
static void test_cost_limit(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "priority + 1 == 2",
        "content.all(x, x != 1)",
        "topic.matches('^a+$')",
        "topic.contains('abc') && content.a == content.b",
        "content.map(x, [x, x]).size() > 3",
    };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct cel_limits limits = {.cost = cost_of(sources[i])};
        struct outcome o = evaluate_with(sources[i], false, limits);
        if (!o.compiled) {
            fail_msg("%s: %s", sources[i], o.problem.cause);
        }
        arena_deinit(&o.arena);
        limits.cost--;
        o = evaluate_with(sources[i], false, limits);
        assert_false(o.compiled);
        assert_non_null(strstr(o.problem.cause, "steps"));
        arena_deinit(&o.arena);
    }
    assert_true(cost_of("content.all(x, x != 1)") > 100);
    assert_true(cost_of("content.unit in content.a") < 10000);
    /* What comes out of a document is as large as it may be, however it got into the list. */
    assert_true(cost_of("([1] + content).all(x, x == 'abcdefghijklmnopqrstuvwxyz')") > 101 * 3);
    assert_true(cost_of("(priority > 1 ? content : [[topic]]).all(x, x[0] == topic)") > 100 * 64);
    assert_true(cost_of("content.all(x, content.all(y, y != 1))") > 100 * 100);
    refused("content.all(x, content.all(y, content.all(z, z != 1)))", 7, "could cost");
}

static void test_memory_limit(void **state)
{
    (void)state;
    struct cel_limits limits = {.memory_bytes = 2000};
    struct outcome o = evaluate_with("topic + 'a' == ''", false, limits);
    assert_true(o.compiled);
    arena_deinit(&o.arena);
    o = evaluate_with("topic + topic == ''", false, limits);
    assert_false(o.compiled);
    assert_non_null(strstr(o.problem.cause, "could take 2064 bytes, 2000 are allowed"));
    arena_deinit(&o.arena);
    limits = (struct cel_limits){.source_bytes = 10};
    o = evaluate_with("1 + 1 + 11", false, limits);
    assert_true(o.compiled);
    arena_deinit(&o.arena);
    o = evaluate_with("1 + 1 + 111", false, limits);
    assert_false(o.compiled);
    arena_deinit(&o.arena);
    limits = (struct cel_limits){.nodes = 3};
    o = evaluate_with("1 + 1", false, limits);
    assert_true(o.compiled);
    arena_deinit(&o.arena);
    o = evaluate_with("1 + -priority", false, limits);
    assert_false(o.compiled);
    arena_deinit(&o.arena);
}

static void test_parts(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct cel_env env = {.variables = variables, .count = 3};
    struct cel_part *parts = NULL;
    struct cel_problem problem;
    uint32_t count = 0;
    assert_true(cel_parts(&arena,
                          STR("priority > 1 && (topic == 'a' || content.a[0] == 1) && "
                              "content.a.all(x, x < size(topic) && x < priority)"),
                          &env, &parts, &count, &problem));
    assert_int_equal(count, 3);
    assert_true(str_is(parts[0].source, "priority > 1"));
    assert_true(str_is(parts[1].source, "(topic == 'a' || content.a[0] == 1)"));
    assert_int_equal(parts[1].seen_count, 2);
    assert_true(str_is(parts[1].seen[1], "content.a[0]"));
    assert_int_equal(parts[2].seen_count, 3);
    assert_true(str_is(parts[2].seen[0], "content.a"));
    assert_true(str_is(parts[2].seen[1], "size(topic)"));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),       cmocka_unit_test(test_times),
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_cost_limit), cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
