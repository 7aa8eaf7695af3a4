/* err.c - names of errors, and the trail.
 *
 * Invariant of a trail: len < sizeof text and text[len] == 0.
 */
#include "base/err.h"

#include <stdio.h>

#include "base/check.h"

const char *err_name(enum err err)
{
    switch (err) {
    case ERR_OK:
        return "ERR_OK";
#define X(name, text)                                                                              \
    case name:                                                                                     \
        return #name;
        ERR_TABLE(X)
#undef X
    }
    return "ERR_UNKNOWN";
}

const char *err_text(enum err err)
{
    switch (err) {
    case ERR_OK:
        return "all is well";
#define X(name, text)                                                                              \
    case name:                                                                                     \
        return text;
        ERR_TABLE(X)
#undef X
    }
    return "an error without a name";
}

void trail_clear(struct trail *trail)
{
    trail->text[0] = '\0';
    trail->len = 0;
}

PRINTF_LIKE(2, 0)
static void trail_vadd(struct trail *trail, const char *format, va_list args)
{
    if (trail == NULL) {
        return;
    }
    CHECK(trail->len < sizeof trail->text);
    const size_t last = sizeof trail->text - 1;
    if (trail->len > 0) {
        for (const char *mark = ": "; *mark != '\0' && trail->len < last; mark++) {
            trail->text[trail->len++] = *mark;
        }
    }
    const size_t room = sizeof trail->text - trail->len;
    const int wanted = vsnprintf(trail->text + trail->len, room, format, args);
    if (wanted < 0) {
        trail->text[trail->len] = '\0';
        return;
    }
    trail->len = (size_t)wanted < room ? trail->len + (size_t)wanted : last;
}

void trail_add(struct trail *trail, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    trail_vadd(trail, format, args);
    va_end(args);
}

enum err trail_err(struct trail *trail, enum err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    trail_vadd(trail, format, args);
    va_end(args);
    return err;
}
