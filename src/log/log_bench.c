/* log_bench.c - what the log itself costs, on a disk in memory.
 *
 *     append   frame, checksum, leaf hash and tree, per record
 *     commit   closing the group and the copy to the "disk", per record
 *     open     every checksum and root verified, per record
 *     read     one record by its place, checksum verified, places in random order
 */
#include <stdio.h>
#include <time.h>

#include "base/check.h"
#include "log/log.h"
#include "log/memory_io_test.h"

enum { RECORDS = 1000000, PER_FLUSH = 1000, BODY_BYTES = 115 };

static double now_s(void)
{
    struct timespec t;
    (void)timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void report(const char *what, double seconds)
{
    printf("%-8s %7.1f ns per record, %6.2f s for %d\n", what, seconds * 1e9 / RECORDS, seconds,
           RECORDS);
}

/* Appends all records; returns the time spent in commits. */
static double append_all(struct memory_disk *disk, struct log *log, struct log_place *places)
{
    uint8_t body[BODY_BYTES] = {0};
    double in_commits = 0;
    for (uint32_t i = 0; i < RECORDS; i++) {
        memcpy(body, &i, sizeof i);
        const struct str bodies = str_n(body, sizeof body);
        CHECK(log_append(log, &bodies, 1, &places[i]) == i + 1);
        if ((i + 1) % PER_FLUSH == 0) {
            const double began = now_s();
            log_flush(log);
            memory_run_all(disk);
            in_commits += now_s() - began;
        }
    }
    CHECK(log_durable(log) == RECORDS);
    return in_commits;
}

static void read_all(struct log *log, const struct log_place *places)
{
    uint64_t pick = 1;
    const double began = now_s();
    for (uint32_t i = 0; i < RECORDS; i++) {
        pick = pick * 6364136223846793005u + 1442695040888963407u;
        struct str body;
        CHECK(log_read(log, places[(pick >> 33) % RECORDS], &body));
        CHECK(body.len == BODY_BYTES);
    }
    report("read", now_s() - began);
}

int main(void)
{
    static struct memory_disk disk;
    memory_init(&disk);
    const struct log_options options = {.skip_sync = true};
    struct log_place *places = mem_alloc(RECORDS * sizeof *places);
    struct trail trail = {.len = 0};
    struct log *log;
    CHECK(log_open(&log, &disk.io, &options, NULL, NULL, NULL, NULL, &trail) == ERR_OK);
    double began = now_s();
    const double in_commits = append_all(&disk, log, places);
    report("append", now_s() - began - in_commits);
    report("commit", in_commits);
    log_close(log);

    struct log_report found;
    began = now_s();
    CHECK(log_open(&log, &disk.io, &options, NULL, NULL, NULL, &found, &trail) == ERR_OK);
    report("open", now_s() - began);
    CHECK(found.records == RECORDS);
    read_all(log, places);
    memory_run_all(&disk);
    log_close(log);
    mem_free(places);
    memory_deinit(&disk);
    return 0;
}
