/* crc32c_test.c - the vectors of RFC 3720 appendix B.4, and fast against plain
 * against one bit at a time.
 */
#include "codec/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/rng.h"

static uint32_t bit_by_bit(uint32_t crc, const uint8_t *at, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
        }
    }
    return ~crc;
}

static void expect(const void *bytes, size_t len, uint32_t crc)
{
    assert_int_equal(crc32c(0, bytes, len), crc);
    assert_int_equal(crc32c_plain(0, bytes, len), crc);
}

static void test_vectors(void **state)
{
    (void)state;
    uint8_t bytes[32];
    memset(bytes, 0, sizeof bytes);
    expect(bytes, sizeof bytes, 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    expect(bytes, sizeof bytes, 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++) {
        bytes[i] = i;
    }
    expect(bytes, sizeof bytes, 0x46dd794e);
    for (uint8_t i = 0; i < 32; i++) {
        bytes[i] = (uint8_t)(31 - i);
    }
    expect(bytes, sizeof bytes, 0x113fdb5c);
    expect("123456789", 9, 0xe3069283);
    expect(NULL, 0, 0);
}

static void test_all_ways_agree(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 7);
    uint8_t bytes[600];
    rng_fill(&rng, bytes, sizeof bytes);
    for (size_t len = 0; len < 520; len++) {
        const uint8_t *at = bytes + rng_below(&rng, 64);
        uint32_t begin = (uint32_t)rng_next(&rng);
        uint32_t crc = bit_by_bit(begin, at, len);
        assert_int_equal(crc32c(begin, at, len), crc);
        assert_int_equal(crc32c_plain(begin, at, len), crc);
        if (len > 0 && len % 8 == 0) {
            assert_int_equal(crc32c_words(begin, at, len / 8), crc);
        }
        size_t cut = (size_t)rng_below(&rng, len + 1);
        assert_int_equal(crc32c(crc32c(begin, at, cut), at + cut, len - cut), crc);
        assert_int_equal(crc32c_plain(crc32c_plain(begin, at, cut), at + cut, len - cut), crc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_all_ways_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
