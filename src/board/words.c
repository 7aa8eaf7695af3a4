/* words.c - the names of kinds, states, events, roles and outcomes, from their tables. */
#include "base/check.h"
#include "board/board.h"

const char *record_kind_word(enum record_kind kind)
{
    switch (kind) {
#define X(name, letter, word)                                                                      \
    case name:                                                                                     \
        return word;
        RECORD_KIND_TABLE(X)
#undef X
    case RECORD_NONE:
        break;
    }
    return "record";
}

enum record_kind record_kind_from(struct str word)
{
#define X(name, letter, text)                                                                      \
    if (str_is(word, text)) {                                                                      \
        return name;                                                                               \
    }
    RECORD_KIND_TABLE(X)
#undef X
    return RECORD_NONE;
}

const char *status_word(enum status status)
{
    switch (status) {
#define X(name, word)                                                                              \
    case name:                                                                                     \
        return word;
        STATUS_TABLE(X)
#undef X
    case STATUS_NONE:
        break;
    }
    return "none";
}

enum status status_from(struct str word)
{
#define X(name, text)                                                                              \
    if (str_is(word, text)) {                                                                      \
        return name;                                                                               \
    }
    STATUS_TABLE(X)
#undef X
    return STATUS_NONE;
}

const char *event_word(enum event_type type)
{
    switch (type) {
#define X(name, word)                                                                              \
    case name:                                                                                     \
        return word;
        EVENT_TABLE(X)
#undef X
    case EVENT_NONE:
        break;
    }
    return "none";
}

const char *role_word(enum role role)
{
    switch (role) {
#define X(name, word)                                                                              \
    case name:                                                                                     \
        return word;
        ROLE_TABLE(X)
#undef X
    case ROLE_NONE:
        break;
    }
    return "none";
}

enum role role_from(struct str word)
{
#define X(name, text)                                                                              \
    if (str_is(word, text)) {                                                                      \
        return name;                                                                               \
    }
    ROLE_TABLE(X)
#undef X
    return ROLE_NONE;
}

struct outcome_row {
    const char *code, *title;
    int http, exit_code;
};

static const struct outcome_row *outcome_row(enum outcome outcome)
{
    static const struct outcome_row rows[] = {
#define X(name, code, http, exit, title) [name] = {code, title, http, exit},
        OUTCOME_TABLE(X)
#undef X
    };
    CHECK((size_t)outcome < sizeof rows / sizeof rows[0]);
    return &rows[outcome];
}

const char *outcome_code(enum outcome outcome)
{
    return outcome_row(outcome)->code;
}
const char *outcome_title(enum outcome outcome)
{
    return outcome_row(outcome)->title;
}
int outcome_http(enum outcome outcome)
{
    return outcome_row(outcome)->http;
}
int outcome_exit(enum outcome outcome)
{
    return outcome_row(outcome)->exit_code;
}
