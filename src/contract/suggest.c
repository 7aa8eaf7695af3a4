/* suggest.c - edit distance over short words (optimal string alignment). */
#include "contract/suggest.h"

#include <stdint.h>

#define WORD_MAX 48u

static uint8_t least(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

static uint8_t distance(struct str a, struct str b)
{
    uint8_t rows[3][WORD_MAX + 1];
    uint8_t *before = rows[0];
    uint8_t *last = rows[1];
    uint8_t *row = rows[2];
    for (size_t j = 0; j <= b.len; j++) {
        last[j] = (uint8_t)j;
        before[j] = 0;
    }
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = (uint8_t)i;
        for (size_t j = 1; j <= b.len; j++) {
            uint8_t cost = a.at[i - 1] == b.at[j - 1] ? 0 : 1;
            row[j] =
                least((uint8_t)(last[j - 1] + cost), (uint8_t)(least(last[j], row[j - 1]) + 1));
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1]) {
                row[j] = least(row[j], (uint8_t)(before[j - 2] + 1));
            }
        }
        uint8_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b.len];
}

struct str suggest_word(struct str word, const struct str *known, size_t count)
{
    struct str best = STR_NONE;
    if (word.len == 0 || word.len > WORD_MAX) {
        return best;
    }
    uint8_t best_distance = word.len <= 4 ? 2 : (uint8_t)(word.len / 3 + 1);
    for (size_t i = 0; i < count; i++) {
        if (known[i].len == 0 || known[i].len > WORD_MAX) {
            continue;
        }
        uint8_t d = distance(word, known[i]);
        if (d < best_distance || (d == best_distance && best.at == NULL && word.len > 2)) {
            best_distance = d;
            best = known[i];
        }
    }
    return best;
}
