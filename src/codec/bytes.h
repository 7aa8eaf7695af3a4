/* bytes.h - hexadecimal, base64 and little-endian integers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

/* Lower-case digits; `out` takes 2*len characters, no NUL. */
void hex_encode(const void *bytes, size_t len, char *out);
/* Exactly 2*len lower- or upper-case digits; false otherwise. */
bool hex_decode(struct str text, void *out_bytes, size_t len);

/* RFC 4648 section 4, with padding. */
void base64_encode(struct buf *out, const void *bytes, size_t len);
/* Strict: padding required, no white space, trailing bits zero. */
bool base64_decode(struct buf *out, struct str text);

static inline void put_u16(uint8_t *at, uint16_t v)
{
    at[0] = (uint8_t)v;
    at[1] = (uint8_t)(v >> 8);
}
static inline uint16_t get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}
static inline void put_u32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(v >> (8 * i));
    }
}
static inline uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
static inline void put_u64(uint8_t *at, uint64_t v)
{
    put_u32(at, (uint32_t)v);
    put_u32(at + 4, (uint32_t)(v >> 32));
}
static inline uint64_t get_u64(const uint8_t *at)
{
    return (uint64_t)get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}
