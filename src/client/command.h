/* command.h - a command is one row: its names, what it takes, and a function.
 *
 * The table of rows drives everything else: parsing, --help, completion, and the test
 * that the manual speaks of every command.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "client/session.h"

#define OPTIONS_MAX 16 /* of one command, with its closing empty one */
#define VALUES_MAX  64 /* given options on one command line */

struct option_row {
    const char *name;  /* "ttl": --ttl; NULL ends a list */
    char letter;       /* 0 = none */
    const char *value; /* "DURATION"; NULL: takes none */
    const char *help;
};

struct given {
    const struct option_row *option;
    const char *value;
};

struct parsed {
    struct given given[VALUES_MAX];
    size_t given_count;
    char *const *args; /* what is no option */
    size_t args_count;
    struct trail *wrong; /* what is wrong with a value; said when the command has returned */
};

struct command {
    const char *noun; /* "intent" */
    const char *verb; /* "claim", or NULL */
    const char *args; /* "ID", "[FILE]", "" */
    size_t args_min, args_max;
    const char *summary;
    const struct option_row *options; /* may be NULL */
    int (*run)(struct session *session, const struct parsed *parsed);
    bool hidden;  /* used by the program itself */
    bool offline; /* needs no address of a daemon */
};

/* Ends with NULL. */
extern const struct command *const all_commands[];
extern const struct option_row global_options[];

/* The value of the last --name, or NULL; "" for an option without value. */
const char *parsed_value(const struct parsed *parsed, const char *name);
bool parsed_has(const struct parsed *parsed, const char *name);
/* The n-th value of a repeated option, or NULL. */
const char *parsed_nth(const struct parsed *parsed, const char *name, size_t n);
/* Says what is wrong with the command line; the command then returns EXIT_USAGE. */
void parsed_wrong(const struct parsed *parsed, const char *format, ...) PRINTF_LIKE(2, 3);
/* False (and told by parsed_wrong): given and not a duration, not a number in the range. */
bool parsed_duration(const struct parsed *parsed, const char *name, uint64_t fallback,
                     uint64_t *out_ms);
bool parsed_number(const struct parsed *parsed, const char *name, uint64_t min, uint64_t max,
                   uint64_t fallback, uint64_t *out_number);

void command_help(const struct command *command);
/* Parses and runs; the exit code. */
int client_main(int argc, char *argv[]);
