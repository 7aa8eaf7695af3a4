/* tidy.h - the source checks itself. See tidy.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { COMPONENTS_MAX = 64, NAME_BYTES_MAX = 64 };

struct component {
    char name[NAME_BYTES_MAX];
    int floor; /* 1 is the lowest */
};

struct tidy {
    struct component components[COMPONENTS_MAX];
    size_t components_count;
    size_t files_count;
    size_t findings_count;
};

/* One text file. `code` is the text with comments and the insides of strings blanked,
 * so that a rule about code does not meet words. Both end with a zero byte. */
struct source {
    const char *path; /* relative to the root */
    char *text;
    char *code;
    size_t len;
};

/* Prints "path:line: words" and counts it. */
void report(struct tidy *tidy, const struct source *source, size_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

bool has_prefix(const char *text, const char *prefix);
bool has_suffix(const char *text, const char *suffix);
/* True for tests, fuzz targets, benchmarks and what lies in tests/ and bench/. */
bool is_proof(const char *path);
/* The floor of a component, 0 when there is no such one. */
int floor_of(const struct tidy *tidy, const char *name, size_t name_len);
/* Whether a path, relative to the root, exists. */
bool exists(const char *path);

/* Calls visit for every line; `len` is without the newline. */
typedef void line_visitor(struct tidy *tidy, const struct source *source, size_t number,
                          const char *line, size_t len);
void each_line(struct tidy *tidy, const struct source *source, const char *text,
               line_visitor *visit);
/* Finds a whole word in line[0..len), NULL when it is not there. */
const char *find_word(const char *line, size_t len, const char *word);

/* The rules, by subject: tidy_text.c, tidy_include.c, tidy_code.c. */
void check_text(struct tidy *tidy, const struct source *source);
void check_links(struct tidy *tidy, const struct source *source);
void check_includes(struct tidy *tidy, const struct source *source);
void check_code(struct tidy *tidy, const struct source *source);
