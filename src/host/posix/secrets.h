/* secrets.h - what the data directory keeps for itself, mode 0600, made once.
 *
 *     admin.token     "nx_" and 43 characters, the administrator's credential
 *     keys/tree.key   the Ed25519 seed that signs tree heads, 64 hex digits
 *     keys/tree.pub   its public key, for those who verify
 */
#pragma once
#include "base/err.h"
#include "base/io.h"
#include "crypto/sha256.h"
#include "crypto/sign.h"

struct secrets {
    struct hash admin_token_hash;
    struct sign_key tree_key;
    bool was_open; /* others could read a secret file; it is closed now */
};

MUST_USE enum err secrets_load(const struct io *io, const char *dir, struct secrets *out_secrets,
                               struct trail *trail);
