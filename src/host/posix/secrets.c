/* secrets.c - reads the secrets of a data directory, making those that are missing.
 *
 * A secret is 32 random bytes. A file that is there but does not hold one is an error
 * and stays as it is: replacing it would lock somebody out.
 */
#include "host/posix/secrets.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "codec/bytes.h"
#include "host/posix/files.h"

#define SECRET_BYTES 32u
#define TOKEN_LEN (3u + 43u)

/* RFC 4648 section 5, without padding, as users paste it. */
static void make_token(const struct io *io, struct buf *out)
{
    uint8_t bytes[SECRET_BYTES];
    io->random(io->host, bytes, sizeof bytes);
    struct buf text = {0};
    base64_encode(&text, bytes, sizeof bytes);
    buf_add_text(out, "nx_");
    for (size_t i = 0; i < text.len && text.at[i] != '='; i++) {
        uint8_t c = text.at[i];
        buf_add_byte(out, c == '+' ? '-' : c == '/' ? '_' : c);
    }
    explicit_bzero(text.at, text.len);
    explicit_bzero(bytes, sizeof bytes);
    buf_deinit(&text);
}

static void make_seed(const struct io *io, struct buf *out)
{
    uint8_t bytes[SECRET_BYTES];
    io->random(io->host, bytes, sizeof bytes);
    uint8_t *hex = buf_reserve(out, 2 * SECRET_BYTES);
    hex_encode(bytes, sizeof bytes, (char *)hex);
    out->len += 2 * SECRET_BYTES;
    explicit_bzero(bytes, sizeof bytes);
}

/* The umask is 077, but a file may have been copied here by other means. */
static void close_to_others(const char *dir, const char *name, bool *out_was_open)
{
    struct buf path = {0};
    buf_printf(&path, "%s/%s", dir, name);
    struct stat st;
    if (lstat(buf_cstr(&path), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
        *out_was_open = true;
        (void)!chmod(buf_cstr(&path), 0600);
    }
    buf_deinit(&path);
}

/* The file's line; made by `make` when there is none. */
static enum err load_line(const struct io *io, const char *name,
                          void (*make)(const struct io *io, struct buf *out), struct buf *out,
                          struct trail *trail)
{
    enum err err = files_read(io, name, 256, out);
    if (err == ERR_NOT_FOUND) {
        make(io, out);
        buf_add_byte(out, '\n');
        err = files_write(io, name, buf_str(out));
    }
    if (err != ERR_OK) {
        return trail_err(trail, err, "%s: %s", name, err_text(err));
    }
    while (out->len > 0 && (out->at[out->len - 1] == '\n' || out->at[out->len - 1] == '\r')) {
        out->len--;
    }
    return ERR_OK;
}

static enum err load_token(const struct io *io, struct secrets *secrets, struct trail *trail)
{
    struct buf line = {0};
    enum err err = load_line(io, "admin.token", make_token, &line, trail);
    if (err == ERR_OK && (line.len != TOKEN_LEN || !str_starts(buf_str(&line), STR("nx_")))) {
        err = trail_err(trail, ERR_INVALID,
                        "admin.token holds no token; move it away, and a new one is made");
    }
    if (err == ERR_OK) {
        sha256(line.at, line.len, &secrets->admin_token_hash);
    }
    if (line.at != NULL) {
        explicit_bzero(line.at, line.cap);
    }
    buf_deinit(&line);
    return err;
}

static enum err load_key(const struct io *io, struct secrets *secrets, struct trail *trail)
{
    struct buf line = {0};
    enum err err = io->make_dir(io->host, "keys");
    if (err != ERR_OK) {
        return trail_err(trail, err, "keys: %s", err_text(err));
    }
    err = load_line(io, "keys/tree.key", make_seed, &line, trail);
    if (err == ERR_OK && (!hex_decode(buf_str(&line), secrets->tree_key.seed, SECRET_BYTES) ||
                          !sign_key_from_seed(&secrets->tree_key))) {
        err = trail_err(trail, ERR_INVALID,
                        "keys/tree.key holds no key; restore it from a backup, because proofs "
                        "given out name it");
    }
    if (line.at != NULL) {
        explicit_bzero(line.at, line.cap);
    }
    buf_deinit(&line);
    return err;
}

static enum err write_public_key(const struct io *io, const char *dir,
                                 const struct secrets *secrets, struct trail *trail)
{
    char hex[2 * SECRET_BYTES + 1];
    hex_encode(secrets->tree_key.public, SECRET_BYTES, hex);
    hex[2 * SECRET_BYTES] = '\n';
    struct buf old = {0};
    enum err err = files_read(io, "keys/tree.pub", 256, &old);
    if (err != ERR_OK || !str_eq(buf_str(&old), str_n(hex, sizeof hex))) {
        struct buf path = {0}; /* it can be made again, so it need not be durable */
        buf_printf(&path, "%s/keys/tree.pub", dir);
        err = files_put(buf_cstr(&path), str_n(hex, sizeof hex));
        buf_deinit(&path);
    }
    buf_deinit(&old);
    return err == ERR_OK ? ERR_OK : trail_err(trail, err, "keys/tree.pub: %s", err_text(err));
}

enum err secrets_load(const struct io *io, const char *dir, struct secrets *out_secrets,
                      struct trail *trail)
{
    struct secrets secrets = {0};
    close_to_others(dir, "admin.token", &secrets.was_open);
    close_to_others(dir, "keys/tree.key", &secrets.was_open);
    enum err err = load_token(io, &secrets, trail);
    if (err == ERR_OK) {
        err = load_key(io, &secrets, trail);
    }
    if (err == ERR_OK) {
        err = write_public_key(io, dir, &secrets, trail);
    }
    if (err == ERR_OK) {
        *out_secrets = secrets;
    }
    explicit_bzero(&secrets, sizeof secrets);
    return err;
}
