/* sign_test.c - vectors of RFC 8032 section 7.1, and every bit turned.
 */
#include "crypto/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void from_hex(const char *hex, uint8_t *out, size_t len)
{
    assert_int_equal(strlen(hex), 2 * len);
    for (size_t i = 0; i < len; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

struct vector {
    const char *seed;
    const char *public;
    struct str message;
    const char *signature;
};

static const struct vector VECTORS[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     {NULL, 0},
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     {"\x72", 1},
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
     {"\xaf\x82", 2},
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof VECTORS / sizeof VECTORS[0]; i++) {
        const struct vector *v = &VECTORS[i];
        struct sign_key key;
        struct signature wanted;
        struct signature made;
        uint8_t public[32];
        from_hex(v->seed, key.seed, sizeof key.seed);
        from_hex(v->public, public, sizeof public);
        from_hex(v->signature, wanted.bytes, sizeof wanted.bytes);
        assert_true(sign_key_from_seed(&key));
        assert_memory_equal(key.public, public, sizeof public);
        assert_true(sign_make(&key, v->message, &made));
        assert_memory_equal(made.bytes, wanted.bytes, sizeof made.bytes);
        assert_true(sign_verify(public, v->message, &made));
    }
}

static void test_forgeries(void **state)
{
    (void)state;
    struct sign_key key = {{0}, {0}};
    memset(key.seed, 7, sizeof key.seed);
    assert_true(sign_key_from_seed(&key));
    struct signature made;
    struct str message = STR("size 8, root r");
    assert_true(sign_make(&key, message, &made));
    assert_false(sign_verify(key.public, STR("size 9, root r"), &made));
    assert_false(sign_verify(key.public, STR_NONE, &made));
    for (size_t bit = 0; bit < 8 * sizeof made.bytes; bit++) {
        struct signature forged = made;
        forged.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(sign_verify(key.public, message, &forged));
    }
    for (size_t bit = 0; bit < 8 * sizeof key.public; bit++) {
        struct sign_key other = key;
        other.public[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(sign_verify(other.public, message, &made));
    }
    assert_true(sign_verify(key.public, message, &made));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_forgeries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
