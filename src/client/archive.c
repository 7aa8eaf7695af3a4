/* archive.c - see archive.h. The format is that of POSIX.1-1988 tar: 512-byte headers with
 * octal numbers, contents padded to 512, two empty blocks at the end. */
#include "client/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/bytes.h"
#include "crypto/sha256.h"

#define BLOCK              512u
#define PAGE               4096u
#define MANIFEST           "MANIFEST.sha256"
#define MANIFEST_BYTES_MAX (256u << 20)

struct ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct ustar) == BLOCK, "a tar header is one block");

static unsigned header_sum(const struct ustar *header)
{
    const unsigned char *bytes = (const unsigned char *)header;
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof *header; i++) {
        bool own = i >= offsetof(struct ustar, checksum) && i < offsetof(struct ustar, type);
        sum += own ? ' ' : bytes[i];
    }
    return sum;
}

static enum err write_member(struct archive *a, const char *name, const uint8_t *bytes, size_t len,
                             struct trail *trail)
{
    static const uint8_t zeros[BLOCK];
    struct ustar header = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
    if (strlen(name) >= sizeof header.name) {
        return trail_err(trail, ERR_LIMIT, "%s: the name is too long", name);
    }
    memcpy(header.name, name, strlen(name));
    snprintf(header.mode, sizeof header.mode, "%07o", 0600);
    snprintf(header.uid, sizeof header.uid, "%07o", 0);
    snprintf(header.gid, sizeof header.gid, "%07o", 0);
    snprintf(header.size, sizeof header.size, "%011llo", (unsigned long long)len);
    snprintf(header.mtime, sizeof header.mtime, "%011o", 0);
    snprintf(header.checksum, sizeof header.checksum, "%06o", header_sum(&header));
    header.checksum[7] = ' ';
    size_t pad = (BLOCK - len % BLOCK) % BLOCK;
    if (fwrite(&header, 1, sizeof header, a->file) != sizeof header ||
        fwrite(bytes, 1, len, a->file) != len || fwrite(zeros, 1, pad, a->file) != pad) {
        return trail_err(trail, errno == ENOSPC ? ERR_FULL : ERR_IO, "writing the archive: %s",
                         strerror(errno));
    }
    return ERR_OK;
}

/* Page by page from the end: a page written later is read earlier, so no hole is seen
 * before something that was written after it. */
static bool read_backwards(int file, uint8_t *bytes, size_t len)
{
    for (size_t end = len; end > 0;) {
        size_t from = (end - 1) / PAGE * PAGE;
        if (pread(file, bytes + from, end - from, (off_t)from) != (ssize_t)(end - from)) {
            return false;
        }
        end = from;
    }
    return true;
}

static bool read_forwards(int file, uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = pread(file, bytes + at, len - at, (off_t)at);
        if (got <= 0) {
            return false;
        }
        at += (size_t)got;
    }
    return true;
}

enum err archive_add(struct archive *a, const char *dir, const char *name, bool backwards,
                     struct trail *trail)
{
    char path[PATH_MAX];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0 || fstat(file, &info) != 0) {
        if (file >= 0) {
            close(file);
        }
        return trail_err(trail, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path,
                         strerror(errno));
    }
    size_t len = (size_t)info.st_size;
    uint8_t *bytes = mem_alloc(len);
    bool read = backwards ? read_backwards(file, bytes, len) : read_forwards(file, bytes, len);
    close(file);
    enum err err = read ? write_member(a, name, bytes, len, trail)
                        : trail_err(trail, ERR_IO, "%s: it changed while it was read", path);
    if (err == ERR_OK) {
        struct hash hash;
        char hex[64];
        sha256(bytes, len, &hash);
        hex_encode(hash.bytes, sizeof hash.bytes, hex);
        buf_printf(&a->manifest, "%.64s  %s\n", hex, name);
        a->members++;
        a->bytes += len;
    }
    mem_free(bytes);
    return err;
}

enum err archive_finish(struct archive *a, struct trail *trail)
{
    static const uint8_t zeros[2 * BLOCK];
    enum err err = write_member(a, MANIFEST, a->manifest.at, a->manifest.len, trail);
    buf_deinit(&a->manifest);
    if (err == ERR_OK && (fwrite(zeros, 1, sizeof zeros, a->file) != sizeof zeros ||
                          fflush(a->file) != 0 || fsync(fileno(a->file)) != 0)) {
        err = trail_err(trail, errno == ENOSPC ? ERR_FULL : ERR_IO, "writing the archive: %s",
                        strerror(errno));
    }
    return err;
}

