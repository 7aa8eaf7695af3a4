/* err.h - fatal errors, and the trail that tells how we got there.
 *
 * Two kinds of bad news live in Nexus. `enum err` is fatal for the unit that
 * meets it: it is forwarded unchanged until somebody who owns the unit stops
 * it. Outcomes (a claim already taken, a stale epoch) are normal life and are
 * listed by the component that produces them; they never travel as `enum err`.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/* X(name, text): text is what a person reads. */
#define ERR_TABLE(X)                                                                               \
    X(ERR_IO, "the disk refused an operation")                                                     \
    X(ERR_FULL, "the disk is full")                                                                \
    X(ERR_READONLY, "the data directory cannot be written")                                        \
    X(ERR_CORRUPT, "stored data does not match its checksum")                                      \
    X(ERR_FORMAT, "the data directory was written by a newer version")                             \
    X(ERR_LOCKED, "it is in use by another process")                                               \
    X(ERR_LIMIT, "a configured limit was reached")                                                 \
    X(ERR_NOT_FOUND, "there is no such thing")                                                     \
    X(ERR_INVALID, "the input is not valid")                                                       \
    X(ERR_STOPPED, "the unit has stopped")

enum err {
    ERR_OK = 0,
#define X(name, text) name,
    ERR_TABLE(X)
#undef X
};

/* The name ("ERR_IO") and the sentence of an error; never NULL. */
const char *err_name(enum err err);
const char *err_text(enum err err);

/* A fixed buffer to which each level adds what it was doing, innermost first.
 * Zeroed memory is an empty trail. Overlong trails keep their beginning. */
struct trail {
    char text[512];
    size_t len;
};

void trail_clear(struct trail *trail);
/* Adds ": " (unless empty) and the formatted words; trail may be NULL. */
void trail_add(struct trail *trail, const char *format, ...) PRINTF_LIKE(2, 3);
/* Adds to the trail and gives `err` back: `return trail_err(t, ERR_IO, "..")`. */
MUST_USE enum err trail_err(struct trail *trail, enum err err, const char *format, ...)
    PRINTF_LIKE(3, 4);
