/* logger.h - one line per event on stderr: time, level, words.
 *
 *     2026-11-21T02:54:00.123Z info  ready at http://127.0.0.1:7700
 *
 * A daemon in the background has stderr pointed at DIR/nexusd.log. Secrets are never
 * logged.
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* X(name, word) */
#define LOGGER_TABLE(X)                                                                            \
    X(LOGGER_ERROR, "error")                                                                       \
    X(LOGGER_WARN, "warn")                                                                         \
    X(LOGGER_INFO, "info")                                                                         \
    X(LOGGER_DEBUG, "debug")
enum logger_level {
#define X(name, word) name,
    LOGGER_TABLE(X)
#undef X
};

struct logger {
    enum logger_level level; /* lines above it are left out */
};

bool logger_level_from(struct str word, enum logger_level *out_level);
void logger_line(const struct logger *logger, enum logger_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);
