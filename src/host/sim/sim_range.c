/* sim_range.c - seeds in a child process, reports through a pipe.
 *
 * The child runs seed after seed and writes one report for each. When it ends early, the
 * seed without a report is the one that failed, and a new child goes on behind it.
 */
#include "host/sim/sim_range.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEED_SECONDS_MAX 120u /* a seed that takes longer hangs */

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

static _Noreturn void child(const struct sim_range *range, uint64_t first, int fd)
{
    struct sim_options options = range->options;
    for (options.seed = first; options.seed <= range->last; options.seed++) {
        struct sim_report report;
        alarm(SEED_SECONDS_MAX);
        sim_run(&options, &report);
        if (!write_all(fd, &report, sizeof report)) {
            _exit(1);
        }
        if (options.seed == UINT64_MAX || (report.failed && range->first_failure)) {
            break;
        }
    }
    _exit(0);
}

static void add(struct sim_totals *t, const struct sim_report *report)
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
    ADD(calls);
#undef ADD
    t->seeds++;
    t->failed += report->failed;
    t->digest = (t->digest ^ report->digest) * 0x9e3779b97f4a7c15ull;
    t->digest ^= t->digest >> 29;
}

static void died(const struct sim_range *range, uint64_t seed, int status, struct sim_totals *t)
{
    char why[96];
    const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    (void)snprintf(why, sizeof why, "the program ended (%s)",
                   number == SIGALRM ? "it hung"
                   : number != 0     ? strsignal(number)
                                     : "by itself");
    t->seeds++;
    t->failed++;
    range->failed(range->context, seed, why);
}

/* Runs seeds from *seed on in one child; leaves the first one not yet run there. */
static enum err run_some(const struct sim_range *range, uint64_t *seed, struct sim_totals *t)
{
    int fds[2];
    if (pipe(fds) != 0) {
        return ERR_IO;
    }
    (void)fflush(NULL); /* or the child would write it again */
    const pid_t pid = fork();
    if (pid < 0) {
        close(fds[0]);
        close(fds[1]);
        return ERR_IO;
    }
    if (pid == 0) {
        close(fds[0]);
        child(range, *seed, fds[1]);
    }
    close(fds[1]);
    struct sim_report report;
    while (*seed <= range->last && read_all(fds[0], &report, sizeof report)) {
        add(t, &report);
        if (report.failed) {
            range->failed(range->context, *seed, report.why);
        }
        ++*seed;
    }
    close(fds[0]);
    int status = 0;
    (void)waitpid(pid, &status, 0);
    if (*seed <= range->last && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        died(range, *seed, status, t);
        ++*seed;
    }
    return ERR_OK;
}

enum err sim_range_run(const struct sim_range *range, struct sim_totals *out_totals)
{
    *out_totals = (struct sim_totals){0};
    enum err err = ERR_OK;
    for (uint64_t seed = range->first;
         err == ERR_OK && seed <= range->last && seed >= range->first;) {
        err = run_some(range, &seed, out_totals);
        if (range->first_failure && out_totals->failed > 0) {
            break;
        }
    }
    return err;
}
