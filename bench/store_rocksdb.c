/* store_rocksdb.c - RocksDB through its C interface: one write batch a commit.
 *
 * Three key spaces, told by the first byte: 'i' id -> value, 'o' and 'c' (number, time)
 * -> id. Durable: sync=1. Not durable: sync=0, the log is still written. Bloom filters
 * of 10 bits, a block cache of 256 MiB, memtables of 64 MiB, no compression.
 */
#include <rocksdb/c.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "store.h"

struct store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_block_based_table_options_t *table;
    rocksdb_cache_t *cache;
    rocksdb_writeoptions_t *write;
    rocksdb_readoptions_t *read;
    rocksdb_writebatch_t *batch;
};

static void must(char *error)
{
    if (error != NULL) {
        die("RocksDB: %s", error);
    }
}

static struct store *open_db(const char *dir, bool durable)
{
    struct store *store = calloc(1, sizeof *store);
    char *error = NULL;
    if (store == NULL) {
        die("no memory");
    }
    store->options = rocksdb_options_create();
    store->table = rocksdb_block_based_options_create();
    store->cache = rocksdb_cache_create_lru((size_t)256 << 20);
    rocksdb_block_based_options_set_block_cache(store->table, store->cache);
    rocksdb_block_based_options_set_filter_policy(store->table,
                                                  rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_options_set_block_based_table_factory(store->options, store->table);
    rocksdb_options_set_create_if_missing(store->options, 1);
    rocksdb_options_increase_parallelism(store->options, 2);
    rocksdb_options_set_write_buffer_size(store->options, (size_t)64 << 20);
    rocksdb_options_set_max_write_buffer_number(store->options, 4);
    rocksdb_options_set_compression(store->options, rocksdb_no_compression);
    rocksdb_options_set_recycle_log_file_num(store->options, 4);
    store->db = rocksdb_open(store->options, dir, &error);
    must(error);
    store->write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(store->write, durable);
    store->read = rocksdb_readoptions_create();
    store->batch = rocksdb_writebatch_create();
    return store;
}

static void begin(struct store *store)
{
    rocksdb_writebatch_clear(store->batch);
}

static void put_index(struct store *store, char space, unsigned number, const struct fact *fact)
{
    uint8_t bytes[1 + INDEX_KEY_BYTES];
    bytes[0] = (uint8_t)space;
    index_key(number, fact->at_ms, bytes + 1);
    rocksdb_writebatch_put(store->batch, (const char *)bytes, sizeof bytes,
                           (const char *)fact->id, sizeof fact->id);
}

static void put(struct store *store, const struct fact *fact)
{
    uint8_t value[VALUE_MAX];
    char id[33] = {'i'};
    memcpy(id + 1, fact->id, 32);
    rocksdb_writebatch_put(store->batch, id, sizeof id, (const char *)value,
                           value_encode(fact, value));
    put_index(store, 'o', fact->origin, fact);
    put_index(store, 'c', fact->creator, fact);
}

static void commit(struct store *store)
{
    char *error = NULL;
    rocksdb_write(store->db, store->write, store->batch, &error);
    must(error);
}

static void key_of(struct store *store, const struct fact *facts, size_t index, uint8_t out[32])
{
    (void)store;
    memcpy(out, facts[index].id, 32);
}

static uint64_t get(struct store *store, const uint8_t *keys, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        char id[33] = {'i'};
        char *error = NULL;
        size_t len = 0;
        memcpy(id + 1, keys + 32 * i, 32);
        rocksdb_pinnableslice_t *slice =
            rocksdb_get_pinned(store->db, store->read, id, sizeof id, &error);
        must(error);
        const char *value = slice == NULL ? NULL : rocksdb_pinnableslice_value(slice, &len);
        if (value == NULL || len <= VALUE_HEAD) {
            die("RocksDB: a fact is missing");
        }
        sum += (uint8_t)value[VALUE_HEAD];
        rocksdb_pinnableslice_destroy(slice);
    }
    return sum;
}

static uint64_t scan(struct store *store)
{
    uint64_t count = 0;
    rocksdb_iterator_t *at = rocksdb_create_iterator(store->db, store->read);
    for (rocksdb_iter_seek(at, "o", 1); rocksdb_iter_valid(at); rocksdb_iter_next(at)) {
        size_t len;
        if (rocksdb_iter_key(at, &len)[0] != 'o') {
            break;
        }
        (void)rocksdb_iter_value(at, &len);
        count += len == 32;
    }
    rocksdb_iter_destroy(at);
    return count;
}

static void close_db(struct store *store)
{
    rocksdb_writebatch_destroy(store->batch);
    rocksdb_readoptions_destroy(store->read);
    rocksdb_writeoptions_destroy(store->write);
    rocksdb_close(store->db);
    rocksdb_options_destroy(store->options);
    rocksdb_block_based_options_destroy(store->table);
    rocksdb_cache_destroy(store->cache);
    free(store);
}

const struct store_kind store_rocksdb = {
    .name = "RocksDB",
    .open = open_db,
    .begin = begin,
    .put = put,
    .commit = commit,
    .key = key_of,
    .get = get,
    .scan = scan,
    .close = close_db,
};
