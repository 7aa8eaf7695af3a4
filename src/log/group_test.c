/* group_test.c - a frame is read as it was written, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "log/log_internal.h"

/* Every single bit of a frame counts, also where the body ends in zeros and could pass as
 * a shorter one with padding. */
static void test_every_bit_of_a_frame_counts(void **state)
{
    (void)state;
    const uint64_t position = 3ull << 32 | 4096;
    for (size_t len = 0; len <= 260; len += len < 40 ? 1 : 31) {
        for (size_t zeros = 0; zeros <= len && zeros <= 8; zeros++) {
            uint8_t body[300];
            _Alignas(8) uint8_t frame[320] = {0};
            struct str read;
            memset(body, 'a', sizeof body);
            memset(body + len - zeros, 0, zeros);
            size_t total = frame_encode(position, str_n(body, len), frame);
            assert_true(frame_decode(position, frame, sizeof frame, &read));
            assert_true(str_eq(read, str_n(body, len)));
            assert_false(frame_decode(position + 8, frame, sizeof frame, &read));
            for (size_t bit = 0; bit < total * 8; bit++) {
                frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
                assert_false(frame_decode(position, frame, sizeof frame, &read));
                frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_bit_of_a_frame_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
