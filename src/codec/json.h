/* json.h - JSON (RFC 8259): a strict reader into an arena, and a writer.
 *
 * The reader accepts exactly RFC 8259: UTF-8 only, no trailing commas, no
 * comments, no lone surrogates, no duplicate keys, one value with nothing behind
 * it but white space. Depth, size and node count are limited. Strings without
 * escapes are borrowed from the input, so the input must outlive the tree.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum json_kind {
    JSON_NULL = 1,
    JSON_FALSE,
    JSON_TRUE,
    JSON_INT,    /* fits int64 and has no fraction or exponent */
    JSON_NUMBER, /* any other number, as double */
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json {
    enum json_kind kind;
    uint32_t count; /* members of an array or object */
    struct str key; /* of an object's member */
    struct json *next;
    union {
        int64_t integer;
        double number;
        struct str string;
        struct json *first; /* first member of an array or object */
    };
    struct str raw; /* the value's own bytes in the input */
};

struct json_limits {
    uint32_t depth_max; /* nesting; 0 = 64, at most 1,024 */
    uint32_t nodes_max; /* values in all; 0 = 1,000,000 */
    bool repeat_keys;   /* accept duplicate keys; json_get then finds the first */
};

struct json_error {
    size_t offset;     /* byte at which the reader gave up; of a duplicate key, its value */
    const char *cause; /* "duplicate key", "not UTF-8", ... */
};

/* Reads one value. False: *out_error says where and why. limits may be NULL. */
MUST_USE bool json_parse(struct arena *arena, struct str text, const struct json_limits *limits,
                         struct json **out_value, struct json_error *out_error);
/* The member named `key`, or NULL; NULL too when `object` is no object. */
const struct json *json_get(const struct json *object, const char *key);
/* Convenience: the member's value when it has the kind, else the fallback. */
struct str json_get_str(const struct json *object, const char *key, struct str fallback);
int64_t json_get_int(const struct json *object, const char *key, int64_t fallback);
bool json_get_bool(const struct json *object, const char *key, bool fallback);
double json_number(const struct json *value, double fallback); /* JSON_INT or JSON_NUMBER */

/* The writer appends to a buffer and sees to commas. Zeroed: compact output. */
struct json_writer {
    struct buf *out;
    uint32_t depth;
    bool pretty; /* two-space indentation */
    bool needs_comma;
    bool after_key;
};

void jw_init(struct json_writer *w, struct buf *out, bool pretty);
void jw_object(struct json_writer *w);
void jw_object_end(struct json_writer *w);
void jw_array(struct json_writer *w);
void jw_array_end(struct json_writer *w);
void jw_key(struct json_writer *w, const char *key); /* a literal without characters to escape */
void jw_key_str(struct json_writer *w, struct str key);
void jw_str(struct json_writer *w, struct str text); /* invalid UTF-8 becomes U+FFFD */
void jw_text(struct json_writer *w, const char *text);
void jw_int(struct json_writer *w, int64_t value);
void jw_uint(struct json_writer *w, uint64_t value);
void jw_double(struct json_writer *w,
               double value); /* shortest that reads back; not finite: null */
void jw_bool(struct json_writer *w, bool value);
void jw_null(struct json_writer *w);
void jw_raw(struct json_writer *w, struct str json); /* a value already in JSON */
/* Writes a parsed value again (compact unless the writer is pretty). Numbers keep the
 * digits they came with, so nothing is lost to rounding. */
void jw_value(struct json_writer *w, const struct json *value);
/* key + value in one call. */
void jw_kv_str(struct json_writer *w, const char *key, struct str text);
void jw_kv_text(struct json_writer *w, const char *key, const char *text);
void jw_kv_int(struct json_writer *w, const char *key, int64_t value);
void jw_kv_uint(struct json_writer *w, const char *key, uint64_t value);
void jw_kv_bool(struct json_writer *w, const char *key, bool value);
