/* rng.c - xoshiro256**, seeded by splitmix64.
 *
 * Results are the same on every machine: rng_fill lays words out low byte
 * first whatever the byte order, and rng_below rejects instead of scaling by
 * floating point.
 */
#include "base/rng.h"

#include "base/check.h"

static uint64_t splitmix(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64 - bits));
}

void rng_init(struct rng *rng, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        rng->state[i] = splitmix(&seed);
    }
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    const uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    const uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    CHECK(bound >= 1);
    /* 2^64 mod bound values are too many: drop them at the low end, so that
     * every remainder is equally likely. */
    const uint64_t surplus = (0 - bound) % bound;
    uint64_t value = rng_next(rng);
    while (value < surplus) {
        value = rng_next(rng);
    }
    return value % bound;
}

uint64_t rng_between(struct rng *rng, uint64_t low, uint64_t high)
{
    CHECK(low <= high);
    const uint64_t span = high - low;
    return span == UINT64_MAX ? rng_next(rng) : low + rng_below(rng, span + 1);
}

bool rng_chance(struct rng *rng, uint32_t parts_per_million)
{
    return rng_below(rng, 1000000) < parts_per_million;
}

void rng_fill(struct rng *rng, void *bytes, size_t len)
{
    uint8_t *to = bytes;
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++) {
        word = i % 8 == 0 ? rng_next(rng) : word >> 8;
        to[i] = (uint8_t)word;
    }
}
