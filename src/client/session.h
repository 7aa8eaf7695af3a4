/* session.h - what one run of nexusctl knows: where the daemon is, who is asking, and how
 * to print.
 *
 *     flag > NEXUS_* > $XDG_CONFIG_HOME/nexus/config.yaml > /etc/nexusd/config.yaml
 *
 * A project's .nexus/config.yaml may choose the board; what would choose the daemon or the
 * credential in it counts only after `nexusctl trust DIR`.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "client/http.h"
#include "codec/json.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_CONFLICT = 4,
    EXIT_STALE = 5,
    EXIT_REFUSED = 6,
    EXIT_UNAVAILABLE = 69,
    EXIT_NOT_PERMITTED = 77,
};

struct session {
    char data_dir[3900]; /* empty when an address was given instead */
    bool data_given;     /* by flag, environment or configuration */
    bool url_given;
    char url[512];
    char board[80];
    char idempotency_key[128]; /* chosen by the user, else empty */
    bool json;
    bool color; /* of stdout */
    bool quiet;
    struct http http;
    struct arena arena; /* for the whole run */
    struct buf answer;  /* of the last call */
};

/* The default place of a daemon's data; false: there is no home directory. */
bool session_default_dir(char *out, size_t out_len);
void session_init(struct session *session);
void session_deinit(struct session *session);
/* Environment and files, for what no flag chose; then the address and the token. */
int session_resolve(struct session *session);
/* A second session to the same daemon, with another token (NULL: the same). */
void session_clone(const struct session *session, const char *token, struct session *out);

struct reply {
    int status;
    struct str body;
    struct json *json; /* NULL: no body, or no JSON; in the session's arena */
};

/* Calls /api/v1PATH (under the chosen board). Returns EXIT_OK for 2xx; else what was wrong
 * has been printed, and the exit code for it is returned. */
int session_call(struct session *session, const char *method, struct str path, struct str body,
                 uint64_t extra_wait_ms, struct reply *out_reply);
/* The same without printing: the caller looks at the status. EXIT_OK unless nobody answers. */
int session_try(struct session *session, const char *method, struct str path, struct str body,
                uint64_t extra_wait_ms, struct reply *out_reply, struct trail *trail);
int exit_code_of(int status, struct str code);
/* Prints a problem: cause and next step on stderr, with --json the object on stdout. */
int session_problem(struct session *session, const struct reply *reply);
/* Prints an error of our own in the same form. */
int session_fail(struct session *session, int exit_code, const char *code, const char *next,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Nobody answers: says so and how to start it. */
int session_unavailable(struct session *session, const struct trail *trail);
/* "/facts/" and the argument, percent-encoded. */
struct str session_path(struct session *session, const char *before, const char *argument,
                        const char *after);
