/* board_bench.c - our board and its peers doing the same work, in one process.
 *
 *     board_bench DIR [commits] [batches] [bulk]      all parts when none is named
 *
 * The stores take turns within a part: a noisy moment of the machine hits all of them.
 * Rates are totals, so whatever a store does now and then (a checkpoint, a compaction, a
 * new segment) is in them. Each part checks what it got before it counts.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "board/board.h"
#include "measure.h"
#include "store.h"

#define COMMITS 20000u
#define BATCHES_FACTS 200000u
#define BULK_FACTS 1000000u
#define BATCH 1000u
#define REPEATS 3u
#define MIB (1ull << 20)

enum { OURS, DIRECT, LMDB, SQLITE, ROCKSDB, STORES };
enum { WORK, FIRST_STORE, RAW = FIRST_STORE + STORES, RATIO, TARGET, MET, COLUMNS };
static const struct store_kind *const kinds[STORES] = {
    [OURS] = &store_ours,     [DIRECT] = &store_direct,   [LMDB] = &store_lmdb,
    [SQLITE] = &store_sqlite, [ROCKSDB] = &store_rocksdb,
};

struct bench {
    const char *dir;
    struct fact *facts;
    struct table table;
};

static struct path store_dir(const struct bench *bench, size_t which)
{
    return path_join(bench->dir, kinds[which]->name);
}

static void stores_open(const struct bench *bench, bool durable, struct store *stores[STORES])
{
    for (size_t i = 0; i < STORES; i++) {
        struct path dir = store_dir(bench, i);
        dir_fresh(dir.at);
        stores[i] = kinds[i]->open(dir.at, durable);
    }
}

static void stores_close(const struct bench *bench, struct store *stores[STORES])
{
    for (size_t i = 0; i < STORES; i++) {
        kinds[i]->close(stores[i]);
        struct path dir = store_dir(bench, i);
        dir_remove(dir.at);
    }
}

static void put_facts(const struct store_kind *kind, struct store *store, const struct fact *facts,
                      size_t count, size_t per_commit)
{
    for (size_t at = 0; at < count; at += per_commit) {
        kind->begin(store);
        for (size_t i = 0; i < per_commit; i++) {
            kind->put(store, &facts[at + i]);
        }
        kind->commit(store);
    }
}

struct load {
    size_t facts, per_commit, rounds;
    bool durable;
};

/* Loads the facts into each store, in turns; ns[STORES] is that of raw. The order within
 * a round is random, because a store also pays for what its predecessor left to the disk. */
static void load_all(const struct bench *bench, const struct load *load,
                     struct store *stores[STORES], uint64_t ns[STORES + 1])
{
    struct dice dice = {3};
    size_t per_round = load->facts / load->rounds;
    struct store_raw *raw = raw_open(bench->dir, load->facts * 400 + MIB);
    memset(ns, 0, (STORES + 1) * sizeof *ns);
    for (size_t round = 0; round < load->rounds; round++) {
        uint32_t *order = dice_order(&dice, STORES + 1);
        for (size_t turn = 0; turn <= STORES; turn++) {
            /* In the first round ours goes before raw, which writes as much as it did. */
            size_t which = round == 0 ? turn : order[turn];
            uint64_t began = now_ns();
            if (which < STORES) {
                put_facts(kinds[which], stores[which], bench->facts + round * per_round, per_round,
                          load->per_commit);
            } else {
                size_t bytes = (size_t)ours_group_bytes(stores[OURS]);
                for (size_t i = 0; i < per_round / load->per_commit; i++) {
                    raw_commit(raw, bytes, load->durable);
                }
            }
            ns[which] += now_ns() - began;
        }
        free(order);
    }
    raw_close(raw);
}

/* One row of rates; returns the best peer's. */
static double rate_row(struct bench *bench, size_t row, size_t count,
                       const uint64_t ns[STORES + 1])
{
    double best = 0;
    for (size_t i = 0; i <= STORES; i++) {
        double rate = (double)count * 1e9 / (double)ns[i];
        table_cell(&bench->table, row, FIRST_STORE + i, "%s", rate_words(rate).at);
        best = i >= LMDB && i < STORES && rate > best ? rate : best;
    }
    return best;
}

static void judge(struct bench *bench, size_t row, bool met, const char *target)
{
    table_cell(&bench->table, row, TARGET, "%s", target);
    table_met(&bench->table, row, MET, met);
}

/* -- durable commits ----------------------------------------------------------------------- */

static void bench_commits(struct bench *bench)
{
    struct store *stores[STORES];
    uint64_t ns[STORES + 1];
    struct load load = {COMMITS, 1, 200, true};
    stores_open(bench, true, stores);
    load_all(bench, &load, stores, ns);
    size_t row = table_row(&bench->table, "20k facts, one durable commit each");
    (void)rate_row(bench, row, COMMITS, ns);
    /* raw has no second thread to hand its bytes to either. */
    double ratio = (double)ns[STORES] / (double)ns[DIRECT];
    table_cell(&bench->table, row, RATIO, "%.0f %% of raw (%.0f %%)", ratio * 100,
               (double)ns[STORES] / (double)ns[OURS] * 100);
    judge(bench, row, ratio >= 0.8, "direct ≥ 80 % of raw");
    stores_close(bench, stores);
}

