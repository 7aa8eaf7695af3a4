/* cel_internal.h - tokens, syntax tree, shapes, instructions: between the files of cel. */
#pragma once
#include "contract/cel.h"
#include "contract/regex.h"

#define CEL_HEIGHT_MAX 160u /* of the syntax tree, and of nested brackets */
#define CEL_LOOPS_MAX  8u   /* comprehensions inside one another */
#define CEL_STACK_MAX  255u /* the machine has one cell more, below */

/* X(name, word) */
#define CEL_TOKEN_TABLE(X)                                                                         \
    X(TOK_END, "the end")                                                                          \
    X(TOK_BAD, "a bad token")                                                                      \
    X(TOK_NAME, "a name")                                                                          \
    X(TOK_QUOTED, "a quoted name")                                                                 \
    X(TOK_VALUE, "a literal")                                                                      \
    X(TOK_LEFT, "'('")                                                                             \
    X(TOK_RIGHT, "')'")                                                                            \
    X(TOK_SQUARE, "'['")                                                                           \
    X(TOK_SQUARE_END, "']'")                                                                       \
    X(TOK_CURLY, "'{'")                                                                            \
    X(TOK_CURLY_END, "'}'")                                                                        \
    X(TOK_DOT, "'.'")                                                                              \
    X(TOK_COMMA, "','")                                                                            \
    X(TOK_COLON, "':'")                                                                            \
    X(TOK_ASK, "'?'")                                                                              \
    X(TOK_NOT, "'!'")                                                                              \
    X(TOK_OR, "'||'")                                                                              \
    X(TOK_AND, "'&&'")                                                                             \
    X(TOK_EQ, "'=='")                                                                              \
    X(TOK_NE, "'!='")                                                                              \
    X(TOK_LT, "'<'")                                                                               \
    X(TOK_LE, "'<='")                                                                              \
    X(TOK_GT, "'>'")                                                                               \
    X(TOK_GE, "'>='")                                                                              \
    X(TOK_IN, "'in'")                                                                              \
    X(TOK_ADD, "'+'")                                                                              \
    X(TOK_SUB, "'-'")                                                                              \
    X(TOK_MUL, "'*'")                                                                              \
    X(TOK_DIV, "'/'")                                                                              \
    X(TOK_MOD, "'%'")
enum cel_token_kind {
#define X(name, word) name,
    CEL_TOKEN_TABLE(X)
#undef X
};

struct cel_token {
    enum cel_token_kind kind;
    uint32_t begin, end; /* bytes of the source */
    struct str name;     /* TOK_NAME, TOK_QUOTED */
    struct cel_value value;
    bool too_large; /* an int literal of 9223372036854775808, fit only behind '-' */
};

/* What all stages share. The first problem ends the compilation. */
struct cel_reader {
    struct str source;
    struct arena *life;
    const struct cel_env *env;
    struct cel_problem *problem;
    bool failed;
    uint32_t at;
    struct cel_token token; /* the next one */
    uint32_t depth, nodes;
};
bool cel_fail(struct cel_reader *r, size_t offset, const char *format, ...) PRINTF_LIKE(3, 4);
void cel_advance(struct cel_reader *r); /* reads the next token; TOK_BAD has failed */
const char *cel_token_word(enum cel_token_kind kind);
/* Decimal digits to double, correctly and without the locale; false on junk. */
bool cel_read_double(struct str text, double *out_value);

enum cel_node_kind {
    NODE_VALUE = 1,
    NODE_NAME,   /* name; absolute: with a dot in front */
    NODE_SELECT, /* first . name; test: has() */
    NODE_CALL,   /* name(args), or first.name(args) when method */
    NODE_UNARY,  /* op first */
    NODE_BINARY, /* first op second; op TOK_SQUARE: index */
    NODE_COND,   /* first ? second : third */
    NODE_LIST,
    NODE_MAP,  /* key, value, key, value */
    NODE_LOOP, /* range, body and for a map with a filter the filter between */
};
enum cel_loop { LOOP_ALL = 1, LOOP_EXISTS, LOOP_ONE, LOOP_MAP, LOOP_FILTER };

struct cel_node {
    enum cel_node_kind kind;
    enum cel_token_kind op;
    enum cel_loop loop;
    bool method, absolute, test;
    uint8_t function; /* NODE_CALL: row of the table, once known */
    uint16_t height;
    uint32_t begin, end; /* bytes of the source */
    uint32_t at;         /* where a problem with it is pointed out */
    uint32_t count;      /* children */
    struct str name;
    struct cel_value value;
    struct cel_node *first, *last, *next;
    struct cel_node *range_of;   /* of a name: the loop whose variable it is */
    uint32_t variable;           /* of a name or select that is a variable: number + 1 */
    uint32_t slot;               /* NODE_LOOP: its depth */
    const struct regex *pattern; /* of matches() */
    struct cel_shape shape;
};
struct cel_node *cel_parse(struct cel_reader *r); /* NULL: failed */

/* The functions. X(id, word, method, global, args_min, args_max, first_kinds, second_kinds,
 * result); arguments count the receiver. */
