/* suggest.h - the word somebody probably meant. */
#pragma once
#include <stddef.h>

#include "base/str.h"

/* The known word nearest to `word` by insertions, deletions, changes and swaps of neighbours;
 * empty when none is near enough to be worth saying. */
struct str suggest_word(struct str word, const struct str *known, size_t count);
