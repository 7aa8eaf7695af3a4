/* merkle.c - RFC 6962 without recursion.
 *
 * A tree of n leaves is looked at level by level: on level k stand the subtrees of
 * 2^k leaves, the last of which may be incomplete ("the edge"). Going up from a
 * node halves its index and the index of the last node. A node with an odd index
 * has its sibling on the left, complete. A node with an even index has it on the
 * right, where it may be the edge, or it is itself the last one, has none, and
 * rises unchanged. Proofs list the siblings from the bottom up.
 *
 * 1. Whatever stands left of the last node of its level is complete, so one fetch
 *    gives its hash.
 * 2. The edge is the fold, from the right, of the complete subtrees that make it
 *    up: one for each bit set in the number of its leaves.
 * 3. A proof is accepted only when it was used up exactly at the root.
 */
#include "crypto/merkle.h"

#include "base/check.h"

void merkle_leaf(const void *data, size_t len, struct hash *out_hash)
{
    struct sha256 h;
    const uint8_t prefix = 0;
    sha256_init(&h);
    sha256_add(&h, &prefix, 1);
    sha256_add(&h, data, len);
    sha256_end(&h, out_hash);
}

void merkle_node(const struct hash *left, const struct hash *right, struct hash *out_hash)
{
    uint8_t bytes[1 + 2 * sizeof left->bytes];
    bytes[0] = 1;
    memcpy(bytes + 1, left->bytes, sizeof left->bytes);
    memcpy(bytes + 1 + sizeof left->bytes, right->bytes, sizeof right->bytes);
    sha256(bytes, sizeof bytes, out_hash);
}

void merkle_empty(struct hash *out_hash)
{
    sha256(NULL, 0, out_hash);
}

/* Like adding one to a binary number: every carry joins two subtrees. */
void merkle_range_add(struct merkle_range *range, const struct hash *leaf)
{
    CHECK(range->size < UINT64_MAX);
    struct hash carry = *leaf;
    uint32_t level = 0;
    while ((range->size >> level & 1) != 0) {
        merkle_node(&range->peaks[level], &carry, &carry);
        level++;
    }
    CHECK(level < MERKLE_DEPTH_MAX);
    range->peaks[level] = carry;
    range->size++;
}

void merkle_range_root(const struct merkle_range *range, struct hash *out_root)
{
    struct hash root;
    bool begun = false;
    for (uint32_t level = 0; level < MERKLE_DEPTH_MAX; level++) {
        if ((range->size >> level & 1) == 0) {
            continue;
        }
        if (begun) {
            merkle_node(&range->peaks[level], &root, &root);
        } else {
            root = range->peaks[level];
            begun = true;
        }
    }
    if (!begun) {
        merkle_empty(&root);
    }
    *out_root = root;
}

/* One step up for a node and the last node of its level. */
static void rise(uint64_t *index, uint64_t *last)
{
    *index >>= 1;
    *last >>= 1;
}

/* A node that is the last of its level and even has no sibling: it rises until it
 * has one on its left, or is the root. */
static void rise_alone(uint64_t *index, uint64_t *last)
{
    while (*index == *last && *index != 0 && (*index & 1) == 0) {
        rise(index, last);
    }
}

bool merkle_verify_inclusion(uint64_t index, uint64_t size, const struct hash *leaf,
                             const struct hash *proof, size_t proof_len, const struct hash *root)
{
    CHECK(proof != NULL || proof_len == 0);
    if (index >= size) {
        return false;
    }
    uint64_t last = size - 1;
    struct hash hash = *leaf;
    for (size_t i = 0; i < proof_len; i++) {
        rise_alone(&index, &last);
        if (last == 0) {
            return false;
        }
        if ((index & 1) != 0) {
            merkle_node(&proof[i], &hash, &hash);
        } else {
            merkle_node(&hash, &proof[i], &hash);
        }
        rise(&index, &last);
    }
    return last == 0 && hash_eq(&hash, root);
}

/* The node from which both trees grow: the largest complete subtree that ends where
 * the first tree ends. Its level is returned, its index and the last one are set. */
static uint32_t common_node(uint64_t size1, uint64_t size2, uint64_t *out_index, uint64_t *out_last)
{
    CHECK(size1 > 0);
    CHECK(size1 <= size2);
    uint32_t level = (uint32_t)__builtin_ctzll(size1);
    *out_index = (size1 - 1) >> level;
    *out_last = (size2 - 1) >> level;
    return level;
}

