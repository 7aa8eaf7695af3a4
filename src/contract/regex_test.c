/* regex_test.c - what matches, what is refused, and that no pattern takes long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "contract/regex.h"

static bool matches(const char *pattern, const char *text)
{
    struct arena arena = {0};
    const char *cause = NULL;
    size_t offset = 0;
    const struct regex *regex = regex_compile(&arena, str_of(pattern), &cause, &offset);
    if (regex == NULL) {
        fail_msg("%s: %s at %zu", pattern, cause, offset);
    }
    bool found = regex_search(regex, str_of(text));
    arena_deinit(&arena);
    return found;
}

static void test_matches(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *yes, *no;
    } cases[] = {
        {"abc", "xxabcxx", "ab c"},
        {"^abc$", "abc", "abcd"},
        {"^a.c$",
         "a\xc3\xa4"
         "c",
         "a\nc"},
        {"^(?:a|bc)*$", "abcbca", "abcb"},
        {"^a{2,3}$", "aaa", "aaaa"},
        {"^a{2}$", "aa", "a"},
        {"^a{2,}$", "aaaaa", "a"},
        {"^a{0,1}b$", "b", "aab"},
        {"^(ab){2}$", "abab", "ab"},
        {"^[a-c^x-]+$", "b^x-", "d"},
        {"^[^a-c]+$", "xyz\xe2\x82\xac", "xaz"},
        {"^[]a]+$", "]a", "b"},
        {"^\\d+\\.\\d*$", "12.", "12,"},
        {"^\\w\\W\\s\\S\\D$", "_! xy", "_!xxy"},
        {"\\bfoo\\b", "a foo b", "a food b"},
        {"o\\B", "foo", "o"},
        {"(?i)HeLLo[a-c]", "hEllOB", "hello"},
        {"(?s)a.b", "a\nb", "ab"},
        {"(?m)^b$", "a\nb\nc", "a\nbc"},
        {"^\\x41\\x{e9}$", "A\xc3\xa9", "A\xe9"},
        {"\\Aab\\z", "ab", "cab"},
        {"^a+?b*?$", "aab", "c"},
        {"^\\^\\$\\(\\)\\[\\]\\{\\}\\|\\*\\+\\?\\.\\/$", "^$()[]{}|*+?./", "^"},
        {"^(a|)$", "", "b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!matches(cases[i].pattern, cases[i].yes) || matches(cases[i].pattern, cases[i].no)) {
            fail_msg("%s", cases[i].pattern);
        }
    }
    assert_true(matches("", ""));
    assert_true(matches("", "abc"));
    assert_false(matches("a", ""));
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "(",
        ")",
        "[a",
        "a**",
        "*a",
        "a{3,2}",
        "a{1001}",
        "\\1",
        "(?P<n>a)",
        "(?=a)",
        "\\q",
        "\\",
        "[z-a]",
        "(?x)a",
        "\\x{zz}",
        "[[:alpha:]]",
        "\xff",
        "a{400}{400}",
        "((a{50}){50}){50}",
        "((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))",
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct arena arena = {0};
        const char *cause = NULL;
        size_t offset = 0;
        if (regex_compile(&arena, str_of(patterns[i]), &cause, &offset) != NULL) {
            fail_msg("%s", patterns[i]);
        }
        assert_non_null(cause);
        assert_true(offset <= strlen(patterns[i]));
        arena_deinit(&arena);
    }
}

/* Where a backtracking engine would take 2^30 steps. */
static void test_linear(void **state)
{
    (void)state;
    assert_false(matches("^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
    assert_true(matches("^(a?){30}a{30}$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    assert_false(matches("(x+x+)+y", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