static void bench_batches(struct bench *bench)
{
    struct store *stores[STORES];
    uint64_t ns[STORES + 1];
    struct load load = {BATCHES_FACTS, BATCH, 40, true};
    stores_open(bench, true, stores);
    load_all(bench, &load, stores, ns);
    size_t row = table_row(&bench->table, "200k facts, 1,000 per durable commit");
    double ours = (double)BATCHES_FACTS * 1e9 / (double)ns[OURS];
    double ratio = ours / rate_row(bench, row, BATCHES_FACTS, ns);
    table_cell(&bench->table, row, RATIO, "%.1f× best peer", ratio);
    judge(bench, row, ratio >= 2, "≥ 2× best peer");
    stores_close(bench, stores);
}

/* -- a million facts ------------------------------------------------------------------------- */

static uint8_t *keys_of(const struct bench *bench, size_t which, struct store *store)
{
    struct dice dice = {11};
    uint32_t *order = dice_order(&dice, BULK_FACTS);
    uint8_t *keys = malloc((size_t)BULK_FACTS * 32);
    if (keys == NULL) {
        die("no memory");
    }
    for (size_t i = 0; i < BULK_FACTS; i++) {
        kinds[which]->key(store, bench->facts, order[i], keys + 32 * i);
    }
    free(order);
    return keys;
}

static uint64_t bench_get(const struct bench *bench, size_t which, struct store *store)
{
    uint64_t want = 0, times[REPEATS];
    uint8_t *keys = keys_of(bench, which, store);
    size_t repeats = which == OURS || which == LMDB ? REPEATS : 1;
    for (size_t i = 0; i < BULK_FACTS; i++) {
        want += (uint8_t)bench->facts[i].content[0];
    }
    for (size_t i = 0; i < repeats; i++) {
        uint64_t began = now_ns();
        uint64_t sum = kinds[which]->get(store, keys, BULK_FACTS);
        times[i] = now_ns() - began;
        if (sum != want) {
            die("%s: the contents differ", kinds[which]->name);
        }
    }
    free(keys);
    return median(times, repeats);
}

static uint64_t bench_scan(size_t which, struct store *store)
{
    uint64_t times[REPEATS];
    for (size_t i = 0; i < REPEATS; i++) {
        uint64_t began = now_ns();
        if (kinds[which]->scan(store) != BULK_FACTS) {
            die("%s: the scan is not complete", kinds[which]->name);
        }
        times[i] = now_ns() - began;
    }
    return median(times, REPEATS);
}

static void bench_reads(struct bench *bench, struct store *stores[STORES])
{
    uint64_t get[STORES], scan[STORES];
    size_t get_row = table_row(&bench->table, "get by id, 1M facts, random, mean");
    size_t scan_row = table_row(&bench->table, "ordered scan of (origin, time)");
    for (size_t i = 0; i < STORES; i++) {
        if (i == DIRECT) {
            continue; /* reads are the same */
        }
        get[i] = bench_get(bench, i, stores[i]);
        scan[i] = bench_scan(i, stores[i]);
        table_cell(&bench->table, get_row, FIRST_STORE + i, "%.0f ns",
                   (double)get[i] / BULK_FACTS);
        table_cell(&bench->table, scan_row, FIRST_STORE + i, "%.1f ns/entry",
                   (double)scan[i] / BULK_FACTS);
    }
    double ratio = (double)get[OURS] / (double)get[LMDB];
    table_cell(&bench->table, get_row, RATIO, "%.2f of LMDB", ratio);
    judge(bench, get_row, ratio <= 0.25, "≤ 1/4 of LMDB");
    table_cell(&bench->table, scan_row, RATIO, "%.2f of LMDB",
               (double)scan[OURS] / (double)scan[LMDB]);
    judge(bench, scan_row, (double)scan[OURS] / BULK_FACTS <= 8.0, "≤ 8 ns/entry");
}

/* -- opening again ----------------------------------------------------------------------------- */

static double seconds_since(uint64_t began)
{
    return (double)(now_ns() - began) / 1e9;
}

static double read_segments(const char *dir)
{
    uint64_t began = now_ns();
    for (unsigned number = 1;; number++) {
        char name[32];
        snprintf(name, sizeof name, "log/%08x.seg", number);
        struct path path = path_join(dir, name);
        if (file_read(path.at) == 0) {
            return seconds_since(began);
        }
    }
}

static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static double reopen(const char *dir, bool checkpoint, size_t *out_heap, uint64_t *out_index)
{
    uint64_t times[REPEATS];
    for (size_t i = 0; i < REPEATS; i++) {
        uint64_t replayed, checkpointed;
        size_t heap = heap_bytes();
        uint64_t began = now_ns();
        struct store *store = ours_reopen(dir, checkpoint, &replayed, &checkpointed);
        times[i] = now_ns() - began;
        *out_heap = heap_bytes() - heap;
        struct board_counts counts;
        board_counts(ours_board(store), &counts);
        *out_index = counts.index_bytes;
        if (counts.facts != BULK_FACTS || (checkpoint ? checkpointed : replayed) != BULK_FACTS) {
            die("ours: reopened with %llu facts", (unsigned long long)counts.facts);
        }
        store_ours.close(store);
    }
    return (double)median(times, REPEATS) / 1e9;
}

