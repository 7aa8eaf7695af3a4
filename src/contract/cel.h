/* cel.h - expressions over one record: a bounded subset of the Common Expression Language.
 *
 * An expression is compiled once and evaluated often. What one evaluation can cost at
 * most, in steps and in memory, is computed while compiling from the declared ceilings of
 * the variables; an expression that could cost more than allowed is refused there, so an
 * evaluation needs neither a clock nor a counter to end soon.
 *
 * The subset: the whole grammar; null, bool, int, uint, double, string, bytes, list, map,
 * timestamp, duration and type; the macros has, all, exists, exists_one, map and filter.
 * Not in it: protocol buffer messages, optionals, the extension libraries, patterns of
 * matches() that are not literals, and names of time zones (offsets such as "+02:00" are).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/json.h"

/* X(name, word): the words are what type() gives. */
#define CEL_KIND_TABLE(X)                                                                          \
    X(CEL_ERROR, "error")                                                                          \
    X(CEL_NULL, "null_type")                                                                       \
    X(CEL_BOOL, "bool")                                                                            \
    X(CEL_INT, "int")                                                                              \
    X(CEL_UINT, "uint")                                                                            \
    X(CEL_DOUBLE, "double")                                                                        \
    X(CEL_STRING, "string")                                                                        \
    X(CEL_BYTES, "bytes")                                                                          \
    X(CEL_LIST, "list")                                                                            \
    X(CEL_MAP, "map")                                                                              \
    X(CEL_TIMESTAMP, "google.protobuf.Timestamp")                                                  \
    X(CEL_DURATION, "google.protobuf.Duration")                                                    \
    X(CEL_TYPE, "type")                                                                            \
    X(CEL_DYN, "dyn")
enum cel_kind {
#define X(name, word) name,
    CEL_KIND_TABLE(X)
#undef X
};
const char *cel_kind_word(enum cel_kind kind);

/* How a list or map is held, or that a variable has yet to be asked for. */
enum cel_form { CEL_PLAIN = 0, CEL_OF_JSON, CEL_LAZY };

struct cel_value {
    uint8_t kind; /* enum cel_kind; CEL_DYN only together with CEL_LAZY */
    uint8_t form; /* enum cel_form */
    uint32_t len; /* bytes; items; entries of a map; nanoseconds of a timestamp or duration */
    union {
        bool boolean;
        int64_t integer; /* CEL_INT; whole seconds, rounded down; the kind a CEL_TYPE names */
        uint64_t natural;
        double number;
        const char *text;              /* CEL_STRING, CEL_BYTES; the sentence of a CEL_ERROR */
        const struct cel_value *items; /* a map has key, value, key, value, ... */
        const struct json *json;
    };
};

static inline struct cel_value cel_bool(bool value)
{
    return (struct cel_value){.kind = CEL_BOOL, .boolean = value};
}
static inline struct cel_value cel_int(int64_t value)
{
    return (struct cel_value){.kind = CEL_INT, .integer = value};
}
static inline struct cel_value cel_double(double value)
{
    return (struct cel_value){.kind = CEL_DOUBLE, .number = value};
}
static inline struct cel_value cel_string(struct str text)
{
    return (struct cel_value){.kind = CEL_STRING, .len = (uint32_t)text.len, .text = text.at};
}
static inline struct cel_value cel_time(enum cel_kind kind, int64_t seconds, uint32_t nanos)
{
    return (struct cel_value){.kind = (uint8_t)kind, .len = nanos, .integer = seconds};
}
static inline struct cel_value cel_error(const char *sentence)
{
    return (struct cel_value){.kind = CEL_ERROR, .text = sentence};
}
struct cel_value cel_of_json(const struct json *json);
static inline struct str cel_text(struct cel_value value)
{
    return str_n(value.text, value.len);
}

/* What is known of a value before it is there: its type and its ceilings. */
struct cel_shape {
    enum cel_kind kind; /* CEL_DYN: any */
    uint32_t items;     /* at most so many items or entries, if it is a list or map */
    uint64_t bytes;     /* at most so many bytes, if it is a string or bytes */
    uint64_t total;     /* at most so many steps to look at all of it */
    const struct cel_shape *key, *item; /* of a list or map; NULL: dyn as large as this */
};

struct cel_variable {
    struct str name; /* may be qualified: "x.y" */
    const struct cel_shape *shape;
};

struct cel_limits {
    uint32_t source_bytes; /* 0 = 4,096 */
    uint32_t nodes;        /* of the syntax tree; 0 = 2,000 */
    uint64_t cost;         /* steps of one evaluation; 0 = 1,000,000 */
    uint64_t memory_bytes; /* of one evaluation; 0 = 262,144 */
};

struct cel_env {
    const struct cel_variable *variables;
    size_t count;
    struct str container; /* names are sought in it first; may be empty */
    bool unchecked;       /* leave unknown names and wrong types to the evaluation */
    struct cel_limits limits;
};

struct cel_problem {
    size_t offset; /* byte of the source */
    char cause[256];
    char cure[192]; /* may be empty */
};

struct cel_op; /* one instruction */
struct cel_program {
    const struct cel_op *ops;
    const struct cel_value *constants;
    const void *const *patterns; /* of matches() */
    uint32_t ops_count;
    uint32_t loops;     /* macros inside one another */
    enum cel_kind kind; /* of the result, CEL_DYN when only the evaluation tells */
    uint64_t cost;      /* steps of one evaluation at most */
    uint64_t memory;    /* bytes of one evaluation at most */
};

/* Compiles into `life`, which must outlive the program, as must `source`. */
MUST_USE bool cel_compile(struct arena *life, struct str source, const struct cel_env *env,
                          struct cel_program *out_program, struct cel_problem *out_problem);

/* The operands of the && that the source is at its top (or the whole of it), and of each the
 * variables and fields that it looks at, so that a refusal can say what was seen. */
struct cel_part {
    struct str source;
    struct str *seen; /* at most CEL_SEEN_MAX */
    uint32_t seen_count;
};
#define CEL_SEEN_MAX 6u
MUST_USE bool cel_parts(struct arena *life, struct str source, const struct cel_env *env,
                        struct cel_part **out_parts, uint32_t *out_count,
                        struct cel_problem *out_problem);

/* One evaluation. `vars` are in the order of the environment's; a lazy one is asked for on
 * first use and kept. Nothing is allocated but in `memory`. */
struct cel_run {
    struct cel_value *vars;
    void (*resolve)(void *context, uint32_t variable, struct cel_value *out_value);
    void *context;
    uint8_t *memory; /* aligned to 16 */
    size_t memory_len;
    size_t memory_used;
    uint64_t steps; /* counted up: never beyond the program's cost */
};
struct cel_value cel_eval(const struct cel_program *program, struct cel_run *run);

/* Equality as the language has it: numbers across their types, lists and maps by content. */
bool cel_equal(struct cel_value a, struct cel_value b);
/* A literal that a person can read: "text", 3, [1, 2], {...}; cut to about max_bytes. */
void cel_print(struct buf *out, struct cel_value value, size_t max_bytes);
