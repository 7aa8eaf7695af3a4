/* crc32c.h - CRC-32C (Castagnoli, RFC 3720 appendix B.4). The instruction of
 * SSE 4.2 where the processor has it, a table everywhere. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to begin) over the bytes. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);
/* The same over `words` * 8 bytes, at least one word. Up to 192 bytes take the same path
 * whatever their number, so that short reads do not stall on a branch. */
uint32_t crc32c_words(uint32_t crc, const void *bytes, size_t words);
/* The table form, against which the fast one is tested. */
uint32_t crc32c_plain(uint32_t crc, const void *bytes, size_t len);
