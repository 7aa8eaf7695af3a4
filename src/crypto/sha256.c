/* sha256.c - libcrypto's state lies inside the caller's struct, so that hashing
 * allocates nothing and a half-fed state can be copied by assignment. */

/* OpenSSL 3.0 marks the SHA256_* functions as deprecated in favour of EVP, whose
 * set-up (fetching, reference counts, an allocation) costs several times the hash
 * itself for inputs of a few hundred bytes. Nearly every input here is that short:
 * a record, or two hashes of a tree. The one-shot SHA256() goes through EVP too. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/sha256.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/check.h"

static_assert(sizeof(SHA256_CTX) <= sizeof(struct sha256), "the state fits the opaque bytes");
static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct sha256), "and so does its alignment");
static_assert(sizeof(struct hash) == SHA256_DIGEST_LENGTH, "a hash has 32 bytes");

static SHA256_CTX *state_of(struct sha256 *h)
{
    return (SHA256_CTX *)(void *)h->opaque;
}

void sha256_init(struct sha256 *h)
{
    int ok = SHA256_Init(state_of(h));
    CHECK(ok == 1);
}

void sha256_add(struct sha256 *h, const void *bytes, size_t len)
{
    CHECK(bytes != NULL || len == 0);
    if (len > 0) {
        int ok = SHA256_Update(state_of(h), bytes, len);
        CHECK(ok == 1);
    }
}

void sha256_end(struct sha256 *h, struct hash *out_hash)
{
    int ok = SHA256_Final(out_hash->bytes, state_of(h));
    CHECK(ok == 1);
}

void sha256(const void *bytes, size_t len, struct hash *out_hash)
{
    struct sha256 h;
    sha256_init(&h);
    sha256_add(&h, bytes, len);
    sha256_end(&h, out_hash);
}

bool hash_eq_secret(const struct hash *a, const struct hash *b)
{
    return CRYPTO_memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
