/* store_raw.c - the floor under a durable commit, and what the peers' files share. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "store.h"

#define RAW_BUFFER (1u << 20)

struct store_raw {
    int fd;
    uint64_t at, bytes_max;
    char buffer[RAW_BUFFER];
};

struct store_raw *raw_open(const char *dir, uint64_t bytes_max)
{
    struct store_raw *raw = calloc(1, sizeof *raw);
    struct path path = path_join(dir, "raw");
    if (raw == NULL) {
        die("no memory");
    }
    raw->fd = open(path.at, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (raw->fd < 0) {
        die("%s: %s", path.at, strerror(errno));
    }
    for (; raw->bytes_max < bytes_max; raw->bytes_max += RAW_BUFFER) {
        if (pwrite(raw->fd, raw->buffer, RAW_BUFFER, (off_t)raw->bytes_max) != RAW_BUFFER) {
            die("%s: %s", path.at, strerror(errno));
        }
    }
    if (fsync(raw->fd) != 0) {
        die("%s: %s", path.at, strerror(errno));
    }
    memset(raw->buffer, 'x', RAW_BUFFER);
    return raw;
}

void raw_commit(struct store_raw *raw, size_t bytes, bool sync)
{
    if (bytes > RAW_BUFFER || raw->at + bytes > raw->bytes_max) {
        die("raw: the file is full");
    }
    if (pwrite(raw->fd, raw->buffer, bytes, (off_t)raw->at) != (ssize_t)bytes ||
        (sync && fdatasync(raw->fd) != 0)) {
        die("raw: %s", strerror(errno));
    }
    raw->at += bytes;
}

void raw_close(struct store_raw *raw)
{
    close(raw->fd);
    free(raw);
}

size_t value_encode(const struct fact *fact, uint8_t out[VALUE_MAX])
{
    memcpy(out, &fact->at_ms, 8);
    memcpy(out + 8, &fact->origin, 2);
    memcpy(out + 10, &fact->creator, 2);
    memcpy(out + VALUE_HEAD, fact->content, fact->content_len);
    return VALUE_HEAD + fact->content_len;
}

void index_key(unsigned number, int64_t at_ms, uint8_t out[INDEX_KEY_BYTES])
{
    out[0] = (uint8_t)(number >> 8);
    out[1] = (uint8_t)number;
    for (int i = 0; i < 8; i++) {
        out[2 + i] = (uint8_t)((uint64_t)at_ms >> (56 - 8 * i));
    }
}
