/* gather.h - gathers Facts that belong together for a while, so that one finding tells of
 * many.
 *
 * A group opens with its first member and closes when window_ms have gone by, or when it
 * is full. Each member is in one group, so what is written grows with the members.
 */
#pragma once
#include <stdint.h>

#include "detect/key.h"

enum { GATHER_MAX = 32 };

struct gather_group {
    uint32_t group; /* the caller's number of what is gathered */
    uint32_t count; /* 0 = closed */
    int64_t closes_ms;
    uint32_t members[GATHER_MAX];
};

struct gather {
    struct gather_group *groups; /* a ring in order of opening, and so of closing */
    size_t cap, head, count;
    struct keymap open; /* group -> index in the ring's whole life, modulo 2^32 */
    uint32_t opened;    /* how many groups were opened in all */
    int64_t window_ms;
};
void gather_deinit(struct gather *gather);
size_t gather_bytes(const struct gather *gather);
/* True: the group is full, it was closed and moved to *out_full. */
bool gather_add(struct gather *gather, uint32_t group, uint32_t member, int64_t now_ms,
                struct gather_group *out_full);
/* Takes the next group that closed before now_ms; false: none. */
bool gather_next(struct gather *gather, int64_t now_ms, struct gather_group *out_group);
int64_t gather_due_ms(const struct gather *gather); /* INT64_MAX = none open */
