/* arena_test.c - alignment, separate memory, reset.
 */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

#define ITEMS 500u

static void test_memory_is_separate_and_aligned(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct rng rng;
    rng_init(&rng, 5);
    for (int round = 0; round < 5; round++) {
        uint8_t *items[ITEMS];
        size_t sizes[ITEMS];
        for (uint32_t i = 0; i < ITEMS; i++) {
            sizes[i] = rng_below(&rng, i % 100 == 99 ? 2000000 : 5000);
            items[i] = arena_alloc(&arena, sizes[i]);
            assert_int_equal((uintptr_t)items[i] % 16, 0);
            memset(items[i], (int)(i & 0xff), sizes[i]);
        }
        for (uint32_t i = 0; i < ITEMS; i++) {
            for (size_t at = 0; at < sizes[i]; at += 97) {
                assert_int_equal(items[i][at], i & 0xff);
            }
        }
        assert_true(arena.total_bytes > 0);
        arena_reset(&arena);
        assert_int_equal(arena.total_bytes, 0);
    }
    arena_deinit(&arena);
    arena_deinit(NULL);
}

static void test_reset_keeps_a_chunk(void **state)
{
    (void)state;
    struct arena arena = {0};
    arena_reset(&arena);
    char *first = arena_alloc(&arena, 100);
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 3000), first);
    arena_deinit(&arena);
    /* An outsized chunk is not kept. */
    first = arena_alloc(&arena, 8u << 20);
    assert_non_null(first);
    arena_reset(&arena);
    assert_null(arena.chunk);
    arena_deinit(&arena);
}

static void test_text(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct str empty = arena_str(&arena, STR_NONE);
    assert_non_null(empty.at);
    assert_int_equal(empty.at[0], 0);
    const struct str copy = arena_str(&arena, STR("copy"));
    assert_string_equal(copy.at, "copy");
    for (int width = 250; width <= 260; width++) {
        const struct str wide = arena_printf(&arena, "%*d", width, 9);
        assert_int_equal(wide.len, width);
        assert_int_equal(strlen(wide.at), width);
    }
    const uint8_t *zeros = arena_zalloc(&arena, 10000);
    for (size_t i = 0; i < 10000; i++) {
        assert_int_equal(zeros[i], 0);
    }
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_separate_and_aligned),
        cmocka_unit_test(test_reset_keeps_a_chunk),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
