/* regex_internal.h - the compiled pattern, between its compiler and its search. */
#pragma once
#include "contract/regex.h"

#define RANGES_MAX 1000u
#define NOWHERE    UINT16_MAX

enum state_kind { STATE_SET = 1, STATE_SPLIT, STATE_ASSERT, STATE_MATCH };
enum assertion { AT_BEGIN = 1, AT_END, AT_LINE_BEGIN, AT_LINE_END, AT_WORD, AT_NO_WORD };

struct state {
    uint8_t kind;
    uint8_t what; /* SET: negated; ASSERT: enum assertion */
    uint16_t next, other;
    uint16_t ranges, ranges_count;
};

struct range {
    uint32_t first, last;
};

struct regex {
    struct state states[REGEX_STATES_MAX];
    struct range ranges[RANGES_MAX];
    uint16_t count, ranges_count, start;
};
