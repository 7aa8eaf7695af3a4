/* contract.h - the rules of a board: a text, compiled, judging each record before it is written.
 *
 * The text (nex.h) holds schemas, predicates, thresholds, limits, the form of reports, rewards,
 * the terms of exchange, and admission rules whose conditions are expressions (cel.h). What
 * stands in it and means nothing is a problem with line, column and a suggestion; a contract
 * with a problem does not come into being, so the one before stays in force.
 *
 * Pure: no clock, no files, no memory of earlier records. What a rule needs to know beyond
 * the record itself (how far it is from what is known, what it cites) the caller puts into
 * struct contract_record. The same contract and record give the same verdict for ever.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "codec/json.h"
#include "contract/nex.h"
#include "crypto/sha256.h"

struct contract;

struct contract_ceilings {
    size_t source_bytes;  /* of the text; 0 = 262,144 */
    uint32_t rules;       /* admission rules; 0 = 500 */
    uint32_t schemas;     /* 0 = 200 */
    uint32_t predicates;  /* 0 = 2,000 */
    uint64_t cost;        /* steps of one expression at most; 0 = 1,000,000 */
    uint64_t cost_in_all; /* of all rules together; 0 = 20,000,000 */
};

/* NULL: *out_problems tells why. `ceilings` may be NULL. The text is copied. */
struct contract *contract_compile(struct str text, const struct contract_ceilings *ceilings,
                                  struct nex_problems *out_problems);
void contract_free(struct contract *contract); /* NULL is fine */
/* The text of the contract of a board that has been given none. */
struct str contract_default_text(void);

/* SHA-256 of the text as it was given: what sha256sum says of the file. */
struct hash contract_hash(const struct contract *contract);
struct str contract_text(const struct contract *contract);
void contract_show(const struct contract *contract, struct buf *out); /* canonical */
/* One line for each difference in meaning, none for order, blanks and comments:
 * "+ path: value", "- path: value", "~ path: old -> new". Returns how many. */
uint32_t contract_diff(const struct contract *before, const struct contract *after,
                       struct buf *out);
/* Steps that judging one record can take at most, in expressions. */
uint64_t contract_cost(const struct contract *contract);

/* -- judging ------------------------------------------------------------------------------ */

/* What is to be written. Empty texts are "none"; everything is borrowed. */
struct contract_record {
    struct str kind; /* fact, intent, hint or event */
    struct str origin, creator, role, topic, position, mime;
    struct str content;      /* of a Fact or Hint; the description of an Intent */
    const struct json *json; /* the content, when the caller has read it already */
    struct str status, capability, scope;
    bool has_confidence, has_valid_from, has_valid_to, has_novelty;
    double confidence;
    double novelty; /* 0: nothing new; 1: nothing like it is known */
    int64_t at_ms, valid_from_ms, valid_to_ms;
    int64_t from_count;       /* records it is made from */
    int64_t evidence_count;   /* facts that a conclusion names */
    int64_t evidence_origins; /* different origins among them */
    int64_t unseen_edges;     /* links between records that were not linked before */
    int64_t priority;
    bool concludes; /* ends an intent: the evidence thresholds apply */
    bool report;    /* the form of reports applies; so it does to the topic "report" */
    bool offer;     /* of an exchange: the required axes apply */
    bool has_pubkey, has_signature; /* the creator's, and a good one over the record */
};

/* X(name, word) */
#define CONTRACT_RULE_TABLE(X)                                                                     \
    X(RULE_LIMIT, "limits")                                                                        \
    X(RULE_SCHEMA, "schema")                                                                       \
    X(RULE_EXCHANGE, "exchange")                                                                   \
    X(RULE_EVIDENCE, "evidence")                                                                   \
    X(RULE_NOVELTY, "novelty")                                                                     \
    X(RULE_REPORT, "report")                                                                       \
    X(RULE_ADMIT, "admit")
enum contract_rule {
    RULE_NONE = 0,
#define X(name, word) name,
    CONTRACT_RULE_TABLE(X)
#undef X
};
const char *contract_rule_word(enum contract_rule rule);

