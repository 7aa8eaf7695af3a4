/* detect_bench.c - what a tick of the detectors costs on boards of many sizes.
 *
 *     detect_bench DIR [facts-at-most]     default 1,000,000
 *
 * For each size: the board is filled, watched, and then TICKS times ten new Facts are
 * committed and looked at. The tick alone is inside the clock: reading the new records,
 * all detectors, and writing what they find. An idle tick is one with nothing to do. After
 * a restart the state is made again from the whole log. Half of
 * the Facts take a position on a topic; one in twenty contradicts an earlier one; a quarter
 * is cited. Time is moved by hand, so that what is due falls due within the ticks.
 */
#include <stdlib.h>
#include <string.h>

#include "detect/detect.h"
#include "host/posix/io_posix.h"
#include "measure.h"

#define TICKS      400u
#define TICK_FACTS 10u
#define IDLE_TICKS 200000u
#define BATCH      500u
#define TICK_MS    100

enum { TICK_MEDIAN = 1, TICK_99, IDLE, OPEN, FINDINGS, BYTES, MET, COLUMNS };

struct bench {
    struct io_posix *host;
    struct board *board;
    struct dice dice;
    uint32_t made;
    char last[ID_TEXT_LEN + 1];
};

static void settle(struct bench *b)
{
    board_flush(b->board);
    while (board_busy(b->board)) {
        if (!io_posix_wait(b->host)) {
            break;
        }
        board_flush(b->board);
    }
}

static void add_fact(struct bench *b)
{
    static const struct actor actor = {{"ann", 3}, ROLE_AGENT};
    char origin[32], topic[32], position[32], content[256];
    uint32_t n = b->made++;
    uint64_t roll = dice_next(&b->dice);
    struct str from = {b->last, ID_TEXT_LEN};
    (void)snprintf(origin, sizeof origin, "doc%u.md", n / 50);
    bool again = roll % 20 == 0 && n > 100;
    (void)snprintf(topic, sizeof topic, "topic %u / length",
                   again ? (uint32_t)(roll >> 32) % (n / 2) : n / 2);
    (void)snprintf(position, sizeof position, "%u ms", n);
    (void)snprintf(content, sizeof content,
                   "fact %u of some words, %llx, as long as what an agent writes down in a line",
                   n, (unsigned long long)roll);
    struct fact_in in = {
        .origin = str_of(origin),
        .content = {STR("text/plain"), str_of(content)},
        .topic = n % 2 == 0 ? str_of(topic) : STR_NONE,
        .position = n % 2 == 0 ? str_of(position) : STR_NONE,
        .from = {&from, n % 4 == 3},
    };
    struct result result;
    board_fact(b->board, &actor, &in, &result);
    if (result.outcome != BOARD_CREATED) {
        die("a fact was refused: %s", result.detail);
    }
    board_id(b->board, result.record, b->last);
}

static void add_facts(struct bench *b, uint32_t count)
{
    for (uint32_t done = 0; done < count; done += BATCH) {
        board_begin(b->board);
        for (uint32_t i = 0; i < BATCH && done + i < count; i++) {
            add_fact(b);
        }
        (void)board_commit(b->board);
        settle(b);
    }
}

static uint64_t idle_tick(struct detect *detect, int64_t now_ms)
{
    uint64_t began = now_ns();
    struct detect_report report;
    for (uint32_t i = 0; i < IDLE_TICKS; i++) {
        detect_step(detect, now_ms, &report);
    }
    return (now_ns() - began) / IDLE_TICKS;
}

static void measure(struct table *table, const char *dir, uint32_t facts)
{
    static uint64_t ticks[TICKS];
    struct bench b = {.dice = {42}};
    struct trail trail = {0};
    struct io_posix_options place = {.dir = dir, .lock = true};
    struct board_options options = {.limits = limits_default(), .skip_sync = true,
                                    .no_checkpoint = true};
    struct detect_options watch = {.settle_ms = 2000};
    struct detect_report report;
    struct detect_counts counts;
    char label[64];
    dir_fresh(dir);
    if (io_posix_new(&b.host, &place, &trail) != ERR_OK ||
        board_open(&b.board, io_posix_io(b.host), &options, NULL, &trail) != ERR_OK) {
        die("%s", trail.text);
    }
    const struct io *io = io_posix_io(b.host);
    add_facts(&b, facts);
    struct detect *detect = detect_open(b.board, &watch);
    int64_t now_ms = io->wall_ms(io->host) + 60000;
    do { /* what settled while the board was filled */
        detect_step(detect, now_ms, &report);
        settle(&b);
    } while (report.more || report.written > 0);
    for (uint32_t i = 0; i < TICKS; i++) {
        add_facts(&b, TICK_FACTS);
        now_ms += TICK_MS; /* ahead of the records: what they began falls due at once */
        uint64_t began = now_ns();
        detect_step(detect, now_ms, &report);
        ticks[i] = now_ns() - began;
        settle(&b);
    }
    detect_step(detect, now_ms + 1, &report);
    settle(&b);
    detect_counts(detect, &counts);
    sort_u64(ticks, TICKS);
    uint64_t middle = percentile(ticks, TICKS, 50), idle = idle_tick(detect, now_ms + 1);
    (void)snprintf(label, sizeof label, "%u facts", facts);
    size_t row = table_row(table, label);
    table_cell(table, row, TICK_MEDIAN, "%.1f µs", (double)middle / 1e3);
    table_cell(table, row, TICK_99, "%.1f µs", (double)percentile(ticks, TICKS, 99) / 1e3);
    table_cell(table, row, IDLE, "%llu ns", (unsigned long long)idle);
    uint64_t found = 0;
    for (size_t i = 0; i < DETECTORS_COUNT; i++) {
        found += counts.written[i];
    }
    table_cell(table, row, FINDINGS, "%llu", (unsigned long long)found);
    table_cell(table, row, BYTES, "%.1f MiB", (double)counts.bytes / (1 << 20));
    table_met(table, row, MET, middle <= 100000 && idle <= 1000);
    detect_close(detect);
    settle(&b);
    uint64_t began = now_ns();
    detect = detect_open(b.board, &watch); /* all is known: the whole log is read */
    table_cell(table, row, OPEN, "%.2f s", (double)(now_ns() - began) / 1e9);
    detect_close(detect);
    board_close(b.board);
    io_posix_stop(b.host);
    io_posix_free(b.host);
    dir_remove(dir);
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {1000, 10000, 100000, 1000000};
    static const char *const heads[COLUMNS] = {
        [0] = "board", [TICK_MEDIAN] = "tick, 10 new", [TICK_99] = "p99", [IDLE] = "idle tick",
        [OPEN] = "after a restart", [FINDINGS] = "findings", [BYTES] = "memory",
        [MET] = "≤ 100 µs and ≤ 1 µs",
    };
    struct table table;
    if (argc < 2) {
        die("usage: detect_bench DIR [facts-at-most]");
    }
    unsigned long most = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000;
    table_init(&table, heads, COLUMNS);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i] <= most) {
            struct path dir = path_join(argv[1], "detect");
            measure(&table, dir.at, sizes[i]);
        }
    }
    table_print(&table);
    return 0;
}
