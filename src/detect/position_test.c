/* position_test.c - positions: what is the same, and how well contradictions are told from
 * what merely differs, on a labelled set and beside the trivial rule.
 *
 * contradiction_cases.tsv was there while the words and rules were made. The pairs of
 * contradiction_heldout.tsv were made from other words and were not looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "detect/position.h"
#include "detect/subject.h"

struct fixture {
    struct lexicon lexicon;
};

static int set_up(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);
    lexicon_init(&f->lexicon);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    lexicon_deinit(&f->lexicon);
    mem_free(f);
    return 0;
}

static enum position_reason reason(const struct fixture *f, const char *a, const char *b)
{
    struct position left, right;
    position_parse(&f->lexicon, str_of(a), &left);
    position_parse(&f->lexicon, str_of(b), &right);
    enum position_reason one = position_compare(&left, &right);
    assert_int_equal(one, position_compare(&right, &left));
    return one;
}

static bool same(const struct fixture *f, const char *a, const char *b)
{
    struct position left, right;
    position_parse(&f->lexicon, str_of(a), &left);
    position_parse(&f->lexicon, str_of(b), &right);
    return position_same(&left, &right);
}

static void test_same(void **state)
{
    const struct fixture *f = *state;
    assert_true(same(f, "60 s", "1 minute"));
    assert_true(same(f, "Enabled", "is on"));
    assert_true(same(f, "not enabled", "disabled"));
    assert_true(same(f, "1,000", "one thousand"));
    assert_true(same(f, "10-20 MB", "10 MB to 20 MB"));
    assert_false(same(f, "10", "11"));
    assert_false(same(f, "slow and small", "fast and big"));
    assert_false(same(f, "red", "not red"));
    assert_false(same(f, "Ann says red", "red"));
    assert_false(same(f, "red until 2010", "red"));
}

static void test_reasons(void **state)
{
    const struct fixture *f = *state;
    assert_int_equal(reason(f, "works", "does not work"), REASON_NEGATION);
    assert_int_equal(reason(f, "reliable", "unreliable"), REASON_ANTONYM);
    assert_int_equal(reason(f, "5 km", "6 km"), REASON_NUMBER);
    assert_int_equal(reason(f, "A is before B", "B is before A"), REASON_ORDER);
    assert_int_equal(reason(f, "signed in 1648", "signed in 1658"), REASON_DATE);
    assert_int_equal(reason(f, "red", "blue"), REASON_VALUE);
    assert_int_equal(reason(f, "", "red"), REASON_NONE);
    assert_int_equal(reason(f, "unknown", "red"), REASON_NONE);
    assert_string_equal(position_reason_word(REASON_VALUE), "other_value");
}

static void test_intervals(void **state)
{
    const struct fixture *f = *state;
    assert_int_equal(reason(f, "< 10", "10"), REASON_NUMBER);
    assert_int_equal(reason(f, "<= 10", "10"), REASON_NONE);
    assert_int_equal(reason(f, "at most 10", "at least 10"), REASON_NONE);
    assert_int_equal(reason(f, "at most 10", "at least 11"), REASON_NUMBER);
    assert_int_equal(reason(f, "18-30", "30-40"), REASON_NONE);
    assert_int_equal(reason(f, "18-29", "30-40"), REASON_NUMBER);
    assert_int_equal(reason(f, "-5", "5"), REASON_NUMBER);
    assert_int_equal(reason(f, "0 °C", "273.15 K"), REASON_NONE);
    assert_int_equal(reason(f, "1e400 s", "2 s"), REASON_NONE); /* not a number we know */
}

struct score {
    int right[2], wrong[2]; /* by label: contradiction, none */
};

static void print_score(const char *name, const struct score *s, double *out_precision,
                        double *out_recall)
{
    int found = s->right[0] + s->wrong[1], real = s->right[0] + s->wrong[0];
    *out_precision = found == 0 ? 0 : (double)s->right[0] / found;
    *out_recall = real == 0 ? 0 : (double)s->right[0] / real;
    print_message("# %-28s precision %.3f recall %.3f (%d of %d, %d false)\n", name,
                  *out_precision, *out_recall, s->right[0], real, s->wrong[1]);
}