struct contract_finding {
    enum contract_rule rule;
    struct str name; /* of the schema, the admission rule, or the agent or role of a limit */
    struct nex_place place;
    struct str cause; /* what was asked and what was seen */
    struct str cure;  /* what would satisfy it */
};
#define CONTRACT_WARNINGS_MAX 8u
struct contract_verdict {
    bool admitted;
    struct contract_finding refusal; /* when not admitted: the first rule that refuses */
    struct contract_finding warnings[CONTRACT_WARNINGS_MAX];
    uint32_t warnings_count;
};

/* Memory for judging, one for each thread of judgement. The texts of a verdict lie in it
 * until the next judgement. */
struct contract_scratch;
struct contract_scratch *contract_scratch_new(void);
void contract_scratch_free(struct contract_scratch *scratch);

void contract_judge(const struct contract *contract, struct contract_scratch *scratch,
                    const struct contract_record *record, struct contract_verdict *out_verdict);
/* The refusal as people read it: "refused by admit needs_unit (contract.nex:12:5): ...". */
void contract_explain(struct buf *out, const char *name, const struct contract_verdict *verdict);

/* -- looking up ----------------------------------------------------------------------------- */

struct contract_texts {
    struct str *items;
    uint32_t count;
};

struct contract_predicate {
    struct str name;
    bool functional; /* one value at a time: two values contradict each other */
    bool additive;   /* values add up: two values never do */
    struct str unit; /* that its numbers are in; empty: none */
    struct contract_texts aliases;
    struct nex_place place;
};
/* By name or alias, ASCII case aside; NULL: the contract says nothing of it. */
const struct contract_predicate *contract_predicate(const struct contract *contract,
                                                    struct str name);
uint32_t contract_predicates(const struct contract *contract,
                             const struct contract_predicate **out_first);

#define CONTRACT_NO_LIMIT UINT64_MAX
/* X(name, what is counted) */
#define CONTRACT_LIMIT_TABLE(X)                                                                    \
    X(per_minute, "records written in a minute")                                                   \
    X(facts_per_minute, "facts written in a minute")                                               \
    X(intents_per_minute, "intents written in a minute")                                           \
    X(hints_per_minute, "hints written in a minute")                                               \
    X(open_claims, "claims held at once")                                                          \
    X(open_intents, "intents submitted and not ended")                                             \
    X(content_bytes, "bytes of one content")
struct contract_limit_set {
#define X(name, meaning) uint64_t name;
    CONTRACT_LIMIT_TABLE(X)
#undef X
};
/* Each limit as it holds for the agent: its own, else that of its role, else everybody's. */
struct contract_limit_set contract_limits(const struct contract *contract, struct str agent,
                                          struct str role);

struct contract_evidence {
    uint64_t min_facts, min_origins;
    double min_confidence;
};
struct contract_novelty {
    double minimum;
    uint64_t min_unseen_edges;
};
struct contract_report {
    struct contract_texts required_sections;
    struct str citation; /* a regular expression; empty: any */
    uint64_t min_citations;
};
struct contract_exchange {
    bool gated, signed_facts;
    struct contract_texts required_axes;
    uint64_t per_minute; /* exchanges of one identity; CONTRACT_NO_LIMIT: any number */
    double min_novelty;
};
enum contract_growth { GROWTH_NONE = 0, GROWTH_LINEAR, GROWTH_LOGARITHMIC };
struct contract_curve {
    double weight;
    enum contract_growth decay;
    uint64_t min_threshold;
};
/* X(name): the contributions that may be rewarded, as factors. */
#define CONTRACT_CONTRIBUTION_TABLE(X)                                                             \
    X(gap_discovery)                                                                               \
    X(hypothesis)                                                                                  \
    X(validation)                                                                                  \
    X(concept_drift)                                                                               \
    X(ingestion)
struct contract_reward {
    bool given;
    struct contract_curve gap_depth, gap_width;
    double minus_gap, zero_gap; /* shares of the stake that are lost */
    bool diminishing;           /* shallow repeats are worth less and less */
#define X(name) double name;
    CONTRACT_CONTRIBUTION_TABLE(X)
#undef X
};
const struct contract_evidence *contract_evidence(const struct contract *contract);
const struct contract_novelty *contract_novelty(const struct contract *contract);
const struct contract_report *contract_report(const struct contract *contract);
const struct contract_exchange *contract_exchange(const struct contract *contract);
const struct contract_reward *contract_reward(const struct contract *contract);
