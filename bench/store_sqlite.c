/* store_sqlite.c - SQLite: one table with three indexes, prepared statements.
 *
 * Durable: WAL and synchronous=FULL. Not durable: synchronous=OFF. One process uses the
 * file, so it holds its lock for good (locking_mode=EXCLUSIVE), which saves system calls.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "store.h"

enum { BEGIN, COMMIT, INSERT, GET, SCAN, STATEMENTS };
static const char *const statements[STATEMENTS] = {
    "BEGIN IMMEDIATE",
    "COMMIT",
    "INSERT INTO facts(id, at_ms, origin, creator, content) VALUES(?1, ?2, ?3, ?4, ?5)",
    "SELECT content FROM facts WHERE id = ?1",
    "SELECT seq FROM facts ORDER BY origin, at_ms",
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENTS];
};

static void must(struct store *store, int rc, int want)
{
    if (rc != want) {
        die("SQLite: %s", sqlite3_errmsg(store->db));
    }
}

static void run(struct store *store, const char *sql)
{
    must(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static struct store *open_db(const char *dir, bool durable)
{
    struct store *store = calloc(1, sizeof *store);
    struct path path = path_join(dir, "db");
    if (store == NULL) {
        die("no memory");
    }
    must(store, sqlite3_open(path.at, &store->db), SQLITE_OK);
    run(store, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL");
    run(store, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
    run(store, "PRAGMA cache_size=-262144; PRAGMA mmap_size=4294967296;"
               "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000");
    run(store, "CREATE TABLE facts(seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
               " at_ms INTEGER, origin INTEGER, creator INTEGER, content TEXT);"
               "CREATE INDEX facts_origin ON facts(origin, at_ms);"
               "CREATE INDEX facts_creator ON facts(creator, at_ms)");
    for (int i = 0; i < STATEMENTS; i++) {
        must(store,
             sqlite3_prepare_v3(store->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                                &store->prepared[i], NULL),
             SQLITE_OK);
    }
    return store;
}

static void step(struct store *store, int which)
{
    must(store, sqlite3_step(store->prepared[which]), SQLITE_DONE);
    sqlite3_reset(store->prepared[which]);
}

static void begin(struct store *store)
{
    step(store, BEGIN);
}

static void put(struct store *store, const struct fact *fact)
{
    sqlite3_stmt *insert = store->prepared[INSERT];
    sqlite3_bind_blob(insert, 1, fact->id, sizeof fact->id, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 2, fact->at_ms);
    sqlite3_bind_int(insert, 3, fact->origin);
    sqlite3_bind_int(insert, 4, fact->creator);
    sqlite3_bind_text(insert, 5, fact->content, fact->content_len, SQLITE_STATIC);
    step(store, INSERT);
}

static void commit(struct store *store)
{
    step(store, COMMIT);
}

static void key_of(struct store *store, const struct fact *facts, size_t index, uint8_t out[32])
{
    (void)store;
    memcpy(out, facts[index].id, 32);
}

static uint64_t get(struct store *store, const uint8_t *keys, size_t count)
{
    uint64_t sum = 0;
    sqlite3_stmt *select = store->prepared[GET];
    step(store, BEGIN);
    for (size_t i = 0; i < count; i++) {
        sqlite3_bind_blob(select, 1, keys + 32 * i, 32, SQLITE_STATIC);
        must(store, sqlite3_step(select), SQLITE_ROW);
        sum += ((const uint8_t *)sqlite3_column_blob(select, 0))[0];
        sqlite3_reset(select);
    }
    step(store, COMMIT);
    return sum;
}

static uint64_t scan(struct store *store)
{
    uint64_t count = 0, sum = 0;
    sqlite3_stmt *select = store->prepared[SCAN];
    while (sqlite3_step(select) == SQLITE_ROW) {
        sum += (uint64_t)sqlite3_column_int64(select, 0);
        count++;
    }
    sqlite3_reset(select);
    return sum == 0 ? 0 : count;
}

static void close_db(struct store *store)
{
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(store->prepared[i]);
    }
    sqlite3_close(store->db);
    free(store);
}

const struct store_kind store_sqlite = {
    .name = "SQLite",
    .open = open_db,
    .begin = begin,
    .put = put,
    .commit = commit,
    .key = key_of,
    .get = get,
    .scan = scan,
    .close = close_db,
};
