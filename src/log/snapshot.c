/* snapshot.c - writes and reads checkpoint files.
 *
 * 1. A reader sees a whole file or none: it is written as NAME.tmp, synced, and
 *    renamed. Only then is the older one gone.
 * 2. Every byte is covered: the header by its checksum, a section's tag, length and
 *    bytes by the section's, padding by being zero, the end by the closing section,
 *    which must be the last thing in the file.
 * 3. Bytes are gathered before they are written, so many small runs cost few calls;
 *    headers are filled in behind them, when length and checksum are known.
 */
#include "log/snapshot.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "codec/bytes.h"
#include "codec/crc32c.h"

#define SNAPSHOT_FORMAT 1u
#define GATHER_BYTES    (256u << 10)
#define TEMP_SUFFIX     ".tmp"

enum {
    HEADER_BYTES = 64,
    FORMAT_AT = 8,
    SECTIONS_AT = 12,
    SEQ_AT = 16,
    NAME_AT = 24,
    NAME_BYTES = 32,
    HEADER_CRC_AT = 60,
    SECTION_HEADER_BYTES = 16,
    SECTION_ALIGN = 16,
    END_TAG = 0,
    END_BYTES = 8,
};

static const uint8_t snapshot_magic[8] = "NXSNAP1";

static void temp_name(const struct snapshot_writer *w, char out_name[80])
{
    snprintf(out_name, 80, "%s" TEMP_SUFFIX, w->name);
}

static uint32_t section_seed(uint32_t tag, uint64_t len)
{
    uint8_t bytes[12];
    put_u32(bytes, tag);
    put_u64(bytes + 4, len);
    return crc32c(0, bytes, sizeof bytes);
}

static void write_at(struct snapshot_writer *w, uint64_t offset, const void *bytes, size_t len)
{
    if (w->err == ERR_OK && len > 0) {
        w->err = w->io->write(w->io->host, w->file, offset, bytes, len);
    }
}

static void write_waiting(struct snapshot_writer *w)
{
    write_at(w, w->offset, w->waiting.at, w->waiting.len);
    w->offset += w->waiting.len;
    buf_clear(&w->waiting);
}

static void put(struct snapshot_writer *w, const void *bytes, size_t len)
{
    if (len >= GATHER_BYTES) {
        write_waiting(w);
        write_at(w, w->offset, bytes, len);
        w->offset += len;
        return;
    }
    buf_add(&w->waiting, bytes, len);
    if (w->waiting.len >= GATHER_BYTES) {
        write_waiting(w);
    }
}

static uint64_t position(const struct snapshot_writer *w)
{
    return w->offset + w->waiting.len;
}

void snapshot_begin(struct snapshot_writer *w, const struct io *io, const char *name, uint64_t seq,
                    const char log_name[33])
{
    static const uint8_t no_header[HEADER_BYTES];
    *w = (struct snapshot_writer){.io = io, .seq = seq};
    CHECK(strlen(name) + sizeof TEMP_SUFFIX <= sizeof w->name);
    CHECK(strlen(log_name) == NAME_BYTES);
    memcpy(w->name, name, strlen(name) + 1);
    memcpy(w->log_name, log_name, sizeof w->log_name);
    char temp[80];
    temp_name(w, temp);
    w->err = io->open(io->host, temp, IO_WRITE | IO_CREATE, &w->file);
    if (w->err != ERR_OK) {
        w->file = NULL;
        return;
    }
    w->err = io->truncate(io->host, w->file, 0);
    put(w, no_header, sizeof no_header);
}

void snapshot_section_begin(struct snapshot_writer *w, uint32_t tag, uint64_t len)
{
    static const uint8_t no_header[SECTION_HEADER_BYTES];
    CHECK(!w->in_section);
    CHECK(position(w) % SECTION_ALIGN == 0 || w->err != ERR_OK);
    w->in_section = true;
    w->tag = tag;
    w->crc = section_seed(tag, len);
    w->section_at = position(w);
    w->section_len = len;
    w->section_left = len;
    put(w, no_header, sizeof no_header);
}

void snapshot_section_add(struct snapshot_writer *w, const void *bytes, size_t len)
{
    CHECK(w->in_section);
    CHECK(len <= w->section_left);
    w->section_left -= len;
    w->crc = crc32c(w->crc, bytes, len);
    put(w, bytes, len);
}

void snapshot_section_end(struct snapshot_writer *w)
{
    static const uint8_t padding[SECTION_ALIGN];
    CHECK(w->in_section);
    CHECK(w->section_left == 0);
    w->in_section = false;
    put(w, padding, (size_t)(0 - w->section_len) % SECTION_ALIGN);
    uint8_t header[SECTION_HEADER_BYTES];
    put_u32(header, w->tag);
    put_u32(header + 4, w->crc);
    put_u64(header + 8, w->section_len);
    if (w->section_at >= w->offset) {
        memcpy(w->waiting.at + (w->section_at - w->offset), header, sizeof header);
    } else {
        write_at(w, w->section_at, header, sizeof header);
    }
    w->sections++;
}

void snapshot_section(struct snapshot_writer *w, uint32_t tag, const void *bytes, size_t len)
{
    CHECK(tag != END_TAG);
    snapshot_section_begin(w, tag, len);
    snapshot_section_add(w, bytes, len);
    snapshot_section_end(w);
}

