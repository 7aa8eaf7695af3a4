/* nexus_sim.c - the program nexus-sim: lives of a board, one per seed.
 *
 * A failing seed prints the one command that replays it. Exit: 0 all well, 1 a seed
 * failed, 2 wrong usage.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "host/sim/sim_disk.h"
#include "host/sim/sim_range.h"

static int usage(FILE *out)
{
    fputs("usage: nexus-sim --seed N [--steps M] [--verbose] [--stop-at CALL [--cut WORD]]\n"
          "       nexus-sim --seeds A..B [--steps M] [--first-failure]\n"
          "Runs a board with many agents on a machine that fails, and checks every promise.\n"
          "--stop-at: no other fault than the machine's end in that io call; what of the\n"
          "unsynced writes survives it is --cut kept|lost|subset|prefix|all.\n",
          out);
    return out == stdout ? 0 : 2;
}

static bool number(const char *text, uint64_t *out_value)
{
    unsigned long long value = 0;
    const bool good = text != NULL && str_to_u64(str_of(text), &value);
    *out_value = value;
    return good;
}

static bool seed_range(const char *text, struct sim_range *range)
{
    const char *dots = text == NULL ? NULL : strstr(text, "..");
    unsigned long long first = 0;
    if (dots == NULL || !str_to_u64(str_n(text, (size_t)(dots - text)), &first)) {
        return false;
    }
    range->first = first;
    return number(dots + 2, &range->last) && range->first <= range->last &&
           range->last < UINT64_MAX;
}

static bool cut_word(const char *text, enum sim_cut *out_cut)
{
    for (unsigned cut = 0; text != NULL && cut < SIM_CUT_COUNT; cut++) {
        if (strcmp(text, sim_cut_word((enum sim_cut)cut)) == 0) {
            *out_cut = (enum sim_cut)cut;
            return true;
        }
    }
    return false;
}

static void say(const char *line)
{
    fprintf(stderr, "%s\n", line);
}

/* One option with its value; false: not an option, or not a value for it. */
static bool option(const char *name, const char *value, struct sim_range *range, bool *seeds)
{
    if (strcmp(name, "--seed") == 0) {
        *seeds = number(value, &range->first) && range->first < UINT64_MAX;
        range->last = range->first;
        return *seeds;
    }
    if (strcmp(name, "--seeds") == 0) {
        *seeds = seed_range(value, range);
        return *seeds;
    }
    if (strcmp(name, "--steps") == 0) {
        return number(value, &range->options.steps);
    }
    if (strcmp(name, "--stop-at") == 0) {
        return number(value, &range->options.stop_at_call);
    }
    return strcmp(name, "--cut") == 0 && cut_word(value, &range->options.cut);
}

static bool parse(int argc, char **argv, struct sim_range *range)
{
    bool seeds = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0) {
            range->options.say = say;
        } else if (strcmp(argv[i], "--first-failure") == 0) {
            range->first_failure = true;
        } else {
            if (!option(argv[i], i + 1 < argc ? argv[i + 1] : NULL, range, &seeds)) {
                return false;
            }
            i++;
        }
    }
    return seeds;
}

static void print_failure(void *context, uint64_t seed, const char *why)
{
    const struct sim_range *range = context;
    const struct sim_options *options = &range->options;
    printf("FAILED seed %llu: %s\n  replay: nexus-sim --seed %llu", (unsigned long long)seed, why,
           (unsigned long long)seed);
    if (options->steps != 0) {
        printf(" --steps %llu", (unsigned long long)options->steps);
    }
    if (options->stop_at_call != 0) {
        printf(" --stop-at %llu --cut %s", (unsigned long long)options->stop_at_call,
               sim_cut_word(options->cut));
    }
    printf(" --verbose\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct sim_range range = {.failed = print_failure};
    struct sim_totals totals;
    range.context = &range;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        return usage(stdout);
    }
    if (!parse(argc, argv, &range)) {
        return usage(stderr);
    }
    if (sim_range_run(&range, &totals) != ERR_OK) {
        perror("nexus-sim");
        return 1;
    }
    const struct sim_report *sum = &totals.sum;
    printf("%llu seeds, %llu failed: %llu operations, %llu records, %llu claims, "
           "%llu stale refused, %llu crashes, %llu restarts, %llu failed and %llu lying syncs, "
           "%llu flips; digest %016llx\n",
           (unsigned long long)totals.seeds, (unsigned long long)totals.failed,
           (unsigned long long)sum->operations, (unsigned long long)sum->records,
           (unsigned long long)sum->claims, (unsigned long long)sum->stale_refused,
           (unsigned long long)sum->crashes, (unsigned long long)sum->restarts,
           (unsigned long long)sum->sync_fails, (unsigned long long)sum->sync_lies,
           (unsigned long long)sum->flips, (unsigned long long)totals.digest);
    return totals.failed == 0 ? 0 : 1;
}
