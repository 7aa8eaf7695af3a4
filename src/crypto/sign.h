/* sign.h - Ed25519 signatures (RFC 8032) through libcrypto. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct sign_key {
    uint8_t seed[32]; /* the private key */
    uint8_t public[32];
};
struct signature {
    uint8_t bytes[64];
};

/* Derives the public key from key->seed, which the host filled with randomness. */
MUST_USE bool sign_key_from_seed(struct sign_key *key);
MUST_USE bool sign_make(const struct sign_key *key, struct str message,
                        struct signature *out_signature);
MUST_USE bool sign_verify(const uint8_t public_key[32], struct str message,
                          const struct signature *signature);
