/* cmd.h - what the commands share: bodies from options, records for people. */
#pragma once
#include "base/clock.h"
#include "client/command.h"
#include "client/print.h"
#include "client/session.h"

/* Calls, then prints: with --json the answer as it came, else by `show`. */
typedef void cmd_show(struct session *session, const struct json *value);
int cmd_call(struct session *session, const char *method, struct str path, struct str body,
             cmd_show *show);
/* Prints the answer's body on one line. */
void cmd_print_json(const struct reply *reply);

void show_record(struct session *session, const struct json *record);
void show_records(struct session *session, const struct json *page);
void show_claim(struct session *session, const struct json *claim);
/* One line for a record in a stream. */
void show_record_line(struct session *session, const struct json *record);

/* {"mime_type", "data"[, "encoding"]} from TEXT, --file FILE or stdin ("-"); EXIT_OK. */
int cmd_content(struct session *session, const struct parsed *parsed, const char *text,
                struct json_writer *w);
/* The bytes of a file ("-": standard input), at most bytes_max. */
int cmd_read_file(struct session *session, const char *path, size_t bytes_max, struct buf *out);
/* Values of a repeated option as an array under `key`, when there are any. */
void cmd_list(struct json_writer *w, const char *key, const struct parsed *parsed,
              const char *option);
void cmd_text(struct json_writer *w, const char *key, const struct parsed *parsed,
              const char *option);
/* Walks the pages of a list: calls `each` for every record until it returns false. */
int cmd_each_record(struct session *session, const char *query,
                    bool (*each)(void *context, const struct json *record), void *context);
/* Percent-encoded "&name=value". */
void cmd_query(struct buf *query, const char *name, const char *value);
void cmd_sleep_ms(uint64_t ms);
struct str cmd_end(struct session *session, struct buf *body); /* keeps it in the arena */

/* Defines one command; commands.c lists them. */
#define COMMAND_ROW(id, noun_, verb_, args_, min_, max_, summary_, options_, run_)                 \
    extern const struct command id;                                                                \
    const struct command id = {.noun = (noun_),                                                    \
                               .verb = (verb_),                                                    \
                               .args = (args_),                                                    \
                               .args_min = (min_),                                                 \
                               .args_max = (max_),                                                 \
                               .summary = (summary_),                                              \
                               .options = (options_),                                              \
                               .run = (run_)};
