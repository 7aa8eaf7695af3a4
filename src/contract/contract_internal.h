/* contract_internal.h - the compiled contract, between the files of this component. */
#pragma once
#include "contract/cel.h"
#include "contract/contract.h"
#include "contract/regex.h"

/* What an expression may name. X(id, word, kind, ceiling of bytes or 0) */
#define CONTRACT_VARIABLE_TABLE(X)                                                                 \
    X(VAR_KIND, "kind", CEL_STRING, 16)                                                            \
    X(VAR_ORIGIN, "origin", CEL_STRING, 1024)                                                      \
    X(VAR_CREATOR, "creator", CEL_STRING, 1024)                                                    \
    X(VAR_ROLE, "role", CEL_STRING, 1024)                                                          \
    X(VAR_TOPIC, "topic", CEL_STRING, 1024)                                                        \
    X(VAR_POSITION, "position", CEL_STRING, 1024)                                                  \
    X(VAR_MIME, "mime", CEL_STRING, 1024)                                                          \
    X(VAR_STATUS, "status", CEL_STRING, 1024)                                                      \
    X(VAR_CAPABILITY, "capability", CEL_STRING, 1024)                                              \
    X(VAR_SCOPE, "scope", CEL_STRING, 1024)                                                        \
    X(VAR_TEXT, "text", CEL_STRING, TEXT_CEILING)                                                  \
    X(VAR_CONTENT, "content", CEL_DYN, TEXT_CEILING)                                               \
    X(VAR_CONTENT_BYTES, "content_bytes", CEL_INT, 0)                                              \
    X(VAR_CONFIDENCE, "confidence", CEL_DYN, 0)                                                    \
    X(VAR_NOVELTY, "novelty", CEL_DYN, 0)                                                          \
    X(VAR_AT, "at", CEL_TIMESTAMP, 0)                                                              \
    X(VAR_VALID_FROM, "valid_from", CEL_DYN, 0)                                                    \
    X(VAR_VALID_TO, "valid_to", CEL_DYN, 0)                                                        \
    X(VAR_FROM_COUNT, "from_count", CEL_INT, 0)                                                    \
    X(VAR_EVIDENCE_COUNT, "evidence_count", CEL_INT, 0)                                            \
    X(VAR_EVIDENCE_ORIGINS, "evidence_origins", CEL_INT, 0)                                        \
    X(VAR_UNSEEN_EDGES, "unseen_edges", CEL_INT, 0)                                                \
    X(VAR_PRIORITY, "priority", CEL_INT, 0)                                                        \
    X(VAR_CONCLUDES, "concludes", CEL_BOOL, 0)                                                     \
    X(VAR_REPORT, "report", CEL_BOOL, 0)                                                           \
    X(VAR_OFFER, "offer", CEL_BOOL, 0)                                                             \
    X(VAR_SIGNED, "signed", CEL_BOOL, 0)
enum contract_variable {
#define X(id, word, kind, bytes) id,
    CONTRACT_VARIABLE_TABLE(X)
#undef X
        VAR_COUNT
};

/* -- the words of the language (contract_words.c) ---------------------------------------- */

enum word_type {
    WORD_BOOL = 1,
    WORD_NUMBER,
    WORD_COUNT,  /* a whole number, not negative */
    WORD_SHARE,  /* 0 .. 1, or a percentage */
    WORD_TEXT,   /* a text or a word */
    WORD_CHOICE, /* one of `choices`, given as its number from 0 */
    WORD_TEXTS,  /* a list of texts */
    WORD_NODE,   /* anything; looked at later */
};

struct word_key {
    const char *word;
    enum word_type type;
    size_t offset; /* of where it goes */
    bool required;
    double min, max;     /* of numbers; max 0: none */
    const char *choices; /* "one|two" */
};

struct word_block {
    const char *word;
    bool named, repeats;
    const struct word_key *keys;
    size_t keys_count;
    const struct word_block *blocks;
    size_t blocks_count;
    bool free; /* its items are looked at by somebody else */
};

struct compiler {
    struct contract *contract;
    struct nex_problems *problems;
    struct contract_ceilings ceilings;
    struct str source; /* the contract's copy */
};
/* Checks every key, value and block inside `node` and the blocks below against their tables. */
void words_check(struct compiler *c, const struct nex_node *node, const struct word_block *block);
/* Puts the values of the keys of `node` where the table says, in *out. */
void words_fill(struct compiler *c, const struct nex_node *node, const struct word_block *block,
                void *out);
