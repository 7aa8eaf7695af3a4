/* sha256.h - SHA-256 (FIPS 180-4) through OpenSSL's libcrypto. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct hash {
    uint8_t bytes[32];
};

struct sha256 {
    _Alignas(16) uint8_t opaque[128];
};

void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *bytes, size_t len);
void sha256_end(struct sha256 *h, struct hash *out_hash);
void sha256(const void *bytes, size_t len, struct hash *out_hash);

static inline bool hash_eq(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
/* Takes as long for equal as for different secrets. */
bool hash_eq_secret(const struct hash *a, const struct hash *b);