/* Climbs from the common node, folding `proof` into the roots of both trees. What
 * stands on the left belongs to both, what stands on the right to the second. */
static bool climb_both(uint64_t index, uint64_t last, const struct hash *proof, size_t proof_len,
                       struct hash *root1, struct hash *root2)
{
    for (size_t i = 0; i < proof_len; i++) {
        rise_alone(&index, &last);
        if (last == 0) {
            return false;
        }
        if ((index & 1) != 0) {
            merkle_node(&proof[i], root1, root1);
            merkle_node(&proof[i], root2, root2);
        } else {
            merkle_node(root2, &proof[i], root2);
        }
        rise(&index, &last);
    }
    return last == 0;
}

bool merkle_verify_consistency(uint64_t size1, uint64_t size2, const struct hash *root1,
                               const struct hash *root2, const struct hash *proof, size_t proof_len)
{
    CHECK(proof != NULL || proof_len == 0);
    if (size1 == 0 || size1 > size2) {
        return false;
    }
    if (size1 == size2) {
        return proof_len == 0 && hash_eq(root1, root2);
    }
    uint64_t index;
    uint64_t last;
    (void)common_node(size1, size2, &index, &last);
    /* The first tree is the common node itself: its root is known, not proven. */
    bool whole = index == 0;
    if (!whole && proof_len == 0) {
        return false;
    }
    struct hash hash1 = whole ? *root1 : proof[0];
    struct hash hash2 = hash1;
    size_t skip = whole ? 0 : 1;
    const struct hash *rest = proof_len > skip ? proof + skip : NULL;
    bool used_up = climb_both(index, last, rest, proof_len - skip, &hash1, &hash2);
    return used_up && hash_eq(&hash1, root1) && hash_eq(&hash2, root2);
}

/* The hash of the leaves start .. size-1, where start is a multiple of a power of
 * two that is not less than size - start. */
static void edge_hash(merkle_fetch *fetch, void *context, uint64_t start, uint64_t size,
                      struct hash *out_hash)
{
    CHECK(start < size);
    struct hash hash;
    bool begun = false;
    uint64_t end = size;
    while (end > start) {
        uint32_t level = (uint32_t)__builtin_ctzll(end - start);
        uint64_t width = (uint64_t)1 << level;
        struct hash peak;
        fetch(context, level, (end - width) >> level, &peak);
        if (begun) {
            merkle_node(&peak, &hash, &hash);
        } else {
            hash = peak;
            begun = true;
        }
        end -= width;
    }
    *out_hash = hash;
}

/* Writes the siblings met on the way up from (level, index); returns how many. */
static size_t siblings(merkle_fetch *fetch, void *context, uint32_t level, uint64_t index,
                       uint64_t size, struct hash *out_proof)
{
    size_t len = 0;
    uint64_t last = (size - 1) >> level;
    CHECK(index <= last);
    while (last != 0) {
        uint64_t sibling = index ^ 1;
        if (sibling < last) {
            fetch(context, level, sibling, &out_proof[len++]);
        } else if (sibling == last) {
            edge_hash(fetch, context, last << level, size, &out_proof[len++]);
        }
        rise(&index, &last);
        level++;
    }
    CHECK(len <= MERKLE_DEPTH_MAX);
    return len;
}

size_t merkle_prove_inclusion(merkle_fetch *fetch, void *context, uint64_t index, uint64_t size,
                              struct hash out_proof[MERKLE_DEPTH_MAX])
{
    CHECK(index < size);
    return siblings(fetch, context, 0, index, size, out_proof);
}

size_t merkle_prove_consistency(merkle_fetch *fetch, void *context, uint64_t size1, uint64_t size2,
                                struct hash out_proof[2 * MERKLE_DEPTH_MAX])
{
    CHECK(size1 > 0);
    CHECK(size1 <= size2);
    if (size1 == size2) {
        return 0;
    }
    uint64_t index;
    uint64_t last;
    uint32_t level = common_node(size1, size2, &index, &last);
    size_t len = 0;
    if (index != 0) {
        fetch(context, level, index, &out_proof[len++]);
    }
    return len + siblings(fetch, context, level, index, size2, out_proof + len);
}

void merkle_root_of(merkle_fetch *fetch, void *context, uint64_t size, struct hash *out_root)
{
    if (size == 0) {
        merkle_empty(out_root);
        return;
    }
    edge_hash(fetch, context, 0, size, out_root);
}
