/* utf8.h - UTF-8 as RFC 3629 has it: no surrogates, no overlong forms. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

bool utf8_valid(struct str text);
/* Decodes one code point at *at (< s.len) and moves past it; UINT32_MAX on a
 * bad sequence (then moves one byte). */
uint32_t utf8_next(struct str s, size_t *at);
/* Writes 1 to 4 bytes; returns how many. */
size_t utf8_put(uint32_t code_point, char out[4]);
