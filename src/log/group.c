/* group.c - the bytes of groups and frames.
 *
 *     header  magic u32 | header_crc u32 | body_bytes u32 | frames_crc u32 |
 *             first_seq u64 | count u32 | flags u32 = 0 | root[32]
 *     frame   len u32 | crc u32 | body | zeros up to a multiple of 8
 *
 * 1. header_crc covers every other byte of the header and, although they are not
 *    stored, the log's salt and the header's place. So a header is valid in one log
 *    and at one place only, and bytes inside a content never look like one.
 * 2. frames_crc covers all bytes of all frames, padding too. A frame's own crc is
 *    seeded with its place, so that a frame found through a wrong place is refused.
 * 3. Decoding never reads past `room` and takes nothing for granted: it is what
 *    stands between the disk's bytes and the rest.
 */
#include <string.h>

#include "base/check.h"
#include "codec/bytes.h"
#include "codec/crc32c.h"
#include "log/log_internal.h"

#define GROUP_MAGIC 0x5052474eu /* "NGRP" */

enum {
    HEADER_CRC_AT = 4,
    BODY_BYTES_AT = 8,
    FRAMES_CRC_AT = 12,
    FIRST_SEQ_AT = 16,
    COUNT_AT = 24,
    FLAGS_AT = 28,
    ROOT_AT = 32,
};

size_t frame_bytes(size_t body_len)
{
    return (FRAME_HEADER_BYTES + body_len + (FRAME_ALIGN - 1)) & ~(size_t)(FRAME_ALIGN - 1);
}

static uint32_t frame_seed(uint64_t position)
{
    return place_segment(position) ^ place_offset(position);
}

/* Over the body and its padding. The length is part of the seed: a body that ends in
 * zeros must not pass as a shorter one with padding. */
static uint32_t frame_crc(uint64_t position, const uint8_t *frame, size_t total)
{
    const size_t words = (total - FRAME_HEADER_BYTES) / 8;
    const uint32_t seed = frame_seed(position) ^ get_u32(frame) * 0x9e3779b1u;
    return words == 0 ? crc32c(seed, NULL, 0)
                      : crc32c_words(seed, frame + FRAME_HEADER_BYTES, words);
}

size_t frame_encode(uint64_t position, struct str body, uint8_t *out_bytes)
{
    CHECK(body.len <= LOG_BODY_BYTES_MAX);
    const size_t total = frame_bytes(body.len);
    put_u64(out_bytes + total - FRAME_ALIGN, 0); /* the padding, before the body covers it */
    put_u32(out_bytes, (uint32_t)body.len);
    if (body.len > 0) {
        memcpy(out_bytes + FRAME_HEADER_BYTES, body.at, body.len);
    }
    put_u32(out_bytes + 4, frame_crc(position, out_bytes, total));
    return total;
}

bool frame_decode(uint64_t position, const uint8_t *bytes, size_t room, struct str *out_body)
{
    if (room < FRAME_HEADER_BYTES) {
        return false;
    }
    const size_t len = get_u32(bytes);
    if (len > LOG_BODY_BYTES_MAX || frame_bytes(len) > room) {
        return false;
    }
    const size_t total = frame_bytes(len);
    const size_t padding = total - FRAME_HEADER_BYTES - len;
    /* The padding is the upper bytes of the last word, and zero. */
    const uint64_t spill = (get_u64(bytes + total - FRAME_ALIGN) >> 1) >> (63 - 8 * padding);
    *out_body = str_n(bytes + FRAME_HEADER_BYTES, len);
    return ((spill != 0) | (get_u32(bytes + 4) != frame_crc(position, bytes, total))) == 0;
}

bool frame_peek(const uint8_t *bytes, size_t room, struct str *out_body)
{
    if (room < FRAME_HEADER_BYTES || frame_bytes(get_u32(bytes)) > room) {
        return false;
    }
    *out_body = str_n(bytes + FRAME_HEADER_BYTES, get_u32(bytes));
    return true;
}

static uint32_t header_crc(const struct identity *who, uint64_t position, const uint8_t *bytes)
{
    uint8_t place[8];
    put_u64(place, position);
    const uint32_t seed = crc32c(who->salt, place, sizeof place);
    return crc32c(seed, bytes + BODY_BYTES_AT, GROUP_HEADER_BYTES - BODY_BYTES_AT);
}

void group_header_encode(const struct identity *who, const struct group_header *header,
                         uint8_t out_bytes[GROUP_HEADER_BYTES])
{
    CHECK(header->count > 0);
    CHECK(header->body_bytes % FRAME_ALIGN == 0);
    put_u32(out_bytes, GROUP_MAGIC);
    put_u32(out_bytes + BODY_BYTES_AT, header->body_bytes);
    put_u32(out_bytes + FRAMES_CRC_AT, header->frames_crc);
    put_u64(out_bytes + FIRST_SEQ_AT, header->first_seq);
    put_u32(out_bytes + COUNT_AT, header->count);
    put_u32(out_bytes + FLAGS_AT, header->flags);
    memcpy(out_bytes + ROOT_AT, header->root.bytes, sizeof header->root.bytes);
    put_u32(out_bytes + HEADER_CRC_AT, header_crc(who, header->position, out_bytes));
}

bool group_header_decode(const struct identity *who, uint64_t position, const uint8_t *bytes,
                         size_t room, struct group_header *out_header)
{
    if (room < GROUP_HEADER_BYTES || get_u32(bytes) != GROUP_MAGIC ||
        get_u32(bytes + HEADER_CRC_AT) != header_crc(who, position, bytes)) {
        return false;
    }
    struct group_header header = {
        .position = position,
        .first_seq = get_u64(bytes + FIRST_SEQ_AT),
        .body_bytes = get_u32(bytes + BODY_BYTES_AT),
        .frames_crc = get_u32(bytes + FRAMES_CRC_AT),
        .count = get_u32(bytes + COUNT_AT),
        .flags = get_u32(bytes + FLAGS_AT),
    };
    memcpy(header.root.bytes, bytes + ROOT_AT, sizeof header.root.bytes);
    *out_header = header;
    return true;
}