/* Relative, without "..", without empty parts. */
static bool name_plain(const char *name)
{
    struct str rest = str_of(name), part;
    if (name[0] == '\0' || name[0] == '/') {
        return false;
    }
    while (str_cut(&rest, '/', &part)) {
        if (part.len == 0 || str_is(part, ".") || str_is(part, "..")) {
            return false;
        }
    }
    return true;
}

static enum err store(const char *dir, const char *name, const uint8_t *bytes, size_t len,
                      struct trail *trail)
{
    char path[PATH_MAX];
    int written = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (written < 0 || written >= (int)sizeof path) {
        return trail_err(trail, ERR_LIMIT, "%s: the path is too long", name);
    }
    for (char *slash = path + strlen(dir) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = file >= 0;
    for (size_t at = 0; good && at < len;) {
        ssize_t put = write(file, bytes + at, len - at);
        good = put > 0;
        at += good ? (size_t)put : 0;
    }
    good = good && fsync(file) == 0;
    int error = errno;
    if (file >= 0) {
        close(file);
    }
    return good ? ERR_OK
                : trail_err(trail, error == ENOSPC ? ERR_FULL : ERR_IO, "%s: %s", path,
                            strerror(error));
}

static bool octal(const char *text, size_t len, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len && text[i] != '\0' && text[i] != ' '; i++) {
        if (text[i] < '0' || text[i] > '7') {
            return false;
        }
        value = value * 8 + (uint64_t)(text[i] - '0');
    }
    *out = value;
    return true;
}

/* The next member into *out_bytes (mem_free); *out_end: the archive is over. */
static enum err read_member(FILE *from, char name[101], struct buf *out, bool *out_end,
                            struct trail *trail)
{
    static const struct ustar none;
    struct ustar header;
    uint64_t size, sum;
    if (fread(&header, 1, sizeof header, from) != sizeof header) {
        return trail_err(trail, ERR_CORRUPT, "the archive is cut off");
    }
    *out_end = memcmp(&header, &none, sizeof header) == 0;
    if (*out_end) {
        return ERR_OK;
    }
    if (!octal(header.checksum, 8, &sum) || sum != header_sum(&header) ||
        !octal(header.size, 12, &size) || header.type != '0' || size > (1ull << 33)) {
        return trail_err(trail, ERR_CORRUPT, "a header of the archive is damaged");
    }
    memcpy(name, header.name, 100);
    name[100] = '\0';
    size_t whole = (size_t)((size + BLOCK - 1) / BLOCK * BLOCK);
    buf_clear(out);
    uint8_t *room = buf_reserve(out, whole);
    if (room == NULL || fread(room, 1, whole, from) != whole) {
        return trail_err(trail, ERR_CORRUPT, "%s: the archive is cut off", name);
    }
    out->len = (size_t)size;
    return ERR_OK;
}

enum err archive_unpack(FILE *from, const char *dir, uint64_t *out_members, uint64_t *out_bytes,
                        struct trail *trail)
{
    struct buf bytes = {0}, found = {0};
    char name[101];
    bool end = false, manifest = false;
    enum err err = ERR_OK;
    while (err == ERR_OK && !end) {
        err = read_member(from, name, &bytes, &end, trail);
        if (err != ERR_OK || end) {
            break;
        }
        if (strcmp(name, MANIFEST) == 0) {
            manifest = str_eq(buf_str(&bytes), buf_str(&found));
            if (!manifest) {
                err = trail_err(trail, ERR_CORRUPT, "the archive does not match its manifest");
            }
            continue;
        }
        struct hash hash;
        char hex[64];
        if (!name_plain(name)) {
            err = trail_err(trail, ERR_CORRUPT, "a name in the archive leads out of it");
            continue;
        }
        sha256(bytes.at, bytes.len, &hash);
        hex_encode(hash.bytes, sizeof hash.bytes, hex);
        buf_printf(&found, "%.64s  %s\n", hex, name);
        *out_members += 1;
        *out_bytes += bytes.len;
        err = dir == NULL ? ERR_OK : store(dir, name, bytes.at, bytes.len, trail);
    }
    if (err == ERR_OK && !manifest) {
        err = trail_err(trail, ERR_CORRUPT, "the archive has no manifest");
    }
    buf_deinit(&bytes);
    buf_deinit(&found);
    return err;
}