static void finish_bytes(struct snapshot_writer *w)
{
    uint8_t end[END_BYTES];
    put_u64(end, w->seq);
    snapshot_section_begin(w, END_TAG, sizeof end);
    snapshot_section_add(w, end, sizeof end);
    snapshot_section_end(w);
    write_waiting(w);

    uint8_t header[HEADER_BYTES] = {0};
    memcpy(header, snapshot_magic, sizeof snapshot_magic);
    put_u32(header + FORMAT_AT, SNAPSHOT_FORMAT);
    put_u32(header + SECTIONS_AT, w->sections);
    put_u64(header + SEQ_AT, w->seq);
    memcpy(header + NAME_AT, w->log_name, NAME_BYTES);
    put_u32(header + HEADER_CRC_AT, crc32c(0, header, HEADER_CRC_AT));
    write_at(w, 0, header, sizeof header);
}

enum err snapshot_finish(struct snapshot_writer *w)
{
    const struct io *io = w->io;
    CHECK(!w->in_section);
    finish_bytes(w);
    char temp[80];
    temp_name(w, temp);
    if (w->err == ERR_OK) {
        w->err = io->sync(io->host, w->file);
    }
    if (w->file != NULL) {
        io->close(io->host, w->file);
        w->file = NULL;
    }
    if (w->err == ERR_OK) {
        w->err = io->rename(io->host, temp, w->name);
    } else {
        (void)io->remove(io->host, temp); /* it may not exist, and the next one replaces it */
    }
    buf_deinit(&w->waiting);
    return w->err;
}

struct section {
    uint32_t tag;
    struct str bytes;
};

/* Takes the section at *at; false when it does not lie in the file whole. */
static bool next_section(const struct snapshot_reader *r, uint64_t *at, struct section *out,
                         uint32_t *out_crc)
{
    if (r->bytes - *at < SECTION_HEADER_BYTES) {
        return false;
    }
    const uint8_t *header = r->view + *at;
    const uint64_t room = r->bytes - *at - SECTION_HEADER_BYTES;
    const uint64_t len = get_u64(header + 8);
    if (len > room || (0 - len) % SECTION_ALIGN > room - len) {
        return false;
    }
    out->tag = get_u32(header);
    out->bytes = str_n(header + SECTION_HEADER_BYTES, (size_t)len);
    *out_crc = get_u32(header + 4);
    *at += SECTION_HEADER_BYTES + len + (0 - len) % SECTION_ALIGN;
    return true;
}

static bool section_is_sound(const struct section *section, uint32_t crc)
{
    const size_t len = section->bytes.len;
    for (size_t i = 0; i < (0 - len) % SECTION_ALIGN; i++) {
        if (section->bytes.at[len + i] != 0) {
            return false;
        }
    }
    return crc32c(section_seed(section->tag, len), section->bytes.at, len) == crc;
}

static enum err verify(struct snapshot_reader *r)
{
    const uint8_t *header = r->view;
    if (r->bytes < HEADER_BYTES || memcmp(header, snapshot_magic, sizeof snapshot_magic) != 0 ||
        get_u32(header + HEADER_CRC_AT) != crc32c(0, header, HEADER_CRC_AT)) {
        return ERR_CORRUPT;
    }
    if (get_u32(header + FORMAT_AT) > SNAPSHOT_FORMAT) {
        return ERR_FORMAT;
    }
    const uint32_t sections = get_u32(header + SECTIONS_AT);
    uint64_t at = HEADER_BYTES;
    struct section section = {.tag = END_TAG};
    for (uint32_t i = 0; i < sections; i++) {
        uint32_t crc;
        if (!next_section(r, &at, &section, &crc) || !section_is_sound(&section, crc) ||
            (section.tag == END_TAG) != (i + 1 == sections)) {
            return ERR_CORRUPT;
        }
    }
    r->seq = get_u64(header + SEQ_AT);
    memcpy(r->log_name, header + NAME_AT, NAME_BYTES);
    r->log_name[NAME_BYTES] = '\0';
    const bool closed = sections > 0 && section.bytes.len == END_BYTES &&
                        get_u64((const uint8_t *)section.bytes.at) == r->seq && at == r->bytes;
    return closed ? ERR_OK : ERR_CORRUPT;
}

enum err snapshot_open(struct snapshot_reader *r, const struct io *io, const char *name)
{
    *r = (struct snapshot_reader){.io = io};
    enum err err = io->open(io->host, name, IO_READ, &r->file);
    if (err != ERR_OK) {
        r->file = NULL;
        return err;
    }
    err = io->size(io->host, r->file, &r->bytes);
    if (err == ERR_OK && (r->bytes < HEADER_BYTES || r->bytes > SIZE_MAX / 2)) {
        err = ERR_CORRUPT;
    }
    if (err == ERR_OK) {
        err = io->map(io->host, r->file, (size_t)r->bytes, &r->view);
    }
    if (err == ERR_OK) {
        err = verify(r);
    } else {
        r->view = NULL;
    }
    if (err != ERR_OK) {
        snapshot_close(r);
    }
    return err;
}

void snapshot_close(struct snapshot_reader *r)
{
    if (r == NULL) {
        return;
    }
    if (r->view != NULL) {
        r->io->unmap(r->io->host, r->view, (size_t)r->bytes);
    }
    if (r->file != NULL) {
        r->io->close(r->io->host, r->file);
    }
    *r = (struct snapshot_reader){.view = NULL};
}

bool snapshot_get(const struct snapshot_reader *r, uint32_t tag, struct str *out_bytes)
{
    CHECK(r->view != NULL);
    CHECK(tag != END_TAG);
    uint64_t at = HEADER_BYTES;
    struct section section;
    uint32_t crc;
    while (at < r->bytes && next_section(r, &at, &section, &crc)) {
        if (section.tag == tag) {
            *out_bytes = section.bytes;
            return true;
        }
    }
    return false;
}
