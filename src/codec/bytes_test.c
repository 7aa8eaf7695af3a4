/* bytes_test.c - hexadecimal, base64 (the vectors of RFC 4648) and integers.
 */
#include "codec/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

static void test_hex(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
    char text[8];
    hex_encode(bytes, sizeof bytes, text);
    assert_memory_equal(text, "000fa5ff", 8);
    uint8_t back[4] = {0};
    assert_true(hex_decode(STR("000FA5fF"), back, 4));
    assert_memory_equal(back, bytes, 4);
    assert_true(hex_decode(STR_NONE, back, 0));

    static const struct str bad[] = {{"000fa5f", 7},  {"000fa5ff0", 9},  {"000fa5", 6},
                                     {"000fa5fg", 8}, {"000fa5f ", 8},   {"000fa5f@", 8},
                                     {"0x0fa5ff", 8}, {"000fa5f\xe6", 8}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t kept[4] = {1, 2, 3, 4};
        assert_false(hex_decode(bad[i], kept, 4));
        assert_memory_equal(kept, "\1\2\3\4", 4);
    }
}

static void test_base64_vectors(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct buf text = {0};
        struct buf back = {0};
        base64_encode(&text, pairs[i][0], strlen(pairs[i][0]));
        assert_true(str_is(buf_str(&text), pairs[i][1]));
        assert_true(base64_decode(&back, str_of(pairs[i][1])));
        assert_true(str_is(buf_str(&back), pairs[i][0]));
        buf_deinit(&text);
        buf_deinit(&back);
    }
}

static void test_base64_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",    "Zg",       "Zg=",     "Zm9",   "Zg==Zg==", "Zm8=Zm8=", "====",
        "Z===", "=g==",     "Zg=g",    "Zh==",  "Zm9=",     "Zm-_",     "Zm9v\n",
        "Zm9 ", "Zm 9v===", "Zm9\x80", "Zm9v=", "Zm9vZg=*",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf out = {0};
        buf_add_text(&out, "kept");
        assert_false(base64_decode(&out, str_of(bad[i])));
        assert_true(str_is(buf_str(&out), "kept"));
        buf_deinit(&out);
    }
}

static void test_base64_there_and_back(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5);
    for (size_t len = 0; len < 300; len++) {
        uint8_t bytes[300];
        rng_fill(&rng, bytes, len);
        struct buf text = {0};
        struct buf back = {0};
        base64_encode(&text, bytes, len);
        assert_int_equal(text.len, (len + 2) / 3 * 4);
        assert_true(base64_decode(&back, buf_str(&text)));
        assert_int_equal(back.len, len);
        assert_true(len == 0 || memcmp(back.at, bytes, len) == 0);
        buf_deinit(&text);
        buf_deinit(&back);
    }
}

static void test_base64_ceiling(void **state)
{
    (void)state;
    struct buf out = {.max = 7};
    base64_encode(&out, "foobar", 6);
    assert_true(out.overflowed);
    assert_int_equal(out.len, 0);
    assert_false(base64_decode(&out, STR("Zm9v")));
    buf_deinit(&out);
}

static void test_integers(void **state)
{
    (void)state;
    uint8_t at[8];
    put_u16(at, 0x1234);
    assert_memory_equal(at, "\x34\x12", 2);
    assert_int_equal(get_u16(at), 0x1234);
    put_u32(at, 0x89abcdef);
    assert_memory_equal(at, "\xef\xcd\xab\x89", 4);
    assert_int_equal(get_u32(at), 0x89abcdef);
    put_u64(at, 0xfedcba9876543210);
    assert_memory_equal(at, "\x10\x32\x54\x76\x98\xba\xdc\xfe", 8);
    assert_true(get_u64(at) == 0xfedcba9876543210);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_base64_vectors),
        cmocka_unit_test(test_base64_refused),
        cmocka_unit_test(test_base64_there_and_back),
        cmocka_unit_test(test_base64_ceiling),
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
