/* sim_test.c - whole lives under whatever checks this build has (sanitizers above all),
 * and the same life twice. The many seeds are tests/sim_test.sh's. */
#include "host/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SEEDS 40u
#define STEPS 1500u

static struct sim_report live(uint64_t seed)
{
    const struct sim_options options = {.seed = seed, .steps = STEPS};
    struct sim_report report;
    sim_run(&options, &report);
    return report;
}

static void test_seeds(void **state)
{
    (void)state;
    uint64_t operations = 0;
    uint64_t crashes = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const struct sim_report report = live(seed);
        if (report.failed) {
            fail_msg("nexus-sim --seed %llu --steps %u --verbose: %s", (unsigned long long)seed,
                     STEPS, report.why);
        }
        operations += report.operations;
        crashes += report.crashes;
    }
    /* A simulation in which nothing happens proves nothing. */
    assert_true(operations > SEEDS * 50);
    assert_true(crashes > SEEDS);
}

/* One life, stopped once, in each of its io calls in turn. */
static void test_stop_in_every_call(void **state)
{
    (void)state;
    struct sim_options options = {.seed = 10, .steps = 600, .stop_at_call = UINT64_MAX};
    struct sim_report report;
    sim_run(&options, &report);
    assert_false(report.failed);
    const uint64_t calls = report.calls;
    assert_true(calls > 100);
    for (uint64_t call = 1; call <= calls; call++) {
        options.stop_at_call = call;
        options.cut = (enum sim_cut)(call % SIM_CUT_COUNT);
        sim_run(&options, &report);
        if (report.failed) {
            fail_msg("nexus-sim --seed 10 --steps 600 --stop-at %llu --cut %s --verbose: %s",
                     (unsigned long long)call, sim_cut_word(options.cut), report.why);
        }
    }
}

static void test_same_seed_same_bytes(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 105; seed++) {
        const struct sim_report once = live(seed);
        const struct sim_report twice = live(seed);
        assert_int_equal(once.digest, twice.digest);
        assert_int_equal(once.records, twice.records);
        assert_true(once.digest != live(seed + 1).digest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_stop_in_every_call),
        cmocka_unit_test(test_same_seed_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
