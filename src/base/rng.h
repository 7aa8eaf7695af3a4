/* rng.h - a small deterministic generator (xoshiro256**, seeded by splitmix64;
 * D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators").
 * For simulation and tests; secrets come from the host. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state[4];
};

void rng_init(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
uint64_t rng_below(struct rng *rng, uint64_t bound);               /* 0 .. bound-1, bound >= 1 */
uint64_t rng_between(struct rng *rng, uint64_t low, uint64_t high); /* both included */
bool rng_chance(struct rng *rng, uint32_t parts_per_million);
void rng_fill(struct rng *rng, void *bytes, size_t len);