static double write_checkpoint(const char *dir)
{
    uint64_t replayed, checkpointed;
    struct trail trail = {0};
    struct store *store = ours_reopen(dir, false, &replayed, &checkpointed);
    uint64_t began = now_ns();
    if (board_checkpoint_now(ours_board(store), &trail) != ERR_OK) {
        die("ours: %s", trail.text);
    }
    double seconds = seconds_since(began);
    store_ours.close(store);
    return seconds;
}

static void bench_reopen(struct bench *bench)
{
    size_t heap, heap_checkpoint;
    uint64_t index, index_checkpoint;
    struct path dir = store_dir(bench, OURS);
    struct path file = path_join(dir.at, "checkpoint");
    double replay = reopen(dir.at, false, &heap, &index);
    double written = write_checkpoint(dir.at);
    double resume = reopen(dir.at, true, &heap_checkpoint, &index_checkpoint);
    double floor = read_segments(dir.at);
    uint64_t began = now_ns();
    (void)file_read(file.at);
    double floor_checkpoint = seconds_since(began);

    size_t row = table_row(&bench->table, "heap per fact beyond its content");
    table_cell(&bench->table, row, FIRST_STORE, "%.0f bytes", (double)heap / BULK_FACTS);
    table_cell(&bench->table, row, RATIO, "indexes %.0f", (double)index / BULK_FACTS);
    judge(bench, row, (double)heap / BULK_FACTS <= 192, "≤ 192 bytes");
    row = table_row(&bench->table, "reopen 1M facts, every checksum verified");
    table_cell(&bench->table, row, FIRST_STORE, "%.2f s", replay);
    table_cell(&bench->table, row, RAW, "%.2f s read()", floor);
    table_cell(&bench->table, row, RATIO, "%.0f× read()", replay / floor);
    judge(bench, row, replay <= 1.5, "≤ 1.5 s");
    row = table_row(&bench->table, "reopen 1M facts from a checkpoint");
    table_cell(&bench->table, row, FIRST_STORE, "%.2f s", resume);
    table_cell(&bench->table, row, RAW, "%.2f s read()", floor_checkpoint);
    table_cell(&bench->table, row, RATIO, "%.0f× read()", resume / floor_checkpoint);
    judge(bench, row, resume <= 0.3, "≤ 0.3 s");
    row = table_row(&bench->table, "writing that checkpoint");
    table_cell(&bench->table, row, FIRST_STORE, "%.2f s", written);
}

static void bench_bulk(struct bench *bench)
{
    struct store *stores[STORES];
    uint64_t ns[STORES + 1];
    struct load load = {BULK_FACTS, BATCH, 100, false};
    stores_open(bench, false, stores);
    load_all(bench, &load, stores, ns);
    size_t row = table_row(&bench->table, "1M facts without sync");
    (void)rate_row(bench, row, BULK_FACTS, ns);
    double ratio = (double)ns[LMDB] / (double)ns[OURS];
    table_cell(&bench->table, row, RATIO, "%.1f× LMDB", ratio);
    judge(bench, row, ratio >= 3, "≥ 3× LMDB");
    ours_settle(stores[OURS]);
    bench_reads(bench, stores);
    for (size_t i = 0; i < STORES; i++) {
        kinds[i]->close(stores[i]);
    }
    bench_reopen(bench);
    for (size_t i = 0; i < STORES; i++) {
        struct path dir = store_dir(bench, i);
        dir_remove(dir.at);
    }
}

static bool wanted(int argc, char **argv, const char *part)
{
    bool found = argc < 3;
    for (int i = 2; i < argc; i++) {
        found = found || strcmp(argv[i], part) == 0;
    }
    if (found) {
        fprintf(stderr, "board: %s ...\n", part);
    }
    return found;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    static const char *const heads[COLUMNS] = {
        "work", "ours", "direct", "LMDB", "SQLite", "RocksDB", "raw", "ratio", "target", "met",
    };
    if (argc < 2 || argv[1][0] == '-') {
        die("usage: board_bench DIR [commits] [batches] [bulk]");
    }
    bench.dir = argv[1];
    if (mkdir(bench.dir, 0700) != 0 && errno != EEXIST) {
        die("%s: %s", bench.dir, strerror(errno));
    }
    bench.facts = facts_make(BULK_FACTS);
    table_init(&bench.table, heads, COLUMNS);
    if (wanted(argc, argv, "commits")) {
        bench_commits(&bench);
    }
    if (wanted(argc, argv, "batches")) {
        bench_batches(&bench);
    }
    if (wanted(argc, argv, "bulk")) {
        bench_bulk(&bench);
    }
    table_print(&bench.table);
    free(bench.facts);
    return 0;
}
