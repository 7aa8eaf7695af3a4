/* regex.h - regular expressions in time linear in the text (Thompson's construction).
 *
 * The syntax is RE2's, less what is rare: literals, . [a-z] [^..] \d \w \s \D \W \S \b \B,
 * escapes, ^ $ \A \z, groups, (?:..), (?i) (?s) (?m) at the start, |, * + ? {m,n} and their
 * lazy forms (which ask the same question). No back references, no \p{..}, no look-around.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define REGEX_STATES_MAX 500u

struct regex;

/* Compiles into `life`. NULL: *out_cause says why, *out_offset where. */
const struct regex *regex_compile(struct arena *life, struct str pattern, const char **out_cause,
                                  size_t *out_offset);
/* Steps that one character of the text can take. */
uint32_t regex_work(const struct regex *regex);
/* Does the pattern occur anywhere in the text? */
bool regex_search(const struct regex *regex, struct str text);