#define K(kind)   (1u << (kind))
#define K_ANY     0xffffu
#define K_TIMES   (K(CEL_TIMESTAMP) | K(CEL_DURATION))
#define K_NUMBERS (K(CEL_INT) | K(CEL_UINT) | K(CEL_DOUBLE))
#define CEL_FUNCTION_TABLE(X)                                                                      \
    X(FN_SIZE, "size", true, true, 1, 1, K(CEL_STRING) | K(CEL_BYTES) | K(CEL_LIST) | K(CEL_MAP),  \
      0, CEL_INT)                                                                                  \
    X(FN_CONTAINS, "contains", true, false, 2, 2, K(CEL_STRING), K(CEL_STRING), CEL_BOOL)          \
    X(FN_STARTS, "startsWith", true, false, 2, 2, K(CEL_STRING), K(CEL_STRING), CEL_BOOL)          \
    X(FN_ENDS, "endsWith", true, false, 2, 2, K(CEL_STRING), K(CEL_STRING), CEL_BOOL)              \
    X(FN_MATCHES, "matches", true, true, 2, 2, K(CEL_STRING), K(CEL_STRING), CEL_BOOL)             \
    X(FN_LOWER, "lowerAscii", true, false, 1, 1, K(CEL_STRING), 0, CEL_STRING)                     \
    X(FN_TYPE, "type", false, true, 1, 1, K_ANY, 0, CEL_TYPE)                                      \
    X(FN_DYN, "dyn", false, true, 1, 1, K_ANY, 0, CEL_DYN)                                         \
    X(FN_BOOL, "bool", false, true, 1, 1, K(CEL_BOOL) | K(CEL_STRING), 0, CEL_BOOL)                \
    X(FN_INT, "int", false, true, 1, 1, K_NUMBERS | K(CEL_STRING) | K_TIMES, 0, CEL_INT)           \
    X(FN_UINT, "uint", false, true, 1, 1, K_NUMBERS | K(CEL_STRING), 0, CEL_UINT)                  \
    X(FN_DOUBLE, "double", false, true, 1, 1, K_NUMBERS | K(CEL_STRING), 0, CEL_DOUBLE)            \
    X(FN_STRING, "string", false, true, 1, 1,                                                      \
      K_NUMBERS | K(CEL_STRING) | K(CEL_BYTES) | K(CEL_BOOL) | K_TIMES, 0, CEL_STRING)             \
    X(FN_BYTES, "bytes", false, true, 1, 1, K(CEL_STRING) | K(CEL_BYTES), 0, CEL_BYTES)            \
    X(FN_TIMESTAMP, "timestamp", false, true, 1, 1, K(CEL_STRING) | K(CEL_INT) | K(CEL_TIMESTAMP), \
      0, CEL_TIMESTAMP)                                                                            \
    X(FN_DURATION, "duration", false, true, 1, 1, K(CEL_STRING) | K(CEL_DURATION), 0,              \
      CEL_DURATION)                                                                                \
    X(FN_YEAR, "getFullYear", true, false, 1, 2, K(CEL_TIMESTAMP), K(CEL_STRING), CEL_INT)         \
    X(FN_MONTH, "getMonth", true, false, 1, 2, K(CEL_TIMESTAMP), K(CEL_STRING), CEL_INT)           \
    X(FN_DATE, "getDate", true, false, 1, 2, K(CEL_TIMESTAMP), K(CEL_STRING), CEL_INT)             \
    X(FN_MONTH_DAY, "getDayOfMonth", true, false, 1, 2, K(CEL_TIMESTAMP), K(CEL_STRING), CEL_INT)  \
    X(FN_WEEK_DAY, "getDayOfWeek", true, false, 1, 2, K(CEL_TIMESTAMP), K(CEL_STRING), CEL_INT)    \
    X(FN_YEAR_DAY, "getDayOfYear", true, false, 1, 2, K(CEL_TIMESTAMP), K(CEL_STRING), CEL_INT)    \
    X(FN_HOURS, "getHours", true, false, 1, 2, K_TIMES, K(CEL_STRING), CEL_INT)                    \
    X(FN_MINUTES, "getMinutes", true, false, 1, 2, K_TIMES, K(CEL_STRING), CEL_INT)                \
    X(FN_SECONDS, "getSeconds", true, false, 1, 2, K_TIMES, K(CEL_STRING), CEL_INT)                \
    X(FN_MILLIS, "getMilliseconds", true, false, 1, 2, K_TIMES, K(CEL_STRING), CEL_INT)
enum cel_function {
    FN_NONE = 0,
#define X(id, word, method, global, min, max, first, second, result) id,
    CEL_FUNCTION_TABLE(X)
#undef X
};
struct cel_signature {
    const char *word;
    bool method, global;
    uint8_t args_min, args_max;
    uint16_t first, second; /* sets of kinds */
    enum cel_kind result;
};
const struct cel_signature *cel_signature(enum cel_function function);
enum cel_function cel_function_find(struct str name);

