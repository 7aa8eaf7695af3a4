/* daemon_bench.c - what nexusd costs while nobody asks it anything, and how soon it can.
 *
 *     daemon_bench DIR NEXUSD [IDLE-SECONDS]
 *
 * Start to ready is the time from fork until /readyz answers 200, on an empty store, which
 * is asked every 0.2 ms. CPU time comes from the scheduler (schedstat), in nanoseconds, of
 * all threads of the process.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon.h"
#include "measure.h"

#define STARTS 20u

static uint64_t resident_bytes(pid_t pid)
{
    char name[64];
    unsigned long long all, resident;
    snprintf(name, sizeof name, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(name, "r");
    if (file == NULL || fscanf(file, "%llu %llu", &all, &resident) != 2) {
        die("%s: %s", name, strerror(errno));
    }
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t cpu_ns(pid_t pid)
{
    char name[64];
    uint64_t sum = 0;
    snprintf(name, sizeof name, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(name);
    if (dir == NULL) {
        die("%s: %s", name, strerror(errno));
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct path task = path_join(name, entry->d_name);
        struct path stat = path_join(task.at, "schedstat");
        unsigned long long ns;
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(stat.at, "r");
        if (file != NULL) {
            sum += fscanf(file, "%llu", &ns) == 1 ? ns : 0;
            fclose(file);
        }
    }
    closedir(dir);
    return sum;
}

int main(int argc, char **argv)
{
    static const char *const heads[] = {"work", "ours", "target", "met"};
    struct daemon daemon;
    struct table table;
    uint64_t starts[STARTS];
    if (argc < 3) {
        die("usage: daemon_bench DIR NEXUSD [IDLE-SECONDS]");
    }
    unsigned seconds = argc > 3 ? (unsigned)number_of(argv[3]) : 10;
    if (mkdir(argv[1], 0700) != 0 && errno != EEXIST) {
        die("%s: %s", argv[1], strerror(errno));
    }
    struct path data = path_join(argv[1], "daemon");
    for (size_t i = 0; i < STARTS; i++) {
        starts[i] = daemon_start(&daemon, argv[2], data.at);
        if (i + 1 < STARTS) {
            daemon_stop(&daemon);
        }
    }
    usleep(500000); /* what starting left to do */
    uint64_t before = cpu_ns(daemon.pid);
    sleep(seconds);
    double cpu = (double)(cpu_ns(daemon.pid) - before) / 1e9 / seconds;
    double resident = (double)resident_bytes(daemon.pid) / 1e6;
    daemon_stop(&daemon);
    dir_remove(data.at);

    double start_ms = (double)median(starts, STARTS) / 1e6;
    table_init(&table, heads, 4);
    size_t row = table_row(&table, "idle daemon: resident memory");
    table_cell(&table, row, 1, "%.1f MB", resident);
    table_cell(&table, row, 2, "≤ 12 MB");
    table_met(&table, row, 3, resident <= 12);
    row = table_row(&table, "idle daemon: CPU");
    table_cell(&table, row, 1, "%.3f %% over %u s", cpu * 100, seconds);
    table_cell(&table, row, 2, "≤ 0.1 %%");
    table_met(&table, row, 3, cpu <= 0.001);
    row = table_row(&table, "start to ready, empty store");
    table_cell(&table, row, 1, "%.1f ms (median of %u, slowest %.1f)", start_ms, STARTS,
               (double)starts[STARTS - 1] / 1e6);
    table_cell(&table, row, 2, "≤ 50 ms");
    table_met(&table, row, 3, start_ms <= 50);
    table_print(&table);
    return 0;
}
