/* json_test.c - the reader: trees, numbers, strings, and every way to be refused.
 */
#include "codec/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"

struct fixture {
    struct arena arena;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_deinit(&f->arena);
    f->arena = (struct arena){0};
    return 0;
}

static struct json *read_str(struct fixture *f, struct str text)
{
    struct json *value = NULL;
    struct json_error error = {0};
    if (!json_parse(&f->arena, text, NULL, &value, &error)) {
        print_error("%.*s: %s at %zu\n", STR_ARG(text), error.cause, error.offset);
    }
    assert_non_null(value);
    return value;
}

static struct json *read_text(struct fixture *f, const char *text)
{
    return read_str(f, str_of(text));
}

static void refuse(struct fixture *f, struct str text, const struct json_limits *limits,
                   const char *cause, size_t offset)
{
    struct json *value = NULL;
    struct json_error error = {0};
    if (json_parse(&f->arena, text, limits, &value, &error)) {
        fail_msg("accepted: %.*s", STR_ARG(text));
    }
    assert_null(value);
    assert_string_equal(error.cause, cause);
    assert_int_equal(error.offset, offset);
}

static void test_tree(void **state)
{
    const char *text =
        " {\"a\" : [1, [], {}, [2,[3]]],\"b\":null, \"c\":{\"d\":true},\"e\":false} ";
    const struct json *root = read_text(*state, text);
    assert_int_equal(root->kind, JSON_OBJECT);
    assert_int_equal(root->count, 4);
    assert_null(root->next);
    const struct json *a = json_get(root, "a");
    assert_int_equal(a->kind, JSON_ARRAY);
    assert_int_equal(a->count, 4);
    assert_true(str_is(a->raw, "[1, [], {}, [2,[3]]]"));
    const struct json *member = a->first;
    assert_int_equal(member->integer, 1);
    member = member->next;
    assert_int_equal(member->kind, JSON_ARRAY);
    assert_int_equal(member->count, 0);
    assert_null(member->first);
    member = member->next;
    assert_int_equal(member->kind, JSON_OBJECT);
    member = member->next;
    assert_int_equal(member->first->next->first->integer, 3);
    assert_null(member->next);
    assert_int_equal(a->next->kind, JSON_NULL);
    assert_true(str_is(a->next->key, "b"));
    assert_true(json_get_bool(json_get(root, "c"), "d", false));
    assert_false(json_get_bool(root, "e", true));
    assert_true(str_is(root->raw, "{\"a\" : [1, [], {}, [2,[3]]],\"b\":null, \"c\":{\"d\":true},"
                                  "\"e\":false}"));
}

static void test_getters(void **state)
{
    const struct json *root = read_text(*state, "{\"s\":\"x\",\"i\":-7,\"n\":2.5,\"t\":true}");
    assert_true(str_is(json_get_str(root, "s", STR("?")), "x"));
    assert_true(str_is(json_get_str(root, "i", STR("?")), "?"));
    assert_true(str_is(json_get_str(root, "none", STR("?")), "?"));
    assert_int_equal(json_get_int(root, "i", 1), -7);
    assert_int_equal(json_get_int(root, "n", 1), 1);
    assert_true(json_get_bool(root, "t", false));
    assert_true(json_get_bool(root, "s", true));
    assert_true(json_number(json_get(root, "n"), 0) == 2.5);
    assert_true(json_number(json_get(root, "i"), 0) == -7);
    assert_true(json_number(json_get(root, "s"), 9) == 9);
    assert_true(json_number(NULL, 9) == 9);
    assert_null(json_get(root->first, "s"));
    assert_null(json_get(NULL, "s"));
}

