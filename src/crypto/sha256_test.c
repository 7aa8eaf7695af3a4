/* sha256_test.c - the vectors of FIPS 180-4, and feeding in pieces.
 */
#include "crypto/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static void expect(const struct hash *hash, const char *hex)
{
    char text[65];
    for (size_t i = 0; i < sizeof hash->bytes; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", hash->bytes[i]);
    }
    assert_string_equal(text, hex);
}

static void test_vectors(void **state)
{
    (void)state;
    struct hash hash;
    sha256(NULL, 0, &hash);
    expect(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256("abc", 3, &hash);
    expect(&hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    sha256(two_blocks, strlen(two_blocks), &hash);
    expect(&hash, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    struct sha256 h;
    sha256_init(&h);
    char run[1000];
    memset(run, 'a', sizeof run);
    for (int i = 0; i < 1000; i++) {
        sha256_add(&h, run, sizeof run);
    }
    sha256_end(&h, &hash);
    expect(&hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_pieces_and_copies(void **state)
{
    (void)state;
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    struct hash whole;
    sha256(bytes, sizeof bytes, &whole);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        struct sha256 h;
        struct hash hash;
        sha256_init(&h);
        sha256_add(&h, bytes, cut);
        struct sha256 copy = h;
        sha256_add(&h, bytes + cut, sizeof bytes - cut);
        sha256_end(&h, &hash);
        assert_true(hash_eq(&hash, &whole));
        sha256_add(&copy, bytes + cut, sizeof bytes - cut);
        sha256_end(&copy, &hash);
        assert_true(hash_eq(&hash, &whole));
    }
}

static void test_equality(void **state)
{
    (void)state;
    struct hash a;
    sha256("a", 1, &a);
    struct hash b = a;
    assert_true(hash_eq(&a, &b));
    assert_true(hash_eq_secret(&a, &b));
    for (size_t i = 0; i < sizeof b.bytes; i++) {
        b = a;
        b.bytes[i] ^= 0x80;
        assert_false(hash_eq(&a, &b));
        assert_false(hash_eq_secret(&a, &b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_pieces_and_copies),
        cmocka_unit_test(test_equality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
