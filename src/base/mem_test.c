/* mem_test.c - memory is never NULL, and arrays grow by doubling.
 */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_alloc(void **state)
{
    (void)state;
    void *nothing = mem_alloc(0);
    assert_non_null(nothing);
    nothing = mem_resize(nothing, 0);
    assert_non_null(nothing);
    mem_free(nothing);
    mem_free(NULL);
    uint8_t *zeros = mem_zalloc(1000);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(zeros[i], 0);
    }
    mem_free(zeros);
}

static void test_grow(void **state)
{
    (void)state;
    uint32_t *items = NULL;
    size_t cap = 0;
    mem_grow(&items, &cap, 0, sizeof *items);
    assert_null(items);
    for (uint32_t i = 0; i < 1000; i++) {
        mem_grow(&items, &cap, i + 1, sizeof *items);
        items[i] = i;
        assert_true(cap >= 16 && cap <= 1024 && (cap & (cap - 1)) == 0);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(items[i], i);
    }
    mem_free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_alloc), cmocka_unit_test(test_grow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
