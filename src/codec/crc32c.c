/* crc32c.c - two ways to the same number.
 *
 * The plain way takes eight bytes a step through eight tables: TABLE[k][b] is what
 * the byte b contributes when k more bytes follow it in the step. A checksum is
 * linear over exclusive or, so an entry is the sum of the entries of the bits of its
 * index; only those eight are written down per table, and the compiler makes the
 * rest. The fast way is the processor's instruction, at about the speed of memory.
 *
 * The running value is stored inverted, as the standard has it; in between, both
 * ways work on the bare remainder.
 */
#include "codec/crc32c.h"

#include "base/check.h"
#include "codec/bytes.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

/* Entries 1, 2, 4 .. 128 of each table, for the reversed polynomial 0x82f63b78. */
#define BASIS_0                                                                                    \
    0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, 0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu,     \
        0x82f63b78u
#define BASIS_1                                                                                    \
    0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, 0x3fc5f181u, 0x7f8be302u, 0xff17c604u,     \
        0xfbc3faf9u
#define BASIS_2                                                                                    \
    0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, 0x70a27d8au, 0xe144fb14u, 0xc76580d9u,     \
        0x8b277743u
#define BASIS_3                                                                                    \
    0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, 0xe964b13du, 0xd725148bu, 0xaba65fe7u,     \
        0x52a0c93fu
#define BASIS_4                                                                                    \
    0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u, 0x8f2261d3u, 0x1ba8b557u, 0x37516aaeu,     \
        0x6ea2d55cu
#define BASIS_5                                                                                    \
    0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu, 0xc00c303eu, 0x85f4168du, 0x0e045bebu,     \
        0x1c08b7d6u
#define BASIS_6                                                                                    \
    0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u, 0x9c5bfaa6u, 0x3d5b83bdu, 0x7ab7077au,     \
        0xf56e0ef4u
#define BASIS_7                                                                                    \
    0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau, 0x847609b4u, 0x0d006599u, 0x1a00cb32u,     \
        0x34019664u

#define BIT(i, b, entry) (((i) >> (b)&1u) != 0 ? (entry) : 0u)
#define CELL_OF(i, e0, e1, e2, e3, e4, e5, e6, e7)                                                 \
    BIT(i, 0, e0) ^ BIT(i, 1, e1) ^ BIT(i, 2, e2) ^ BIT(i, 3, e3) ^ BIT(i, 4, e4) ^                \
        BIT(i, 5, e5) ^ BIT(i, 6, e6) ^ BIT(i, 7, e7)
#define CELL(i, ...) CELL_OF(i, __VA_ARGS__)
#define CELLS_4(i, ...)                                                                            \
    CELL(i, __VA_ARGS__), CELL(i + 1u, __VA_ARGS__), CELL(i + 2u, __VA_ARGS__),                    \
        CELL(i + 3u, __VA_ARGS__)
#define CELLS_16(i, ...)                                                                           \
    CELLS_4(i, __VA_ARGS__), CELLS_4(i + 4u, __VA_ARGS__), CELLS_4(i + 8u, __VA_ARGS__),           \
        CELLS_4(i + 12u, __VA_ARGS__)
#define CELLS_64(i, ...)                                                                           \
    CELLS_16(i, __VA_ARGS__), CELLS_16(i + 16u, __VA_ARGS__), CELLS_16(i + 32u, __VA_ARGS__),      \
        CELLS_16(i + 48u, __VA_ARGS__)
#define CELLS_256(...)                                                                             \
    CELLS_64(0u, __VA_ARGS__), CELLS_64(64u, __VA_ARGS__), CELLS_64(128u, __VA_ARGS__),            \
        CELLS_64(192u, __VA_ARGS__)

static const uint32_t TABLE[8][256] = {
    {CELLS_256(BASIS_0)}, {CELLS_256(BASIS_1)}, {CELLS_256(BASIS_2)}, {CELLS_256(BASIS_3)},
    {CELLS_256(BASIS_4)}, {CELLS_256(BASIS_5)}, {CELLS_256(BASIS_6)}, {CELLS_256(BASIS_7)},
};

uint32_t crc32c_plain(uint32_t crc, const void *bytes, size_t len)
{
    CHECK(bytes != NULL || len == 0);
    const uint8_t *at = bytes;
    crc = ~crc;
    for (; len >= 8; len -= 8, at += 8) {
        uint32_t low = crc ^ get_u32(at);
        uint32_t high = get_u32(at + 4);
        crc = TABLE[7][low & 255] ^ TABLE[6][low >> 8 & 255] ^ TABLE[5][low >> 16 & 255] ^
              TABLE[4][low >> 24] ^ TABLE[3][high & 255] ^ TABLE[2][high >> 8 & 255] ^
              TABLE[1][high >> 16 & 255] ^ TABLE[0][high >> 24];
    }
    for (; len > 0; len--, at++) {
        crc = TABLE[0][(crc ^ *at) & 255] ^ crc >> 8;
    }
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *at,
                                                               size_t len)
{
    uint64_t rest = ~crc;
    for (; len >= 8; len -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        rest = _mm_crc32_u64(rest, word);
    }
    uint32_t tail = (uint32_t)rest;
    for (; len > 0; len--, at++) {
        tail = _mm_crc32_u8(tail, *at);
    }
    return ~tail;
}

#define EVEN_WORDS 24u

__attribute__((target("sse4.2"))) static uint32_t crc32c_even(uint32_t crc, const uint8_t *at,
                                                              size_t words)
{
    uint64_t rest = ~crc;
    for (size_t i = 0; i < EVEN_WORDS; i++) {
        uint64_t word;
        uint64_t wanted = 0 - (uint64_t)(i < words); /* all ones while inside */
        memcpy(&word, at + 8 * (i & wanted), sizeof word);
        rest = (_mm_crc32_u64(rest, word) & wanted) | (rest & ~wanted);
    }
    return ~(uint32_t)rest;
}
#endif

uint32_t crc32c_words(uint32_t crc, const void *bytes, size_t words)
{
    CHECK(words > 0);
#if defined(__x86_64__)
    if (words <= EVEN_WORDS && __builtin_cpu_supports("sse4.2")) {
        return crc32c_even(crc, bytes, words);
    }
#endif
    return crc32c(crc, bytes, words * 8);
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t len)
{
    CHECK(bytes != NULL || len == 0);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        return crc32c_sse42(crc, bytes, len);
    }
#endif
    return crc32c_plain(crc, bytes, len);
}
