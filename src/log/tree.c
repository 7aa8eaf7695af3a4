/* tree.c - the Merkle tree over the bodies, and its proofs.
 *
 * Kept are the perfect subtrees of level 4 and up: two hashes for 16 records, 4
 * bytes a record. What lies below is computed again from at most eight bodies.
 *
 * Nodes stand in one array in the order in which they become complete. Every 16th
 * leaf completes a *block*; block number m (from 1) completes one node of each of
 * the levels 4 .. 4 + trailing zeros of m. Therefore
 *
 * 1. after m blocks there are 2m - popcount(m) nodes, and
 * 2. node (level, index) was completed by block m = (index + 1) << (level - 4), as
 *    number level - 4 of that block's nodes;
 * 3. the array of an earlier time is a prefix of the array of now.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "log/log_internal.h"

static uint64_t nodes_after(uint64_t blocks)
{
    return 2 * blocks - (uint64_t)__builtin_popcountll(blocks);
}

static uint64_t node_at(uint32_t level, uint64_t index)
{
    CHECK(level >= TREE_LEVEL_MIN);
    const uint32_t up = level - TREE_LEVEL_MIN;
    const uint64_t block = (index + 1) << up;
    return nodes_after(block - 1) + up;
}

void tree_deinit(struct tree *tree)
{
    mem_free(tree->nodes);
    *tree = (struct tree){0};
}

/* Grows by a quarter: the array is the log's largest, doubling would waste most. */
static void reserve(struct tree *tree, size_t need)
{
    if (need > tree->cap) {
        const size_t cap = tree->cap + tree->cap / 4 + 64;
        tree->cap = cap > need ? cap : need;
        tree->nodes = mem_resize(tree->nodes, tree->cap * sizeof *tree->nodes);
    }
}

/* merkle_range_add, which also keeps the nodes it makes. */
void tree_add(struct tree *tree, struct str body)
{
    struct merkle_range *range = &tree->range;
    struct hash hash;
    merkle_leaf(body.at, body.len, &hash);
    uint32_t level = 0;
    while ((range->size >> level & 1) != 0) {
        merkle_node(&range->peaks[level], &hash, &hash);
        level++;
        if (level >= TREE_LEVEL_MIN) {
            reserve(tree, tree->count + 1);
            tree->nodes[tree->count++] = hash;
        }
    }
    CHECK(level < MERKLE_DEPTH_MAX);
    range->peaks[level] = hash;
    range->size++;
}

bool tree_resume(struct tree *tree, const struct log_resume *resume)
{
    CHECK(tree->count == 0);
    if (resume->range.size != resume->seq ||
        resume->tree_nodes_count != nodes_after(resume->seq >> TREE_LEVEL_MIN)) {
        return false;
    }
    for (uint32_t level = TREE_LEVEL_MIN; level < MERKLE_DEPTH_MAX; level++) {
        if ((resume->seq >> level & 1) == 0) {
            continue;
        }
        const uint64_t at = node_at(level, (resume->seq >> level) - 1);
        if (!hash_eq(&resume->tree_nodes[at], &resume->range.peaks[level])) {
            return false;
        }
    }
    tree->range = resume->range;
    if (resume->tree_nodes_count > 0) {
        reserve(tree, resume->tree_nodes_count);
        memcpy(tree->nodes, resume->tree_nodes, resume->tree_nodes_count * sizeof *tree->nodes);
        tree->count = resume->tree_nodes_count;
    }
    return true;
}

struct fetch {
    struct log *log;
    log_locate *locate;
    void *context;
    bool damaged;
};

/* The root of a perfect subtree below the kept levels, from its bodies. */
static void fetch_bodies(struct fetch *f, uint32_t level, uint64_t index, struct hash *out_hash)
{
    CHECK(level < TREE_LEVEL_MIN);
    struct merkle_range range = {.size = 0};
    const uint64_t leaves = (uint64_t)1 << level;
    for (uint64_t i = 0; i < leaves; i++) {
        const struct log_place place = f->locate(f->context, (index << level) + i + 1);
        struct str body = STR_NONE;
        if (!log_read(f->log, place, &body)) {
            f->damaged = true;
            body = STR_NONE;
        }
        struct hash leaf;
        merkle_leaf(body.at, body.len, &leaf);
        merkle_range_add(&range, &leaf);
    }
    *out_hash = range.peaks[level];
}

static void fetch_node(void *context, uint32_t level, uint64_t index, struct hash *out_hash)
{
    struct fetch *f = context;
    const struct tree *tree = &f->log->tree;
    CHECK((index + 1) << level <= tree->range.size);
    if (level < TREE_LEVEL_MIN) {
        fetch_bodies(f, level, index, out_hash);
        return;
    }
    const uint64_t at = node_at(level, index);
    CHECK(at < tree->count);
    *out_hash = tree->nodes[at];
}

void log_root(const struct log *log, struct hash *out_root)
{
    merkle_range_root(&log->tree.range, out_root);
}

size_t log_prove_inclusion(struct log *log, log_locate *locate, void *context, uint64_t seq,
                           uint64_t size, struct hash out_proof[MERKLE_DEPTH_MAX])
{
    CHECK(seq > 0);
    CHECK(seq <= size);
    CHECK(size <= log->head);
    struct fetch f = {.log = log, .locate = locate, .context = context};
    const size_t len = merkle_prove_inclusion(fetch_node, &f, seq - 1, size, out_proof);
    return f.damaged ? SIZE_MAX : len;
}

size_t log_prove_consistency(struct log *log, log_locate *locate, void *context, uint64_t size1,
                             uint64_t size2, struct hash out_proof[2 * MERKLE_DEPTH_MAX])
{
    CHECK(size1 > 0);
    CHECK(size1 <= size2);
    CHECK(size2 <= log->head);
    struct fetch f = {.log = log, .locate = locate, .context = context};
    const size_t len = merkle_prove_consistency(fetch_node, &f, size1, size2, out_proof);
    return f.damaged ? SIZE_MAX : len;
}

bool log_root_at(struct log *log, log_locate *locate, void *context, uint64_t size,
                 struct hash *out_root)
{
    CHECK(size <= log->head);
    struct fetch f = {.log = log, .locate = locate, .context = context};
    struct hash root;
    merkle_root_of(fetch_node, &f, size, &root);
    if (f.damaged) {
        return false;
    }
    *out_root = root;
    return true;
}
