/* json_write_test.c - the writer: commas, indentation, escapes, shortest doubles.
 */
#include "codec/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"

static void write_sample(struct json_writer *w)
{
    jw_object(w);
    jw_key(w, "none");
    jw_null(w);
    jw_key_str(w, STR("a\nb"));
    jw_array(w);
    jw_int(w, -5);
    jw_uint(w, UINT64_MAX);
    jw_object(w);
    jw_object_end(w);
    jw_array(w);
    jw_array_end(w);
    jw_array_end(w);
    jw_kv_str(w, "s", STR("x"));
    jw_kv_text(w, "t", "y");
    jw_kv_int(w, "i", INT64_MIN);
    jw_kv_uint(w, "u", 7);
    jw_kv_bool(w, "b", true);
    jw_key(w, "r");
    jw_raw(w, STR("[1,2]"));
    jw_key(w, "o");
    jw_object(w);
    jw_kv_bool(w, "c", false);
    jw_object_end(w);
    jw_object_end(w);
}

static void test_compact_and_pretty(void **state)
{
    (void)state;
    struct buf out = {0};
    struct json_writer w;
    jw_init(&w, &out, false);
    write_sample(&w);
    assert_string_equal(buf_cstr(&out),
                        "{\"none\":null,\"a\\nb\":[-5,18446744073709551615,{},[]],\"s\":\"x\","
                        "\"t\":\"y\",\"i\":-9223372036854775808,\"u\":7,\"b\":true,\"r\":[1,2],"
                        "\"o\":{\"c\":false}}");
    buf_clear(&out);
    jw_init(&w, &out, true);
    write_sample(&w);
    assert_string_equal(buf_cstr(&out), "{\n"
                                        "  \"none\": null,\n"
                                        "  \"a\\nb\": [\n"
                                        "    -5,\n"
                                        "    18446744073709551615,\n"
                                        "    {},\n"
                                        "    []\n"
                                        "  ],\n"
                                        "  \"s\": \"x\",\n"
                                        "  \"t\": \"y\",\n"
                                        "  \"i\": -9223372036854775808,\n"
                                        "  \"u\": 7,\n"
                                        "  \"b\": true,\n"
                                        "  \"r\": [1,2],\n"
                                        "  \"o\": {\n"
                                        "    \"c\": false\n"
                                        "  }\n"
                                        "}");
    buf_deinit(&out);
}

static void expect_str(struct str text, const char *written)
{
    struct buf out = {0};
    struct json_writer w;
    jw_init(&w, &out, false);
    jw_str(&w, text);
    assert_string_equal(buf_cstr(&out), written);
    buf_deinit(&out);
}

static void test_strings(void **state)
{
    (void)state;
    expect_str(STR_NONE, "\"\"");
    expect_str(STR("plain / longer than eight"), "\"plain / longer than eight\"");
    expect_str(STR("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    expect_str(STR("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\"");
    expect_str(STR("gr\xc3\xbc\xc3\x9f\n\xf0\x9f\x98\x80"),
               "\"gr\xc3\xbc\xc3\x9f\\n\xf0\x9f\x98\x80\"");
    expect_str(STR("a\xff\xc3(\xed\xa0\x80"),
               "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    expect_str(STR("end\xe2\x82"), "\"end\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Whatever the bytes, what is written reads as a string; valid text comes back. */
static void test_any_bytes(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 21);
    struct arena arena = {0};
    struct buf out = {0};
    for (int round = 0; round < 5000; round++) {
        char bytes[24];
        size_t len = (size_t)rng_below(&rng, sizeof bytes + 1);
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (char)rng_below(&rng, round % 2 == 0 ? 128 : 256);
        }
        struct json_writer w;
        buf_clear(&out);
        jw_init(&w, &out, false);
        jw_str(&w, str_n(bytes, len));
        struct json *value;
        struct json_error error;
        arena_reset(&arena);
        assert_true(json_parse(&arena, buf_str(&out), NULL, &value, &error));
        assert_int_equal(value->kind, JSON_STRING);
        if (round % 2 == 0) {
            assert_true(str_eq(value->string, str_n(bytes, len)));
        }
    }
    buf_deinit(&out);
    arena_deinit(&arena);
}

static void expect_double(double value, const char *written)
{
    struct buf out = {0};
    struct json_writer w;
    jw_init(&w, &out, false);
    jw_double(&w, value);
    assert_string_equal(buf_cstr(&out), written);
    buf_deinit(&out);
}

static void test_doubles(void **state)
{
    (void)state;
    expect_double(0, "0");
    expect_double(-0.0, "-0");
    expect_double(0.1, "0.1");
    expect_double(-2.5, "-2.5");
    expect_double(1e300, "1e+300");
    expect_double(0.1 + 0.2, "0.30000000000000004");
    expect_double(1.0 / 3, "0.3333333333333333");
    expect_double(DBL_MAX, "1.7976931348623157e+308");
    expect_double(NAN, "null");
    expect_double(INFINITY, "null");
    expect_double(-INFINITY, "null");

    struct rng rng;
    rng_init(&rng, 4);
    struct arena arena = {0};
    struct buf out = {0};
    for (int round = 0; round < 10000; round++) {
        uint64_t bits = rng_next(&rng);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) {
            continue;
        }
        struct json_writer w;
        buf_clear(&out);
        jw_init(&w, &out, false);
        jw_double(&w, value);
        struct json *read;
        struct json_error error;
        arena_reset(&arena);
        assert_true(json_parse(&arena, buf_str(&out), NULL, &read, &error));
        double back = json_number(read, 0);
        assert_memory_equal(&back, &value, sizeof back);
    }
    buf_deinit(&out);
    arena_deinit(&arena);
}

static void test_value_again(void **state)
{
    (void)state;
    struct str text = STR("[null,true,false,-3,1.50e+02,12345678901234567890123,\"\xc3\xbc\\n\","
                          "[],{},{\"k\\\"\":[1,{\"a\":\"b\"}]}]");
    struct arena arena = {0};
    struct buf out = {0};
    struct json *value;
    struct json_error error;
    struct json_writer w;
    assert_true(json_parse(&arena, text, NULL, &value, &error));
    jw_init(&w, &out, false);
    jw_value(&w, value);
    assert_true(str_eq(buf_str(&out), text));
    buf_clear(&out);
    const struct json made = {.kind = JSON_NUMBER, .number = 0.5};
    jw_init(&w, &out, false);
    jw_value(&w, &made);
    assert_string_equal(buf_cstr(&out), "0.5");
    buf_deinit(&out);
    arena_deinit(&arena);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct buf out = {.max = 10};
    struct json_writer w;
    jw_init(&w, &out, false);
    jw_array(&w);
    jw_text(&w, "more than ten bytes");
    jw_array_end(&w);
    assert_true(out.overflowed);
    assert_in_range(out.len, 0, 10);
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compact_and_pretty), cmocka_unit_test(test_strings),
        cmocka_unit_test(test_any_bytes),          cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_value_again),        cmocka_unit_test(test_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
