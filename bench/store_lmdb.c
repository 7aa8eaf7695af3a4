/* store_lmdb.c - LMDB: id -> value, and two indexes from (number, time) to the id.
 *
 * Durable: the defaults, two flushes a commit. Not durable: MDB_NOSYNC with
 * MDB_WRITEMAP | MDB_MAPASYNC, its quickest setting, in which a stray write of the
 * program can destroy the store; BENCH_LMDB=nosync leaves those two out.
 */
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "store.h"

#define MAP_BYTES ((size_t)8 << 30)

struct store {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi by_id, by_origin, by_creator;
};

static void must(int rc, const char *what)
{
    if (rc != MDB_SUCCESS) {
        die("LMDB: %s: %s", what, mdb_strerror(rc));
    }
}

static struct store *open_env(const char *dir, bool durable)
{
    struct store *store = calloc(1, sizeof *store);
    const char *mode = getenv("BENCH_LMDB");
    bool mapped = mode == NULL || strcmp(mode, "nosync") != 0;
    unsigned flags = durable ? 0 : MDB_NOSYNC | (mapped ? MDB_WRITEMAP | MDB_MAPASYNC : 0u);
    if (store == NULL) {
        die("no memory");
    }
    must(mdb_env_create(&store->env), "create");
    must(mdb_env_set_mapsize(store->env, MAP_BYTES), "mapsize");
    must(mdb_env_set_maxdbs(store->env, 3), "maxdbs");
    must(mdb_env_open(store->env, dir, flags | MDB_NORDAHEAD, 0600), dir);
    must(mdb_txn_begin(store->env, NULL, 0, &store->txn), "begin");
    must(mdb_dbi_open(store->txn, "id", MDB_CREATE, &store->by_id), "open");
    must(mdb_dbi_open(store->txn, "origin", MDB_CREATE, &store->by_origin), "open");
    must(mdb_dbi_open(store->txn, "creator", MDB_CREATE, &store->by_creator), "open");
    must(mdb_txn_commit(store->txn), "commit");
    return store;
}

static void begin(struct store *store)
{
    must(mdb_txn_begin(store->env, NULL, 0, &store->txn), "begin");
}

static void put_index(struct store *store, MDB_dbi dbi, unsigned number, const struct fact *fact,
                      MDB_val *id)
{
    uint8_t bytes[INDEX_KEY_BYTES];
    index_key(number, fact->at_ms, bytes);
    MDB_val key = {sizeof bytes, bytes};
    must(mdb_put(store->txn, dbi, &key, id, 0), "put");
}

static void put(struct store *store, const struct fact *fact)
{
    uint8_t bytes[VALUE_MAX];
    uint8_t id_bytes[32];
    memcpy(id_bytes, fact->id, sizeof id_bytes);
    MDB_val id = {sizeof id_bytes, id_bytes};
    MDB_val value = {value_encode(fact, bytes), bytes};
    must(mdb_put(store->txn, store->by_id, &id, &value, MDB_NOOVERWRITE), "put");
    put_index(store, store->by_origin, fact->origin, fact, &id);
    put_index(store, store->by_creator, fact->creator, fact, &id);
}

static void commit(struct store *store)
{
    must(mdb_txn_commit(store->txn), "commit");
}

static void key_of(struct store *store, const struct fact *facts, size_t index, uint8_t out[32])
{
    (void)store;
    memcpy(out, facts[index].id, 32);
}

static uint64_t get(struct store *store, const uint8_t *keys, size_t count)
{
    uint64_t sum = 0;
    uint8_t id[32];
    must(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->txn), "begin");
    for (size_t i = 0; i < count; i++) {
        memcpy(id, keys + 32 * i, sizeof id);
        MDB_val key = {sizeof id, id};
        MDB_val value;
        must(mdb_get(store->txn, store->by_id, &key, &value), "get");
        sum += ((const uint8_t *)value.mv_data)[VALUE_HEAD];
    }
    mdb_txn_abort(store->txn);
    return sum;
}

static uint64_t scan(struct store *store)
{
    uint64_t count = 0, sum = 0;
    MDB_cursor *cursor;
    MDB_val key, value;
    must(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->txn), "begin");
    must(mdb_cursor_open(store->txn, store->by_origin, &cursor), "cursor");
    int rc;
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        sum += *(const uint8_t *)value.mv_data;
        count++;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(store->txn);
    return sum == 0 ? 0 : count;
}

static void close_env(struct store *store)
{
    mdb_env_close(store->env);
    free(store);
}

const struct store_kind store_lmdb = {
    .name = "LMDB",
    .open = open_env,
    .begin = begin,
    .put = put,
    .commit = commit,
    .key = key_of,
    .get = get,
    .scan = scan,
    .close = close_env,
};
