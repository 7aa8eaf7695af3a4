/* nexus_sim.c - the program nexus-sim: lives of a board, one per seed.
 *
 * Seeds run in a child process, so that a broken belief (CHECK aborts) costs one seed
 * and not the run; the parent only counts and prints. A failing seed prints the one
 * command that replays it. Exit: 0 all well, 1 a seed failed, 2 wrong usage.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "host/sim/sim.h"

#define SEED_SECONDS_MAX 120u /* a seed that takes longer hangs */

struct args {
    uint64_t first, last, steps;
    bool verbose, first_failure;
};

static int usage(void)
{
    fputs("usage: nexus-sim --seed N [--steps M] [--verbose]\n"
          "       nexus-sim --seeds A..B [--steps M] [--first-failure]\n"
          "Runs a board with many agents on a machine that fails, and checks every promise.\n",
          stderr);
    return 2;
}

static bool number(const char *text, uint64_t *out_value)
{
    unsigned long long value = 0;
    const bool good = text != NULL && str_to_u64(str_of(text), &value);
    *out_value = value;
    return good;
}

static bool seed_range(const char *text, struct args *args)
{
    const char *dots = text == NULL ? NULL : strstr(text, "..");
    unsigned long long first = 0;
    if (dots == NULL || !str_to_u64(str_n(text, (size_t)(dots - text)), &first)) {
        return false;
    }
    args->first = first;
    return number(dots + 2, &args->last) && args->first <= args->last;
}

static bool parse(int argc, char **argv, struct args *args)
{
    bool seeds = false;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--verbose") == 0) {
            args->verbose = true;
            continue;
        }
        if (strcmp(argv[i], "--first-failure") == 0) {
            args->first_failure = true;
            continue;
        }
        if (strcmp(argv[i], "--seed") == 0) {
            seeds = number(value, &args->first);
            args->last = args->first;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            seeds = seed_range(value, args);
        } else if (strcmp(argv[i], "--steps") != 0 || !number(value, &args->steps)) {
            return false;
        }
        if (!seeds && strcmp(argv[i], "--steps") != 0) {
            return false;
        }
        i++;
    }
    return seeds;
}

static bool write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        const ssize_t wrote = write(fd, at, len);
        if (wrote <= 0) {
            return false;
        }
        at += wrote;
        len -= (size_t)wrote;
    }
    return true;
}

static bool read_all(int fd, void *bytes, size_t len)
{
    char *at = bytes;
    while (len > 0) {
        const ssize_t got = read(fd, at, len);
        if (got <= 0) {
            return false;
        }
        at += got;
        len -= (size_t)got;
    }
    return true;
}

static void say(const char *line)
{
    fprintf(stderr, "%s\n", line);
}

static void child(const struct args *args, uint64_t first, int fd)
{
    for (uint64_t seed = first; seed <= args->last; seed++) {
        const struct sim_options options = {seed, args->steps, args->verbose ? say : NULL};
        struct sim_report report;
        alarm(SEED_SECONDS_MAX);
        sim_run(&options, &report);
        if (!write_all(fd, &report, sizeof report)) {
            _exit(1);
        }
        if (seed == UINT64_MAX || (report.failed && args->first_failure)) {
            break;
        }
    }
    _exit(0);
}

static void print_failure(const struct args *args, uint64_t seed, const char *why)
{
    printf("FAILED seed %llu: %s\n  replay: nexus-sim --seed %llu", (unsigned long long)seed, why,
           (unsigned long long)seed);
    if (args->steps != 0) {
        printf(" --steps %llu", (unsigned long long)args->steps);
    }
    printf(" --verbose\n");
    fflush(stdout);
}

struct totals {
    struct sim_report sum;
    uint64_t seeds, failed, digest;
};

static void count(struct totals *t, const struct sim_report *report)
{
#define ADD(field) t->sum.field += report->field
    ADD(steps);
    ADD(operations);
    ADD(records);
    ADD(claims);
    ADD(concluded);
    ADD(crashes);
    ADD(restarts);
    ADD(lost);
    ADD(sync_fails);
    ADD(sync_lies);
    ADD(flips);
    ADD(stale_refused);
    ADD(replies);
#undef ADD
    t->digest = (t->digest ^ report->digest) * 0x9e3779b97f4a7c15ull;
    t->digest ^= t->digest >> 29;
}

/* Runs seeds from `first` on in one child; returns the seed after the last that ended. */
static uint64_t run_some(const struct args *args, uint64_t first, struct totals *t)
{
    int pipe_fds[2];
    fflush(stdout);
    if (pipe(pipe_fds) != 0) {
        perror("nexus-sim: pipe");
        exit(1);
    }
    const pid_t pid = fork();
    if (pid < 0) {
        perror("nexus-sim: fork");
        exit(1);
    }
    if (pid == 0) {
        close(pipe_fds[0]);
        child(args, first, pipe_fds[1]);
    }
    close(pipe_fds[1]);
    struct sim_report report;
    uint64_t seed = first;
    for (; seed <= args->last && read_all(pipe_fds[0], &report, sizeof report); seed++) {
        t->seeds++;
        count(t, &report);
        if (report.failed) {
            t->failed++;
            print_failure(args, seed, report.why);
        }
        if (seed == UINT64_MAX) {
            break;
        }
    }
    close(pipe_fds[0]);
    int status = 0;
    (void)waitpid(pid, &status, 0);
    if (seed <= args->last && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        char why[64];
        const int signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        (void)snprintf(why, sizeof why, "the program ended (%s)",
                       signal_number == SIGALRM ? "it hung"
                       : signal_number != 0     ? strsignal(signal_number)
                                                : "by itself");
        print_failure(args, seed, why);
        t->seeds++;
        t->failed++;
        seed++;
    }
    return seed;
}

int main(int argc, char **argv)
{
    struct args args = {0};
    struct totals totals = {0};
    if (!parse(argc, argv, &args)) {
        return usage();
    }
    for (uint64_t seed = args.first; seed <= args.last && seed >= args.first;) {
        seed = run_some(&args, seed, &totals);
        if (args.first_failure && totals.failed > 0) {
            break;
        }
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