const struct word_block *words_top(void);
const struct word_block *words_find(const struct word_block *block, struct str word);
/* Says that `word` is unknown, with the nearest of the known ones. */
void words_unknown(struct compiler *c, struct nex_place place, const char *what, struct str word,
                   const struct str *known, size_t count);
bool value_texts(struct compiler *c, const struct nex_value *value, struct contract_texts *out);

/* -- the compiled contract ------------------------------------------------------------------ */

/* An expression with what a refusal needs to know of it. */
struct rule_part {
    struct str source;
    struct nex_place place;
    struct cel_program program;
    struct str *seen_words;
    struct cel_program *seen;
    uint32_t seen_count;
};

struct rule {
    struct str name;
    struct nex_place place;
    bool has_when;
    bool warns; /* instead of refusing */
    struct cel_program when;
    struct rule_part *parts; /* of the requirement: all have to be true */
    uint32_t parts_count;
    struct str message;
    int32_t kind; /* index of the record kind its `when` demands; -1: any */
};

enum schema_type {
    SCHEMA_ANY = 0,
    SCHEMA_STRING,
    SCHEMA_NUMBER,
    SCHEMA_INTEGER,
    SCHEMA_BOOLEAN,
    SCHEMA_LIST,
    SCHEMA_OBJECT,
    SCHEMA_NULL,
};

struct schema_field {
    struct str name;
    struct nex_place place;
    uint32_t type;         /* enum schema_type */
    bool nullable, closed; /* closed: no other members than those of `fields` */
    double minimum, maximum;
    uint64_t min_length, max_length, min_items, max_items;
    const struct nex_value *choices; /* enum: a list; NULL: any */
    struct str pattern_text;
    const struct regex *pattern;
    struct contract_texts required;
    struct schema_field *fields; /* of an object */
    uint32_t fields_count;
    struct schema_field *items; /* of a list; NULL: any */
};

struct schema {
    struct str name;
    struct nex_place place;
    struct contract_texts kinds;
    struct str mime, topic; /* that it is for; empty: any */
    struct schema_field root;
};

struct limit_row {
    struct str name; /* empty: everybody */
    bool role;
    struct nex_place place;
    struct contract_limit_set set;
};

struct expressions {
    uint64_t cost, text_bytes, json_values;
};

struct contract {
    struct arena life;
    struct str text;
    struct hash hash;
    const struct nex_node *tree;
    struct rule *rules;
    uint32_t rules_count;
    struct schema *schemas;
    uint32_t schemas_count;
    struct contract_predicate *predicates;
    uint32_t predicates_count;
    uint32_t *predicate_slots; /* open addressing over names and aliases: number + 1 */
    uint32_t slots_count;
    struct limit_row *limits;
    uint32_t limits_count;
    struct contract_evidence evidence;
    struct contract_novelty novelty;
    struct contract_report report;
    const struct regex *citation;
    struct contract_exchange exchange;
    struct contract_reward reward;
    struct nex_place evidence_place, novelty_place, report_place, exchange_place;
    struct expressions expressions;
    uint64_t cost;   /* of all rules */
    uint64_t memory; /* of the greediest expression */
    struct cel_variable variables[VAR_COUNT];
    struct cel_shape shapes[VAR_COUNT];
};

/* Patterns outside of expressions run over at most text_bytes; this bounds the other factor. */
#define PATTERN_WORK_MAX 400u
const struct regex *pattern_compile(struct compiler *c, const struct nex_value *text);
void rules_compile(struct compiler *c);   /* contract_rules.c */
void schemas_compile(struct compiler *c); /* contract_schema.c */
void predicates_index(struct contract *contract);

/* -- judging ------------------------------------------------------------------------------- */

struct contract_scratch {
    struct arena arena; /* the JSON tree, and the texts of a verdict */
    uint8_t *memory;    /* of expressions */
    size_t memory_len;
    /* of the present judgement */
    const struct contract *contract;
    const struct contract_record *record;
    const struct json *json;
    uint64_t json_bytes; /* its texts have at most */
    bool json_read;
    const char *json_cause; /* it is no JSON, because */
    struct cel_value vars[VAR_COUNT];
};

/* The content as JSON, read once; NULL: it is none. */
const struct json *judge_json(struct contract_scratch *scratch);
struct cel_value judge_eval(struct contract_scratch *scratch, const struct cel_program *program);
/* True: it fits; else the finding says where not. */
bool schema_judge(struct contract_scratch *scratch, const struct schema *schema,
                  struct contract_finding *out);
bool report_judge(struct contract_scratch *scratch, struct contract_finding *out);
bool exchange_judge(struct contract_scratch *scratch, struct contract_finding *out);
