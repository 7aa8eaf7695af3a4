/* facts.h - the facts that every store gets: the same ones, in the same order.
 *
 * A fact has an id of 32 bytes, a time, one of 50 origins, one of 20 creators and about
 * 35 bytes of content. Everything is made before a clock is started.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define FACTS_ORIGINS 50u
#define FACTS_CREATORS 20u

struct fact {
    uint8_t id[32];    /* SHA-256; our board makes its own */
    int64_t at_ms;     /* rises by one from fact to fact */
    uint16_t origin, creator;
    uint16_t content_len;
    char content[42];
};

/* facts[0 .. count-1]; free() it. */
struct fact *facts_make(size_t count);
/* "origin-07", "agent-13" */
const char *origin_name(unsigned number);
const char *creator_name(unsigned number);
