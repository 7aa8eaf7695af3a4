/* rules.h - which intents follow from which findings, as a text that people edit.
 *
 *     # a comment
 *     when: detector:gap subtype:cross-origin
 *     intent: "Relate what {origin_a} and {origin_b} say of {topic}."
 *     priority: 4
 *     capability: research
 *     dedupe_key: gap/{topic}/{origin_a}/{origin_b}
 *
 * `when` names the detector and members of the finding with the value they must have.
 * {name} is the member of that name, {id} the finding's id; a rule whose names the finding
 * lacks does not fit. `intent` and `dedupe_key` are needed, the others are not. Rules are
 * separated by `when` itself.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "codec/json.h"

enum { RULE_CONDITIONS_MAX = 8, RULES_MAX = 256, RULES_BYTES_MAX = 262144 };

struct rule {
    struct str detector;
    struct rule_condition {
        struct str name, value;
    } conditions[RULE_CONDITIONS_MAX];
    uint32_t conditions_count;
    struct str intent, capability, dedupe_key; /* with {names}; capability without */
    int priority;                              /* 0 = the board's default */
    uint32_t line;
};

struct rules {
    struct arena arena;
    struct rule *at;
    uint32_t count;
};

struct rules_error {
    uint32_t line, column; /* from 1 */
    char text[240];        /* what is wrong and what would be right */
};

/* Copies what it keeps. False: *out_error says where; `out` is empty then. */
bool rules_parse(struct str text, struct rules *out, struct rules_error *out_error);
void rules_deinit(struct rules *rules);
/* The text that holds when nobody wrote another. */
struct str rules_default(void);

/* `finding`: the content of a detector's Fact. */
bool rule_fits(const struct rule *rule, struct str detector, const struct json *finding);
/* Appends the pattern with its names filled in; false: the finding lacks one. */
bool rule_fill(struct str pattern, const struct json *finding, struct str id, struct buf *out);