static void test_strings(void **state)
{
    static const struct {
        const char *text;
        struct str value;
    } rows[] = {
        {"\"\"", {"", 0}},
        {"\"plain, and longer than eight bytes\"", {"plain, and longer than eight bytes", 34}},
        {"\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"",
         {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", 15}},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", {"\"\\/\b\f\n\r\t", 8}},
        {"\"a\\u0000b\"", {"a\0b", 3}},
        {"\"\\u00fc\\u20AC\\ud83D\\uDe00!\"", {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80!", 10}},
        {"\"\\uFFFF\\ud7ff\\ue000\"", {"\xef\xbf\xbf\xed\x9f\xbf\xee\x80\x80", 9}},
        {"\"\x7f\"", {"\x7f", 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct json *value = read_text(*state, rows[i].text);
        assert_int_equal(value->kind, JSON_STRING);
        assert_true(str_eq(value->string, rows[i].value));
        assert_true(str_is(value->raw, rows[i].text));
    }
    const char *borrowed = "\"borrowed\"";
    assert_ptr_equal(read_text(*state, borrowed)->string.at, borrowed + 1);
}

/* A stop at every position of the eight bytes looked at together. */
static void test_string_stops(void **state)
{
    static const struct {
        char byte;
        const char *cause;
    } stops[] = {
        {'\\', "bad escape"},
        {'\x1f', "control character in a string"},
        {'\0', "control character in a string"},
        {'\x80', "not UTF-8"},
        {'\xff', "not UTF-8"},
    };
    char text[32];
    for (size_t before = 0; before < 20; before++) {
        for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
            memset(text, i % 2 == 0 ? ' ' : '\x7f', sizeof text);
            text[0] = '"';
            text[sizeof text - 1] = '"';
            text[before + 1] = stops[i].byte;
            refuse(*state, str_n(text, sizeof text), NULL, stops[i].cause, before + 1);
        }
        memset(text, '!', sizeof text);
        text[0] = '"';
        text[before + 1] = '"';
        assert_int_equal(read_str(*state, str_n(text, before + 2))->string.len, before);
    }
}

static void test_integers(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {
        {"0", 0},
        {"7", 7},
        {"-1", -1},
        {"1234567890123456789", 1234567890123456789},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775807", -INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct json *value = read_text(*state, rows[i].text);
        assert_int_equal(value->kind, JSON_INT);
        assert_true(value->integer == rows[i].value);
        assert_true(str_is(value->raw, rows[i].text));
    }
}

static void expect_double(struct fixture *f, const char *text)
{
    const struct json *value = read_text(f, text);
    double wanted = strtod(text, NULL);
    assert_int_equal(value->kind, JSON_NUMBER);
    if (memcmp(&value->number, &wanted, sizeof wanted) != 0) {
        fail_msg("%s was read as %a, not %a", text, value->number, wanted);
    }
}

static void test_doubles(void **state)
{
    static const char *const rows[] = {
        "-0",
        "-0.0",
        "0.0",
        "0e999999999999999999999",
        "1.5",
        "0.1",
        "1e5",
        "1E+5",
        "12E-1",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "123456789012345678901234567890",
        "1e22",
        "1e23",
        "9007199254740993e0",
        "9007199254740993.0000000000000000000000000001",
        "2.2250738585072011e-308",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1e-400",
        "1.7976931348623157e308",
        "179769313486231570000e288",
        "0.000000000000000000000000000000000000000000000000000000000012345e40",
        "8.41e21",
        "1.00000000000000011102230246251565404236316680908203125",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_double(*state, rows[i]);
    }
    struct rng rng;
    rng_init(&rng, 3);
    for (int i = 0; i < 20000; i++) {
        char text[80];
        int exponent = (int)rng_below(&rng, 660) - 340;
        exponent = i % 2 == 0 ? exponent % 24 : exponent;
        unsigned long long digits = rng_next(&rng) >> rng_below(&rng, 60);
        (void)snprintf(text, sizeof text, "%s%llu.%llue%d", i % 3 == 0 ? "-" : "", digits,
                       (unsigned long long)rng_below(&rng, 100000),
                       exponent > 288 ? 288 : exponent);
        expect_double(*state, text);
    }
}

static void test_number_of_many_digits(void **state)
{
    struct fixture *f = *state;
    struct buf text = {0};
    buf_add_text(&text, "0.");
    for (int i = 0; i < 5000; i++) {
        buf_add_byte(&text, '0');
    }
    buf_add_text(&text, "1e5001");
    assert_true(read_str(f, buf_str(&text))->number == 1.0);
    buf_clear(&text);
    buf_add_byte(&text, '1');
    for (int i = 0; i < 5000; i++) {
        buf_add_byte(&text, '0');
    }
    size_t integer_len = text.len;
    buf_add_text(&text, "e-5000");
    assert_true(read_str(f, buf_str(&text))->number == 1.0);
    refuse(f, str_n(text.at, integer_len), NULL, "number out of range", 0);
    buf_deinit(&text);
}

/* The comma of another language must not matter. Any one of them will do. */
static void test_other_locale(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR",
                                        "cs_CZ.UTF-8"};
    const char *found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof names / sizeof names[0]; i++) {
        found = setlocale(LC_NUMERIC, names[i]);
    }
    if (found == NULL) {
        print_message("skipped: no locale with a decimal comma is installed\n");
        skip();
    }
    double value = read_text(*state, "2.2250738585072011e-308")->number;
    struct buf out = {0};
    struct json_writer w;
    jw_init(&w, &out, false);
    jw_double(&w, 0.1);
    bool right = str_is(buf_str(&out), "0.1");
    buf_deinit(&out);
    (void)setlocale(LC_NUMERIC, "C");
    assert_true(value == 2.2250738585072011e-308);
    assert_true(right);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        const char *cause;
        size_t offset;
    } rows[] = {
        {"", "unexpected end", 0},
        {"  ", "unexpected end", 2},
        {"[1", "unexpected end", 2},
        {"[1,", "unexpected end", 3},
        {"{\"a\"", "unexpected end", 4},
        {"{\"a\":", "unexpected end", 5},
        {"\"abc", "unexpected end", 4},
        {"\"abc\\", "unexpected end", 5},
        {"-", "unexpected end", 1},
        {"1.", "unexpected end", 2},
        {"1e", "unexpected end", 2},
        {"[1,]", "unexpected character", 3},
        {"[,1]", "unexpected character", 1},
        {"nul", "unexpected character", 0},
        {"nulL", "unexpected character", 0},
        {"+1", "unexpected character", 0},
        {"'a'", "unexpected character", 0},
        {"\xef\xbb\xbf{}", "unexpected character", 0},
        {"01", "bad number", 2},
        {"-a", "bad number", 1},
        {"1.e1", "bad number", 2},
        {"1e+x", "bad number", 3},
        {"-01", "bad number", 3},
        {"1e309", "number out of range", 0},
        {"[-1e9999999999999999999999]", "number out of range", 1},
        {"1 2", "text after the value", 2},
        {"truex", "text after the value", 4},
        {"{}}", "text after the value", 2},
        {"[1 2]", "a comma or a closing bracket was expected", 3},
        {"[1}", "a comma or a closing bracket was expected", 2},
        {"{\"a\":1]", "a comma or a closing bracket was expected", 6},
        {"{1:1}", "a key was expected", 1},
        {"{\"a\":1,}", "a key was expected", 7},
        {"{\"a\" 1}", "a colon was expected", 5},
        {"\"\\x\"", "bad escape", 1},
        {"\"a\\u12g4\"", "bad escape", 2},
        {"\"\\u12\"", "bad escape", 1},
        {"\"\\\xc3\xbc\"", "bad escape", 1},
        {"\"\\ud800\"", "lone surrogate", 1},
        {"\"\\ud800\\u0041\"", "lone surrogate", 1},
        {"\"\\udc00\"", "lone surrogate", 1},
        {"\"\\udc00\\ud800\"", "lone surrogate", 1},
        {"\"\\ud800\\ud800\\udc00\"", "lone surrogate", 1},
        {"\"a\tb\"", "control character in a string", 2},
        {"\"\xc3\"", "not UTF-8", 1},
        {"\"\xed\xa0\x80\"", "not UTF-8", 1},
        {"[\"ok\", \"\xff\"]", "not UTF-8", 8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        refuse(*state, str_of(rows[i].text), NULL, rows[i].cause, rows[i].offset);
    }
}

/* `count` members; the last key repeats key number `twin` (none when out of range). */
static void object_of(struct buf *out, uint32_t count, uint32_t twin)
{
    buf_add_byte(out, '{');
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = i + 1 == count && twin < count ? twin : i;
        /* Of one length, so that the bytes decide; the twin is spelled otherwise. */
        buf_printf(out, "%s\"%sey%05u\":%u", i == 0 ? "" : ",", number != i ? "\\u006b" : "k",
                   number * 7919 % 100000, i);
    }
    buf_add_byte(out, '}');
}

static void test_duplicate_keys(void **state)
{
    struct fixture *f = *state;
    refuse(f, STR("{\"a\":1,\"b\":2,\"a\":3}"), NULL, "duplicate key", 17);
    refuse(f, STR("{\"a\":1,\"\\u0061\":2}"), NULL, "duplicate key", 16);
    refuse(f, STR("{\"\":1,\"\":2}"), NULL, "duplicate key", 9);
    refuse(f, STR("[{\"a\":{\"b\":1,\"b\":2}}]"), NULL, "duplicate key", 17);
    assert_int_equal(read_text(f, "[{\"a\":1},{\"a\":1}]")->count, 2);
    assert_int_equal(read_text(f, "{\"a\":{\"a\":{\"a\":1}}}")->count, 1);
    static const uint32_t counts[] = {2, 8, 11, 12, 13, 14, 16, 17, 31, 100, 1025};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        uint32_t count = counts[i];
        struct buf text = {0};
        object_of(&text, count, UINT32_MAX);
        assert_int_equal(read_str(f, buf_str(&text))->count, count);
        uint32_t step = count > 100 ? 97 : 1;
        for (uint32_t twin = 0; twin + 1 < count; twin += step) {
            buf_clear(&text);
            object_of(&text, count, twin);
            char digits[16];
            int len = snprintf(digits, sizeof digits, "%u}", count - 1);
            refuse(f, buf_str(&text), NULL, "duplicate key", text.len - (size_t)len);
        }
        buf_deinit(&text);
    }
}

