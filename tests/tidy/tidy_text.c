/* tidy_text.c - rules for any text: width, blanks, marks of unfinished work, links. */
#include "tidy.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS_MAX = 100 };

/* Each is written in two pieces, so that this file passes its own check. */
static const char *const marks[] = {"FIX"
                                    "ME",
                                    "XX"
                                    "X",
                                    "TO"
                                    "DO",
                                    "HA"
                                    "CK",
                                    "not imple"
                                    "mented",
                                    "unimple"
                                    "mented",
                                    "place"
                                    "holder",
                                    "dum"
                                    "my",
                                    "st"
                                    "ub"};
static const char *const machine_paths[] = {"/wo"
                                            "rk/",
                                            "/fa"
                                            "rm/",
                                            "/ro"
                                            "ot/",
                                            "/tmp/bash"
                                            "_jobs",
                                            "/tmp/"
                                            "nx"};

static size_t columns(const char *line, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        count += ((unsigned char)line[i] & 0xc0) != 0x80;
    }
    return count;
}

static void check_line(struct tidy *tidy, const struct source *source, size_t number,
                       const char *line, size_t len)
{
    const char *path = source->path;
    bool prose = has_suffix(path, ".md") || has_suffix(path, ".txt") || has_suffix(path, ".html");
    if (!prose && !has_suffix(path, ".tbl") && columns(line, len) > COLUMNS_MAX) {
        report(tidy, source, number, "%zu columns; at most %d", columns(line, len), COLUMNS_MAX);
    }
    bool wants_tabs = has_suffix(path, "Makefile") || has_suffix(path, ".scd");
    if (!wants_tabs && memchr(line, '\t', len) != NULL) {
        report(tidy, source, number, "a tab; use spaces");
    }
    if (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t' || line[len - 1] == '\r')) {
        report(tidy, source, number, "blanks at the end of the line");
    }
    for (size_t i = 0; !prose && i < sizeof marks / sizeof marks[0]; i++) {
        if (find_word(line, len, marks[i]) != NULL) {
            report(tidy, source, number, "'%s': finish it or say what is so", marks[i]);
        }
    }
    for (size_t i = 0; i < sizeof machine_paths / sizeof machine_paths[0]; i++) {
        if (memmem(line, len, machine_paths[i], strlen(machine_paths[i])) != NULL) {
            report(tidy, source, number, "'%s' is a path of one machine", machine_paths[i]);
        }
    }
}

void check_text(struct tidy *tidy, const struct source *source)
{
    each_line(tidy, source, source->text, check_line);
    if (source->len > 0 && source->text[source->len - 1] != '\n') {
        report(tidy, source, 1, "no newline at the end of the file");
    }
}

static void check_target(struct tidy *tidy, const struct source *source, size_t number,
                         const char *target, size_t len)
{
    size_t path_len = 0;
    while (path_len < len && target[path_len] != '#' && target[path_len] != ' ') {
        path_len++;
    }
    if (path_len == 0 || memmem(target, path_len, ":", 1) != NULL) {
        return; /* a place in the same page, or another site */
    }
    const char *slash = strrchr(source->path, '/');
    int directory_len = slash == NULL || target[0] == '/' ? 0 : (int)(slash - source->path) + 1;
    char path[4096];
    snprintf(path, sizeof path, "%.*s%.*s", directory_len, source->path, (int)path_len, target);
    if (!exists(path)) {
        report(tidy, source, number, "dead link to '%.*s'", (int)path_len, target);
    }
}

/* Links of one line, outside `code`. */
static void check_line_links(struct tidy *tidy, const struct source *source, size_t number,
                             const char *line, size_t len)
{
    bool code = false;
    for (size_t i = 0; i + 1 < len; i++) {
        code = line[i] == '`' ? !code : code;
        if (!code && line[i] == ']' && line[i + 1] == '(') {
            const char *target = line + i + 2;
            const char *close = memchr(target, ')', len - i - 2);
            if (close != NULL) {
                check_target(tidy, source, number, target, (size_t)(close - target));
            }
        }
    }
}

void check_links(struct tidy *tidy, const struct source *source)
{
    bool fenced = false;
    size_t number = 1;
    for (const char *line = source->text; *line != 0; number++) {
        size_t len = strcspn(line, "\n");
        size_t indent = strspn(line, " ");
        if (strncmp(line + indent, "```", 3) == 0) {
            fenced = !fenced;
        } else if (!fenced) {
            check_line_links(tidy, source, number, line, len);
        }
        line += len + (line[len] == '\n');
    }
}
