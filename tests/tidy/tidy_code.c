/* tidy_code.c - lengths, depth, banned calls, shape of headers. */
#include "tidy.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { FUNCTION_LINES_MAX = 70, FILE_LINES_MAX = 800, DEPTH_MAX = 5 };

/* Where a call is at home. */
enum place {
    PURE = 1,  /* base codec crypto log board ingest gateway */
    DOORS = 2, /* base/mem.c and base/check.c */
    HOST = 4,
    CLIENT = 8, /* the command line: it talks to people */
    APPS = 16,
    PROOF = 32, /* tests, fuzz targets, benchmarks */
};

enum {
    NOWHERE = 0,
    HEAP = DOORS | PROOF,
    MACHINE = HOST | PROOF,
    TALKERS = DOORS | CLIENT | APPS | PROOF,
};

static const struct ban {
    const char *call;
    int allowed;
    const char *instead;
} bans[] = {
    {"strcpy", NOWHERE, "memcpy with a known length, or base/buf.h"},
    {"strcat", NOWHERE, "buf_ of base/buf.h"},
    {"strncpy", NOWHERE, "memcpy with a known length"},
    {"strncat", NOWHERE, "buf_ of base/buf.h"},
    {"sprintf", NOWHERE, "snprintf"},
    {"vsprintf", NOWHERE, "vsnprintf"},
    {"gets", NOWHERE, "fgets"},
    {"scanf", NOWHERE, "codec, or base/str.h"},
    {"sscanf", NOWHERE, "codec, or base/str.h"},
    {"strtok", NOWHERE, "base/str.h"},
    {"atoi", NOWHERE, "base/str.h, which reports what is no number"},
    {"atol", NOWHERE, "base/str.h, which reports what is no number"},
    {"atoll", NOWHERE, "base/str.h, which reports what is no number"},
    {"atof", NOWHERE, "codec/json.h, which reports what is no number"},
    {"alloca", NOWHERE, "base/arena.h"},
    {"rand", NOWHERE, "base/rng.h"},
    {"srand", NOWHERE, "base/rng.h"},
    {"random", NOWHERE, "base/rng.h"},
    {"system", PROOF, "spawn of the host, which needs no shell"},
    {"malloc", HEAP, "mem_alloc"},
    {"calloc", HEAP, "mem_zalloc"},
    {"realloc", HEAP, "mem_resize"},
    {"free", HEAP, "mem_free"},
    {"strdup", HEAP, "base/arena.h or base/buf.h"},
    {"strndup", HEAP, "base/arena.h or base/buf.h"},
    {"clock_gettime", MACHINE, "the clock in base/io.h"},
    {"time", MACHINE, "the clock in base/io.h"},
    {"gettimeofday", MACHINE, "the clock in base/io.h"},
    {"localtime", NOWHERE, "base/clock.h"},
    {"getrandom", MACHINE, "the randomness in base/io.h"},
    {"getentropy", MACHINE, "the randomness in base/io.h"},
    {"usleep", PROOF, "a timer"},
    {"nanosleep", MACHINE, "a timer"},
    {"printf", TALKERS, "a trail, a counter or a buffer: libraries never print"},
    {"fprintf", TALKERS, "a trail, a counter or a buffer: libraries never print"},
    {"vprintf", TALKERS, "a trail, a counter or a buffer: libraries never print"},
    {"vfprintf", TALKERS, "a trail, a counter or a buffer: libraries never print"},
    {"puts", TALKERS, "a trail, a counter or a buffer: libraries never print"},
    {"putchar", TALKERS, "a trail, a counter or a buffer: libraries never print"},
    {"perror", TALKERS, "a trail, a counter or a buffer: libraries never print"},
};

