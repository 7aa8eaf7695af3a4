/* logger.c - a line is put together first and written at once, so that lines of
 * different processes in one file do not mix. Control characters in it become '?':
 * an event cannot pretend to be two. */
#include "host/posix/logger.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

static const char *const words[] = {
#define X(name, word) word,
    LOGGER_TABLE(X)
#undef X
};

bool logger_level_from(struct str word, enum logger_level *out_level)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_is(word, words[i])) {
            *out_level = (enum logger_level)i;
            return true;
        }
    }
    return false;
}

void logger_line(const struct logger *logger, enum logger_level level, const char *format, ...)
{
    if (level > logger->level) {
        return;
    }
    char text[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            *c = '?';
        }
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct buf line = {0};
    clock_add_utc(&line, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    buf_printf(&line, " %-5s %s\n", words[level], text);
    ssize_t ignored = write(STDERR_FILENO, line.at, line.len);
    (void)ignored;
    buf_deinit(&line);
}
