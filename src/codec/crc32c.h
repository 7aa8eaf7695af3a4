/* crc32c.h - CRC-32C (Castagnoli, RFC 3720 appendix B.4). The instruction of
 * SSE 4.2 where the processor has it, a table everywhere. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to begin) over the bytes. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);
/* The table form, against which the fast one is tested. */
uint32_t crc32c_plain(uint32_t crc, const void *bytes, size_t len);
