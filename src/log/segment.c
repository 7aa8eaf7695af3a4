/* segment.c - the files of the log, their names and their headers.
 *
 *     log/format   magic[8] | format u32 | salt u32 | id[16] | zeros | crc u32
 *     segment      magic u32 | format u32 | number u32 | bytes u32 | first_seq u64 |
 *                  id[16] | zeros | crc u32 and then groups and zeros up to `bytes`
 *
 * 1. log/format is whole or absent: it is written aside, synced and renamed.
 * 2. Its format number is judged before its checksum, so that a file of a newer
 *    version is called newer even if that version computes another checksum.
 * 3. A segment has its full size, and its header on the disk, before it gets its
 *    number. Its size never changes.
 * 4. The salt is the seed of all header checksums: bytes of one log, or of a guest's
 *    content, are no headers in another.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "codec/bytes.h"
#include "codec/crc32c.h"
#include "log/log_internal.h"

#define FORMAT_NAME    "log/format"
#define FORMAT_TEMP    "log/format.tmp"
#define SEGMENT_MAGIC  0x4753584eu /* "NXSG" */
#define ZEROS_BYTES    (64u << 10)
#define SEGMENT_DIGITS 8u

static const uint8_t format_magic[8] = "NXLOG\r\n";

enum { FORMAT_AT = 8, SALT_AT = 12, ID_AT = 16, CRC_AT = 60 };

void segment_name(char out_name[NAME_BYTES_MAX], uint32_t number)
{
    CHECK(number > 0);
    snprintf(out_name, NAME_BYTES_MAX, "log/%08x.seg", (unsigned)number);
}

uint32_t segment_number(const char *name)
{
    uint32_t number = 0;
    for (size_t i = 0; i < SEGMENT_DIGITS; i++) {
        const char c = name[i];
        if (c >= '0' && c <= '9') {
            number = number << 4 | (uint32_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            number = number << 4 | (uint32_t)(c - 'a' + 10);
        } else {
            return 0;
        }
    }
    return strcmp(name + SEGMENT_DIGITS, ".seg") == 0 ? number : 0;
}

void segment_header_encode(const struct identity *who, const struct segment_header *header,
                           uint8_t out_bytes[SEGMENT_HEADER_BYTES])
{
    memset(out_bytes, 0, SEGMENT_HEADER_BYTES);
    put_u32(out_bytes, SEGMENT_MAGIC);
    put_u32(out_bytes + 4, header->format);
    put_u32(out_bytes + 8, header->number);
    put_u32(out_bytes + 12, header->bytes);
    put_u64(out_bytes + 16, header->first_seq);
    memcpy(out_bytes + 24, who->id, ID_BYTES);
    put_u32(out_bytes + CRC_AT, crc32c(who->salt, out_bytes, CRC_AT));
}

bool segment_header_decode(const struct identity *who, const uint8_t *bytes,
                           struct segment_header *out_header)
{
    if (get_u32(bytes) != SEGMENT_MAGIC ||
        get_u32(bytes + CRC_AT) != crc32c(who->salt, bytes, CRC_AT) ||
        memcmp(bytes + 24, who->id, ID_BYTES) != 0) {
        return false;
    }
    *out_header = (struct segment_header){
        .number = get_u32(bytes + 8),
        .bytes = get_u32(bytes + 12),
        .first_seq = get_u64(bytes + 16),
        .format = get_u32(bytes + 4),
    };
    return true;
}

enum err zeros_write(const struct io *io, struct io_file *file, uint64_t from, uint64_t len)
{
    static const uint8_t zeros[ZEROS_BYTES];
    enum err err = ERR_OK;
    while (err == ERR_OK && len > 0) {
        const size_t run = len < ZEROS_BYTES ? (size_t)len : ZEROS_BYTES;
        err = io->write(io->host, file, from, zeros, run);
        from += run;
        len -= run;
    }
    return err;
}

bool is_zero(const uint8_t *bytes, size_t len)
{
    /* Every byte equals the one before it, and the first is zero. */
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

enum err format_write(const struct io *io, const struct identity *who)
{
    uint8_t bytes[FORMAT_BYTES] = {0};
    memcpy(bytes, format_magic, sizeof format_magic);
    put_u32(bytes + FORMAT_AT, LOG_FORMAT);
    put_u32(bytes + SALT_AT, who->salt);
    memcpy(bytes + ID_AT, who->id, ID_BYTES);
    put_u32(bytes + CRC_AT, crc32c(0, bytes, CRC_AT));

    struct io_file *file;
    enum err err = io->open(io->host, FORMAT_TEMP, IO_WRITE | IO_CREATE, &file);
    if (err != ERR_OK) {
        return err;
    }
    err = io->truncate(io->host, file, 0);
    if (err == ERR_OK) {
        err = io->write(io->host, file, 0, bytes, sizeof bytes);
    }
    if (err == ERR_OK) {
        err = io->sync(io->host, file);
    }
    io->close(io->host, file);
    return err == ERR_OK ? io->rename(io->host, FORMAT_TEMP, FORMAT_NAME) : err;
}

static enum err format_decode(const uint8_t *bytes, uint64_t size, struct identity *out_who,
                              struct trail *trail)
{
    if (size < FORMAT_AT + 4 || memcmp(bytes, format_magic, sizeof format_magic) != 0) {
        return trail_err(trail, ERR_CORRUPT, FORMAT_NAME ": not the mark of a log");
    }
    const uint32_t format = get_u32(bytes + FORMAT_AT);
    if (format > LOG_FORMAT) {
        return trail_err(trail, ERR_FORMAT,
                         FORMAT_NAME ": written in format %u, this program knows up to %u",
                         (unsigned)format, (unsigned)LOG_FORMAT);
    }
    if (size != FORMAT_BYTES || format == 0 ||
        get_u32(bytes + CRC_AT) != crc32c(0, bytes, CRC_AT)) {
        return trail_err(trail, ERR_CORRUPT, FORMAT_NAME ": its checksum does not match");
    }
    out_who->salt = get_u32(bytes + SALT_AT);
    memcpy(out_who->id, bytes + ID_AT, ID_BYTES);
    return ERR_OK;
}

static enum err format_make(const struct io *io, struct identity *out_who, struct trail *trail)
{
    struct identity who;
    io->random(io->host, who.id, sizeof who.id);
    uint8_t salt[4];
    io->random(io->host, salt, sizeof salt);
    who.salt = get_u32(salt);
    const enum err err = format_write(io, &who);
    if (err != ERR_OK) {
        return trail_err(trail, err, FORMAT_NAME ": cannot be made");
    }
    *out_who = who;
    return ERR_OK;
}

enum err format_open(const struct io *io, bool make, struct identity *out_who, struct trail *trail)
{
    struct io_file *file;
    enum err err = io->open(io->host, FORMAT_NAME, IO_READ, &file);
    if (err == ERR_NOT_FOUND && make) {
        return format_make(io, out_who, trail);
    }
    if (err != ERR_OK) {
        return trail_err(trail, err, FORMAT_NAME ": cannot be opened");
    }
    uint8_t bytes[FORMAT_BYTES] = {0};
    uint64_t size = 0;
    err = io->size(io->host, file, &size);
    if (err == ERR_OK) {
        const size_t some = size < FORMAT_BYTES ? (size_t)size : FORMAT_BYTES;
        err = io->read(io->host, file, 0, bytes, some);
    }
    io->close(io->host, file);
    if (err != ERR_OK) {
        return trail_err(trail, err, FORMAT_NAME ": cannot be read");
    }
    return format_decode(bytes, size, out_who, trail);
}