static void judge(const struct fixture *f, char *fields[5], struct score *ours,
                  struct score *trivial)
{
    struct subject subject;
    int none = fields[0][0] == 'N';
    subject_read(&f->lexicon, str_of(fields[2]), &subject);
    bool found = subject.kind == PREDICATE_FUNCTIONAL &&
                 reason(f, fields[3], fields[4]) != REASON_NONE;
    bool differs = strcmp(fields[3], fields[4]) != 0;
    ours->right[none] += found != none;
    ours->wrong[none] += found == none;
    trivial->right[none] += differs != none;
    trivial->wrong[none] += differs == none;
}

static void run_cases(const struct fixture *f, const char *name, int pairs_min, double precision,
                      double recall)
{
    const char *root = getenv("NEXUS_SOURCE");
    char path[1024], line[4096];
    struct score ours = {{0}, {0}}, trivial = {{0}, {0}};
    double trivial_precision, trivial_recall, our_precision, our_recall;
    int pairs = 0;
    if (root == NULL) {
        print_message("# NEXUS_SOURCE is not set: the labelled pairs are not found\n");
        skip();
    }
    (void)snprintf(path, sizeof path, "%s/src/detect/%s", root, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* the heads of the columns */
    while (fgets(line, sizeof line, file) != NULL) {
        char *fields[5], *rest = line;
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < 5; i++) {
            assert_non_null(rest);
            fields[i] = rest;
            rest = strchr(rest, '\t');
            if (rest != NULL) {
                *rest++ = '\0';
            }
        }
        judge(f, fields, &ours, &trivial);
        pairs++;
    }
    (void)fclose(file);
    print_message("# %s: %d pairs\n", name, pairs);
    print_score("same topic, other string", &trivial, &trivial_precision, &trivial_recall);
    print_score("detector", &ours, &our_precision, &our_recall);
    assert_true(pairs >= pairs_min);
    assert_true(our_precision >= precision);
    assert_true(our_recall >= recall);
    assert_true(our_precision > trivial_precision);
}

static void test_labelled(void **state)
{
    run_cases(*state, "contradiction_cases.tsv", 200, 0.95, 0.85);
}

static void test_held_out(void **state)
{
    run_cases(*state, "contradiction_heldout.tsv", 100, 0.95, 0.85);
}

static void test_subjects(void **state)
{
    const struct fixture *f = *state;
    struct subject a, b;
    subject_read(&f->lexicon, STR("  Lease-Length / See_Also "), &a);
    subject_read(&f->lexicon, STR("lease length / see also"), &b);
    assert_true(str_eq(str_n(a.text, a.len), str_n(b.text, b.len)));
    assert_true(str_is(a.predicate, "see also"));
    assert_int_equal(a.kind, PREDICATE_ADDITIVE);
    subject_read(&f->lexicon, STR("document"), &a);
    assert_int_equal(a.kind, PREDICATE_STRUCTURAL);
    subject_read(&f->lexicon, STR("paper: authors"), &a);
    assert_int_equal(a.kind, PREDICATE_ADDITIVE);
    subject_read(&f->lexicon, STR_NONE, &a);
    assert_int_equal(a.len, 0);
}

/* The table is data: an entry can be set. */
static void test_predicates(void **state)
{
    struct fixture *f = *state;
    struct subject a;
    lexicon_set_predicate(&f->lexicon, STR("colour"), PREDICATE_ADDITIVE);
    lexicon_set_predicate(&f->lexicon, STR("tags"), PREDICATE_FUNCTIONAL);
    subject_read(&f->lexicon, STR("car / colour"), &a);
    assert_int_equal(a.kind, PREDICATE_ADDITIVE);
    subject_read(&f->lexicon, STR("car / tags"), &a);
    assert_int_equal(a.kind, PREDICATE_FUNCTIONAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reasons, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_intervals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_labelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_held_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_subjects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_predicates, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
