/* facts.c - see facts.h. */
#include "facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/sha256.h"
#include "measure.h"

#define NAME_BYTES 16
#define EPOCH_MS 1760000000000ll

struct fact *facts_make(size_t count)
{
    struct fact *facts = calloc(count, sizeof *facts);
    struct dice dice = {7};
    if (facts == NULL) {
        die("no memory");
    }
    for (size_t i = 0; i < count; i++) {
        struct fact *fact = &facts[i];
        uint64_t chance = dice_next(&dice);
        fact->origin = (uint16_t)(chance % FACTS_ORIGINS);
        fact->creator = (uint16_t)(chance / FACTS_ORIGINS % FACTS_CREATORS);
        fact->at_ms = EPOCH_MS + (int64_t)i;
        fact->content_len = (uint16_t)snprintf(
            fact->content, sizeof fact->content, "%c: sensor %03u of hall %u reads %07zu",
            (char)('a' + i % 26), (unsigned)(chance >> 32 & 511), (unsigned)(chance >> 48 & 7), i);
        struct hash hash;
        sha256(fact, sizeof *fact, &hash);
        memcpy(fact->id, hash.bytes, sizeof fact->id);
    }
    return facts;
}

const char *origin_name(unsigned number)
{
    static const char names[FACTS_ORIGINS][NAME_BYTES] = {
#define TEN(tens)                                                                                  \
    "origin-" tens "0", "origin-" tens "1", "origin-" tens "2", "origin-" tens "3",                \
        "origin-" tens "4", "origin-" tens "5", "origin-" tens "6", "origin-" tens "7",            \
        "origin-" tens "8", "origin-" tens "9"
        TEN("0"), TEN("1"), TEN("2"), TEN("3"), TEN("4"),
#undef TEN
    };
    return names[number];
}

const char *creator_name(unsigned number)
{
    static const char names[FACTS_CREATORS][NAME_BYTES] = {
#define TEN(tens)                                                                                  \
    "agent-" tens "0", "agent-" tens "1", "agent-" tens "2", "agent-" tens "3", "agent-" tens "4", \
        "agent-" tens "5", "agent-" tens "6", "agent-" tens "7", "agent-" tens "8",                \
        "agent-" tens "9"
        TEN("0"), TEN("1"),
#undef TEN
    };
    return names[number];
}
