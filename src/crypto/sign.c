/* sign.c - keys are plain bytes; libcrypto's key object lives for one call. Tree
 * heads are signed once per group of records, so its cost does not show.
 *
 * Every function fails closed: whatever libcrypto refuses, for want of memory or
 * because the bytes are no key, the answer is false and nothing was written. */
#include "crypto/sign.h"

#include <openssl/evp.h>

#include "base/check.h"

/* libcrypto may refuse a NULL message even when it is empty. */
static const unsigned char *bytes_of(struct str message)
{
    CHECK(message.at != NULL || message.len == 0);
    return (const unsigned char *)(message.at == NULL ? "" : message.at);
}

static EVP_PKEY *private_key_new(const struct sign_key *key)
{
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->seed, sizeof key->seed);
}

bool sign_key_from_seed(struct sign_key *key)
{
    EVP_PKEY *pkey = private_key_new(key);
    if (pkey == NULL) {
        return false;
    }
    uint8_t public[sizeof key->public];
    size_t len = sizeof public;
    bool ok = EVP_PKEY_get_raw_public_key(pkey, public, &len) == 1 && len == sizeof public;
    if (ok) {
        memcpy(key->public, public, sizeof public);
    }
    EVP_PKEY_free(pkey);
    return ok;
}

bool sign_make(const struct sign_key *key, struct str message, struct signature *out_signature)
{
    bool ok = false;
    struct signature made;
    size_t len = sizeof made.bytes;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY *pkey = private_key_new(key);
    if (ctx == NULL || pkey == NULL) {
        goto out;
    }
    if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) != 1) {
        goto out;
    }
    ok = EVP_DigestSign(ctx, made.bytes, &len, bytes_of(message), message.len) == 1;
    ok = ok && len == sizeof made.bytes;
    if (ok) {
        *out_signature = made;
    }
out:
    EVP_PKEY_free(pkey);
    EVP_MD_CTX_free(ctx);
    return ok;
}

bool sign_verify(const uint8_t public_key[32], struct str message,
                 const struct signature *signature)
{
    bool ok = false;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
    if (ctx == NULL || pkey == NULL) {
        goto out;
    }
    if (EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) != 1) {
        goto out;
    }
    ok = EVP_DigestVerify(ctx, signature->bytes, sizeof signature->bytes, bytes_of(message),
                          message.len) == 1;
out:
    EVP_PKEY_free(pkey);
    EVP_MD_CTX_free(ctx);
    return ok;
}