/* Resolves names, checks types, gives every node its shape. */
bool cel_check(struct cel_reader *r, struct cel_node *root);
/* The bounds of one evaluation of this node, children included. */
struct cel_cost {
    uint64_t steps, memory;
};
struct cel_cost cel_cost(const struct cel_node *node);
const struct cel_shape *cel_shape_item(const struct cel_shape *shape);
const struct cel_shape *cel_shape_key(const struct cel_shape *shape);

/* X(name): instructions of the stack machine; a and b are its operands. */
#define CEL_CODE_TABLE(X)                                                                          \
    X(CODE_CONST)    /* push constant b */                                                         \
    X(CODE_VAR)      /* push variable b */                                                         \
    X(CODE_SLOT)     /* push the item of loop a */                                                 \
    X(CODE_SELECT)   /* top = top.constant b */                                                    \
    X(CODE_HAS)      /* top = has(top.constant b) */                                               \
    X(CODE_UNARY)    /* top = op a, top */                                                         \
    X(CODE_BINARY)   /* pop two, push (first op a second) */                                       \
    X(CODE_VAR_EQ)   /* push variable a == constant b */                                           \
    X(CODE_VAR_NE)   /* push variable a != constant b */                                           \
    X(CODE_LIST)     /* pop b, push the list of them */                                            \
    X(CODE_MAP)      /* pop 2 b, push the map of them */                                           \
    X(CODE_CALL)     /* pop a arguments, push function b of them */                                \
    X(CODE_MATCHES)  /* top = pattern b matches top */                                             \
    X(CODE_SKIP_OFF) /* top is false: go to b, keeping it */                                       \
    X(CODE_SKIP_ON)  /* top is true: go to b, keeping it */                                        \
    X(CODE_AND)      /* pop two, push both */                                                      \
    X(CODE_OR)       /* pop two, push either */                                                    \
    X(CODE_BRANCH)   /* pop; true: go on; false: go to b; error: push it, go where op b-1 goes */  \
    X(CODE_JUMP)     /* go to b */                                                                 \
    X(CODE_LOOP)     /* pop the range, begin loop a; nothing in it: go to b */                     \
    X(CODE_WHEN)     /* pop; not true: the next item, without the FOLD at b */                     \
    X(CODE_FOLD)     /* pop the body's value into loop a; more items: go to b */                   \
    X(CODE_LOOP_END) /* push the result of loop a */                                               \
    X(CODE_END)
enum cel_code {
#define X(name) name,
    CEL_CODE_TABLE(X)
#undef X
};
struct cel_op {
    uint8_t code;
    uint8_t kind; /* CODE_LOOP: enum cel_loop */
    uint16_t a;
    uint32_t b;
};

/* Values (cel_value.c, cel_json.c, cel_call.c, cel_time.c). Errors come in as operands. */
struct cel_value *cel_take(struct cel_run *run, size_t count); /* NULL: no memory left */
char *cel_take_bytes(struct cel_run *run, size_t bytes);
struct cel_value cel_no_overload(void);
bool cel_is_number(struct cel_value v);
/* -1, 0, 1; 2 = not ordered (NaN); 3 = not comparable. */
int cel_compare(struct cel_value a, struct cel_value b);
struct cel_value cel_arithmetic(struct cel_run *run, enum cel_token_kind op, struct cel_value a,
                                struct cel_value b);
struct cel_value cel_unary(enum cel_token_kind op, struct cel_value a);
struct cel_value cel_binary(struct cel_run *run, enum cel_token_kind op, struct cel_value a,
                            struct cel_value b);
/* Goes through a list (key = item) or map, however it is held. */
struct cel_cursor {
    struct cel_value of;
    uint32_t index;
    const struct json *member;
};
struct cel_cursor cel_cursor(struct cel_value of);
bool cel_next(struct cel_cursor *cursor, struct cel_value *out_key, struct cel_value *out_value);
/* As cel_equal, adding what it took to *steps. */
bool cel_same(struct cel_value a, struct cel_value b, uint64_t *steps);
bool cel_map_find(struct cel_value map, struct cel_value key, struct cel_value *out_value);
struct cel_value cel_select(struct cel_value object, struct cel_value name, bool test);
/* Checks keys and takes the items over. */
struct cel_value cel_make_map(struct cel_run *run, const struct cel_value *items, uint32_t entries);
struct cel_value cel_call(struct cel_run *run, enum cel_function function,
                          const struct cel_value *args, uint32_t count);
struct cel_value cel_convert(struct cel_run *run, enum cel_function function, struct cel_value v);
struct cel_value cel_time_add(enum cel_token_kind op, struct cel_value a, struct cel_value b);
struct cel_value cel_time_part(enum cel_function function, const struct cel_value *args,
                               uint32_t count);
bool cel_read_timestamp(struct str text, struct cel_value *out_value);
bool cel_read_duration(struct str text, struct cel_value *out_value);
size_t cel_write_timestamp(struct cel_value v, char out[40]);
size_t cel_write_duration(struct cel_value v, char out[40]);
size_t cel_write_double(double value, char out[40]);