static int place_of(const char *path)
{
    if (is_proof(path)) {
        return PROOF;
    }
    if (strcmp(path, "src/base/mem.c") == 0 || strcmp(path, "src/base/check.c") == 0) {
        return DOORS;
    }
    if (has_prefix(path, "src/host/")) {
        return HOST;
    }
    if (has_prefix(path, "src/client/")) {
        return CLIENT;
    }
    return has_prefix(path, "src/apps/") ? APPS : PURE;
}

/* `x.free(`, `x->free(` and `(*free)(` are members, not calls of the library. */
static bool is_call(const char *line, size_t len, const char *at, size_t word_len)
{
    const char *after = at + word_len;
    while (after < line + len && *after == ' ') {
        after++;
    }
    if (after == line + len || *after != '(') {
        return false;
    }
    return at == line || !(at[-1] == '.' || (at[-1] == '>' && at - line > 1 && at[-2] == '-'));
}

static bool allowed_here(const struct source *source, const char *line, size_t len,
                         const char *call)
{
    const char *text = source->text + (line - source->code);
    static const char words[] = "tidy: allow ";
    const char *at = memmem(text, len, words, sizeof words - 1);
    return at != NULL && find_word(at, len - (size_t)(at - text), call) != NULL;
}

static void check_bans(struct tidy *tidy, const struct source *source, size_t number,
                       const char *line, size_t len)
{
    int place = place_of(source->path);
    for (size_t i = 0; i < sizeof bans / sizeof bans[0]; i++) {
        const char *at = find_word(line, len, bans[i].call);
        if ((bans[i].allowed & place) == 0 && at != NULL &&
            is_call(line, len, at, strlen(bans[i].call)) &&
            !allowed_here(source, line, len, bans[i].call)) {
            report(tidy, source, number, "%s() is not for here; use %s", bans[i].call,
                   bans[i].instead);
        }
    }
    bool function_type = memchr(line, '(', len) != NULL;
    if (has_prefix(line, "typedef struct") && !function_type && has_prefix(source->path, "src/")) {
        report(tidy, source, number, "no typedefs for structs: write 'struct name'");
    }
}

/* A function begins with "{" alone in the first column (or ends its first line with
 * ") {") and ends with "}" in the first column. */
static void check_functions(struct tidy *tidy, const struct source *source)
{
    size_t number = 1;
    size_t start = 0; /* line of the opening brace; 0 outside functions */
    int depth = 0;
    bool too_deep = false;
    for (const char *line = source->code; *line != 0; number++) {
        size_t len = strcspn(line, "\n");
        bool opens = (len == 1 && line[0] == '{') || (len > 3 && isalpha((unsigned char)line[0]) &&
                                                      memcmp(line + len - 3, ") {", 3) == 0);
        if (start == 0 && opens) {
            start = number;
            depth = 0;
            too_deep = false;
        }
        for (size_t i = 0; start != 0 && i < len; i++) {
            depth += (line[i] == '{') - (line[i] == '}');
            if (depth > DEPTH_MAX && !too_deep) {
                too_deep = true;
                report(tidy, source, number, "nested deeper than %d; give the inside a name",
                       DEPTH_MAX - 1);
            }
        }
        if (start != 0 && line[0] == '}') {
            if (number - start - 1 > FUNCTION_LINES_MAX) {
                report(tidy, source, start, "a function of %zu lines; at most %d",
                       number - start - 1, FUNCTION_LINES_MAX);
            }
            start = 0;
        }
        line += len + (line[len] == '\n');
    }
    if (number - 1 > FILE_LINES_MAX) {
        report(tidy, source, number - 1, "a file of %zu lines; at most %d: split it by concept",
               number - 1, FILE_LINES_MAX);
    }
}

void check_code(struct tidy *tidy, const struct source *source)
{
    each_line(tidy, source, source->code, check_bans);
    check_functions(tidy, source);
    if (has_suffix(source->path, ".h") && strstr(source->code, "#pragma once") == NULL) {
        report(tidy, source, 1, "a header says #pragma once");
    }
}