static void test_repeat_keys(void **state)
{
    struct fixture *f = *state;
    struct json_limits limits = {.repeat_keys = true};
    struct json *value = NULL;
    struct json_error error;
    assert_true(json_parse(&f->arena, STR("{\"a\":1,\"a\":2}"), &limits, &value, &error));
    assert_int_equal(value->count, 2);
    assert_int_equal(json_get_int(value, "a", 0), 1);
}

static void nested(struct buf *out, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++) {
        buf_add_text(out, i % 2 == 0 ? "[" : "{\"k\":");
    }
    buf_add_text(out, "0");
    for (uint32_t i = depth; i > 0; i--) {
        buf_add_text(out, i % 2 == 1 ? "]" : "}");
    }
}

static void test_limits(void **state)
{
    struct fixture *f = *state;
    struct buf text = {0};
    nested(&text, 64);
    assert_int_equal(read_str(f, buf_str(&text))->kind, JSON_ARRAY);
    buf_clear(&text);
    nested(&text, 65);
    refuse(f, buf_str(&text), NULL, "nested too deeply", 32 + 32 * 5);
    struct json *value = NULL;
    struct json_error error;
    struct json_limits deep = {.depth_max = 65};
    assert_true(json_parse(&f->arena, buf_str(&text), &deep, &value, &error));
    buf_clear(&text);
    for (int i = 0; i < 100000; i++) {
        buf_add_byte(&text, '[');
    }
    refuse(f, buf_str(&text), NULL, "nested too deeply", 64);
    buf_deinit(&text);

    struct json_limits few = {.nodes_max = 4};
    assert_true(json_parse(&f->arena, STR("[1,2,3]"), &few, &value, &error));
    refuse(f, STR("[1,2,3,4]"), &few, "too many values", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_getters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_strings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_string_stops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_integers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_doubles, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_number_of_many_digits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_locale, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_duplicate_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_repeat_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
