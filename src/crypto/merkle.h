/* merkle.h - Merkle trees of RFC 6962 section 2.1.
 *
 *     leaf(d)      = SHA-256(0x00 || d)
 *     node(l, r)   = SHA-256(0x01 || l || r)
 *     root of {}   = SHA-256("")
 *
 * A tree of n leaves splits at the largest power of two below n. This file has
 * the hashes, the running root ("compact range": one hash per set bit of the
 * size, which is all that appending needs) and the two verifiers; the log keeps
 * the nodes from which proofs are made.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/sha256.h"

#define MERKLE_DEPTH_MAX 64

void merkle_leaf(const void *data, size_t len, struct hash *out_hash);
void merkle_node(const struct hash *left, const struct hash *right, struct hash *out_hash);
void merkle_empty(struct hash *out_hash);

struct merkle_range {
    uint64_t size;                       /* leaves so far */
    struct hash peaks[MERKLE_DEPTH_MAX]; /* peaks[k] valid when bit k of size is set */
};
void merkle_range_add(struct merkle_range *range, const struct hash *leaf);
void merkle_range_root(const struct merkle_range *range, struct hash *out_root);

/* True when `proof` shows that `leaf` is at `index` in the tree of `size`. */
MUST_USE bool merkle_verify_inclusion(uint64_t index, uint64_t size, const struct hash *leaf,
                                      const struct hash *proof, size_t proof_len,
                                      const struct hash *root);
/* True when `proof` shows that the tree of size2 begins with the tree of size1.
 * size1 == 0 is refused: every tree begins with the empty one, so it proves nothing. */
MUST_USE bool merkle_verify_consistency(uint64_t size1, uint64_t size2, const struct hash *root1,
                                        const struct hash *root2, const struct hash *proof,
                                        size_t proof_len);

/* Gives the hash of the perfect subtree at (level, index): leaves
 * index*2^level .. (index+1)*2^level - 1. */
typedef void merkle_fetch(void *context, uint32_t level, uint64_t index, struct hash *out_hash);
/* Writes the inclusion proof of `index` in the tree of the first `size` leaves;
 * returns its length (<= MERKLE_DEPTH_MAX). index < size. */
size_t merkle_prove_inclusion(merkle_fetch *fetch, void *context, uint64_t index, uint64_t size,
                              struct hash out_proof[MERKLE_DEPTH_MAX]);
/* Likewise for consistency, 0 < size1 <= size2; may need up to 2*64 hashes. */
size_t merkle_prove_consistency(merkle_fetch *fetch, void *context, uint64_t size1, uint64_t size2,
                                struct hash out_proof[2 * MERKLE_DEPTH_MAX]);
/* The root of the first `size` leaves. */
void merkle_root_of(merkle_fetch *fetch, void *context, uint64_t size, struct hash *out_root);
